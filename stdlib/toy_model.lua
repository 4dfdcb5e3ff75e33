-- toy_model.lua - the toy of grokking: two symbols with embeddings that are learned, Dec(E_a + E_b), or Dec(E_a E_b) of
-- matrices for a group that does not commute. Liu et al., arXiv:2205.10343, Sec. 2; thesis of Kitouni, Sec. 6.2, C.8.
--
--   local toy = toy_model.new { p = 10, train = 45, lr = 1e-3, decoder_lr = 1e-4, seed = 1 }
--
-- toy.task, toy.model, toy.loss and toy.optimizer are for setup; toy.embeddings() is their node, for metrics. Their
-- parameter is called "number".

local mlrt = require "mlrt"
local init, layer = mlrt.init, mlrt.layer

local toy_model = {}

-- What may be said, with what holds when it is not. Embeddings start uniform in +-init_scale / 2.
local words = {
  operation = "add",        -- or "permute": the group of all permutations of p things
  p = 10, train = 0.8,      -- how many numbers; how many pairs, or which share, to train on
  dim = 1,                  -- of the embeddings that are added
  objective = "regression", -- on random vectors; or "classification"
  init_scale = 1, width = 200,
  lr = 1e-3, decay = 0, l1 = 0,         -- of the embeddings; l1 is a weight of their mean size in the loss
  decoder_lr = 1e-4, decoder_decay = 0, -- of the decoder
  seed = 0,                             -- of the split
}

local function factorial(n) return n < 2 and 1 or n * factorial(n - 1) end

local kinds = {
  add = function(o)
    return {
      shape = { o.p, o.dim }, results = 2 * o.p - 1, unordered = true,
      combine = function(e, a, b) return e:gather(a) + e:gather(b) end,
    }
  end,
  permute = function(o)
    local symbols = factorial(o.p)
    return {
      shape = { symbols, o.p, o.p }, results = symbols, unordered = false,
      combine = function(e, a, b) return e:gather(a):matmul(e:gather(b)):reshape(-1, o.p * o.p) end,
    }
  end,
}

local function decoder(o, outputs)
  return mlrt.chain {
    layer.linear { o.width }, layer.tanh {}, layer.linear { o.width }, layer.tanh {}, layer.linear { outputs },
    name = "decoder",
  }
end

function toy_model.new(options)
  local o = {}
  for name, value in pairs(words) do o[name] = value end
  for name, value in pairs(options) do
    if words[name] == nil then error(("toy_model: unknown word '%s'"):format(name), 2) end
    o[name] = value
  end
  local regression = o.objective == "regression"
  local kind = kinds[o.operation](o)
  local start = init.uniform(-o.init_scale / 2, o.init_scale / 2)
  local number = layer.parameter { kind.shape, name = "number", init = start }
  local decode = decoder(o, regression and 30 or kind.results)
  local loss = regression and mlrt.loss.mse {} or mlrt.loss.cross_entropy {}
  return {
    embeddings = function() return number() end,
    task = mlrt.task.grokking.binary_operation {
      o.operation, p = o.p, unordered = kind.unordered, answer = regression and "vector" or "class", train = o.train,
      seed = o.seed,
    },
    model = function(a, b) return decode(kind.combine(number(), a, b)) end,
    loss = o.l1 == 0 and loss or function(...) return loss(...) + o.l1 * number():abs():mean() end,
    optimizer = mlrt.optimizer.adamw {
      lr = o.decoder_lr, weight_decay = o.decoder_decay, groups = { number = { lr = o.lr, weight_decay = o.decay } },
    },
  }
end

return toy_model
