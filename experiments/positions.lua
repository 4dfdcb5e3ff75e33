-- Does it matter how a network is told where a letter stands, and in which base numbers are written? Coefficients from
-- words with seven schemes of positions and three bases. Cai et al., arXiv:2405.06107, Appendix C.
--
--   mlrt run positions.lua position=rotary
--   mlrt sweep positions.lua                              all of them, as a picture
--   mlrt sweep positions.lua size=paper                   five loops

local mlrt = require "mlrt"
local symbols = require "symbols"

return mlrt.experiment "positions" {
  doc    = "Predict coefficients from words with a scheme of positions and a base of digits.",
  paper  = { "arXiv:2405.06107", appendix = "C" },
  params = symbols.params {
    loop = mlrt.range(3, 6) { 4 },
    position = mlrt.one_of { "learned", "sinusoidal", "none", "relative", "transformer_xl", "rotary", "xpos" },
    base = mlrt.one_of { 1000, 100, 10 },
  },
  sizes  = { paper = symbols.paper { loop = 5, epochs = 50, test = 100000 } },
  sweep  = { axes = { "position=learned,sinusoidal,none,relative,transformer_xl,rotary,xpos", "base=1000,100,10" } },

  setup = function(p)
    return symbols.learn(p, mlrt.task.amplitudes.coefficient {
      loop = p.loop, base = p.base, test = p.test, seed = p.seed,
    }, { model = { position = p.position } })
  end,
}
