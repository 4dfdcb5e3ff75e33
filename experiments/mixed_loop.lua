-- Do words of a lower loop order help with the next one, of which few are known? A network that is trained on one loop
-- order alone knows nothing of the next; some words of it beside all of the lower do better than they do alone.
-- Cai et al., arXiv:2405.06107, Sec. 7, Table 3 and Fig. 6.
--
--   mlrt run mixed_loop.lua                                both, tested on each: validation is of the lower loop order
--   mlrt run mixed_loop.lua train=lower zeros=none         tested on the next: at most 3 %
--   mlrt sweep mixed_loop.lua                              the rows of Table 3

local mlrt = require "mlrt"
local symbols = require "symbols"

-- The columns of Table 3 for one loop order, which is a split: the epochs in which magnitudes reach 90 %, in which the
-- accuracy is half-way between 75 % and its last value, and in which it reaches 90 %; the best accuracy.
local function columns(run, prefix)
  local accuracy = prefix .. "accuracy"
  local best, last = 0, run:metric(accuracy)
  for _, value in ipairs(run:series(accuracy).value) do best = math.max(best, value) end
  return {
    [prefix .. "magnitude_90"] = symbols.epoch_of(run, prefix .. "magnitude_accuracy", 0.9),
    [prefix .. "midpoint"] = last > 0.75 and symbols.epoch_of(run, accuracy, (last + 0.75) / 2) or nil,
    [prefix .. "accuracy_90"] = symbols.epoch_of(run, accuracy, 0.9),
    [prefix .. "best"] = best,
  }
end

local paper = {
  both  = { valid_magnitude_90 = 6, valid_midpoint = 16, valid_accuracy_90 = 18, valid_best = 0.9982,
            test_magnitude_90 = 25, test_midpoint = 88, test_accuracy_90 = 112, test_best = 0.946 },
  lower = { valid_magnitude_90 = 3, valid_midpoint = 9, valid_accuracy_90 = 10, valid_best = 0.999 },
  upper = { test_magnitude_90 = 20, test_midpoint = 51, test_best = 0.845 },
}

return mlrt.experiment "mixed_loop" {
  doc   = "Coefficients of two loop orders from all words of the lower one and a slice of the upper.",
  paper = { "arXiv:2405.06107", table = 3, figure = 6 },

  params = symbols.params {
    loop = mlrt.range(2, 5) { 4 }, -- the lower one
    train = mlrt.one_of { "both", "lower", "upper" }, slice = 1.0,
    zeros = mlrt.one_of { "none", "naive", "nontrivial", default = "naive" },
  },
  sizes  = { paper = symbols.paper { loop = 5, epochs = 200 } },
  expect = function(p)
    if p.train == "lower" and p.zeros == "none" then return { test_accuracy = 0.03 } end -- at most
    if p.size == "paper" and p.zeros == "naive" and p.slice == 1 then return paper[p.train] end
  end,
  sweep  = { axes = { "train=both,lower,upper" } },

  setup = function(p)
    local setup = symbols.learn(p, mlrt.task.amplitudes.mixed_loop {
      loop = p.loop, train = p.train, slice = p.slice, zeros = p.zeros, test = p.test, seed = p.seed,
    })
    setup.plots = { mlrt.plot.curves {
      "valid_accuracy", "valid_magnitude_accuracy", "test_accuracy", "test_magnitude_accuracy",
      x = "epoch", y_range = { 0, 1 },
    } }
    return setup
  end,

  finish = function(run)
    local found = columns(run, "valid_")
    for name, value in pairs(columns(run, "test_")) do found[name] = value end
    run:table(found)
  end,
}
