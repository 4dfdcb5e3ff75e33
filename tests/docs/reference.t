#!/bin/sh
# reference.t - docs/reference.md says what the plugins of this build say of themselves.
. "$MLRT_TESTS/tap.sh"

HOME=$WORK MLRT_PLUGIN_PATH='' ./with-mlrt mlrt inspect --markdown >"$WORK/now.md"
ok "docs/reference.md is not stale; if it is: make reference" diff -u "$MLRT_TESTS/../docs/reference.md" "$WORK/now.md"
done_testing
