-- Can magnitudes be learned without signs? They can, as soon as with them: here all signs are +. Cai et al.,
-- arXiv:2405.06107, Sec. 4; for signs without magnitudes see sign_only.lua.
--
--   mlrt run magnitude_only.lua                           four loops
--   mlrt run magnitude_only.lua size=paper                six loops

local mlrt = require "mlrt"
local symbols = require "symbols"

return mlrt.experiment "magnitude_only" {
  doc    = "Predict the magnitude of a coefficient from its word.",
  paper  = { "arXiv:2405.06107", section = 4 },
  params = symbols.params { loop = mlrt.range(3, 6) { 4 } },
  sizes  = { paper = symbols.paper { loop = 6, epochs = 50, test = 100000 } },
  expect = { accuracy = 0.977 }, -- at six loops

  setup = function(p)
    return symbols.learn(p, mlrt.task.amplitudes.coefficient {
      loop = p.loop, target = "magnitude", test = p.test, seed = p.seed,
    })
  end,
}
