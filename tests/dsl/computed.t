#!/bin/sh
# computed.t - experiments that train nothing: run, check, what they say, and the bootstrap.
. "$MLRT_TESTS/tap.sh"
cd "$WORK" || exit 1
export OMP_NUM_THREADS=1

cat >x.lua <<'END'
local mlrt = require "mlrt"
return mlrt.experiment "squares" {
  doc = "Print a square.", params = { n = 3 },
  run = function(p) print(p.n * p.n, math.random(1000) == math.random(1000)) end,
}
END
is "$(mlrt run x.lua n=5)" "squares: Print a square.
parameters: n = 5
25	false" "run does what it says"
is "$(mlrt run --quiet x.lua)" "9	false" "quietly nothing else"
is "$(mlrt check x.lua)" "squares: Print a square." "check looks at its parameters"
is "$(mlrt run x.lua m=5 2>&1 >/dev/null)" "x.lua: no parameter 'm'" "which must be there"
is "$(ls)" "x.lua" "nothing is stored"

sed 's/run = function/setup = print, run = function/' x.lua >both.lua
is "$(mlrt run both.lua 2>&1 >/dev/null)" \
    "both.lua:2: experiment 'squares' has setup, which trains, and run, which replaces it: leave one out" "not both"
sed 's/print.*end,/return { square = p.n * p.n, odd = p.n % 2 == 1 } end,/' x.lua >table.lua
is "$(mlrt run table.lua | tail -n 2)" "  odd                          true
  square                       9" "what it returns is printed"
sed 's/print.*end,/return 5 end,/' x.lua >number.lua
is "$(mlrt run number.lua 2>&1 >/dev/null)" "number.lua:2: run: expected a table of values or nothing, got a number" "as a table"
cat >study.lua <<'END'
local mlrt = require "mlrt"
print(mlrt.run("x.lua", { n = 2 }, { quiet = true }).status)
END
is "$(mlrt run study.lua)" "4	false
done" "a study may use it"

bootstrap=$MLRT_TESTS/../experiments/bootstrap.lua
is "$(mlrt run "$bootstrap" loop=3 output=out.txt | grep -c ' free ')" 7 "the bootstrap says what is free after each step"
is "$(wc -l <out.txt)" 636 "and writes the words"
is "$(head -1 out.txt)" "aaaaae -384" "in order"
is "$(mlrt run "$bootstrap" --quiet loop=3 2>&1)" "" "quietly nothing"
done_testing
