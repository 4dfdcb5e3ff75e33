-- Why do networks generalise at all? A toy of grokking, (a, b) -> Dec(E_a + E_b): the table of addition is completed
-- when the embeddings lie on a line, and only as far as they form parallelograms. Liu et al., arXiv:2205.10343,
-- Sec. 3.1; Figs 6.3, 6.4 and C.2, Appendix C.4 and C.5 of Kitouni's thesis.
--
--   mlrt run toy_addition.lua seed=1                   one network: its quality, and the phase it is in
--   mlrt run toy_addition.lua seed=1 trajectory=true   how its embeddings move, beside the effective theory (Fig. 6.4)
--   mlrt sweep toy_addition.lua                        accuracy, predicted accuracy and quality by training fraction

local mlrt = require "mlrt"
local array, plot = mlrt.array, mlrt.plot
local effective_theory = require "effective_theory"
local phases = require "phases"
local representation = require "representation"
local toy_model = require "toy_model"

-- What decides which sums the training set has.
local function split_of(p) return p.split < 0 and p.seed or p.split end

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

local experiment

-- Parallelograms that this network forms and so do others, `twins` of them, that start elsewhere and learn the same.
local function in_common(run, t, formed)
  local p, lists, change = run.params, { formed }, {}
  for name, value in pairs(p) do change[name] = value end
  change.twins, change.trajectory, change.split = 0, false, split_of(p)
  for k = 1, p.twins do
    change.seed = p.seed + 1000 * k
    local twin = mlrt.run(experiment, change, { quiet = true, store = false })
    lists[k + 1] = representation.formed(twin:parameter "number", t, { delta = p.delta })
    twin:close()
  end
  return representation.common(lists)
end

