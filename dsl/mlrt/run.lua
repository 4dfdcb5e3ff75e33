-- run.lua - an experiment from beginning to end: parameters, recipe, training, store, plots, finish. What scripts hold
-- of a run is in handle.lua.

local core = select(2, ...)
local words = require "mlrt.words"
local experiments = require "mlrt.experiment"
local facts = require "mlrt.facts"
local handle = require "mlrt.handle"
local observers = require "mlrt.observer"
local progress = require "mlrt.progress"
local recipes = require "mlrt.recipe"

local M = {}

local checked -- why `mlrt check` ended a study before its end
local command = {} -- what the command line said, for every run: { check =, explain =, resume =, quiet =, store = ... }

local function close_store(run)
  if run.store then run.store:close() end
  run.store = nil
end

-- Which milestones the run has passed, in which step: { accuracy = 1530 }.
local function milestones_of(run, recipe)
  local steps, passed = run.trainer:milestones(), {}
  for i, milestone in ipairs(recipe.milestones) do
    if steps[i] > 0 then passed[milestone.name] = steps[i] end
  end
  return passed
end

-- What the experiment expects, from its paper, beside what the run's tables and metrics say.
local function compare(run, experiment)
  local expect = experiment.expect
  if type(expect) == "function" then expect = expect(run.params) end
  if not expect then return end
  local function text(value)
    return value == nil and "-" or type(value) == "number" and ("%.6g"):format(value) or tostring(value)
  end
  local lines = { ("  %-28s %-10s %s"):format("", "paper", "here") }
  for _, name in ipairs(words.sorted_keys(expect)) do
    local values = run:series(name).value
    local here = run.found[name]
    if here == nil then here = values[#values] end
    lines[#lines + 1] = ("  %-28s %-10s %s"):format(name, text(expect[name]), text(here))
  end
  run.progress:say("%s", table.concat(lines, "\n"))
end

-- ---- the parts of a run ----

-- What tells this version of the script from others.
function M.script_hash()
  local _, text = core.script()
  return ("%08x"):format(core.hash(text or ""))
end

local function parameters_json(list)
  local parts = {}
  for i, p in ipairs(list) do parts[i] = ('"%s": %s'):format(p.name, p.value) end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function given_parameters(list)
  local given = {}
  for _, p in ipairs(list) do
    if p.given then given[#given + 1] = p.name .. " = " .. p.value end
  end
  return given
end

-- The folder of the store; nil: none.
function M.store_folder(options)
  if options.store == false then return nil end
  return options.store or core.environment "MLRT_STORE" or "runs"
end

local function last_checkpoint(run) return run.folder .. "/last.safetensors" end

local function open_store(run, options)
  local folder = M.store_folder(options)
  if folder then run.store, run.store_folder = core.store(folder, options.worker and "worker" or "write"), folder end
  return run.store
end

local function set_folder(run, id)
  run.id, run.folder = id, ("%s/%d"):format(run.store_folder, id)
end

-- How the store is told of a run.
local function description(run, experiment, list)
  return { experiment = experiment.name, script = core.script() or "", hash = M.script_hash(), seed = run.params.seed,
           params = list, facts = facts.list() }
end

-- Look for a run of these parameters to go on with. One that is done is taken as it is when there may be none to go on
-- with, and when it has kept its parameters: a study that is resumed does not train it again.
local function find_earlier(run, experiment, list, options)
  local id, status
  if options.resume == true then
    id = run.store:find(experiment.name, list, true)
    if id then return set_folder(run, id) end
    words.fail(nil, "nothing to resume: '%s' holds no interrupted run of '%s' with these parameters", run.store_folder,
      experiment.name)
  end
  id, status = run.store:find(experiment.name, list, false)
  if status == "running" then id = run.store:find(experiment.name, list, true) end
  if not id then return end
  set_folder(run, id)
  run.finished = status == "done"
  if run.finished and not core.exists(last_checkpoint(run)) then run.id, run.finished = nil, false end
end

-- Open the store, and begin or take up a run in it.
local function enter_store(run, experiment, list, options)
  if not open_store(run, options) then return end
  if options.resume then find_earlier(run, experiment, list, options) end
  if not run.id then
    set_folder(run, run.store:begin(description(run, experiment, list)))
  elseif not run.finished then
    run.store:resume(run.id)
  end
  core.make_folder(run.folder)
end

-- Continue where the last checkpoint was written; a run that died before its first one starts again.
local function take_up(run)
  if not core.exists(last_checkpoint(run)) then return end
  run.trainer:resume(last_checkpoint(run))
  local step = run.trainer:step()
  local history, hash = run.store:history(run.id)
  for _, row in ipairs(history) do
    if row.step <= step then run.history[#run.history + 1] = row end
  end
  if hash ~= M.script_hash() then
    run.progress:note("run %d was begun with another version of %s", run.id, (core.script()))
  end
  if run.finished then
    run.progress:say("run %d is done already", run.id)
  else
    run.progress:note("resuming run %d after step %s", run.id, progress.grouped(step))
  end
end

-- The plots that setup asked for: curves of metrics get their data here.
local function draw(run, plots)
  if #plots == 0 or not run.folder then return end
  local plot = require "plot"
  for i, spec in ipairs(plots) do
    if spec.metrics then
      local series = {}
      for k, name in ipairs(spec.metrics) do
        local s = run:series(name)
        series[k] = { name, spec.over == "step" and s.step or s.epoch, s.value }
      end
      spec = plot.curves_of(spec, series)
    end
    local files = run:plot(i == 1 and "curves" or "curves_" .. i, spec)
    run.progress:say("plot: %s", table.concat(files, " "))
  end
end

-- A word of a shell's command line.
local function quoted(text)
  return text:match "^[%w_%-+./:,=@]+$" or "'" .. text:gsub("'", "'\\''") .. "'"
end

-- What to type to go on with a run.
local function resume_command(run, options, list)
  local parts = { "mlrt run --resume" }
  if options.store then parts[2] = "--store " .. quoted(options.store) end
  parts[#parts + 1] = quoted((core.script()))
  for _, p in ipairs(list) do
    local value = run.params[p.name]
    if p.given then parts[#parts + 1] = quoted(p.name .. "=" .. (type(value) == "string" and value or p.value)) end
  end
  return table.concat(parts, " ")
end

function M.new(experiment, overrides, options)
  local values, list = experiment:resolve(overrides or {})
  local run = { name = experiment.name, params = values, history = {}, unkept = {}, found = {},
                progress = progress.new(options.quiet) }
  return handle.new(run), list
end

function M.build(run, experiment, list)
  core.seed(run.params.seed)
  local recipe = recipes.new(experiment, run.params, experiment.setup(run.params))
  recipe.parameters = parameters_json(list)
  run.task = recipe.task
  run.examples = { train = recipe.facts.train, valid = recipe.facts.valid, test = recipe.facts.test }
  return recipe
end

-- An experiment that trains nothing: all it does is in its function `run`, and what its tasks say is its result, or a
-- table of values that it returns.
local function compute(run, experiment, list)
  core.seed(run.params.seed)
  core.listen(not run.progress.quiet and "out" or nil)
  run.progress:say("%s", progress.title(experiment, given_parameters(list)))
  local found = experiment.run(run.params)
  if found ~= nil and type(found) ~= "table" then
    words.fail(experiment.where, "run: expected a table of values or nothing, got %s", words.a(words.kind(found)))
  end
  if found and next(found) then run:table(found) end
  compare(run, experiment)
  run.status = "done"
  return found or {}
end

-- Everything that a run does before its first step; nothing is stored.
function M.check(experiment, overrides)
  local run, list = M.new(experiment, overrides, command)
  if experiment.run then
    run.progress:say("%s", progress.title(experiment, given_parameters(list)))
    return
  end
  local recipe = M.build(run, experiment, list)
  run.trainer = core.trainer(recipe)
  run.progress:say("%s", progress.summary(experiment, recipe, run.trainer, given_parameters(list)))
  if command.explain then run.trainer:explain(command.explain) end
  run:close()
end

-- The arguments of mlrt.run: an experiment (or the path of one), parameters to change, options.
local function arguments(what, overrides, options)
  if type(what) == "string" then what = require("mlrt").load(what) end
  if not experiments.is(what) then
    words.fail(core.line(), "mlrt.run takes an experiment or the path of one, got %s", words.a(words.kind(what)))
  end
  options = options or {}
  local known = { quiet = "boolean", store = "string boolean", resume = "boolean" }
  words.check_table(core.line(), "mlrt.run", options, known)
  return what, overrides or {}, {
    quiet = options.quiet or command.quiet,
    store = options.store == nil and command.store or options.store,
    resume = options.resume or command.resume and "if there is one",
  }
end

-- A value to be closed: an error that passes by is the run's end. The store may be what failed; then its own complaint
-- about being told so is not the news.
local function failure_of(run)
  return setmetatable({}, { __close = function(_, problem)
    if not problem or not run.id or run.finished then return end
    pcall(observers.keep, run)
    local message = tostring(problem):match "^[^\n]*"
    pcall(handle.with_store, run, function(store) store:finish(run.id, "failed", message) end)
    close_store(run)
  end })
end

-- From the trainer to the end of `finish`, with a run that has its place in the store if it has one.
local function train(run, experiment, recipe, list, options)
  recipe.folder = recipe.keeps and run.folder
  run.trainer = core.trainer(recipe)
  run.progress:say("%s", progress.summary(experiment, recipe, run.trainer, given_parameters(list)))
  if options.resume and run.store then take_up(run) end
  if run.trainer:step() == 0 then observers.watch(run, recipe, 0, 0) end
  local status, message = run.trainer:run(observers.new(run, recipe))
  run.progress:clear()
  if status == "failed" then error(message, 0) end
  run.status, run.milestones = status, milestones_of(run, recipe)
  if status == "done" then
    if not run.finished then draw(run, recipe.plots) end
    if experiment.finish then experiment.finish(run) end
    compare(run, experiment)
  end
  observers.keep(run)
  if run.store and not run.finished then
    facts.keep(run.store, run.id)
    run.store:finish(run.id, status, message)
  end
  close_store(run)
  return message
end

-- Train an experiment and return the run. A run that fails raises; one that is interrupted comes back with its status
-- "stopped".
function M.run(what, changes, given)
  local experiment, overrides, options = arguments(what, changes, given)
  if command.check then
    M.check(experiment, overrides)
    checked = "a study is checked up to its first run"
    error(checked, 0)
  end
  experiments.begin_work()
  local run, list = M.new(experiment, overrides, options)
  if experiment.run then
    compute(run, experiment, list)
    return run
  end
  local recipe = M.build(run, experiment, list)
  enter_store(run, experiment, list, options)
  local failure <close> = failure_of(run) -- luacheck: ignore
  local message = train(run, experiment, recipe, list, options)
  if run.status == "stopped" then
    core.write("err", ("%s; to go on: %s\n"):format(message, resume_command(run, options, list)))
  elseif run.folder then
    run.progress:say("run %d in %s", run.id, run.folder)
  end
  return run
end

-- A point of a sweep that trains nothing. It may train other runs, so the store is not kept open. Its end may have been
-- hastened.
local function compute_point(run, experiment, list)
  close_store(run)
  local monitored = words.sorted_keys(compute(run, experiment, list))[1]
  if core.interrupted() then run.status = "stopped" end
  handle.with_store(run, function(store)
    if monitored then store:facts(run.id, { { name = "monitor", value = monitored } }) end
    facts.keep(store, run.id)
    store:finish(run.id, run.status)
  end)
  return run.status
end

-- A point of a sweep: the same in a process of its own, for a run that no other process has claimed. What it says goes
-- to a file in its folder. Gives its status; of a run that is not ours, that of the other one.
--   options: store, worker, retry (what failed, too), fresh (begin anew, whatever there is); begun(id) and
--   watched(step, steps), which are called
function M.point(experiment, overrides, options)
  local run, list = M.new(experiment, overrides, {})
  open_store(run, options)
  local id, status
  if options.fresh then
    id = run.store:begin(description(run, experiment, list))
  else
    id, status = run.store:claim(description(run, experiment, list), options.retry)
  end
  options.begun(id)
  if status then return status end
  local failure <close> = failure_of(run) -- luacheck: ignore
  set_folder(run, id)
  core.make_folder(run.folder)
  core.redirect(run.folder .. "/log.txt")
  run.watched = options.watched
  if experiment.run then return compute_point(run, experiment, list) end
  local recipe = M.build(run, experiment, list)
  run.store:facts(run.id, { { name = "monitor", value = recipe.monitored } })
  local message = train(run, experiment, recipe, list, { resume = true })
  if run.status == "stopped" then return run.status, message end
  return run.status, ("%s %s"):format(recipe.monitored, progress.number(run:metric(recipe.monitored)))
end

-- ---- the command ----

function M.configure(options)
  command = options
  core.listen(not options.quiet and "err" or nil)
end

-- Whether a script that raised did so because it was only to be checked.
function M.was_checked()
  if checked then core.write("out", checked, "\n") end
  return checked ~= nil
end

-- "lr=1e-3" ...: checked against the experiment's parameters.
local function assignments(experiment, list)
  local overrides = {}
  for _, text in ipairs(list) do
    local name, value = text:match "^([^=]+)=(.*)$"
    if not name then words.fail(nil, "a parameter is given as name=value, got '%s'", text) end
    if overrides[name] then words.fail(nil, "parameter '%s' is given twice", name) end
    overrides[name] = value
  end
  experiment:resolve(overrides)
  return overrides
end

-- The experiment that a script returned.
function M.returned(value)
  if not experiments.is(value) then
    words.fail(core.script(), "the script must return an experiment made by mlrt.experiment, got %s",
      words.a(words.kind(value)))
  end
  return value
end

-- What `mlrt run` and `mlrt check` do with what a script returned. Gives "stopped" when the user interrupted it,
-- "usage" and a message when the command line is wrong.
function M.command(value, list)
  if value == nil then
    if #list > 0 then
      return "usage", ("%s: the script returns no experiment that could take '%s'"):format(core.script(), list[1])
    end
    return core.interrupted() and "stopped"
  end
  local fine, overrides = pcall(assignments, M.returned(value), list)
  if not fine then return "usage", overrides end
  if command.check then return M.check(value, overrides) end
  local run = M.run(value, overrides, { resume = command.resume })
  run:close()
  return run.status
end

return M
