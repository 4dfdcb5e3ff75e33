-- bench.lua - `mlrt bench`: the reference workloads beside what this machine's matrix products allow.
--
-- Each workload is an experiment, bench/<id>.lua. Processes of its own measure it, so that its peak memory is its own:
-- one compares it with the ceiling, which is the time that the step's products take alone, each in its fastest way; one
-- only trains.

local core = select(2, ...)
local words = require "mlrt.words"
local recipes = require "mlrt.recipe"

local M = {}

local WINDOWS, WINDOW_SECONDS, ROUNDS = 5, 0.5, 7

-- Families of kernels, as they are summed up.
local families = {
  matmul = "products", small_matmul = "products", conv = "products", attention = "attention", softmax = "attention",
  rotate = "attention", norm = "norms", loss = "loss", index = "embedding", shape = "copies",
}

-- ---- facts of a measurement, from a process as lines "name value ..." ----

local function say(name, ...)
  local values = { ... }
  for i, value in ipairs(values) do values[i] = ("%.9g"):format(value) end
  core.write("out", name, " ", table.concat(values, " "), "\n")
end

local function heard(text)
  local facts = {}
  for name, rest in text:gmatch "([^\n]-) ([%d%s%.e+-]+)\n" do
    local values = {}
    for value in rest:gmatch "%S+" do values[#values + 1] = tonumber(value) end
    facts[name] = values
  end
  return facts
end

-- ---- the workloads ----

local workloads -- a row each, below
local parts = {}

local function path_of(workload)
  local name = ("bench/%s.lua"):format(workload.script or workload.id)
  return core.library(name) or words.fail(nil, "unable to find '%s' among the files that come with mlrt", name)
end

-- ---- in the process that measures ----

local function trainer_of(workload, options)
  local experiment = core.load(path_of(workload))
  local parameters = { precision = options.precision }
  for name, value in pairs(workload.parameters or {}) do parameters[name] = value end
  local values = experiment:resolve(parameters)
  core.seed(values.seed)
  local recipe = recipes.new(experiment, values, experiment.setup(values))
  recipe.parameters = "{}"
  return core.trainer(recipe), recipe
end

-- The distinct products of a program and how often each occurs.
local function products_of(calls)
  local list, by_size = {}, {}
  for _, call in ipairs(calls) do
    if call.product then
      local name = table.concat(call.product, " ")
      if not by_size[name] then
        by_size[name] = { size = call.product, count = 0 }
        list[#list + 1] = by_size[name]
      end
      by_size[name].count = by_size[name].count + 1
    end
  end
  return list
end

local function flops_of(products)
  local flops = 0
  for _, p in ipairs(products) do flops = flops + p.count * 2 * p.size[1] * p.size[2] * p.size[3] * p.size[4] end
  return flops
end

-- Those that this machine multiplies.
local function precisions() return core.bf16() and { "f32", "bf16" } or { "f32" } end

-- The fastest way to do each of the products, in one precision.
local function yardsticks_of(products, precision)
  local list = {}
  for i, p in ipairs(products) do list[i] = core.yardstick(p.size, precision) end
  return list
end

-- Seconds a step of the products alone: their best, or now, in so many steps.
local function bound_of(products, yardsticks, steps)
  local seconds = 0
  for i, p in ipairs(products) do
    local one = steps and yardsticks[i]:seconds(p.count * steps) / (p.count * steps) or yardsticks[i]:best()
    seconds = seconds + p.count * one
  end
  return seconds
end

-- The number of steps in a window that is long enough for the clock.
local function steps_of_window(trainer, options)
  local seconds = core.time_steps(trainer, 1, 1)[1]
  if not options.quick and seconds < WINDOW_SECONDS then
    seconds = core.time_steps(trainer, math.max(1, 0.2 * WINDOW_SECONDS // seconds), 1)[1]
  end
  return options.quick and 1 or math.max(1, math.tointeger(WINDOW_SECONDS // seconds))
end

-- Time windows of the loop; gives the number of steps in each.
local function time_windows(trainer, options)
  local steps = steps_of_window(trainer, options)
  local windows, phases = core.time_steps(trainer, steps, options.quick and 1 or WINDOWS)
  say("windows", table.unpack(windows))
  for name, value in pairs(phases) do say("phase " .. name, value) end
  return steps
end

-- The step beside its products alone. A machine that others disturb, or that changes its clock, does both faster or
-- slower for seconds at a time, so they take turns, and what counts is the median of the ratios.
function parts.ceiling(workload, options)
  local trainer <close> = trainer_of(workload, options)
  local products, mine = products_of(core.time_calls(trainer, 0)), nil
  say("flops", flops_of(products))
  for _, precision in ipairs(precisions()) do
    local yardsticks = yardsticks_of(products, precision)
    say(precision, bound_of(products, yardsticks))
    if precision == options.precision then mine = yardsticks end
  end
  local fractions, steps = {}, steps_of_window(trainer, options)
  for round = 1, options.quick and 1 or ROUNDS do
    fractions[round] = bound_of(products, mine, steps) / core.time_steps(trainer, steps, 1)[1]
  end
  say("fraction", table.unpack(fractions))
end

function parts.windows(workload, options)
  local trainer <close> = trainer_of(workload, options)
  time_windows(trainer, options)
end

function parts.steps(workload, options)
  local trainer <close>, recipe = trainer_of(workload, options)
  local steps = time_windows(trainer, options)
  say("batch", recipe.batch)
  local shares = {}
  for _, call in ipairs(core.time_calls(trainer, options.quick and 1 or math.max(1, steps // 2))) do
    local family = families[call.family] or call.family or call.op == "copy" and "copies" or "plugin"
    shares[family] = (shares[family] or 0) + call.seconds
  end
  for name, value in pairs(shares) do say("family " .. name, value) end
end

-- The class that this machine belongs to: its CPU level, and how it multiplies bf16 numbers.
local function machine()
  local bf16 = core.bf16()
  return core.facts()["cpu level"] .. (bf16 and "-" .. bf16 or "")
end

function parts.machine() core.write("out", machine(), "\n") end

-- What a peer needs to do the same work, and what comes of it.
function parts.export(workload, options)
  local trainer <close> = trainer_of(workload, options)
  local steps = 10
  core.make_folder(options.export)
  trainer:save(options.export .. "/weights.safetensors")
  core.save_batches(trainer, steps, options.export)
  if options.quick then return end
  local _, _, losses = core.time_steps(trainer, 1, steps)
  say("losses", table.unpack(losses))
end

-- ---- in the process that was asked ----

local function process(part, workload, options)
  local arguments = { "bench", workload.id, "--part", part, "--threads", core.facts().threads,
                      "--precision", options.precision }
  if options.quick then arguments[#arguments + 1] = "--quick" end
  local status, output, _, bytes = core.spawn(arguments)
  if status ~= 0 then
    words.fail(nil, "%s: the process that measures its %s ended with %s", workload.id, part, status)
  end
  return heard(output), bytes
end

local function median(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  return (sorted[(#sorted + 1) // 2] + sorted[#sorted // 2 + 1]) / 2
end

-- The row of a workload whose windows took these seconds a step.
local function row_of(workload, options, windows, examples, bytes)
  local step = median(windows)
  return {
    id = workload.id, precision = options.precision, threads = math.tointeger(core.facts().threads),
    examples_per_s = examples / step,
    step_ms = { median = step * 1e3, min = math.min(table.unpack(windows)) * 1e3,
                max = math.max(table.unpack(windows)) * 1e3 },
    peak_mb = bytes / 2 ^ 20,
  }
end

-- Shares of the step: of the families of kernels, which make up the program, and of the other phases.
local function shares_of(steps)
  local seconds, kernels, whole = {}, 0, 0
  for name, value in pairs(steps) do
    local kind, rest = name:match "^(%w+) (.*)$"
    if kind == "family" then kernels = kernels + value[1] end
    if kind == "phase" then whole = whole + value[1] end
    if kind == "family" or kind == "phase" and rest ~= "program" then seconds[name] = value[1] end
  end
  local shares = {}
  for _, name in ipairs(words.sorted_keys(seconds)) do
    local kind, rest = name:match "^(%w+) (.*)$"
    local scale = kind == "family" and steps["phase program"][1] / kernels or 1
    shares[#shares + 1] = { name = rest, share = seconds[name] * scale / whole }
  end
  table.sort(shares, function(a, b) return a.share > b.share end)
  return shares
end

local function measure_training(workload, options)
  local ceiling = process("ceiling", workload, options)
  local steps, bytes = process("steps", workload, options)
  local row = row_of(workload, options, steps.windows, steps.batch[1], bytes)
  row.flops, row.bound, row.shares = ceiling.flops[1], {}, shares_of(steps)
  for _, name in ipairs(precisions()) do row.bound[name] = ceiling[name][1] end
  row.ceiling_fraction = median(ceiling.fraction)
  return row
end

-- A whole process of one step is what counts as a step here.
local function measure_start(workload, options)
  local windows, most = {}, 0
  core.with_folder(function(folder)
    local command = { "run", path_of(workload), "steps=1", "--store", folder, "--threads", core.facts().threads }
    for i = 0, options.quick and 3 or 20 do
      local status, _, seconds, bytes = core.spawn(command)
      if status ~= 0 then words.fail(nil, "%s: the process ended with %s", workload.id, status) end
      if i > 0 then windows[i] = seconds end -- the first one warms the disk's cache
      most = math.max(most, bytes)
    end
  end)
  return row_of(workload, options, windows, 1, most)
end

-- A run of the sweep is what counts as a step here: some runs of all its phases stand for the 400.
local function measure_sweep(workload, options)
  local side, steps = options.quick and 2 or 4, options.quick and 50 or 10000
  local status, seconds, bytes, _
  core.with_folder(function(folder)
    status, _, seconds, bytes = core.spawn {
      "sweep", path_of(workload), "--store", folder, "--jobs", core.facts().threads, "--quiet",
      "lr=1e-4..1e-2@log:" .. side, "decay=0..10@" .. side, "steps=" .. steps, "precision=" .. options.precision,
    }
  end)
  if status ~= 0 then words.fail(nil, "%s: the sweep ended with %s", workload.id, status) end
  return row_of(workload, options, { seconds / side ^ 2 }, 1, bytes)
end

workloads = {
  { id = "W1", measure = measure_training },
  { id = "W2", measure = measure_training },
  { id = "W3", measure = measure_training },
  { id = "W4.1", script = "W4", parameters = { layers = 1 }, measure = measure_training },
  { id = "W4.2", script = "W4", parameters = { layers = 2 }, measure = measure_training },
  { id = "W6", measure = measure_training },
  { id = "W8", script = "W3", measure = measure_sweep },
  { id = "S0", script = "W3", measure = measure_start },
}

-- ---- the figures that are kept ----

local SLOWER = 0.05 -- a step that takes longer than before by more than this share is a bug

-- What a workload reached on such a machine when its figures were kept (tests/bench/figures.py), or nil.
local function kept_fraction(row)
  local path = core.library(("bench/figures/%s.json"):format(machine()))
  local key = ('"id": "%s", "precision": "%s", "threads": %d, "ceiling_fraction": '):format(row.id, row.precision,
    row.threads)
  local text = path and core.read_file(path) or ""
  local _, last = text:find(key, 1, true)
  return last and tonumber(text:match("^[%d.e-]+", last + 1))
end

local function difference(row)
  local kept = kept_fraction(row)
  if not kept then return "" end
  local more = kept / row.ceiling_fraction - 1
  local verdict = more > SLOWER and (": SLOWER by %.1f%%"):format(100 * more) or ""
  return (" (kept: %.1f%%%s)"):format(100 * kept, verdict)
end

-- ---- output ----

local function print_row(r)
  local function line(format, ...) core.write("out", format:format(...), "\n") end
  local ms = r.step_ms
  line("%s  %s, %d thread%s", r.id, r.precision, r.threads, r.threads == 1 and "" or "s")
  local ceilings = {}
  for i, precision in ipairs(r.bound and precisions() or {}) do
    local seconds = r.bound[precision]
    ceilings[i] = ("%s %.0f GFLOP/s (%.4g ms)"):format(precision, r.flops / seconds / 1e9, seconds * 1e3)
  end
  if r.bound then line("    ceiling   %s", table.concat(ceilings, ", ")) end
  line("    step      %.4g ms (%.4g to %.4g), %.4g examples/s", ms.median, ms.min, ms.max, r.examples_per_s)
  if r.bound then
    line("    fraction  %.1f%% of the %s ceiling%s", 100 * r.ceiling_fraction, r.precision, difference(r))
  end
  local shares = {}
  for i, s in ipairs(r.shares or {}) do shares[i] = ("%s %.1f%%"):format(s.name, 100 * s.share) end
  if r.shares then line("    shares    %s", table.concat(shares, ", ")) end
  line("    memory    %.0f MB at its peak", r.peak_mb)
end

local function json_of(r)
  return ('{"id": "%s", "precision": "%s", "threads": %d, "examples_per_s": %.6g, '
    .. '"step_ms": {"median": %.6g, "min": %.6g, "max": %.6g}, "ceiling_fraction": %s, "peak_mb": %.4g}'):format(
    r.id, r.precision, r.threads, r.examples_per_s, r.step_ms.median, r.step_ms.min, r.step_ms.max,
    r.ceiling_fraction and ("%.4g"):format(r.ceiling_fraction) or "null", r.peak_mb)
end

-- ---- the command ----

-- The rows of the table that an argument names: "W4.1", or "W4" for all of its script.
local function named(name)
  local list, names = {}, {}
  for i, workload in ipairs(workloads) do
    names[i] = workload.id
    if workload.id == name or workload.id:match "^[^.]+" == name then list[#list + 1] = workload end
  end
  if #list == 0 then return nil, ("no workload '%s'%s"):format(name, words.suggestion(name, names)) end
  return list
end

local function chosen(arguments)
  if #arguments == 0 then return workloads end
  local list = {}
  for _, name in ipairs(arguments) do
    local some, problem = named(name)
    if not some then return nil, problem end
    table.move(some, 1, #some, #list + 1, list)
  end
  return list
end

-- What is wrong with the options, or nil.
local function problem_of(options)
  local precision, part = options.precision, options.part
  if precision and precision ~= "f32" and precision ~= "bf16" then
    return ("the precision must be f32 or bf16, got '%s'"):format(precision)
  end
  if precision == "bf16" and not core.bf16() then return "this CPU has no instructions for bf16" end
  if part and not parts[part] then
    return ("the part must be one of %s, got '%s'"):format(table.concat(words.sorted_keys(parts), ", "), part)
  end
end

local function measure(list, options)
  local rows = {}
  for i, workload in ipairs(list) do
    local row = workload.measure(workload, options)
    rows[i] = json_of(row)
    if not options.json then print_row(row) end
  end
  if options.json then core.write("out", "[", table.concat(rows, ",\n "), "]\n") end
end

-- nil when all went well; what is wrong with the arguments.
function M.command(arguments, options)
  if options.export then options.part = "export" end
  local list, problem = chosen(arguments)
  problem = problem or problem_of(options)
  if problem then return problem end
  options.precision = options.precision or "f32"
  if not options.part then return measure(list, options) end
  for _, workload in ipairs(list) do parts[options.part](workload, options) end
end

return M
