#!/bin/sh
# script_errors.t - every mistake in a script is explained in one line that says where it is.
. "$MLRT_TESTS/tap.sh"
cd "$WORK" || exit 1
export OMP_NUM_THREADS=1

# tell STATUS LINE NAME ARGUMENT...: `mlrt ARGUMENT...` ends with the status, and its stderr is that one line.
tell() {
    want="$1: $2" name=$3; shift 3
    line=$(mlrt "$@" 2>&1 >/dev/null </dev/null)
    is "$?: $line" "$want" "$name"
}

# fail LINE NAME: x.lua fails with the line. wrong LINE NAME: so does the script on stdin. (In a pipe, results would not
# be counted: hence the file.)
fail() { tell 1 "x.lua:$1" "$2" run --quiet x.lua; }
wrong() { cat >x.lua; tell 1 "$1" "$2" run --quiet x.lua; }

# ---- words of the language ----

wrong "x.lua:2: there is no word 'mlrt.layr' (did you mean 'layer'?)" "a kind that is not there" <<'END'
local mlrt = require "mlrt"
local x = mlrt.layr.linear { 64 }
END
wrong "x.lua:3: layer.linear: unknown property 'bais' (did you mean 'bias'?)" "a property that is not there" <<'END'
local layer = require "mlrt".layer
local x = layer.linear { 64 }
local y = layer.linear { 64, bais = false }
END
wrong "x.lua:2: part 2 of chain must be a layer or a function, got a number" "a chain of anything" <<'END'
local mlrt = require "mlrt"
local x = mlrt.chain { mlrt.layer.linear { 3 }, 4 }
END
wrong "x.lua:2: chain: unknown word 'nam' (did you mean 'name'?)" "a word of a chain" <<'END'
local mlrt = require "mlrt"
local x = mlrt.chain { mlrt.layer.linear { 3 }, nam = "decoder" }
END

# word EXPRESSION LINE NAME: of one expression.
word() { echo "return require 'mlrt'.$1, 1" >x.lua; fail "1: $2" "$3"; }

word 'layer.linaer { 64 }' "no layer 'linaer' (did you mean 'linear'?)" "a class that is not there"
word 'task.amplitude.coefficient {}' "no task 'amplitude' (did you mean 'amplitudes'?)" "a plugin set that is not there"
word 'task.amplitudes.coeficient {}' "no task 'amplitudes.coeficient' (did you mean 'amplitudes.coefficient'?)" \
    "a class of a set"
word 'init.xavier_norml()' "there is no initialiser 'xavier_norml' (did you mean 'xavier_normal'?)" "an initialiser"
word 'layer.linear { 64, bias = 3 }' "layer.linear: 'bias' must be true or false, got 3" "a property of another type"
word 'layer.linear { "64" }' "layer.linear: 'out' must be an integer, got the string \"64\"" "a string for a number"
word 'layer.linear { 1.5 }' "layer.linear: 'out' must be an integer, got 1.5" "half an integer"
word 'layer.linear { 0 }' "layer.linear: 'out' must be in [1, inf), got 0" "a value out of its range"
word 'layer.linear {}' "layer.linear: 'out' is required: number of output features" "a property that is missing"
word 'layer.linear { 3, 4 }' "layer.linear: only one value may stand without a name, got 2" "two values without a name"
word 'layer.linear(64)' "layer.linear takes its properties in braces: layer.linear { ... }, got a number" "no braces"
word 'layer.linear { 64, name = 3 }' "layer.linear: 'name' must be a string, got a number" "the name of a layer"
word 'layer.linear { 64 } (3)' "a layer is called only while a model or a loss is being built" \
    "a layer outside of a model"
word 'node.exp(3)' "nodes can be made only while a model or a loss is being built" "a node outside of a model"
word 'optimizer.adam {} (3)' "an optimizer cannot be called" "an optimizer that is called"
word 'optimizer.adam { schedule = 3 }' \
    "optimizer.adam: 'schedule' must be a schedule or the name of one, got a number" "a schedule"
