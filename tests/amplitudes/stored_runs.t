#!/bin/sh
# stored_runs.t - the experiments that look at a run of the store: relations and embedding_geometry.
. "$MLRT_TESTS/tap.sh"
cd "$WORK" || exit 1
export OMP_NUM_THREADS=1 LC_ALL=C
experiments=$MLRT_TESTS/../experiments

ok "a run that measures relations" mlrt run --quiet "$experiments/coefficient_from_key.lua" loop=3 dim=32 ffn=64 epochs=4 \
    epoch_size=4000 lr=4e-3 instances=20
said=$(mlrt run "$experiments/relations.lua" run=1 instances=20)
like "$said" '^2 +final 17 +[0-9]+ +[01]\.[0-9]+ ' "its best checkpoint, relation by relation"
is "$(echo "$said" | awk '$1 == 1 && $2 == "final" && $5 >= 0 && $5 <= 1' | wc -l | tr -d ' ')" 2 "two of the first group"
right=$(echo "$said" | awk '$3 == 17 && NF >= 8 { print ($5 >= $6 && $6 >= $8 && $5 >= $7 && $7 >= $8) }')
is "$right" 1 "answers that are right satisfy relations, not the other way round"
ok "a picture of each relation" test -s runs/1/relation_integ_0.csv
like "$(mlrt run "$experiments/relations.lua" run=1 which=all instances=3)" '^1 +cycle ' "all relations"
said=$(mlrt run "$experiments/embedding_geometry.lua" run=1)
like "$said" '^ +abc +1\.50 +[0-9.]+$' "the paper's angles beside ours"
like "$said" '^ +chance +[0-9.]+ +for random vectors of 32 elements$' "and beside those of chance"
ok "a picture of the letters" test -s runs/1/letters.csv
fails 1 "^.*no run 9 in 'runs" "a run that is not there" mlrt run "$experiments/relations.lua" run=9
done_testing
