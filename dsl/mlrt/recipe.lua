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
  metrics = "table",           -- names of the task's metrics; all of them by default
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
  stop = "table",                           -- { metric = "accuracy", at = 0.99, patience = 10 }
  checkpoint = "number",                    -- seconds between checkpoints, besides those at evaluations
  precision = "string",
}

local stop_words = { metric = "string", at = "number", patience = "number" }

local function positive(where, t, name, missing, least)
  local value = t[name]
  if value == nil then return missing end
  local whole = math.tointeger(value)
  if not whole or whole < (least or 1) then
    words.fail(where, "'%s' of train must be a whole number of at least %d, got %s", name, least or 1, tostring(value))
  end
  return whole
end

local function batch_of(where, train, examples)
  local batch = train.batch or math.min(32, examples)
  if batch == "full" then return examples end
  if type(batch) == "string" then
    words.fail(where, "'batch' of train must be a number or \"full\", got '%s'", batch)
  end
  batch = positive(where, train, "batch", batch)
  if batch > examples then
    words.fail(where, "a batch of %d needs as many training examples, there are %d (batch = \"full\" takes them all)",
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

-- How the trainer's callbacks call the model: with the inputs, then with the targets for those who read them.
local function callbacks(where, spec, facts)
  local names = model.new()
  local inputs = 0
  for _, field in ipairs(facts.fields) do
    if not field.target then inputs = inputs + 1 end
  end
  local most = math.huge
  if words.kind(spec.model) == "layer" then
    local takes, first_target = core.layer_inputs(spec.model)
    most = first_target > 0 and takes or math.min(takes, inputs)
  end
  local function predict(...)
    return spec.model(table.unpack({ ... }, 1, math.min(most, select("#", ...))))
  end
  local function loss(...)
    local prediction = predict(...)
    if words.kind(spec.loss) == "loss" and select("#", ...) <= inputs then
      words.fail(where, "the task has no target for the loss")
    end
    return spec.loss(prediction, select(inputs + 1, ...))
  end
  return function(...) return model.within(names, false, loss, ...) end,
    function(...) return model.within(names, true, predict, ...) end
end

local function check_callable(where, spec)
  local meta = getmetatable(spec.model)
  if type(spec.model) == "table" and not (type(meta) == "table" and meta.__call) then
    words.fail(where, "'model' must be a layer, a function or a chain, got a table")
  end
end

-- The recipe of an experiment with parameters `p` and what its setup returned.
function M.new(experiment, p, spec)
  local where = experiment.where
  words.check_table(where, "what setup returns", spec, setup_words)
  for _, word in ipairs { "task", "model", "loss", "optimizer" } do
    if spec[word] == nil then words.fail(where, "setup returns no '%s'", word) end
  end
  check_callable(where, spec)
  local train = spec.train or {}
  words.check_table(where, "train", train, train_words)
  words.check_table(where, "stop", train.stop or {}, stop_words)
  if (train.precision or "f32") ~= "f32" then
    words.fail(where, "'precision' of train must be \"f32\", got \"%s\"", train.precision)
  end
  core.open_task(spec.task)
  local facts = core.task_facts(spec.task)
  local batch = batch_of(where, train, facts.train)
  local epoch_size = positive(where, train, "epoch_size", facts.train)
  local epoch_steps = math.max(1, epoch_size // batch)
  local steps = positive(where, train, "steps", positive(where, train, "epochs", 1) * epoch_steps)
  local metrics = spec.metrics or facts.metrics
  check_metrics(where, metrics, facts.metrics)
  local monitor = train.monitor or metrics[1] or "loss"
  local stop = train.stop or {}
  check_metrics(where, { monitor, stop.metric }, facts.metrics)
  local extra = vocabulary.extra(spec.optimizer)
  local loss, predict = callbacks(where, spec, facts)
  return {
    experiment = experiment.name,
    task = spec.task, loss = loss, predict = predict,
    optimizer = spec.optimizer, schedule = extra.schedule, groups = extra.groups, clip = train.clip,
    seed = p.seed, batch = batch, steps = steps, epoch_steps = epoch_steps,
    evaluate = positive(where, train, "evaluate", train.steps and math.max(1, steps // 50) or epoch_steps),
    eval_batch = positive(where, train, "eval_batch", math.min(256, math.max(facts.test, facts.valid, 1))),
    eval_size = {
      test = positive(where, train, "eval_size", facts.test, 0),
      valid = facts.valid,
      train = positive(where, train, "eval_train", 0, 0),
    },
    metrics = metrics, monitor = monitor,
    stop_metric = stop.at and (stop.metric or monitor), stop_at = stop.at, patience = stop.patience,
    checkpoint_seconds = train.checkpoint,
    plots = spec.plots or {}, facts = facts,
  }
end

return M
