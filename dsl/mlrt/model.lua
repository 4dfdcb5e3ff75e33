-- model.lua - layers called on nodes, and the words that join them.
--
-- A layer is a function once it has its properties. Where it is called first decides its path ("decoder.linear"), under
-- which its parameters live; called again, in the training step or in evaluation, it is the same layer. Layers of one
-- class in one place are numbered: linear, linear_2. A layer that the model's function makes itself is made again for
-- each graph, and gets the path of the one before by the order of the calls.

local core = select(2, ...)
local words = require "mlrt.words"

local M = {}

local building -- { path = by layer, used = paths taken, inside = those of inner parts, scope =, predict = }, or nil
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
  return { path = setmetatable({}, { __mode = "k" }), used = {}, inside = {}, scope = "", predict = false }
end

-- Call f(...) with the names of a model.
function M.within(names, predict, f, ...)
  local outer, scope = building, names.scope
  building = names
  for _, path in ipairs(names.inside) do names.used[path] = nil end
  names.inside = {}
  names.predict, names.scope = predict, ""
  local results = table.pack(pcall(f, ...))
  building, names.scope = outer, scope
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

-- object(...): layers build, losses too; other things are not called.
function M.call(object, ...)
  if object.kind == "loss" then return core.call_loss(object, ...) end
  if object.kind ~= "layer" then words.fail(core.line(), "a %s cannot be called", object.kind) end
  if not building then words.fail(core.line(), "a layer is called only while a model or a loss is being built") end
  local short = object.class:match "[^.]+$"
  return core.call_layer(object, path_of(object, object.name or short), building.predict, ...)
end

local function callable(f)
  local kind, meta = words.kind(f), getmetatable(f)
  return kind == "layer" or kind == "function" or (kind == "table" and type(meta) == "table" and meta.__call ~= nil)
end

local function check_parts(word, list)
  if type(list) ~= "table" or #list == 0 then words.fail(core.line(), "%s has no parts", word) end
  for i, f in ipairs(list) do
    if not callable(f) then
      words.fail(core.line(), "part %d of %s must be a layer or a function, got a %s", i, word, words.kind(f))
    end
  end
end

-- Build inside a named part of the model; without a name, where we are.
local function scoped(part, name, f, ...)
  if not name then return f(...) end
  local outer = building.scope
  building.scope = path_of(part, name)
  local result = f(...)
  building.scope = outer
  return result
end

local Chain = {}
Chain.__index = Chain

function Chain.__call(self, ...)
  return scoped(self, self.name, function(...)
    local h = self[1](...)
    for i = 2, #self do h = self[i](h) end
    return h
  end, ...)
end

function M.chain(list)
  check_parts("chain", list)
  local chain = { name = list.name }
  for i, f in ipairs(list) do chain[i] = f end
  return M.made(setmetatable(chain, Chain))
end

function M.residual(f)
  check_parts("residual", { f })
  return function(h) return h + f(h) end
end

-- concat { a, b } of nodes is a node; of layers, the layer whose result is their results side by side.
function M.concat(list, axis)
  if words.kind(list[1]) == "node" then return core.node.concat(list, axis or list.axis) end
  check_parts("concat", list)
  return function(...)
    local results = {}
    for i, f in ipairs(list) do results[i] = f(...) end
    return core.node.concat(results, axis or list.axis)
  end
end

return M
