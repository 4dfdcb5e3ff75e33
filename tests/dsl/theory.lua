-- theory.lua - the quality of representations, the effective theory of addition, and the phases of learning.
local array = require "mlrt.array"
local effective_theory = require "effective_theory"
local phases = require "phases"
local random = require "mlrt.random"
local representation = require "representation"
local tap = require "tap"
local ok, is, is_close = tap.ok, tap.is, tap.is_close

-- A table of sums with these pairs first, which are the training set, and all others of p numbers behind.
local function with_training(p, pairs_first)
  local t, seen = { a = {}, b = {}, c = {}, train = #pairs_first }, {}
  local function add(a, b)
    if seen[a * p + b] then return end
    seen[a * p + b] = true
    table.insert(t.a, a)
    table.insert(t.b, b)
    table.insert(t.c, a + b)
  end
  for _, pair in ipairs(pairs_first) do add(pair[1], pair[2]) end
  for a = 0, p - 1 do
    for b = a, p - 1 do add(a, b) end
  end
  return t
end

-- ---- tables ----

local t = representation.sums(10, 45, 3)
is(#t.a, 55, "there are p (p + 1) / 2 sums")
local right, unordered = true, true
for i = 1, 55 do
  right = right and t.c[i] == t.a[i] + t.b[i]
  unordered = unordered and t.a[i] <= t.b[i]
end
ok(right and unordered, "each pair once, with its sum")
is(#representation.parallelograms(representation.sums(4)), 3, "four numbers have three parallelograms (Eq. C.10)")
is(#representation.parallelograms(with_training(4, { { 0, 2 }, { 1, 1 }, { 0, 3 } }), 3), 1, "of which some are in D")

-- ---- quality of a representation ----

local line = array.arange(0, 9) * 0.3 - 7
local scattered = array.random.normal { 10, 1, seed = 4 }
is(representation.rqi(line, t), 1.0, "a linear representation has RQI 1")
is(representation.rqi(line * -100 + 3, t), 1.0, "wherever it is and whatever its scale")
is(representation.rqi(scattered, t, { delta = 1e-4 }), 0.0, "a random one has RQI 0")
is_close(representation.predicted_accuracy(scattered, t, { delta = 1e-4 }), 45 / 55, 1e-15,
  "which lets expect that only the training set is right")
is(representation.predicted_accuracy(line, t), 1.0, "a line lets expect that all is")
local plane = array.random.normal { 2, 5, seed = 2 }
local lifted = array.stack { line, line * 0 + 1 }:T():matmul(plane)
is(representation.rqi(lifted, t), 1.0, "a line in five dimensions is a line")
local noise = array.random.normal { 10, 1, seed = 5 }
ok(representation.rqi(line:reshape(-1, 1) + 1e-4 * noise, t) == 1, "noise below delta is tolerated")
local some = representation.rqi(line:reshape(-1, 1) + 5e-3 * noise, t)
ok(some > 0.1 and some < 0.9, "noise near it breaks some parallelograms")

local turn = array.arange(0, 22) * (2 * math.pi * 5 / 23)
local function ellipse(r) return array.stack({ turn:cos(), turn:sin() * r }):T() end
local round, frequency = representation.circularity(ellipse(1):matmul(array { { 0.5, 0, 2 }, { 2, 0, -0.5 } }))
is_close(round, 1, 1e-12, "a circle in space has circularity 1")
ok(frequency == 5 or frequency == 18, "and a frequency, either way round")
is_close(representation.circularity(ellipse(0.5)), 1.5 ^ 2 / 2.5, 1e-12, "an ellipse has less")
ok(representation.circularity(array.random.normal { 23, 8, seed = 6 }) < 0.35, "chance has little")
local shuffled = {}
for i, k in ipairs(random(4):permutation(23)) do shuffled[i] = k end
ok(representation.circularity(ellipse(1):take(shuffled)) < 0.5, "a circle in no order has little")
local two = array.stack({ turn:cos(), turn:sin(), (turn * 3):cos() * 0.5, (turn * 3):sin() * 0.5 }):T() + 2
local circles = representation.circles(two)
is(("%d %d"):format(circles[1].w, circles[2].w), "5 8", "circles in four dimensions are found by their frequencies")
is_close(circles[1].share, 0.8, 1e-12, "with the share of the variance of each")
is_close(circles[1].share + circles[2].share, 1, 1e-12, "which is all there is")
local bent = array { 0, 1, 2, 3, 4, 5, 6, 7, 8, 11 } -- only those without the last number hold
local without = #representation.parallelograms(representation.sums(9))
is_close(representation.rqi(bent, t), without / #representation.parallelograms(t), 1e-15, "parallelograms are counted")
local moved = representation.normalised(array.random.normal { 10, 3, mean = 5, std = 7, seed = 9 })
is_close(moved:sum(1):abs():max(), 0, 1e-12, "normalised embeddings have their centre at 0")
is_close(moved:square():sum(), 10, 1e-12, "and a mean square distance of 1 from it")

-- (0, 4), (1, 3) and (2, 2) are one sum: with E_0 + E_4 = E_1 + E_3 a test pair is as good as known.
local few = with_training(5, { { 0, 4 }, { 2, 3 } })
local formed = { 0, 1, 5, 6, 7 } -- E_0 + E_4 = E_1 + E_3 = 7, E_2 + E_2 = 10; E_2 + E_3 = 11 and E_1 + E_4 = 8
is_close(representation.predicted_accuracy(formed, few), 3 / 15, 1e-15, "Acc-hat counts what follows from D (Eq. C.4)")

-- ---- matrices: the permutations of three things ----

local function permutation_matrix(image)
  local m = array.zeros(3, 3)
  for i = 1, 3 do m:set(image[i], i, 1) end
  return m
end
local images = { { 1, 2, 3 }, { 1, 3, 2 }, { 2, 1, 3 }, { 2, 3, 1 }, { 3, 1, 2 }, { 3, 2, 1 } }
local group, number = { a = {}, b = {}, c = {}, train = 24 }, {}
for i, image in ipairs(images) do number[table.concat(image)] = i - 1 end
for a = 1, 6 do
  for b = 1, 6 do
    local both = {}
    for i = 1, 3 do both[i] = images[a][images[b][i]] end
    table.insert(group.a, a - 1)
    table.insert(group.b, b - 1)
    table.insert(group.c, number[table.concat(both)])
  end
end
local matrices = {}
for i, image in ipairs(images) do matrices[i] = permutation_matrix(image) end
is(#representation.parallelograms(group), 6 * 15, "S_3 has 90 generalised parallelograms")
is(representation.rqi(array.stack(matrices), group, { normalise = false }), 1.0,
  "the permutation matrices form them all")
is(representation.rqi(array.random.normal { 6, 3, 3, seed = 1 }, group, { normalise = false }), 0.0,
  "random matrices none")
local mixed = array.stack(matrices)
mixed[1] = array.random.normal { 3, 3, seed = 2 }
local rqi = representation.rqi(mixed, group, { normalise = false })
ok(rqi > 0 and rqi < 1, "and five right ones some")

-- ---- principal components ----

local circle = {}
for k = 0, 12 do circle[k + 1] = { math.cos(2 * math.pi * k / 13), math.sin(2 * math.pi * k / 13), 0, 0 } end
is_close(representation.pca(circle).dimension, 2, 1e-9, "a circle has the effective dimension 2")
is_close(representation.pca(lifted).entropy, 0, 1e-9, "a line has no entropy")
is_close(representation.pca(array.eye(5)).dimension, 4, 1e-9, "five corners of a simplex have 4")
is(select(2, representation.pca(circle, 2).scores:shape()), 2, "as many components as asked for")

-- A decoder that tells quarters of a plane from each other, of embeddings that lie in it, in five dimensions.
local axes = array { { 0.6, 0.8, 0, 0, 0 }, { 0, 0, 1, 0, 0 } }
local quarters = array { { 1, 1 }, { -1, 1 }, { -1, -1 }, { 1, -1 } }
local corners = (quarters * array { { 2, 1 } }):matmul(axes) + 3
local function decode(x) return (x - 3):matmul(axes:T()):matmul(quarters:T()) end
local said, line_of, components = representation.topography(corners, decode, 8)
is(("%d %d %d"):format(#said, #line_of, #said:flatten():unique()), "8 8 4", "the plane is looked at point by point")
local right_at = true
for k = 1, 4 do
  local column = components.scores:get(k, 1) > 0 and 8 or 1
  local row = components.scores:get(k, 2) > 0 and 8 or 1
  right_at = right_at and said:get(row, column) == k - 1
end
ok(right_at, "and each point has the answer that the decoder gives there")

-- ---- the effective theory: what a training set demands ----

-- The thesis' example, Appendix C.3.
local example = { { 0, 4 }, { 1, 3 }, { 1, 5 }, { 2, 4 }, { 0, 2 }, { 1, 1 }, { 2, 4 }, { 3, 3 } }
local first = effective_theory.new(with_training(6, { { 0, 4 }, { 1, 3 }, { 1, 5 }, { 2, 4 } }), 6)
is(first.nullity, 4, "two equations for six numbers leave four free")
local implied = {}
for _, pair in ipairs((first:implied())) do
  local s, r = pair[1], pair[2]
  implied[("%d%d%d%d"):format(first.table.a[s], first.table.b[s], first.table.a[r], first.table.b[r])] = true
end
ok(implied["0523"], "E_0 + E_5 = E_2 + E_3 follows from two others")
ok(not implied["0211"], "that 1 is the middle of 0 and 2 does not")
local distinct = { example[1], example[2], example[3], example[4], example[5], example[6], example[8] }
local whole = effective_theory.new(with_training(6, distinct), 6)
is(whole.nullity, 2, "the samples of the example determine the line")
is(whole:ideal().rqi, 1.0, "so an ideal model forms every parallelogram")
local nothing = effective_theory.new(with_training(6, { { 0, 1 } }), 6)
is(first:beyond(representation.parallelograms(first.table)), select(2, first:implied()) - #first:implied(),
  "what is not implied is beyond it")
is(nothing.nullity, 6, "one pair demands nothing")
local rare, often = first:luck(0.01, 40000), first:luck(0.1, 4000)
ok(often > 0.1 and often < 3, "chance adds some to those that are implied")
is_close(rare / often, 0.1, 0.03, "as many as delta is wide")
is(whole:luck(0.1), 0.0, "but none where all are implied")
is(nothing:lambda3(), 0.0, "and nothing is attracted")
is(nothing:ideal().rqi, 0.0, "nor ideally formed")
is_close(nothing:ideal().accuracy, 1 / 21, 1e-15, "what is known is what is trained on")

-- The transition of p = 10: how often a training set of a size demands a line.
local function probability(size)
  local linear = 0
  for seed = 1, 60 do
    if effective_theory.new(representation.sums(10, size, seed), 10).nullity == 2 then linear = linear + 1 end
  end
  return linear / 60
end
local below, above = probability(math.floor(0.35 * 55)), probability(math.ceil(0.45 * 55))
ok(below < 0.5 and above > 0.5, ("the transition lies at a fraction of 0.4 +- 0.05 (%g and %g)"):format(below, above))
ok(probability(12) < 0.1 and probability(40) > 0.95, "it is sharp")

-- ---- the effective theory: how embeddings move ----

t = representation.sums(10, 35, 2)
local theory = effective_theory.new(t, 10)
is(theory.nullity, 2, "this training set demands a line")
local start = representation.normalised(array.random.normal { 10, 2, seed = 7 })

-- l_eff from its definition, Eq. 6.5.
local function loss(e)
  local sum = 0
  for _, pair in ipairs(theory.parallelograms) do
    local s, r = pair[1], pair[2]
    local d = e[t.a[s] + 1] + e[t.b[s] + 1] - e[t.a[r] + 1] - e[t.b[r] + 1]
    sum = sum + d:square():sum()
  end
  return sum / #theory.parallelograms / e:square():sum()
end
is_close(theory:loss(start), loss(start), 1e-12, "the loss is that of the definition")

-- Its gradient, by differences of that, and a step of Runge and Kutta's fourth order down it.
local function force(e)
  local g, h = array.zeros(10, 2), 1e-4
  for i = 1, 10 do
    for k = 1, 2 do
      local x = e:get(i, k)
      e:set(i, k, x + h)
      local up = loss(e)
      e:set(i, k, x - h)
      g:set(i, k, -(up - loss(e)) / (2 * h))
      e:set(i, k, x)
    end
  end
  return g
end
local e, dt = start:copy(), 0.5
for _ = 1, 40 do
  local k1 = force(e)
  local k2 = force(e + dt / 2 * k1)
  local k3 = force(e + dt / 2 * k2)
  e = e + dt / 6 * (k1 + 2 * k2 + 2 * k3 + force(e + dt * k3))
end
local states = theory:trajectory(start, { 0, 5, 20, 200, 2000 })
is_close((states[1] - start):abs():max(), 0, 1e-12, "at time 0 nothing has moved")
ok((states[3] - start):abs():max() > 0.05, "at time 20 much has")
is_close((states[3] - e):abs():max(), 0, 1e-6, "as the gradient flow says, step by step")
local drift_centre, drift_norm = 0, 0
for _, state in ipairs(states) do
  drift_centre = math.max(drift_centre, (state:sum(1) - start:sum(1)):abs():max())
  drift_norm = math.max(drift_norm, math.abs(state:square():sum() - start:square():sum()))
end
ok(drift_centre < 1e-10, "the centre is conserved")
ok(drift_norm < 1e-10, "and so is the norm")
is_close(representation.rqi(states[5], t), 1, 1e-12, "in the end the embeddings form every parallelogram")
is_close(theory:loss(states[5]), 0, 1e-12, "and the loss is gone")

-- How fast: the distance from the line shrinks by e in 1 / lambda_3.
local late = theory:trajectory(start, { 12 / theory:lambda3(), 13 / theory:lambda3() })
local ratio = math.sqrt(theory:loss(late[1]) / theory:loss(late[2]))
is_close(ratio, math.exp(1), 1e-2, "1 / lambda_3 is the time in which the slowest part shrinks by e")
is_close(theory:steps(1e-3), 1000 / theory:lambda3(), 1e-9, "and 1 / (lambda_3 eta) the steps of size eta")
local hessian = theory:hessian(start:square():sum())
is_close((start * hessian:matmul(start)):sum() / 2, loss(start), 1e-12, "the Hessian gives the loss (Eq. 6.8)")
is_close(hessian:eigh():get(3), theory:lambda3(start:square():sum()), 1e-12, "and lambda_3 is its third eigenvalue")

local summed = effective_theory.new(t, 10, { sum = true })
is_close(summed:lambda3() / theory:lambda3(), #theory.parallelograms, 1e-9, "a sum in place of the mean is faster")
is_close((summed:trajectory(start, { 1 })[1] - theory:trajectory(start, { #theory.parallelograms })[1]):abs():max(), 0,
  1e-12, "but goes the same way")

-- Where a training set demands no line, embeddings end with exactly what it implies: the ideal bounds are reached.
local loose = representation.sums(10, 14, 6)
local weak = effective_theory.new(loose, 10)
ok(weak.nullity > 2, "another training set does not demand a line")
local last = weak:trajectory(start, { 1e7 })[1]
local ideal = weak:ideal()
ok(ideal.rqi > 0 and ideal.rqi < 1, "it implies some parallelograms")
is_close(representation.rqi(last, loose, { delta = 1e-6 }), ideal.rqi, 1e-12, "the embeddings end with just these")
is_close(representation.predicted_accuracy(last, loose, { delta = 1e-6 }), ideal.accuracy, 1e-12,
  "and with the ideal accuracy")

-- ---- phases ----

is(phases.classify(100, 600), "comprehension", "both accuracies, one soon after the other")
is(phases.classify(100, 1099), "comprehension", "up to the gap")
is(phases.classify(100, 1100), "grokking", "one late after the other")
is(phases.classify(100, 600, 400), "grokking", "the gap may be another")
is(phases.classify(100, nil), "memorization", "only the training accuracy")
is(phases.classify(nil, nil), "confusion", "neither")
is(phases.classify(500, 20), "comprehension", "validation may come first")
is(phases.first({ step = { 10, 20, 30 }, value = { 0.1, 0.9, 1 } }, 0.9), 20, "the first step that is good enough")
is(phases.first({ step = { 10 }, value = { 0.1 } }, 0.9), nil, "or none")
is(phases.names[phases.number.grokking], "grokking", "phases have numbers")

tap.done()
