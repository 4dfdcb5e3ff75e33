-- Does it happen on images, too? A network that starts with large weights knows 1,000 images by heart soon, and others
-- only much later. Liu et al., arXiv:2205.10343, Sec. 4.3; Figs 6.8 and C.12 of Kitouni's thesis. The images
-- are those of Fashion-MNIST (Debian: dataset-fashion-mnist), or data=FOLDER of MNIST's files.
--
--   mlrt run images.lua                              1,000 images, delayed generalisation
--   mlrt run images.lua init=1                       with weights of the usual size
--   mlrt sweep images.lua                            the phase diagram over last layer and weight decay (Fig. 6.8)
--   mlrt sweep images.lua decay=0.15 decoder_lr=1e-3 train=300,500,1000,2000,4000 --metric test_step       (Fig. C.12)
--
-- An accuracy of `threshold` on other images counts as generalisation.

local mlrt = require "mlrt"
local array, layer, plot = mlrt.array, mlrt.layer, mlrt.plot
local phases = require "phases"

local function finish(run)
  local p = run.params
  local train = phases.first(run:series("accuracy", "train"), 0.95)
  local test = phases.first(run:series "accuracy", p.threshold)
  run:table { -- what never came is left out
    train_step = train, test_step = test, delay = train and test and test - train,
    phase = phases.number[phases.classify(train, test, p.gap)], last_accuracy = run:metric "accuracy",
  }
end

return mlrt.experiment "images" {
  doc   = "Tell classes of images after large initial weights: delayed generalisation.",
  paper = { "arXiv:2205.10343", section = 4.3 },

  params = {
    data = "/usr/share/datasets/fashion-mnist", train = 1000, test = 500,
    depth = 3, width = 200, init = 8.0,
    lr = 1e-3, decoder_lr = 1e-3, decay = 0.15, -- the decoder is the last layer
    batch = 200, steps = 8000, evaluate = 200, seed = 0,
    threshold = 0.6, gap = 1000,
  },
  expect = function(p) -- Fig. 6.8: large weights, few images
    if p.init >= 8 and p.train <= 1000 then return { phase = phases.number.grokking } end
  end,
  sizes = { paper = { decay = 0.01, steps = 100000, evaluate = 1000, test = 10000 } },

  sweep = { axes = { "decay=0.01..10@log:7", "decoder_lr=1e-5..1e-2@log:7" }, metric = "phase",
            plot = phases.draw },

  setup = function(p)
    local function linear(out, name) return layer.linear { out, scale = p.init, name = name } end
    local parts = { layer.flatten {} }
    for _ = 2, p.depth do
      table.insert(parts, linear(p.width))
      table.insert(parts, layer.relu {})
    end
    table.insert(parts, linear(10, "decoder"))
    local one_hot = array.eye(10)
    return {
      task = mlrt.task.images.idx { p.data, train = p.train, test = p.test, seed = p.seed },
      model = mlrt.chain(parts),
      loss = function(prediction, label) return (prediction - mlrt.constant(one_hot):gather(label)):square():mean() end,
      optimizer = mlrt.optimizer.adamw {
        lr = p.lr, weight_decay = p.decay, groups = { ["*decoder.*"] = { lr = p.decoder_lr } },
      },
      train = {
        steps = p.steps, batch = math.min(p.batch, p.train), evaluate = p.evaluate, eval_train = p.train,
      },
      plots = { plot.curves { "train_accuracy", "accuracy", x = "step", y_range = { 0, 1 } } },
    }
  end,

  finish = finish,
}
