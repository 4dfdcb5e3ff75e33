-- sizes.lua - named values of several parameters, and what an experiment expects beside what it found.
local tap = require "tap"
local mlrt = require "mlrt"

local function experiment(words)
  words.params = words.params or { n = 3, rate = 0.5, kind = mlrt.one_of { "a", "b" } }
  words.setup = words.setup or print
  return mlrt.experiment "own" (words)
end

local function values(e, given)
  local p = e:resolve(given)
  return table.concat({ p.size, p.n, p.rate, p.kind }, " ")
end

-- ---- sizes ----

local sized = experiment { sizes = { paper = { n = 100, kind = "b", rate = 2 }, large = { n = 1000 } } }
tap.is(values(sized, {}), "small 3 0.5 a", "without a size, the defaults")
tap.is(values(sized, { size = "paper" }), "paper 100 2.0 b", "a size changes parameters, as the types they have")
tap.is(values(sized, { size = "large" }), "large 1000 0.5 a", "those that it names")
tap.is(values(sized, { size = "paper", n = 7 }), "paper 7 2.0 b", "what is given as well counts more")
local _, list = sized:resolve { size = "paper" }
local given = {}
for _, p in ipairs(list) do if p.given then given[#given + 1] = p.name end end
tap.is(table.concat(given, " "), "size", "only the size was given")
tap.fails("parameter 'size' must be one of small, large, paper, got papr %(did you mean 'paper'%?%)", "another size",
  values, sized, { size = "papr" })
tap.fails("no parameter 'm'", "a size of a parameter that is not there", experiment, { sizes = { paper = { m = 1 } } })
tap.fails("parameter 'n' must be an integer", "one of another type", experiment, { sizes = { paper = { n = 0.5 } } })
tap.fails("size 'paper' must be a table of parameters, got a number", "a size that is a number", experiment,
  { sizes = { paper = 1 } })
tap.fails("sizes declare the parameter 'size'", "a parameter that is called size", experiment,
  { params = { size = 1 }, sizes = {} })

-- ---- what is expected ----

-- What a run says in its table of expectations: "name paper here", a line each.
local function expected(expect)
  local x = mlrt.array.arange(1, 8):reshape(8, 1)
  local said = {}
  local e = experiment {
    expect = expect,
    setup = function()
      return {
        task = mlrt.task.arrays { fields = { x = x, y = x }, target = "y", train = 6 },
        model = mlrt.layer.linear { 1, init = "constant", bias = false },
        loss = mlrt.loss.mse {}, optimizer = mlrt.optimizer.sgd { lr = 0.0 },
        train = { steps = 1, batch = "full" },
      }
    end,
    finish = function(run)
      run.progress.say = function(_, _, text) said[#said + 1] = text:gsub(" +", " ") end
      run:table { found = 2.5 }
    end,
  }
  mlrt.run(e, {}, { store = false })
  return said[2]
end

tap.is(expected(nil), nil, "nothing is expected")
tap.is(expected(function(p) return p.n == 4 and { found = 2 } or nil end), nil, "or nothing of these parameters")
tap.is(expected { found = 2, steps = 10 }, " paper here\n found 2 2.5\n steps 10 -", "what was found stands beside it")
tap.like(expected(function(p) return { rms_error = p.n } end), "\n rms_error 3 %d", "metrics too")
tap.fails("unknown word 'expects'", "a word that is none", experiment, { expects = {} })

tap.done()
