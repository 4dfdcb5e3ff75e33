-- own_data.lua - task.arrays: what a script hands over is what the model gets, and mistakes are named.
local tap = require "tap"
local mlrt = require "mlrt"
local array, layer, task = mlrt.array, mlrt.layer, mlrt.task

-- An experiment on a task; the model and the loss may be given.
local function trained(data, change)
  local setup = {
    task = data,
    model = layer.linear { 1 },
    loss = mlrt.loss.mse {},
    optimizer = mlrt.optimizer.adam { lr = 0.05 },
    train = { steps = 300, batch = "full" },
  }
  for word, value in pairs(change or {}) do setup[word] = value end
  return mlrt.run(mlrt.experiment "own" { setup = function() return setup end }, {}, { store = false, quiet = true })
end

-- ---- numbers ----

local x = array.random.normal { 60, 2, seed = 1 }
local y = x:matmul(array { { 2 }, { -3 } }) + 0.5
local run = trained(task.arrays { fields = { x = x, y = y }, target = "y", train = 0.75 })
tap.is_close(run:parameter "linear.weight":get(1, 1), 2, 1e-3, "a straight line is found from arrays")
tap.is_close(run:parameter "linear.bias":get(1), 0.5, 1e-3, "and where it begins")
tap.is_close(run:metric "rms_error", 0, 1e-3, "numbers are measured by how far off they are")

-- What the metrics say of a model that answers 0 is what the arrays say.
local function zero(inputs) return layer.linear { 1, init = "constant", bias = false } (inputs) end
run = trained(task.arrays { train = { x = x, y = y }, test = { x = x, y = y }, target = "y" },
  { model = zero, optimizer = mlrt.optimizer.sgd { lr = 1e-30 }, train = { steps = 1, eval_batch = 7 } })
tap.is_close(run:metric "rms_error", y:square():mean() ^ 0.5, 1e-6, "rms_error is the root of the mean square")
tap.is_close(run:metric "absolute_error", y:abs():mean(), 1e-6, "absolute_error is the mean absolute value")

-- ---- where the examples go ----

