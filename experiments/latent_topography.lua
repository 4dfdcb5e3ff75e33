-- How does a network add modulo p? It arranges numbers on a circle, takes the middle between two of them, and cuts the
-- plane into slices like a pizza. The decoder's answer on a grid of the plane of the embeddings' first two components.
-- Liu et al., arXiv:2205.10343, Fig. 1; Figs 5.2 and 6.2 of Kitouni's thesis.
--
--   mlrt run latent_topography.lua            11 numbers in a plane: Dec((E_a + E_b) / 2)
--   mlrt run latent_topography.lua dim=16     the plane of the first two of 16 components

local mlrt = require "mlrt"
local array, layer, plot = mlrt.array, mlrt.layer, mlrt.plot
local representation = require "representation"

-- The decoder of the run on arrays: the logits of rows [n, dim].
local function decode(run, x)
  for i, name in ipairs { "decoder.linear", "decoder.linear_2", "decoder.linear_3" } do
    x = x:matmul(run:parameter(name .. ".weight"):T()) + run:parameter(name .. ".bias")
    if i < 3 then x = x:tanh() end
  end
  return x
end

local function finish(run)
  local p, e = run.params, run:parameter "number"
  local values, line, pca = representation.topography(e, function(x) return decode(run, x) end, p.cells)
  -- Middles of pairs, in the plane: which of them have the right colour?
  local t, right = representation.table_of(run), 0
  local middle = {}
  for i = 1, #t.a do middle[i] = ((pca.scores[t.a[i] + 1] + pca.scores[t.b[i] + 1]) / 2):totable() end
  local seen = decode(run, array(middle):matmul(pca.components) + pca.mean):argmax(2) - 1
  for i = 1, #t.a do right = right + (seen[i] == t.c[i] and 1 or 0) end
  run:table {
    circularity = (representation.circularity(e)), accuracy = run:metric "accuracy",
    train_accuracy = run:metric "train_accuracy", plane_accuracy = right / #t.a,
    explained = pca.explained[1] + pca.explained[2], slices = #values:flatten():unique(), trained_on = t.train,
  }
  if not run.folder then return end
  local names = {}
  for k = 1, p.p do names[k] = k - 1 end
  run:plot("embeddings", plot.points { pca.scores, labels = names, x_label = "first component",
                                       y_label = "second component" })
  run:plot("topography", plot.heatmap { values, x = line, y = line, color_label = "result",
                                        x_label = "first component", y_label = "second component" })
end

return mlrt.experiment "latent_topography" {
  doc   = "The answers of a decoder on the plane of the embeddings: slices of a pizza.",
  paper = { "arXiv:2205.10343", figure = 1 },

  params = {
    operation = mlrt.one_of { "add_mod", "add" }, p = 11, train = 0.9,
    dim = 2, init = 0.1, width = 200,
    lr = 3e-2, decay = 0.0,                   -- of the embeddings
    decoder_lr = 1e-3, decoder_decay = 3.0,
    steps = 1500, evaluate = 100, cells = 60,
    seed = 7,                                 -- of 0 to 12, the one that finds a circle in the plane
  },

  expect = function(p) -- Fig. 6.2: a circle in the plane, and a slice for each result
    if p.operation == "add_mod" and p.dim == 2 then return { circularity = 1, slices = p.p } end
  end,

  setup = function(p)
    local number = layer.parameter { { p.p, p.dim }, name = "number", init = mlrt.init.normal(0, p.init) }
    local decoder = mlrt.chain {
      layer.linear { p.width }, layer.tanh {}, layer.linear { p.width }, layer.tanh {},
      layer.linear { p.operation == "add" and 2 * p.p - 1 or p.p }, name = "decoder",
    }
    return {
      task = mlrt.task.grokking.binary_operation {
        p.operation, p = p.p, unordered = true, train = p.train, seed = p.seed,
      },
      model = function(a, b) return decoder((number():gather(a) + number():gather(b)) / 2) end,
      loss = mlrt.loss.cross_entropy {},
      optimizer = mlrt.optimizer.adamw {
        lr = p.decoder_lr, weight_decay = p.decoder_decay, groups = { number = { lr = p.lr, weight_decay = p.decay } },
      },
      train = { steps = p.steps, batch = "full", evaluate = p.evaluate, eval_train = p.p * p.p },
      plots = { plot.curves { "train_accuracy", "accuracy", x = "step", y_range = { 0, 1 } } },
    }
  end,

  finish = finish,
}
