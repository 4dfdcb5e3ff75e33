#!/bin/sh
# disk.t - what cannot be written or read: a clear line, and what was written before stays good.
. "$MLRT_TESTS/tap.sh"
. "$MLRT_TESTS/system/study.sh"

# within KILOBYTES COMMAND...: no file may grow beyond.
within() { (ulimit -f $(($1 * 2)) && shift && "$@"); }

# ---- a disk that is full ----

run --store whole study.lua epochs=40
begin part study.lua epochs=40
finish TERM
ok "a run that was stopped has a checkpoint" cp part/1/last.safetensors before
fails 1 "^unable to write 'part/1/(last|best).safetensors': file too large$" "no room for the next checkpoint" \
    within 300 mlrt run --quiet --resume --store part study.lua epochs=40
ok "the last one is as it was" cmp before part/1/last.safetensors
is "$(ls part/1 | grep tmp)" "" "and half a file is not left beside it"
is "$(state part)" failed "the store says that the run failed"
like "$(mlrt show 1 --store part)" "file too large" "and why"
ok "with room, it goes on" run --resume --store part study.lua epochs=40
is "$(mlrt export 1 --store part)" "$(mlrt export 1 --store whole)" "to the same end"

sed 's/evaluate = 100/evaluate = 1, eval_size = 1/' study.lua >often.lua
fails 1 "^unable to (use|write) 'log/mlrt.db': (file too large|database or disk is full)$" "no room for the store's log" \
    within 800 mlrt run --quiet --store log often.lua hidden=2
like "$(state log)" '^(failed|interrupted)$' "the run has failed, or is as if it had been killed when not even that fits"
like "$(mlrt export 1 --store log | wc -l)" '[0-9][0-9]' "what was stored can be read"
ok "and it can go on" run --resume --store log often.lua hidden=2
is "$(state log)" "done" "to its end"

fails 1 "^unable to (use|write) 'tiny/mlrt.db': " "no room for a store" within 2 mlrt run --quiet --store tiny study.lua
fails 1 "^mlrt: unable to write the output: " "no room for what is printed" sh -c 'mlrt inspect >/dev/full'

# ---- folders and files that are something else ----

echo text >file
fails 1 "^unable to make folder 'file': " "a file where the store should be" run --store file study.lua
fails 1 "^unable to make folder '/proc/runs': " "a folder that cannot be made" run --store /proc/runs study.lua
mkdir sealed
chmod a-w sealed
if [ -w sealed ]; then
    skip "root may write anywhere"
else
    fails 1 "^unable to open 'sealed/mlrt.db': permission denied$" "a folder without permission" run --store sealed study.lua
fi
for verb in runs "show 1" "export 1"; do
    # shellcheck disable=SC2086
    fails 1 "^no run store in 'nowhere' \(the first run makes one\)$" "mlrt $verb without a store" mlrt $verb --store nowhere
done

# damage NAME LINE: the store in `damaged` is refused by run, runs and show, and its file is left alone.
damage() {
    cp damaged/mlrt.db as-it-was
    for verb in "run --quiet study.lua" runs "show 1"; do
        # shellcheck disable=SC2086
        fails 1 "$2" "$1: mlrt $verb" mlrt $verb --store damaged
    done
    ok "$1: the file is left alone" cmp as-it-was damaged/mlrt.db
}
mkdir damaged
head -c 20000 /dev/urandom >damaged/mlrt.db
damage "random bytes" "^'damaged/mlrt.db' is not a run store: .* \(move it away, and the next run makes a new one\)$"
cp whole/mlrt.db damaged
printf '\000\000\000\143' | dd of=damaged/mlrt.db bs=1 seek=60 conv=notrunc 2>/dev/null # SQLite's user_version
damage "a newer mlrt's" "^'damaged/mlrt.db' is of a newer mlrt: its version is 99, this mlrt knows [0-9]+$"
head -c 10000 whole/mlrt.db >damaged/mlrt.db
damage "half a store" "^'damaged/mlrt.db' is damaged: .* \(move it away, and the next run makes a new one\)$"

# ---- checkpoints that were damaged ----

begin short study.lua epochs=40
finish TERM
cp short/1/last.safetensors before
head -c 70000 before >short/1/last.safetensors
fails 1 "^'short/1/last.safetensors' " "a checkpoint that was cut" run --resume --store short study.lua epochs=40
echo '{}' >short/1/last.safetensors
fails 1 "^'short/1/last.safetensors' " "a checkpoint that is none" run --resume --store short study.lua epochs=40
cp before short/1/last.safetensors
ok "put back, it is good" run --resume --store short study.lua epochs=40
done_testing
