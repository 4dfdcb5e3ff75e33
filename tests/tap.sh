# tap.sh - tests in shell that speak TAP, with the words of tap.h: `. "$MLRT_TESTS/tap.sh"` first.
# They run under with-mlrt, in a folder of their own ($WORK) that is removed at the end.

tap_run=0 tap_failed=0 tap_done=no
WORK=$(mktemp -d) || exit 1
trap 'cd /; chmod -R u+rwx "$WORK"; rm -rf "$WORK"; [ $tap_done = yes ] || { echo "Bail out! left before done_testing"; exit 1; }' EXIT

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }

tap_result() { # STATUS NAME
    tap_run=$((tap_run + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tap_run - $2"
    else
        tap_failed=$((tap_failed + 1))
        echo "not ok $tap_run - $2"
    fi
    return "$1"
}

# ok NAME COMMAND...: the command succeeds; its output is shown when it does not.
ok() {
    tap_name=$1; shift
    tap_output=$("$@" 2>&1); tap_status=$?
    tap_result $tap_status "$tap_name" || { diag "status $tap_status from: $*"; diag "$tap_output"; return 1; }
}

# is GOT WANT NAME
is() {
    [ "$1" = "$2" ]
    tap_result $? "$3" || { diag " got: $1"; diag "want: $2"; return 1; }
}

# like GOT PATTERN NAME: an extended regular expression occurs in GOT.
like() {
    printf '%s\n' "$1" | grep -Eq -e "$2"
    tap_result $? "$3" || { diag "    got: $1"; diag "want in: $2"; return 1; }
}

# fails STATUS PATTERN NAME COMMAND...: it ends with the status and says something like the pattern on stderr.
fails() {
    tap_want=$1 tap_pattern=$2 tap_name=$3; shift 3
    tap_output=$("$@" 2>&1 >/dev/null); tap_status=$?
    [ $tap_status -eq "$tap_want" ] && printf '%s\n' "$tap_output" | grep -Eq -e "$tap_pattern"
    tap_result $? "$tap_name" ||
        { diag "status $tap_status, want $tap_want; want in stderr: $tap_pattern"; diag "$tap_output"; return 1; }
}

skip() { tap_run=$((tap_run + 1)); echo "ok $tap_run # SKIP $1"; }

skip_all() { tap_done=yes; echo "1..0 # SKIP $1"; exit 0; }

done_testing() {
    tap_done=yes
    echo "1..$tap_run"
    [ $tap_failed -eq 0 ] && [ $tap_run -gt 0 ]
    exit
}
