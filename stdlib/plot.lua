-- plot.lua - plots as tables: what is drawn, with which words and axes.
--
--   plot.curves    { "accuracy", "sign_accuracy", x = "epoch", y_range = { 0, 1 } }      of a run: drawn when it ends
--   plot.curves    { { x = xs, y = ys, name = "theory" }, { x = xs, y = means, low = lows, high = highs } }
--   plot.scatter   { x = xs, y = ys, color = values, labels = names }
--   plot.points    { positions, labels = true }                                          rows of an array [n, 2]
--   plot.heatmap   { values, x = columns, y = rows, color_label = "test accuracy" }      an array [rows, columns]
--   plot.histogram { values, bins = 40 }
--
-- All take title, x_label, y_label, x_range, y_range ({ low, high }), x_log, y_log, width, height, legend, and guides,
-- lines to compare with: { { y = 0.5, label = "chance" }, { x = 100 } }. Numbers may be arrays or tables.
--
-- plot.render(p, "runs/3/accuracy") writes accuracy.svg and accuracy.png, the data as accuracy.csv, a row for each
-- point, and accuracy.gp, the gnuplot script that draws them again.

local array = require "mlrt.array"
local plotter = require "mlrt.plotter"
local text = require "mlrt.text"

local plot = {}

-- ---- mistakes ----

local function fail(message, ...) error(message:format(...), 0) end