local function sizes(properties)
  properties.fields, properties.target = { n = array.arange(0, 99):reshape(-1, 1), t = array.zeros(100, 1) }, "t"
  local counts, seen, order = {}, {}, {}
  local r = trained(task.arrays(properties), { model = function(n) return layer.linear { 1 } (n:named "n") end })
  for i, split in ipairs { "train", "valid", "test" } do
    counts[i] = r.task.kind and 0
    local fine, n = pcall(r.tap, r, "n", { split = split })
    for k = 1, fine and #n or 0 do
      counts[i] = counts[i] + 1
      seen[n:get(k, 1)] = (seen[n:get(k, 1)] or 0) + 1
      order[#order + 1] = ("%d"):format(n:get(k, 1))
    end
  end
  local twice = 0
  for _, times in pairs(seen) do twice = math.max(twice, times) end
  return table.concat(counts, " "), twice, table.concat(order, " ")
end
local counts, twice, order = sizes { train = 0.8 }
tap.is(counts, "80 0 20", "a share to train on leaves the rest for testing")
tap.is(twice, 1, "no example is in two splits")
local _, _, same = sizes { train = 0.8 }
local _, _, other = sizes { train = 0.8, seed = 1 }
tap.is(order, same, "the same seed gives the same splits")
tap.ok(order ~= other, "another seed gives others")
tap.is((sizes { train = 30, valid = 0.2, test = 10 }), "30 20 10", "numbers of examples, and shares")
tap.is((sizes { test = 0.25 }), "75 0 25", "what is held out is not trained on")
tap.is((sizes {}), "100 0 0", "nothing is held out unless it is said")
tap.is((sizes { train = 1 }), "100 0 0", "1 is all of them")
local in_order = {}
for i = 1, 100 do in_order[i] = tostring(i - 1) end
_, _, order = sizes { train = 80, shuffle = false }
tap.is(order, table.concat(in_order, " "), "or in the order that is given")

-- ---- classes ----

local labels = {}
for i = 1, 60 do labels[i] = y:get(i, 1) > 0 and "up" or "down" end
local two = task.arrays { fields = { x = x, label = labels }, target = "label", classes = { label = true }, train = 40 }
run = trained(two, { model = layer.linear { 2 }, loss = mlrt.loss.cross_entropy {} })
tap.ok(run:metric "accuracy" >= 0.9, "texts are classes")
local numbers = y:gt(0):flatten()
local function one_logit(change)
  local fields = { x = x, label = numbers }
  return trained(task.arrays { fields = fields, target = "label", classes = { label = 2 }, train = 40 },
    { loss = function(p, t) return (p:softplus() - p * t:cast "f32":reshape(-1, 1)):mean() end, model = change })
end
tap.is(one_logit():metric "accuracy", run:metric "accuracy", "one logit answers for two classes")

-- Inputs of several shapes, in the order that is asked for.
local got
trained(task.arrays {
  fields = { b = array.zeros(12, 2, 3), a = array.ones(12), unused = array.zeros(12), y = array.zeros(12, 1),
             z = array.ones(12) },
  inputs = { "b", "a" }, target = { "z", "y" }, classes = { a = 2 },
}, {
  model = function(b, a, z)
    got = ("%s, %s, %s, %s"):format(b, a, a:classes(), z)
    return layer.linear { 1 } (layer.flatten {} (b))
  end,
  loss = function(p, z, y_) return ((p - y_):square() + z:reshape(-1, 1)):mean() end,
  metrics = {}, train = { steps = 1, batch = 4 },
})
tap.is(got, "node f32 [4, 2, 3], node i32 [4], 2, node f32 [4]", "fields of any shape, in the order asked for")

-- ---- mistakes ----

local function wrong(message, properties, name)
  tap.fails("task%.arrays: " .. message .. "$", name or message, function() return task.arrays(properties) end)
end
local ten, one = array.zeros(10), array.ones(10, 1)
wrong("'fields' is required, or a table of fields for 'train'", {})
wrong("unknown word 'field' %(did you mean 'fields'%?%)", { field = {} })
wrong("'train' is a number of examples of 'fields', which is missing", { train = 0.5 })
wrong("with 'fields', 'test' is a share or a number of their examples, got a table",
  { fields = { x = ten }, test = {} })
wrong("'target': there is no field 'lable' %(did you mean 'label'%?%)", { fields = { label = ten }, target = "lable" })
wrong("field 'x' is both an input and a target", { fields = { x = ten }, target = "x", inputs = "x" })
wrong("there are no inputs", { fields = { x = ten }, target = "x" })
wrong("fields are given by name, fields = { x = ... }", { fields = { ten } })
wrong("field 'y' has 9 examples, and 'x' has 10", { fields = { x = ten, y = array.zeros(9, 1) }, target = "y" })
wrong("field 'y' has 9 examples in test, and 'x' has 10",
  { train = { x = ten, y = ten }, test = { x = ten, y = array.zeros(9) }, target = "y" })
wrong("field 'x' is %[10, 1%] in test, but %[10%] in train: examples of different shapes",
  { train = { x = ten }, test = { x = one } })
wrong("test has no field 'y', and train has", { train = { x = ten, y = ten }, test = { x = ten } })
wrong("train has no field 'y', and test has", { train = { x = ten }, test = { x = ten, y = ten } })
wrong("field 'c', example 3: expected a class from 0 to 2, got 3",
  { fields = { c = { 0, 1, 3 } }, classes = { c = 3 } })
wrong("field 'c', example 2: expected a class from 0 to 2, got 0.5",
  { fields = { c = { 0, 0.5 } }, classes = { c = 3 } })
wrong("field 'c', example 1: expected a class from 0 to 2, got %-1", { fields = { c = { -1 } }, classes = { c = 3 } })
wrong("field 'c', example 2 of test: expected a class from 0 to 2, got 7",
  { train = { c = { 0 } }, test = { c = { 1, 7 } }, classes = { c = 3 } })
wrong("field 'x', example 2: expected a number that f32 can hold, got nan", { fields = { x = { 1, 0 / 0 * -1 } } })
wrong("field 'x', example 1: expected a number that f32 can hold, got 1e%+39", { fields = { x = { 1e39 } } })
wrong("field 'x': element %[2%] must be a number, got boolean", { fields = { x = { 1, true } } })
wrong("field 'x' must be an array or a table, got a number", { fields = { x = 3 } })
wrong("field 'c' holds texts: give its classes, classes = { c = true } or a list of them",
  { fields = { c = { "a" } } })
wrong("field 'c', example 2: there is no class 'car' %(did you mean 'cat'%?%)",
  { fields = { c = { "cat", "car" } }, classes = { c = { "cat", "dog" } } })
wrong("'classes' of field 'c' must be how many there are or a list of their names, got true",
  { fields = { c = { 1 } }, classes = { c = true } })
wrong("'classes': there is no field 'd'", { fields = { c = { 1 } }, classes = { d = 3 } })
wrong("'train', 'valid' and 'test' ask for more than the 10 examples", { fields = { x = ten }, train = 8, test = 3 })
wrong("no examples are left to train on", { fields = { x = ten }, valid = 1 })
wrong("there are no examples", { fields = { x = {} } })
local many = {}
for i = 1, 17 do many["f" .. i] = ten end
wrong("a task has 1 to 16 fields, got 17", { fields = many })

tap.fails("metric 'accuracy' of 'label' takes a prediction %[20, 2%], got %[20, 1, 1%] %(metrics = {} computes none%)$",
  "a prediction that the metric cannot judge", one_logit,
  function(inputs) return layer.linear { 1 } (inputs):reshape(-1, 1, 1) end)
local flat = task.arrays { fields = { x = x, y = y:flatten() }, target = "y", train = 0.75 }
tap.fails("metric 'rms_error' of 'y' takes a prediction %[15%], got %[15, 3%]", "of numbers too", trained, flat,
  { model = layer.linear { 3 }, loss = function(p) return p:mean() end })
tap.is_close(trained(flat):metric "rms_error", 0, 1e-3, "as for the loss, a last dimension of 1 may be left out")

tap.done()
