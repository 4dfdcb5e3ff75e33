-- sweep.lua - an experiment at every point of a grid, by processes that each have a core.
--
-- A point is an experiment with some of its parameters given. Its run is found in the store by its identity, the hash of
-- all parameters: what is done is not done again. The parent has loaded the script; each point is a fork of it, which
-- claims its run, trains it and ends. The parent itself opens the store only while it does not fork.

local core = select(2, ...)
local axis = require "mlrt.axis"
local experiments = require "mlrt.experiment"
local grid = require "mlrt.grid"
local progress = require "mlrt.progress"
local results = require "mlrt.results"
local runs = require "mlrt.run"
local words = require "mlrt.words"

local M = {}

local MOST_LINES = 10 -- failures that are listed
local MOST_ALIKE = 10 -- points that fail before their first step, the first ones of all, end the sweep

-- ---- the points ----

local Sweep = {}
Sweep.__index = Sweep

-- The number of the value on each axis, for point i; the last axis changes fastest.
function Sweep:indices(i)
  local at, rest = {}, i - 1
  for a = #self.axes, 1, -1 do
    local n = #self.axes[a].values
    at[a], rest = rest % n + 1, rest // n
  end
  return at
end

function Sweep:overrides(i)
  local at, overrides = self:indices(i), {}
  for name, value in pairs(self.fixed) do overrides[name] = value end
  for a, k in ipairs(at) do
    local here = self.axes[a]
    if here.points then
      for name, value in pairs(here.points[k]) do overrides[name] = value end
    else
      overrides[here.name] = here.values[k]
    end
  end
  return overrides
end

