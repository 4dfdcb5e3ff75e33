-- sums.lua - an experiment whose points take no time: it finds numbers that follow from its parameters.
--
-- With `steps` it takes as long as one likes; `trouble` says what goes wrong, at the points where a = 2.

local mlrt = require "mlrt"
local layer, random = mlrt.layer, mlrt.array.random

return mlrt.experiment "sums" {
  params = {
    a = 1, b = 1.0, kind = mlrt.one_of { "plain", "other" }, note = "", limited = mlrt.range(1, 9) { 5 },
    steps = 3, trouble = "", seed = 0, drop = true,
  },

  sweep = function(p)
    return {
      axes = { "a=1..3", { "b", 0.5, p.note == "short" and 1.0 or 1.5 }, p.note == "short" and "drop=true" or nil },
      metric = "sum",
      plot = p.note == "drawn" and function(results)
        local sums = results:values "sum"
        results:plot("own", mlrt.plot.heatmap { sums:T(), x = results.axes[1].values, y = results.axes[2].values })
        print(results.metric, sums:get(3, 2), #results.points, results.points[1].params.a, results.points[1].values.sum)
      end or nil,
      points = p.note == "points" and { { kind = "other" }, { kind = "plain", limited = 2 } } or nil,
    }
  end,

  setup = function(p)
    if p.trouble == "setup" and p.a == 2 then error("no setup today", 0) end
    return {
      task = mlrt.task.arrays {
        train = { x = random.normal { 20, 3, seed = p.seed }, y = random.normal { 20, 1, seed = 1 } },
        test = { x = random.normal { 8, 3, seed = 2 }, y = random.normal { 8, 1, seed = 3 } }, target = "y",
      },
      model = mlrt.chain {
        layer.linear { 8 }, layer.tanh {}, layer.dropout { p.drop and 0.1 or 0 }, layer.linear { 1 },
      },
      loss = mlrt.loss.mse {},
      optimizer = mlrt.optimizer.adam { lr = p.trouble == "inf" and p.a == 2 and 1e38 or 1e-3 * p.b },
      train = { steps = p.steps, batch = 10, monitor = "loss", evaluate = math.max(1, p.steps // 100),
                checkpoint = 0.05 },
    }
  end,

  finish = function(run)
    local p = run.params
    if p.trouble == "finish" and p.a == 2 then error("no end today", 0) end
    local found = { sum = p.a + p.b, test_step = p.a, word = 'says "a, b"' }
    if p.trouble == "processor" then
      found.processors = io.open("/proc/self/status"):read("a"):match "Cpus_allowed_list:%s*(%S+)"
    end
    run:table(found)
  end,
}
