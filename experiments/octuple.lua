-- And when hardly anything is said twice? Octuple words end in one of 94 suffixes of eight letters, from which what is
-- known of final entries and symmetry give all others: five million words of six loops become 17,054. The paper counts
-- them (with 93 suffixes, see docs/amplitudes.md) and does not train on them. Cai et al., arXiv:2405.06107, Sec. 2.3.
--
--   mlrt run octuple.lua                                  six loops
--   mlrt run octuple.lua loop=7                           seven, of 93 million words: computed once, in minutes
--   mlrt run octuple.lua target=magnitude                 without signs

local mlrt = require "mlrt"
local symbols = require "symbols"

local keys = { [6] = 16971, [7] = 312463 }

return mlrt.experiment "octuple" {
  doc    = "Predict the coefficient of a word whose last eight letters are one of 94 suffixes.",
  paper  = { "arXiv:2405.06107", section = "2.3" },
  params = symbols.params {
    loop = mlrt.range(4, 7) { 6 }, target = mlrt.one_of { "value", "magnitude", "sign" }, layers = 2,
  },
  sizes  = { paper = symbols.paper { loop = 6, layers = 4, epochs = 192 } }, -- those of its quads
  expect = function(p)
    return { keys = keys[p.loop] }
  end,

  setup = function(p)
    return symbols.learn(p, mlrt.task.amplitudes.coefficient {
      loop = p.loop, form = "octuple", target = p.target, test = p.test, seed = p.seed,
    })
  end,

  finish = function(run) run:table { keys = run.examples.train + run.examples.test } end,
}
