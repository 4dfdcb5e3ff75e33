-- Can a transformer learn the coefficients of a scattering amplitude from their words alone? It can, in two phases:
-- first the magnitudes, while the signs stay near chance, then the signs. Cai et al., arXiv:2405.06107, Sec. 4, Fig. 3.
--
--   mlrt run coefficient_from_key.lua                 four loops, minutes
--   mlrt run coefficient_from_key.lua size=paper      five loops: 163,880 words to learn, 100,000 to test

local mlrt = require "mlrt"
local relations = require "linear_relations"
local symbols = require "symbols"
local task = mlrt.task

return mlrt.experiment "coefficient_from_key" {
  doc   = "Predict the coefficient of a word in the symbol of the three-gluon form factor.",
  paper = { "arXiv:2405.06107", figure = 3 },

  params = symbols.params {
    loop = mlrt.range(3, 8) { 4 },
    target = mlrt.one_of { "value", "magnitude", "sign" },
    train = 0.0, -- share of the words to learn from; 0: all that are not for testing
    dim = 128, ffn = 512, lr = 5e-4, epochs = 30, epoch_size = 25000,
    eval_size = 10000, precision = mlrt.one_of { "f32", "bf16" },
    instances = -1, -- of each relation of Fig. 4, measured on the way; -1: 500 from five loops on, else none
  },
  sizes  = {
    paper = symbols.paper { loop = 5, ffn = 2048, train = 0.62104, test = 100000, epochs = 16, precision = "bf16" },
  },
  expect = function(p) return p.size == "paper" and p.target == "value" and { accuracy = 0.99 } or nil end,

  setup = function(p)
    local instances = p.instances < 0 and p.loop >= 5 and 500 or p.instances
    local setup = symbols.learn(p, task.amplitudes.coefficient {
      loop = p.loop, target = p.target, train = p.train, test = p.test, seed = p.seed,
    }, {
      model = { ffn = p.ffn },
      train = { eval_size = p.eval_size, precision = p.precision, stop = { metric = "accuracy", at = 1 } },
    })
    setup.plots = { mlrt.plot.curves { "accuracy", "magnitude_accuracy", "sign_accuracy", "plus_share", x = "epoch",
                                       title = "Magnitudes first, then signs", y_range = { 0, 1 } } }
    setup.watch = instances > 0 and p.target == "value" and relations.watch(task.amplitudes.relations {
      loop = p.loop, instances = instances, seed = p.seed }) or nil
    return setup
  end,
}
