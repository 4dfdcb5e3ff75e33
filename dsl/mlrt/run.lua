-- run.lua - an experiment from beginning to end: parameters, recipe, training, store, plots, finish.

local core = select(2, ...)
local words = require "mlrt.words"
local experiments = require "mlrt.experiment"
local progress = require "mlrt.progress"
local recipes = require "mlrt.recipe"

local M = {}

local checked -- why `mlrt check` ended a study before its end
local command = {} -- what the command line said, for every run: { check =, explain =, resume =, quiet =, store = }

-- ---- what a run is for scripts ----

local Run = {}
Run.__index = Run

-- The values of a metric at each evaluation: { step = {...}, epoch = {...}, value = {...} }.
function Run:series(name, split)
  split = split or "test"
  local series = { step = {}, epoch = {}, value = {} }
  for _, row in ipairs(self.history) do
    if row.name == name and row.split == split then
      local n = #series.value + 1
      series.step[n], series.epoch[n], series.value[n] = row.step, row.epoch, row.value
    end
  end
  return series
end

-- The last value of a metric, by the name that plots use: "accuracy", "train_loss".
function Run:metric(name)
  local values = self:series(recipes.metric(name)).value
  if #values > 0 then return values[#values] end
  local known = {}
  for i, row in ipairs(self.history) do known[i] = row.name end
  words.fail(core.line(), "the run has no metric '%s'%s", tostring(name), words.suggestion(name, known))
end

function Run:parameter(name) return self.trainer:parameter(name) end
function Run:parameters() return self.trainer:parameters() end

-- A named node for examples of a split; without a name, the prediction.
--   run:tap("seq2seq.memory", { split = "test", first = 1, count = 100 })
function Run:tap(name, options)
  options = options or {}
  words.check_table(core.line(), "run:tap", options, { split = "string", first = "number", count = "number" })
  return self.trainer:tap(name, options.split or "test", options.first or 1, options.count)
end

-- Take the parameters of a checkpoint of this run, "best" or "last".
function Run:load(kind)
  if not self.folder then words.fail(core.line(), "a run without a store has no checkpoints") end
  self.trainer:load(("%s/%s.safetensors"):format(self.folder, kind))
end

function Run:evaluate() return self.trainer:evaluate() end

-- Draw a plot into the run's folder.
function Run:plot(name, spec)
  if not self.folder then words.fail(core.line(), "a run without a store has no folder for plots") end
  local plot = require "plot"
  local files, problem = plot.render(spec, self.folder .. "/" .. name)
  if problem then self.progress:say("plot: %s", problem) end
  for _, file in ipairs(files) do self:keep("plot", file) end
  return files
end

