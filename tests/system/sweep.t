#!/bin/sh
# sweep.t - mlrt sweep: which points there are, what is run and what is not, what becomes of trouble, and what is left.
. "$MLRT_TESTS/tap.sh"
cp "$MLRT_TESTS/system/sums.lua" "$WORK" && cd "$WORK" || exit 1
export LC_ALL=C

sweep() { mlrt sweep --quiet "$@"; }
runs() { mlrt runs --store "$1" | tail -n +2 | wc -l | tr -d ' '; }
# column NAME STORE: a column of the newest table there, its cells between blanks.
column() {
    # shellcheck disable=SC2012
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { printf "%s%s", s, $c; s = " " }' \
        "$(ls -t "$2"/sweeps/*/points.csv | head -n 1)"
}

# ---- the script's own sweep ----

said=$(mlrt sweep --store own sums.lua 2>log); status=$?
is $status 0 "a script's own sweep runs"
like "$said" '^sweep: a 1, 2, 3; b 0.5, 1.5$' "with its axes"
like "$said" '^6 points, 6 to run, [0-9]+ at a time$' "all of them"
is "$(grep -c ' done: loss ' log)" 6 "each point is told when it ends"
is "$(head -n 1 own/sweeps/*/points.csv)" \
    "a,b,run,status,sum,absolute_error,loss,rms_error,step,test_step,training_loss,word,message" "the table has parameters, the metric, measures, results"
is "$(column a own)" "1 1 2 2 3 3" "a line a point, the last axis fastest"
is "$(column sum own)" "1.5 2.5 2.5 3.5 3.5 4.5" "with what finish found"
like "$(cat own/sweeps/*/points.csv)" '"says ""a, b""",$' "texts are quoted"
like "$(cat own/1/log.txt)" '^training: 3 steps' "what a point says is in its folder"
if command -v gnuplot >/dev/null; then
    ok "the metric is drawn" [ -s own/sweeps/*/sum.svg ]
else
    skip "no gnuplot here"
fi
like "$(cat own/sweeps/*/sum.csv)" '^"1",3,1,.*,4.5$' "a cell for each point"

said=$(mlrt sweep --store own sums.lua)
like "$said" '^6 points, 6 are done$' "once more: all is done"
is "$(runs own)" 6 "and nothing is run"
sweep --store own sums.lua a=2,4 kind=plain
is "$(runs own)" 8 "another grid runs what is missing: defaults that are given are the same point"
is "$(column sum own)" "2.5 3.5 4.5 5.5" "and has all of it in its table"
mlrt run --quiet --store own sums.lua a=9 b=1.5
sweep --store own sums.lua a=9,10 b=1.5
is "$(runs own)" 10 "what mlrt run has done is done"
sweep --store own --fresh sums.lua a=9,10 b=1.5
is "$(runs own)" 12 "--fresh runs it again"
ok "an axis and a value of the command line take the script's place" sweep --store value sums.lua b=7 seed=4,5
is "$(column a value)/$(column seed value)" "1 1 2 2 3 3/4 5 4 5 4 5" "others are added"
ok "the script may look at the values" sweep --store short sums.lua note=short a=1
is "$(column b short)/$(column drop short)" "0.5 1/true true" "to say its axes"
ok "which a value that is false replaces, too" sweep --store false sums.lua note=short a=1 drop=false
is "$(mlrt show --store false 1 | awk '$1 == "drop" { print $2 }')" false "as any other"
ok "points need not be a grid" sweep --store points sums.lua note=points a=1
is "$(column kind points)/$(column limited points)" "other plain other plain/5 2 5 2" "each has the values of the axes"
is "$(mlrt sweep --store drawn sums.lua note=drawn 2>/dev/null | grep '^sum[^s]')" "$(printf 'sum\t4.5\t6\t1\t1.5')" \
    "the script draws from the table"
