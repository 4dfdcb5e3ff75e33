-- observer.lua - what a trainer reports, on its way into a run's history, to the store and to the terminal.

local words = require "mlrt.words"

local M = {}

-- What was measured goes to the store with the checkpoint that counts on it.
function M.keep(run)
  if run.store and #run.unkept > 0 then
    run.store:metrics(run.id, run.unkept)
    run.unkept = {}
  end
end

local function add_measure(run, row)
  run.history[#run.history + 1], run.unkept[#run.unkept + 1] = row, row
end

-- Ask what is watched, before the first step and at each evaluation.
function M.watch(run, recipe, step, epoch)
  for _, name in ipairs(recipe.watched) do
    local value = recipe.watch[name](run, step)
    if type(value) ~= "number" then
      words.fail(recipe.where, "watch: '%s' must give a number, got %s", name, words.a(words.kind(value)))
    end
    add_measure(run, { step = step, epoch = epoch, split = "", name = name, value = value })
  end
end

-- What a trainer reports to.
function M.new(run, recipe)
  return {
    progress = function(r)
      run.progress:step(r)
      if run.watched then run.watched(r.step, r.steps) end
    end,
    evaluated = function(r)
      local function add(split, name, value)
        add_measure(run, { step = r.step, epoch = r.epoch, split = split, name = name, value = value })
      end
      for _, m in ipairs(r.measures) do add(m.split, m.name, m.value) end
      add("", "training_loss", r.loss)
      M.watch(run, recipe, r.step, r.epoch)
      run.progress:evaluation(r)
    end,
    saving = function() M.keep(run) end,
    saved = function(path) run:keep("checkpoint", path) end,
  }
end

return M