-- A function of this module: its mistakes are reported at the line of the script that called it.
local function public(f)
  return function(...)
    local results = table.pack(pcall(f, ...))
    if not results[1] then error((tostring(results[2]):gsub("^[^:]+:%d+: ", "")), 2) end
    return table.unpack(results, 2, results.n)
  end
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do if type(key) == "string" then keys[#keys + 1] = key end end
  table.sort(keys)
  return keys
end

-- Every named field of t must be one of `allowed`, name = type, "numbers" being an array or a table.
local function check(what, t, allowed)
  if type(t) ~= "table" then fail("%s: expected a table, got %s", what, type(t)) end
  for _, name in ipairs(sorted_keys(t)) do
    local kind, value = allowed[name], t[name]
    if not kind then
      local near = text.nearest(name, allowed)
      fail("%s: no option '%s'%s", what, name, near and (" (did you mean '%s'?)"):format(near) or "")
    end
    local list = type(value) == "table" or type(value) == "userdata"
    if kind == "numbers" and not list or kind ~= "numbers" and kind ~= "any" and type(value) ~= kind then
      fail("%s: '%s' must be a %s, got %s", what, name, kind == "numbers" and "list of numbers" or kind, type(value))
    end
  end
end

local function merged(...)
  local all = {}
  for _, t in ipairs { ... } do for name, kind in pairs(t) do all[name] = kind end end
  return all
end

-- ---- descriptions ----

local common = {
  title = "string", x_label = "string", y_label = "string", x_range = "numbers", y_range = "numbers",
  x_log = "boolean", y_log = "boolean", width = "number", height = "number", legend = "boolean", guides = "table",
}
local colored = { color_label = "string", color_range = "numbers", color_log = "boolean", palette = "string",
                  categories = "table" }

-- "magnitude_accuracy" for people.
local function words(name) return name and name:gsub("_", " ") or nil end

local function range(what, r)
  if r == nil then return nil, nil end
  local low, high = r[1], r[2]
  if type(low) ~= "number" or type(high) ~= "number" or low >= high then
    fail("%s: a range is { low, high } with low below high", what)
  end
  return low, high
end

local function axis(what, t, name, label)
  local a = { label = t[name .. "_label"] or label, log = t[name .. "_log"] }
  a.low, a.high = range(what, t[name .. "_range"])
  if a.log and a.low and a.low <= 0 then fail("%s: a logarithmic axis begins above 0, got %g", what, a.low) end
  return a
end

-- What the kinds have in common, of the options t.
local function describe(kind, what, t, x_label, y_label)
  local guides = {}
  for i, guide in ipairs(t.guides or {}) do
    check(what .. ": a guide", guide, { x = "number", y = "number", label = "string" })
    if (guide.x == nil) == (guide.y == nil) then fail("%s: a guide has an x or a y", what) end
    guides[i] = { x = guide.x, y = guide.y, label = guide.label }
  end
  return {
    kind = kind, title = t.title, x = axis(what, t, "x", x_label), y = axis(what, t, "y", y_label), guides = guides,
    legend = t.legend, width = t.width, height = t.height, series = {}, columns = {},
  }
end

local function numbers(what, name, values)
  if type(values) ~= "table" and type(values) ~= "userdata" then
    fail("%s: '%s' must be a list of numbers, got %s", what, name, type(values))
  end
  local a = array(values)
  if a:rank() ~= 1 then fail("%s: '%s' must have 1 dimension, got %d", what, name, a:rank()) end
  return a
end

local function same_length(what, s, names)
  for _, name in ipairs(names) do
    if s[name] and #s[name] ~= #s.y then fail("%s: %d values of y, but %d of %s", what, #s.y, #s[name], name) end
  end
end

-- Which columns the data have: those that some series has.
local function use_columns(p, names)
  for _, name in ipairs(names) do
    local used = false
    for _, s in ipairs(p.series) do used = used or s[name] ~= nil end
    if used then table.insert(p.columns, name) end
  end
end

-- Where the data of an axis begin and end: a logarithmic one over few decades needs finer ticks.
local function extent(p, a, names)
  if not a.log then return end
  local from, to = a.low or math.huge, a.high or 0
  for _, s in ipairs(p.series) do
    for _, name in ipairs(names) do
      for i = 1, a.low and 0 or s[name] and #s[name] or 0 do
        local value = s[name][i]
        if value > 0 and value < math.huge then from, to = math.min(from, value), math.max(to, value) end
      end
    end
  end
  if to > 0 and to < 100 * from then a.from, a.to = from, to end
end

-- The ticks, the legend, and the size that has room for it.
local function finish(p)
  extent(p, p.x, { "x", "x_low", "x_high" })
  extent(p, p.y, { "y", "low", "high", "y_low", "y_high" })
  if p.legend == nil then p.legend = #p.series > 1 and not p.color end
  p.width = p.width or p.legend and 820 or p.color and (p.color.names and 740 or 700) or 640
  p.height = p.height or 440
  return p
end

-- The series among the options: the tables in t, or t itself.
local function series_of(what, t, allowed, extra)
  if t[1] == nil then return { t } end
  local list = {}
  for i, s in ipairs(t) do
    check(("%s: series %d"):format(what, i), s, merged(allowed, extra or {}))
    list[i] = s
  end
  return list
end

-- ---- curves ----

local curve = { x = "numbers", y = "numbers", low = "numbers", high = "numbers", name = "string" }
local curve_options = merged(common, curve, { x = "any" })

local function add_curve(p, what, s)
  if s.y == nil then fail("%s: y is missing", what) end
  local y = numbers(what, "y", s.y)
  if #y == 0 then fail("%s: y is empty", what) end
  local line = { name = words(s.name), y = y, x = s.x and numbers(what, "x", s.x) or array.arange(#y) }
  if (s.low == nil) ~= (s.high == nil) then fail("%s: low and high go together", what) end
  if s.low then line.low, line.high = numbers(what, "low", s.low), numbers(what, "high", s.high) end
  same_length(what, line, { "x", "low", "high" })
  line.markers = #y <= 25
  table.insert(p.series, line)
end

-- A few epochs: no ticks between them.
local function few_whole_numbers(series)
  local least, most = math.huge, -math.huge
  for _, s in ipairs(series) do
    if not (s.x % 1):eq(0):all() then return false end
    least, most = math.min(least, s.x:min()), math.max(most, s.x:max())
  end
  return most - least <= 10
end

local function finish_curves(p)
  use_columns(p, { "x", "y", "low", "high" })
  p.x.whole = not p.x.log and few_whole_numbers(p.series)
  if #p.series == 1 then p.y.label = p.y.label or p.series[1].name end
  return finish(p)
end

plot.curves = public(function(t)
  check("plot.curves", t, curve_options)
  if type(t[1]) ~= "string" then
    local p = describe("curves", "plot.curves", t)
    for _, s in ipairs(series_of("plot.curves", t, curve)) do add_curve(p, "plot.curves", s) end
    return finish_curves(p)
  end
  local over = t.x or "epoch"
  if type(over) ~= "string" then fail("plot.curves: with names of metrics, 'x' is a name too, as in x = 'epoch'") end
  local p = describe("curves", "plot.curves", t, words(over))
  p.metrics, p.over = {}, over
  for i, name in ipairs(t) do
    if type(name) ~= "string" then fail("plot.curves: %d names of metrics, then a %s", i - 1, type(name)) end
    p.metrics[i] = name
  end
  return p
end)

-- The curves of metrics, once a run has them: series = { { name, xs, ys }, ... }.
plot.curves_of = public(function(p, series)
  local drawn = {}
  for key, value in pairs(p) do drawn[key] = value end
  drawn.series, drawn.columns, drawn.metrics = {}, {}, nil
  drawn.y = merged(p.y)
  for _, s in ipairs(series) do
    if #s[3] > 0 then add_curve(drawn, "plot.curves", { name = s[1], x = s[2], y = s[3] }) end
  end
  return finish_curves(drawn)
end)

-- ---- scatter and points ----

local cloud = merged(curve, { color = "numbers", labels = "any" })
local cloud_options = merged(common, cloud, colored, { equal = "boolean" })

local function names_of(what, labels, n)
  if labels == nil or labels == false then return nil end
  if labels ~= true and #labels ~= n then fail("%s: %d points, but %d labels", what, n, #labels) end
  local names = {}
  for i = 1, n do
    local label = labels == true and i or labels[i]
    names[i] = math.type(label) == "float" and ("%g"):format(label) or tostring(label)
  end
  return names
end

local palettes = { viridis = false, diverging = true }

-- Values of categories are 1, 2 ..., each with a name and a colour.
local function color_axis(p, what, t)
  p.color = axis(what, t, "color")
  p.diverging = palettes[t.palette or "viridis"]
  if p.diverging == nil then fail("%s: no palette '%s' (viridis, diverging)", what, t.palette) end
  if t.categories then
    p.color.names, p.color.low, p.color.high = names_of(what, t.categories, #t.categories), 0.5, #t.categories + 0.5
  end
end

local function scatter(what, t)
  local p = describe("scatter", what, t, t.x_label or "x", t.y_label or "y")
  local count = 0
  for _, s in ipairs(series_of(what, t, cloud)) do
    if s.x == nil then fail("%s: x is missing", what) end
    add_curve(p, what, s)
    local points = p.series[#p.series]
    points.color = s.color and numbers(what, "color", s.color)
    points.label = names_of(what, s.labels, #points.y)
    same_length(what, points, { "color" })
    if points.color then color_axis(p, what, t) end
    count = count + #points.y
  end
  for i, points in ipairs(p.series) do
    if p.color and not points.color then fail("%s: series %d has no color, others have", what, i) end
  end
  p.equal = t.equal
  p.point_size = count <= 200 and 0.7 or count <= 2000 and 0.45 or 0.25
  use_columns(p, { "x", "y", "low", "high", "color", "label" })
  return finish(p)
end

plot.scatter = public(function(t)
  check("plot.scatter", t, cloud_options)
  return scatter("plot.scatter", t)
end)

plot.points = public(function(t)
  check("plot.points", t, merged(common, colored, { color = "numbers", labels = "any", equal = "boolean" }))
  if t[1] == nil then fail("plot.points: expected an array [n, 2]") end
  local positions = array(t[1])
  if positions:rank() ~= 2 or select(2, positions:shape()) ~= 2 then
    fail("plot.points: expected an array [n, 2], got [%s]", table.concat({ positions:shape() }, ", "))
  end
  local options = { equal = true }
  for _, name in ipairs(sorted_keys(t)) do options[name] = t[name] end
  local columns = positions:T()
  options.x, options.y = columns[1], columns[2]
  return scatter("plot.points", options)
end)

-- ---- heat maps ----

-- Where n cells meet: half-way between their centres, by ratio when the axis is logarithmic; the outer ones as far out.
local function edges(c, log)
  local n, e = #c, {}
  for i = 2, n do e[i] = log and math.sqrt(c[i - 1] * c[i]) or (c[i - 1] + c[i]) / 2 end
  local function mirrored(edge, center) return log and center * center / edge or 2 * center - edge end
  e[1] = n > 1 and mirrored(e[2], c[1]) or log and c[1] / 2 or c[1] - 0.5
  e[n + 1] = mirrored(n > 1 and e[n] or e[1], c[n])
  return array(e)
end

-- The centres along an axis of n cells: numbers, or the positions of names.
local function centers(what, p, t, name, n)
  local given = t[name]
  if given == nil then return array.arange(n) end
  if #given ~= n then fail("%s: %d values of %s for %d cells", what, #given, name, n) end
  if type(given[1]) ~= "string" then return numbers(what, name, given) end
  p[name].names = names_of(what, given, n)
  return array.arange(n)
end

local function evenly_spaced(c)
  for i = 2, #c - 1 do
    if math.abs((c[i + 1] - c[i]) - (c[2] - c[1])) > 1e-6 * math.abs(c[2] - c[1]) then return false end
  end
  return #c > 1
end

plot.heatmap = public(function(t)
  local what = "plot.heatmap"
  check(what, t, merged(common, colored, { x = "numbers", y = "numbers" }))
  if t[1] == nil then fail("%s: expected an array [rows, columns]", what) end
  local values = array(t[1])
  if values:rank() ~= 2 then fail("%s: expected an array of 2 dimensions, got %d", what, values:rank()) end
  local p = describe("heatmap", what, t, t.x_label, t.y_label)
  local rows, columns = values:shape()
  local x, y = centers(what, p, t, "x", columns), centers(what, p, t, "y", rows)
  if p.x.log and x:min() <= 0 or p.y.log and y:min() <= 0 then
    fail("%s: a logarithmic axis has values above 0", what)
  end
  color_axis(p, what, t)
  if p.diverging and not p.color.low then
    local most = values:abs():max()
    if most > 0 and most < math.huge then p.color.low, p.color.high = -most, most end
  end
  local x_edges, y_edges = edges(x, p.x.log), edges(y, p.y.log)
  local column = array.arange(0, rows * columns - 1):map(function(i) return i % columns + 1 end)
  local row = array.arange(0, rows * columns - 1):map(function(i) return i // columns + 1 end)
  p.series[1] = {
    x = x:take(column), y = y:take(row), color = values:flatten(),
    x_low = x_edges:take(column), x_high = x_edges:take(column + 1),
    y_low = y_edges:take(row), y_high = y_edges:take(row + 1),
  }
  -- Thousands of rectangles make a heavy file; an image needs cells of one size.
  p.image = rows * columns > 4096 and not p.x.log and not p.y.log and evenly_spaced(x) and evenly_spaced(y)
  use_columns(p, { "x", "y", "x_low", "x_high", "y_low", "y_high", "color" })
  return finish(p)
end)

-- ---- histograms ----

local heap = { values = "numbers", name = "string" }

plot.histogram = public(function(t)
  local what = "plot.histogram"
  check(what, t, merged(common, heap, { bins = "number", range = "numbers", density = "boolean" }))
  local sets = {}
  for i, s in ipairs(t[1] == nil and { t } or t) do
    if type(s) == "userdata" or type(s) == "table" and s[1] then s = { values = s } end
    if t[1] ~= nil then check(("%s: series %d"):format(what, i), s, heap) end
    if s.values == nil then fail("%s: values are missing", what) end
    sets[i] = { name = words(s.name), values = array(s.values):flatten() }
  end
  local p = describe("histogram", what, t, t.x_label or "value", t.density and "density" or "count")
  local low, high = range(what, t.range)
  local all, values = 0, {}
  for i, s in ipairs(sets) do
    all = math.max(all, #s.values)
    values[i] = s.values
  end
  local bins = t.bins or math.max(10, math.min(60, math.ceil(math.sqrt(all))))
  local _, common_edges = array.concat(values):histogram(bins, low and { low, high })
  for i, s in ipairs(sets) do
    local counts, e = s.values:histogram(bins, { common_edges[1], common_edges[-1] })
    if t.density then counts = counts / (math.max(counts:sum(), 1) * (e[2] - e[1])) end
    p.series[i] = { name = s.name, low = e:rows(1, -2), high = e:rows(2), count = counts }
  end
  p.y.low = p.y.low or not p.y.log and 0 or nil
  use_columns(p, { "low", "high", "count" })
  return finish(p)
end)

-- ---- files ----

local function cell(value)
  if type(value) == "string" then return '"' .. value:gsub('"', '""'):gsub("%c", " ") .. '"' end
  if value == nil then return "" end
  if value ~= value then return "NaN" end
  local short = ("%.15g"):format(value)
  return tonumber(short) == value and short or ("%.17g"):format(value)
end

-- The data as comma-separated values: a header, then a block of rows for each series, two empty lines between them.
local function data_of(p)
  local lines = { "series," .. table.concat(p.columns, ",") }
  for i, s in ipairs(p.series) do
    if i > 1 then table.insert(lines, "\n") end
    for k = 1, #s[p.columns[1]] do
      local cells = { cell(s.name or tostring(i)) }
      for c, name in ipairs(p.columns) do cells[c + 1] = cell(s[name] and s[name][k]) end
      table.insert(lines, table.concat(cells, ","))
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

-- Write path.svg, path.png, path.csv and path.gp. Gives the list of files there are, and what went wrong when some are
-- missing: a machine without gnuplot fails no run.
plot.render = public(function(p, path)
  if type(p) ~= "table" or not p.kind then fail("plot.render: expected a plot, got %s", type(p)) end
  if p.metrics then fail("plot.render: the curves of a run are drawn by the run") end
  if type(path) ~= "string" then fail("plot.render: expected a path, got %s", type(path)) end
  if #p.series == 0 then return {}, ("nothing to draw in '%s'"):format(path) end
  local count, problem = plotter.draw(p, data_of(p), path)
  local files = {}
  for _, extension in ipairs(count == 4 and { ".svg", ".png", ".csv", ".gp" } or { ".csv", ".gp" }) do
    if #files < count then files[#files + 1] = path .. extension end
  end
  return files, problem
end)

return plot
