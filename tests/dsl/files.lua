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

-- ---- tables with named columns ----

write "\xEF\xBB\xBFname, mass ,\"a \"\"b\"\"\", note\r\n# light ones\r\nH, 1.5,?,\r\n\n\"He, 3\", ,-2e3, x y \r\n"
local columns, names = array.read_csv(csv, { missing = { "?" } })
is(table.concat(names, "|"), 'name|mass|a "b"|note', "columns have their names in order, without quotes and blanks")
is(columns.name[1] .. "|" .. columns.name[2], "H|He, 3", "texts are a list")
is(tostring(columns.mass), "[1.5, nan]", "numbers an array, an empty cell a NaN")
is(tostring(columns['a "b"']), "[nan, -2000]", "and what is called missing")
is(columns.note[1] .. "|" .. columns.note[2], "|x y", "a text may be empty")
write "a;b,c\n1;2,5"
columns = array.read_csv(csv)
ok(columns.a == array { 1 } and columns["b,c"][1] == "2,5", "semicolons separate when they come first")
write "a\tb\n\t 2 \n"
columns = array.read_csv(csv)
is(tostring(columns.a) .. tostring(columns.b), "[nan][2]", "or tabs, with nothing between them")
write "a\n3\n"
is(tostring(array.read_csv(csv).a), "[3]", "one column")
write "a,b\n"
is(#array.read_csv(csv).b, 0, "no rows")

-- refused LINE NAME TEXT OPTIONS
local function refused(message, name, text, options)
  write(text)
  fails("read_csv: '[^']+'" .. message .. "$", name, array.read_csv, csv, options)
end
refused(", line 4: expected 2 cells, got 3", "a long row is named by its line", "a,b\n1,2\n\n1,2,3\n")
refused(", line 2: expected 2 cells, got 1", "a short row", "a,b\n1\n")
refused(", line 3, column 'b': expected a number, got '4x'", "a text where numbers are asked for", "a,b\n1,2\n3,4x\n",
  { numbers = { "b" } })
refused(" has no column 'c'", "a column that is not there", "a,b\n1,2\n", { numbers = { "c" } })
refused(", line 1: expected the name of a column, got 1 %(array.load reads numbers%)", "no header", "1,2\n3,4\n")
refused(", line 1: two columns are called 'a'", "two columns of one name", "a,a\n1,2\n")
refused(", line 2: a quote is not closed in its line", "an open quote", 'a,b\n"1,2\n')
refused(", line 2: a cell goes on behind its quotes", "a cell in and out of quotes", 'a,b\n"1"2,2\n')
refused(" is empty: expected a line of column names", "an empty table", "\n# nothing\n")
fails("unknown option 'mising' %(there are 'missing' and 'numbers'%)", "an unknown option", array.read_csv, csv,
  { mising = {} })
fails("'missing' must be a list of texts, got a string", "an option of another type", array.read_csv, csv,
  { missing = "?" })
fails("unable to open '/nonexistent.csv': no such file", "a table that is not there",
  array.read_csv, "/nonexistent.csv")

fails("unable to open '/nonexistent.npy': no such file", "a missing .npy", array.load, "/nonexistent.npy")
fails("unable to open '/nonexistent': no such file", "a missing text", array.load, "/nonexistent")
fails("save: 'x.lua' must end in .npy or .csv", "nothing else is written", array.save, m, "x.lua")
fails("save: a .csv has rows and columns, but the array 3 dimensions", "no .csv of a cube", t.save, t, csv)
fails("unable to", "a folder that is not there", m.save, m, "/nonexistent/x.npy")
write "\147NUMPY nonsense"
os.rename(csv, npy)
fails("is not a .npy file", "a damaged .npy", array.load, npy)

tap.done()
