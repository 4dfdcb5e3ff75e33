-- six_loops.lua - how many keys and examples six loops have: Cai et al., arXiv:2405.06107, Sec. 2.3 and 8.
local mlrt = require "mlrt"
local tap = require "tap"
local task = mlrt.task.amplitudes

local function size(what)
  local splits = mlrt.open(what)
  return splits.train + splits.test
end

tap.is(size(task.coefficient { loop = 6 }), 4916466, "words")
tap.is(size(task.coefficient { loop = 6, form = "quad" }), 391570, "quad keys")
tap.is(size(task.coefficient { loop = 6, form = "octuple" }), 17054, "octuple keys, where the paper has 16,971")
tap.is(size(task.coefficient { loop = 6, zeros = "nontrivial" }), 2 * 4916466, "words and nontrivial zeros")
tap.is(size(task.strike_two { loop = 6, unique = false }), 819411, "words up to dihedral images")
tap.is(size(task.strike_two { loop = 6 }), 782500, "examples with all 66 parents")
for k, examples in pairs { 601510, 713869, 763352, [5] = 779060 } do
  tap.is(size(task.strike_two { loop = 6, k = k }), examples, ("pairs at most %d apart"):format(k))
end
tap.done()
