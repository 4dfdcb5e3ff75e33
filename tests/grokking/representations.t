#!/bin/sh
# representations.t - a transformer and matrices, small: they generalise late, or where there are enough data, and how
# their embeddings are arranged says so.
. "$MLRT_TESTS/tap.sh"
cd "$WORK" || exit 1
export OMP_NUM_THREADS=1
experiments=$MLRT_TESTS/../experiments

# holds CONDITION: awk's, of names of the table that the last run printed, with a $ in front.
holds() { awk "{ v[\$1] = \$2 } END { exit !($(echo "$1" | sed 's/\$\([a-z_0-9]*\)/v["\1"]/g')) }" out; }
run() { name=$1; shift; mlrt run "$experiments/$name.lua" "$@" >out; }
drawn=csv; command -v gnuplot >/dev/null && drawn=png

# ---- addition modulo 23 ----

modulo_23() {
    run modular_transformer p=23 train=0.8 dim=32 heads=1 batch=300 lr=2e-3 decoder_lr=2e-3 steps=2000 stop=true gap=500 \
        seed=1 "$@"
}
ok "a transformer learns addition modulo 23" modulo_23 components=8
ok "long after it knows its training set by heart" holds '$train_step > 0 && $test_step > $train_step + 500 && $phase == 2'
ok "when its embeddings need fewer dimensions" holds '$dimension_end < $dimension_memorized - 2'
ok "and lie on few circles" holds '$circles_generalized > $circles_memorized + 0.15 && $circles_generalized > 0.9'
ok "of which the first two components show one" holds \
    '$circularity_generalized > 0.8 && $circularity_memorized < 0.6 && $circle_step <= $test_step + 100'
ok "eight components know most of it" holds '$accuracy_within > 0.9 && $accuracy_within < 1'
for plot in curves dimension components plane_start plane_start_on_last plane_memorized plane_generalized plane_end; do
    ok "it draws: $plot" [ -s "runs/1/$plot.$drawn" ]
done
late=$(awk '$1 == "test_step" { print $2 }' out)
ok "with dropout" modulo_23 dropout=0.1 pictures=false
ok "it generalises sooner" holds "\$test_step > 0 && \$test_step < $late / 2 && \$phase == 1"
ok "with more weight decay of the decoder" modulo_23 decoder_decay=3 pictures=false
ok "it does so, too" holds "\$test_step > 0 && \$test_step < $late / 2 && \$phase == 1"
ok "the dimension begins at chance" awk -F, '$2 == 0 { found = $3 > 12 } END { exit !found }' runs/1/dimension.csv

# ---- permutations of three things ----

ok "matrices are learned from 24 of 36 products" run permutation_s3 steps=2500
ok "they are a representation of the group" holds '$rqi > 0.95 && $rqi_step > 0'
ok "which knows the other products" holds '$predicted_accuracy == 1 && $whole_accuracy == 1 && $test_step > $train_step'
for plot in curves components_12 components_13; do ok "it draws: $plot" [ -s "runs/4/$plot.$drawn" ]; done
ok "14 are too few" run permutation_s3 train=14 steps=800
ok "to find one" holds '$rqi < 0.3 && $whole_accuracy < 0.7 && $train_step > 0 && $phase == 3'

# ---- slices of a pizza ----

ok "eleven numbers find their places in a plane" run latent_topography
ok "on a circle" holds '$circularity > 0.9 && $explained > 0.999 && $slices == 11'
ok "the plane answers as the network does" holds \
    '($plane_accuracy * 66 - $train_accuracy * 59 - $accuracy * 7) ^ 2 < 1e-6 && $trained_on == 59'
for plot in curves embeddings topography; do ok "it draws: $plot" [ -s "runs/6/$plot.$drawn" ]; done
done_testing
