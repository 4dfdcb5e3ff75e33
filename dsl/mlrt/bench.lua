-- bench.lua - `mlrt bench`: the reference workloads beside what this machine's matrix products allow.
--
-- Each workload is an experiment, bench/<id>.lua. Processes of its own measure it, so that its peak memory is its own:
-- one finds the ceiling, which is the time that the step's products take alone, each in its fastest way; one trains.

local core = select(2, ...)
local words = require "mlrt.words"
local recipes = require "mlrt.recipe"

local M = {}

local WINDOWS, WINDOW_SECONDS = 5, 0.5

-- Families of kernels, as they are summed up.
local families = {
  matmul = "products", small_matmul = "products", conv = "products", attention = "attention", softmax = "attention",
  norm = "norms", loss = "loss", index = "embedding", shape = "copies",
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

-- ---- in the process that measures ----

local function trainer_of(id, options)
  local experiment = core.load(core.library("bench/" .. id .. ".lua"))
  local values = experiment:resolve { precision = options.precision }
  core.seed(values.seed)
  local recipe = recipes.new(experiment, values, experiment.setup(values))
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

local parts = {}

function parts.ceiling(id, options)
  local trainer <close> = trainer_of(id, options)
  local products = products_of(core.time_calls(trainer, 0))
  say("flops", flops_of(products))
  for _, precision in ipairs(core.has_bf16() and { "f32", "bf16" } or { "f32" }) do
    local seconds = 0
    for _, p in ipairs(products) do seconds = seconds + p.count * core.product_seconds(p.size, precision) end
    say(precision, seconds)
  end
end

function parts.steps(id, options)
  local trainer <close>, recipe = trainer_of(id, options)
  local seconds = core.time_steps(trainer, 1, 1)[1]
  if not options.quick and seconds < WINDOW_SECONDS then
    seconds = core.time_steps(trainer, math.max(1, 0.2 * WINDOW_SECONDS // seconds), 1)[1]
  end
  local steps = options.quick and 1 or math.max(1, math.tointeger(WINDOW_SECONDS // seconds))
  local windows, phases = core.time_steps(trainer, steps, WINDOWS)
  say("batch", recipe.batch)
  say("windows", table.unpack(windows))
  for name, value in pairs(phases) do say("phase " .. name, value) end
  local shares = {}
  for _, call in ipairs(core.time_calls(trainer, options.quick and 1 or math.max(1, steps // 2))) do
    local family = families[call.family] or call.family or call.op == "copy" and "copies" or "plugin"
    shares[family] = (shares[family] or 0) + call.seconds
  end
  for name, value in pairs(shares) do say("family " .. name, value) end
end

-- ---- in the process that was asked ----

local function process(part, id, options)
  local arguments = { "bench", "--part", part, id, "--threads", core.facts().threads, "--precision", options.precision }
  if options.quick then arguments[#arguments + 1] = "--quick" end
  local status, output, _, bytes = core.spawn(arguments)
  if status ~= 0 then words.fail(nil, "%s: the measurement of its %s ended with status %s", id, part, status) end
  return heard(output), bytes
end

local function median(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  return sorted[(#sorted + 1) // 2]
end

local function row(workload, options)
  return { id = workload.id, precision = options.precision, threads = math.tointeger(core.facts().threads) }
end

-- Shares of the step: of the families of kernels within the program, and of the other phases.
local function shares_of(steps)
  local shares, kernels = {}, 0
  for name, value in pairs(steps) do
    if name:match "^family " then kernels = kernels + value[1] end
  end
  local program, whole = steps["phase program"][1], 0
  for name, value in pairs(steps) do
    local kind, rest = name:match "^(%w+) (.*)$"
    if kind == "family" then shares[rest] = value[1] / kernels * program end
    if kind == "phase" then
      if rest ~= "program" then shares[rest] = value[1] end
      whole = whole + value[1]
    end
  end
  local list = {}
  for _, name in ipairs(words.sorted_keys(shares)) do list[#list + 1] = { name, shares[name] / whole } end
  table.sort(list, function(a, b) return a[2] > b[2] end)
  return list
end

local function measure_training(workload, options)
  local r = row(workload, options)
  local ceiling = process("ceiling", workload.id, options)
  local steps, bytes = process("steps", workload.id, options)
  local windows = steps.windows
  local step = median(windows)
  r.examples_per_s = steps.batch[1] / step
  r.step_ms = { median = step * 1e3, min = math.min(table.unpack(windows)) * 1e3,
                max = math.max(table.unpack(windows)) * 1e3 }
  r.ceiling_fraction = ceiling[options.precision][1] / step
  r.peak_mb = bytes / 2 ^ 20
  r.flops, r.bound = ceiling.flops[1], ceiling
  r.shares = shares_of(steps)
  return r
end

local workloads = {
  { id = "W1", measure = measure_training },
}

-- ---- output ----

local function print_row(r)
  local function line(format, ...) core.write("out", format:format(...), "\n") end
  line("%s  %s, %d thread%s", r.id, r.precision, r.threads, r.threads == 1 and "" or "s")
  local ceilings = {}
  for _, precision in ipairs { "f32", "bf16" } do
    local bound = r.bound[precision]
    if bound then
      local seconds = bound[1]
      ceilings[#ceilings + 1] = ("%s %.0f GFLOP/s (%.4g ms)"):format(precision, r.flops / seconds / 1e9, seconds * 1e3)
    end
  end
  line("    ceiling   %s", table.concat(ceilings, ", "))
  local ms = r.step_ms
  line("    step      %.4g ms (%.4g to %.4g), %.4g examples/s, %.1f%% of the %s ceiling", ms.median, ms.min, ms.max,
    r.examples_per_s, 100 * r.ceiling_fraction, r.precision)
  local shares = {}
  for i, share in ipairs(r.shares) do shares[i] = ("%s %.1f%%"):format(share[1], 100 * share[2]) end
  line("    shares    %s", table.concat(shares, ", "))
  line("    memory    %.0f MB at its peak", r.peak_mb)
end

local function json_of(r)
  return ('{"id": "%s", "precision": "%s", "threads": %d, "examples_per_s": %.6g, '
    .. '"step_ms": {"median": %.6g, "min": %.6g, "max": %.6g}, "ceiling_fraction": %.4g, "peak_mb": %.4g}'):format(
    r.id, r.precision, r.threads, r.examples_per_s, r.step_ms.median, r.step_ms.min, r.step_ms.max,
    r.ceiling_fraction, r.peak_mb)
end

-- ---- the command ----

local function chosen(ids)
  if #ids == 0 then return workloads end
  local by_id, list = {}, {}
  for _, w in ipairs(workloads) do by_id[w.id] = w end
  for i, id in ipairs(ids) do
    list[i] = by_id[id]
    if not list[i] then
      return nil, ("no workload '%s'%s"):format(id, words.suggestion(id, words.sorted_keys(by_id)))
    end
  end
  return list
end

-- nil when all went well; what is wrong with the arguments.
function M.command(ids, options)
  options.precision = options.precision or "f32"
  local list, problem = chosen(ids)
  if not list then return problem end
  if options.precision ~= "f32" and options.precision ~= "bf16" then
    return ("the precision must be f32 or bf16, got '%s'"):format(options.precision)
  end
  if options.part and not parts[options.part] then
    return ("the part must be ceiling or steps, got '%s'"):format(options.part)
  end
  local rows = {}
  for i, workload in ipairs(list) do
    if options.part then
      parts[options.part](workload.id, options)
    else
      local r = workload.measure(workload, options)
      rows[i] = json_of(r)
      if not options.json then print_row(r) end
    end
  end
  if options.json then core.write("out", "[", table.concat(rows, ",\n "), "]\n") end
end

return M
