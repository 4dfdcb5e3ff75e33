-- letter_geometry.lua - how the vectors of the letters a to f lie: Cai et al., arXiv:2405.06107, Sec. 6, Fig. 5.
--
-- The dihedral symmetry would make them an octahedron, in which d is opposite of a, e of b and f of c: every triangle
-- below is a face of it.

local array = require("mlrt").array

local geometry = { triangles = { "abc", "def", "abf", "bcd", "ace" } }

local function angle(at, p, q)
  local u, v = p - at, q - at
  local cosine = u:dot(v) / (u:norm() * v:norm())
  return math.deg(math.acos(math.max(-1, math.min(1, cosine))))
end

-- The three angles of a triangle of letters, "abc", by the rows of `vectors`, in degrees.
function geometry.angles(vectors, triangle)
  local p = {}
  for k = 1, 3 do p[k] = vectors[triangle:byte(k) - 96] end
  return { angle(p[1], p[2], p[3]), angle(p[2], p[3], p[1]), angle(p[3], p[1], p[2]) }
end

-- By how many degrees an angle of each triangle differs from 60 at most: { abc = 1.5, ... }.
function geometry.deviations(vectors)
  local most = {}
  for _, triangle in ipairs(geometry.triangles) do
    most[triangle] = 0
    for _, a in ipairs(geometry.angles(vectors, triangle)) do
      most[triangle] = math.max(most[triangle], math.abs(a - 60))
    end
  end
  return most
end

-- The mean of such a deviation for six independent normal vectors with so many elements: what needs no explanation.
function geometry.chance(dim, draws)
  local sum = 0
  for seed = 1, draws or 100 do
    for _, most in pairs(geometry.deviations(array.random.normal { 6, dim, seed = seed })) do sum = sum + most end
  end
  return sum / ((draws or 100) * #geometry.triangles)
end

return geometry
