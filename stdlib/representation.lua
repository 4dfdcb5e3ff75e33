-- representation.lua - how well embeddings are arranged for a binary operation: Liu et al., arXiv:2205.10343.
--
-- Embeddings are an array with a row for each symbol: [p, d], [p] of single numbers, or [p, d, d] of matrices. Symbols
-- count from 0, rows from 1. A table of pairs is { a =, b =, c =, train = } with the symbols of each pair, its result,
-- and how many of them, the first ones, are trained on; table_of(run) reads it from a run of grokking.binary_operation.
--
-- (i, j, m, n) with i o j = m o n is a parallelogram of the embeddings when |E_i + E_j - E_m - E_n| <= delta, or, of
-- matrices, which are multiplied, when the distance of E_i E_j from E_m E_n is. Equations are numbered as in chapter 6
-- and appendix C of Kitouni's thesis.

local array = require "mlrt.array"
local random = require "mlrt.random"

local representation = {}

local function number_list(a) return a:flatten():totable() end

-- ---- tables of pairs ----

-- All sums of two of the numbers 0 .. p-1, each pair once: p (p + 1) / 2 of them, the first `train` to be trained on.
function representation.sums(p, train, seed)
  local order = {}
  for a = 0, p - 1 do
    for b = a, p - 1 do order[#order + 1] = { a, b } end
  end
  random(seed or 0, "representation.sums"):shuffle(order)
  local t = { a = {}, b = {}, c = {}, train = train or #order }
  for i, pair in ipairs(order) do t.a[i], t.b[i], t.c[i] = pair[1], pair[2], pair[1] + pair[2] end
  return t
end

-- The pairs of a run whose task has fields a, b and c.
function representation.table_of(run)
  local t = { a = {}, b = {}, c = {}, train = run.examples.train }
  for _, split in ipairs { "train", "test" } do
    for _, field in ipairs { "a", "b", "c" } do
      local values = run.examples[split] > 0 and number_list(run:tap(field, { split = split })) or {}
      for _, value in ipairs(values) do table.insert(t[field], math.tointeger(value)) end
    end
  end
  return t
end

-- Pairs of rows of the table with one result, both of them among the first `most`: { { 1, 4 }, ... }, the permissible
-- parallelograms P0(D) of Eq. 6.1. (In a table of sums each pair should stand once: (a, b, b, a) always is one.)
function representation.parallelograms(t, most)
  local found, by_result = {}, {}
  for s = 1, most or #t.a do
    local same = by_result[t.c[s]] or {}
    by_result[t.c[s]] = same
    for _, r in ipairs(same) do found[#found + 1] = { r, s } end
    same[#same + 1] = s
  end
  return found
end

-- The parallelograms that are in all of some lists.
function representation.common(lists)
  local count, found = {}, {}
  for _, list in ipairs(lists) do
    for _, pair in ipairs(list) do
      local key = pair[1] .. " " .. pair[2]
      count[key] = (count[key] or 0) + 1
      if count[key] == #lists then found[#found + 1] = pair end
    end
  end
  return found
end

-- ---- embeddings ----

local function rows_of(embeddings)
  local e = array(embeddings)
  return e:reshape(#e, -1)
end

-- Zero mean and a mean square distance from it of 1: what the thresholds are for.
function representation.normalised(embeddings)
  local e = array(embeddings)
  local rows = rows_of(e)
  local centred = rows - rows:mean(1, true)
  local scale = math.sqrt(centred:square():sum() / #rows)
  return (scale > 0 and centred / scale or centred):reshape { e:shape() }
end

-- Principal components (a:pca), with the entropy of the explained shares of the variance, S = -sum s log s, and the
-- effective dimension exp(S).
function representation.pca(embeddings, components)
  local rows = rows_of(embeddings)
  local most = math.min(#rows, (select(2, rows:shape())))
  local result = rows:pca(components or most)
  result.entropy = rows:pca(most).explained:entropy()
  result.dimension = math.exp(result.entropy)
  return result
end

-- How nearly p numbers stand on a circle in the plane of their first two principal components, at equal distances, in
-- the order of the multiples of some w modulo p. With z_k = x_k + i y_k, it is the share of z in one turning pointer,
--
--   circularity = max over w of |sum_k z_k exp(-2 pi i w k / p)|^2 / (p sum_k |z_k|^2),
--
-- which is 1 for such a circle and for nothing else, (1 + r)^2 / (2 + 2 r^2) for an ellipse of axes 1 and r, and about
-- log(p) / p for random embeddings. Gives it and w, from 1 to p - 1.
function representation.circularity(embeddings)
  local plane = representation.pca(embeddings, 2).scores
  local p, x, y = #plane, plane:T()[1], plane:T()[2]
  local k = array.arange(0, p - 1)
  local angle = k:rows(2, -1):outer(k) * (2 * math.pi / p)
  local c, s = angle:cos(), angle:sin()
  local power = (c:matmul(x) + s:matmul(y)):square() + (c:matmul(y) - s:matmul(x)):square()
  local norm = p * plane:square():sum()
  if norm == 0 then return 0.0, 1 end
  local w = math.tointeger(power:argmax())
  return power[w] / norm, w
end

-- The circles that p numbers stand on, wherever in their space: as a function of k modulo p they are a sum of ellipses,
-- u cos(2 pi w k / p) + v sin(2 pi w k / p). Gives the share of the variance that each w has, from 1 to p // 2: a list
-- of { w =, share = }, the largest first. (Of two that are alike the first components of a PCA show a mixture.)
function representation.circles(embeddings)
  local rows = rows_of(embeddings)
  local centred = rows - rows:mean(1, true)
  local p, all, found = #centred, centred:square():sum(), {}
  local angle = array.arange(1, p // 2):outer(array.arange(0, p - 1)) * (2 * math.pi / p)
  local power = (angle:cos():matmul(centred):square() + angle:sin():matmul(centred):square()):sum(2)
  for w = 1, p // 2 do
    local twice = 2 * w == p and 1 or 2
    found[w] = { w = w, share = all > 0 and power[w] * twice / (p * all) or 0.0 }
  end
  table.sort(found, function(a, b) return a.share > b.share or a.share == b.share and a.w < b.w end)
  return found
end

-- Latent topography: what a decoder says everywhere in the plane of the first two components of embeddings. `decode`
-- makes logits [n, classes] of rows [n, d]. Gives the classes, from 0, at the points of a grid, [cells, cells], the
-- places of its rows and columns, and the components (a:pca), in whose scores these places are.
function representation.topography(embeddings, decode, cells)
  local pca = representation.pca(embeddings, 2)
  local line = array.linspace(-1, 1, cells or 60) * (pca.scores:abs():max() * 1.2)
  local n = #line
  local index = array.arange(0, n * n - 1)
  local points = array.stack({ line:take(index % n + 1), line:take(index // n + 1) }):T()
  local classes = decode(points:matmul(pca.components) + pca.mean):argmax(2) - 1
  return classes:reshape(n, n), line, pca
end

-- What the decoder is given for each row of the table, E_a + E_b, or E_a E_b of matrices: [rows, d].
local function combined(embeddings, t)
  local e, a, b = array(embeddings), {}, {}
  for i = 1, #t.a do a[i], b[i] = t.a[i] + 1, t.b[i] + 1 end
  if e:rank() < 3 then
    local rows = rows_of(e)
    return rows:take(a) + rows:take(b)
  end
  local products = {}
  for i = 1, #a do products[i] = e[a[i]]:matmul(e[b[i]]):flatten() end
  return array.stack(products)
end

-- Embeddings scaled so that the decoder's inputs for different results are 1 apart in the mean square. Matrices keep
-- their centre: products of moved ones are other products.
function representation.apart(embeddings, t)
  local rows, square, count = combined(embeddings, t), 0, 0
  for i = 1, #t.a do
    for k = 1, i - 1 do
      if t.c[i] ~= t.c[k] then square, count = square + (rows[i] - rows[k]):square():sum(), count + 1 end
    end
  end
  local power = array(embeddings):rank() < 3 and 1 / 2 or 1 / 4
  return square > 0 and array(embeddings) * (count / square) ^ power or array(embeddings)
end

-- |E_i + E_j - E_m - E_n| of each parallelogram, a list of pairs of rows of the table.
local function gaps(embeddings, t, parallelograms)
  local rows, s, r = combined(embeddings, t), {}, {}
  if #parallelograms == 0 then return {} end
  for i, pair in ipairs(parallelograms) do s[i], r[i] = pair[1], pair[2] end
  return (rows:take(s) - rows:take(r)):square():sum(2):sqrt():totable()
end

-- ---- quality ----

-- The parallelograms of the whole table that the embeddings form, P(R, delta) of Eq. 6.2. The embeddings are normalised
-- first, unless options.normalise is false; delta is 0.01.
function representation.formed(embeddings, t, options)
  options = options or {}
  local delta, formed = options.delta or 0.01, {}
  if options.normalise ~= false then embeddings = representation.normalised(embeddings) end
  local all = representation.parallelograms(t)
  for i, gap in ipairs(gaps(embeddings, t, all)) do
    if gap <= delta then formed[#formed + 1] = all[i] end
  end
  return formed, #all
end

-- The representation quality index, the share of all parallelograms that the embeddings form: Eq. 6.3.
function representation.rqi(embeddings, t, options)
  local formed, all = representation.formed(embeddings, t, options)
  return #formed / all
end

-- The same of embeddings that are a node, as a node: a metric of a model, `metrics = { rqi = function() ... end }`.
function representation.rqi_node(embeddings, t, options)
  local constant = require("mlrt").constant
  local function take(node, indices) return node:gather(constant(indices):cast "i32") end
  options = options or {}
  local e = embeddings
  if options.normalise ~= false then
    e = e - e:mean(1, true)
    e = e / (e:square():sum() / (e:shape())):sqrt()
  end
  local first, second, s, r = take(e, t.a), take(e, t.b), {}, {}
  local rows = select("#", e:shape()) < 3 and first + second or first:matmul(second)
  for i, pair in ipairs(representation.parallelograms(t)) do s[i], r[i] = pair[1] - 1, pair[2] - 1 end
  local squares = (take(rows, s) - take(rows, r)):square():reshape(#s, -1):sum(2)
  return squares:le((options.delta or 0.01) ^ 2):mean()
end

-- The share of the table that follows from the rows that are trained on and these parallelograms: Eq. C.3 and C.4.
function representation.accuracy_of(t, parallelograms)
  local known, count = {}, t.train
  for _, pair in ipairs(parallelograms) do
    for _, row in ipairs { pair[1] <= t.train and pair[2] or 0, pair[2] <= t.train and pair[1] or 0 } do
      if row > t.train and not known[row] then known[row], count = true, count + 1 end
    end
  end
  return count / #t.a
end

-- The accuracy on the whole table that the embeddings let expect.
function representation.predicted_accuracy(embeddings, t, options)
  return representation.accuracy_of(t, (representation.formed(embeddings, t, options)))
end

return representation
