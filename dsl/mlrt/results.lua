-- results.lua - what a sweep found: a table of all points, as CSV and JSON, and pictures of a metric.

local core = select(2, ...)
local array = require "mlrt.array"
local axis = require "mlrt.axis"
local experiments = require "mlrt.experiment"
local words = require "mlrt.words"

local M = {}

local MOST_PICTURES = 36

local Results = {}
Results.__index = Results

-- ---- from the store ----

-- A value that was stored as JSON: a number, a text, true or false.
local function decoded(json)
  local text = json:match '^"(.*)"$'
  if not text then return json == "true" or json ~= "false" and tonumber(json) end
  local odd = ({ nan = 0 / 0, ["-nan"] = 0 / 0, inf = math.huge, ["-inf"] = -math.huge })[text]
  if odd then return odd end
  text = text:gsub("\\u(%x%x%x%x)", function(code) return utf8.char(tonumber(code, 16)) end)
  return (text:gsub('\\(["\\n])', { ['"'] = '"', ["\\"] = "\\", n = "\n" }))
end

-- The last measures of a run and what it found, by the names that plots use. A result counts before a metric of its name.
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
  for name, json in pairs(summary.results) do values[name] = decoded(json) end
  return values
end

-- The points of a sweep: run[i] is the number of its run, or nil.
function M.new(sweep, run, store, folder, metric)
  local self = setmetatable({ name = sweep.experiment.name, axes = sweep.axes, points = {}, folder = folder, files = {} }, Results)
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
    -- test_accuracy is in the column accuracy, unless that is something else
    local plain = name:match "^test_(.*)$"
    if not (plain and all[plain] and not seen[plain]) and not seen[name] then values[#values + 1] = name end
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

local function object(t, names)
  local parts = {}
  for i, name in ipairs(names) do parts[i] = experiments.json(name) .. ": " .. experiments.json(t[name]) end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function list(items, f)
  local parts = {}
  for i, item in ipairs(items) do parts[i] = f(item) end
  return table.concat(parts, ", ")
end

-- For programs: what the CSV has, the axes, and the files that were written.
function Results:json(files)
  local params = columns(self)
  local points = {}
  for i, point in ipairs(self.points) do
    local known = {}
    for _, name in ipairs(params) do known[name] = point.params[name] end
    points[i] = ('{"params": %s, "run": %s, "status": "%s", "message": %s, "values": %s}'):format(
      object(known, words.sorted_keys(known)), point.run or "null", point.status,
      point.message and experiments.json(point.message) or "null", object(point.values, words.sorted_keys(point.values)))
  end
  return ('{"experiment": %s, "metric": %s, "folder": %s,\n"axes": [%s],\n"files": [%s],\n"points": [\n%s\n]}\n'):format(
    experiments.json(self.name), self.metric and experiments.json(self.metric) or "null", experiments.json(self.folder),
    list(self.axes, function(a)
      return ('{"name": %s, "values": [%s]}'):format(experiments.json(a.name), list(a.values, experiments.json))
    end), list(files, experiments.json), table.concat(points, ",\n"))
end

-- ---- for pictures ----

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

-- ---- pictures ----

-- Values of an axis as plots take them: numbers from the least on, or names; and the place of each of the axis' values.
local function drawn(a)
  local order, place, shown = {}, {}, {}
  for i = 1, #a.values do order[i] = i end
  if a.number then table.sort(order, function(i, j) return a.values[i] < a.values[j] end) end
  for at, i in ipairs(order) do
    place[i], shown[at] = at, a.number and a.values[i] + 0.0 or axis.text(a.values[i])
  end
  return shown, place
end

-- The values of a metric, for each place on the axes x and y (if there is one) a list: of the points that are done, and
-- whose values on the axes in `fixed` (axis number -> value number) are these.
local function cells(self, sweep, metric, x, y, fixed)
  local found, count = {}, 0
  local _, x_place = drawn(self.axes[x])
  local y_place = y and select(2, drawn(self.axes[y]))
  for i, point in ipairs(self.points) do
    local at, fits = sweep:indices(i), true
    for a, k in pairs(fixed) do fits = fits and at[a] == k end
    local value = point.values[metric]
    if type(value) == "boolean" then value = value and 1 or 0 end
    if fits and point.status == "done" and type(value) == "number" and value == value then
      local column, row = x_place[at[x]], y and y_place[at[y]] or 1
      found[row] = found[row] or {}
      found[row][column] = found[row][column] or {}
      table.insert(found[row][column], value)
      count = count + 1
    end
  end
  return found, count
end

local function mean(list)
  if not list then return 0 / 0, 0 end
  local a = array(list)
  return a:mean(), a:std()
end

local function heatmap(self, found, metric, x, y, title)
  local plot = require "plot"
  local columns, rows = drawn(self.axes[x]), y and drawn(self.axes[y]) or { "" }
  local values = array.full({ #rows, #columns }, 0 / 0)
  for r = 1, #rows do
    for c = 1, #columns do values:set(r, c, (mean(found[r] and found[r][c]))) end
  end
  if not y then values, rows, columns, y, x = values:T(), columns, rows, x, nil end -- names are read down the page
  return plot.heatmap {
    values, x = columns, y = rows, title = title, color_label = metric,
    x_label = x and self.axes[x].name, y_label = self.axes[y].name,
    x_log = x and self.axes[x].log, y_log = self.axes[y].log,
  }
end

-- With several seeds: the mean, in a band of one standard deviation.
local function curve(self, found, metric, x, title)
  local xs, ys, low, high, most = {}, {}, {}, {}, 1
  for c, value in ipairs((drawn(self.axes[x]))) do
    local list = found[1][c]
    if list then
      local m, deviation = mean(list)
      xs[#xs + 1], ys[#ys + 1], low[#low + 1], high[#high + 1] = value, m, m - deviation, m + deviation
      most = math.max(most, #list)
    end
  end
  return require("plot").curves {
    { x = xs, y = ys, low = most > 1 and low or nil, high = most > 1 and high or nil, name = metric },
    title = title, x_label = self.axes[x].name, y_label = metric, x_log = self.axes[x].log, legend = false,
  }
end

-- Which axes are drawn, and which are told apart by the pictures. Seeds are neither when there is anything else: their
-- mean is drawn.
local function roles(axes)
  local shown, apart = {}, {}
  for i, a in ipairs(axes) do
    if a.name ~= "seed" or #axes == 1 then table.insert(#shown < 2 and shown or apart, i) end
  end
  return shown[1], shown[2], apart
end

-- All choices of a value for each of the axes: a list of { axis number = value number }.
local function combinations(axes, apart)
  local all = { {} }
  for _, a in ipairs(apart) do
    local more = {}
    for _, fixed in ipairs(all) do
      for k = 1, #axes[a].values do
        local choice = { [a] = k }
        for key, value in pairs(fixed) do choice[key] = value end
        more[#more + 1] = choice
      end
    end
    all = more
  end
  return all
end

-- Draw the metric over the axes: a curve of one, a heat map of two; of more, a heat map of the first two for each
-- combination of the others.
function Results:draw(sweep)
  if not self.metric then return end
  local x, y, apart = roles(self.axes)
  local all = combinations(self.axes, apart)
  for i, fixed in ipairs(all) do
    local found, count = cells(self, sweep, self.metric, x, y, fixed)
    local said = {}
    for _, a in ipairs(apart) do said[#said + 1] = self.axes[a].name .. "=" .. axis.text(self.axes[a].values[fixed[a]]) end
    local name = self.metric .. (#all > 1 and "-" .. i or "")
    local title = #said > 0 and table.concat(said, ", ") or nil
    if count > 0 and i <= MOST_PICTURES then
      local one = not y and self.axes[x].number
      self:plot(name, (one and curve(self, found, self.metric, x, title)) or heatmap(self, found, self.metric, x, y, title))
    end
  end
  if #all > MOST_PICTURES then
    core.write("err", ("plot: the first %d of %d pictures are drawn: the table has the rest\n"):format(MOST_PICTURES, #all))
  end
end

return M
