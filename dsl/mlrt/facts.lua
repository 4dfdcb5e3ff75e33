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

-- Tell the store what was not known when the run began, with its facts `known`: libraries that it opened.
function M.keep(store, run, known)
  local now = M.list()
  if known and #now > #known then store:facts(run, now) end
end

return M
