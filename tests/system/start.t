#!/bin/sh
# start.t - what a process opens is what its script uses: sets of plugins and libraries.
. "$MLRT_TESTS/tap.sh"
cd "$WORK" || exit 1
[ -r /proc/self/maps ] || skip_all "this system does not say what a process has open"
OMP_NUM_THREADS=1 MLRT_CACHE=$WORK/cache
export OMP_NUM_THREADS MLRT_CACHE

# opens LINES: what a process has open when it has run them as a script.
opens() {
    printf '%s\n' "$1" 'for line in io.lines "/proc/self/maps" do print(line) end' >script.lua
    mlrt run --unsafe script.lua >maps 2>&1 || cat maps
    echo $(grep -oE '(core|amplitudes|grokking|images)\.so|libopenblas|libdnnl' maps | sort -u)
}

# facts RUN: the libraries that are facts of a stored run.
facts() { echo $(mlrt show "$1" | grep -oE '^ *(BLAS|oneDNN) '); }

trained='local mlrt = require "mlrt"
local layer, array = mlrt.layer, mlrt.array
local function train(model, ...)
  local data = mlrt.task.arrays { fields = { x = array.ones(...), y = array.ones(4, 1) }, target = "y" }
  mlrt.run(mlrt.experiment "x" { setup = function()
    return { task = data, model = model, loss = mlrt.loss.mse {}, optimizer = mlrt.optimizer.sgd { 0.1 },
             train = { steps = 1, batch = 4 } }
  end }, {}, { quiet = true })
end'

# A set that was built within a clock tick is opened, because it may change within it.
[ -z "$(find $(echo "$MLRT_PLUGIN_PATH" | tr : ' ') -name '*.so' -newermt '3 seconds ago')" ] || sleep 3
is "$(opens '')" "amplitudes.so core.so grokking.so images.so" "at first all sets are opened"
is "$(opens '')" "" "then a script that does nothing opens none"
is "$(opens 'print(require("mlrt").layer.linear)')" "" "nor one that mentions a word"
is "$(opens 'print(require("mlrt").layer.linear { 3 })')" "core.so" "one that uses it opens its set"
is "$(opens 'a = require("mlrt").array.eye(3) * 2')" "" "arithmetic needs no library"
is "$(opens 'a = require("mlrt").array.eye(3); print(a:matmul(a))')" "libopenblas" "a product is OpenBLAS's"
ok "nothing was stored" [ ! -e runs ]

is "$(opens "$trained
train(layer.linear { 1 }, 4, 3)")" "core.so" "training needs no library"
is "$(facts 1)" "" "and what was not used is no fact of the run"
is "$(opens "$trained
train(mlrt.chain { layer.conv2d { 1, size = 3 }, layer.flatten {} }, 4, 1, 3, 3)")" "core.so libdnnl" \
    "convolutions are oneDNN's"
is "$(facts 2)" "oneDNN" "which is a fact then"
is "$(opens "$trained
train(layer.linear { 1, init = 'orthogonal' }, 4, 3)")" "core.so libopenblas" "orthogonal matrices are OpenBLAS's"
is "$(facts 3)" "BLAS" "which is a fact, too"
done_testing
