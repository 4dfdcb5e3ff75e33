-- When does a network generalise soon, late or never? Phases of the toy of grokking over two of its parameters: Liu et
-- al., arXiv:2205.10343, Sec. 4.1; Figs 6.6, C.5 to C.7 and Table C.1 of Kitouni's thesis.
--
--   mlrt sweep phase_diagram.lua                                                Fig. 6.6 (c): addition, classes
--   mlrt sweep phase_diagram.lua objective=regression seed=1                    (b): regression
--   mlrt sweep phase_diagram.lua objective=regression seed=1 operation=permute  (d): permutations of three things
--   mlrt sweep phase_diagram.lua objective=regression over=lr                   (a): embeddings against decoder
--   mlrt sweep phase_diagram.lua over=batch, over=init_scale, over=decay        Figs C.5, C.6, C.7; both objectives
--
-- Each takes minutes; size=paper takes ten times as many steps, as many as the thesis. Several seeds, as in seed=0..4,
-- show the phase that most of them are in. The seed decides which sums are held out, and much follows from that.

local mlrt = require "mlrt"
local phases = require "phases"
local toy_model = require "toy_model"

-- What is drawn downwards as in the thesis, or for Fig. 6.6 (a) upwards; the decoder's learning rate goes right.
local vertical = {
  decoder_decay = function(p)
    if p.operation == "permute" then return "decoder_decay=0,1,2,3,5,10,20,30,50,100,200" end
    return p.objective == "regression" and "decoder_decay=0..10@11" or "decoder_decay=0..20@11"
  end,
  lr = function() return "lr=1e-5..1e-2@log:11" end,
  batch = function() return "batch=5..45@11" end,
  init_scale = function() return "init_scale=0.05..5@log:11" end,
  decay = function() return "decay=0..10@11" end,
}

local function to_the_right(p)
  local from = (p.operation == "permute" or p.over == "lr") and "1e-5" or "1e-4"
  return ("decoder_lr=%s..1e-2@log:11"):format(from)
end

-- What the thesis says of the corners of its diagrams: Sec. 6.4.1, Figs 6.6 and C.5.
local function expected(p)
  local fast, slow, phase = p.decoder_lr >= 5e-3, p.decoder_lr <= 2e-4, nil
  local strong = p.operation == "permute" and 100 or 10
  if p.over == "decoder_decay" then
    phase = fast and (p.decoder_decay == 0 and "memorization" or p.decoder_decay >= strong and "confusion") or nil
  elseif p.over == "lr" then
    phase = fast and p.lr <= 1e-4 and "memorization" or nil
  elseif p.over == "batch" and slow then
    phase = p.batch >= 40 and "comprehension" or p.batch == 5 and "grokking" or nil
  end
  return phase and { phase = phase }
end

return mlrt.experiment "phase_diagram" {
  doc   = "Comprehension, grokking, memorization or confusion?",
  paper = { "arXiv:2205.10343", figure = 6 },

  params = {
    operation = mlrt.one_of { "add", "permute" },
    objective = mlrt.one_of { "classification", "regression" },
    over = mlrt.one_of { "decoder_decay", "lr", "batch", "init_scale", "decay" },
    lr = 1e-3, decay = 0.0, decoder_lr = 1e-3, decoder_decay = 0.0,
    init_scale = 0.0, batch = 0, -- 0: what the thesis takes, for permutations 0.1 and else 1; all pairs at once
    steps = 10000, gap = 1000, seed = 24,
  },
  sizes = { paper = { steps = 100000 } },

  expect = expected,

  sweep = function(p)
    return { axes = { to_the_right(p), vertical[p.over](p) }, metric = "phase", plot = phases.draw }
  end,

  setup = function(p)
    local permute = p.operation == "permute"
    local toy = toy_model.new {
      operation = p.operation, p = permute and 3 or 10, train = permute and 24 or 45, objective = p.objective,
      init_scale = p.init_scale > 0 and p.init_scale or permute and 0.1 or 1, l1 = permute and 1e-3 or 0,
      lr = p.lr, decay = p.decay, decoder_lr = p.decoder_lr, decoder_decay = p.decoder_decay, seed = p.seed,
    }
    return {
      task = toy.task, model = toy.model, loss = toy.loss, optimizer = toy.optimizer,
      train = {
        steps = p.steps, batch = p.batch == 0 and "full" or p.batch, evaluate = p.steps, checkpoint = false,
        milestones = { train_accuracy = 0.9, accuracy = 0.9 }, stop = { milestones = true },
      },
    }
  end,

  finish = function(run)
    local reached = run.milestones
    run:table {
      train_step = reached.train_accuracy, test_step = reached.accuracy,
      phase = phases.classify(reached.train_accuracy, reached.accuracy, run.params.gap),
    }
  end,
}
