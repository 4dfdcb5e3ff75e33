#!/bin/sh
# with-mlrt.t - tests run with the mlrt of the build tree.
. "$MLRT_TESTS/tap.sh"
ok "with-mlrt puts this build's mlrt first on PATH" mlrt --version
case $(command -v mlrt) in $PWD/*) found=here ;; *) found=$(command -v mlrt) ;; esac
is "$found" here "and not an installed one"
ok "libmlrt is the one of the build tree" sh -c 'LD_DEBUG=files mlrt --version 2>&1 | grep -q "calling init: $PWD/.*libmlrt"'
ok "the Lua folders exist" sh -c 'IFS=:; ls -d $MLRT_LUA_PATH'
done_testing
