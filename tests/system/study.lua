-- study.lua - a run of a second or two that depends on all that a checkpoint must keep.
--
-- Dropout draws random numbers, batch norm has kept buffers, the schedule looks at the step, and batches cross the
-- borders of passes.

local mlrt = require "mlrt"
local layer, loss, optimizer, task = mlrt.layer, mlrt.loss, mlrt.optimizer, mlrt.task

return mlrt.experiment "study" {
  params = { hidden = 16, epochs = 60, stop = 2.0, note = "" },
  setup = function(p)
    return {
      task = task.amplitudes.coefficient { loop = 3, test = 100, seed = p.seed },
      model = mlrt.chain {
        layer.embedding { 8 }, layer.flatten {}, layer.linear { p.hidden }, layer.batch_norm {}, layer.relu {},
        layer.dropout { 0.2 }, layer.linear { 3012 }, function(h) return h:reshape(-1, 3, 1004) end,
      },
      loss = loss.cross_entropy { ignore = "pad" },
      optimizer = optimizer.adam { lr = 3e-3, schedule = "cosine" },
      train = { epochs = p.epochs, batch = 10, evaluate = 100, clip = 1, checkpoint = 0.02,
                stop = { metric = "accuracy", at = p.stop } },
    }
  end,
}
