#!/bin/sh
# rooms.t - the shape of the house: who may include whom, how long a file may be, which flags are never used.
. "$MLRT_TESTS/tap.sh"
cd "$MLRT_TESTS/.." || exit 1

# LIST NAME: nothing is in the list; what is there is shown as file:line.
none() { is "$1" "" "$2"; }

# templates.h is made, and in a source tree that was configured in place it is there.
sources() { find runtime dsl stdlib plugins -name '*.[ch]' -not -name templates.h | sort; }

# Every #include of the sources as: file line room what-is-included.
# A room is the folder under runtime/, or dsl; the command, main.c and launch.c, stands above all of them.
includes() {
    sources | xargs awk '
        function room(file, part) {
            split(file, part, "/")
            if (file ~ /^runtime\/include\//) return "public"
            if (file ~ /^runtime\/[^\/]*\.[ch]$/) return "command"
            return part[1] == "runtime" ? part[2] : part[1]
        }
        /^[ \t]*#[ \t]*include[ \t]*["<]/ {
            match($0, /["<][^">]*/)
            print FILENAME, FNR, room(FILENAME), substr($0, RSTART, RLENGTH)
        }'
}

includes >"$WORK/includes"

none "$(awk '
    BEGIN { n = split("base tensor graph kernels program plugin train store dsl command", name); for (i = 1; i <= n; i++) rank[name[i]] = i }
    function wrong(why) { print $1 ":" $2 ": " why }
    {
        quoted = substr($4, 1, 1) == "\""
        target = substr($4, 2)
        slash = index(target, "/")
        other = slash && quoted ? substr(target, 1, slash - 1) : ""
        ours = target ~ /^mlrt\//
        if ($3 == "public") {
            if (quoted || !(ours || target ~ /^std[a-z]*\.h$/)) wrong("a public header includes " target)
        } else if (!($3 in rank)) {
            if (quoted && slash) wrong("a plugin may include only <mlrt/...> and its own files, not " target)
        } else if (other != "" && !(other in rank)) wrong("include from the top: \"room/file.h\", not " target)
        else if (other != "" && rank[other] > rank[$3]) wrong($3 " lies below " other ", but includes " target)
    }' "$WORK/includes")" "a file includes only its own room and those below it"

# only PATTERN-OF-HEADER PATTERN-OF-FILE NAME
only() {
    none "$(awk -v header="$1" -v file="$2" \
        'substr($4, 2) ~ header && $1 !~ file { print $1 ":" $2 ": includes " substr($4, 2) }' "$WORK/includes")" "$3"
}

only '^(lua|lauxlib|lualib)\.h' '^(dsl/|runtime/main\.c$)' "only the bridge and the command know Lua"
only 'dnnl' '^runtime/kernels/onednn' "oneDNN stands behind one file"
only '^(cblas|lapack|lapacke|f77blas)' '(blas|linalg)' "BLAS and LAPACK are called by the linear-algebra files alone"
only '^sqlite3' '^runtime/store/' "only the store knows SQLite"
only '^zlib' '^(runtime/plugin/cache|plugins/images/idx_file)' "only the cache and gzipped images know zlib"
only '^dlfcn' '^runtime/(plugin/|base/library\.c$|launch\.c$)' \
    "only the command, the loader of plugins and base/library open shared objects"

build_files() { printf '%s\n' configure.ac Makefile.am; find runtime dsl stdlib plugins tests -name room.mk; }
none "$(build_files | xargs grep -nE '^[^#]*(-ffast|-Ofast|-funsafe|-ffinite|-fassociative|-freciprocal)')" \
    "floating point is never made fast and loose by a flag"
none "$(sources | xargs grep -nE '(#[ ]*pragma|__attribute__).*(fast-math|unsafe-math|finite-math|associative-math|optimize)')" \
    "nor by a pragma or an attribute"

library() { sources | grep -v '^runtime/main\.c$'; }
none "$(library | xargs grep -nE '(^|[^a-zA-Z0-9_.>])(abort|longjmp|siglongjmp)[ ]*\(')" \
    "the library neither aborts nor jumps"
none "$(library | grep -vE '^runtime/base/(arena|workers)\.c$' | xargs grep -nE '(^|[^a-zA-Z0-9_.>])_?[eE]xit[ ]*\(')" \
    "nor does it exit, but for bookkeeping memory and at the end of a worker"

code() { sources; find dsl stdlib plugins experiments tests -name '*.lua' -o -path 'tests/*' -name '*.[cht]' -o -name '*.sh'; }
none "$(code | xargs wc -l | awk '$2 != "total" && $1 > 500 { print $2 ": " $1 " lines" }')" \
    "a file holds one idea: none is longer than 500 lines"
none "$(code | while read -r file; do
    name=${file##*/}
    case $file in experiments/*) opening='-- ' ;; *) opening="$name - " ;; esac
    head -n 2 "$file" | grep -qF -e "$opening" || echo "$file:1: does not open with '${opening}what it is'"
done)" "every file opens with one line that says what it is"

done_testing
