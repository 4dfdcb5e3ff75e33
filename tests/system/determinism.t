#!/bin/sh
# determinism.t - the reference workloads, smaller: the same seed gives the same bits, whatever the number of threads.
. "$MLRT_TESTS/tap.sh"
cd "$WORK" || exit 1

# The workloads' layers with the work of one step above that for which there is a team.
set_of() {
    case $1 in
    W1) echo "dim=128 layers=1 batch=48 steps=4" ;;
    W3) echo "steps=60" ;;
    W6) echo "batch=256 width=128 steps=4" ;;
    esac
}

# train STORE WORKLOAD THREADS PRECISION
train() { mlrt run --quiet --store "$1" --threads "$3" "$MLRT_TESTS/bench/$2.lua" $(set_of "$2") precision="$4" >said 2>&1; }

# The parameters and the optimizer's slots of the run in a store: what stands behind a checkpoint's header.
tensors() {
    file=$1/1/last.safetensors
    tail -c +$((9 + $(od -An -tu8 -N8 "$file" | tr -d ' '))) "$file"
}
same() { tensors "$1" >one && tensors "$2" >two && [ -s one ] && cmp one two; }

for workload in W1 W3 W6; do
    for precision in f32 bf16; do
        what="$workload $precision"
        ok "$what trains on one thread" train "$what" $workload 1 $precision || continue
        ok "$what: once more" train "$what again" $workload 1 $precision
        ok "$what: the same bits" same "$what" "$what again"
        ok "$what trains on two threads" train "$what team" $workload 2 $precision
        ok "$what: the same bits" same "$what" "$what team"
    done
    ok "$workload with another seed" mlrt run --quiet --store "$workload seed" --threads 1 \
        "$MLRT_TESTS/bench/$workload.lua" $(set_of $workload) seed=1
    ok "$workload: has other bits" sh -c "! cmp -s '$workload f32/1/last.safetensors' '$workload seed/1/last.safetensors'"
done
done_testing