-- "lr=0.001 seed=3"; `from`: the first axis that is named.
function Sweep:label(i, from)
  local parts, at = {}, self:indices(i)
  for a = from or 1, #self.axes do
    local here = self.axes[a]
    local value = axis.text(here.values[at[a]])
    parts[#parts + 1] = here.points and value or here.name .. "=" .. value
  end
  return table.concat(parts, " ")
end

-- ---- what is asked for ----

local sweep_words = { axes = "table", points = "table", metric = "string", plot = "function" }

-- What the experiment says of its sweep, for the parameters that the user fixed.
local function declared(experiment, fixed)
  local said = experiment.sweep
  if type(said) == "function" then said = said((experiment:resolve(fixed))) end
  said = said or {}
  words.check_table(experiment.where, "sweep", said, sweep_words)
  return said
end

local function assignment(text)
  local name, value = text:match "^([^=]+)=(.*)$"
  if not name then words.fail(nil, "a parameter is given as name=value, got '%s'", text) end
  return name, value
end

-- The command line: parameters that have one value, and axes, in their order.
local function given(experiment, list)
  local fixed, axes, seen = {}, {}, {}
  for _, text in ipairs(list) do
    local name, value = assignment(text)
    if seen[name] then words.fail(nil, "axis '%s' is given twice", name) end
    seen[name] = true
    local a = axis.parse(experiment, name, value)
    if #a.values == 1 then fixed[name] = a.values[1] else axes[#axes + 1] = a end
  end
  return fixed, axes
end

-- An axis of the script: "lr=1e-5..1e-2@log:20", or { "order", "a", "b" }.
local function scripted(experiment, item)
  if type(item) == "string" then return axis.parse(experiment, assignment(item)) end
  if type(item) ~= "table" or type(item[1]) ~= "string" then
    words.fail(experiment.where, "sweep: an axis is a text as on the command line, or { name, value, ... }, got %s",
      words.a(words.kind(item)))
  end
  return axis.of_values(experiment, item[1], { table.unpack(item, 2) })
end

-- The list of points of a script as one axis: what is said of a point, and the names of all parameters it may set.
local function points_axis(experiment, points)
  local a = { name = "point", names = {}, values = {}, points = {}, number = false, log = false }
  local all = {}
  for i, point in ipairs(points) do
    if type(point) ~= "table" then
      words.fail(experiment.where, "sweep: a point is a table of parameters, got %s", words.a(words.kind(point)))
    end
    local parts = {}
    a.points[i] = {}
    for _, name in ipairs(words.sorted_keys(point)) do
      local value = experiment:accept(name, point[name])
      a.points[i][name], all[name] = value, true
      parts[#parts + 1] = name .. "=" .. axis.text(value)
    end
    a.values[i] = #parts > 0 and table.concat(parts, " ") or "default"
  end
  a.names = words.sorted_keys(all)
  return #points > 0 and a or nil
end

-- Axes of the script, in whose place those of the command line stand, then the others of the command line.
local function joined(experiment, said, fixed, axes)
  local all, mine = {}, {}
  for _, a in ipairs(axes) do mine[a.name] = a end
  for _, item in ipairs(said.axes or {}) do
    local a = scripted(experiment, item)
    if not fixed[a.name] then all[#all + 1] = mine[a.name] or a end
    mine[a.name] = nil
  end
  for _, a in ipairs(axes) do
    if mine[a.name] then all[#all + 1] = a end
  end
  local points = points_axis(experiment, said.points or {})
  all[#all + 1] = points
  local taken = {}
  for _, a in ipairs(all) do
    for _, name in ipairs(a.names or { a.name }) do
      if taken[name] or a == points and fixed[name] ~= nil then
        words.fail(nil, "parameter '%s' is set by two axes, or by an axis and the sweep's points", name)
      end
      taken[name] = true
    end
  end
  return all
end

local function new(experiment, list)
  local fixed, axes = given(experiment, list)
  local said = declared(experiment, fixed)
  local self = setmetatable({ experiment = experiment, fixed = fixed, said = said, total = 1 }, Sweep)
  self.axes = joined(experiment, said, fixed, axes)
  if #self.axes == 0 then
    words.fail(nil, "nothing to sweep: expected an axis, as in lr=1e-4,1e-3 or seed=0..4")
  end
  for _, a in ipairs(self.axes) do self.total = self.total * #a.values end
  if self.total > axis.MOST then
    words.fail(nil, "the sweep has %s points, at most %s are possible", progress.grouped(self.total),
      progress.grouped(axis.MOST))
  end
  experiment:resolve(self:overrides(1))
  return self
end

-- "lr 1e-05 .. 0.01 (20 values, logarithmic)"
local function described(a)
  local first, last = axis.text(a.values[1]), axis.text(a.values[#a.values])
  if #a.values <= 6 then
    local texts = {}
    for i, value in ipairs(a.values) do texts[i] = axis.text(value) end
    return a.name .. " " .. table.concat(texts, ", ")
  end
  return ("%s %s .. %s (%d values%s)"):format(a.name, first, last, #a.values, a.log and ", logarithmic" or "")
end

-- ---- what is there already ----

-- For each point: its state, its run, and how it is to be run.
local function plan(sweep, folder, options)
  local store <close> = core.store(folder)
  local there, hash, seen = store:outcomes(sweep.experiment.name), runs.script_hash(), {}
  local p = { state = {}, run = {}, fresh = {}, todo = {}, done = 0, failed = 0, other = 0 }
  for i = 1, sweep.total do
    local _, list = sweep.experiment:resolve(sweep:overrides(i))
    local identity = core.identity(sweep.experiment.name, list)
    if seen[identity] then
      words.fail(nil, "two points of the sweep are the same: %s and %s", sweep:label(seen[identity]), sweep:label(i))
    end
    seen[identity] = i
    local found = not options.fresh and there[identity] or nil
    local status = found and found.status
    if status == "done" then
      p.state[i], p.run[i], p.done = "done", found.run, p.done + 1
      if found.hash ~= hash then p.other = p.other + 1 end
    elseif status == "failed" and found.hash == hash and not options.retry then
      p.state[i], p.run[i], p.failed = "failed", found.run, p.failed + 1
    else
      -- what failed with another version of the script has nothing to go on from
      p.fresh[i] = options.fresh or status == "failed" and found.hash ~= hash
      p.state[i], p.todo[#p.todo + 1] = "waiting", i
    end
  end
  return p
end

-- ---- the work ----

-- In a process of its own.
local function work(sweep, i, folder, fresh, retry, card)
  return runs.point(sweep.experiment, sweep:overrides(i), {
    store = folder, fresh = fresh, retry = retry,
    begun = function(id) core.report(card, { id = id }) end,
    watched = function(step, steps) core.report(card, { step = step, steps = steps }) end,
  })
end

local states = { done = "done", stopped = "stopped", failed = "failed", crashed = "crashed", running = "elsewhere" }

-- A process that broke down by itself (a fault in a plugin, say) has failed; one that was killed can go on.
local function record_crash(folder, run, signal, message)
  local outside = { [1] = true, [2] = true, [9] = true, [15] = true }
  if run == 0 or outside[signal] then return end
  local store <close> = core.store(folder)
  store:finish(run, "failed", message)
end

-- Run all that is to be run. Gives a message when it makes no sense to go on.
local function conduct(sweep, p, folder, options)
  local jobs = math.min(options.jobs or core.cores(), #p.todo)
  local workers <close> = core.workers(jobs)
  local display = grid.new(sweep, p.state, #p.todo, jobs, options.quiet)
  local at, next_one, told, early = {}, 1, false, 0
  local function start(slot)
    local i = p.todo[next_one]
    next_one, at[slot], p.state[i] = next_one + 1, i, "running"
    display:started(slot, i)
    workers:start(slot, work, sweep, i, folder, p.fresh[i], options.retry)
  end
  local function ended(slot, outcome, message, run, signal)
    local i = at[slot]
    local _, step = workers:look(slot)
    p.state[i], p.run[i] = states[outcome] or "failed", run > 0 and run or nil
    if outcome == "crashed" then record_crash(folder, run, signal, message) end
    early = early and outcome == "failed" and step == 0 and early + 1
    display:ended(slot, message)
    return early and (early == MOST_ALIKE or early == #p.todo) and message or nil
  end
  local hopeless
  repeat
    while not hopeless and not core.interrupted() and next_one <= #p.todo and workers:free() do start(workers:free()) end
    local slot, outcome, message, run, signal = workers:wait(0.2)
    if slot then hopeless = ended(slot, outcome, message, run, signal) or hopeless end
    if core.interrupted() and not told then
      workers:stop()
      told = true
    end
    display:update(function(k) return select(2, workers:look(k)) end)
  until workers:busy() == 0 and (hopeless or core.interrupted() or next_one > #p.todo)
  display:close()
  return hopeless
end

-- ---- what is said ----

local function sweep_folder(sweep, folder)
  local list = {}
  for name, value in pairs(sweep.fixed) do list[#list + 1] = { name = name, value = experiments.json(value) } end
  for _, a in ipairs(sweep.axes) do
    local texts = {}
    for i, value in ipairs(a.values) do texts[i] = experiments.json(value) end
    list[#list + 1] = { name = a.name, value = table.concat(texts, ",") }
  end
  return ("%s/sweeps/%s-%s"):format(folder, sweep.experiment.name,
    core.identity(sweep.experiment.name, list):sub(1, 8))
end

local function count(p, word)
  local n = 0
  for _, state in ipairs(p.state) do if state == word then n = n + 1 end end
  return n
end

local function say(options, format, ...)
  if not options.quiet and not options.json then core.write("out", format:format(...), "\n") end
end

local function introduce(sweep, p, options)
  local experiment, parts = sweep.experiment, {}
  say(options, "%s%s", experiment.name, experiment.doc and ": " .. experiment.doc or "")
  for i, a in ipairs(sweep.axes) do parts[i] = described(a) end
  say(options, "sweep: %s", table.concat(parts, "; "))
  local line = { ("%s points"):format(progress.grouped(sweep.total)) }
  if p.done > 0 then line[#line + 1] = ("%s are done"):format(progress.grouped(p.done)) end
  if p.failed > 0 then line[#line + 1] = ("%s failed before (--retry runs them again)"):format(progress.grouped(p.failed)) end
  if #p.todo > 0 then
    local jobs = math.min(options.jobs or core.cores(), #p.todo)
    line[#line + 1] = ("%s to run, %d at a time"):format(progress.grouped(#p.todo), jobs)
  end
  say(options, "%s", table.concat(line, ", "))
  if p.other > 0 and not options.quiet then
    core.write("err", ("%s of the points were run with another version of %s (--fresh runs them again)\n"):format(
      progress.grouped(p.other), (core.script())))
  end
end

-- Those that failed, with the reason.
local function complain(sweep, found, p)
  local said = 0
  for i, point in ipairs(found.points) do
    if p.state[i] == "failed" or p.state[i] == "crashed" then
      said = said + 1
      if said <= MOST_LINES then
        core.write("err", ("%s: %s (run %s)\n"):format(sweep:label(i), point.message or "its process was killed",
          point.run or "not begun"))
      end
    end
  end
  if said > MOST_LINES then
    core.write("err", ("and %s more: see the column message of the table\n"):format(progress.grouped(said - MOST_LINES)))
  end
end

-- The table, the pictures and what else the script draws.
local function conclude(sweep, p, folder, options)
  local place = sweep_folder(sweep, folder)
  local store <close> = core.store(folder)
  local found = results.new(sweep, p.run, store, place, options.metric or sweep.said.metric)
  core.make_folder(place)
  core.write_file(place .. "/points.csv", found:csv())
  found.files[1] = place .. "/points.csv"
  if not core.interrupted() and count(p, "done") > 0 then
    if options.metric then found:values(options.metric) end
    if sweep.said.plot and not options.metric then sweep.said.plot(found) else found:draw(sweep) end
  end
  say(options, "table: %s", found.files[1])
  if #found.files > 1 then say(options, "plot: %s", table.concat(found.files, " ", 2)) end
  if options.json then core.write("out", found:json(found.files)) end
  return found
end

-- ---- the command ----

local function outcome(sweep, p, hopeless)
  local failed, crashed, done = count(p, "failed"), count(p, "crashed"), count(p, "done")
  if core.interrupted() then
    core.write("err", ("interrupted with %s of %s points done; the same command goes on\n"):format(
      progress.grouped(done), progress.grouped(sweep.total)))
    return "stopped"
  end
  if hopeless then return "failed", ("the first %d points failed before their first step: %s"):format(failed, hopeless) end
  if failed + crashed == 0 then return end
  local hint = failed > 0 and "--retry runs what failed again" or "the same command goes on with them"
  return "failed", ("%s of %s points failed (%s)"):format(progress.grouped(failed + crashed),
    progress.grouped(sweep.total), hint)
end

-- What `mlrt sweep` does with what a script returned and with its options; as mlrt.run's command. "failed" and a message:
-- some points did.
function M.command(value, list, options)
  local experiment = runs.returned(value)
  local fine, sweep = pcall(new, experiment, list)
  if not fine then return "usage", sweep end
  local folder = runs.store_folder(options)
  local p = plan(sweep, folder, options)
  introduce(sweep, p, options)
  local hopeless = #p.todo > 0 and conduct(sweep, p, folder, options)
  local found = conclude(sweep, p, folder, options)
  if not hopeless then complain(sweep, found, p) end
  return outcome(sweep, p, hopeless)
end

return M
