-- Does it work for a group that does not commute? The six permutations of three things become matrices, which are
-- multiplied and decoded: (a, b) -> Dec(E_a E_b). Liu et al., arXiv:2205.10343, Appendix H; Appendix C.8 of Kitouni's
-- thesis, Figs C.9 and C.10.
--
--   mlrt run permutation_s3.lua                      24 of 36 products: the matrices of a representation, as a picture
--   mlrt sweep permutation_s3.lua                    quality and accuracy by training fraction: a transition near 0.5
--   mlrt sweep permutation_s3.lua train=24 seed=0 decoder_lr=1e-5..1e-2@log:10 decoder_decay=0,1,2,3,5,10,20 \
--        --metric phase                              its phase diagram (Fig. 6.6 d)
--
-- Four permutations with a b = c d are a generalised parallelogram when |E_a E_b - E_c E_d| <= delta. Lengths are those
-- of representation.apart: products of different results are 1 apart in the mean square.

local mlrt = require "mlrt"
local array, layer, plot = mlrt.array, mlrt.layer, mlrt.plot
local phases = require "phases"
local representation = require "representation"

local function options(p) return { delta = p.delta, normalise = false } end

local function quality(run)
  local t = representation.table_of(run)
  return representation.rqi(representation.apart(run:parameter "element", t), t, options(run.params))
end

-- The step from which on a series stays at `least` or above; nil: it does not.
local function settled(series, least)
  local step
  for i = #series.value, 1, -1 do
    if series.value[i] < least then break end
    step = series.step[i]
  end
  return step
end

-- Fig. C.9: the matrices as vectors, on their first three principal components.
local function draw(run, e)
  local scores = representation.pca(e, 3).scores
  local names = { "123", "132", "213", "231", "312", "321" }
  for _, pair in ipairs { { 1, 2 }, { 1, 3 } } do
    local x, y = pair[1], pair[2]
    run:plot(("components_%d%d"):format(x, y), plot.points {
      array.stack({ scores:T()[x], scores:T()[y] }):T(), labels = names,
      x_label = "component " .. x, y_label = "component " .. y,
    })
  end
end

local function finish(run)
  local p, e, t = run.params, run:parameter "element", representation.table_of(run)
  local scaled, reached = representation.apart(e, t), run.milestones
  local n, known = #t.a, run.examples.train
  run:table {
    fraction = known / n, rqi = representation.rqi(scaled, t, options(p)),
    predicted_accuracy = representation.predicted_accuracy(scaled, t, options(p)),
    whole_accuracy = (run:metric "train_accuracy" * known + run:metric "accuracy" * (n - known)) / n,
    rqi_step = settled(run:series "rqi", 0.95), train_step = reached.train_accuracy, test_step = reached.accuracy,
    phase = phases.number[phases.classify(reached.train_accuracy, reached.accuracy)],
  }
  if run.folder then draw(run, e) end
end

-- Fig. C.10: quality, the steps to 0.95 of it, and accuracy beside what the matrices let expect.
local function draw_sweep(results)
  local fraction = results:values "fraction"
  local function over_seeds(name, label)
    local values = results:values(name)
    return { x = fraction:mean(2), y = values:mean(2), low = values:min(2), high = values:max(2), name = label }
  end
  results:plot("quality", plot.curves {
    over_seeds("rqi", "representation quality"), over_seeds("whole_accuracy", "accuracy"),
    over_seeds("predicted_accuracy", "predicted accuracy"), x_label = "training fraction", y_range = { 0, 1 },
  })
  local steps, found, at = results:values "rqi_step":flatten(), {}, {}
  for i = 1, #steps do
    if steps[i] == steps[i] then found[#found + 1], at[#at + 1] = steps[i], fraction:flatten()[i] end
  end
  if #found == 0 then return end
  results:plot("steps", plot.scatter { x = at, y = found, x_label = "training fraction", y_label = "steps to RQI 0.95",
                                       x_range = { 0, 1 }, y_log = true })
  print(("the smallest training fraction at which RQI 0.95 was reached: %.3f (thesis: 0.5)"):format(array(at):min()))
end

return mlrt.experiment "permutation_s3" {
  doc   = "Complete the table of permutations from matrices that are multiplied and a decoder.",
  paper = { "arXiv:2205.10343", section = "H" },

  params = {
    train = mlrt.range(1, 36) { 24 }, dim = 3, init = 0.1,
    lr = 3e-3, decay = 10.0,                  -- of the matrices
    decoder_lr = 1e-3, decoder_decay = 1.0, width = 200,
    delta = 0.5, steps = 4000, evaluate = 100, seed = 0,
  },
  sizes = { paper = { lr = 1e-3, steps = 10000 } },

  expect = function(p) -- Fig. C.10 (b): a linear representation from half of the products on
    if p.train >= 18 then return { rqi = "> 0.95" } end
  end,

  sweep = { axes = { "train=9,12,15,18,21,24,27,30,33", "seed=0..4" }, plot = draw_sweep },

  setup = function(p)
    local element = layer.parameter { { 6, p.dim, p.dim }, name = "element", init = mlrt.init.normal(0, p.init) }
    local decoder = mlrt.chain {
      layer.flatten {}, layer.linear { p.width }, layer.tanh {}, layer.linear { p.width }, layer.tanh {},
      layer.linear { 30 }, name = "decoder",
    }
    return {
      task = mlrt.task.grokking.binary_operation {
        "permute", p = 3, answer = "vector", train = p.train, seed = p.seed,
      },
      model = function(a, b) return decoder(element():gather(a):matmul(element():gather(b))) end,
      loss = mlrt.loss.mse {},
      optimizer = mlrt.optimizer.adamw {
        lr = p.decoder_lr, weight_decay = p.decoder_decay,
        groups = { element = { lr = p.lr, weight_decay = p.decay } },
      },
      train = {
        steps = p.steps, batch = "full", evaluate = p.evaluate,
        milestones = { train_accuracy = 0.9, accuracy = 0.9 },
      },
      watch = { rqi = quality },
      plots = { plot.curves { "train_accuracy", "accuracy", "rqi", x = "step", y_range = { 0, 1 } } },
    }
  end,

  finish = finish,
}
