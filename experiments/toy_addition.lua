-- Why do networks generalise at all? A toy of grokking, (a, b) -> Dec(E_a + E_b): the table of addition is completed
-- when the embeddings lie on a line, and only as far as they form parallelograms. Liu et al., arXiv:2205.10343,
-- Sec. 3.1; Figs 6.3, 6.4 and C.2, Appendix C.4 and C.5 of Kitouni's thesis.
--
--   mlrt run toy_addition.lua seed=1                   one network: its quality, and the phase it is in
--   mlrt run toy_addition.lua seed=1 trajectory=true   how its embeddings move, beside the effective theory (Fig. 6.4)
--   mlrt sweep toy_addition.lua                        accuracy, predicted accuracy and quality by training fraction

local mlrt = require "mlrt"
local array, layer, plot = mlrt.array, mlrt.layer, mlrt.plot
local effective_theory = require "effective_theory"
local phases = require "phases"
local representation = require "representation"

-- Names of the metrics that follow each embedding.
local function names(p)
  local list = {}
  for k = 1, p.p do list[k] = ("e%02d"):format(k - 1) end
  return list
end

-- The embeddings over training, normalised, and where the effective theory takes the first of them.
local function draw_trajectory(run, theory)
  local p, learned, predicted = run.params, {}, {}
  local steps = run:series(names(p)[1]).step
  local values = {}
  for k, name in ipairs(names(p)) do
    values[k] = array(run:series(name).value)
    learned[k] = { x = steps, y = values[k], name = tostring(k - 1) }
  end
  local start = array.stack(values):T()[1]:copy()
  local states = array.stack(theory:trajectory(start, (array(steps) - steps[1]) * p.lr))
  for k = 1, p.p do predicted[k] = { x = steps, y = states:T()[k], name = tostring(k - 1) } end
  run:plot("trajectory", plot.curves { x_label = "step", y_label = "normalised embedding", table.unpack(learned) })
  run:plot("trajectory_theory",
    plot.curves { x_label = "step", y_label = "normalised embedding, effective theory", table.unpack(predicted) })
end

local function finish(run)
  local p, e = run.params, run:parameter "number"
  local t = representation.table_of(run)
  local theory = effective_theory.new(t, p.p, { sum = true })
  local ideal = theory:ideal()
  local n, known = #t.a, run.examples.train
  local right = run:metric "train_accuracy" * known
  if known < n then right = right + run:metric "accuracy" * (n - known) end
  local reached = run.milestones
  run:table {
    pairs = n, trained_on = known, fraction = known / n,
    rqi = representation.rqi(e, t, { delta = p.delta }), ideal_rqi = ideal.rqi,
    whole_accuracy = right / n, predicted_accuracy = representation.predicted_accuracy(e, t, { delta = p.delta }),
    ideal_accuracy = ideal.accuracy, nullity = theory.nullity, lambda3 = theory:lambda3(),
    train_step = reached.train_accuracy, test_step = reached.accuracy, rqi_step = reached.rqi,
    phase = phases.classify(reached.train_accuracy, reached.accuracy),
  }
  if p.dim == 1 and run.folder then
    local symbols = array.arange(0, p.p - 1)
    run:plot("representation", plot.scatter {
      x = symbols, y = representation.normalised(e):flatten(), x_label = "number", y_label = "normalised embedding",
    })
    if p.trajectory then draw_trajectory(run, theory) end
  end
end

-- What the sweep shows: each quantity against the training fraction, mean and range over the seeds; and Acc against
-- Acc-hat, which lies on the diagonal.
local function draw(results)
  local fraction = results:values("fraction"):mean(2)
  local function over_seeds(name, label)
    local values = results:values(name)
    return { x = fraction, y = values:mean(2), low = values:min(2), high = values:max(2), name = label }
  end
  results:plot("accuracy", plot.curves {
    over_seeds("whole_accuracy", "accuracy"), over_seeds("predicted_accuracy", "predicted accuracy"),
    { x = { 0, 1 }, y = { 0, 1 }, name = "the training set" }, x_label = "training fraction", y_range = { 0, 1 },
  })
  results:plot("quality", plot.curves {
    over_seeds("rqi", "representation quality"), over_seeds("ideal_rqi", "of an ideal model"),
    x_label = "training fraction", y_range = { 0, 1 },
  })
  local measured = results:values("whole_accuracy"):flatten()
  local predicted = results:values("predicted_accuracy"):flatten()
  results:plot("agreement", plot.scatter {
    x = measured, y = predicted, color = results:values("fraction"):flatten(), color_label = "training fraction",
    x_label = "accuracy", y_label = "predicted accuracy", equal = true,
  })
  print(("correlation of accuracy and predicted accuracy: %.4f"):format(
    array.stack({ measured, predicted }):T():corrcoef():get(1, 2)))
end

return mlrt.experiment "toy_addition" {
  doc   = "Complete a table of sums from embeddings that are added and a decoder.",
  paper = { "arXiv:2205.10343", figure = 3 },

  params = {
    p = 10, dim = 1, train = 45,
    objective = mlrt.one_of { "regression", "classification" },
    lr = 1e-3, decay = 0.0,                   -- of the embeddings
    decoder_lr = 1e-4, decoder_decay = 0.0,
    init_scale = 1.0, width = 200, batch = 0, -- 0: all pairs at once
    steps = 5000, evaluate = 100, seed = 0,
    delta = 0.1,
    trajectory = false,
  },

  sweep = { axes = { "train=5,10,15,20,25,30,35,40,45,50,54", "seed=0..2" }, plot = draw },

  setup = function(p)
    local regression = p.objective == "regression"
    local number = layer.parameter { { p.p, p.dim }, name = "number",
                                     init = mlrt.init.uniform(-p.init_scale / 2, p.init_scale / 2) }
    local decoder = mlrt.chain {
      layer.linear { p.width }, layer.tanh {}, layer.linear { p.width }, layer.tanh {},
      layer.linear { regression and 30 or 2 * p.p - 1 }, name = "decoder",
    }
    local sums = representation.sums(p.p)
    local metrics = { rqi = function() return representation.rqi_node(number(), sums, { delta = p.delta }) end }
    for k, name in ipairs(p.trajectory and names(p) or {}) do
      metrics[name] = function()
        local e = number() - number():mean()
        return (e / e:square():mean():sqrt()):slice(1, k, k):sum()
      end
    end
    return {
      task = mlrt.task.grokking.binary_operation {
        "add", p = p.p, unordered = true, answer = regression and "vector" or "class", train = p.train, seed = p.seed,
      },
      model = function(a, b) return decoder(number():gather(a) + number():gather(b)) end,
      loss = regression and mlrt.loss.mse {} or mlrt.loss.cross_entropy {},
      optimizer = mlrt.optimizer.adamw {
        lr = p.decoder_lr, weight_decay = p.decoder_decay,
        groups = { number = { lr = p.lr, weight_decay = p.decay } },
      },
      train = {
        steps = p.steps, batch = p.batch == 0 and "full" or p.batch, evaluate = p.evaluate,
        milestones = { train_accuracy = 0.9, accuracy = 0.9, rqi = 0.95 },
      },
      metrics = metrics,
      plots = { plot.curves { "train_accuracy", "accuracy", "rqi", x = "step", y_range = { 0, 1 } } },
    }
  end,

  finish = finish,
}
