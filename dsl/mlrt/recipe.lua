-- recipe.lua - from what an experiment's setup returns to what the trainer needs: checked, every default filled in.

local core = select(2, ...)
local words = require "mlrt.words"
local model = require "mlrt.model"
local vocabulary = require "mlrt.vocabulary"

local M = {}

local setup_words = {
  task = "task",               -- the data
  model = "layer function table", -- inputs (and targets, if it asks for them) in, prediction out
  loss = "loss function",      -- prediction and targets in, one number out
  optimizer = "optimizer",
  train = "table",
  metrics = "table",           -- names of the task's metrics, all by default; and functions by name, which are others
  watch = "table",             -- functions of the run by name, which are asked for a number at each evaluation
  plots = "table",
}

local train_words = {
  epochs = "number", epoch_size = "number", -- how long: epochs of so many examples (the training split by default) ...
  steps = "number",                         -- ... or steps
  batch = "number string",                  -- examples a step, or "full"
  evaluate = "number",                      -- steps between evaluations; an epoch by default
  eval_batch = "number",
  eval_size = "number",                     -- test examples that are evaluated; all by default
  eval_train = "number",                    -- training examples that are evaluated too; none by default
  clip = "number",                          -- largest norm of the gradient
  monitor = "string",                       -- the metric that says which checkpoint is best
  stop = "table",                           -- { metric = "accuracy", at = 0.99, patience = 10, milestones = true }
  milestones = "table",                     -- { accuracy = 0.9 }: in which step is a metric so good for the first time?
  checkpoint = "number boolean",            -- seconds between checkpoints; false: none
  precision = "string",
  padding = "string",                       -- "skip", or "keep": compute it, too
}

local stop_words = { metric = "string", at = "number", patience = "number", milestones = "boolean" }

local function whole(where, what, t, name, missing, least)
  local value = t[name]
  if value == nil then return missing end
  local number = math.tointeger(value)
  if not number or number < (least or 1) then
    words.fail(where, "%s: '%s' must be a whole number of at least %d, got %s", what, name, least or 1, value)
  end
  return number
end

local function positive(where, train, name)
  local value = train[name]
  if value and not (value > 0 and value < math.huge) then
    words.fail(where, "train: '%s' must be positive, got %s", name, value)
  end
  return value
end

-- One of two words, of which the first is the default.
local function one_of(where, train, name, default, other)
  local value = train[name] or default
  if value ~= default and value ~= other then
    words.fail(where, "train: '%s' must be \"%s\" or \"%s\", got \"%s\"", name, default, other, value)
  end
  return value
end

local function batch_of(where, train, examples)
  local batch = train.batch or math.min(32, examples)
  if batch == "full" then return examples end
  if type(batch) == "string" then
    words.fail(where, "train: 'batch' must be a number or \"full\", got '%s'", batch)
  end
  batch = whole(where, "train", train, "batch", batch)
  if batch > examples then
    words.fail(where, "train: a batch of %d is larger than the %d training examples (batch = \"full\" takes them all)",
      batch, examples)
  end
  return batch
end

local function check_metrics(where, names, known)
  local set = { loss = true }
  for _, name in ipairs(known) do set[name] = true end
  for _, name in ipairs(names) do
    if not set[name] then
      words.fail(where, "the task has no metric '%s'%s", tostring(name), words.suggestion(name, known))
    end
  end
end

-- What decides about a run has to be measured.
local function check_computed(where, word, name, computed)
  local set = { loss = true }
  for _, other in ipairs(computed) do set[other] = true end
  if name and not set[name] then
    words.fail(where, "train: '%s' is '%s', which 'metrics' leaves out", word, name)
  end
end

