-- random.lua - random numbers in scripts come from a seed, and are the same everywhere.
local array = require "mlrt.array"
local random = require "mlrt.random"
local tap = require "tap"
local ok, is, is_close, fails = tap.ok, tap.is, tap.is_close, tap.fails

local first = math.random()
math.randomseed(0)
is(math.random(), first, "a script begins with the seed 0")
math.randomseed(7)
local a, b = math.random(), math.random()
ok(a ~= b and a ~= first, "numbers differ")
math.randomseed(7)
is(math.random(), a, "and come again with their seed")
fails("randomseed: give a seed", "no seed from the time", math.randomseed)

local seen = {}
for _ = 1, 600 do
  local n = math.random(3, 5)
  seen[n] = (seen[n] or 0) + 1
end
ok(seen[3] > 150 and seen[4] > 150 and seen[5] > 150 and seen[3] + seen[4] + seen[5] == 600, "random(m, n)")
is(math.type(math.random(10)), "integer", "random(n) is an integer")
is(math.random(1), 1, "random(1)")
is(math.type(math.random(0)), "integer", "random(0)")
ok(math.random(math.mininteger, math.maxinteger) ~= math.random(math.mininteger, math.maxinteger), "of all integers")
fails("random: nothing lies between 1 and %-1", "an empty range", math.random, -1)

local r, again, other = random(7), random(7), random(7, "other")
is(r:uniform(), a, "random(seed) is math.random after randomseed(seed)")
again:uniform()
is(r:normal(), again:normal(), "two of one seed agree")
ok(other:uniform() ~= a, "a named stream is another one")
local u = r:uniform(-2, 3)
ok(u >= -2 and u < 3, "uniform(low, high)")
is(r:int(4, 4), 4, "int(m, n)")
ok(r:int(6) <= 6, "int(n)")
is(r:choice { "only" }, "only", "choice")
fails("choice: the list is empty", "choice of nothing", r.choice, r, {})

local list = r:shuffle { 1, 2, 3, 4, 5, 6, 7, 8 }
is(table.concat(random(7):shuffle { 1, 2, 3, 4, 5 }), table.concat(random(7):shuffle { 1, 2, 3, 4, 5 }),
  "a shuffle comes again")
table.sort(list)
is(table.concat(list, " "), "1 2 3 4 5 6 7 8", "and loses nothing")
ok(r:permutation(100):sort() == array.arange(100), "a permutation")
ok(r:permutation(100) ~= array.arange(100), "in another order")
ok(r:shuffle(array.arange(50)):sort() == array.arange(50), "a vector is shuffled in place")
fails("shuffle: take the rows in another order", "a matrix is not", r.shuffle, r, array.eye(2))
fails("mlrt.random expected, got number", "a method without its generator", r.uniform, 1)

local x = array.random.normal { 20000, mean = 1, std = 2, seed = 5 }
is_close(x:mean(), 1, 0.05, "normal: the mean")
is_close(x:std(), 2, 0.05, "the standard deviation")
ok(x == array.random.normal { 20000, mean = 1, std = 2, seed = 5 }, "the seed decides")
local y = array.random.uniform { 100, 200, low = -1, high = 3, seed = 5 }
is(table.concat({ y:shape() }, " "), "100 200", "uniform: a shape")
ok(y:min() >= -1 and y:max() < 3, "a range")
is_close(y:mean(), 1, 0.05, "its middle")
math.randomseed(3)
local one = array.random.uniform { 2 }
math.randomseed(3)
is(math.random(), one[1], "without a seed, the numbers are math.random's")

-- Golden numbers: the same on every machine.
math.randomseed(42)
is(("%.17g"):format(math.random()), "0.50260695247606491", "a golden uniform number")
is(math.random(1000000), 688502, "a golden integer")

tap.done()
