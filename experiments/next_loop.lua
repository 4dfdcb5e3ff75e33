-- Does a network that has learned how coefficients follow from those one loop order lower know the next loop order? It
-- learns those of four loops from parents of three and is asked for those of five from parents of four, of which it has
-- seen none, or few. The paper ends with this question; how it is asked here is our own.
-- Cai et al., arXiv:2405.06107, Sec. 8 and 9.
--
--   mlrt run next_loop.lua                    none: validation is of four loops, the test of five
--   mlrt run next_loop.lua slice=1            beside as many of five
--   mlrt run next_loop.lua keep=sign          told only the signs of parents, which do not grow
--   mlrt sweep next_loop.lua                  all of these

local mlrt = require "mlrt"
local symbols = require "symbols"

return mlrt.experiment "next_loop" {
  doc   = "Learn coefficients from those one loop order lower; be asked for the next loop order.",
  paper = { "arXiv:2405.06107", section = 8 },

  params = symbols.params {
    loop = mlrt.range(3, 5) { 4 }, -- from one less; the next has one more
    k = 2, keep = mlrt.one_of { "value", "magnitude", "sign" },
    slice = 0.0, -- of the next loop order, as a multiple of those of the first
    position = mlrt.one_of { "learned", "sinusoidal", "none", "relative", "transformer_xl", "rotary", "xpos" },
    layers = 2, lr = 2e-3, warmup = 100, epochs = 6, epoch_size = 12000,
  },
  sizes  = {
    five  = { loop = 5, dim = 128, lr = 1e-3, warmup = 500, epochs = 20, epoch_size = 50000 },
    paper = symbols.paper { loop = 5, layers = 4, epochs = 500 },
  },
  sweep  = { axes = { "slice=0,0.25,1", "keep=value,sign" } },

  setup = function(p)
    local task = mlrt.task.amplitudes.next_loop {
      loop = p.loop, k = p.k, keep = p.keep, slice = p.slice, test = p.test, seed = p.seed,
    }
    local schedule = p.size ~= "paper" and mlrt.schedule.cosine { warmup = p.warmup } or nil
    local setup = symbols.learn(p, task, { model = { position = p.position }, optimizer = { schedule = schedule } })
    setup.plots = { mlrt.plot.curves {
      "valid_accuracy", "test_accuracy", "test_magnitude_accuracy", "test_sign_accuracy",
      x = "epoch", y_range = { 0, 1 },
    } }
    return setup
  end,
}
