-- points.lua - which points a sweep has: axes of the command line and of the script, and parameters at each point.

local axis = require "mlrt.axis"
local progress = require "mlrt.progress"
local words = require "mlrt.words"

local M = {}

-- ---- points ----


local Sweep = {}
Sweep.__index = Sweep

-- The number of the value on each axis, for point i; the last axis changes fastest.
function Sweep:indices(i)
  local at, rest = {}, i - 1
  for a = #self.axes, 1, -1 do
    local n = #self.axes[a].values
    at[a], rest = rest % n + 1, rest // n
  end
  return at
end

function Sweep:overrides(i)
  local at, overrides = self:indices(i), {}
  for name, value in pairs(self.fixed) do overrides[name] = value end
  for a, k in ipairs(at) do
    local here = self.axes[a]
    if here.points then
      for name, value in pairs(here.points[k]) do overrides[name] = value end
    else
      overrides[here.name] = here.values[k]
    end
  end
  return overrides
end

-- "lr=0.001 seed=3"; `from`: the first axis that is named.
function Sweep:label(i, from)
  local parts, at = {}, self:indices(i)
  for a = from or 1, #self.axes do
    local here = self.axes[a]
    local value = axis.text(here.values[at[a]])
    parts[#parts + 1] = here.points and value or here.name .. "=" .. value
  end
  return table.concat(parts, " ")
end

-- ---- what is asked for ----

local sweep_words = { axes = "table", points = "table", metric = "string", plot = "function" }

-- What the experiment says of its sweep, for the parameters that the user fixed.
local function declared(experiment, fixed)
  local said = experiment.sweep
  if type(said) == "function" then said = said((experiment:resolve(fixed))) end
  said = said or {}
  words.check_table(experiment.where, "sweep", said, sweep_words)
  return said
end

local function assignment(text)
  local name, value = text:match "^([^=]+)=(.*)$"
  if not name then words.fail(nil, "a parameter is given as name=value, got '%s'", text) end
  return name, value
end

-- The command line: parameters that have one value, and axes, in their order.
local function given(experiment, list)
  local fixed, axes, seen = {}, {}, {}
  for _, text in ipairs(list) do
    local name, value = assignment(text)
    if seen[name] then words.fail(nil, "axis '%s' is given twice", name) end
    seen[name] = true
    local a = axis.parse(experiment, name, value)
    if #a.values == 1 then fixed[name] = a.values[1] else axes[#axes + 1] = a end
  end
  return fixed, axes
end

-- f(...), whose complaints are about the script's own sweep.
local function of_script(experiment, f, ...)
  local fine, result = pcall(f, ...)
  if fine then return result end
  if result:find(experiment:script(), 1, true) == 1 then error(result, 0) end
  words.fail(experiment.where, "sweep: %s", result)
end

-- An axis of the script: "lr=1e-5..1e-2@log:20", or { "order", "a", "b" }.
local function scripted(experiment, item)
  if type(item) == "string" then return axis.parse(experiment, assignment(item)) end
  if type(item) ~= "table" or type(item[1]) ~= "string" then
    words.fail(nil, "an axis is a text as on the command line, or { name, value, ... }, got %s",
      words.a(words.kind(item)))
  end
  return axis.of_values(experiment, item[1], { table.unpack(item, 2) })
end

-- The list of points of a script as one axis: what is said of a point, and the names of all parameters it may set.
local function points_axis(experiment, points)
  local a = { name = "point", names = {}, values = {}, points = {}, number = false, log = false }
  local all = {}
  for i, point in ipairs(points) do
    if type(point) ~= "table" then
      words.fail(nil, "a point is a table of parameters, got %s", words.a(words.kind(point)))
    end
    local parts = {}
    a.points[i] = {}
    for _, name in ipairs(words.sorted_keys(point)) do
      local value = experiment:accept(name, point[name])
      a.points[i][name], all[name] = value, true
      parts[#parts + 1] = name .. "=" .. axis.text(value)
    end
    a.values[i] = #parts > 0 and table.concat(parts, " ") or "default"
  end
  a.names = words.sorted_keys(all)
  return #points > 0 and a or nil
end

-- Axes of the script, in whose place those of the command line stand, then the others of the command line.
local function joined(experiment, said, fixed, axes)
  local all, mine = {}, {}
  for _, a in ipairs(axes) do mine[a.name] = a end
  for _, item in ipairs(said.axes or {}) do
    local a = of_script(experiment, scripted, experiment, item)
    if fixed[a.name] == nil then all[#all + 1] = mine[a.name] or a end
    mine[a.name] = nil
  end
  for _, a in ipairs(axes) do
    if mine[a.name] then all[#all + 1] = a end
  end
  local points = of_script(experiment, points_axis, experiment, said.points or {})
  all[#all + 1] = points
  local taken = {}
  for _, a in ipairs(all) do
    for _, name in ipairs(a.names or { a.name }) do
      if taken[name] or a == points and fixed[name] ~= nil then
        words.fail(nil, "parameter '%s' is set by two axes, or by an axis and the sweep's points", name)
      end
      taken[name] = true
    end
  end
  return all
end

-- The sweep of an experiment over what the command line says, "name=values" ...: experiment, fixed (parameters that all
-- points have), axes, said (by the script), total.
function M.new(experiment, list)
  local fixed, axes = given(experiment, list)
  local said = declared(experiment, fixed)
  local self = setmetatable({ experiment = experiment, fixed = fixed, said = said, total = 1 }, Sweep)
  self.axes = joined(experiment, said, fixed, axes)
  if #self.axes == 0 then
    words.fail(nil, "nothing to sweep: expected an axis, as in lr=1e-4,1e-3 or seed=0..4")
  end
  for _, a in ipairs(self.axes) do self.total = self.total * #a.values end
  if self.total > axis.MOST then
    words.fail(nil, "the sweep has %s points, at most %s are possible", progress.grouped(self.total),
      progress.grouped(axis.MOST))
  end
  experiment:resolve(self:overrides(1))
  return self
end

-- "lr 1e-05 .. 0.01 (20 values, logarithmic)"
local function describe(a)
  local first, last = axis.text(a.values[1]), axis.text(a.values[#a.values])
  if #a.values <= 6 then
    local texts = {}
    for i, value in ipairs(a.values) do texts[i] = axis.text(value) end
    return a.name .. " " .. table.concat(texts, ", ")
  end
  return ("%s %s .. %s (%d values%s)"):format(a.name, first, last, #a.values, a.log and ", logarithmic" or "")
end

function Sweep:describe()
  local parts = {}
  for i, a in ipairs(self.axes) do parts[i] = describe(a) end
  return table.concat(parts, "; ")
end

return M