-- A metric as plots and tables name it, as the metric and its split: "accuracy" is the test split's, "train_loss" the
-- training split's; "training_loss" is the mean over the steps of an epoch.
function M.metric(name)
  if name == "training_loss" then return name, "" end
  for _, split in ipairs { "train", "valid", "test" } do
    if name:sub(1, #split + 1) == split .. "_" then return name:sub(#split + 2), split end
  end
  return name, "test"
end

local function check_plots(where, plots, known)
  for i, plot in ipairs(plots) do
    if type(plot) ~= "table" then
      words.fail(where, "setup: plot %d must be made by mlrt.plot, got %s", i, words.a(words.kind(plot)))
    end
    for _, name in ipairs(plot.metrics or {}) do
      local metric, split = M.metric(name)
      if split ~= "" then check_metrics(where, { metric }, known) end
    end
  end
end

-- What setup says of metrics: which of the task's are wanted, and the names of its own, which are functions.
local function metrics_of(where, metrics, known)
  local wanted, own = {}, {}
  for i, name in ipairs(metrics) do wanted[i] = name end
  for _, name in ipairs(words.sorted_keys(metrics)) do
    if type(name) == "string" then
      if words.kind(metrics[name]) ~= "function" then
        words.fail(where, "metrics: '%s' must be a function, got %s", name, words.a(words.kind(metrics[name])))
      end
      own[#own + 1] = name
    end
  end
  check_metrics(where, wanted, known)
  if #wanted == 0 and #own > 0 then wanted = known end
  return wanted, own
end

-- The names of what is watched.
local function watched_of(where, watch)
  local names = words.sorted_keys(watch)
  for _, name in ipairs(names) do
    if words.kind(watch[name]) ~= "function" then
      words.fail(where, "watch: '%s' must be a function, got %s", tostring(name), words.a(words.kind(watch[name])))
    end
  end
  return names
end

-- Is one of the milestones of the training split?
local function of_training(milestones)
  for name in pairs(milestones) do
    if select(2, M.metric(tostring(name))) == "train" then return true end
  end
end

-- { accuracy = 0.9, train_accuracy = 0.9 } as a list in the order of the names.
local function milestones_of(where, milestones, known, eval_size, facts)
  local list = {}
  for i, name in ipairs(words.sorted_keys(milestones)) do
    local metric, split = M.metric(tostring(name))
    check_metrics(where, { metric }, known)
    if type(milestones[name]) ~= "number" then
      words.fail(where, "milestones: '%s' must be a number, got %s", name, words.a(words.kind(milestones[name])))
    end
    if split == "" or math.min(eval_size[split], facts[split]) == 0 then
      words.fail(where, "milestones: '%s' is of a split that is not evaluated", name)
    end
    list[i] = { name = name, metric = metric, split = split, at = milestones[name] }
  end
  if #list > 8 then words.fail(where, "milestones: at most 8, got %d", #list) end
  return list
end

-- How the trainer's callbacks call the model: with the inputs, then with the targets for those who read them.
local function callbacks(where, spec, facts, own)
  local names = model.new()
  local inputs = 0
  for _, field in ipairs(facts.fields) do
    if not field.target then inputs = inputs + 1 end
  end
  local most = model.takes(spec.model, inputs)
  local function node(what, value)
    if words.kind(value) == "node" then return value end
    words.fail(where, "the %s must return a node, got %s", what, words.a(words.kind(value)))
  end
  local function predict(...)
    return node("model", spec.model(table.unpack({ ... }, 1, math.min(most, select("#", ...)))))
  end
  local function loss(...)
    local prediction = predict(...)
    if words.kind(spec.loss) == "loss" and select("#", ...) <= inputs then
      words.fail(where, "the task has no target for the loss")
    end
    return node("loss", spec.loss(prediction, select(inputs + 1, ...)))
  end
  local measures = {}
  local function forward(...) return model.within(names, false, predict, ...) end
  for i, name in ipairs(own) do
    local function measure(...)
      return node(("metric '%s'"):format(name), spec.metrics[name](predict(...), select(inputs + 1, ...)))
    end
    measures[i] = function(...) return model.within(names, true, measure, ...) end
  end
  return function(...) return model.within(names, false, loss, ...) end,
    function(...) return model.within(names, true, predict, ...) end, forward, measures
end

-- The monitor by the name that plots use: on the first split that is evaluated.
local function monitored(monitor, eval_size, facts)
  for _, split in ipairs { "valid", "test", "train" } do
    if math.min(eval_size[split], facts[split]) > 0 then return (split == "test" and "" or split .. "_") .. monitor end
  end
  return "training_loss"
end

-- The recipe of an experiment with parameters `p` and what its setup returned.
function M.new(experiment, p, spec)
  local where = experiment.where
  if type(spec) ~= "table" then
    words.fail(where, "setup must return a table, got %s", words.a(words.kind(spec)))
  end
  words.check_table(where, "setup", spec, setup_words)
  for _, word in ipairs { "task", "model", "loss", "optimizer" } do
    if spec[word] == nil then words.fail(where, "setup: '%s' is required", word) end
  end
  if not model.is_callable(spec.model) then
    words.fail(where, "setup: 'model' must be a layer, a function or a chain of them, got a table")
  end
  local train = spec.train or {}
  words.check_table(where, "train", train, train_words)
  words.check_table(where, "stop", train.stop or {}, stop_words)
  local precision = one_of(where, train, "precision", "f32", "bf16")
  local padding = one_of(where, train, "padding", "skip", "keep")
  if train.steps and (train.epochs or train.epoch_size) then
    words.fail(where, "train: 'steps' and 'epochs' both say how long")
  end
  core.open_task(spec.task)
  local facts = core.task_facts(spec.task)
  local batch = batch_of(where, train, facts.train)
  local function count(name, missing, least) return whole(where, "train", train, name, missing, least) end
  local epoch_steps = math.max(1, count("epoch_size", facts.train) // batch)
  local steps = count("steps", count("epochs", 1) * epoch_steps)
  local metrics, own = metrics_of(where, spec.metrics or facts.metrics, facts.metrics)
  local computed = table.move(own, 1, #own, #metrics + 1, table.move(metrics, 1, #metrics, 1, {}))
  local known = table.move(own, 1, #own, #facts.metrics + 1, table.move(facts.metrics, 1, #facts.metrics, 1, {}))
  local monitor = train.monitor or computed[1] or "loss"
  local stop = train.stop or {}
  check_metrics(where, { monitor, stop.metric }, known)
  check_computed(where, "monitor", monitor, computed)
  check_computed(where, "stop.metric", stop.metric, computed)
  local watched = watched_of(where, spec.watch or {})
  check_plots(where, spec.plots or {}, table.move(watched, 1, #watched, #computed + 1, { table.unpack(computed) }))
  local extra = vocabulary.extra(spec.optimizer)
  local eval_size = {
    test = count("eval_size", facts.test, 0), valid = facts.valid,
    train = count("eval_train", of_training(train.milestones or {}) and facts.train or 0, 0),
  }
  local milestones = milestones_of(where, train.milestones or {}, computed, eval_size, facts)
  local loss, predict, forward, measures = callbacks(where, spec, facts, own)
  return {
    experiment = experiment.name, where = where,
    task = spec.task, loss = loss, predict = predict, forward = forward, metric = measures, measured = own,
    optimizer = spec.optimizer, schedule = extra.schedule, groups = extra.groups,
    clip = positive(where, train, "clip"),
    precision = precision, bf16 = precision == "bf16" and core.bf16(), keep_padding = padding == "keep",
    seed = p.seed, batch = batch, steps = steps, epoch_steps = epoch_steps,
    evaluate = count("evaluate", train.steps and math.max(1, steps // 50) or epoch_steps),
    eval_batch = count("eval_batch", math.min(256, math.max(facts.test, facts.valid, 1))),
    eval_size = eval_size,
    watch = spec.watch or {}, watched = watched,
    metrics = metrics, monitor = monitor, monitored = monitored(monitor, eval_size, facts),
    stop_metric = stop.at and (stop.metric or monitor), stop_at = stop.at,
    patience = whole(where, "stop", stop, "patience"),
    milestones = milestones, stop_at_milestones = stop.milestones,
    checkpoint_seconds = type(train.checkpoint) == "number" and positive(where, train, "checkpoint") or nil,
    keeps = train.checkpoint ~= false, -- checkpoints at all
    plots = spec.plots or {}, facts = facts,
  }
end

return M
