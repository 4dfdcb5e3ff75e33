-- progress.lua - what a run says while it works: a summary, a line that moves on a terminal, a row an evaluation.
--
-- Results go to stdout; what is only for waiting goes to stderr.

local core = select(2, ...)

local M = {}

local function grouped(n)
  local text = ("%d"):format(n):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""):gsub("^%-,", "-"))
end
M.grouped = grouped

local function duration(seconds)
  if seconds ~= seconds then return "?" end
  local s = math.floor(seconds + 0.5)
  if s >= 3600 then return ("%d:%02d:%02d"):format(s // 3600, s // 60 % 60, s % 60) end
  return ("%d:%02d"):format(s // 60, s % 60)
end
M.duration = duration

local function number(value)
  if value ~= value then return "nan" end
  local size = math.abs(value)
  if size ~= 0 and (size < 1e-3 or size >= 1e5) then return ("%.3e"):format(value) end
  return ("%.4f"):format(value)
end
M.number = number

local function flops(n) return n < 1e5 and ("%.1f kFLOP"):format(n / 1e3) or ("%.1f MFLOP"):format(n / 1e6) end

-- ---- the summary: layers and parameters, task, training ----

local function blocks(parameters)
  local order, sums = {}, {}
  for _, p in ipairs(parameters) do
    local block = p.name:match "^(.*)%.[^.]*$" or p.name
    if not sums[block] then
      order[#order + 1] = block
      sums[block] = { count = 0, what = {} }
    end
    local sum = sums[block]
    if p.trained then sum.count = sum.count + p.count end
    sum.what[#sum.what + 1] = p.name:match "[^.]*$" .. " " .. p.shape .. (p.trained and "" or " (kept)")
  end
  return order, sums
end

-- What an experiment is, and which parameters were given.
function M.title(experiment, given)
  local title = experiment.name .. (experiment.doc and ": " .. experiment.doc or "")
  return #given > 0 and title .. "\nparameters: " .. table.concat(given, ", ") or title
end

-- Lines for stdout about what is going to run.
function M.summary(experiment, recipe, trainer, given)
  local out = { M.title(experiment, given) }
  local function line(format, ...) out[#out + 1] = format:format(...) end
  line("task: %s, %s training, %s validation and %s test examples", recipe.task.class, grouped(recipe.facts.train),
    grouped(recipe.facts.valid), grouped(recipe.facts.test))
  for _, field in ipairs(recipe.facts.fields) do
    line("  %-12s %s%s%s%s", field.name, field.dtype, field.shape,
      field.classes and (" of %s classes"):format(grouped(field.classes)) or "", field.target and ", target" or "")
  end
  local order, sums = blocks(trainer:parameters())
  local width = 5
  for _, block in ipairs(order) do width = math.max(width, #block) end
  line("%-" .. width .. "s  %12s  %s", "layer", "parameters", "shapes")
  for _, block in ipairs(order) do
    line("%-" .. width .. "s  %12s  %s", block, grouped(sums[block].count), table.concat(sums[block].what, ", "))
  end
  line("%s parameters, %.1f MB in all, %s an example", grouped(trainer:count()), trainer:bytes() / 2 ^ 20,
    flops(trainer:flops() / recipe.batch))
  line("training: %s steps of %s examples, evaluated every %s", grouped(recipe.steps), grouped(recipe.batch),
    recipe.evaluate == 1 and "step" or grouped(recipe.evaluate) .. " steps")
  if trainer:padding() > 0 then
    line("padding: %.0f %% of the tokens, which steps skip", 100 * trainer:padding())
  end
  if recipe.precision == "bf16" then
    line("precision: %s", recipe.bf16 and "large products and what feeds them in bf16, all else in f32"
      or "f32, for this CPU has no instructions for bf16 products")
  end
  return table.concat(out, "\n") .. "\n"
end

-- ---- while it runs ----

local Progress = {}
Progress.__index = Progress

-- `quiet` says nothing at all.
function M.new(quiet)
  local width = not quiet and core.terminal "err" or nil
  return setmetatable({ quiet = quiet, width = width, open = false }, Progress)
end

function Progress:clear()
  if self.open then core.write("err", "\r\27[K") end
  self.open = false
end

function Progress:step(r)
  if not self.width then return end
  local left = ("epoch %d/%d "):format(r.epoch, r.epochs)
  local rate = grouped(math.floor(r.rate + 0.5))
  local right = (" loss %s  %s examples/s  %s left"):format(number(r.loss), rate, duration(r.remaining))
  local room = math.min(40, self.width - #left - #right - 4)
  local bar = ""
  if room > 4 then
    local done = math.floor(room * r.epoch_step / r.epoch_steps)
    bar = "[" .. ("="):rep(done) .. (" "):rep(room - done) .. "]"
  end
  core.write("err", "\r", (left .. bar .. right):sub(1, self.width - 1), "\27[K")
  self.open = true
end

-- One row on stdout: step or epoch, training loss, the metrics of each split.
function Progress:evaluation(r)
  if self.quiet then return end
  self:clear()
  local columns = { ("epoch %4d"):format(r.epoch) }
  if r.epoch_step ~= r.epoch_steps or r.epoch_steps == 1 then columns[1] = ("step %7d"):format(r.step) end
  columns[#columns + 1] = "training loss " .. number(r.loss)
  local split
  for _, m in ipairs(r.measures) do
    if m.split ~= split then
      split = m.split
      columns[#columns + 1] = split .. ":"
    end
    columns[#columns + 1] = m.name .. " " .. number(m.value)
  end
  columns[#columns + 1] = ("%s/s"):format(grouped(math.floor(r.rate + 0.5)))
  core.write("out", table.concat(columns, "  "), "\n")
end

-- A line on stderr for people who wait.
function Progress:note(format, ...)
  if self.quiet then return end
  self:clear()
  core.write("err", format:format(...), "\n")
end

-- A line on stdout.
function Progress:say(format, ...)
  if self.quiet then return end
  self:clear()
  core.write("out", format:format(...), "\n")
end

return M