ok "its own picture" [ -s drawn/sweeps/*/own.csv ]
ok "and no other" [ ! -e drawn/sweeps/*/sum.csv ]
mlrt sweep --store own sums.lua --json >json 2>/dev/null
is "$(tr -d '\n' <json | grep -o '"axes.*}\],' | head -n 1)" \
    '"axes": [{"name": "a", "values": [1, 2, 3]}, {"name": "b", "values": [0.5, 1.5]}],' "--json: the axes"
like "$(cat json)" '^\{"params": \{"a": 3, "b": 1.5\}, "run": [0-9]+, "status": "done", "message": null, "values": \{' "the points"

# ---- axes ----

# axis TEXT VALUES: the values it gives.
axis() {
    rm -rf axis
    case $1 in a=*) other=b=1 ;; b=*) other=a=1 ;; *) other="a=1 b=1" ;; esac
    # shellcheck disable=SC2086
    sweep --store axis sums.lua "$1" $other || diag "status $?"
}
values() { axis "$2"; is "$(column "$1" axis)" "$3" "$2"; }
values seed seed=3..5 "3 4 5"
values seed seed=-1..1 "-1 0 1"
values seed seed=7,1..3,9 "7 1 2 3 9"
values a a=0..10@4 "0 3 7 10"
values a a=8..64@log:4 "8 16 32 64"
values b b=0..1@5 "0 0.25 0.5 0.75 1"
values b b=1e-5..1e-2@log:4 "1e-05 0.0001 0.001 0.01"
values b b=1..3 "1 2 3"
values kind kind=other,plain "other plain"
values note note=a..b,..,c "a..b .. c"

usage() { fails 2 "$1" "$2" mlrt sweep --store none sums.lua $2; }
usage "^axis 'b': it is empty$" b=
usage "^axis 'b': '1,,2' has an empty value$" b=1,,2
usage "^axis 'a': '5..3' is empty: it begins above its end$" a=5..3
usage "^axis 'b': '0.1..2' needs to say how many values, as in 0.1..2@10 or 0.1..2@log:10$" b=0.1..2
usage "^axis 'b': '0..1@log:3': a logarithmic range begins above 0$" b=0..1@log:3
usage "^axis 'b': '0..1@x': expected a whole number of values after '@', got 'x'$" b=0..1@x
usage "^axis 'b': '0..1@1': one value cannot have two ends$" b=0..1@1
usage "^axis 'b': '1..x' is no range: expected FIRST..LAST, FIRST..LAST@COUNT or FIRST..LAST@log:COUNT$" b=1..x
usage "^axis 'b': '0..1@2000000' has 2000000 values, at most 1000000 are possible$" b=0..1@2000000
usage "^the sweep has 1,002,001 points, at most 1,000,000 are possible$" "a=0..1000 b=0..1000"
usage "^axis 'seed': it has 1 twice$" seed=1,2,1
usage "^axis 'a' is given twice$" "a=1,2 a=3"
usage "^sums.lua: no parameter 'sed' \(did you mean 'seed'\?\)$" sed=1..3
usage "^sums.lua: parameter 'b' must be a number, got 'x'$" b=1,x
usage "^sums.lua:[0-9]+: parameter 'kind' must be one of plain, other, got third$" kind=plain,third
usage "^sums.lua:[0-9]+: parameter 'limited' must lie in 1 .. 9, got 10$" limited=8..10
usage "^nothing to sweep: expected an axis, as in lr=1e-4,1e-3 or seed=0..4$" "a=1 b=1"
usage "^a parameter is given as name=value, got 'seed'$" seed
fails 1 "no point has a value 'smu' \(did you mean 'sum'\?\)" "a metric that is not there" \
    mlrt sweep --quiet --store own sums.lua --metric smu
