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

ok "a network learns whether a coefficient is zero" trained zero_classifier loop=3 dim=32 epochs=4 epoch_size=8000
ok "and is right about words that it has not seen" holds '$test.accuracy > 0.94'
ok "it draws" [ -s "runs/1/curves.$drawn" ]
done_testing
