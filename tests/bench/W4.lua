-- W4.lua - addition modulo 53: a decoder-only transformer on all pairs at once, as in grokking.
local mlrt = require "mlrt"
local layer = mlrt.layer

return mlrt.experiment "W4" {
  doc = "a + b modulo 53: decoder-only transformer, d = 256, 4 tokens, 2,247 pairs in one batch, AdamW",
  params = { precision = "f32", steps = 1000, layers = 1, dim = 256, modulus = 53, train = 0.8 },

  setup = function(p)
    local equations, sums = {}, {} -- the tokens are a, "+", b, "="
    for a = 0, p.modulus - 1 do
      for b = 0, p.modulus - 1 do
        equations[#equations + 1] = { a, p.modulus, b, p.modulus + 1 }
        sums[#sums + 1] = (a + b) % p.modulus
      end
    end
    local body = { layer.embedding { dim = p.dim }, layer.position {}, name = "body" }
    for _ = 1, p.layers do
      body[#body + 1] = layer.transformer_encoder_layer { heads = 4, ffn = 4 * p.dim, causal = true }
    end
    body = mlrt.chain(body)
    local answer = layer.linear { p.modulus, name = "answer" }
    return {
      task = mlrt.task.arrays {
        fields = { equation = equations, sum = sums }, target = "sum",
        classes = { equation = p.modulus + 2, sum = p.modulus }, train = p.train, seed = p.seed,
      },
      model = function(equation)
        local h = body(equation)
        return answer(h:slice(2, -1, -1):reshape((h:shape()), p.dim))
      end,
      loss = mlrt.loss.cross_entropy {},
      optimizer = mlrt.optimizer.adamw { lr = 1e-3, weight_decay = 0.1 },
      train = { steps = p.steps, batch = "full", eval_size = 0, precision = p.precision },
    }
  end,
}
