#!/bin/sh
# performance.t - the tables of docs/performance.md are those that `make performance` makes of the figures that are kept.
. "$MLRT_TESTS/tap.sh"
command -v python3 >/dev/null || skip_all "no python3"

cp "$MLRT_TESTS/../docs/performance.md" "$WORK/page.md"
ok "the tables are made" python3 -B "$MLRT_TESTS/bench/figures.py" page "$WORK/page.md"
ok "and they are the page's" diff "$MLRT_TESTS/../docs/performance.md" "$WORK/page.md"
done_testing
