-- When does a transformer understand addition modulo p? Long after it knows its training set by heart, when its numbers
-- arrange themselves in circles. Liu et al., arXiv:2205.10343, Sec. 4.2; Figs 6.1, 6.7 and C.13 of Kitouni's thesis.
--
--   mlrt run modular_transformer.lua             53 numbers, delayed generalisation
--   mlrt sweep modular_transformer.lua dropout=0 seed=0..9 --metric circularity_generalized
--                                                how often the first two components are a circle
--   mlrt run modular_transformer.lua components=10               what the first components know (Fig. C.14)
--   mlrt sweep modular_transformer.lua stop=true                                  dropout brings it forward (Fig. 6.7)
--   mlrt sweep modular_transformer.lua stop=true dropout=0 decoder_decay=0,0.3,1,2   and so does decay of the decoder
--   mlrt sweep modular_transformer.lua stop=true dropout=0 decay=0 \
--        decoder_decay=0.1..10@log:7 decoder_lr=2e-4..2e-2@log:7                  the phase diagram (Fig. 6.7, right)
--
-- Circularity, of the first two components, is that of representation.circularity. A network uses several circles, and
-- where two of them are alike these components show a mixture, so `circles` tells the share of the variance on the four
-- largest ones, wherever they lie (representation.circles). Dimension is exp of the entropy of the explained variance.

local mlrt = require "mlrt"
local layer, plot = mlrt.layer, mlrt.plot
local phases = require "phases"
local representation = require "representation"

local EMBEDDING = "number.weight"

local ROUND = 0.9 -- a circularity that is a circle to the eye
local kept -- the embeddings at each evaluation, by step, for the pictures

-- What the run is asked at each evaluation.
local watch = {
  circularity = function(run, step)
    kept[step] = run:parameter(EMBEDDING)
    return (representation.circularity(kept[step]))
  end,
  circles = function(run)
    local share = 0
    for i, circle in ipairs(representation.circles(run:parameter(EMBEDDING))) do
      share = share + (i <= 4 and circle.share or 0)
    end
    return share
  end,
  dimension = function(run) return representation.pca(run:parameter(EMBEDDING)).dimension end,
}

-- The value of a series at a step.
local function at(series, step)
  for i, s in ipairs(series.step) do
    if s == step then return series.value[i] end
  end
end

local function plane(embeddings, components)
  local centred = embeddings - embeddings:mean(1, true)
  return centred:matmul(components:T())
end

-- Fig. 6.1: two components of the embeddings at the start, when training accuracy is there, when validation accuracy
-- is, and at the end. Fig. C.13: those of the start, on the components of the end.
local function draw(run, train_step, test_step)
  local numbers, last = {}, run:parameter(EMBEDDING)
  for k = 1, run.params.p do numbers[k] = k - 1 end
  local function picture(name, embeddings, components)
    run:plot(name, plot.points { plane(embeddings, components or embeddings:pca(2).components), labels = numbers,
                                 x_label = "first component", y_label = "second component" })
  end
  if kept[0] then
    picture("plane_start", kept[0])
    picture("plane_start_on_last", kept[0], last:pca(2).components)
  end
  if kept[train_step] then picture("plane_memorized", kept[train_step]) end
  if kept[test_step] then picture("plane_generalized", kept[test_step]) end
  picture("plane_end", last)
  local dimension = run:series "dimension"
  run:plot("dimension", plot.curves { x = dimension.step, y = dimension.value, x_label = "step",
                                      y_label = "effective dimension" })
end

-- Fig. C.14: the accuracy with embeddings of which only their first components are left, the current ones or those of
-- the end, which a second run has that learns the same.
local last_components

local function accuracy_within(run, components)
  local e, accuracy = run:parameter(EMBEDDING), nil
  run:set(EMBEDDING, plane(e, components):matmul(components) + e:mean(1, true))
  for _, m in ipairs(run:evaluate()) do
    if m.split == "test" and m.name == "accuracy" then accuracy = m.value end
  end
  run:set(EMBEDDING, e)
  return accuracy
end

local function watched(p)
  local all = {}
  for name, f in pairs(watch) do all[name] = f end
  if p.components > 0 then
    all.accuracy_within = function(run)
      return accuracy_within(run, last_components or run:parameter(EMBEDDING):pca(p.components).components)
    end
  end
  return all
end

local experiment

