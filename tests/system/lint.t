#!/bin/sh
# lint.t - style and static analysis; `make lint` runs it alone. A tool that is not here is skipped.
. "$MLRT_TESTS/tap.sh"
cd "$MLRT_TESTS/.." || exit 1

c_files() { find runtime dsl stdlib plugins tests -name '*.[ch]' -not -name templates.h | sort; }
lua_files() { find dsl stdlib plugins experiments tests -name '*.lua' | sort; }

# lint TOOL NAME COMMAND...
lint() {
    if command -v "$1" >/dev/null; then shift; ok "$@"; else skip "no $1 here"; fi
}

layout() { c_files | xargs clang-format --dry-run -Werror; }

analyse_c() {
    c_files | grep '\.c$' | xargs cppcheck --quiet --error-exitcode=1 -j 2 --std=c11 --library=tests/system/cppcheck.cfg \
        --enable=warning,performance,portability --suppressions-list=tests/system/cppcheck.supp \
        -D__x86_64__ -D__GNUC__=12 -I runtime/include -I runtime -I tests -I .
}

analyse_lua() { [ -z "$(lua_files)" ] || lua_files | xargs luacheck --quiet --no-color; }

lint clang-format "C is laid out by clang-format" layout
lint cppcheck "cppcheck finds nothing" analyse_c
lint luacheck "luacheck finds nothing" analyse_lua
done_testing
