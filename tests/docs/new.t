#!/bin/sh
# new.t - what `mlrt new` writes works: it builds, passes its own test, explains itself, and trains.
. "$MLRT_TESTS/tap.sh"
cd "$WORK" || exit 1
OMP_NUM_THREADS=1 HOME=$WORK
export OMP_NUM_THREADS HOME

for kind in layer loss optimizer schedule task; do
    ok "mlrt new $kind" mlrt new $kind my_$kind
    ok "its test passes" ./my_$kind.t
    like "$(mlrt inspect --plugins . --markdown $kind.my_$kind)" "^### $kind\.my_$kind\$" "its reference is a section"
    sed -n 's/^ \*  *\(cc .*\)/\1/p' my_$kind.c >build
    ok "the command in its header builds it" sh -e build
done

cat >all.lua <<'END'
local mlrt = require "mlrt"
local layer = mlrt.layer

return mlrt.experiment "all" {
  setup = function()
    return {
      task = mlrt.task.my_task { 200 },
      model = mlrt.chain { layer.linear { 16 }, layer.my_layer { 2, learned = true }, layer.linear { 1 } },
      loss = mlrt.loss.my_loss { 2 },
      optimizer = mlrt.optimizer.my_optimizer { 0.1, schedule = mlrt.schedule.my_schedule { 1 } },
      train = { epochs = 40, batch = 10 },
    }
  end,
  finish = function(run)
    local loss = run:series("loss", "valid").value
    print(loss[#loss] < loss[1] / 2 and "learned" or "did not learn")
  end,
}
END
said=$(mlrt run --plugins . --quiet all.lua 2>&1)
is "$said" learned "a layer, a loss, an optimizer, a schedule and a task train together"

ok "mlrt new experiment" mlrt new experiment mine
ok "it passes mlrt check" mlrt check mine.lua
said=$(mlrt run mine.lua loop=3 dim=16 heads=2 epochs=1 2>&1)
like "$said" "^run [0-9]+ in runs/" "and runs"
like "$said" "^plot: .*curves.svg" "and draws"
fails 1 "mine.lua' is already there" "it is not overwritten" mlrt new experiment mine

mkdir broken && mlrt new layer broken broken >said
sed 's/\.build = build/.build = NULL/' broken/broken.c >said && cp said broken/broken.c
said=$(./broken/broken.t 2>/dev/null)
like "$said" "^not ok 2" "the test of a plugin that is refused fails"
like "$said" "^# .*it has no 'build' function" "and says why"
done_testing
