-- linalg.lua - what mlrt.array promises of products and decompositions of matrices.
local array = require "mlrt.array"
local tap = require "tap"
local ok, is, is_close, fails = tap.ok, tap.is, tap.is_close, tap.fails

local function close(got, want, name)
  want = array(want)
  local near = got:close_to(want, 1e-12, 1e-12)
  return is(near and "close" or tostring(got), near and "close" or tostring(want), name)
end

local a = array { { 1, 2, 3 }, { 4, 5, 6 } }
close(a:matmul(a:T()), { { 14, 32 }, { 32, 77 } }, "matmul")
close(a:matmul { 1, 0, -1 }, { -2, -2 }, "a vector on the right")
close(array.matmul({ 1, -1 }, a), { -3, -3, -3 }, "a vector on the left")
is(array.matmul({ 1, 2 }, { 3, 4 }), 11.0, "two vectors")
is(array.dot({ 1, 2 }, { 3, 4 }), 11.0, "dot")
is(a:dot(a), 91.0, "dot of matrices is over all elements")
close(array.outer({ 1, 2 }, { 3, 4 }), { { 3, 4 }, { 6, 8 } }, "outer")
close(array.zeros(2, 0):matmul(array.zeros(0, 3)), array.zeros(2, 3), "a product over nothing is 0")
fails("^[^:]*linalg.lua:%d+: matmul: shapes %[2, 3%] and %[2, 3%] do not fit$", "shapes that do not fit",
  function() return a:matmul(a) end)
fails("dot: shapes %[2%] and %[3%] do not fit", "dot of other shapes", array.dot, { 1, 2 }, { 1, 2, 3 })

close(array { { 1, 2 }, { 3, 6 }, { 5, 4 } }:cov(), { { 8 / 3, 4 / 3 }, { 4 / 3, 8 / 3 } }, "covariance")
close(array { { 1, 2 }, { 3, 6 }, { 5, 4 } }:corrcoef(), { { 1, 0.5 }, { 0.5, 1 } }, "correlation of columns")
is_close(array.corrcoef({ 1, 3, 5 }, { 2, 6, 4 }), 0.5, 1e-15, "correlation of two vectors")
is_close(array.corrcoef({ 1, 2, 3 }, { 30, 20, 10 }), -1, 1e-15, "which is -1 at least")
local r = array.corrcoef({ 1, 2, 3 }, { 5, 5, 5 })
ok(r ~= r, "there is none with a constant")

-- k-means

do
  local corners = array { { 0, 0 }, { 10, 0 }, { 0, 10 } }
  local noise = array.random.normal { 60, 2, std = 0.5, seed = 3 }
  local label = array.arange(0, 59):map(function(i) return i % 3 + 1 end)
  local points = corners:take(label) + noise
  local groups = points:kmeans(3, { seed = 1 })
  local of = {}
  local pure = true
  for i = 1, 60 do
    local mine, its = label[i], groups.labels[i]
    of[mine] = of[mine] or its
    pure = pure and of[mine] == its
  end
  ok(pure and of[1] ~= of[2] and of[2] ~= of[3] and of[1] ~= of[3], "k-means finds three groups")
  local far = 0
  for i = 1, 3 do far = math.max(far, (groups.centers[of[i]] - corners[i]):norm()) end
  ok(far < 0.5, "and their centres")
  local inertia = 0
  for i = 1, 60 do inertia = inertia + (points[i] - groups.centers[groups.labels[i]]):square():sum() end
  is_close(groups.inertia, inertia, 1e-12, "the inertia is the sum of squared distances")
  ok(points:kmeans(3, { seed = 1 }).labels == groups.labels, "the same seed gives the same groups")
  is(points:kmeans(60).inertia, 0.0, "as many groups as points")
  is(array.kmeans({ { 1 }, { 1 }, { 1 } }, 2).inertia, 0.0, "equal points")
  fails("kmeans: 3 groups of 2 rows", "more groups than rows", array.kmeans, { { 1 }, { 2 } }, 3)
  fails("kmeans: the array holds a value that is not finite", "an infinite point",
    array.kmeans, { { 1 / 0 }, { 2 } }, 1)
  fails("kmeans: 'runs' must be a whole number of at least 1, got 0", "no runs",
    array.kmeans, { { 1 } }, 1, { runs = 0 })
end

tap.done()