word 'optimizer.adam { groups = { ["decoder.*"] = { rl = 1e-4 } } }' \
    "optimizer.adam: unknown property 'rl' (did you mean 'lr'?)" "a property of a group"
word 'optimizer.adam { groups = { "decoder" } }' \
    "optimizer.adam: 'groups' must be patterns with properties, groups = { [\"decoder.*\"] = { lr = 1e-4 } }" \
    "groups without patterns"
word 'chain {}' "chain has no parts" "an empty chain"

# ---- Lua itself ----

wrong "x.lua:2: unexpected symbol near '='" "a mistake in Lua's syntax" <<'END'
local x = 3
local y = = 4
END
wrong "x.lua:2: attempt to index a nil value (local 'x')" "an error while it runs" <<'END'
local x
x.y = 3
END
wrong "x.lua:2: attempt to call a nil value (local 'f')" "calling nil" <<'END'
local f
f()
END
wrong "x.lua:1: unknown variable 'prnt' (did you mean 'print'?)" "a variable that nobody defined" <<'END'
prnt(3)
END
wrong "x.lua:2: the data are missing" "an error of the script's own" <<'END'
local function check()
  error "the data are missing"
end
check()
END
wrong "x.lua:1: an error was raised with a table value in place of a message" "an error that is no text" <<'END'
error { code = 1 }
END
for name in io.open os.execute os.getenv debug.getinfo; do
    echo "$name()" >x.lua
    fail "1: '$name' is not available to experiments (run with --unsafe to allow files and commands)" "$name"
done
echo 'assert(io.open("x.lua")):close()' >x.lua
tell 0 "" "--unsafe allows it" run --unsafe x.lua

printf 'local M = {}\nfunction M.f(x) return x.y.z end\nreturn M\n' >helper.lua
wrong "./helper.lua:2: attempt to index a nil value (field 'y')" "an error in a module of the script's own" <<'END'
require "helper".f({})
END
echo 'return require "mlrt".layer.linear { -1 }, 1' >helper.lua
wrong "./helper.lua:1: layer.linear: 'out' must be in [1, inf), got -1" "a property in such a module" <<'END'
local x = require "helper"
END
echo 'require "nothing_like_it"' >x.lua
fails 1 "^x.lua:1: unable to find module 'nothing_like_it': no './nothing_like_it.lua', no " \
    "a module that is not there" mlrt run x.lua

# ---- what a script returns ----

mkdir folder
tell 1 "unable to open 'none.lua': no such file or directory" "no script" run none.lua
tell 1 "unable to read 'folder': not a regular file" "a folder" run folder
echo 'return {}' >x.lua
fail " the script must return an experiment made by mlrt.experiment, got a table" "another value"

# experiment NAME TABLE LINE NAME
experiment() {
    printf 'local mlrt = require "mlrt"\nlocal setup = function() end\nreturn mlrt.experiment "%s" {\n  %s\n}\n' "$1" "$2" >x.lua
    fail "3: $3" "$4"
}

experiment "a b" "" "an experiment's name is letters, digits and '_', got 'a b'" "the name of an experiment"
experiment a "" "experiment 'a' has no setup function" "an experiment without a setup"
experiment a "setup = 3" "experiment 'a': 'setup' must be a function, got a number" "a setup that is no function"
experiment a "stup = setup" "experiment 'a': unknown word 'stup' (did you mean 'setup'?)" "a word of an experiment"
experiment a "setup = setup" "setup must return a table, got nil" "a setup that returns nothing"
experiment a 'setup = setup, params = { seed = "now" }' "parameter 'seed' must be an integer" "a seed that is none"
experiment a "setup = setup, params = { x = {} }" \
    "parameter 'x' must be a number, a text or true or false, got a table" "a parameter that is a table"
