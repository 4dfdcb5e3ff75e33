-- facts.lua - what of this host matters for the results of a run.

local core = select(2, ...)
local words = require "mlrt.words"

local M = {}

-- By name: { { name =, value = }, ... }
function M.list()
  local facts, list = core.facts(), {}
  for i, name in ipairs(words.sorted_keys(facts)) do list[i] = { name = name, value = facts[name] } end
  return list
end

-- Tell the store what may not have been known when the run began: libraries are facts once they are open.
function M.keep(store, run)
  local now = core.facts()
  if now.BLAS or now.oneDNN then store:facts(run, M.list()) end
end

return M
