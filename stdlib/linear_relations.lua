-- linear_relations.lua - do a model's answers satisfy the linear relations?
-- Cai et al., arXiv:2405.06107, Sec. 6, Fig. 4.
--
--   local relations = require "linear_relations"
--   local instances = task.amplitudes.relations { loop = 5, zeros = "nontrivial" }
--   setup:  watch = relations.watch(instances)          -- measures them at each evaluation
--   later:  relations.draw(run)                         -- a picture of each relation, by epoch
--           relations.measure(run, instances)           -- of a run as it is
--
-- The model is that of a task amplitudes.coefficient with the same loop and base. Of each relation there are four
-- shares of its instances: `satisfied`, the answers cancel; `magnitudes`, they do and are right but for signs; `signs`,
-- they do and have the right signs; `right`, every answer is right.

local mlrt = require "mlrt"
local plot = mlrt.plot

local relations = { metrics = { "satisfied", "magnitudes", "signs", "right" } }

local END, PLUS, MINUS, DIGITS = 0, 2, 3, 4 -- tokens of numbers; a digit d is DIGITS + d

-- Magnitude and sign of an answer, or nothing when it is no number.
local function number(tokens, base)
  local sign, magnitude = ({ [PLUS] = 1, [MINUS] = -1 })[tokens[1]], 0
  if not sign or tokens[2] < DIGITS then return end
  for k = 2, #tokens do
    if tokens[k] == END then return magnitude, sign end
    if tokens[k] < DIGITS then return end
    magnitude = magnitude * base + tokens[k] - DIGITS
  end
end

-- What is known of the examples of such a task, read once.
local function examples(run, task)
  local known = {}
  for _, field in ipairs { "coefficient", "relation", "group", "instance", "factor" } do
    known[field] = run:tap(field, { task = task }):totable()
  end
  local names = mlrt.open(task).names
  known.names, known.base = names.relation, #names.coefficient - DIGITS
  return known
end

-- The instance from example `first` on: is it satisfied, are magnitudes and signs right, and where does it end?
local function judge(known, answer, first)
  local last, sum, magnitudes, signs = first, 0, true, true
  repeat
    local m, s = number(answer[last], known.base)
    local true_m, true_s = number(known.coefficient[last], known.base)
    sum = m and sum and sum + known.factor[last] * m * s
    magnitudes, signs = magnitudes and m == true_m, signs and s == true_s
    last = last + 1
  until known.instance[last] ~= known.instance[first]
  local satisfied = sum == 0
  return { satisfied, satisfied and magnitudes, satisfied and signs, magnitudes and signs }, last
end

local function measure(run, task, known)
  local answer, list, sums = run:tap(nil, { task = task }), {}, {}
  if answer:rank() == 3 then answer = answer:argmax(3) - 1 end -- of logits the largest
  answer = answer:totable()
  local at = 1
  while at <= #answer do
    local name = known.names[known.relation[at] + 1]
    local sum = sums[name]
    if not sum then
      sum = { name = name, group = known.group[at], instances = 0 }
      for _, metric in ipairs(relations.metrics) do sum[metric] = 0 end
      sums[name], list[#list + 1] = sum, sum
    end
    local held, after = judge(known, answer, at)
    for k, metric in ipairs(relations.metrics) do sum[metric] = sum[metric] + (held[k] and 1 or 0) end
    sum.instances, at = sum.instances + 1, after
  end
  for _, sum in ipairs(list) do
    for _, metric in ipairs(relations.metrics) do sum[metric] = sum[metric] / sum.instances end
  end
  return list
end

local function by_name(list)
  local named = {}
  for _, sum in ipairs(list) do named[sum.name] = sum end
  return named
end

-- A list of { name =, group =, instances =, satisfied =, magnitudes =, signs =, right = }, a relation each.
function relations.measure(run, task) return measure(run, task, examples(run, task)) end

-- For `watch`: functions called "integ 0 satisfied" and so on, which share their answers.
function relations.watch(task)
  local functions, known, found, at = {}, nil, nil, nil
  for _, name in ipairs(mlrt.open(task).names.relation) do
    for _, metric in ipairs(relations.metrics) do
      functions[name .. " " .. metric] = function(run, step)
        known = known or examples(run, task)
        if at ~= step then found, at = by_name(measure(run, task, known)), step end
        return found[name][metric]
      end
    end
  end
  return functions
end

-- Pictures of a run that has measured them, "relation_integ_0" and so on.
function relations.draw(run)
  local names = {}
  for _, row in ipairs(run.history) do
    local name = row.name:match "^(.*) satisfied$"
    if name and not names[name] then
      names[name], names[#names + 1] = true, name
    end
  end
  for _, name in ipairs(names) do
    local curves = { title = name, x_label = "epoch", y_range = { 0, 1 } }
    for k, metric in ipairs(relations.metrics) do
      local series = run:series(name .. " " .. metric)
      curves[k] = { x = series.epoch, y = series.value, name = metric }
    end
    run:plot("relation_" .. name:gsub("[^%w]", "_"), plot.curves(curves))
  end
end

return relations