printf 'local m = require "mlrt"\nlocal k = m.range(1, 3) { 4 }\nreturn m.experiment "a" { params = { k = k }, setup = print }\n' >x.lua
fail "2: parameter 'k' must lie in 1 .. 3, got 4" "a default outside its limits"
word 'range(1, 3) "x"' "the default in a range must be a number, got x" "a range of anything"
word 'range(3, 1)' "range takes the lowest and the highest value, got 3 and 1" "a range upside down"
word 'one_of {}' "one_of takes a list of values" "a choice of nothing"

# ---- an experiment with one mistake ----

cat >good.lua <<'END'
local mlrt = require "mlrt"
local layer, loss, optimizer, task = mlrt.layer, mlrt.loss, mlrt.optimizer, mlrt.task

return mlrt.experiment "good" {
  params = { lr = 1e-3, layers = 2, name = "x", flag = true,
             k = mlrt.range(1, 5) { 3 }, kind = mlrt.one_of { "value", "sign" }, deep = mlrt.one_of { "all", 3 } },
  setup = function(p)
    return {
      task = task.amplitudes.coefficient { loop = 3, target = p.kind, test = 100 },
      model = mlrt.chain { layer.embedding { 8 }, layer.flatten {}, layer.linear { 3012, name = "out" },
                           function(h) return h:reshape(-1, 3, 1004) end },
      loss = loss.cross_entropy { ignore = "pad" },
      optimizer = optimizer.adam { lr = p.lr },
      train = { steps = 3, batch = 8 },
    }
  end,
}
END
tell 0 "" "an experiment without a mistake" run --quiet good.lua

# change LINE NAME EDIT: the experiment as sed changes it fails with the line.
change() { sed "$3" good.lua >x.lua; fail "$1" "$2"; }
# put WORD VALUE LINE NAME: another value in setup's table.
put() { change "$3" "$4" "s/^      $1 = .*/      $1 = $2,/"; }
# add WORDS LINE NAME: more words in it. What is wrong with the table is said of the experiment, in line 4.
add() { change "4: $2" "$3" "s/^      train = /      $1, &/"; }

for word in task loss optimizer; do
    change "4: setup: '$word' is required" "no $word" "/^      $word = /d"
done
put task "loss.mse {}" "4: setup: 'task' must be a task, got a loss" "a task that is a loss"
put loss 3 "4: setup: 'loss' must be a loss or a function, got a number" "a loss that is a number"
put optimizer '"adam"' "4: setup: 'optimizer' must be an optimizer, got a string" "an optimizer that is a string"
add "metrcs = {}" "setup: unknown word 'metrcs' (did you mean 'metrics'?)" "a word of setup"
add 'metrics = { "acuracy" }' "the task has no metric 'acuracy' (did you mean 'accuracy'?)" "a metric"
add "plots = { 3 }" "setup: plot 1 must be made by mlrt.plot, got a number" "a plot"
add 'plots = { mlrt.plot.curves { "train_acuracy", x = "epoch" } }' \
    "the task has no metric 'acuracy' (did you mean 'accuracy'?)" "a metric in a plot"

train() { put train "{ $1 }" "4: $2" "train = { $1 }"; }
train "epoch = 3" "train: unknown word 'epoch' (did you mean 'epochs'?)"
train "epochs = 0" "train: 'epochs' must be a whole number of at least 1, got 0"
train "epochs = 1.5" "train: 'epochs' must be a whole number of at least 1, got 1.5"
train "steps = 3, epochs = 2" "train: 'steps' and 'epochs' both say how long"
train "batch = 537" 'train: a batch of 537 is larger than the 536 training examples (batch = "full" takes them all)'
train 'batch = "all"' "train: 'batch' must be a number or \"full\", got 'all'"
train "clip = -1" "train: 'clip' must be positive, got -1"
train "checkpoint = 0" "train: 'checkpoint' must be positive, got 0"
train "eval_size = -1" "train: 'eval_size' must be a whole number of at least 0, got -1"
train 'monitor = "acc"' "the task has no metric 'acc'"
put train '{ monitor = "accuracy" }, metrics = {}' "4: train: 'monitor' is 'accuracy', which 'metrics' leaves out" \
    "a monitor that is not measured"
