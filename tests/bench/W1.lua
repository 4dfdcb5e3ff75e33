-- W1.lua - coefficient from key at five loops: encoder-decoder, 2+2 layers, products dominate.
local mlrt = require "mlrt"

return mlrt.experiment "W1" {
  params = { precision = "f32" },
  setup = function(p)
    return {
      task = mlrt.task.amplitudes.coefficient { loop = 4, test = 10 },
      model = mlrt.layer.seq2seq { layers = 2, dim = 512, heads = 8, ffn = 2048 },
      loss = mlrt.loss.cross_entropy { ignore = "pad" },
      optimizer = mlrt.optimizer.adam { lr = 1e-4 },
      train = { batch = 256, steps = 1000000, clip = 5, eval_size = 0, precision = p.precision },
    }
  end,
}
