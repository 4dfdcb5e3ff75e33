-- W3.lua - the toy of grokking: addition by ten learned numbers and a small decoder; latency. Its sweep is W8.
local mlrt = require "mlrt"
local layer, random = mlrt.layer, mlrt.array.random

return mlrt.experiment "W3" {
  doc = "10 embeddings of dimension 1, decoder 1-200-200-30, 45 pairs in one batch, two groups of AdamW",
  params = { precision = "f32", steps = 10000, lr = 1e-4, decay = 1.0 },
  sweep = { axes = { "lr=1e-4..1e-2@log:20", "decay=0..10@20" } },

  setup = function(p)
    local sums = random.normal { 19, 30, seed = p.seed }
    local a, b, y = {}, {}, {}
    for i = 0, 9 do
      for j = i, 9 do a[#a + 1], b[#b + 1], y[#y + 1] = i, j, sums[i + j + 1] end
    end
    local number = layer.embedding { dim = 1, init = mlrt.init.uniform(-0.5, 0.5), name = "number" }
    local decoder = mlrt.chain { layer.linear { 200 }, layer.tanh {}, layer.linear { 200 }, layer.tanh {},
                                 layer.linear { 30 }, name = "decoder" }
    return {
      task = mlrt.task.arrays {
        fields = { a = a, b = b, sum = mlrt.array.stack(y) }, target = "sum", classes = { a = 10, b = 10 },
        train = 45, seed = p.seed,
      },
      model = function(m, n) return decoder(number(m) + number(n)) end,
      loss = mlrt.loss.mse {},
      optimizer = mlrt.optimizer.adamw { lr = p.lr, weight_decay = p.decay,
                                         groups = { ["number.*"] = { lr = 1e-3, weight_decay = 0 } } },
      train = { steps = p.steps, batch = "full", evaluate = p.steps, precision = p.precision },
    }
  end,
}
