-- How much data does it take to generalise? The effective theory of grokking predicts it: as much as demands that the
-- embeddings lie on a line. Liu et al., arXiv:2205.10343, Sec. 3.2; Figs 6.4 and 6.5 of Kitouni's thesis.
--
--   mlrt run critical_fraction.lua                      theory, and what networks do (experiments/toy_addition.lua)
--   mlrt run critical_fraction.lua networks=0           theory alone: seconds
--
-- For training sets of each size, drawn at random: the share that leaves no other freedom than a line's (nullity 2),
-- and the rate lambda_3 at which embeddings approach it. The transition is where half of the sets do. Of networks, of
-- which not all find what their training set demands, it is where the first ones do. They learn with a decoder that is
-- slow beside the embeddings: lr=1e-3, as in the thesis' Fig. 6.4 (b), fewer do, and later.

local mlrt = require "mlrt"
local array, plot = mlrt.array, mlrt.plot
local effective_theory = require "effective_theory"
local representation = require "representation"

-- Share of linear sets, and rates, of `sets` training sets of a size.
local function theory_of(p, size)
  local linear, rates = 0, {}
  for k = 1, p.sets do
    local t = representation.sums(p.p, size, p.seed * 1000000 + size * 1000 + k)
    local theory = effective_theory.new(t, p.p, { sum = true })
    if theory.nullity == 2 then linear = linear + 1 end
    rates[k] = theory:lambda3()
  end
  return linear / p.sets, array(rates)
end

-- Where a rising curve passes a half, between two points of it.
local function crossing(x, y)
  for i = 2, #x do
    if y[i] >= 0.5 and y[i - 1] < 0.5 then
      return x[i - 1] + (x[i] - x[i - 1]) * (0.5 - y[i - 1]) / (y[i] - y[i - 1])
    end
  end
end

-- The smallest x at which y is not 0.
local function onset(x, y)
  for i = 1, #x do
    if y[i] > 0 then return x[i] end
  end
end

-- Steps until a network's representation is linear, or nothing.
local function network(p, size, seed)
  local run = mlrt.run(require "toy_addition", {
    p = p.p, train = size, seed = seed, lr = p.lr, decoder_lr = p.decoder_lr, init_scale = p.init_scale,
    delta = p.delta, steps = p.steps, evaluate = p.steps, stop = true,
  }, { quiet = true, store = false })
  local steps = run.milestones.rqi
  run:close()
  return steps
end

local function draw(p, name, spec)
  local files, problem = plot.render(spec, ("%s_%s"):format(p.output, name))
  print(problem or "plot: " .. table.concat(files, " "))
end

-- What theory says of each size, printed and drawn.
local function theory(p, sizes)
  local pairs_in_all = p.p * (p.p + 1) // 2
  local fraction, probability, rate, low, high = {}, {}, {}, {}, {}
  print("pairs  fraction  linear  lambda_3 (quartiles)")
  for i, size in ipairs(sizes) do
    local rates
    probability[i], rates = theory_of(p, size)
    fraction[i], rate[i] = size / pairs_in_all, rates:median()
    low[i], high[i] = table.unpack(rates:quantile({ 0.25, 0.75 }):totable())
    local quartiles = ("%.3g (%.3g to %.3g)"):format(rate[i], low[i], high[i])
    print(("%5d  %8.3f  %6.2f  %s"):format(size, fraction[i], probability[i], quartiles))
  end
  draw(p, "probability", plot.curves {
    x = fraction, y = probability, x_label = "training fraction", y_label = "training sets that demand a line",
    y_range = { 0, 1 }, guides = { { x = 0.4, label = "0.4" } },
  })
  draw(p, "lambda3", plot.curves {
    x = fraction, y = rate, low = low, high = high, x_label = "training fraction", y_label = "lambda_3",
  })
  return fraction, probability, rate
end

-- The same sizes in networks: how many come to a linear representation, and in how many steps.
local function networks(p, sizes, fraction, rate)
  local share, x, y, predicted_x, predicted = {}, {}, {}, {}, {}
  print("pairs  fraction  networks with RQI > 0.95, in steps")
  for i, size in ipairs(sizes) do
    local steps = {}
    for k = 1, p.networks do
      local n = network(p, size, p.seed + k - 1)
      if n then
        steps[#steps + 1] = n
        x[#x + 1], y[#y + 1] = fraction[i], n
      end
    end
    if rate[i] > 0 then
      predicted_x[#predicted_x + 1], predicted[#predicted + 1] = fraction[i], 1 / (rate[i] * p.lr)
    end
    share[i] = #steps / p.networks
    print(("%5d  %8.3f  %d of %d  %s"):format(size, fraction[i], #steps, p.networks, table.concat(steps, " ")))
  end
  if #y > 0 then
    draw(p, "steps", plot.scatter {
      { x = x, y = y, name = "networks" }, { x = predicted_x, y = predicted, name = "1 / (lambda_3 eta)" },
      x_label = "training fraction", y_label = "steps to RQI > 0.95", y_log = true,
    })
  end
  return share
end

return mlrt.experiment "critical_fraction" {
  doc   = "The fraction of sums from which the others follow, in theory and in networks.",
  paper = { "arXiv:2205.10343", figure = 4 },

  params = {
    p = 10, sets = 100, step = 3, seed = 0,
    networks = 5, steps = 3000, lr = 1e-2, decoder_lr = 1e-4, init_scale = 1.0, delta = 0.1,
    output = "critical_fraction",
  },

  sizes = { paper = { networks = 10, steps = 10000, lr = 1e-3 } },
  expect = function(p) -- r_c of Fig. 6.4
    if p.p == 10 then return { theory = 0.4, networks = p.networks > 0 and 0.4 or nil } end
  end,

  run = function(p)
    local sizes = {}
    for size = p.step, p.p * (p.p + 1) // 2 - 1, p.step do sizes[#sizes + 1] = size end
    local fraction, probability, rate = theory(p, sizes)
    local predicted = crossing(fraction, probability)
    print(predicted and ("transition in theory: %.3f"):format(predicted) or "no transition in theory")
    if p.networks == 0 then return { theory = predicted } end
    local share = networks(p, sizes, fraction, rate)
    local first, half = onset(fraction, share), crossing(fraction, share)
    print(first and ("transition in networks: %.3f"):format(first) or "no transition in networks")
    if half then print(("half of the networks: %.3f"):format(half)) end
    return { theory = predicted, networks = first, half = half }
  end,
}
