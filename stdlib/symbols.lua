-- symbols.lua - what the experiments on symbols share: the transformer that reads words or numbers and writes numbers,
-- and how it is trained. Cai et al., arXiv:2405.06107, Sec. 3.
--
--   params = symbols.params { loop = 4 }, sizes = { paper = symbols.paper { loop = 6, epochs = 50 } },
--   setup = function(p) return symbols.learn(p, task.amplitudes.coefficient { ... }) end

local mlrt = require "mlrt"
local layer, loss, optimizer, plot = mlrt.layer, mlrt.loss, mlrt.optimizer, mlrt.plot

local symbols = {}

local function with(words, changed)
  for word, value in pairs(changed or {}) do words[word] = value end
  return words
end

-- Parameters for minutes on one core, with some changed or added; and the paper's, where it does not say others.
function symbols.params(changed)
  return with({ layers = 1, dim = 64, heads = 4, lr = 1e-3, batch = 64, epochs = 20, epoch_size = 20000, test = 1000,
                seed = 0 }, changed)
end
function symbols.paper(changed)
  return with({ layers = 2, dim = 512, heads = 8, lr = 1e-4, batch = 32, epoch_size = 300000, test = 10000 }, changed)
end

-- What setup returns, from these parameters and a task; other words of the model, the optimizer or train come in
-- `changed`, { model = { position = "rotary" } }.
function symbols.learn(p, task, changed)
  changed = changed or {}
  return {
    task      = task,
    model     = layer.seq2seq(with({
      layers = p.layers, dim = p.dim, heads = p.heads, share_output = false, init = "xavier_uniform",
      embedding_init = mlrt.init.normal(0, 1),
    }, changed.model)),
    loss      = loss.cross_entropy { ignore = "pad" },
    optimizer = optimizer.adam(with({ lr = p.lr }, changed.optimizer)),
    train     = with({
      epochs = p.epochs, epoch_size = p.epoch_size, batch = p.batch, clip = 5, precision = "bf16",
    }, changed.train),
    plots     = { plot.curves { "accuracy", "magnitude_accuracy", "sign_accuracy", x = "epoch", y_range = { 0, 1 } } },
  }
end

-- Run p.run of the store, or, where that is 0, a new one of `experiment`.
function symbols.stored_or_trained(p, experiment)
  if p.run > 0 then return mlrt.stored(p.run, { checkpoint = p.checkpoint }) end
  return mlrt.run(experiment, {
    loop = p.loop, dim = p.dim, epochs = p.epochs, epoch_size = p.epoch_size, seed = p.seed,
  })
end

-- The first epoch in which a metric is so good, or nil.
function symbols.epoch_of(run, metric, value)
  local series = run:series(metric)
  for i, got in ipairs(series.value) do
    if got >= value then return series.epoch[i] end
  end
end

return symbols
