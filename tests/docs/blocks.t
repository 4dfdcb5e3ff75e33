#!/bin/sh
# blocks.t - what README.md and docs/ show works: every fenced block is tried, by the words behind its three backticks.
#
#   lua [NAME.lua]     a script that `mlrt check` accepts; with a name it stays in the page's folder for later blocks
#   lua fragment       Lua that compiles
#   c [NAME.c]         a plugin: it builds without a warning, and `mlrt inspect` finds what it brings; with a name, later
#                      blocks have it
#   c fragment         C that compiles, with <mlrt/mlrt.h> before it
#   console            lines "$ command" and what they print, in the page's folder; see transcript.awk
#   sh, text, ...      for the eye only
#
# A page has one folder, and its blocks are tried from top to bottom; what a session puts into plugins/ there is found.
. "$MLRT_TESTS/tap.sh"
top=$(cd "$MLRT_TESTS/.." && pwd)
tests=$MLRT_TESTS/docs
OMP_NUM_THREADS=1 HOME=$WORK MLRT_PLUGIN_PATH=$MLRT_PLUGIN_PATH:plugins:built
export OMP_NUM_THREADS HOME MLRT_PLUGIN_PATH

accepted() { mlrt check "$1"; }
compiles_lua() { { printf 'do return end '; cat "$1"; } >fragment.lua && mlrt check fragment.lua; }

# shellcheck disable=SC2046
build() { # SOURCE OPTIONS...
    ${CC:-cc} -Wall -Wextra -Werror -O1 -x c "$@" $(pkg-config --cflags --libs mlrt)
}
compiles_c() { { echo '#include <mlrt/mlrt.h>'; cat "$1"; } >fragment.c && build fragment.c -Wno-unused -fsyntax-only; }

# The classes a plugin's source defines are in the list of the plugin that was built from it.
plugin() { # SOURCE PLUGIN
    mkdir -p "${2%/*}" && build "$1" -shared -fPIC -o "$2" && mlrt inspect --plugins "${2%/*}" --json >listed || return
    ! grep -F "\"$2\", \"reason\"" listed || return
    for name in $(sed -n 's/^MLRT_\(LAYER\|LOSS\|OPTIMIZER\|SCHEDULE\|TASK\)(\([a-z0-9_]*\),.*/\2/p' "$1"); do
        grep -q "\"$name\"" listed || { echo "mlrt inspect does not show $name"; return 1; }
    done
}

# Commands "$ ..." and what each prints.
transcript() {
    awk '/^\$ /' "$1" | sed 's/^\$ //' >commands
    : >came
    while IFS= read -r command; do
        printf '$ %s\n' "$command" >>came
        sh -c "$command" >>came 2>&1 </dev/null
    done <commands
    awk -f "$tests/transcript.awk" "$1" came
}

block() { # WHERE FILE INFO...
    where=$1 file=$2
    shift 2
    case "$*" in
    'lua fragment') ok "$where: $*" compiles_lua "$file" ;;
    'lua '*.lua) cp "$file" "$2" && ok "$where: $*" accepted "$2" ;;
    lua) cp "$file" "$file.lua" && ok "$where: $*" accepted "$file.lua" ;;
    'c fragment') ok "$where: $*" compiles_c "$file" ;;
    'c '*.c) cp "$file" "$2" && ok "$where: $*" plugin "$2" "built/${2%.c}.so" ;;
    c) ok "$where: $*" plugin "$file" "$file.folder/plugin.so" ;;
    console) ok "$where: $*" transcript "$file" ;;
    unfinished) ok "$where: the block ends" false ;;
    esac
}

page() {
    mkdir -p "$WORK/$1/blocks" && cd "$WORK/$1" || exit 1
    ln -s "$top/experiments" experiments
    awk -v out=blocks -f "$tests/blocks.awk" "$top/$1" >index
    while read -r line info; do
        # shellcheck disable=SC2086
        block "$1:$line" "blocks/$line" $info
    done <index
}

for path in "$top"/README.md "$top"/docs/*.md; do
    [ ! -f "$path" ] || page "${path#"$top"/}"
done
done_testing
