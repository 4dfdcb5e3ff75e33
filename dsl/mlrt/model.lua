-- model.lua - layers called on nodes, and the words that join them.
--
-- A layer is a function once it has its properties. Where it is called first decides its path ("decoder.linear"), under
-- which its parameters live; called again, in the training step or in evaluation, it is the same layer. Layers of one
-- class in one place are numbered: linear, linear_2. A layer that a function of the model makes itself is made again
-- for each graph, and whenever the chain in which the function stands is called again; it gets the path of the one
-- before by the order of the calls.

local core = select(2, ...)
local words = require "mlrt.words"

local M = {}

-- { path = by layer, used = paths taken, inside = those of inner parts, made = those that the last call of a part made,
-- scope =, predict = }, or nil
local building
local inner = setmetatable({}, { __mode = "k" }) -- parts that were made while a model was built

-- Every layer and chain is shown here when it is made.
function M.made(part)
  if building then inner[part] = true end
  return part
end

local function unique(name)
  local first = building.scope ~= "" and building.scope .. "." .. name or name
  local path, n = first, 1
  while building.used[path] do
    n = n + 1
    path = first .. "_" .. n
  end
  building.used[path] = true
  return path
end

local function path_of(what, name)
  local path = building.path[what]
  if not path then
    path = unique(name)
    building.path[what] = path
    if inner[what] then table.insert(building.inside, path) end
  end
  return path
end

-- The names of one model, kept over all its graphs.
function M.new()
  return { path = setmetatable({}, { __mode = "k" }), used = {}, inside = {}, made = {}, scope = "", predict = false }
end

local function on_leaving(f) return setmetatable({}, { __close = f }) end

-- Call f(...) with the names of a model.
function M.within(names, predict, f, ...)
  local outer = building
  local _ <close> = on_leaving(function() building = outer end)
  for _, path in ipairs(names.inside) do names.used[path] = nil end
  names.inside, names.made, names.predict, names.scope = {}, {}, predict, ""
  building = names
  return f(...)
end

-- object(...): layers build, losses too; other things are not called.
function M.call(object, ...)
  if object.kind == "loss" then return core.call_loss(object, ...) end
  if object.kind ~= "layer" then words.fail(core.line(), "%s cannot be called", words.a(object.kind)) end
  if not building then words.fail(core.line(), "a layer is called only while a model or a loss is being built") end
  local short = object.class:match "[^.]+$"
  return core.call_layer(object, path_of(object, object.name or short), building.predict, ...)
end

-- ---- words that join layers: a list of parts that is called like one ----

local function joiner(call)
  local meta = { __call = call }
  meta.__index = meta
  return meta
end

-- A layer, a function, or what was joined of them.
function M.is_callable(f)
  local kind, meta = words.kind(f), getmetatable(f)
  return kind == "layer" or kind == "function" or (kind == "table" and type(meta) == "table" and meta.__call ~= nil)
end

-- How many of a task's fields, of which `inputs` are no targets, a model is called with. Functions get them all and
-- take what they name; a layer without a use for targets never sees them.
function M.takes(f, inputs)
  if words.kind(f) == "layer" then
    local most, first_target = core.layer_inputs(f)
    return first_target > 0 and most or math.min(most, inputs)
  end
  return type(f) == "table" and M.takes(f[1], inputs) or math.huge
end

-- A list of parts with the named values it may have.
local function join(word, list, known, meta)
  local where, parts, named = core.line(), {}, {}
  if type(list) ~= "table" or #list == 0 then words.fail(where, "%s has no parts", word) end
  for key, value in pairs(list) do
    if math.type(key) ~= "integer" then named[key] = value end
    parts[key] = value
  end
  words.check_table(where, word, named, known)
  for i = 1, #list do
    if not M.is_callable(list[i]) then
      words.fail(where, "part %d of %s must be a layer or a function, got %s", i, word, words.a(words.kind(list[i])))
    end
  end
  return M.made(setmetatable(parts, meta))
end

-- Build inside a named part of the model; without a name, where we are.
local function scoped(part, name, f, ...)
  if not name then return f(...) end
  local outer = building.scope
  building.scope = path_of(part, name)
  core.enter(building.scope)
  local _ <close> = on_leaving(function()
    core.leave()
    building.scope = outer
  end)
  return core.offer(f(...))
end

-- A part that is called again is the same part, also where its functions make layers anew: the paths of its last call
-- are free for them.
local function call_part(part, f, ...)
  if not building then
    words.fail(core.line(), "a chain is called only while a model or a loss is being built")
  end
  for _, path in ipairs(building.made[part] or {}) do building.used[path] = nil end
  local first = #building.inside + 1
  local result = scoped(part, part.name, f, ...)
  building.made[part] = table.move(building.inside, first, #building.inside, 1, {})
  return result
end

local Chain = joiner(function(self, ...)
  return call_part(self, function(...)
    local h = self[1](...)
    for i = 2, #self do h = self[i](h) end
    return h
  end, ...)
end)

local Residual = joiner(function(self, h)
  return call_part(self, function() return h + self[1](h) end)
end)

local Concat = joiner(function(self, ...)
  return call_part(self, function(...)
    local results = {}
    for i, f in ipairs(self) do results[i] = f(...) end
    return core.node.concat(results, self.axis)
  end, ...)
end)

function M.chain(list) return join("chain", list, { name = "string" }, Chain) end
function M.residual(f) return join("residual", { f }, {}, Residual) end

-- concat { a, b } of nodes is a node; of layers, the layer whose result is their results side by side.
function M.concat(list)
  if type(list) == "table" and words.kind(list[1]) == "node" then return core.node.concat(list, list.axis) end
  return join("concat", list, { axis = "number" }, Concat)
end

return M
