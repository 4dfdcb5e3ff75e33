-- W1.lua - coefficients from keys, five loops: an encoder-decoder transformer on ten letters; products dominate.
local mlrt = require "mlrt"
local random = mlrt.array.random

-- The tokens of a coefficient: its sign and base-1000 digits.
local numbers = { "end", "pad", "+", "-" }
for digit = 0, 999 do numbers[#numbers + 1] = tostring(digit) end

return mlrt.experiment "W1" {
  doc = "encoder-decoder, 2+2 layers, d = 512, 10 letters to 4 digits, batch 256, Adam",
  params = { precision = "f32", batch = 256, steps = 1000, layers = 2, dim = 512 },

  setup = function(p)
    local examples = 10 * p.batch
    return {
      task = mlrt.task.arrays {
        train = {
          word = random.uniform { examples, 10, low = 0, high = 6, seed = p.seed }:floor(),
          coefficient = random.uniform { examples, 4, low = 2, high = #numbers, seed = p.seed + 1 }:floor(),
        },
        target = "coefficient", classes = { word = { "a", "b", "c", "d", "e", "f" }, coefficient = numbers },
      },
      model = mlrt.layer.seq2seq { layers = p.layers, dim = p.dim, heads = p.dim // 64, ffn = 4 * p.dim },
      loss = mlrt.loss.cross_entropy { ignore = "pad" },
      optimizer = mlrt.optimizer.adam { lr = 1e-4 },
      train = { steps = p.steps, batch = p.batch, clip = 5, eval_size = 0, precision = p.precision },
    }
  end,
}
