-- vocabulary.lua - what plugins offer, as words: mlrt.layer.linear { 64 }, mlrt.loss.mse {}.
--
-- A class is called by its name in the registry; a dot in it is a table here. Some words are the runtime's own: every
-- layer may have a name, every optimizer a schedule and parameter groups.

local core = select(2, ...)
local words = require "mlrt.words"
local model = require "mlrt.model"
local arrays = require "mlrt.arrays"

local M = {}

local extras = setmetatable({}, { __mode = "k" }) -- the runtime's own words, by object

-- What the runtime keeps beside an object: { schedule =, groups = }.
function M.extra(object)
  return extras[object] or {}
end

local function without(properties, ...)
  local rest, taken = {}, {}
  for key, value in pairs(properties) do rest[key] = value end
  for _, key in ipairs { ... } do
    taken[key], rest[key] = rest[key], nil
  end
  return rest, taken
end

local function schedule_of(name, value)
  if type(value) == "string" then return core.object("schedule", value, {}) end
  if value == nil or words.kind(value) == "schedule" then return value end
  words.fail(core.line(), "optimizer.%s: 'schedule' must be a schedule or the name of one, got %s", name,
    words.a(words.kind(value)))
end

-- groups = { ["decoder.*"] = { lr = 1e-4 } }: the optimizer's properties with these changed, in the order of the names.
local function groups_of(name, base, groups)
  local list = {}
  if type(groups) ~= "table" then groups = { groups } end
  for i, pattern in ipairs(words.sorted_keys(groups)) do
    if type(pattern) ~= "string" or type(groups[pattern]) ~= "table" then
      words.fail(core.line(), "optimizer.%s: 'groups' must be patterns with properties, "
        .. "groups = { [\"decoder.*\"] = { lr = 1e-4 } }", name)
    end
    local properties = {}
    for key, value in pairs(base) do properties[key] = value end
    for key, value in pairs(groups[pattern]) do properties[key] = value end
    list[i] = { pattern = pattern, optimizer = core.object("optimizer", name, properties) }
  end
  return list
end

local construct = {
  layer = function(name, properties)
    local rest, taken = without(properties, "name")
    if taken.name ~= nil and type(taken.name) ~= "string" then
      words.fail(core.line(), "layer.%s: 'name' must be a string, got %s", name, words.a(type(taken.name)))
    end
    return model.made(core.object("layer", name, rest, taken.name))
  end,
  optimizer = function(name, properties)
    local rest, taken = without(properties, "schedule", "groups")
    local object = core.object("optimizer", name, rest)
    local groups = taken.groups ~= nil and groups_of(name, rest, taken.groups)
    extras[object] = { schedule = schedule_of(name, taken.schedule), groups = groups or nil }
    return object
  end,
  task = function(name, properties)
    if name == "arrays" then return arrays.task(properties) end
    return core.object("task", name, properties)
  end,
}

local function constructor(kind, name)
  local make = construct[kind] or function(class, properties) return core.object(kind, class, properties) end
  return function(_, properties)
    if properties == nil then properties = {} end
    if type(properties) ~= "table" then
      words.fail(core.line(), "%s.%s takes its properties in braces: %s.%s { ... }, got %s", kind, name, kind, name,
        words.a(words.kind(properties)))
    end
    return make(name, properties)
  end
end

-- Every word of a kind: its classes, and the plugins they belong to: true for "linear" and "amplitudes.coefficient",
-- false for "amplitudes".
local function vocabulary_of(kind, open)
  local known = {}
  for _, name in ipairs(core.classes(kind, open)) do
    known[name] = true
    for dot in name:gmatch "()%." do known[name:sub(1, dot - 1)] = known[name:sub(1, dot - 1)] or false end
  end
  return known
end

-- The table of a kind, or of a plugin's part of it. Words are made when they are first used.
function M.namespace(kind, path, known)
  known = known or vocabulary_of(kind)
  return setmetatable({}, {
    __call = path and known[path] and constructor(kind, path) or nil,
    __index = function(self, key)
      local name = (path and path .. "." or "") .. tostring(key)
      if known[name] == nil then known = vocabulary_of(kind, true) end -- no index is believed in that
      if known[name] == nil then
        words.fail(core.line(), "no %s '%s'%s", kind, name, words.suggestion(name, words.sorted_keys(known)))
      end
      local word = M.namespace(kind, name, known)
      rawset(self, key, word)
      return word
    end,
    __tostring = function() return "mlrt." .. kind .. (path and "." .. path or "") end,
  })
end

-- mlrt.init.uniform(-0.5, 0.5), mlrt.init.xavier_normal { scale = 2 }
function M.initialisers()
  local initialisers = {}
  for _, name in ipairs(core.initialisers()) do
    initialisers[name] = function(a, b, options)
      if type(a) == "table" then a, options = nil, a end
      return { initialiser = name, a = a, b = b, scale = options and options.scale }
    end
  end
  return setmetatable(initialisers, {
    __index = function(_, key)
      words.fail(core.line(), "there is no initialiser '%s'%s", key, words.suggestion(key, core.initialisers()))
    end,
  })
end

core.on_call(model.call)

return M
