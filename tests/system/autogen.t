#!/bin/sh
# autogen.t - what the one entrance says, and what it asks of apt, on machines that lack things.
. "$MLRT_TESTS/tap.sh"
autogen=$MLRT_TESTS/../autogen.sh

# A machine with nothing but these, no Debian package and no pkg-config: `bare COMMAND...`.
mkdir "$WORK/bin"
for tool in sh env dirname nproc cat awk grep id; do ln -s "$(command -v $tool)" "$WORK/bin/$tool"; done
bare() { env PATH="$WORK/bin" "$@"; }
# have TOOL SCRIPT: give that machine a tool.
have() { printf '#!/bin/sh\n%s\n' "$2" >"$WORK/bin/$1"; chmod +x "$WORK/bin/$1"; }

like "$("$autogen" help)" '^usage: ./autogen.sh' "help says how it is called"
fails 2 "unknown verb 'fly'" "an unknown verb is a wrong command line" "$autogen" fly
fails 2 usage "so is run without a script" "$autogen" run
fails 2 usage "and check with an argument" "$autogen" check now

fails 1 'liblua5.4-dev +the language' "--no-install lists what is missing" bare "$autogen" --no-install run x.lua
fails 1 'nothing was installed' "and refuses" bare "$autogen" run --no-install x.lua
fails 1 'libtool +building' "so does ./autogen.sh alone, for what generates" bare "$autogen"
is "$(bare "$autogen" 2>&1 | grep -c valgrind)" 0 "which needs no test tools"
is "$(bare "$autogen" check --no-install 2>&1 | grep -c valgrind)" 1 "but check does"

fails 1 'no Debian' "where there is no apt it says so" bare "$autogen" run x.lua

have sudo 'exec "$@"'
have apt-get "echo \"\$DEBIAN_FRONTEND: \$*\" >>'$WORK/asked'; exit 1"
fails 1 'unable to install' "when apt fails it says so" bare "$autogen" run x.lua
like "$(cat "$WORK/asked")" '^noninteractive: .*install --no-install-recommends .*liblua5.4-dev' \
    "apt is asked quietly, for no more than is needed"
like "$(cat "$WORK/asked")" 'update$' "and for newer lists when that fails"
is "$(grep -c valgrind "$WORK/asked")" 0 "a run installs no test tools"
done_testing
