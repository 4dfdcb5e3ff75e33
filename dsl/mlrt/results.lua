-- results.lua - what a sweep found: a table of all points, as CSV and as JSON.

local core = select(2, ...)
local array = require "mlrt.array"
local experiments = require "mlrt.experiment"
local words = require "mlrt.words"

local M = {}

local Results = {}
Results.__index = Results

-- ---- from the store ----

-- The last measures of a run and what it found, by the names that plots use. A result counts before a metric of the
-- same name.
local function values_of(summary)
  local values = {}
  for _, m in ipairs(summary.last) do
    if m.split == "" then
      values[m.name] = m.value
    else
      values[m.split .. "_" .. m.name] = m.value
      if m.split == "test" then values[m.name] = m.value end
    end
    values.step = math.max(values.step or 0, m.step)
  end
  for name, json in pairs(summary.results) do values[name] = experiments.decoded(json) end
  return values
end

-- The points of a sweep: run[i] is the number of its run, or nil.
function M.new(sweep, run, store, folder, metric)
  local self = setmetatable({ name = sweep.experiment.name, axes = sweep.axes, points = {}, folder = folder,
                              files = {} }, Results)
  local monitor
  for i = 1, sweep.total do
    local point = { params = sweep.experiment:resolve(sweep:overrides(i)), status = "waiting", values = {} }
    if run[i] then
      local summary = store:summary(run[i])
      point.run, point.status, point.message = run[i], summary.status, summary.message
      point.values = values_of(summary)
      monitor = monitor or summary.facts.monitor
    end
    self.points[i] = point
  end
  self.metric = metric or monitor
  return self
end

-- ---- columns ----

-- test_accuracy is in the column accuracy too, unless that is something else, as `step` is beside a result `test_step`.
local function is_repeated(points, name, plain)
  for _, point in ipairs(points) do
    local a, b = point.values[name], point.values[plain]
    if a ~= b and (a == a or b == b) then return false end
  end
  return true
end

-- The names of parameters that differ between points, in the order of axes; and those of values, the monitor first.
local function columns(self)
  local params, values, seen = {}, {}, {}
  for _, a in ipairs(self.axes) do
    for _, name in ipairs(a.names or { a.name }) do
      if not seen[name] then params[#params + 1] = name end
      seen[name] = true
    end
  end
  local all = {}
  for _, point in ipairs(self.points) do
    for name in pairs(point.values) do all[name] = true end
  end
  for _, name in ipairs(words.sorted_keys(all)) do
    local plain = name:match "^test_(.*)$"
    local known = plain and all[plain] and not seen[plain] and is_repeated(self.points, name, plain)
    if not known and not seen[name] then values[#values + 1] = name end
  end
  table.sort(values, function(a, b)
    if (a == self.metric) ~= (b == self.metric) then return a == self.metric end
    return a < b
  end)
  return params, values
end

local function csv_cell(value)
  if value == nil then return "" end
  if type(value) == "number" and value ~= value then return "nan" end
  local text = type(value) == "string" and value or tostring(value)
  if math.type(value) == "float" then text = experiments.json(value):gsub('"', "") end
  return text:find '[,"\n\r]' and '"' .. text:gsub('"', '""') .. '"' or text
end

function Results:csv()
  local params, values = columns(self)
  local head = { table.concat(params, ","), "run", "status" }
  for _, name in ipairs(values) do head[#head + 1] = csv_cell(name) end
  head[#head + 1] = "message"
  local lines = { table.concat(head, ",") }
  for i, point in ipairs(self.points) do
    local row = {}
    for _, name in ipairs(params) do row[#row + 1] = csv_cell(point.params[name]) end
    row[#row + 1], row[#row + 2] = csv_cell(point.run), point.status
    for _, name in ipairs(values) do row[#row + 1] = csv_cell(point.values[name]) end
    row[#row + 1] = csv_cell(point.message)
    lines[i + 1] = table.concat(row, ",")
  end
  return table.concat(lines, "\n") .. "\n"
end

-- A value as the store prints it, whose names for what JSON has no numbers for these are.
local function json(value)
  if value == nil then return "null" end
  if value ~= value then return '"NaN"' end
  if value == math.huge or value == -math.huge then return value > 0 and '"Infinity"' or '"-Infinity"' end
  return experiments.json(value)
end

local function object(t)
  local parts = {}
  for i, name in ipairs(words.sorted_keys(t)) do parts[i] = json(name) .. ": " .. json(t[name]) end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function list(items, f)
  local parts = {}
  for i, item in ipairs(items) do parts[i] = f(item) end
  return table.concat(parts, ", ")
end

-- For programs: what the CSV has, the axes, and the files that were written.
function Results:json()
  local params = columns(self)
  local points = {}
  for i, point in ipairs(self.points) do
    local varied = {}
    for _, name in ipairs(params) do varied[name] = point.params[name] end
    points[i] = ('{"params": %s, "run": %s, "status": "%s", "message": %s, "values": %s}'):format(
      object(varied), json(point.run), point.status, json(point.message), object(point.values))
  end
  local function axis(a) return ('{"name": %s, "values": [%s]}'):format(json(a.name), list(a.values, json)) end
  local head = ('"experiment": %s, "metric": %s, "folder": %s'):format(json(self.name), json(self.metric),
    json(self.folder))
  return ('{%s,\n"axes": [%s],\n"files": [%s],\n"points": [\n%s\n]}\n'):format(head, list(self.axes, axis),
    list(self.files, json), table.concat(points, ",\n"))
end

-- ---- for those who draw ----

-- A value of all points as an array with a dimension an axis; NaN where there is none.
function Results:values(name)
  local shape, numbers, found, known = {}, {}, false, {}
  for i, a in ipairs(self.axes) do shape[i] = #a.values end
  for i, point in ipairs(self.points) do
    local value = point.values[name]
    if type(value) == "boolean" then value = value and 1 or 0 end
    found = found or value ~= nil
    numbers[i] = type(value) == "number" and value or 0 / 0
    for key in pairs(point.values) do known[key] = true end
  end
  if not found and next(known) then
    words.fail(core.line(), "no point has a value '%s'%s", tostring(name),
      words.suggestion(tostring(name), words.sorted_keys(known)))
  end
  return array(numbers):reshape(table.unpack(shape))
end

function Results:plot(name, spec)
  local files, problem = require("plot").render(spec, self.folder .. "/" .. name)
  if problem then core.write("err", "plot: ", problem, "\n") end
  for _, file in ipairs(files) do self.files[#self.files + 1] = file end
  return files
end

return M