put train '{ stop = { metric = "accuracy", at = 1 } }, metrics = {}' \
    "4: train: 'stop.metric' is 'accuracy', which 'metrics' leaves out" "nor such an end"
train 'precision = "f16"' "train: 'precision' must be \"f32\" or \"bf16\", got \"f16\""
train 'padding = "leave"' "train: 'padding' must be \"skip\" or \"keep\", got \"leave\""
train "stop = 0.99" "train: 'stop' must be a table, got a number"
train "stop = { metrc = 1 }" "stop: unknown word 'metrc' (did you mean 'metric'?)"
train 'stop = { metric = "acuracy", at = 1 }' "the task has no metric 'acuracy' (did you mean 'accuracy'?)"
train "stop = { patience = 0.5 }" "stop: 'patience' must be a whole number of at least 1, got 0.5"

# ---- models and losses that cannot be built ----

# model BODY LINE NAME, loss BODY LINE NAME: functions in place of the chain, in line 10, and of the loss, in line 12.
model() { change "$2" "$3" "s/^      model = .*/      model = function(x) $1 end,/; 11s/.*//"; }
loss() { change "$2" "$3" "s/^      loss = .*/      loss = function(y, t) $1 end,/"; }
embed='local h = layer.embedding { 8 } (x)'

model "" "4: the model must return a node, got nil" "a model that returns nothing"
model "return 3" "4: the model must return a node, got a number" "a model that returns a number"
loss "" "4: the loss must return a node, got nil" "a loss that returns nothing"
model "$embed return layer.linear { 5 } (h):matmul(h)" \
    "10: matmul: [8, 6, 5] and [8, 6, 8] do not fit: the inner dimensions are 5 and 6" "shapes of a product"
model "$embed return h + layer.linear { 7 } (h)" \
    "10: add: shapes [8, 6, 8] and [8, 6, 7] do not fit: dimensions must be equal, or 1" "shapes of a sum"
model "$embed return layer.conv2d { 3, size = 2, name = \"eye\" } (h)" \
    "10: eye: expected [batch, channels, height, width], got [8, 6, 8]" "a shape that a layer cannot take"
model 'return layer.linear { 3, name = "out" } (x)' "10: out: matmul: input 1 must be f32, got i32" "tokens for numbers"
model "$embed return layer.linear { 3, name = \"out\" } (h, h)" "10: out: layer 'linear' takes 1 input, got 2" \
    "too many inputs"
model "$embed local f = layer.linear { 7, name = \"f\" } return f(f(h))" \
    "10: f: parameter 'f.weight' is [7, 8], and [7, 7] is asked of it here" "one layer on two shapes"
model "return x.y.z" "10: attempt to index a nil value (field 'y')" "an error of Lua in a model"
model 'return x + "a"' "10: a node or a number is expected, got string" "a text for a node"
model "$embed return h:sum(4)" "10: an axis must lie in 1 .. 3, or be negative from the end, got 4" "an axis"
model "$embed old = rawget(_G, \"old\") or h return layer.linear { 3012 } (layer.flatten {} (old)):reshape(-1, 3, 1004)" \
    "10: this node belongs to a graph that is no longer being built" "a node of a graph that is gone"
put loss "loss.mse {}" "12: mse: prediction [8, 3, 1004] and target [8, 3] have different shapes" "a loss that does not fit"
put loss 'loss.cross_entropy { ignore = "pda" }' "12: cross_entropy: 'ignore': the target has no token 'pda'" "a token"
loss "return y:exp()" "12: the loss must be one f32 number, got f32 [8, 3, 1004]" "a loss for each logit"
loss "return t:slice(1, 1, 1):slice(2, 1, 1):reshape {}" "12: the loss must be one f32 number, got i32 []" \
    "a loss of integers"
