-- own_model.lua - models that declare their own parameters: names, sharing, initial values, gradients, groups.
local tap = require "tap"
local mlrt = require "mlrt"
local array, layer, task = mlrt.array, mlrt.layer, mlrt.task

local x = array.random.normal { 40, 3, seed = 1 }
local y = x:matmul(array { { 1, -2 }, { 0.5, 3 }, { -1, 0 } }) + array { 0.25, -0.5 }

local function trained(model, change)
  local setup = {
    task = task.arrays { train = { x = x, y = y }, test = { x = x, y = y }, target = "y" },
    model = model,
    loss = mlrt.loss.mse {},
    optimizer = mlrt.optimizer.adam { lr = 0.05 },
    train = { steps = 1, batch = "full" },
  }
  for word, value in pairs(change or {}) do setup[word] = value end
  return mlrt.run(mlrt.experiment "own" { setup = function() return setup end }, {}, { store = false, quiet = true })
end

local function names(run)
  local list = {}
  for i, p in ipairs(run:parameters()) do list[i] = p.name .. " " .. p.shape end
  return table.concat(list, ", ")
end

-- y = x W^T + b, written out.
local function affine(out, init)
  return function(h)
    local _, features = h:shape()
    local w = layer.parameter { { out, features }, name = "weight", init = init }
    local b = layer.parameter { { out }, name = "bias" }
    return h:matmul(w(), false, true) + b()
  end
end

-- ---- one layer ----

local run = trained(affine(2), { train = { steps = 400, batch = "full" } })
tap.is(names(run), "weight [2, 3], bias [2]", "a parameter has the name and the shape that it is given")
tap.is_close(run:parameter "weight":get(1, 2), 0.5, 1e-3, "it is trained")
tap.is_close(run:parameter "bias":get(2), -0.5, 1e-3, "and so is the other")

-- With lr so small that nothing moves, what is left are the initial values.
local still = { optimizer = mlrt.optimizer.sgd { lr = 1e-30 } }
run = trained(affine(2), still)
tap.ok(run:parameter "weight":abs():max() <= 1 / 3 ^ 0.5, "a matrix begins within 1 / sqrt(fan-in)")
tap.ok(run:parameter "weight":abs():min() > 0, "and not at 0")
tap.is_close(run:parameter "bias":abs():max(), 0, 1e-20, "a vector at 0")
run = trained(affine(2, mlrt.init.constant(0.5)), still)
tap.is(tostring(run:parameter "weight":sum()), "3.0", "or as an initialiser says")
run = trained(affine(2, "orthogonal"), still)
local w = run:parameter "weight"
tap.ok(w:matmul(w:T()):close_to(array.eye(2), 1e-5, 1e-5), "by name too")

-- The same numbers as the layer that mlrt has.
local own = trained(mlrt.chain { affine(2), name = "linear" }, { optimizer = mlrt.optimizer.sgd { lr = 0.1 } })
local given = trained(layer.linear { 2, init = "fan_in" },
  { optimizer = mlrt.optimizer.sgd { lr = 0.1, groups = { ["*.bias"] = { lr = 0.1 } } } })
tap.is(names(own), names(given), "inside a named part it has the part's name in front")
local moved = own:parameter "linear.weight" - given:parameter "linear.weight"
tap.ok(moved:abs():max() < 0.2, "its gradient is that of a layer (they differ by how the bias begins)")

-- ---- names and sharing ----

local scale = layer.parameter { name = "scale", init = mlrt.init.constant(2) }
run = trained(function(h) return layer.linear { 2 } (h * scale()) * scale() end, still)
tap.is(names(run), "scale [], linear.weight [2, 3], linear.bias [2]", "called twice, it is one parameter")
tap.is(run:parameter "scale":get(1), 2.0, "a single number has no dimensions")

run = trained(function(h)
  local a, b = layer.parameter { { 2, 3 } }, layer.parameter { { 2, 3 } }
  return h:matmul(a() + b(), false, true)
end)
tap.is(names(run), "parameter [2, 3], parameter_2 [2, 3]", "without a name it is numbered")
tap.ok(run:parameter "parameter" ~= run:parameter "parameter_2", "each begins with its own numbers")

