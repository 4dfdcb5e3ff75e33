#!/bin/sh
# autogen.sh - the one entrance: generate, install what is missing, build, run, check. Needs nothing but sh (and apt).

usage() {
    cat <<'END'
usage: ./autogen.sh                            generate ./configure, and no more
       ./autogen.sh run SCRIPT [NAME=VALUE..]  build what is needed in build/ and run an experiment
       ./autogen.sh check                      build, and run every test, check of style and memory check
       ./autogen.sh help
Missing Debian packages are listed and then installed, as root or through sudo; with --no-install before or after the
verb they are listed and nothing is done.
END
}

# For: when it is needed (generate, run or check). Probe: how its presence is seen, else dpkg is asked.
packages() {
    cat <<'END'
# for      package                probe                  what it is for
generate   autoconf               cmd:autoreconf         making ./configure
generate   automake               cmd:automake           making Makefile.in
generate   libtool                cmd:libtoolize         building shared libraries and plugins
generate   pkg-config             cmd:pkg-config         finding libraries
run        gcc                    cmd:cc                 the C compiler, with OpenMP
run        libc6-dev              header:stdio.h         the C library
run        make                   cmd:make               building
run        liblua5.4-dev          pc:lua5.4              the language of experiments
run        libopenblas-openmp-dev pc:openblas            linear algebra and small matrix products
run        libdnnl-dev            header:oneapi/dnnl/dnnl.h oneDNN: matrix products, convolutions, pooling
run        libsqlite3-dev         pc:sqlite3             the store of runs
run        zlib1g-dev             pc:zlib                the cache of data that was computed, gzipped images
run        gnuplot-nox            cmd:gnuplot            plots
run        fonts-dejavu-core      file:/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf letters in plots
check      sqlite3                cmd:sqlite3            looking into the store from tests
check      g++                    cmd:c++                whether the headers serve C++
check      valgrind               cmd:valgrind           memory checks
check      cppcheck               cmd:cppcheck           static analysis of C
check      clang-format           cmd:clang-format       the layout of C
check      lua-check              cmd:luacheck           static analysis of Lua
END
}

fail() { echo "autogen.sh: $*" >&2; exit 1; }

have_header() {
    for folder in /usr/include /usr/local/include /usr/include/*-linux-gnu*; do
        [ -e "$folder/$1" ] && return
    done
    return 1
}

have() { # PACKAGE PROBE
    case $2 in
    cmd:*) command -v "${2#cmd:}" ;;
    pc:*) pkg-config --exists "${2#pc:}" ;;
    header:*) have_header "${2#header:}" ;;
    file:*) [ -e "${2#file:}" ] ;;
    esac >/dev/null 2>&1 || dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'
}

# The rows of the table that are needed FOR and are not here: "PACKAGE for PURPOSE".
missing() { # FOR...
    packages | while read -r for package probe purpose; do
        case " $* " in *" $for "*) have "$package" "$probe" || printf '    %-23s %s\n' "$package" "$purpose" ;; esac
    done
}

apt_install() {
    sudo=
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    [ -z "$sudo" ] || command -v sudo >/dev/null || fail "installing needs root or sudo: apt-get install" "$@"
    echo "installing: ${sudo:+sudo }apt-get install --no-install-recommends" "$@" >&2
    set -- $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends "$@"
    # The lists of packages may be absent or old; asking for them first would cost every other machine half a minute.
    "$@" >/dev/null 2>&1 || { $sudo apt-get -qq update && "$@" >/dev/null; } || fail "unable to install packages"
}

need() { # FOR...
    list=$(missing "$@")
    [ -n "$list" ] || return 0
    { echo "missing packages:"; echo "$list"; } >&2
    [ $install = yes ] || fail "nothing was installed"
    command -v apt-get >/dev/null || fail "this is no Debian (no apt-get): install them, or what matches them, yourself"
    # shellcheck disable=SC2046
    apt_install $(echo "$list" | awk '{ print $1 }')
}

generate() {
    mkdir -p m4 build-aux
    report=$(autoreconf --install 2>&1) || { echo "$report" >&2; fail "unable to generate ./configure"; }
}

# Bring the build up to date. A source tree that was configured in place is its own build tree.
build() { # MAKE-ARGUMENTS...
    [ -f Makefile.in ] || generate
    [ ! -f config.status ] || build=.
    mkdir -p $build
    [ -f $build/Makefile ] || (cd $build && "$top/configure" --quiet --enable-silent-rules) >&2 || fail "unable to configure"
    make -C $build -s -j"$jobs" "$@" >&2 || fail "unable to build"
}

# The results of all tests, counted from the .trs files that automake's harness leaves. A program that ends with a
# status because a check of it failed is one failure, not two.
summary() {
    find $build -name '*.trs' -exec awk '
        FNR == 1 { seen = 0 }
        $1 == ":test-result:" && !($2 == "ERROR" && seen) { n[$2]++ }
        $2 == "FAIL" { seen = 1 }
        END {
            failed = n["FAIL"] + n["XPASS"] + n["ERROR"]
            printf "%d passed, %d failed, %d skipped\n", n["PASS"] + n["XFAIL"], failed, n["SKIP"]
            exit failed > 0 || n["PASS"] == 0
        }' {} +
}

run() {
    need generate run
    build
    cd "$here" || exit 1
    exec "$top/$build/with-mlrt" mlrt run "$@"
}

# Every target is tried even when one before it failed; what passed is not printed, what failed is, with its log.
check() {
    [ $# -eq 0 ] || { usage >&2; exit 2; }
    [ ! -f config.status ] || fail "the source tree is configured in place, check needs build/: run 'make distclean' first"
    need generate run check
    build WERROR=-Werror
    find $build -name '*.trs' -exec rm -f {} +
    failed=0
    for target in check check-valgrind check-asan; do
        { make -C $build -s -k -j"$jobs" VERBOSE=yes WERROR=-Werror $target 2>&1 || echo "FAILED: make $target"; } |
            grep -v '^PASS: ' | tee $build/$target.out
        ! grep -q '^FAILED: make' $build/$target.out || failed=1
    done
    summary && [ $failed -eq 0 ]
}

here=$PWD
cd "$(dirname "$0")" || exit 1
top=$PWD
build=build
install=yes
jobs=$(nproc 2>/dev/null || echo 1)

[ "$1" != --no-install ] || { install=no; shift; }
verb=$1
[ $# -eq 0 ] || shift
[ "$1" != --no-install ] || { install=no; shift; }

case $verb in
'') install=no; need generate; generate ;;
run) [ $# -gt 0 ] || { usage >&2; exit 2; }; run "$@" ;;
check) check "$@" ;;
help | -h | --help) usage ;;
*) echo "autogen.sh: unknown verb '$verb'" >&2; usage >&2; exit 2 ;;
esac
