-- W2.lua - strike-two, six loops: an encoder-decoder transformer on the digits of all 66 parents; attention and memory.
local mlrt = require "mlrt"
local random = mlrt.array.random

-- The tokens of a coefficient: its sign and base-1000 digits.
local numbers = { "end", "pad", "+", "-" }
for digit = 0, 999 do numbers[#numbers + 1] = tostring(digit) end

return mlrt.experiment "W2" {
  doc = "encoder-decoder, 4+4 layers, d = 512, 140 tokens to 4 digits, batch 64, Adam",
  params = { precision = "f32", batch = 64, steps = 1000, layers = 4, dim = 512, source = 140 },

  setup = function(p)
    local examples = 10 * p.batch
    return {
      task = mlrt.task.arrays {
        train = {
          parents = random.uniform { examples, p.source, low = 0, high = #numbers, seed = p.seed }:floor(),
          coefficient = random.uniform { examples, 4, low = 2, high = #numbers, seed = p.seed + 1 }:floor(),
        },
        inputs = "parents", target = "coefficient",
        classes = { parents = #numbers, coefficient = numbers },
      },
      model = mlrt.layer.seq2seq { layers = p.layers, dim = p.dim, heads = p.dim // 64, ffn = 4 * p.dim },
      loss = mlrt.loss.cross_entropy { ignore = "pad" },
      optimizer = mlrt.optimizer.adam { lr = 1e-4 },
      train = { steps = p.steps, batch = p.batch, clip = 5, eval_size = 0, precision = p.precision },
    }
  end,
}
