-- array.lua - what mlrt.array promises: making, indexing, arithmetic, reductions, order.
local array = require "mlrt.array"
local tap = require "tap"
local ok, is, is_close, fails = tap.ok, tap.is, tap.is_close, tap.fails

-- Two arrays, or nested tables, are equal.
local function same(got, want, name)
  want = array(want)
  return is(got == want and "same" or tostring(got), got == want and "same" or tostring(want), name)
end

local function shape(a) return table.concat({ a:shape() }, " ") end

-- making

local m = array { { 1, 2, 3 }, { 4, 5, 6 } }
is(shape(m), "2 3", "nested tables make an array")
is(m:rank(), 2, "of two dimensions")
is(m:size(), 6, "and six elements")
is(#m, 2, "the length is that of the first axis")
is(shape(array {}), "0", "an empty table is an empty vector")
is(shape(array { {}, {} }), "2 0", "so are empty rows")
is(shape(array { m, m }), "2 2 3", "arrays can be elements")
same(array { m[1], { 7, 8, 9 } }, { { 1, 2, 3 }, { 7, 8, 9 } }, "rows and tables mix")
same(array(m), m, "an array of an array is a copy")
ok(not rawequal(array(m), m), "not the same one")
same(array.zeros(2, 2), { { 0, 0 }, { 0, 0 } }, "zeros")
same(array.zeros { 1, 2 }, { { 0, 0 } }, "a shape may be a table")
same(array.ones(3), { 1, 1, 1 }, "ones")
same(array.full({ 2, 1 }, 7), { { 7 }, { 7 } }, "full")
same(array.eye(2), { { 1, 0 }, { 0, 1 } }, "eye")
same(array.arange(4), { 1, 2, 3, 4 }, "arange counts as for does")
same(array.arange(0, 1, 0.25), { 0, 0.25, 0.5, 0.75, 1 }, "with a step, the last included")
is(#array.arange(0, 1, 0.1), 11, "rounding does not lose the last")
same(array.arange(3, 1, -1), { 3, 2, 1 }, "downwards")
is(#array.arange(3, 1), 0, "or not at all")
same(array.linspace(-1, 1, 3), { -1, 0, 1 }, "linspace has both ends")
is(array.linspace(0, 0.3, 4)[4], 0.3, "exactly")

fails("^[^:]*array.lua:%d+: array: element %[2%] must be a table of 3, got a table of 2$", "rows of different lengths",
  function() return array { { 1, 2, 3 }, { 4, 5 } } end)
fails("array: element %[2%]%[1%] must be a number, got string", "a string in it", array, { { 1, 2 }, { "4", 5 } })
fails("array: expected a list, got a table with other keys than 1, 2, ...", "a record is no array", array, { x = 1 })
fails("array: element %[2%] must be as the ones before it", "rows of another shape", array, { m, m[1] })
fails("array: more than 8 dimensions", "nine dimensions", array, { { { { { { { { { 1 } } } } } } } } })
fails("array: argument 2 must be an array, got no value", "nothing", array)
fails("zeros: a dimension must be at least 0, got %-1", "a negative dimension", array.zeros, 2, -1)
fails("zeros: 'dimension' must be a whole number of at least %-1, got 1.5", "half a dimension", array.zeros, 1.5)
fails("zeros: %[1000000, 1000000, 1000000%] is too large", "a shape that is too large", array.zeros, 1e6, 1e6, 1e6)
fails("zeros: a shape has 1 to 8 dimensions, got 0", "no shape", array.zeros)
fails("arange: the step must not be zero", "a step of zero", array.arange, 1, 2, 0)

-- indexing

is(m[2][3], 6.0, "an element")
is(m[-1][-3], 4.0, "counted from the end")
is(m:get(1, 2), 2.0, "get, with all indices")
same(m:get(2), { 4, 5, 6 }, "or with some")
do
  local sum = 0
  for _, row in ipairs(m) do for _, x in ipairs(row) do sum = sum + x end end
  is(sum, 21.0, "ipairs goes over the first axis and stops")
  local a = array.zeros(2, 3)
  a[1][2] = 5
  a[2] = { 7, 8, 9 }
  same(a, { { 0, 5, 0 }, { 7, 8, 9 } }, "rows are views that can be written")
  a[1] = 1
  same(a[1], { 1, 1, 1 }, "a number fills a row")
  a:set(2, 3, -1):set(1, { 4, 5, 6 })
  same(a, { { 4, 5, 6 }, { 7, 8, -1 } }, "set")
  local view = array.ones(3, 2, 2)[2][1]
  collectgarbage()
  collectgarbage()
  same(view, { 1, 1 }, "a view keeps what it looks into alive")
end
fails("array: index 4 is outside 1 %.%. 2", "beyond the end", function() return m[4] end)
fails("array: index 0 is outside 1 %.%. 2", "zero", function() return m[0] end)
fails("array: index 1.5 is outside", "between two", function() return m[1.5] end)
fails("an array has no 'maen' %(did you mean 'mean'%?%)", "a name nobody has", function() return m.maen end)
fails("get: 3 indices for 2 dimensions", "too many indices", m.get, m, 1, 1, 1)
fails("array: an element must be a number, got string", "a string as element", function() m[1][1] = "x" end)
fails("array: shape %[2%] does not fit in %[3%]", "a row that is too short", function() m[1] = { 1, 2 } end)
fails("array: index must be a number, got 'name'", "a field", function() m.name = 1 end)
is(getmetatable(m), "mlrt.array", "the metatable is out of reach")

-- arithmetic

same(m + m, { { 2, 4, 6 }, { 8, 10, 12 } }, "array + array")
same(m - 1, { { 0, 1, 2 }, { 3, 4, 5 } }, "array - number")
same(6 / array { 1, 2, 3 }, { 6, 3, 2 }, "number / array")
same(m * { 1, 0, -1 }, { { 1, 0, -3 }, { 4, 0, -6 } }, "a row is repeated down")
same(m + array { { 10 }, { 20 } }, { { 11, 12, 13 }, { 24, 25, 26 } }, "a column is repeated across")
same(array { 1, 2 } + array { { 10 }, { 20 } }, { { 11, 12 }, { 21, 22 } }, "both at once")
same(-array { 1, -2 }, { -1, 2 }, "unary minus")
same(array { 2, 3 } ^ 2, { 4, 9 }, "powers")
same(array { 7, -7 } % 3, { 7 % 3, -7 % 3 }, "% as Lua's")
same(array { 7, -7 } // 2, { 7 // 2, -7 // 2 }, "// as Lua's")
ok(m == array(m) and m ~= m + 1, "== compares all")
ok(m ~= array { 1, 2, 3, 4, 5, 6 }, "and the shape")
same(array { 1, 2, 3 }:ge(2), { 0, 1, 1 }, "comparisons give 0 and 1")
same(array.eq({ 1, 2 }, { 1, 3 }), { 1, 0 }, "eq")
same(array.where({ 1, 0, 1 }, { 1, 2, 3 }, 9), { 1, 9, 3 }, "where")
same(array { -1, 0.5, 2 }:clip(0, 1), { 0, 0.5, 1 }, "clip")
same(array { 1, 5 }:maximum { 3, 3 }, { 3, 5 }, "maximum")
same(array { 1, 5 }:minimum(3), { 1, 3 }, "minimum")
same(array { 1, 4, 9 }:sqrt(), { 1, 2, 3 }, "functions of one variable")
is_close(array { 1 }:exp()[1], math.exp(1), 1e-15, "exp")
same(array { 1, 2 }:map(function(x) return 10 * x end), { 10, 20 }, "map")
ok(array { 1, 2 }:close_to { 1, 2 + 1e-12 } and not array { 1, 2 }:close_to { 1, 2.1 }, "close_to")
ok(array.close_to({ 1, 2 }, { 1, 2.1 }, 0.1), "with a tolerance")
fails("^[^:]*array.lua:%d+: add: shapes %[2, 3%] and %[2%] do not fit$", "shapes that do not fit",
  function() return m + { 1, 2 } end)
fails("mul: argument 2 must be an array, got string", "an array and a string", function() return m * "two" end)
fails("map: the function must return a number, got nil", "map with nothing", m.map, m, function() end)
fails("function expected", "map without a function", m.map, m)
is(shape(array.zeros(0, 3) + 1), "0 3", "arithmetic on nothing")

-- reductions

is(m:sum(), 21.0, "sum")
same(m:sum(1), { 5, 7, 9 }, "over the first axis")
same(m:sum(2), { 6, 15 }, "over the second")
same(m:sum(-1), { 6, 15 }, "which is the last")
same(m:sum(2, true), { { 6 }, { 15 } }, "kept")
same(m - m:mean(2, true), { { -1, 0, 1 }, { -1, 0, 1 } }, "to broadcast")
is(m[1]:sum(1), 6.0, "along the only axis")
is(m:mean(), 3.5, "mean")
is_close(m:var(), 35 / 12, 1e-15, "var, of the population")
is_close(m:std(2)[1], math.sqrt(2 / 3), 1e-15, "std along an axis")
is(m:prod(), 720.0, "prod")
is(array { 3, 4 }:norm(), 5.0, "norm")
is_close(array { 3e200, 4e200 }:norm(), 5e200, 1e-15, "of large numbers")
is(m:min(), 1.0, "min")
same(m:max(1), { 4, 5, 6 }, "max along an axis")
is(array { 1, 1, 0 }:argmin(), 3, "argmin")
is(table.concat({ m:argmax() }, " "), "2 3", "argmax of a matrix gives all indices")
is(m:get(m:argmax()), m:max(), "that get takes")
same(m:argmax(2), { 3, 3 }, "argmax along an axis")
is(math.type(array { 1, 2 }:argmax()), "integer", "positions are integers")
is(m:gt(5):any(), true, "any")
is(m:gt(5):all(), false, "all")
same(m:gt(5):any(2), { 0, 1 }, "any along an axis")
is_close(array { 1, 1, 1, 1 }:entropy(), math.log(4), 1e-15, "entropy, in nats")
is(array { 0, 5 }:entropy(), 0.0, "of a certainty")
is(array { 1e16, 1, -1e16 }:sum(), 1.0, "the sum loses nothing to rounding")
is(array.zeros(0):sum(), 0.0, "the sum of nothing")
local nan = 0 / 0
ok(array { 1, nan }:max() ~= array { 1, nan }:max(), "NaN is the maximum")
is(array { 1, nan, 3 }:argmax(), 2, "and where it is")
fails("mean: no elements in shape %[0%]", "the mean of nothing", function() return array {}:mean() end)
fails("sum: axis 3 is not one of the 2 of shape %[2, 3%]", "a third axis", m.sum, m, 3)

-- shape

same(m:reshape(3, 2), { { 1, 2 }, { 3, 4 }, { 5, 6 } }, "reshape")
is(shape(m:reshape(-1)), "6", "a free dimension")
is(shape(m:reshape { 1, -1, 2 }), "1 3 2", "among others")
same(m:flatten(), { 1, 2, 3, 4, 5, 6 }, "flatten")
same(m:T(), { { 1, 4 }, { 2, 5 }, { 3, 6 } }, "transpose")
local t = array.arange(24):reshape(2, 3, 4)
is(shape(t:transpose()), "4 3 2", "all axes turned round")
is(shape(t:transpose(2, 3, 1)), "3 4 2", "or in an order")
is(t:transpose(2, 3, 1)[3][4][2], t[2][3][4], "elements go along")
same(t:transpose(2, 3, 1):transpose(3, 1, 2), t, "and back")
same(m:rows(2), { { 4, 5, 6 } }, "rows from")
same(m:rows(1, 1), { { 1, 2, 3 } }, "from and to")
same(m:columns(-2), { { 2, 3 }, { 5, 6 } }, "columns")
same(m:slice({}, { 1, 3, 2 }), { { 1, 3 }, { 4, 6 } }, "slice with a step")
same(m:slice({ 2 }), { { 4, 5, 6 } }, "axes that are not named are whole")
same(m:slice({}, { 3, 1, -1 }), { { 3, 2, 1 }, { 6, 5, 4 } }, "backwards")
same(m[1]:slice { nil, nil, -2 }, { 3, 1 }, "with the ends left out")
is(shape(m:slice { 2, 1 }), "0 3", "or nothing")
same(m:take { 2, 1, 2 }, { { 4, 5, 6 }, { 1, 2, 3 }, { 4, 5, 6 } }, "take")
same(m:take({ -1, 1 }, 2), { { 3, 1 }, { 6, 4 } }, "take columns")
same(m[1]:take(m[1]:gt(1):nonzero()), { 2, 3 }, "take where")
same(m:flip(), { { 4, 5, 6 }, { 1, 2, 3 } }, "flip")
same(m:flip(2), { { 3, 2, 1 }, { 6, 5, 4 } }, "flip columns")
same(array { 1, 2 }:diag(), { { 1, 0 }, { 0, 2 } }, "diag makes a matrix")
same(m:diag(), { 1, 5 }, "or takes its diagonal")
same(array.concat({ m, { { 7, 8, 9 } } }), { { 1, 2, 3 }, { 4, 5, 6 }, { 7, 8, 9 } }, "concat")
same(array.concat({ m, { { 0 }, { 0 } } }, 2), { { 1, 2, 3, 0 }, { 4, 5, 6, 0 } }, "concat columns")
is(shape(array.stack { m, m, m }), "3 2 3", "stack")
is(m:totable()[2][1], 4.0, "totable")
do
  local copy = m:copy()
  copy[1][1] = 100
  is(m[1][1], 1.0, "a copy is another array")
end
fails("reshape: shape %[2, 3%] does not fit in %[4, %-1%]", "a shape of another size", m.reshape, m, 4, -1)
fails("transpose: axis 1 is given twice", "an axis twice", m.transpose, m, 1, 1)
fails("transpose: 1 axes for 2 dimensions", "too few axes", m.transpose, m, 1)
fails("slice: 3 ranges for 2 dimensions", "too many ranges", m.slice, m, {}, {}, {})
fails("take: index 3 is outside 1 %.%. 2", "a row that is not there", m.take, m, { 1, 3 })
fails("columns: the array has only one dimension", "columns of a vector", array.columns, { 1, 2 }, 1)
fails("concat: shapes %[2, 3%] and %[2, 2%] do not fit along axis 1", "shapes to put together", array.concat,
  { m, { { 1, 2 }, { 3, 4 } } })
fails("concat: nothing to put together", "nothing to put together", array.concat, {})
fails("nonzero: argument 1 must have 1 dimension, got shape %[2, 3%]", "nonzero of a matrix", m.nonzero, m)

-- order

same(array { 3, 1, 2 }:sort(), { 1, 2, 3 }, "sort")
same(array { { 3, 1 }, { 2, 4 } }:sort(1), { { 2, 1 }, { 3, 4 } }, "along an axis")
same(array { 3, 1, 2, 1 }:argsort(), { 2, 4, 3, 1 }, "argsort keeps the order of equals")
same(array { nan, 1, 0 }:sort():slice { 1, 2 }, { 0, 1 }, "NaN comes last")
same(array { 1, 2, 3 }:cumsum(), { 1, 3, 6 }, "cumsum")
same(m:cumsum(1), { { 1, 2, 3 }, { 5, 7, 9 } }, "along an axis")
is(array { 1, 2, 3, 4 }:quantile(0.5), 2.5, "quantile")
same(array { 1, 2, 3, 4, 5 }:quantile { 0, 0.1, 1 }, { 1, 1.4, 5 }, "several")
is(array { 5, 1, 3 }:median(), 3.0, "median")
do
  local values, counts = array { 2, 1, 2, 2 }:unique()
  same(values, { 1, 2 }, "unique values")
  same(counts, { 1, 3 }, "and their counts")
  local edges
  counts, edges = array { 0, 0.1, 0.5, 1, 1.5, nan }:histogram(2, { 0, 1 })
  same(counts, { 2, 2 }, "a histogram leaves out what lies outside")
  same(edges, { 0, 0.5, 1 }, "edges")
  counts, edges = array { 1, 2, 3, 4 }:histogram(3)
  same(counts, { 1, 1, 2 }, "the last bin has both edges")
  is(edges[1] .. " " .. edges[4], "1.0 4.0", "the range is that of the data")
  counts = (array.arange(0, 99) / 10):histogram(100, { 0, 10 })
  same(counts, array.ones(100), "values on edges belong to the bin above")
end
fails("quantile: 2.0+ is outside 0 %.%. 1", "a quantile that is none", array.quantile, { 1, 2 }, 2)
fails("histogram: a range is { low, high } with low below high", "an empty range", array.histogram, { 1 }, 3, { 2, 1 })
fails("histogram: 'bins' must be a whole number of at least 1, got 0", "no bins", array.histogram, { 1 }, 0)

-- text

is(tostring(array { 1, 2.5, -3 }), "[1, 2.5, -3]", "a vector as text")
is(tostring(array { { 1, 20 }, { -3, 4 } }), "[[ 1, 20],\n [-3,  4]]", "columns are aligned")
is(tostring(array.arange(1000)), "[1, 2, 3, ..., 998, 999, 1000]", "a long vector is cut")
is(select(2, tostring(array.zeros(100, 100)):gsub("\n", "")), 6, "so is a large matrix")
is(tostring(array {}), "[]", "an empty one")

tap.done()
