-- mlrt.lua - the vocabulary of experiments: everything a script says begins here.

local core = select(2, ...) -- the functions in C, which require gives to library modules alone
local model = require "mlrt.model"
local vocabulary = require "mlrt.vocabulary"
local experiment = require "mlrt.experiment"
local words = require "mlrt.words"

local mlrt = {
  version = core.facts().mlrt,
  array = require "mlrt.array",
  random = require "mlrt.random",
  node = core.node,          -- every function of nodes: mlrt.node.exp(x) is x:exp()
  grad = core.node.grad,     -- grad(y, x): the gradient of the sum of y, a node that can be differentiated again
  where = core.node.where,   -- where(condition, a, b)
  constant = core.node.constant,
  chain = model.chain,       -- chain { f, g, name = "decoder" } (x) is g(f(x))
  residual = model.residual, -- residual(f) (x) is x + f(x)
  concat = model.concat,     -- concat { a, b } joins nodes; of layers, it is the layer that joins their results
  init = vocabulary.initialisers(),
  experiment = experiment.define,
  range = experiment.range,  -- range(1, 55) { 45 }: a parameter between limits
  one_of = experiment.one_of, -- one_of { "a", "b" }: a parameter from a list, the first by default
}

for _, kind in ipairs(core.kinds()) do
  mlrt[kind] = vocabulary.namespace(kind)
end

-- Run an experiment with some parameters changed and return the run: a study over experiments is plain Lua.
--   options: quiet (print nothing), store (folder of runs; false: none), resume
-- When the user interrupts it, the whole script ends: the run itself can be resumed.
function mlrt.run(what, overrides, options)
  local run = require("mlrt.run").run(what, overrides, options)
  if run.status == "stopped" then words.fail(nil, "interrupted during run %s", run.id or run.name) end
  return run
end

-- Make or read a task's data without training on it; gives the sizes of its splits, and what the tokens of its fields
-- are called: { train =, valid =, test =, names = { letters = { "a", "b" } } }.
function mlrt.open(task)
  core.open_task(task)
  local facts = core.task_facts(task)
  local names = {}
  for _, field in ipairs(facts.fields) do names[field.name] = field.tokens end
  return { train = facts.train, valid = facts.valid, test = facts.test, names = names }
end

-- A run of the store with its history and the parameters of its best checkpoint.
--   options: store (folder of runs), checkpoint ("best" or "last"), quiet
function mlrt.stored(id, options)
  words.check_table(core.line(), "mlrt.stored", options or {},
    { store = "string", checkpoint = "string", quiet = "boolean" })
  return require("mlrt.stored").open(id, options)
end

-- The experiment that another file returns.
function mlrt.load(path)
  local found = core.load(path)
  if not experiment.is(found) then
    words.fail(core.line(), "'%s' returns no experiment", path)
  end
  return found
end

-- Plots need their module only when a script draws.
return setmetatable(mlrt, {
  __index = function(self, key)
    if key == "plot" then
      self.plot = require "plot"
      return self.plot
    end
    local names = words.sorted_keys(self)
    names[#names + 1] = "plot"
    words.fail(core.line(), "there is no word 'mlrt.%s'%s", tostring(key), words.suggestion(key, names))
  end,
})