put optimizer 'optimizer.adam { groups = { ["decoder.*"] = { lr = 0 } } }' \
    "13: no parameter matches the group 'decoder.*' (the first one is 'embedding.weight')" "a pattern without a match"

# ---- data ----

echo "bd -2" >one.txt
put task 'task.amplitudes.coefficient { loop = 1, data = "one.txt" }' \
    "9: task.amplitudes.coefficient: 1 words leave none for training" "no examples"
echo "bdx -2" >one.txt
put task 'task.amplitudes.coefficient { loop = 1, data = "one.txt" }' \
    "9: task.amplitudes.coefficient: one.txt:1: expected a word of 2 letters a to f and an integer, got 'bdx -2'" \
    "data that cannot be read"
sed 's/loop = 3/loop = 8/' good.lua >x.lua
fails 1 "^x.lua:9: task.amplitudes.coefficient: no data file 'symbol/L8.txt': tried .*mlrt computes up to 7 loops" \
    "data that are not there" mlrt run x.lua

# ---- numbers that are none ----

loss "return (y:mean() - 1):log()" "12: NaN first appears in the result of log (in step 1)" "the logarithm of a negative number"
fails 1 '^good.lua:10: .*(inf|NaN) .*\(in step [0-9]+\)$' "a learning rate that is too large" \
    mlrt run --quiet good.lua lr=1e38
is "$(mlrt runs --status failed --limit 1 --json | grep -o '"status": "[a-z]*"')" '"status": "failed"' "the run is stored as failed"

# ---- parameters on the command line: status 2 ----

param() { tell 2 "$2" "$3" run --quiet good.lua "$1"; }
param lx=1 "good.lua: no parameter 'lx' (did you mean 'lr'?)" "a parameter that is not there"
param lr=fast "good.lua: parameter 'lr' must be a number, got 'fast'" "a text for a number"
param lr=nan "good.lua: parameter 'lr' must be a number, got 'nan'" "what is no number"
param lr=1e999 "good.lua: parameter 'lr' must be a number, got '1e999'" "an infinite number"
param layers=1.5 "good.lua: parameter 'layers' must be an integer, got '1.5'" "half an integer"
param flag=maybe "good.lua: parameter 'flag' must be true or false, got 'maybe'" "neither true nor false"
param k=7 "good.lua:6: parameter 'k' must lie in 1 .. 5, got 7" "a value outside its limits"
param kind=sing "good.lua:6: parameter 'kind' must be one of value, sign, got sing (did you mean 'sign'?)" "another choice"
tell 0 "" "a choice may be a number" run --quiet good.lua deep=3
param deep=4 "good.lua:6: parameter 'deep' must be one of all, 3, got 4" "but only one that is listed"
param lr "a parameter is given as name=value, got 'lr'" "no value"
param =3 "a parameter is given as name=value, got '=3'" "no name"
tell 2 "parameter 'lr' is given twice" "a parameter given twice" run good.lua lr=1 lr=2
echo 'local x = 3' >x.lua
tell 2 "x.lua: the script returns no experiment that could take 'lr=1'" "parameters for nobody" run x.lua lr=1

# ---- the command line itself: status 2 ----

tell 2 "mlrt: no verb 'rnu' (did you mean 'run'?)" "a verb that is not there" rnu good.lua
tell 2 "mlrt: no such option: --storre (did you mean '--store'?)" "an option that is not there" run --storre x good.lua
tell 2 "mlrt: no such option: --json" "an option of another verb" run --json good.lua
tell 2 "mlrt: --store needs a value" "an option without its value" run good.lua --store
tell 2 "mlrt: --quiet takes no value" "a switch with a value" run --quiet=1 good.lua
tell 2 "mlrt: expected a whole number of at least 1, got 'two'" "a number of threads" run --threads two good.lua
tell 2 "mlrt: expected the number of a run, got 'last'" "a run that is no number" show last
tell 2 "usage: mlrt run SCRIPT [name=value ...]" "no script" run
tell 1 "no run 99 in 'runs/mlrt.db' (mlrt runs lists them)" "a run that is not there" show 99
tell 1 "nothing to resume: 'runs' holds no interrupted run of 'good' with these parameters" "nothing to resume" \
    run --resume good.lua layers=7