# wrong MESSAGE SWEEP STATUS: what an experiment says of its sweep is refused.
wrong() {
    cat >wrong.lua <<E1
return require("mlrt").experiment "wrong" {
  params = { a = 1, kind = "x" }, setup = function() end, sweep = $2,
}
E1
    fails "$3" "$1" "sweep = $2" mlrt sweep --quiet --store none wrong.lua
}
wrong "^wrong.lua:1: experiment 'wrong': 'sweep' must be a table or a function, got a number$" 5 1
wrong "^wrong.lua:1: sweep: unknown word 'axis' \(did you mean 'axes'\?\)$" '{ axis = {} }' 2
wrong "^wrong.lua:1: sweep: axis 'a': '1..x' is no range: " '{ axes = { "a=1..x" } }' 2
wrong "^wrong.lua:1: sweep: an axis is a text as on the command line, or \{ name, value, ... \}, got a number$" '{ axes = { 5 } }' 2
wrong "^wrong.lua: no parameter 'b'" '{ axes = { { "b", 1, 2 } } }' 2
wrong "^wrong.lua: parameter 'a' must be an integer, got 'x'$" '{ points = { { a = "x" } } }' 2
wrong "^wrong.lua:1: sweep: a point is a table of parameters, got a number$" '{ points = { 1 } }' 2
wrong "^parameter 'a' is set by two axes, or by an axis and the sweep's points$" '{ axes = { "a=1,2" }, points = { { a = 1 } } }' 2
wrong "^two points of the sweep are the same: a=1 and default$" '{ points = { { a = 1 }, {} } }' 1
echo 'print "no experiment"' >nothing.lua
fails 1 "^nothing.lua: the script must return an experiment made by mlrt.experiment, got nil$" "a script without an experiment" \
    mlrt sweep nothing.lua a=1,2
ok "and nothing of all that made a run" sh -c "! ls none/1 runs"

# ---- experiments that train nothing ----

cat >roots.lua <<'END'
return require("mlrt").experiment "roots" {
  params = { a = 1.0 },
  run = function(p)
    if p.a < 0 then error("no root of " .. p.a, 0) end
    print("at work")
    return { root = p.a ^ 0.5, word = "found" }
  end,
}
END
fails 1 "^1 of 3 points failed" "an experiment that trains nothing is swept too" sweep --store roots roots.lua a=4,-1,9
is "$(column root roots)/$(column word roots)" "2  3/found  found" "what it returns is what it found"
is "$(column status roots)" "done failed done" "what it raises is a failure"
like "$(cat roots/*/log.txt)" '^at work$' "what one says is in its folder"
is "$(mlrt sweep --store roots roots.lua a=4,9 2>&1 | sed -n 2,3p)" "sweep: a 4, 9
2 points, 2 are done" "and it is not run again"
echo 'return require("mlrt").experiment "silent" { params = { a = 1 }, run = function() end }' >silent.lua
ok "it need not find anything" sweep --store silent silent.lua a=1,2
is "$(column status silent)" "done done" "to be done"

# ---- trouble ----

for trouble in setup inf finish; do
    fails 1 "^2 of 6 points failed \(--retry runs what failed again\)$" "trouble in $trouble is told in the end" \
        sweep --store $trouble sums.lua trouble=$trouble
    is "$(column status $trouble)" "done done failed failed done done" "the other points are done"
done
like "$(column message setup)" "no setup today" "the table says why"
like "$(sweep --store setup sums.lua trouble=setup 2>&1)" "^a=2 b=1.5: no setup today \(run [0-9]+\)$" "and so does the next sweep"
is "$(runs setup)" 6 "which does not try again"
sweep --store setup --retry sums.lua trouble=setup 2>/dev/null
is "$(runs setup)/$(column status setup)" "6/done done failed failed done done" "--retry does, in the same runs"
sed 's/no setup today/another/' sums.lua >mended.lua && mv mended.lua sums.lua
like "$(sweep --store setup sums.lua trouble=setup 2>&1)" "^a=2 b=1.5: another" "and so does a changed script, by itself"
like "$(mlrt sweep --store setup sums.lua trouble=setup 2>&1)" "^4 points were run with another version of sums.lua" \
    "which is told of what is older"
fails 1 "^the first 10 points failed before their first step: another" "a sweep that cannot work is not tried to its end" \
    sweep --store hopeless sums.lua trouble=setup a=2 seed=0..99 --jobs 1
is "$(runs hopeless)" 10 "no more than it takes to see"

# ---- killed and interrupted ----

