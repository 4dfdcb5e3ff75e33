#!/bin/sh
# experiments.t - the experiments on images, small, on generated ones: three classes of stripes under noise.
. "$MLRT_TESTS/tap.sh"
cd "$WORK" || exit 1
export OMP_NUM_THREADS=1
experiments=$MLRT_TESTS/../experiments
drawn=csv; command -v gnuplot >/dev/null && drawn=png

# part NAME COUNT SEED: files of 4 x 4 pixels; the class is the column that is bright.
part() {
    numbers=$(awk -v n="$2" -v seed="$3" 'BEGIN {
        srand(seed)
        for (i = 0; i < n; i++) for (k = 0; k < 16; k++) printf "\\%03o", int((k % 4 == i % 3 ? 150 : 0) + 100 * rand()) }')
    labels=$(awk -v n="$2" 'BEGIN { for (i = 0; i < n; i++) printf "\\%03o", i % 3 }')
    size=$(printf '\\000\\000\\000\\%03o' "$2")
    printf "\\000\\000\\010\\003$size\\000\\000\\000\\004\\000\\000\\000\\004$numbers" >"data/$1-images-idx3-ubyte"
    printf "\\000\\000\\010\\001$size$labels" >"data/$1-labels-idx1-ubyte"
}
mkdir data
part train 60 1
part t10k 30 2

# ---- the effective loss ----

ok "the effective theory takes images" sh -c "mlrt run '$experiments/effective_images.lua' data=data images=60 >out"
at() { awk -v row="$1" -v column="$2" 'index($0, row) == 1 { print $(NF - 4 + column) }' out; }
ok "classes collapse" awk -v a="$(at start 1)" -v b="$(at 'flow, 0.1' 1)" 'BEGIN { exit !(a > 0.05 && b < a / 100) }'
ok "their centres do not" awk -v a="$(at start 2)" -v b="$(at 'flow, 0.1' 2)" 'BEGIN { exit !(b >= a && a > 0.01) }'
ok "the flow keeps Z" [ "$(at start 4)" = "$(at 'flow, 0.3' 4)" ]
ok "Adam does so, too, nearly" awk -v a="$(at start 1)" -v b="$(at 'Adam, 100' 1)" -v z="$(at start 4)" \
    -v y="$(at 'Adam, 100' 4)" 'BEGIN { exit !(b < a / 3 && y / z < 1.2 && y / z > 0.8) }'
for plot in start flow adam_25 adam_100; do ok "it draws: $plot" [ -s "effective_images_$plot.$drawn" ]; done

# ---- networks ----

ok "a network learns images" sh -c "mlrt run '$experiments/images.lua' data=data train=60 test=30 batch=30 width=32 \
    steps=300 evaluate=10 init=1 lr=1e-2 decoder_lr=1e-2 >out"
found() { awk -v name="$1" '$1 == name { print $2 }' out; }
ok "and others of their kind" awk -v x="$(found last_accuracy)" 'BEGIN { exit !(x > 0.9) }'
ok "in some step each" awk -v a="$(found train_step)" -v b="$(found test_step)" 'BEGIN { exit !(a > 0 && b > 0) }'
ok "it draws: curves" [ -s "runs/1/curves.$drawn" ]
done_testing
