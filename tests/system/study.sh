# study.sh - runs of study.lua that are caught at work; after tap.sh, in $WORK.
cp "$MLRT_TESTS/system/study.lua" "$WORK" && cd "$WORK" || exit 1
export OMP_NUM_THREADS=1 LC_ALL=C

run() { mlrt run --quiet "$@"; }
state() { mlrt runs --store "$1" --json | sed -n 's/.*"status": "\([a-z]*\)".*/\1/p'; }

# begin STORE ARGUMENT...: start a run in the background and wait for its next checkpoint: a new file in the old one's
# place. What it says goes to the file `said`.
begin() {
    last=$1/1/last.safetensors before=$(ls -i "$1/1/last.safetensors" 2>/dev/null) store=$1; shift
    mlrt run --quiet --store "$store" "$@" 2>said & pid=$!
    while kill -0 $pid 2>/dev/null && [ "$(ls -i "$last" 2>/dev/null)" = "$before" ]; do sleep 0.01; done
}
# finish SIGNAL: send it the signal and wait for its end; $status is what it ended with.
finish() { { kill -s "$1" $pid; wait $pid; status=$?; } 2>/dev/null; }