local function finish(run)
  local p, e = run.params, run:parameter "number"
  local t = representation.table_of(run)
  local theory = effective_theory.new(t, p.p, { sum = true })
  local ideal = theory:ideal()
  local formed, all = representation.formed(e, t, { delta = p.delta })
  local common = p.twins > 0 and in_common(run, t, formed) or nil
  local strictly = representation.formed(e, t, { delta = p.delta / 10 })
  local n, known = #t.a, run.examples.train
  local right = run:metric "train_accuracy" * known + run:metric "accuracy" * (n - known)
  local reached = run.milestones
  run:table {
    pairs = n, trained_on = known, fraction = known / n,
    rqi = #formed / all, ideal_rqi = ideal.rqi, lucky = theory:beyond(formed), luck = theory:luck(p.delta),
    strict_rqi = #strictly / all, strictly_lucky = theory:beyond(strictly),
    common_rqi = common and #common / all, common_lucky = common and theory:beyond(common),
    whole_accuracy = right / n, predicted_accuracy = representation.accuracy_of(t, formed),
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

-- The points of a sweep by their training fractions: { { fraction =, points = }, ... } in rising order.
local function by_fraction(results)
  local groups, of = {}, {}
  for _, point in ipairs(results.points) do
    local fraction = point.values.fraction
    if fraction and not of[fraction] then
      of[fraction] = { fraction = fraction, points = {} }
      groups[#groups + 1] = of[fraction]
    end
    if fraction then table.insert(of[fraction].points, point.values) end
  end
  table.sort(groups, function(a, b) return a.fraction < b.fraction end)
  return groups
end

-- What the sweep shows: each quantity against the training fraction, mean and range over the seeds; accuracy and what
-- was predicted, on the diagonal; and what an ideal model reaches as a bound.
local function draw(results)
  local groups, all = by_fraction(results), {}
  for _, group in ipairs(groups) do table.move(group.points, 1, #group.points, #all + 1, all) end
  if #all == 0 then return end
  local function column(points, name)
    local values = {}
    for i, values_of in ipairs(points) do values[i] = values_of[name] end
    return array(values)
  end
  local function over_seeds(name, label)
    local curve = { x = {}, y = {}, low = {}, high = {}, name = label }
    for i, group in ipairs(groups) do
      local values = column(group.points, name)
      curve.x[i], curve.y[i], curve.low[i], curve.high[i] = group.fraction, values:mean(), values:min(), values:max()
    end
    return curve
  end
  local diagonal = { x = { 0, 1 }, y = { 0, 1 }, name = "the training set" }
  results:plot("accuracy", plot.curves {
    over_seeds("whole_accuracy", "accuracy"), over_seeds("predicted_accuracy", "predicted accuracy"),
    over_seeds("ideal_accuracy", "of an ideal model"), diagonal, x_label = "training fraction", y_range = { 0, 1 },
  })
  results:plot("quality", plot.curves {
    over_seeds("rqi", "representation quality"), over_seeds("ideal_rqi", "of an ideal model"),
    x_label = "training fraction", y_range = { 0, 1 },
  })
  local accuracy, predicted = column(all, "whole_accuracy"), column(all, "predicted_accuracy")
  local rqi, ideal_rqi = column(all, "rqi"), column(all, "ideal_rqi")
  results:plot("agreement", plot.scatter {
    x = accuracy, y = predicted, color = column(all, "fraction"), color_label = "training fraction",
    x_label = "accuracy", y_label = "predicted accuracy", equal = true,
  })
  results:plot("bounds", plot.scatter {
    { x = ideal_rqi, y = rqi, name = "quality" },
    { x = ideal_rqi, y = column(all, "common_rqi"), name = "of what three networks form" },
    { x = column(all, "ideal_accuracy"), y = predicted, name = "predicted accuracy" },
    { x = array.linspace(0, 1, 51), y = array.linspace(0, 1, 51), name = "the bound" },
    x_label = "of an ideal model", y_label = "of the network", x_range = { 0, 1 }, y_range = { 0, 1 },
  })
  print(("correlation of accuracy and predicted accuracy: %.4f (thesis, Fig. 6.3: on the diagonal)"):format(
    array.stack({ accuracy, predicted }):T():corrcoef():get(1, 2)))
  local function above(name) return (column(all, name) - ideal_rqi):gt(1e-9):sum() end
  local function mean(name) return column(all, name):mean() end
  print(("quality above the ideal one (thesis, Eq. C.7: but for luck in none):\n"
    .. "  in %d of %d runs; %.2f parallelograms a run are beyond what the training set implies, by chance %.2f"):format(
    above "rqi", #all, mean "lucky", mean "luck"))
  print(("  within a tenth of delta: in %d of %d, %.2f parallelograms a run"):format(above "strict_rqi", #all,
    mean "strictly_lucky"))
  print(("  of what networks with other starts form as well: in %d of %d, %.2f parallelograms a run"):format(
    above "common_rqi", #all, mean "common_lucky"))
end

experiment = mlrt.experiment "toy_addition" {
  doc   = "Complete a table of sums from embeddings that are added and a decoder.",
  paper = { "arXiv:2205.10343", figure = 3 },

  params = {
    p = 10, dim = 1, train = 45,
    objective = mlrt.one_of { "regression", "classification" },
    lr = 1e-3, decay = 0.0,                   -- of the embeddings
    decoder_lr = 1e-4, decoder_decay = 0.0,
    init_scale = 1.0, width = 200, batch = 0, -- 0: all pairs at once
    steps = 5000, evaluate = 100, seed = 0,
    delta = 0.1,                              -- of a parallelogram; the thesis says 0.01, its program compares squares
    split = -1, twins = 0,                    -- the seed of the training set, -1: the run's; others to compare with
    trajectory = false, stop = false,         -- draw it; stop when all thresholds are passed
  },

  sizes = { paper = {} }, -- these are the authors' values already
  expect = function(p)    -- what their program prints, with another seed
    if p.train == 45 and p.p == 10 and p.objective == "regression" and p.lr == 1e-3 and p.decoder_lr == 1e-4 then
      return { rqi_step = 800, train_step = 1130, test_step = 1530 }
    end
  end,

  sweep = { axes = { "train=5,10,15,20,25,30,35,40,45,50,54", "seed=0..2", "twins=2" }, plot = draw },

  setup = function(p)
    local toy = toy_model.new {
      p = p.p, dim = p.dim, train = p.train, objective = p.objective, init_scale = p.init_scale, width = p.width,
      lr = p.lr, decay = p.decay, decoder_lr = p.decoder_lr, decoder_decay = p.decoder_decay, seed = split_of(p),
    }
    local number = toy.embeddings
    local sums = representation.sums(p.p)
    local metrics = { rqi = function() return representation.rqi_node(number(), sums, { delta = p.delta }) end }
    for k, name in ipairs(p.trajectory and names(p) or {}) do
      metrics[name] = function()
        local e = number() - number():mean()
        return (e / e:square():mean():sqrt()):slice(1, k, k):sum()
      end
    end
    return {
      task = toy.task, model = toy.model, loss = toy.loss, optimizer = toy.optimizer,
      train = {
        steps = p.steps, batch = p.batch == 0 and "full" or p.batch, evaluate = p.evaluate, checkpoint = false,
        milestones = { train_accuracy = 0.9, accuracy = 0.9, rqi = 0.95 }, stop = { milestones = p.stop },
      },
      metrics = metrics,
      plots = { plot.curves { "train_accuracy", "accuracy", "rqi", x = "step", y_range = { 0, 1 } } },
    }
  end,

  finish = finish,
}

return experiment