-- Print a table of named values and keep it.
function Run:table(values)
  local lines, json = {}, {}
  for _, key in ipairs(words.sorted_keys(values)) do
    local value = values[key]
    if type(value) ~= "number" and type(value) ~= "string" and type(value) ~= "boolean" then
      words.fail(core.line(), "run:table: '%s' must be a number, a text or true or false, got %s", tostring(key),
        words.a(words.kind(value)))
    end
    local text = type(value) == "number" and ("%.6g"):format(value) or tostring(value)
    lines[#lines + 1] = ("  %-28s %s"):format(key, text)
    json[#json + 1] = experiments.json(tostring(key)) .. ": " .. experiments.json(value)
  end
  self.progress:say("%s", table.concat(lines, "\n"))
  if self.folder then
    core.write_file(self.folder .. "/table.json", "{" .. table.concat(json, ", ") .. "}\n")
    self:keep("table", self.folder .. "/table.json")
  end
end

-- Record a file of the run's folder in the store.
function Run:keep(kind, path)
  if self.store then self.store:artifact(self.id, kind, path:sub(#self.store_folder + 2)) end
end

function Run:close()
  self.trainer:close()
end

-- ---- the parts of a run ----

local function fingerprint(text) return ("%08x"):format(core.hash(text or "")) end

local function fact_list()
  local facts, list = core.facts(), {}
  for i, name in ipairs(words.sorted_keys(facts)) do list[i] = { name = name, value = facts[name] } end
  return list
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

local function store_folder(options)
  if options.store == false then return nil end
  return options.store or core.environment "MLRT_STORE" or "runs"
end

-- Open the store, and begin or take up a run in it.
local function enter_store(run, experiment, list, options)
  local folder = store_folder(options)
  if not folder then return end
  local script, text = core.script()
  run.store, run.store_folder = core.store(folder), folder
  if options.resume then
    run.id = run.store:resumable(experiment.name, list)
    if not run.id and options.resume == true then
      words.fail(nil, "nothing to resume: '%s' holds no interrupted run of '%s' with these parameters", folder,
        experiment.name)
    end
  end
  if run.id then
    run.store:resume(run.id)
  else
    run.id = run.store:begin { experiment = experiment.name, script = script or "", hash = fingerprint(text),
                               seed = run.params.seed, params = list, facts = fact_list() }
  end
  run.folder = ("%s/%d"):format(folder, run.id)
  core.make_folder(run.folder)
end

-- Continue where the last checkpoint was written; a run that died before its first one starts again.
local function take_up(run)
  local path = run.folder .. "/last.safetensors"
  if not core.exists(path) then return end
  run.trainer:resume(path)
  local step = run.trainer:step()
  local history, hash = run.store:history(run.id)
  for _, row in ipairs(history) do
    if row.step <= step then run.history[#run.history + 1] = row end
  end
  local script, text = core.script()
  if hash ~= fingerprint(text) then
    run.progress:note("run %d was begun with another version of %s", run.id, script)
  end
  run.progress:note("resuming run %d after step %s", run.id, progress.grouped(step))
end

local function observer(run)
  return {
    progress = function(r) run.progress:step(r) end,
    evaluated = function(r)
      local rows = {}
      for i, m in ipairs(r.measures) do rows[i] = m end
      rows[#rows + 1] = { name = "training_loss", split = "", value = r.loss }
      for _, row in ipairs(rows) do
        run.history[#run.history + 1] =
          { step = r.step, epoch = r.epoch, split = row.split, name = row.name, value = row.value }
      end
      if run.store then run.store:metrics(run.id, r.step, r.epoch, rows) end
      run.progress:evaluation(r)
    end,
    saved = function(path) run:keep("checkpoint", path) end,
  }
end

-- The plots that setup asked for: curves of metrics get their data here.
local function draw(run, plots)
  if #plots == 0 or not run.folder then return end
  local plot = require "plot"
  for i, spec in ipairs(plots) do
    if spec.metrics then
      local series = {}
      for k, name in ipairs(spec.metrics) do
        local s = run:series(recipes.metric(name))
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

local function build(experiment, overrides, options)
  local values, list = experiment:resolve(overrides or {})
  local run = { name = experiment.name, params = values, history = {}, progress = progress.new(options.quiet) }
  setmetatable(run, Run)
  core.seed(values.seed)
  local recipe = recipes.new(experiment, values, experiment.setup(values))
  recipe.parameters = parameters_json(list)
  run.task = recipe.task
  return run, recipe, list
end

-- Everything that a run does before its first step; nothing is stored.
function M.check(experiment, overrides)
  local run, recipe, list = build(experiment, overrides, command)
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

-- The store may be what failed: then its own complaint about being told so is not the news.
local function failed(run, message)
  if run.store then pcall(run.store.finish, run.store, run.id, "failed", message) end
  error(message, 0)
end

-- Train an experiment and return the run. A run that fails raises; one that is interrupted comes back with its status
-- "stopped".
function M.run(what, overrides, options)
  local experiment
  experiment, overrides, options = arguments(what, overrides, options)
  if command.check then
    M.check(experiment, overrides)
    checked = "a study is checked up to its first run"
    error(checked, 0)
  end
  local run, recipe, list = build(experiment, overrides, options)
  enter_store(run, experiment, list, options)
  recipe.folder = run.folder
  local ok, trainer = pcall(core.trainer, recipe)
  if not ok then failed(run, trainer) end
  run.trainer = trainer
  run.progress:say("%s", progress.summary(experiment, recipe, trainer, given_parameters(list)))
  if options.resume then take_up(run) end
  local message
  run.status, message = trainer:run(observer(run))
  run.progress:clear()
  if run.status == "failed" then failed(run, message) end
  if run.store then run.store:finish(run.id, run.status, message) end
  if run.status == "stopped" then
    core.write("err", ("%s; to go on: %s\n"):format(message, resume_command(run, options, list)))
    return run
  end
  draw(run, recipe.plots)
  if experiment.finish then experiment.finish(run) end
  if run.folder then run.progress:say("run %d in %s", run.id, run.folder) end
  return run
end

-- ---- the command ----

function M.configure(options) command = options end

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

-- What `mlrt run` and `mlrt check` do with what a script returned. Gives "stopped" when the user interrupted it,
-- "usage" and a message when the command line is wrong.
function M.command(value, list)
  local script = core.script()
  if value == nil then
    if #list > 0 then
      return "usage", ("%s: the script returns no experiment that could take '%s'"):format(script, list[1])
    end
    return core.interrupted() and "stopped"
  end
  if not experiments.is(value) then
    words.fail(script, "the script must return an experiment made by mlrt.experiment, got %s",
      words.a(words.kind(value)))
  end
  local fine, overrides = pcall(assignments, value, list)
  if not fine then return "usage", overrides end
  if command.check then return M.check(value, overrides) end
  local run = M.run(value, overrides, { resume = command.resume })
  run:close()
  return run.status
end

return M