# Points that take long enough to be caught at work; the same, undisturbed.
long="sums.lua a=1 b=1,2 seed=0,1 steps=30000"
# shellcheck disable=SC2086
sweep --store whole $long
tensors() { tail -c +$((9 + $(od -An -tu8 -N8 "$1" | tr -d ' '))) "$1"; }
# same_runs STORE: at every point, the parameters and measures of the undisturbed sweep.
same_runs() {
    column run whole | tr ' ' '\n' >ours
    column run "$1" | tr ' ' '\n' >theirs
    [ "$(wc -l <ours)" = "$(wc -l <theirs)" ] && paste ours theirs >pairs || return
    while read -r a b; do
        for name in last best; do
            tensors "whole/$a/$name.safetensors" >one && tensors "$1/$b/$name.safetensors" >two && cmp one two || return
        done
        mlrt export "$a" --store whole >one && mlrt export "$b" --store "$1" >two && cmp one two || return
    done <pairs
}
# begin STORE: the sweep in the background, until a run has a checkpoint.
begin() {
    # shellcheck disable=SC2086
    mlrt sweep --quiet --store "$1" --jobs 2 $long 2>said & pid=$!
    while kill -0 $pid 2>/dev/null && [ -z "$(ls "$1"/*/last.safetensors 2>/dev/null)" ]; do sleep 0.01; done
}
worker() { ps -o pid= --ppid "$1" | head -n 1 | tr -d ' '; }

begin killed
kill -9 "$(worker $pid)"
wait $pid
is $? 1 "a worker that is killed is told"
like "$(cat said)" "^1 of 4 points failed \(the same command goes on with them\)$" "the others are run"
like "$(column status killed | tr ' ' '\n' | sort | uniq -c | tr -s ' \n' ' ')" "^ 3 done 1 (interrupted|waiting) $" \
    "to their end"
# shellcheck disable=SC2086
ok "the same command goes on" sweep --store killed $long
is "$(runs killed)" 4 "with the same run"
ok "and all ends with the bits of a sweep that was not disturbed" same_runs killed

for signal in INT TERM; do
    begin $signal
    kill -s $signal $pid
    wait $pid
    is $? 130 "SIG$signal ends a sweep with status 130"
    like "$(cat said)" "^interrupted with [0-3] of 4 points done; the same command goes on$" "which says so"
    is "$(mlrt runs --store $signal --status running | wc -l)" 1 "no worker is left"
    # shellcheck disable=SC2086
    ok "the same command goes on" sweep --store $signal $long
    ok "to the same end" same_runs $signal
done
long="${long%=*}=400000"
begin orphans
kill -9 $pid
wait $pid 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9; do [ "$(mlrt runs --store orphans --status running | wc -l)" -eq 1 ] || sleep 0.3; done
is "$(mlrt runs --store orphans --status stopped | wc -l)" 3 "when the sweep itself is killed, its workers save and stop"

# ---- processors ----

sweep --store processors --unsafe sums.lua trouble=processor b=1
like "$(column processors processors)" '^[0-9]+ [0-9]+ [0-9]+$' "each worker keeps to one processor"
like "$(mlrt show 1 --store processors)" 'threads +1$' "and has one thread"

# ---- studies ----

cat >study.lua <<'E1'
local mlrt = require "mlrt"
for a = 1, 3 do
  local run = mlrt.run("sums.lua", { a = a, steps = a == 3 and 100000 or 3 }, { quiet = true })
  print(run.id, run:metric "loss", #run.history, run:parameter("linear.bias"):sum())
end
E1
mlrt run --store study study.lua >first 2>/dev/null & pid=$!
while kill -0 $pid 2>/dev/null && ! [ -e study/3/last.safetensors ]; do sleep 0.01; done
kill $pid
wait $pid
is "$(wc -l <first)" 2 "a study is interrupted in its third run"
sed 's/100000/50/' study.lua >shorter.lua
mlrt run --resume --store study shorter.lua >second
is "$(head -n 2 second)" "$(cat first)" "resumed, it takes the finished runs as they were"
is "$(runs study)" 4 "and runs the rest"
done_testing
