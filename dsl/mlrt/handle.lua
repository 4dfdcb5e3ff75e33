-- handle.lua - what scripts hold of a run: its metrics, parameters, answers, plots and tables.

local core = select(2, ...)
local experiments = require "mlrt.experiment"
local recipes = require "mlrt.recipe"
local words = require "mlrt.words"

local M = {}

-- A run has its store open while it is trained; a study may have many.
function M.with_store(run, f)
  if run.store then return f(run.store) end
  local store <close> = core.store(run.store_folder)
  f(store)
end

local Run = {}
Run.__index = Run

-- Make a table of the fields that run.lua fills a handle.
function M.new(run) return setmetatable(run, Run) end

-- The values of a metric at each evaluation: { step = {...}, epoch = {...}, value = {...} }.
function Run:series(name, split)
  if not split then name, split = recipes.metric(name) end
  local series = { step = {}, epoch = {}, value = {} }
  for _, row in ipairs(self.history) do
    if row.name == name and (row.split == split or row.split == "") then
      local n = #series.value + 1
      series.step[n], series.epoch[n], series.value[n] = row.step, row.epoch, row.value
    end
  end
  return series
end

-- The last value of a metric, by the name that plots use: "accuracy", "train_loss".
function Run:metric(name)
  local values = self:series(name).value
  if #values > 0 then return values[#values] end
  local known = {}
  for i, row in ipairs(self.history) do known[i] = row.name end
  words.fail(core.line(), "the run has no metric '%s'%s", tostring(name), words.suggestion(name, known))
end

function Run:parameter(name) return self.trainer:parameter(name) end
function Run:set(name, values) self.trainer:set(name, values) end
function Run:parameters() return self.trainer:parameters() end

-- A named node or a field for examples of a split, also of another task; without a name, the prediction.
--   run:tap("seq2seq.memory", { split = "test", first = 1, count = 100 })
function Run:tap(name, options)
  options = options or {}
  words.check_table(core.line(), "run:tap", options,
    { split = "string", first = "number", count = "number", task = "task" })
  if options.task then core.open_task(options.task) end
  return self.trainer:tap(name, options.split or "test", options.first or 1, options.count, options.task)
end

-- Take the parameters of a checkpoint of this run, "best" or "last".
function Run:load(kind)
  if not self.folder then words.fail(core.line(), "a run without a store has no checkpoints") end
  self.trainer:load(("%s/%s.safetensors"):format(self.folder, kind))
end

-- Answers to texts: a list of { input =, answer =, tokens =, probability = }, the last one only of a stored run.
function Run:predict(texts) return (require("mlrt.predict").answers(self, texts)) end

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
  local lines, json, results = {}, {}, {}
  for _, key in ipairs(words.sorted_keys(values)) do
    local value = values[key]
    if type(value) ~= "number" and type(value) ~= "string" and type(value) ~= "boolean" then
      words.fail(core.line(), "run:table: '%s' must be a number, a text or true or false, got %s", tostring(key),
        words.a(words.kind(value)))
    end
    local text = type(value) == "number" and ("%.6g"):format(value) or tostring(value)
    lines[#lines + 1] = ("  %-28s %s"):format(key, text)
    results[#results + 1] = { name = tostring(key), value = experiments.json(value) }
    json[#json + 1] = experiments.json(tostring(key)) .. ": " .. experiments.json(value)
    self.found[key] = value
  end
  self.progress:say("%s", table.concat(lines, "\n"))
  if self.folder then
    M.with_store(self, function(store) store:results(self.id, results) end)
    core.write_file(self.folder .. "/table.json", "{" .. table.concat(json, ", ") .. "}\n")
    self:keep("table", self.folder .. "/table.json")
  end
end

-- Record a file of the run's folder in the store.
function Run:keep(kind, path)
  if not self.folder then return end
  M.with_store(self, function(store) store:artifact(self.id, kind, path:sub(#self.store_folder + 2)) end)
end

function Run:close()
  if self.trainer then self.trainer:close() end
end

return M
