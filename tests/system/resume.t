#!/bin/sh
# resume.t - a run that is interrupted or killed, and resumed, ends with the same bits as one that is not.
. "$MLRT_TESTS/tap.sh"
. "$MLRT_TESTS/system/study.sh"

# ---- what two runs have in common ----

header_size() { od -An -tu8 -N8 "$1" | tr -d ' '; }
header() { tail -c +9 "$1" | head -c "$(header_size "$1")" | sed 's/"seconds": *"[^"]*"//; s/ *$//'; }
tensors() { tail -c +$((9 + $(header_size "$1"))) "$1"; }

# same_file A B: the tensors of two checkpoints have the same bits, and all texts but the seconds are the same.
same_file() {
    tensors "$1" >one && tensors "$2" >two && cmp one two || return
    header "$1" >one && header "$2" >two && cmp one two
}
# same STORE NAME: its run 1 is the reference's.
same() {
    ok "$2: the same parameters, slots and sums" same_file reference/1/last.safetensors "$1/1/last.safetensors"
    ok "$2: the same best parameters" same_file reference/1/best.safetensors "$1/1/best.safetensors"
    is "$(mlrt export 1 --store "$1")" "$(mlrt export 1 --store reference)" "$2: the same metrics"
    is "$(state "$1")" done "$2: one run, and it is done"
}

run --store reference study.lua
like "$(mlrt export 1 --store reference | tail -n 1)" '^60,3180,' "a run in one piece has all its steps"
run --store again study.lua
same again "once more"

# ---- stopped by a signal ----

for signal in INT TERM; do
    begin $signal study.lua note="it's $signal"
    finish $signal
    is $status 130 "SIG$signal ends a run with status 130"
    how="mlrt run --resume --store $signal study.lua 'note=it'\\\\''s $signal'"
    like "$(cat said)" "^interrupted after step [0-9]+ of 3180; to go on: $how\$" "which says how to go on"
    command=$(sed 's/.*to go on: //' said)
    is "$(state $signal)" stopped "the store knows"
    ok "and that goes on" eval "$command --quiet"
    fails 1 "^nothing to resume: '$signal' holds no interrupted run of 'study' with these parameters$" \
        "a run that is done is not resumed" eval "$command"
    tensors $signal/1/last.safetensors >one
    tensors reference/1/last.safetensors >two
    ok "SIG$signal: the same parameters and slots" cmp one two
    is "$(mlrt export 1 --store $signal)" "$(mlrt export 1 --store reference)" "SIG$signal: the same metrics"
done

# ---- killed, as by a power cut: at any moment after a checkpoint, and once before the first ----

mlrt run --quiet --store killed study.lua & pid=$!
while kill -0 $pid 2>/dev/null && ! [ -d killed/1 ]; do sleep 0.01; done
finish KILL
is "$(state killed)" interrupted "a run that was killed is seen"
kills=1
for pause in $(awk 'BEGIN { srand(7); for (i = 0; i < 8; i++) printf "%.3f ", 0.08 * rand() }'); do
    begin killed --resume study.lua
    sleep "$pause"
    finish KILL
    [ $status -eq 137 ] || break
    kills=$((kills + 1))
done
diag "killed $kills times"
ok "it can be killed again and again" [ $kills -gt 3 ]
[ "$(state killed)" = done ] || run --resume --store killed study.lua
same killed "killed"

# A stop that came early stays: the checkpoint knows of it, whatever the store says.
run --store early study.lua stop=0.3
steps=$(mlrt export 1 --store early | tail -n 1 | cut -d, -f2)
ok "a run with a goal ends early (step $steps)" [ "$steps" -lt 3180 ]
cp early/1/last.safetensors before
if command -v sqlite3 >/dev/null; then
    sqlite3 early/mlrt.db "UPDATE runs SET status = 'stopped'"
    ok "taken up again" run --resume --store early study.lua stop=0.3
    ok "it does not go on" same_file before early/1/last.safetensors
else
    skip "no sqlite3 here"
fi

# ---- threads ----

for threads in 1 2; do
    export OMP_NUM_THREADS=$threads
    for twice in a b; do run --threads $threads --store $threads$twice study.lua hidden=256 epochs=2; done
    ok "two runs on $threads threads have the same bits" same_file ${threads}a/1/last.safetensors ${threads}b/1/last.safetensors
done
done_testing
