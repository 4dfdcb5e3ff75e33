-- stored.lua - a run of the store as it was when it ended, or as it is: parameters, history, task, model.

local core = select(2, ...)
local words = require "mlrt.words"
local experiments = require "mlrt.experiment"
local predict = require "mlrt.predict"
local runs = require "mlrt.run"

local M = {}

-- What the store knows of a run.
local function look_up(id, folder)
  if math.type(id) ~= "integer" then
    words.fail(core.line(), "expected the number of a run, got %s", words.a(words.kind(id)))
  end
  local store <close> = core.store(folder, "read")
  local found = store:summary(id)
  found.history = store:history(id)
  return found
end

-- What the run's script returns, or has declared before its first run.
local function experiment_of(id, found)
  local experiment = experiments.look(core.load, found.script)
  if not experiments.is(experiment) or experiment.name ~= found.experiment then
    experiment = experiments.declared(found.experiment)
  end
  if not experiment then
    words.fail(core.line(), "run %d is of the experiment '%s', which '%s' does not declare before its first run", id,
      found.experiment, found.script)
  end
  return experiment
end

local function checkpoint(run, kind)
  for _, name in ipairs { kind, "last" } do
    local path = ("%s/%s.safetensors"):format(run.folder, name)
    if core.exists(path) then return path end
  end
  words.fail(core.line(), "run %d has kept no checkpoint in '%s'", run.id, run.folder)
end

-- options: store (a folder), checkpoint ("best", or "last"), quiet
function M.open(id, options)
  options = options or {}
  experiments.begin_work()
  local folder = runs.store_folder(options)
  local found = look_up(id, folder)
  local experiment = experiment_of(id, found)
  local given = {}
  for name, json in pairs(found.params) do given[name] = experiments.decoded(json) end
  local run, list = runs.new(experiment, given, { quiet = options.quiet })
  if ("%08x"):format(core.hash(core.read_file(found.script) or "")) ~= found.hash then
    run.progress:note("run %d was made by another version of %s", id, found.script)
  end
  local recipe = runs.build(run, experiment, list)
  predict.prepare(recipe)
  run.id, run.store_folder, run.folder = id, folder, ("%s/%d"):format(folder, id)
  run.status, run.history = found.status, found.history
  run.trainer = core.trainer(recipe)
  run.trainer:load(checkpoint(run, options.checkpoint or "best"))
  return run
end

return M
