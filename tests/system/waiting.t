#!/bin/sh
# waiting.t - the threads of a team do not spin for long, unless somebody asks for it.
. "$MLRT_TESTS/tap.sh"

spin() { OMP_DISPLAY_ENV=verbose "$@" 2>&1 | sed -n "s/.*GOMP_SPINCOUNT = '\(.*\)'/\1/p"; }

[ -n "$(spin mlrt version)" ] || skip_all "this OpenMP does not say how it waits"
is "$(spin env -u GOMP_SPINCOUNT -u OMP_WAIT_POLICY mlrt version)" 500 "the command's threads spin for some microseconds"
is "$(spin env -u OMP_WAIT_POLICY GOMP_SPINCOUNT=7 mlrt version)" 7 "or as long as the environment says"
is "$(spin env -u GOMP_SPINCOUNT OMP_WAIT_POLICY=passive mlrt version)" 0 "in either of its ways"
done_testing
