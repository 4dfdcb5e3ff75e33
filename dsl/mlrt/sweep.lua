-- sweep.lua - an experiment at every point of a grid, by processes that each have a core.
--
-- A point is the experiment with some of its parameters given. Its run is found in the store by its identity, a hash of
-- all parameters: what is done is not done again. The parent has loaded the script; each point is a fork of it, which
-- claims its run, trains it and ends. The parent itself opens the store only while it does not fork.

local core = select(2, ...)
local experiments = require "mlrt.experiment"
local grid = require "mlrt.grid"
local pictures = require "mlrt.pictures"
local points = require "mlrt.points"
local grouped = require("mlrt.progress").grouped
local results = require "mlrt.results"
local runs = require "mlrt.run"
local words = require "mlrt.words"

local M = {}

local MOST_LINES = 10 -- failures that are listed
local MOST_ALIKE = 10 -- points that fail before their first step, the first ones of all, end the sweep

-- ---- what is there already ----

-- The state of a point: "waiting", "running", "done", "failed", "crashed", "stopped", or "elsewhere".
local function set_state(p, i, word)
  local old = p.state[i]
  if old then p.count[old] = p.count[old] - 1 end
  p.state[i], p.count[word] = word, (p.count[word] or 0) + 1
end

local function count(p, word) return p.count[word] or 0 end

-- For each point: its state, its run, and how it is to be run.
local function plan(sweep, folder, options)
  local store <close> = core.store(folder)
  local there, hash, seen = store:outcomes(sweep.experiment.name), runs.script_hash(), {}
  local p = { state = {}, count = {}, run = {}, fresh = {}, todo = {}, other = 0 }
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
      p.run[i] = found.run
      set_state(p, i, "done")
      if found.hash ~= hash then p.other = p.other + 1 end
    elseif status == "failed" and found.hash == hash and not options.retry then
      p.run[i] = found.run
      set_state(p, i, "failed")
    else
      -- what failed with another version of the script has nothing to go on from
      p.fresh[i] = options.fresh or status == "failed" and found.hash ~= hash
      p.todo[#p.todo + 1] = i
      set_state(p, i, "waiting")
    end
  end
  return p
end

-- ---- the work ----

-- In a process of its own.
local function work(sweep, i, folder, fresh, retry, card)
  return runs.point(sweep.experiment, sweep:overrides(i), {
    store = folder, worker = true, fresh = fresh, retry = retry,
    begun = function(id) core.report(card, { id = id }) end,
    watched = function(step, steps) core.report(card, { step = step, steps = steps }) end,
  })
end

local states = { done = "done", stopped = "stopped", failed = "failed", crashed = "crashed", running = "elsewhere" }

local broken = { failed = true, crashed = true }

-- A process that broke down by itself (a fault in a plugin, say) has failed; one that was killed can go on.
local function record_crash(folder, run, signal, message)
  local outside = { [1] = true, [2] = true, [9] = true, [15] = true }
  if run == 0 or outside[signal] then return end
  local store <close> = core.store(folder)
  store:finish(run, "failed", message)
end

local function jobs_of(p, options) return math.min(options.jobs or core.cores(), #p.todo) end

-- Run all that is to be run. Gives a message when it makes no sense to go on.
local function conduct(sweep, p, folder, options)
  local jobs = jobs_of(p, options)
  local workers <close> = core.workers(jobs)
  local display = grid.new(sweep, p, jobs, options.quiet)
  local at, next_one, told, early = {}, 1, false, 0
  local function start(slot)
    local i = p.todo[next_one]
    next_one, at[slot] = next_one + 1, i
    set_state(p, i, "running")
    display:started(slot, i)
    workers:start(slot, work, sweep, i, folder, p.fresh[i], options.retry)
  end
  local function ended(slot, outcome, message, run, signal)
    local i = at[slot]
    local _, step = workers:look(slot)
    p.run[i] = run > 0 and run or nil
    set_state(p, i, states[outcome] or "failed")
    if outcome == "crashed" then record_crash(folder, run, signal, message) end
    early = early and broken[outcome] and step == 0 and early + 1
    display:ended(slot, message)
    return early == MOST_ALIKE and message or nil
  end
  local hopeless
  repeat
    while workers:free() and next_one <= #p.todo and not hopeless and not core.interrupted() do
      start(workers:free())
    end
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

local function say(options, format, ...)
  if not options.quiet and not options.json then core.write("out", format:format(...), "\n") end
end

local function introduce(sweep, p, options)
  local experiment = sweep.experiment
  say(options, "%s%s", experiment.name, experiment.doc and ": " .. experiment.doc or "")
  say(options, "sweep: %s", sweep:describe())
  local line = { grouped(sweep.total) .. " points" }
  local function add(n, format, ...)
    if n > 0 then line[#line + 1] = format:format(grouped(n), ...) end
  end
  add(count(p, "done"), "%s are done")
  add(count(p, "failed"), "%s failed before (--retry runs them again)")
  add(#p.todo, "%s to run, %d at a time", jobs_of(p, options))
  say(options, "%s", table.concat(line, ", "))
  if p.other > 0 and not options.quiet then
    core.write("err", ("%s points were run with another version of %s (--fresh runs them again)\n"):format(
      grouped(p.other), (core.script())))
  end
end

-- Those that failed, with the reason.
local function complain(sweep, found, p)
  local said = 0
  for i, point in ipairs(found.points) do
    if broken[p.state[i]] then
      said = said + 1
      if said <= MOST_LINES then
        core.write("err", ("%s: %s (run %s)\n"):format(sweep:label(i), point.message or "its process was killed",
          point.run or "not begun"))
      end
    end
  end
  if said > MOST_LINES then
    core.write("err", ("and %s more, in the column message of the table\n"):format(grouped(said - MOST_LINES)))
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
    if sweep.said.plot and not options.metric then
      sweep.said.plot(found)
    else
      pictures.draw(found, function(i) return sweep:indices(i) end)
    end
  end
  say(options, "table: %s", found.files[1])
  if #found.files > 1 then say(options, "plot: %s", table.concat(found.files, " ", 2)) end
  if options.json then core.write("out", found:json()) end
  return found
end

-- ---- the command ----

local function outcome(sweep, p, hopeless)
  local failed, crashed, done = count(p, "failed"), count(p, "crashed"), count(p, "done")
  if core.interrupted() then
    core.write("err", ("interrupted with %s of %s points done; the same command goes on\n"):format(
      grouped(done), grouped(sweep.total)))
    return "stopped"
  end
  if hopeless then
    return "failed", ("the first %d points failed before their first step: %s (the same command goes on without them)")
      :format(failed + crashed, hopeless)
  end
  if count(p, "elsewhere") > 0 then
    core.write("err", ("%s points are run by another process\n"):format(grouped(count(p, "elsewhere"))))
  end
  if failed + crashed == 0 then return end
  local hint = failed > 0 and "--retry runs what failed again" or "the same command goes on with them"
  return "failed", ("%s of %s points failed (%s)"):format(grouped(failed + crashed),
    grouped(sweep.total), hint)
end

-- What `mlrt sweep` does with what a script returned; as mlrt.run's command. Gives "failed" and a message when points
-- did.
function M.command(value, list, options)
  local experiment = runs.returned(value)
  local fine, sweep = pcall(points.new, experiment, list)
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
