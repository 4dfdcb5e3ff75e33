-- What has a transformer made of the six letters? Their vectors lie like the corners of an octahedron: the triangles
-- abc, def, abf, bcd and ace are equilateral within some degrees. Cai et al., arXiv:2405.06107, Sec. 6, Fig. 5.
-- Random vectors of many elements are so too, and how nearly is printed beside.
--
--   mlrt run embedding_geometry.lua             trains on four loops, zeros included
--   mlrt run embedding_geometry.lua run=7       looks at run 7 of the store

local mlrt = require "mlrt"
local symbols = require "symbols"
local geometry = require "letter_geometry"

local learn = mlrt.experiment "embedding_geometry_model" {
  doc    = "Predict coefficients, zeros included.",
  params = symbols.params { loop = 4, dim = 128, lr = 5e-4, epochs = 20, epoch_size = 25000 },
  setup  = function(p)
    return symbols.learn(p, mlrt.task.amplitudes.coefficient { loop = p.loop, zeros = "nontrivial", test = p.test,
                                                               seed = p.seed })
  end,
}

return mlrt.experiment "embedding_geometry" {
  doc   = "Principal components of the letters' vectors, and the angles between them.",
  paper = { "arXiv:2405.06107", figure = 5 },

  params = {
    run = 0, -- of the store, to be looked at; 0: train
    loop = mlrt.range(3, 6) { 4 }, dim = 128, epochs = 20, epoch_size = 25000, seed = 0,
    checkpoint = mlrt.one_of { "best", "last" },
  },

  run = function(p)
    local run = symbols.stored_or_trained(p, learn)
    local vectors = run:parameter "seq2seq.encoder.embedding.weight"
    local _, dim = vectors:shape()
    local pca = vectors:pca(3)
    local found = { explained = 100 * pca.explained:sum(), chance = geometry.chance(dim) }
    local paper = run.task.loop == 6 and { abc = 1.0, def = 0.6, abf = 0.5, bcd = 0.7, ace = 0.8, explained = 81.76 }
      or { abc = 1.5, def = 2.7, abf = 3.7, bcd = 1.5, ace = 3.3, explained = 63.56 }
    for triangle, most in pairs(geometry.deviations(vectors)) do found[triangle] = most end
    print("largest deviation from 60 degrees; variance that three components explain, in percent")
    print(("  %-10s %8s %8s"):format("", run.task.loop == 6 and "paper" or "L = 5", "here"))
    for _, name in ipairs { "abc", "def", "abf", "bcd", "ace", "explained" } do
      print(("  %-10s %8.2f %8.2f"):format(name, paper[name], found[name]))
    end
    print(("  %-10s %8s %8.2f   for random vectors of %d elements"):format("chance", "", found.chance, dim))
    run:plot("letters", mlrt.plot.points {
      pca.scores:columns(1, 2), labels = { "a", "b", "c", "d", "e", "f" },
      title = "The letters' two leading components",
    })
    return found
  end,
}
