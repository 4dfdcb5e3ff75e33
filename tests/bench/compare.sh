#!/bin/sh
# compare.sh - mlrt beside PyTorch on this machine, as ratios of one run: ./with-mlrt tests/bench/compare.sh
#
#   speed      examples a second of the default amplitude experiment, over those of peer.py
#   cold start time of a whole `mlrt run` of one small step, over that of `import torch`
#
# Each is the best of three, taken in turn. Needs python3-torch.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
experiment=$here/../../experiments/coefficient_from_key.lua
python=${PYTHON:-/usr/bin/python3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

seconds() { # of a command
    start=$(date +%s.%N)
    "$@" >/dev/null 2>&1
    echo "$(date +%s.%N) $start" | awk '{ printf "%.4f\n", $1 - $2 }'
}
ours() {
    mlrt run --store "$scratch/runs" "$experiment" epochs=1 |
        awk '/^epoch/ { rate = $NF; gsub(/[,\/s]/, "", rate); print rate }'
}

cat >"$scratch/one_step.lua" <<'LUA'
local mlrt = require "mlrt"
local layer = mlrt.layer
return mlrt.experiment "one_step" {
  setup = function()
    local hidden = mlrt.chain { layer.embedding { dim = 8 }, layer.flatten {}, layer.linear { 200 }, layer.tanh {} }
    return {
      task = mlrt.task.amplitudes.coefficient { loop = 3, target = "sign", test = 10 },
      model = function(word)
        local h = hidden(word)
        return layer.linear { 3 * 1004 } (h):reshape((h:shape()), 3, -1)
      end,
      loss = mlrt.loss.cross_entropy { ignore = "pad" },
      optimizer = mlrt.optimizer.adam {},
      train = { steps = 1, batch = 45, eval_size = 0 },
    }
  end,
}
LUA

for round in 1 2 3; do
    echo "speed $(ours) $("$python" "$here/peer.py")"
    echo "cold $(seconds mlrt run --store "$scratch/runs" "$scratch/one_step.lua") $(seconds "$python" -c 'import torch')"
done | awk '
    $1 == "speed" { if ($2 > ours) ours = $2; if ($3 > peer) peer = $3 }
    $1 == "cold" { if (!cold || $2 < cold) cold = $2; if (!import || $3 < import) import = $3 }
    END { printf "speed: %.2f times the peer\ncold start: 1/%.0f of import torch\n", ours / peer, import / cold }'
