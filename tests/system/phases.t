#!/bin/sh
# phases.t - the paper's two phases, with three loops and in seconds: magnitudes are learned while signs are guessed.
. "$MLRT_TESTS/tap.sh"
. "$MLRT_TESTS/system/curve.sh"
export OMP_NUM_THREADS=1

ok "the experiment runs" mlrt run "$experiment" loop=3 dim=64 ffn=128 lr=1e-3 epochs=5 epoch_size=6000
curve >points
ok "with an evaluation after each epoch" [ "$(wc -l <points)" -eq 5 ]
ok "nine of ten magnitudes are right, or nearly" last '$magnitude > 0.85'
ok "while signs are little better than guessed" last '$sign < 0.75'
ok "so most words have the right magnitude and some the right value" last '$magnitude > $accuracy + 0.15'
ok "the training loss falls" last '$loss < 0.3'
command -v gnuplot >/dev/null && drawn="csv svg png" || drawn=csv
for suffix in $drawn; do ok "the curves are drawn: $suffix" [ -s runs/1/curves.$suffix ]; done
done_testing