local half = mlrt.chain { affine(3), name = "half" }
run = trained(mlrt.chain { half, layer.tanh {}, half, affine(2), name = "body" })
tap.is(names(run), "body.half.weight [3, 3], body.half.bias [3], body.weight [2, 3], body.bias [2]",
  "a part that stands twice is one part, also where a function makes its layers")
local plain = mlrt.residual(mlrt.chain { affine(3), layer.tanh {} })
run = trained(mlrt.chain { affine(3), plain, affine(3), plain, affine(2) })
tap.is(names(run), "weight [3, 3], bias [3], weight_2 [3, 3], bias_2 [3], weight_3 [3, 3], bias_3 [3], "
  .. "weight_4 [2, 3], bias_4 [2]", "without a name too")
run = trained(mlrt.chain { affine(3), affine(3), affine(2) })
tap.is(names(run), "weight [3, 3], bias [3], weight_2 [3, 3], bias_2 [3], weight_3 [2, 3], bias_3 [2]",
  "several parts are several")

run = trained(affine(2, mlrt.init.constant(1)),
  { optimizer = mlrt.optimizer.sgd { lr = 0.1, groups = { weight = { lr = 1e-30 } } } })
tap.is(run:parameter "weight":sum(), 6.0, "an optimizer's groups know it by its name")
tap.ok(run:parameter "bias":abs():min() > 0, "and train the others as before")

-- ---- W / max(1, |W|_1) by rows: the layer is 1-Lipschitz in the norm of the largest entry ----

local function lipschitz(out)
  return function(h)
    local _, features = h:shape()
    local v = layer.parameter { { out, features }, name = "weight", init = mlrt.init.normal(0, 3) } ()
    return h:matmul((v / v:abs():sum(2, true):maximum(1)):named "used", false, true)
  end
end
local function pairs_sorted(h)
  local batch, features = h:shape()
  return h:reshape(batch, features // 2, 2):sort(3):reshape(batch, features)
end
local net = mlrt.chain {
  mlrt.chain { lipschitz(8), name = "inner" },
  pairs_sorted,
  mlrt.chain { lipschitz(2), name = "outer" },
}
run = trained(net, { train = { steps = 30, batch = "full", eval_batch = 40 } })
tap.ok(run:tap "inner.used":abs():sum(2):max() <= 1 + 1e-6, "the norm of each row is kept")
tap.is(("%d %d"):format(run:tap "inner":shape()), "40 8", "what a part gives can be read by its name")
tap.ok(run:parameter "inner.weight":abs():sum(2):max() > 1, "while the parameter is free")
local prediction = run:tap(nil, { split = "test" })
local far = 0
for i = 1, 40 do
  for k = 1, i - 1 do
    local change = (prediction[i] - prediction[k]):abs():max() / (x[i] - x[k]):abs():max()
    far = math.max(far, change)
  end
end
tap.ok(far <= 1 + 1e-5 and far > 0.2, "so no two predictions differ by more than their inputs")

-- ---- mistakes ----

tap.fails("layer.parameter: unknown property 'shap' %(did you mean 'shape'%?%)", "a word that is not there", function()
  return layer.parameter { shap = { 3 } }
end)
tap.fails("scale: layer 'parameter' takes 0 inputs, got 1", "an input", trained, function(h) return scale(h) end)
local body = mlrt.chain { function(h) return h:matmul(layer.parameter { { 2, 2 }, name = "w" } ()) end, name = "body" }
tap.fails("body: matmul: %[40, 3%] and %[2, 2%] do not fit", "an error says in which part it is", trained, body)
local rows = 1
local growing = mlrt.chain { function(h)
  rows = rows + 1
  return h:matmul(layer.parameter { { rows, 3 }, name = "w" } (), false, true):sum(2, true)
end, name = "body" }
tap.fails("body.w: parameter 'body.w' is %[2, 3%], and %[3, 3%] is asked of it here", "two shapes of one name", trained,
  function(h) return growing(h) + growing(h) + h:slice(2, 1, 2) end)
tap.fails("a layer is called only while a model or a loss is being built", "outside of a model",
  function() return scale() end)
tap.fails("a chain is called only while a model or a loss is being built", "a chain too", function() return body(3) end)

tap.done()
