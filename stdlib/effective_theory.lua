-- effective_theory.lua - the effective theory of how embeddings learn addition: Liu et al., arXiv:2205.10343, Sec. 3.2.
--
-- Embeddings that move as if parallelograms of the training set attracted each other, by the gradient flow of
--
--   l_eff = l_0 / Z_0,   l_0 = sum |E_i + E_j - E_m - E_n|^2 / |P_0(D)|,   Z_0 = sum |E_k|^2        (Eq. 6.5)
--
-- A ground state solves the linear equations A(P): E_i + E_j = E_m + E_n. Two solutions are always there, all numbers
-- alike and E_k = k; when there are no others (nullity 2), the training set demands that the embeddings lie on a line.
-- Equations are numbered as in chapter 6 and appendix C of Kitouni's thesis.

local array = require "mlrt.array"
local representation = require "representation"

local effective_theory = {}
local Theory = {}
Theory.__index = Theory

local TOLERANCE = 1e-9 -- of an eigenvalue that is 0, beside the largest

local SIGN = { 1, 1, -1, -1 }

-- The rows of the embeddings in E_i + E_j - E_m - E_n.
local function equation(t, pair)
  local s, r = pair[1], pair[2]
  return { t.a[s] + 1, t.b[s] + 1, t.a[r] + 1, t.b[r] + 1 }
end

-- A^T A of the equations.
local function gram(t, p, parallelograms)
  local m = array.zeros(p, p):totable()
  for _, pair in ipairs(parallelograms) do
    local q = equation(t, pair)
    for i = 1, 4 do
      local row = m[q[i]]
      for k = 1, 4 do row[q[k]] = row[q[k]] + SIGN[i] * SIGN[k] end
    end
  end
  return array(m)
end

-- The theory of a table of sums of p symbols (see representation.lua), whose first t.train rows are the training set.
-- With options.sum, l_0 is the sum over parallelograms instead of their mean, as in the figures of the paper: the same
-- flow with another unit of time.
function effective_theory.new(t, p, options)
  local self = setmetatable({ table = t, p = p, parallelograms = representation.parallelograms(t, t.train) }, Theory)
  self.weight = options and options.sum and 1 or 1 / math.max(1, #self.parallelograms)
  self.gram = gram(t, p, self.parallelograms)
  self.values, self.vectors = self.gram:eigh()
  self.nullity = 0
  local zero = TOLERANCE * math.max(1, self.values[p])
  while self.nullity < p and self.values[self.nullity + 1] <= zero do
    self.nullity = self.nullity + 1
    self.values[self.nullity] = 0
  end
  return self
end

-- The Hessian H of Eq. 6.8, so that l_eff is R^T H R / 2; Z_0 is p for normalised numbers.
function Theory:hessian(norm)
  return self.gram * (2 * self.weight / (norm or self.p))
end

-- The third eigenvalue of H, the rate at which embeddings approach a line; 0 when the training set does not demand one.
function Theory:lambda3(norm)
  if self.nullity > 2 then return 0.0 end
  return self.values[3] * 2 * self.weight / (norm or self.p)
end

-- Steps of this size until the slowest part has shrunk by e: 1 / (lambda3 eta).
function Theory:steps(eta, norm) return 1 / (self:lambda3(norm) * eta) end

local function rows_of(embeddings)
  local e = array(embeddings)
  return e:reshape(#e, -1)
end

-- l_eff of embeddings.
function Theory:loss(embeddings)
  local rows = rows_of(embeddings)
  return (rows * self:hessian(rows:square():sum()):matmul(rows)):sum() / 2
end

-- Embeddings at these times, a list of arrays, of which the first ones are at time 0. The flow of Eq. 6.4 is solved
-- exactly: dE/dt = -H E + (2 l_0 / Z_0^2) E, where the second term only keeps Z_0, so E is exp(-H t) E(0), stretched to
-- its first norm. The sum C of Eq. 6.6 stays 0; one that is not 0 grows with the stretching, which the paper's Eq. C.18
-- leaves out, so normalise embeddings first.
function Theory:trajectory(embeddings, times)
  local start = rows_of(embeddings)
  local norm = start:square():sum()
  local rates = self.values * (2 * self.weight / norm)
  local parts = self.vectors:T():matmul(start)
  local states = {}
  for i, time in ipairs(array(times):totable()) do
    local state = self.vectors:matmul((rates * -time):exp():reshape(-1, 1) * parts)
    states[i] = (state * math.sqrt(norm / state:square():sum())):reshape { array(embeddings):shape() }
  end
  return states
end

-- All parallelograms that follow from those of the training set: P(D) of Eq. C.5. A row that is a combination of others
-- leaves their rank as it is, so it is orthogonal to what they leave free.
function Theory:implied()
  local t, found = self.table, {}
  local free = self.vectors:columns(1, self.nullity)
  local all = representation.parallelograms(t)
  for _, pair in ipairs(all) do
    local q = equation(t, pair)
    if (free[q[1]] + free[q[2]] - free[q[3]] - free[q[4]]):abs():max() < 1e-6 then found[#found + 1] = pair end
  end
  return found, #all
end

-- How many of some parallelograms are not implied: those that embeddings form by luck.
function Theory:beyond(parallelograms)
  return #parallelograms - #representation.common { parallelograms, (self:implied()) }
end

-- How many of these chance lets expect: their mean number in embeddings, of one dimension, that solve the equations of
-- the training set and are random otherwise. It is proportional to delta when that is small.
function Theory:luck(delta, draws)
  local free, implied, count = self.vectors:columns(1, self.nullity), self:implied(), 0
  draws = draws or 100
  for k = 1, draws do
    local e = free:matmul(array.random.normal { self.nullity, 1, seed = k })
    local formed = representation.formed(e, self.table, { delta = delta })
    count = count + #formed - #representation.common { formed, implied }
  end
  return count / draws
end

-- What an ideal model reaches, which forms every parallelogram that is implied: bounds of the quality index and of the
-- predicted accuracy, Eq. C.7 and C.8.
function Theory:ideal()
  local implied, all = self:implied()
  return { rqi = #implied / all, accuracy = representation.accuracy_of(self.table, implied) }
end

return effective_theory
