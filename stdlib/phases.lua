-- phases.lua - the four phases of learning: Liu et al., arXiv:2205.10343, Table C.1 of the thesis.
--
--   comprehension   training and validation accuracy pass the threshold, within `gap` steps of each other
--   grokking        both do, but validation later than that
--   memorization    training accuracy does, validation does not
--   confusion       neither does

local array = require "mlrt.array"

local phases = { names = { "comprehension", "grokking", "memorization", "confusion" } }

phases.number = {}
for i, name in ipairs(phases.names) do phases.number[name] = i end

-- The phase of a run whose accuracies passed the threshold at these steps; nil: never. gap is 1,000.
function phases.classify(train, validation, gap)
  if not train then return "confusion" end
  if not validation then return "memorization" end
  return validation - train < (gap or 1000) and "comprehension" or "grokking"
end

-- The first step at which a series, { step = {...}, value = {...} }, is at least `threshold`; nil: never.
function phases.first(series, threshold)
  for i, value in ipairs(series.value) do
    if value >= threshold then return series.step[i] end
  end
end

-- ---- diagrams ----

-- The phase in which most of some points are, by its number.
local function most(points)
  local count, best = {}, nil
  for _, point in ipairs(points) do
    local phase = phases.number[point.values.phase] or point.values.phase
    if phase then count[phase] = (count[phase] or 0) + 1 end
  end
  for phase = 1, #phases.names do
    if count[phase] and (not best or count[phase] > count[best]) then best = phase end
  end
  return best
end

local function drawn(values)
  local shown = {}
  for i, value in ipairs(values) do shown[i] = ("%.3g"):format(value) end
  return shown
end

local letters = { "c", "g", "m", "-" } -- - for confusion

-- The diagram of a sweep, drawn and printed in letters: the first axis to the right, the second downwards, but a
-- learning rate upwards. Its column "phase" has names or numbers; of several seeds the phase of most counts.
function phases.draw(results)
  local x, y = results.axes[1], results.axes[2]
  if not y then return end
  local rows = table.move(y.values, 1, #y.values, 1, {})
  if y.name:match "lr$" then table.sort(rows, function(a, b) return a > b end) end
  local function points_at(column, row)
    local found = {}
    for _, point in ipairs(results.points) do
      local p = point.params
      if p[x.name] == x.values[column] and p[y.name] == rows[row] then table.insert(found, point) end
    end
    return found
  end
  local cells, count = array.full({ #rows, #x.values }, 0 / 0), { 0, 0, 0, 0 }
  print(("%10s  %s %.3g to %.3g"):format(y.name, x.name, x.values[1], x.values[#x.values]))
  for row = 1, #rows do
    local line = {}
    for column = 1, #x.values do
      local phase = most(points_at(column, row))
      line[column] = letters[phase] or " "
      if phase then
        cells:set(row, column, phase)
        count[phase] = count[phase] + 1
      end
    end
    print(("%10.3g  %s"):format(rows[row], table.concat(line, " ")))
  end
  for phase, name in ipairs(phases.names) do
    print(("%s  %-14s %3d points"):format(letters[phase], name, count[phase]))
  end
  results:plot("phases", require("plot").heatmap {
    cells, x = x.values, x_log = x.log, y = drawn(rows), x_label = x.name, y_label = y.name, categories = phases.names,
  })
end

return phases
