-- W6.lua - a Lipschitz network: weights with columns of norm 1, features sorted in pairs; no layer of a plugin.
local mlrt = require "mlrt"
local layer, random = mlrt.layer, mlrt.array.random

-- No column of the weight has a 1-norm above 1: no input moves the outputs by more, summed up, than it is moved itself.
local function lipschitz(out)
  return mlrt.chain {
    function(x)
      local _, features = x:shape()
      local w = layer.parameter { { out, features }, name = "weight", init = "fan_in" } ()
      local bias = layer.parameter { { out }, name = "bias" } ()
      return x:matmul(w / w:abs():sum(1, true):maximum(1), false, true) + bias
    end,
    name = "lipschitz",
  }
end

local function group_sort(x)
  local batch, features = x:shape()
  return x:reshape(batch, features // 2, 2):sort():reshape(batch, features)
end

return mlrt.experiment "W6" {
  doc = "784-1024-1024-10, columns of weights normalised, GroupSort in pairs, batch 4,096, Adam",
  params = { precision = "f32", batch = 4096, steps = 1000, width = 1024 },

  setup = function(p)
    local examples = 2 * p.batch
    return {
      task = mlrt.task.arrays {
        train = {
          image = random.uniform { examples, 784, seed = p.seed },
          label = random.uniform { examples, low = 0, high = 10, seed = p.seed + 1 }:floor(),
        },
        target = "label", classes = { label = 10 },
      },
      model = mlrt.chain { lipschitz(p.width), group_sort, lipschitz(p.width), group_sort, lipschitz(10) },
      loss = mlrt.loss.cross_entropy {},
      optimizer = mlrt.optimizer.adam { lr = 1e-3 },
      train = { steps = p.steps, batch = p.batch, eval_size = 0, precision = p.precision },
    }
  end,
}
