-- Is a coefficient zero? A small transformer tells it from the word almost without fail, after it has seen half of the
-- words; most zeros break a simple rule. Cai et al., arXiv:2405.06107, Sec. 4.
--
--   mlrt run zero_classifier.lua                          four loops
--   mlrt run zero_classifier.lua size=paper               five loops
--   mlrt run zero_classifier.lua zeros=nontrivial         zeros that no rule forbids

local mlrt = require "mlrt"
local symbols = require "symbols"

return mlrt.experiment "zero_classifier" {
  doc   = "Tell from a word whether its coefficient is zero; half of them are.",
  paper = { "arXiv:2405.06107", section = 4 },

  params = symbols.params {
    loop = mlrt.range(2, 6) { 4 }, zeros = mlrt.one_of { "naive", "nontrivial" }, epochs = 6, test = 2000,
  },
  sizes  = { paper = symbols.paper { loop = 5, layers = 1, dim = 256, epochs = 1 } },
  expect = function(p) if p.size == "paper" and p.loop == 5 then return { accuracy = 0.9996 } end end,

  setup = function(p)
    return symbols.learn(p, mlrt.task.amplitudes.coefficient {
      loop = p.loop, target = "zero", zeros = p.zeros, test = p.test, seed = p.seed,
    })
  end,
}
