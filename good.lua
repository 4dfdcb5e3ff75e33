local mlrt = require "mlrt"
local layer, loss, optimizer, task = mlrt.layer, mlrt.loss, mlrt.optimizer, mlrt.task

return mlrt.experiment "good" {
  params = { lr = 1e-3, layers = 2, name = "x", flag = true,
             k = mlrt.range(1, 5) { 3 }, kind = mlrt.one_of { "value", "sign" } },
  setup = function(p)
    return {
      task = task.amplitudes.coefficient { loop = 3, target = p.kind, test = 100 },
      model = mlrt.chain {
        layer.embedding { 8 }, layer.flatten {},
        layer.linear { 3 * 1004, name = "out" },
        function(h) return h:reshape(-1, 3, 1004) end,
      },
      loss = loss.cross_entropy { ignore = "pad" },
      optimizer = optimizer.adam { lr = p.lr },
      train = { steps = 3, batch = 8 },
    }
  end,
}
