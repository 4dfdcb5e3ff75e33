-- files.lua - arrays in files: what is saved is loaded, and what is damaged is explained. Run with files allowed.
local array = require "mlrt.array"
local tap = require "tap"
local ok, is, fails = tap.ok, tap.is, tap.fails

local folder = ...
local npy, csv = folder .. "/x.npy", folder .. "/x.csv"

local function write(text)
  local file <close> = io.open(csv, "w")
  file:write(text)
end

local function read()
  local file <close> = io.open(csv)
  return file:read "a"
end

local m = array { { 0.1, -2, 1e300 }, { 1 / 3, 1 / 0, 5e-324 } }
m:save(npy)
ok(array.load(npy) == m, ".npy keeps every bit")
local t = array.random.normal { 2, 3, 4, seed = 1 }
t:save(npy)
ok(array.load(npy) == t, "and three dimensions")
array.zeros(0, 3):save(npy)
is(table.concat({ array.load(npy):shape() }, " "), "0 3", "and nothing")

m:save(csv)
is(read(), "0.1,-2,1e+300\n0.3333333333333333,inf,4.94065645841247e-324\n", ".csv has the shortest numbers")
ok(array.load(csv) == m, "that are the same when loaded")
array { 1, 0 / 0, 3 }:save(csv)
is(read(), "1\nnan\n3\n", "a vector is a column")
is(array.load(csv):rank(), 1, "and a vector again")

write "info, y\n# a comment\n1, 2\n\n 3;4 \r\n5\t6"
ok(array.load(csv) == array { { 1, 2 }, { 3, 4 }, { 5, 6 } }, "a header, comments and other separators")
write ""
is(#array.load(csv), 0, "an empty file")
write "1,2\n3,x\n"
fails("^[^:]*files.lua:%d+: load: '[^']+' has no number at line 2, column 2$", "a word", function() array.load(csv) end)
write "1,2\n3,4x\n"
fails("has no number at line 2, column 2", "a word behind a number", array.load, csv)
write "1,,2\n"
fails("has no number at line 1, column 2", "nothing between commas", array.load, csv)
write "1,2\n3\n"
fails("has 1 numbers in line 2, and 2 before", "a short line", array.load, csv)
write "1,2\n3,4,5\n"
fails("has 3 numbers in line 2, and 2 before", "a long line", array.load, csv)

fails("unable to open '/nonexistent.npy': no such file", "a missing .npy", array.load, "/nonexistent.npy")
fails("unable to open '/nonexistent': no such file", "a missing text", array.load, "/nonexistent")
fails("save: 'x.lua' must end in .npy or .csv", "nothing else is written", array.save, m, "x.lua")
fails("save: a .csv has rows and columns, but the array 3 dimensions", "no .csv of a cube", t.save, t, csv)
fails("unable to", "a folder that is not there", m.save, m, "/nonexistent/x.npy")
write "\147NUMPY nonsense"
os.rename(csv, npy)
fails("is not a .npy file", "a damaged .npy", array.load, npy)

tap.done()
