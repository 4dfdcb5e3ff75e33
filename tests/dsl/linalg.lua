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
local none = array.corrcoef({ 1, 2, 3 }, { 5, 5, 5 })
ok(none ~= none, "there is none with a constant")

-- decompositions

local function shape(x) return table.concat({ x:shape() }, " ") end
local random = array.random.normal

for _, s in ipairs { { 5, 3 }, { 3, 5 }, { 4, 4 } } do
  local m = random { s[1], s[2], seed = 1 }
  local u, values, vt = m:svd()
  local what = "svd of " .. s[1] .. " x " .. s[2]
  close((u * values):matmul(vt), m, what .. ": gives the matrix back")
  close(u:T():matmul(u), array.eye(#values), what .. ": orthonormal columns")
  close(vt:matmul(vt:T()), array.eye(#values), what .. ": orthonormal rows")
  ok(values == values:sort():flip() and values:min() > 0, what .. ": from large to small")
  for i = 1, #vt do ok(vt[i][vt[i]:abs():argmax()] > 0, what .. ": the largest element is positive") end
  close(m:pinv():matmul(m):matmul(m:pinv()), m:pinv(), what .. ": a pseudo-inverse")
  local q, r = m:qr()
  close(q:matmul(r), m, "qr")
  close(q:T():matmul(q), array.eye(#r), "qr: orthonormal columns")
  ok(r:diag():min() > 0, "qr: a positive diagonal")
  is(r[2][1], 0.0, "qr: a triangle")
end
is(shape((array.zeros(0, 3):svd())), "0 0", "svd of nothing")

local values, vectors = array { { 2, 1 }, { 1, 2 } }:eigh()
close(values, { 1, 3 }, "eigenvalues, from small to large")
close(vectors, array { { 1, 1 }, { -1, 1 } } / math.sqrt(2), "eigenvectors in columns, with fixed signs")
fails("eigh: the matrix must be symmetric, got 3.0 at %[2%]%[1%] and 2.0 at %[1%]%[2%]", "eigh of another",
  array.eigh, { { 1, 2 }, { 3, 4 } })
fails("eigh: the matrix must be square, got shape %[2, 3%]", "eigh of a rectangle", a.eigh, a)

local spd = array { { 4, 2 }, { 2, 5 } }
close(spd:cholesky(), { { 2, 0 }, { 1, 2 } }, "cholesky")
fails("cholesky: .+definite", "of a matrix that is not positive", array.cholesky, { { 1, 2 }, { 2, 1 } })

close(spd:solve { 8, 9 }, { 1.375, 1.25 }, "solve")
close(spd:solve(spd), array.eye(2), "for several columns")
close(spd:inv():matmul(spd), array.eye(2), "inv")
fails("solve: .+singular", "a singular system", array.solve, { { 1, 2 }, { 2, 4 } }, { 1, 2 })
fails("solve: shapes %[2, 2%] and %[3%] do not fit", "a right side that is too long", spd.solve, spd, { 1, 2, 3 })
fails("svd: .+finite", "NaN", array.svd, { { 0 / 0, 1 } })
fails("svd: argument 1 must have 2 dimensions, got shape %[2%]", "svd of a vector", array.svd, { 1, 2 })

do
  local t = array.arange(10)
  local design = array.stack { t, array.ones(10) }:T()
  local fit, rank = design:lstsq(3 * t - 2)
  close(fit, { 3, -2 }, "least squares")
  is(rank, 2, "of full rank")
  fit, rank = array.lstsq({ { 1, 1 }, { 1, 1 } }, { 2, 2 })
  close(fit, { 1, 1 }, "the shortest of many")
  is(rank, 1, "of lower rank")
end

-- principal components

do
  local along, across = random { 500, 1, seed = 1 } * 3, random { 500, 1, seed = 2 }
  local points = along * array { { 0.6, 0.8 } } + across * array { { -0.8, 0.6 } } + { 10, 20 }
  local p = points:pca()
  ok(p.components[1]:close_to({ 0.6, 0.8 }, 0, 0.05), "the first component lies along the cloud")
  ok(p.components[2]:close_to({ 0.8, -0.6 }, 0, 0.05), "the second across, its largest element positive")
  close(p.variance, p.scores:var(1), "variance is that of the scores")
  is_close(p.explained:sum(), 1, 1e-15, "all of it is explained")
  is_close(p.variance:sum(), points:var(1):sum(), 1e-12, "which is that of the points")
  close(p.mean + p.scores:matmul(p.components), points, "scores and components give the points back")
  local one = points:pca(1)
  is(shape(one.components) .. ", " .. shape(one.scores), "1 2, 500 1", "one component")
  ok(one.explained[1] > 0.85, "explains most")
  is(array.pca({ { 1, 2 }, { 1, 2 } }).explained[1], 0.0, "a constant has no variance to explain")
  fails("pca: 3 components of an array of shape %[500, 2%]", "more components than variables", points.pca, points, 3)
end

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
