-- In which order does a transformer find out how coefficients hang together? Equal coefficients are answered alike
-- before their value is known (group 1); where signs must differ (group 2), relations come with the signs; others are
-- between (group 3). Cai et al., arXiv:2405.06107, Sec. 6, Fig. 4.
--
--   mlrt run relations.lua                          trains on four loops, zeros included, and measures on the way
--   mlrt run relations.lua run=7                    a run of coefficient_from_key that measured them, drawn
--   mlrt run relations.lua run=7 which=all held_out=true      its best checkpoint, by all relations

local mlrt = require "mlrt"
local symbols = require "symbols"
local relations = require "linear_relations"
local amplitudes = mlrt.task.amplitudes

local learn = mlrt.experiment "relations_model" {
  doc    = "Predict coefficients, zeros included, and measure which relations the answers satisfy.",
  params = symbols.params { loop = 4, dim = 128, lr = 5e-4, epochs = 20, epoch_size = 25000, instances = 100 },
  setup  = function(p)
    local setup = symbols.learn(p, amplitudes.coefficient { loop = p.loop, zeros = "nontrivial", test = p.test,
                                                            seed = p.seed })
    setup.watch = relations.watch(amplitudes.relations { loop = p.loop, zeros = "nontrivial", instances = p.instances,
                                                         seed = p.seed })
    return setup
  end,
}

-- The first evaluation in which nine magnitudes of ten are right: there signs are still open.
local function plateau(run)
  local series = run:series "magnitude_accuracy"
  for i, value in ipairs(series.value) do
    if value >= 0.9 then return series.step[i], series.epoch[i] end
  end
end

-- What a watched measure was at a step, or nil.
local function at(run, name, step)
  local series = run:series(name)
  for i, s in ipairs(series.step) do
    if s == step then return series.value[i] end
  end
end

return mlrt.experiment "relations" {
  doc   = "Which linear relations do the answers of a model satisfy, and since when?",
  paper = { "arXiv:2405.06107", figure = 4 },

  params = {
    run = 0, -- of the store, to be looked at; 0: train
    which = mlrt.one_of { "figure", "all" }, instances = 500, held_out = false,
    checkpoint = mlrt.one_of { "best", "last" },
    loop = mlrt.range(3, 6) { 4 }, dim = 128, epochs = 20, epoch_size = 25000, seed = 0,
  },

  run = function(p)
    local run = symbols.stored_or_trained(p, learn)
    local task = run.task
    local list = relations.measure(run, amplitudes.relations {
      loop = task.loop, zeros = task.zeros, base = task.base, test = task.test, train = task.train, seed = task.seed,
      which = p.which, instances = p.instances, held_out = p.held_out,
    })
    local step, epoch = plateau(run)
    local found = {}
    print(("%-5s  %-40s %9s %9s %10s %9s %9s%s"):format("group", "relation", "instances", "satisfied", "magnitudes",
      "signs", "right", step and ("   satisfied in epoch %d"):format(epoch) or ""))
    for _, r in ipairs(list) do
      local then_ = step and at(run, r.name .. " satisfied", step)
      print(("%-5d  %-40s %9d %9.4f %10.4f %9.4f %9.4f%s"):format(r.group, r.name, r.instances, r.satisfied,
        r.magnitudes, r.signs, r.right, then_ and ("   %.4f"):format(then_) or ""))
      if p.which == "figure" then found[r.name .. " satisfied"] = r.satisfied end
    end
    if step then print(("magnitudes were right in nine cases of ten for the first time in epoch %d"):format(epoch)) end
    relations.draw(run)
    return found
  end,
}
