-- pictures.lua - what a sweep shows of itself: a metric over one axis or two, once for each value of the others.

local core = select(2, ...)
local array = require "mlrt.array"
local axis = require "mlrt.axis"

local M = {}

local MOST = 36      -- pictures
local MOST_NAMED = 8 -- cells along an axis that have each a tick

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

-- Do numbers have equal distances, as ratios on a logarithmic axis?
local function is_even(numbers, log)
  local function step(i) return log and math.log(numbers[i] / numbers[i - 1]) or numbers[i] - numbers[i - 1] end
  for i = 3, #numbers do
    if math.abs(step(i) - step(2)) > 1e-3 * math.abs(step(2)) then return false end
  end
  return true
end

-- The cells of a heat map along an axis: numbers, or names where that says more.
local function cells_along(a)
  local shown = drawn(a)
  if not a.number or #shown > MOST_NAMED and is_even(shown, a.log) then return shown, a.log end
  for i, value in ipairs(shown) do shown[i] = ("%.3g"):format(value) end
  return shown, false
end

local function reversed(list)
  local back = {}
  for i = 1, #list do back[i] = list[#list + 1 - i] end
  return back
end

-- The values of a metric, for each place on the axes x and y (if there is one) a list: of the points that are done, and
-- whose values on the axes in `fixed` (axis number -> value number) are these.
local function cells(results, indices, x, y, fixed)
  local found, count, metric = {}, 0, results.metric
  local _, x_place = drawn(results.axes[x])
  local y_place = y and select(2, drawn(results.axes[y]))
  for i, point in ipairs(results.points) do
    local at, fits = indices(i), true
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

local function heatmap(results, found, x, y, title)
  local axes, metric = results.axes, results.metric
  if not y then x, y = nil, x end -- names are read down the page
  local columns, x_log = { "" }, false
  local rows, y_log = cells_along(axes[y])
  if x then columns, x_log = cells_along(axes[x]) end
  local values = array.full({ #rows, #columns }, 0 / 0)
  for r = 1, #rows do
    for c = 1, #columns do
      local list = x and found[r] and found[r][c] or not x and found[1][r]
      if list then values:set(r, c, array(list):mean()) end
    end
  end
  -- rows with names are drawn from the top, numbers belong upwards
  if axes[y].number and type(rows[1]) == "string" then rows, values = reversed(rows), values:flip(1) end
  return require("plot").heatmap {
    values, x = columns, y = rows, title = title, color_label = metric, x_label = x and axes[x].name,
    y_label = axes[y].name, x_log = x_log, y_log = y_log,
  }
end

-- With several seeds: the mean, in a band of one standard deviation.
local function curve(results, found, x, title)
  local a, metric = results.axes[x], results.metric
  local xs, ys, low, high, band = {}, {}, {}, {}, false
  for c, value in ipairs((drawn(a))) do
    local list = found[1][c]
    if list then
      local of_seeds = array(list)
      local mean, deviation = of_seeds:mean(), of_seeds:std()
      xs[#xs + 1], ys[#ys + 1], low[#low + 1], high[#high + 1] = value, mean, mean - deviation, mean + deviation
      band = band or #list > 1
    end
  end
  return require("plot").curves {
    { x = xs, y = ys, low = band and low or nil, high = band and high or nil, name = metric },
    title = title, x_label = a.name, y_label = metric, x_log = a.log, legend = false,
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

-- Draw the metric over the axes, the first to the right: a curve of one, a heat map of two; of more, a heat map of the
-- first two for each combination of the others. indices(i) gives the places of point i on the axes.
function M.draw(results, indices)
  if not results.metric then return end
  local axes = results.axes
  local x, y, apart = roles(axes)
  local all = combinations(axes, apart)
  for i = 1, math.min(#all, MOST) do
    local found, count = cells(results, indices, x, y, all[i])
    local said = {}
    for k, a in ipairs(apart) do said[k] = axes[a].name .. "=" .. axis.text(axes[a].values[all[i][a]]) end
    local title = results.name .. (#said > 0 and ": " .. table.concat(said, ", ") or "")
    if count > 0 then
      local is_curve = not y and axes[x].number
      results:plot(results.metric .. (#all > 1 and "-" .. i or ""),
        is_curve and curve(results, found, x, title) or heatmap(results, found, x, y, title))
    end
  end
  if #all > MOST then
    core.write("err", ("plot: %d of %d pictures are drawn, the table has the rest\n"):format(MOST, #all))
  end
end

return M
