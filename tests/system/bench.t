#!/bin/sh
# bench.t - what `mlrt bench` prints: rows for programs, lines for people, and what it refuses.
. "$MLRT_TESTS/tap.sh"
cd "$WORK" || exit 1

mlrt bench W3 --quick --threads 1 --json >rows.json
row() { sqlite3 :memory: "select $1 from json_each(readfile('rows.json')) as row"; }

is "$(row 'count(*)')" 1 "a workload is a row of JSON"
is "$(row "value ->> 'id'")" W3 "that names it"
is "$(row "value ->> 'precision'")" f32 "with its precision"
is "$(row "value ->> 'threads'")" 1 "and the number of threads"
is "$(row "value ->> '\$.step_ms.min' <= value ->> '\$.step_ms.median' and value ->> '\$.step_ms.median' <= value ->> '\$.step_ms.max'")" 1 \
    "the median of the step's time lies between the least and the most"
is "$(row "abs(value ->> 'examples_per_s' * (value ->> '\$.step_ms.median') / 45e3 - 1) < 1e-3")" 1 \
    "examples a second are the batch over the median"
is "$(row "value ->> 'ceiling_fraction' between 0.01 and 1.5")" 1 "the step is set against the ceiling"
is "$(row "value ->> 'peak_mb' between 1 and 100")" 1 "the peak of memory is that of a small process"

mlrt bench S0 --quick --json >rows.json
is "$(row "(value ->> 'id') || ' ' || ifnull(value ->> 'ceiling_fraction', 'null')")" "S0 null" \
    "starting has no ceiling"
is "$(ls)" rows.json "nothing is left behind"

text=$(mlrt bench W3 --quick --threads 1)
like "$text" '^W3  f32, 1 thread$' "people are told what was measured"
like "$text" 'ceiling   f32 [0-9]+ GFLOP/s' "how fast products are"
like "$text" 'shares    [a-z ]+ [0-9.]+%, ' "and where the time goes"

mlrt bench W3 --export peer >losses
is "$(ls peer | tr '\n' ' ')" "a.npy b.npy sum.npy weights.safetensors " "a peer is given weights and batches"
is "$(awk '{ print $1, NF }' losses)" "losses 11" "and ten losses"

fails 2 "no workload 'W33' \(did you mean 'W3'\?\)" "an unknown workload is refused" mlrt bench W33
fails 2 "must be f32 or bf16, got 'f16'" "an unknown precision too" mlrt bench W3 --precision f16
fails 2 "must be one of ceiling, export, machine, steps, windows, got 'x'" "and an unknown part" mlrt bench W3 --part x
fails 2 "no instructions for bf16" "nor can a CPU be measured at what it has not" \
    env MLRT_CPU=v2 mlrt bench W3 --precision bf16

# The class of a machine is the name of its file of figures.
class=$(mlrt bench S0 --part machine)
like "$class" '^[a-z0-9-]+$' "a machine has a class"
mkdir -p lua/bench/figures
echo '  {"id": "W3", "precision": "f32", "threads": 1, "ceiling_fraction": 0.001},' >"lua/bench/figures/$class.json"
like "$(MLRT_LUA_PATH=$WORK/lua:$MLRT_LUA_PATH mlrt bench W3 --quick --threads 1)" '\(kept: 0.1%\)$' \
    "what was kept for it stands beside what is measured"
echo '  {"id": "W3", "precision": "f32", "threads": 1, "ceiling_fraction": 9},' >"lua/bench/figures/$class.json"
like "$(MLRT_LUA_PATH=$WORK/lua:$MLRT_LUA_PATH mlrt bench W3 --quick --threads 1)" '\(kept: 900.0%: SLOWER by [0-9.]+%\)$' \
    "and a step that became slower is noticed"
done_testing
