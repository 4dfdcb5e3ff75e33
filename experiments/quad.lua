-- Can coefficients be learned when nothing is said twice? Quad words are those that end in one of eight suffixes, from
-- which symmetry and the relations of last letters give all others. They are fewer, and harder: magnitudes come first
-- here too, signs much later, and the network must be larger. Cai et al., arXiv:2405.06107, Sec. 5.
--
--   mlrt run quad.lua                                     five loops: 20,936 words
--   mlrt run quad.lua size=paper                          six loops: 391,570 words
--   mlrt run quad.lua size=paper loop=7 dim=1024 heads=16 seven: 7,319,649 words, computed once, in minutes

local mlrt = require "mlrt"
local symbols = require "symbols"

return mlrt.experiment "quad" {
  doc    = "Predict the coefficient of a word whose last four letters are one of eight suffixes.",
  paper  = { "arXiv:2405.06107", section = 5 },
  params = symbols.params { loop = mlrt.range(3, 7) { 5 }, layers = 2 },
  sizes  = { paper = symbols.paper { loop = 6, layers = 4, epochs = 192 } },
  expect = function(p)
    if p.loop == 6 then return { accuracy = 0.99, epoch_95 = 43 } end
    if p.loop == 7 then return { accuracy = 0.991 } end
  end,

  setup = function(p)
    return symbols.learn(p, mlrt.task.amplitudes.coefficient {
      loop = p.loop, form = "quad", test = p.test, seed = p.seed,
    })
  end,

  finish = function(run) run:table { epoch_95 = symbols.epoch_of(run, "accuracy", 0.95) } end,
}
