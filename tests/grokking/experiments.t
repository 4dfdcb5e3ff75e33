#!/bin/sh
# experiments.t - the toy of grokking and its effective theory, small: what they say is what the papers say.
. "$MLRT_TESTS/tap.sh"
cd "$WORK" || exit 1
export OMP_NUM_THREADS=1
experiments=$MLRT_TESTS/../experiments

# value NAME: of the table that the last run printed. holds CONDITION: awk's, of such names with a $ in front.
value() { awk -v name="$1" '$1 == name { print $2 }' out; }
holds() { awk "{ v[\$1] = \$2 } END { exit !($(echo "$1" | sed 's/\$\([a-z_0-9]*\)/v["\1"]/g')) }" out; }
toy() { mlrt run "$experiments/toy_addition.lua" "$@" >said && sed '/^ *paper *here$/,$d' said >out; }

# ---- 45 of 55 sums: the representation becomes linear ----

ok "a network learns to add" toy seed=1 steps=4600 trajectory=true
ok "the embeddings form nearly every parallelogram" holds '$rqi > 0.9 && $lucky == 0'
ok "which the training set demands" holds '$nullity == 2 && $ideal_rqi == 1 && $lambda3 > 0'
ok "it is right about what it was not trained on" holds '$whole_accuracy > 0.95'
ok "as its representation lets expect" holds '$predicted_accuracy - $whole_accuracy < 0.02 && $whole_accuracy - $predicted_accuracy < 0.02'
is "$(value phase)" comprehension "soon after the training set"
like "$(cat said)" '^  rqi_step +800 +[0-9]+$' "beside what the authors found"
ok "the steps are told" holds '$rqi_step > 100 && $train_step > $rqi_step && $test_step > $train_step'
drawn=csv; command -v gnuplot >/dev/null && drawn=png
for plot in curves representation trajectory trajectory_theory; do
    ok "it draws: $plot" [ -s "runs/1/$plot.$drawn" ]
done
# The effective theory and the network end in the same order of numbers, with the same distances.
last() { awk -F, '$1 != "series" && NF == 3 { y[$1] = $3 } END { for (k in y) print k, y[k] }' "runs/1/$1.csv" | sort; }
last trajectory >network
last trajectory_theory >theory
ok "the effective theory foretells where the embeddings go" \
    awk 'NR == FNR { y[$1] = $2; next } { d = y[$1] - $2; if (d * d > 0.01) bad = 1; n++ } END { exit bad || n != 10 }' \
    network theory

# ---- 10 of 55: nothing follows ----

ok "another has too little to learn from" toy train=10 steps=900 twins=2
ok "its training set leaves freedoms" holds '$nullity > 2 && $lambda3 == 0 && $ideal_rqi < 0.3'
is "$(value phase)" memorization "it remembers, and that is all"
ok "embeddings may form parallelograms by luck, as many as chance lets expect" holds '$lucky > 0 && $luck > $lucky / 3 &&
    $rqi > $ideal_rqi'
ok "but those that networks with other starts form, too, the training set implies (Eq. C.6)" holds \
    '$common_lucky == 0 && $common_rqi > 0 && $common_rqi <= $ideal_rqi && $whole_accuracy < 0.35'

# ---- classes, and other numbers ----

ok "results may be classes" toy objective=classification lr=1e-2 decoder_lr=3e-3 batch=9 steps=500 seed=1
ok "that are learned" holds '$train_step > 0 && $pairs == 55'
ok "there may be other numbers, in two dimensions" toy p=6 dim=2 train=17 steps=50
ok "then there are other sums" holds '$pairs == 21 && $trained_on == 17'

# ---- the phases ----

ok "a diagram of phases" sh -c "mlrt sweep '$experiments/phase_diagram.lua' --quiet --store phases --jobs 2 steps=2600 gap=500 \
    decoder_lr=1e-4,1.6e-3 decoder_decay=0,8,14 >out"
is "$(cut -d, -f1,2,5 phases/sweeps/*/points.csv | tail -n +2)" "0.0001,0,comprehension
0.0001,8,comprehension
0.0001,14,confusion
0.0016,0,memorization
0.0016,8,grokking
0.0016,14,confusion" "all four, where the thesis has them: grokking between comprehension and memorization"
ok "it is drawn" [ -s phases/sweeps/*/phases.$drawn ]
ok "and no parameters are kept" sh -c "! ls phases/*/*.safetensors"
ok "permutations have phases too" sh -c "mlrt run '$experiments/phase_diagram.lua' operation=permute objective=regression \\
    decoder_lr=1e-3 decoder_decay=10 steps=1500 seed=6 >out"
ok "here comprehension" holds '$train_step > 50 && $test_step > $train_step && $phase == "comprehension"'

# ---- the critical fraction ----

ok "the effective theory runs" sh -c "mlrt run '$experiments/critical_fraction.lua' sets=60 networks=0 >out"
transition=$(sed -n 's/^transition in theory: \([0-9.]*\).*/\1/p' out)
ok "its transition lies at 0.4 +- 0.05 ($transition)" awk -v x="$transition" 'BEGIN { exit !(x > 0.35 && x < 0.45) }'
ok "below it nothing demands a line, above it all" awk \
    '$2 ~ /^0\./ { if ($2 < 0.25 && $3 > 0) bad = 1; if ($2 > 0.65 && $3 < 1) bad = 1; n++ } END { exit bad || n < 15 }' out
ok "more data bring it faster" awk '$2 > 0.5 && $2 < 1 { if ($4 <= before) bad = 1; before = $4; n++ } END { exit bad || n < 8 }' out
ok "networks run" sh -c "mlrt run '$experiments/critical_fraction.lua' sets=5 step=25 networks=1 steps=1600 >out"
like "$(cat out)" '^transition in networks: 0\.455$' "some find a line at a fraction within 0.1 of it"
for plot in probability lambda3 steps; do ok "it draws: $plot" [ -s "critical_fraction_$plot.$drawn" ]; done
done_testing