local function project(run)
  local p, change = run.params, {}
  for name, value in pairs(p) do change[name] = value end
  last_components = run:parameter(EMBEDDING):pca(p.components).components
  local second = mlrt.run(experiment, change, { quiet = true, store = false })
  last_components = nil
  local whole, now, last = run:series "accuracy", run:series "accuracy_within", second:series "accuracy_within"
  run:plot("components", plot.curves {
    { x = whole.step, y = whole.value, name = "all components" },
    { x = now.step, y = now.value, name = ("the first %d"):format(p.components) },
    { x = last.step, y = last.value, name = ("the first %d of the end"):format(p.components) },
    x_label = "step", y_label = "accuracy", y_range = { 0, 1 },
  })
  return now.value[#now.value]
end

local function finish(run)
  if last_components then return end -- the second run
  local train = phases.first(run:series("accuracy", "train"), 0.99)
  local test = phases.first(run:series "accuracy", 0.99)
  local circularity, circles, dimension = run:series "circularity", run:series "circles", run:series "dimension"
  local circle, best = nil, 0
  for i, value in ipairs(circularity.value) do
    if test and circularity.step[i] >= test then
      best = math.max(best, value)
      circle = circle or value >= ROUND and circularity.step[i] or nil
    end
  end
  local within
  if run.folder and run.params.pictures then draw(run, train, test) end
  if run.folder and run.params.components > 0 then within = project(run) end
  run:table { -- what never came is left out
    train_step = train, test_step = test, delay = test and test - train,
    phase = phases.number[phases.classify(train, test, run.params.gap)],
    circularity_memorized = train and at(circularity, train), dimension_memorized = train and at(dimension, train),
    circularity_generalized = test and at(circularity, test), circularity_best = test and best, circle_step = circle,
    circles_memorized = train and at(circles, train), circles_generalized = test and at(circles, test),
    dimension_end = run:metric "dimension", accuracy_within = within,
  }
end

experiment = mlrt.experiment "modular_transformer" {
  doc   = "Add modulo p with a transformer: delayed generalisation, and embeddings that form a circle.",
  paper = { "arXiv:2205.10343", section = 4.2 },

  params = {
    p = 53, train = 0.6,
    dim = 32, heads = 4, layers = 1, dropout = 0.0,
    init = 0.125,                             -- standard deviation of the embeddings
    lr = 1e-3, decay = 1.0,                   -- of the embeddings
    decoder_lr = 1e-3, decoder_decay = 1.0,
    batch = 512, steps = 4000, evaluate = 50, seed = 0,
    gap = 1000,                               -- a longer delay than this is grokking
    stop = false,                             -- when it has generalised
    pictures = true, components = 0,          -- of Fig. C.14, when it is to be drawn
  },
  expect = function(p) -- Figs 6.1 and 6.7
    if p.dropout >= 0.2 then return { phase = phases.number.comprehension, test_step = "< 1000" } end
    if p.lr == p.decoder_lr and p.decay == p.decoder_decay and p.dropout == 0 then
      return { phase = phases.number.grokking, circularity_generalized = "a circle" }
    end
  end,
  sizes = { paper = { dim = 256, layers = 2, init = 1.0, train = 0.8, steps = 100000, evaluate = 500 } },

  sweep = function(p)
    return {
      axes = { "dropout=0,0.05,0.1,0.2,0.3,0.4,0.5" },
      points = { { pictures = false } },
      metric = "test_step", plot = p.decay == 0 and phases.draw or nil,
    }
  end,

  setup = function(p)
    local number = layer.embedding { dim = p.dim, init = mlrt.init.normal(0, p.init), name = "number" }
    local blocks = { name = "decoder" }
    kept = {}
    for i = 1, p.layers do
      blocks[i] = layer.transformer_encoder_layer { p.heads, causal = true, dropout = p.dropout }
    end
    table.insert(blocks, function(x) return x:reshape(-1, 2 * p.dim) end)
    table.insert(blocks, layer.linear { p.p })
    local decoder = mlrt.chain(blocks)
    local function token(a) return number(a):reshape(-1, 1, p.dim) end
    return {
      task = mlrt.task.grokking.binary_operation { "add_mod", p = p.p, train = p.train, seed = p.seed },
      model = function(a, b) return decoder(mlrt.concat { token(a), token(b), axis = 2 }) end,
      loss = mlrt.loss.cross_entropy {},
      optimizer = mlrt.optimizer.adamw {
        lr = p.decoder_lr, weight_decay = p.decoder_decay,
        groups = { ["number.*"] = { lr = p.lr, weight_decay = p.decay } },
      },
      train = {
        steps = p.steps, batch = p.batch, evaluate = p.evaluate, eval_train = p.p * p.p,
        stop = p.stop and { metric = "accuracy", at = 0.995 } or nil,
      },
      watch = watched(p),
      plots = { plot.curves { "train_accuracy", "accuracy", "circularity", x = "step", y_range = { 0, 1 } } },
    }
  end,

  finish = finish,
}

return experiment
