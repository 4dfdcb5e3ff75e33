-- Do coefficients follow from those one loop order lower? A transformer is told those of what is left of a word when
-- two of its letters are struck out, in all ways, and says the word's. Fewer or shuffled parents do almost as well, and
-- their signs alone, unless these are sorted. Cai et al., arXiv:2405.06107, Sec. 8, Table 4.
--
-- Opposite parents have opposite coefficients. So that no held-out example is the opposite of one that is known, a pair
-- of them is one example here, trained on with both signs; the paper's are kept (opposites = "keep").
--
--   mlrt run strike_two.lua                    five loops from four: ten minutes on one core
--   mlrt run strike_two.lua k=2                of the words with two neighbours, or next but one, struck out: faster
--   mlrt sweep strike_two.lua seed=0           the eleven rows of Table 4: an hour and a half of one core
--   mlrt sweep strike_two.lua                  three seeds each
--   mlrt sweep strike_two.lua size=four        four loops from three, whose words are few: three minutes
--   mlrt run strike_two.lua size=six           six loops from five, the paper's, with a small network: an hour
--   mlrt sweep strike_two.lua size=paper       six loops from five

local mlrt = require "mlrt"
local symbols = require "symbols"

-- Table 4: the name of a row, what it changes, and its accuracy, magnitude accuracy and sign accuracy.
local rows = {
  { "all parents", {}, 0.981, 0.984, 0.996 },
  { "k = 5", { k = 5 }, 0.983, 0.986, 0.997 },
  { "k = 3", { k = 3 }, 0.984, 0.987, 0.997 },
  { "k = 2", { k = 2 }, 0.981, 0.983, 0.995 },
  { "k = 1", { k = 1 }, 0.943, 0.952, 0.985 },
  { "shuffled", { order = "shuffled" }, 0.952, 0.991, 0.963 },
  { "shuffled, k = 2", { k = 2, order = "shuffled" }, 0.935, 0.981, 0.950 },
  { "sorted, k = 5", { k = 5, order = "sorted" }, 0.939, 0.954, 0.979 },
  { "magnitudes only", { keep = "magnitude" }, 0.818, 0.984, 0.832 },
  { "signs only", { keep = "sign" }, 0.933, 0.935, 0.990 },
  { "signs only, sorted", { keep = "sign", order = "sorted" }, 0.008, 0.610, 0.016 },
}
local metrics = { "accuracy", "magnitude_accuracy", "sign_accuracy" }

local function expect(p)
  for _, row in ipairs(rows) do
    local change = row[2]
    if (change.k or 0) == p.k and (change.order or "strikeout") == p.order and (change.keep or "value") == p.keep then
      return { accuracy = row[3], magnitude_accuracy = row[4], sign_accuracy = row[5] }
    end
  end
end

-- Of all seeds, like the paper, which has four: the best run of each row.
local function best(results, i)
  local found
  for k = i, #results.points, #rows do
    local values = results.points[k].values
    if values.accuracy and not (found and found.accuracy >= values.accuracy) then found = values end
  end
  return found or {}
end

-- The table, printed and as a picture: beside each of the paper's numbers ours.
local function draw(results)
  print(("%-20s  %-22s  %s"):format("percent", "paper", "here"))
  print(("%-20s  %-22s  %s"):format("", "all  magnitude  sign", "all  magnitude  sign"))
  local names, values = {}, {}
  for i, row in ipairs(rows) do
    local here, cells, line = best(results, i), {}, {}
    for k, metric in ipairs(metrics) do
      local theirs, ours = 100 * row[k + 2], 100 * (here[metric] or 0 / 0)
      line[k], line[k + 3] = theirs, ours
      cells[2 * k - 1], cells[2 * k] = theirs, ours
    end
    print(("%-20s %5.1f %9.1f %6.1f  %5.1f %9.1f %6.1f"):format(row[1], table.unpack(line)))
    names[i], values[i] = row[1], cells
  end
  results:plot("table", mlrt.plot.heatmap {
    values, y = names, x = { "all", "(here)", "magnitude", "(here)", "sign", "(here)" },
    color_label = "percent", color_range = { 0, 100 }, width = 900,
  })
end

local points = {}
for i, row in ipairs(rows) do
  points[i] = { k = 0, order = "strikeout", keep = "value" }
  for name, value in pairs(row[2]) do points[i][name] = value end
end

return mlrt.experiment "strike_two" {
  doc   = "Predict a coefficient from those of the words with two letters struck out, one loop lower.",
  paper = { "arXiv:2405.06107", table = 4 },

  params = symbols.params {
    loop = mlrt.range(3, 6) { 5 },
    k = 0, -- how far apart the struck letters may be; 0: however far
    order = mlrt.one_of { "strikeout", "shuffled", "sorted" },
    keep = mlrt.one_of { "value", "magnitude", "sign" },
    token = mlrt.one_of { "number", "digit" }, -- of a parent
    opposites = mlrt.one_of { "both", "one", "keep" }, -- of examples with all signs opposite
    position = mlrt.one_of { "learned", "sinusoidal", "none", "relative", "transformer_xl", "rotary", "xpos" },
    decoder_layers = 0, -- 0: as many as the encoder has
    embedding = 1.0, -- standard deviation of embeddings at first
    dropout = 0.0,
    layers = 2, dim = 128, lr = 5e-4, warmup = 500, epochs = 30, epoch_size = 50000, test = 2000,
  },
  sizes  = {
    four  = {
      loop = 4, embedding = 0.1, layers = 1, dim = 64, lr = 2e-3, warmup = 0, epochs = 8, epoch_size = 12000,
      test = 1000,
    },
    six   = {
      loop = 6, k = 2, opposites = "keep", embedding = 0.1, decoder_layers = 1, dim = 256, heads = 8, lr = 3e-4,
      epochs = 50, epoch_size = 100000,
    },
    paper = symbols.paper { loop = 6, token = "digit", opposites = "keep", layers = 4, epochs = 500 },
  },
  expect = expect,
  sweep  = { axes = { "seed=0..2" }, points = points, plot = draw },

  setup = function(p)
    local task = mlrt.task.amplitudes.strike_two {
      loop = p.loop, k = p.k, order = p.order, keep = p.keep, token = p.token, test = p.test, seed = p.seed,
      -- magnitudes have no opposites
      opposites = p.keep == "magnitude" and "keep" or p.opposites,
    }
    -- the paper's rate is flat; a short training gets further when it falls
    local schedule = p.size ~= "paper" and mlrt.schedule.cosine { warmup = p.warmup } or nil
    return symbols.learn(p, task, {
      model = {
        position = p.position, decoder_layers = p.decoder_layers, embedding_init = mlrt.init.normal(0, p.embedding),
        dropout = p.dropout,
      },
      optimizer = { schedule = schedule },
    })
  end,
}
