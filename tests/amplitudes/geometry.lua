-- geometry.lua - triangles of six vectors, and experiments that look at stored runs.
local tap = require "tap"
local mlrt = require "mlrt"
local geometry = require "letter_geometry"
local array = mlrt.array

-- An octahedron in a corner of a larger space: d is opposite of a, e of b, f of c.
local octahedron = array.concat({ array.eye(3), -1 * array.eye(3) }, 1)
local moved = array.concat({ 2 * octahedron, array.zeros(6, 2) }, 2) + array { { 1, -3, 2, 5, 1 } }
for _, triangle in ipairs(geometry.triangles) do
  tap.ok(geometry.deviations(moved)[triangle] < 1e-5, triangle .. " is a face of an octahedron")
end
local angles = geometry.angles(array { { 0, 0 }, { 1, 0 }, { 0, 1 } }, "abc")
tap.is(("%.4f %.4f %.4f"):format(table.unpack(angles)), "90.0000 45.0000 45.0000", "half a square")
tap.is_close(geometry.deviations(array.concat({ array { { 0, 0 }, { 1, 0 }, { 0, 1 } }, octahedron:columns(1, 2)
  :rows(1, 3) }, 1)).abc, 30, 1e-6, "which is 30 degrees off")
tap.ok(geometry.chance(512, 20) < geometry.chance(32, 20), "the more elements, the more equal are random triangles")
tap.ok(geometry.chance(512, 20) < 4 and geometry.chance(512, 20) > 2,
  ("of 512 elements they are equilateral within %.1f degrees"):format(geometry.chance(512, 20)))
tap.done()