# ---- studies: scripts that return nothing and run experiments themselves ----

cat >study.lua <<'END'
local mlrt = require "mlrt"
local good = mlrt.load "good.lua"
local slow, fast = mlrt.run(good, { lr = 1e-4 }), mlrt.run("good.lua", { lr = 1e-2 })
print(slow.status, fast.status, slow.params.lr, #fast:series("loss").value, slow:metric "loss" > fast:metric "loss")
END
is "$(mlrt run --quiet --store studies study.lua 2>&1)" "done	done	0.0001	3	true" "a study runs two experiments"
is "$(mlrt runs --store studies --json | grep -c '"status": "done"')" 2 "into the store of the command line"
wrong "good.lua:6: parameter 'k' must lie in 1 .. 5, got 9" "a parameter given by a study" <<'END'
local mlrt = require "mlrt"
mlrt.run("good.lua", { k = 9 })
END
wrong "x.lua:2: unable to open 'none.lua': no such file or directory" "an experiment that is not there" <<'END'
local mlrt = require "mlrt"
mlrt.run "none.lua"
END
wrong "x.lua:2: 'study.lua' returns no experiment" "a file that returns none" <<'END'
local mlrt = require "mlrt"
mlrt.load "study.lua"
END
wrong "x.lua:1: mlrt.run takes an experiment or the path of one, got a table" "something else to run" <<'END'
require "mlrt".run {}
END
wrong "x.lua:1: mlrt.run: unknown word 'quite' (did you mean 'quiet'?)" "an option of mlrt.run" <<'END'
require "mlrt".run("good.lua", {}, { quite = true })
END

# ---- what a run is asked ----

# ask EXPRESSION LINE NAME: of a run in line 3, in the script's line 4.
ask() {
    printf 'local mlrt = require "mlrt"\nlocal e = mlrt.load "good.lua"\nlocal run = mlrt.run(e)\n%s\n' "$1" >x.lua
    fail "4: $2" "$3"
}
ask 'run:metric "acuracy"' "the run has no metric 'acuracy' (did you mean 'accuracy'?)" "a metric that was not measured"
ask 'run:tap("out", { fist = 2 })' "run:tap: unknown word 'fist' (did you mean 'first'?)" "a word of run:tap"
ask 'run:tap("out", { count = 101 })' "the test split has 100 examples, asked for 101 from 1 on" "too many examples"
ask 'run:tap "uot"' "no layer and no named node 'uot' (did you mean 'out'?)" "a layer that is not there"
ask 'run:parameter "out.wait"' "there is no parameter 'out.wait'" "a parameter that is not there"
ask 'run:table { x = {} }' "run:table: 'x' must be a number, a text or true or false, got a table" "a table in a table"
ask 'run:close() run:tap "out"' "this trainer is closed" "a run that was closed"
ask 'error(select(2, coroutine.resume(coroutine.create(function() mlrt.run(e) end))), 0)' \
    "a model cannot be built inside a coroutine" "a run in a coroutine"

# ---- check: all of this before the first step, and nothing after ----

rm -rf runs
printf 'local mlrt = require "mlrt"\nlocal run = mlrt.run "good.lua"\nprint(run.none.there)\n' >x.lua
like "$(mlrt check x.lua)" "^a study is checked up to its first run$" "mlrt check ends a study at its first run"
ok "mlrt check finds nothing wrong" mlrt check good.lua
ok "and stores nothing" [ ! -e runs ]
sed 's/3012/1004/' good.lua >x.lua
tell 1 "x.lua:11: reshape: [8, 1004] has 8032 elements and cannot become [-1, 3, 1004]" "mlrt check finds a shape" check x.lua
like "$(mlrt run --traceback x.lua 2>&1)" "stack traceback" "--traceback shows where in Lua"

done_testing
