-- milestones.lua - metrics of the script's own, and the steps in which metrics are good enough for the first time.
local tap = require "tap"
local mlrt = require "mlrt"
local array, layer, task = mlrt.array, mlrt.layer, mlrt.task

local x = array.random.normal { 48, 3, seed = 1 }
local y = x:matmul(array { { 1 }, { -2 }, { 0.5 } })
local weight = layer.parameter { { 1, 3 }, name = "weight" }

local function trained(change)
  local setup = {
    task = task.arrays { fields = { x = x, y = y }, target = "y", train = 32, seed = 2 },
    model = function(h) return h:matmul(weight(), false, true) end,
    loss = mlrt.loss.mse {},
    optimizer = mlrt.optimizer.adam { lr = 0.02 },
    train = { steps = 200, batch = "full", evaluate = 1, eval_batch = 5 },
  }
  for word, value in pairs(change or {}) do setup[word] = value end
  return mlrt.run(mlrt.experiment "own" { setup = function() return setup end }, {}, { store = false, quiet = true })
end

-- ---- metrics of the script's own ----

local metrics = {
  size = function(prediction) return prediction:abs():mean() end,
  misfit = function(prediction, target) return (prediction - target):square():mean() end,
  norm = function() return weight():square():sum() end,
}
local run = trained { metrics = metrics }
tap.is_close(run:metric "misfit", run:metric "loss", 1e-6, "a metric sees the prediction and the target")
tap.is_close(run:metric "size", run:tap():abs():mean(), 1e-5, "its value is the mean over the examples")
tap.is_close(run:metric "norm", run:parameter "weight":square():sum(), 1e-5, "or says something of the parameters")
tap.ok(run:metric "rms_error" >= 0, "the task's metrics are there as well")
local named = trained { metrics = { "absolute_error", norm = metrics.norm } }
tap.is(#named:series "rms_error".value, 0, "unless they are chosen by name")
tap.ok(#named:series "absolute_error".value > 0 and #named:series "norm".value > 0, "then those, and these")

-- ---- what is watched ----

local seen = {}
local watched = trained {
  watch = {
    length = function(r, step)
      seen[#seen + 1] = step
      return r:parameter "weight":square():sum()
    end,
  },
  metrics = { norm = metrics.norm }, train = { steps = 20, batch = "full", evaluate = 5 },
  plots = { mlrt.plot.curves { "length", "loss", x = "step" } },
}
local lengths = watched:series "length"
tap.is(table.concat(lengths.step, " "), "0 5 10 15 20", "the run is watched from its first step on")
tap.is(table.concat(seen, " "), "0 5 10 15 20", "and told the step")
tap.is_close(watched:metric "length", watched:metric "norm", 1e-5, "it sees the parameters of that step")
tap.ok(lengths.value[1] ~= lengths.value[5], "which change")
tap.fails("watch: 'length' must give a number, got a string", "it is a number",
  function() trained { watch = { length = function() return "long" end } } end)
tap.fails("watch: 'length' must be a function, got a number", "of a function",
  function() trained { watch = { length = 3 } } end)

-- In between parameters may have other values.
local quiet = { steps = 20, batch = "full", evaluate = 5 }
local moved = trained {
  watch = {
    loss_at_zero = function(r)
      local kept, loss = r:parameter "weight", nil
      r:set("weight", kept * 0)
      for _, m in ipairs(r:evaluate()) do loss = m.split == "test" and m.name == "loss" and m.value or loss end
      r:set("weight", kept)
      return loss
    end,
  },
  train = quiet,
}
local at_zero = moved:series "loss_at_zero".value
tap.ok(at_zero[1] == at_zero[5] and at_zero[1] > moved:metric "loss", "a run tells what follows from other values")
tap.ok(moved:parameter "weight" == trained { train = quiet }:parameter "weight", "and goes on with its own")
tap.fails("the parameter 'weight' has the shape %[1, 3%], got %[3%]", "they have its shape",
  function() moved:set("weight", { 1, 2, 3 }) end)
tap.fails("there is no parameter 'wait'", "and its name", function() moved:set("wait", { 1 }) end)

-- The quality of a representation, of a node as of an array: of numbers, of vectors, and of matrices (1 x; 0 1), whose
-- products are sums.
local representation = require "representation"
local sums, nearly = representation.sums(6), array.arange(0, 5) + 0.02 * array.random.normal { 6, seed = 3 }
local one, none = array.ones(6), array.zeros(6)
local embeddings = {
  number = nearly:reshape(6, 1),
  vector = nearly:reshape(6, 1) * array { { 1, -2, 0.5 } },
  matrix = array.stack { one, nearly, none, one }:T():reshape(6, 2, 2),
}
for _, kind in ipairs { "number", "vector", "matrix" } do
  local value = embeddings[kind]
  for _, normalise in ipairs { true, false } do
    local options = { delta = 0.01, normalise = normalise }
    run = trained {
      metrics = { rqi = function() return representation.rqi_node(mlrt.constant(value), sums, options) end },
      train = { steps = 1, batch = "full" },
    }
    local want = representation.rqi(value, sums, options)
    tap.is_close(run:metric "rqi", want, 1e-6, ("the quality of a representation, a %s each"):format(kind))
    if kind == "number" then tap.ok(want > 0 and want < 1, ("some parallelograms hold: %.2f"):format(want)) end
  end
end

tap.is(run:series "train_loss".value[1], run:series("loss", "train").value[1], "a series may be called by its split")

-- ---- milestones ----

-- With an evaluation after each step, the series itself says when.
local function first(r, name, split, good)
  local series = r:series(name, split)
  for i, value in ipairs(series.value) do
    if good(value) then return series.step[i] end
  end
end
local goals = { rms_error = 0.5, train_loss = 0.3, norm = 2, train_norm = 4, absolute_error = 1e-9 }
run = trained { metrics = metrics, train = { steps = 200, batch = "full", evaluate = 1, milestones = goals } }
local after = first(run, "rms_error", "test", function(v) return v <= 0.5 end)
tap.ok(after > 3 and after < 200, "a metric gets better")
tap.is(run.milestones.rms_error, after, "a milestone of the test split is the first step with such a value")
tap.is(run.milestones.train_loss, first(run, "loss", "train", function(v) return v <= 0.3 end),
  "of the training split too")
tap.is(run.milestones.norm, first(run, "norm", "test", function(v) return v >= 2 end), "of what should be large")
tap.is(run.milestones.train_norm, first(run, "norm", "train", function(v) return v >= 4 end),
  "of the script's own metrics")
tap.is(run.milestones.absolute_error, nil, "what is never reached is not there")

local seldom = { steps = 200, batch = "full", evaluate = 150, milestones = goals }
local rare = trained { metrics = metrics, train = seldom }
tap.is(#rare:series "loss".step, 2, "evaluations may be rare")
for name, step in pairs(run.milestones) do tap.is(rare.milestones[name], step, name .. " is found in between") end
tap.ok(rare:parameter "weight" == run:parameter "weight", "looking changes nothing")

goals.absolute_error = nil
local ended = trained { metrics = metrics, train = { steps = 200, batch = "full", evaluate = 150, milestones = goals,
                                                     stop = { milestones = true } } }
local last = 0
for _, step in pairs(run.milestones) do last = math.max(last, step) end
tap.is(ended:series "loss".step[1], last, "a run may end with the last of them, and is evaluated there")

-- ---- mistakes ----

local function wrong(message, change)
  tap.fails(message .. "$", message, trained, change)
end
wrong("metrics: 'size' must be a function, got a number", { metrics = { size = 3 } })
wrong("the metric 'size' must be one f32 number, got f32 %[5, 1%]", { metrics = { size = function(p) return p end } })
wrong("the metric 'size' must return a node, got nil", { metrics = { size = function() end } })
local function goal(message, milestones)
  wrong(message, { train = { steps = 2, batch = "full", milestones = milestones } })
end
goal("the task has no metric 'acuracy'", { acuracy = 0.9 })
goal("milestones: 'loss' must be a number, got a string", { loss = "low" })
goal("milestones: 'valid_loss' is of a split that is not evaluated", { valid_loss = 0.1 })
goal("the task has no metric 'training_loss'", { training_loss = 0.1 })

tap.done()
