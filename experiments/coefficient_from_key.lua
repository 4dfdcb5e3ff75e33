-- Can a transformer learn the coefficients of a scattering amplitude from their words alone? It can, in two phases:
-- first the magnitudes, while the signs stay near chance, then the signs. Cai et al., arXiv:2405.06107, Sec. 4, Fig. 3.

local mlrt = require "mlrt"
local relations = require "linear_relations"
local layer, loss, optimizer, task = mlrt.layer, mlrt.loss, mlrt.optimizer, mlrt.task

return mlrt.experiment "coefficient_from_key" {
  doc   = "Predict the coefficient of a word in the symbol of the three-gluon form factor.",
  paper = { "arXiv:2405.06107", figure = 3 },

  params = {
    loop = mlrt.range(3, 8) { 4 },
    target = mlrt.one_of { "value", "magnitude", "sign" },
    layers = 1, dim = 128, heads = 4, ffn = 512,
    lr = 5e-4, batch = 64,
    epochs = 30, epoch_size = 25000,
    test = 1000, seed = 0,
    instances = -1, -- of each relation of Fig. 4, measured on the way; -1: 500 from five loops on, else none
  },

  setup = function(p)
    local instances = p.instances < 0 and p.loop >= 5 and 500 or p.instances
    return {
      task      = task.amplitudes.coefficient { loop = p.loop, target = p.target, test = p.test, seed = p.seed },
      model     = layer.seq2seq { layers = p.layers, dim = p.dim, heads = p.heads, ffn = p.ffn, share_output = false,
                                  init = "xavier_uniform", embedding_init = mlrt.init.normal(0, 1) },
      loss      = loss.cross_entropy { ignore = "pad" },
      optimizer = optimizer.adam { lr = p.lr },
      train     = { epochs = p.epochs, epoch_size = p.epoch_size, batch = p.batch, clip = 5,
                    stop = { metric = "accuracy", at = 1 } },
      plots     = { mlrt.plot.curves { "accuracy", "magnitude_accuracy", "sign_accuracy", "plus_share", x = "epoch",
                                       title = "Magnitudes first, then signs", y_range = { 0, 1 } } },
      watch     = instances > 0 and p.target == "value" and relations.watch(task.amplitudes.relations {
        loop = p.loop, instances = instances, seed = p.seed }) or nil,
    }
  end,
}
