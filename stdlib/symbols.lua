-- symbols.lua - what the experiments on symbols share: the transformer that reads words or numbers and writes numbers,
-- and how it is trained. Cai et al., arXiv:2405.06107, Sec. 3.
--
--   params = { layers = 2, dim = 512, heads = 8, lr = 1e-4, batch = 64, epochs = 10, epoch_size = 300000 }
--   setup  = function(p) return symbols.learn(p, task.amplitudes.coefficient { ... }) end

local mlrt = require "mlrt"
local layer, loss, optimizer, plot = mlrt.layer, mlrt.loss, mlrt.optimizer, mlrt.plot

local symbols = {}

-- What setup returns, from the parameters above. `options` are words of layer.seq2seq, and `train`, those of train.
function symbols.learn(p, task, options)
  options = options or {}
  local model = { layers = p.layers, dim = p.dim, heads = p.heads, share_output = false, init = "xavier_uniform",
                  embedding_init = mlrt.init.normal(0, 1) }
  local train = { epochs = p.epochs, epoch_size = p.epoch_size, batch = p.batch, clip = 5, precision = "bf16" }
  for word, value in pairs(options.train or {}) do train[word] = value end
  for word, value in pairs(options.model or {}) do model[word] = value end
  return {
    task      = task,
    model     = layer.seq2seq(model),
    loss      = loss.cross_entropy { ignore = "pad" },
    optimizer = optimizer.adam { lr = p.lr },
    train     = train,
    plots     = { plot.curves { "accuracy", "magnitude_accuracy", "sign_accuracy", x = "epoch", y_range = { 0, 1 } } },
  }
end

-- The first epoch in which a metric is so good, or nil.
function symbols.epoch_of(run, metric, value)
  local series = run:series(metric)
  for i, got in ipairs(series.value) do
    if got >= value then return series.epoch[i] end
  end
end

return symbols
