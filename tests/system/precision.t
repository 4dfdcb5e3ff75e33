#!/bin/sh
# precision.t - bf16 products change the rounding of a training, not its course.
. "$MLRT_TESTS/tap.sh"

# The layers of the reference workload W1, narrower.
cat >model.lua <<'LUA'
local mlrt = require "mlrt"
return mlrt.experiment "precision" {
  params = { precision = "f32", epochs = 20 },
  setup = function(p)
    return {
      task = mlrt.task.amplitudes.coefficient { loop = 3, test = 8, seed = 0 },
      model = mlrt.layer.seq2seq { layers = 2, dim = 128, heads = 4, ffn = 512 },
      loss = mlrt.loss.cross_entropy { ignore = "pad" },
      optimizer = mlrt.optimizer.adam { lr = 3e-4 },
      train = { batch = 64, epochs = p.epochs, epoch_size = 640, clip = 5, precision = p.precision },
    }
  end,
}
LUA
train() { mlrt run --store "$1" model.lua "$2" >"$1.out" 2>&1; }
losses() { mlrt export 1 --store "$1" | awk -F, 'NR > 1 { print $NF }'; } # the last column is training_loss

# Without instructions for it, bf16 is f32, bit for bit, and says so.
MLRT_CPU=v3 && export MLRT_CPU
ok "a lower level of the CPU trains too" train low precision=bf16
is "$(grep -c 'precision: f32, for this CPU has no instructions' low.out)" 1 "it says once that it has no bf16"
ok "and in f32" train low32 precision=f32
is "$(losses low)" "$(losses low32)" "which is the same training"
unset MLRT_CPU

ok "f32" train f32 precision=f32
ok "bf16" train bf16 precision=bf16
if grep -q 'precision: large products in bf16' bf16.out; then
    is "$(losses f32 | grep -c .)" 20 "200 steps, ten at a time"
    worst=$(losses bf16 >b; losses f32 | paste - b |
        awk '{ d = ($2 - $1) / $1; if (d < 0) d = -d; if (d > worst) worst = d } END { print worst }')
    ok "the losses are within 2 % of those in f32 (${worst:-none})" awk -v d="$worst" 'BEGIN { exit !(d > 0 && d < 0.02) }'
    ok "once more" train again precision=bf16
    is "$(losses again)" "$(losses bf16)" "the same bits each time"
else
    diag "this CPU has no bf16 products"
fi

done_testing
