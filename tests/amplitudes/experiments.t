#!/bin/sh
# experiments.t - the experiments on symbols, small: what they say is what the paper says.
. "$MLRT_TESTS/tap.sh"
cd "$WORK" || exit 1
export OMP_NUM_THREADS=1
experiments=$MLRT_TESTS/../experiments
drawn=csv; command -v gnuplot >/dev/null && drawn=png

# trained NAME PARAMETER...: an experiment, as the only run.
trained() { name=$1; shift; rm -rf runs; mlrt run "$experiments/$name.lua" "$@" >out; }
# holds CONDITION: awk's, of the last metrics, with names like $test.accuracy.
holds() {
    mlrt export 1 | awk -F, "NR == 1 { for (i = 1; i <= NF; i++) name[i] = \$i; next } { for (i = 1; i <= NF; i++) v[name[i]] = \$i }
        END { exit !($(echo "$1" | sed 's/\$\([a-z_.]*\)/v["\1"]/g')) }"
}

# ---- which coefficients are zero ----

ok "a network learns whether a coefficient is zero" trained zero_classifier loop=3 dim=32 epochs=4 epoch_size=8000 seed=2
ok "and is right about words that it has not seen" holds '$test.accuracy > 0.94'
ok "it draws" [ -s "runs/1/curves.$drawn" ]

# ---- magnitudes without signs, signs without magnitudes, quads ----

ok "it learns magnitudes without signs" trained magnitude_only loop=3 dim=32 epochs=4 epoch_size=8000
ok "to be right about most words" holds '$test.accuracy > 0.85'
like "$(cat out)" "accuracy +0.977 +0\.[89]" "the paper's number stands beside it"
ok "signs without magnitudes" trained sign_only loop=3 dim=32 epochs=4 epoch_size=8000
ok "are learned by heart, others are guessed" holds '$test.accuracy < 0.6 && $train.accuracy > $test.accuracy + 0.1'
ok "quads of four loops" trained quad loop=4 layers=1 dim=32 epochs=3 epoch_size=8000
ok "begin with the magnitudes" holds '$test.magnitude_accuracy > 0.4 && $test.sign_accuracy < 0.65'

ok "octuples of five loops" trained octuple loop=5 layers=1 dim=32 epochs=2 epoch_size=8000
ok "teach what coefficients are like, and next to nothing of others" holds '$test.loss < 2.1 && $test.accuracy < 0.1'
like "$(cat out)" "keys +918" "there are few"

# ---- two loop orders ----

ok "one loop order" trained mixed_loop loop=3 train=lower zeros=none test=200 dim=32 epochs=3 epoch_size=8000
ok "teaches nothing of the next" holds '$valid.accuracy > 0.35 && $test.accuracy < 0.12'
ok "some of its words" trained mixed_loop loop=3 zeros=none test=200 dim=32 epochs=3 epoch_size=8000
ok "teach something of it" holds '$test.accuracy > 0.12 && $test.magnitude_accuracy > 0.3'
like "$(cat out)" "valid_best +0\." "what Table 3 has is told"
like "$(cat out)" "padding: [1-9][0-9] % of the tokens" "and how much of a batch is padding, which steps skip"

# ---- positions, bases ----

for position in learned transformer_xl rotary; do
    ok "positions: $position" trained positions position=$position loop=3 dim=32 base=100 epochs=2 epoch_size=8000
    ok "bring magnitudes" holds '$test.magnitude_accuracy > 0.6 && $test.loss < 0.56'
done
ok "none" trained positions position=none loop=3 dim=32 base=100 epochs=2 epoch_size=8000
ok "brings less" holds '$test.loss > 0.53'
for name in coefficient_from_key magnitude_only mixed_loop next_loop positions quad sign_only strike_two zero_classifier; do
    ok "the paper's size of $name, with fewer words" mlrt check "$experiments/$name.lua" size=paper loop=3 batch=8 \
        test=8 dim=64
done

# ---- from one loop order lower ----

ok "from the signs of the parents in order" trained strike_two size=four keep=sign k=2 dim=32 epochs=2 epoch_size=6000
ok "more can be told" holds '$test.accuracy > 0.1 && $test.loss < 1.15'
ok "than when they are sorted" trained strike_two size=four keep=sign k=2 order=sorted dim=32 epochs=2 epoch_size=6000
ok "for then hardly anything is known" holds '$test.accuracy < 0.1 && $test.loss > 1.2'
ok "three loops from two" trained next_loop loop=3 batch=16 layers=1 dim=32 epochs=2 epoch_size=6000
ok "teach next to nothing of four from three" holds '$test.accuracy < 0.15'
ok "a slice of those" trained next_loop loop=3 batch=16 layers=1 dim=32 epochs=2 epoch_size=6000 slice=10
ok "teaches something of the others" holds '$test.accuracy > 0.22'
ok "the sweep" mlrt sweep "$experiments/strike_two.lua" size=four loop=3 dim=8 heads=2 batch=8 epochs=1 epoch_size=64 seed=0,1 --store sweep
is "$(printf '%s\n' "$tap_output" | grep -c '^[a-z].* 9[0-9]\.[0-9] .* 9[0-9]\.[0-9]')" 9 "prints the rows of Table 4"
like "$tap_output" "^signs only, sorted +0\.8 +61\.0 +1\.6 +[0-9.]+ +[0-9.]+ +[0-9.]+$" "with the best of the seeds beside them"
done_testing
