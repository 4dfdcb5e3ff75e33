-- words.lua - checking what a script says, and saying what is wrong with it in one line.

local core = select(2, ...)
local text = require "mlrt.text"

local M = {}

-- Raise "where: message". `where` is a script's "file:line", or nil.
function M.fail(where, message, ...)
  error((where and where .. ": " or "") .. message:format(...), 0)
end

-- " (did you mean 'x'?)" for the name of the list that is most like this one, or "".
function M.suggestion(name, names)
  local set = {}
  for _, candidate in ipairs(names) do set[tostring(candidate)] = true end
  local near = text.nearest(tostring(name), set)
  return near and (" (did you mean '%s'?)"):format(near) or ""
end

-- The keys of a table, in order: pairs() has none.
function M.sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

-- "layer", "task", "node" ... for mlrt's own values, else Lua's type.
function M.kind(value)
  return core.kind_of(value) or type(value)
end

-- A kind as a word of a sentence: "a table", "an optimizer", "nil".
function M.a(kind)
  return kind == "nil" and kind or (kind:find "^[aeio]" and "an " or "a ") .. kind
end

-- Every key of `t` must be one of `known`, a table of name -> kinds separated by blanks ("layer function").
function M.check_table(where, what, t, known)
  if type(t) ~= "table" then M.fail(where, "%s must be a table, got %s", what, M.a(M.kind(t))) end
  for _, key in ipairs(M.sorted_keys(t)) do
    local kinds = known[key]
    if not kinds then
      M.fail(where, "%s: unknown word '%s'%s", what, tostring(key), M.suggestion(key, M.sorted_keys(known)))
    end
    local found = M.kind(t[key])
    if not (" " .. kinds .. " "):find(" " .. found .. " ", 1, true) then
      local allowed = {}
      for kind in kinds:gmatch "%S+" do allowed[#allowed + 1] = M.a(kind) end
      M.fail(where, "%s: '%s' must be %s, got %s", what, key, table.concat(allowed, " or "), M.a(found))
    end
  end
end

return M
