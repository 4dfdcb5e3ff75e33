-- Can signs be learned without magnitudes? Hardly: all magnitudes are 1, and networks that know their training words by
-- heart guess the signs of others. Cai et al., arXiv:2405.06107, Sec. 4; see magnitude_only.lua.
--
--   mlrt run sign_only.lua                                four loops
--   mlrt run sign_only.lua size=paper                     six loops

local mlrt = require "mlrt"
local symbols = require "symbols"

return mlrt.experiment "sign_only" {
  doc    = "Predict the sign of a coefficient from its word.",
  paper  = { "arXiv:2405.06107", section = 4 },
  params = symbols.params { loop = mlrt.range(3, 6) { 4 } },
  sizes  = { paper = symbols.paper { loop = 6, epochs = 100, test = 100000 } },
  expect = { accuracy = 0.5 }, -- chance, at six loops

  setup = function(p)
    return symbols.learn(p, mlrt.task.amplitudes.coefficient {
      loop = p.loop, target = "sign", test = p.test, seed = p.seed,
    }, { train = { eval_train = 1000 } })
  end,
}
