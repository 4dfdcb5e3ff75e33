#!/bin/sh
# install.t - an installed mlrt, as the author of a plugin meets it.
. "$MLRT_TESTS/tap.sh"

ok "make install" make -s install DESTDIR="$WORK/root"
prefix=$WORK/root$(sed -n 's/^prefix = //p' Makefile)
libdir=$(dirname "$(find "$WORK/root" -name libmlrt.so)")
# -isystem would hide warnings from our own headers, hence the plain prefix.
pc() { PKG_CONFIG_PATH=$libdir/pkgconfig PKG_CONFIG_SYSROOT_DIR=$WORK/root pkg-config "$@" mlrt; }

is "$(pc --modversion)" "$(mlrt --version | awk '{ print $NF }')" "pkg-config and mlrt agree on the version"
ok "the plugins are in the folder it names" [ -f "$WORK/root$(PKG_CONFIG_PATH=$libdir/pkgconfig pkg-config --variable=plugindir mlrt)/core.so" ]

for header in "$prefix"/include/mlrt/*.h; do
    name=${header##*/}
    echo "#include <mlrt/$name>" >"$WORK/one.c"
    # shellcheck disable=SC2046
    ok "<mlrt/$name> stands alone" ${CC:-cc} -std=c17 -Wall -Wextra -Wconversion -Wno-sign-conversion -pedantic -Werror \
        -fsyntax-only $(pc --cflags) "$WORK/one.c"
    if command -v c++ >/dev/null; then
        # shellcheck disable=SC2046
        ok "<mlrt/$name> serves C++" c++ -x c++ -Wall -Werror -fsyntax-only $(pc --cflags) "$WORK/one.c"
    else
        skip "no C++ compiler here"
    fi
done

is "$(nm -D --defined-only "$libdir/libmlrt.so" | awk '$3 !~ /^mlrt_/')" "" "libmlrt exports only mlrt_ names"

cat >"$WORK/twice.c" <<'END'
#include <mlrt/mlrt.h>
static mlrt_node *twice_build(const mlrt_layer *self, mlrt_node *const in[]) {
    (void)self;
    return mlrt_add(in[0], in[0]);
}
MLRT_LAYER(twice, .summary = "y = 2 x", .build = twice_build);
MLRT_PLUGIN("twice", "A layer that doubles", &twice_class.base);
END
# shellcheck disable=SC2046
ok "a plugin is one file and one line" ${CC:-cc} -shared -fPIC -Wall -Werror "$WORK/twice.c" -o "$WORK/twice.so" $(pc --cflags --libs)
done_testing
