/* loader.c - the search path, and every kind of file that is not taken. Plugins are built here, from fixture.c. */
#include "plugin/loader.h"
#include "tap.h"
#include <fcntl.h>
#include <sys/stat.h>

#if defined __x86_64__
#    include <xmmintrin.h>
#else
#    define _mm_getcsr()      0u
#    define _mm_setcsr(value) (void)(value)
#endif

enum { DENORMALS_ARE_ZERO = 0x8040 };

static char work[] = "/tmp/mlrt-loader-XXXXXX";

MLRT_PRINTF(1, 2) static void run(const char *format, ...) {
    char command[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command) != 0) diag("failed: %s", command);
}

static const char *in(const char *name) {
    static char path[4][512];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", work, name);
    return p;
}

/* Build the fixture as folder/file, with options. */
static void fixture(const char *file, const char *options) {
    run(MLRT_CC " -shared -fPIC -w -I'%s/../runtime/include' %s '%s/plugin/fixture.c' -o '%s'", getenv("MLRT_TESTS"),
        options, getenv("MLRT_TESTS"), in(file));
}

static const char *reason(const mlrt__registry *r, const char *file) {
    for (int32_t i = 0; i < r->refusals; i++)
        if (strcmp(r->refused[i].path, in(file)) == 0) return r->refused[i].reason;
    return "not refused";
}

static const struct {
    const char *file, *options, *reason;
} refused[] = {
    {"one/abi.so", "-DGUARD_ABI=1", "built for another mlrt: its abi is 1, expected 2; rebuild it against mlrt "},
    {"one/magic.so", "-DMAGIC=\\\"elfplug\\\"", "not an mlrt plugin: 'mlrt_plugin_v' does not begin with 'mlrtplug'"},
    {"one/prop.so", "-DGUARD_PROP_SIZE=8", "built for another mlrt: its prop_size is 8, expected "},
    {"one/symbol.so", "-DSYMBOL=something_else", "not an mlrt plugin: it does not export 'mlrt_plugin_v'"},
    {"one/missing.so", "-DMISSING=a_function_that_is_nowhere", "undefined symbol: a_function_that_is_nowhere"},
    {"one/newer.so", "-DMISSING=mlrt_a_later_function", "mlrt_a_later_function (rebuild it against mlrt "},
    {"one/range.so", "-DRANGE='\"[1\"'",
     "layer 'wiggle': property 'times': its range '[1' is not an interval of numbers"},
    {"one/twin.so", "-DCLASS=other", "plugin 'lab' is already there, from '/tmp/mlrt-loader-"},
    {"one/wiggle.so", "-DPLUGIN='\"core\"' -DCLASS=waggle", "layer 'waggle' is already there, from '/tmp/mlrt-loader-"},
};

/* Not on every machine, and not under valgrind. */
static bool denormals_can_be_zero(void) {
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | DENORMALS_ARE_ZERO);
    const bool can = _mm_getcsr() != before;
    _mm_setcsr(before);
    return can;
}

static void test_fast_math(void) {
    if (!denormals_can_be_zero()) {
        skip("denormals are numbers here, whatever a plugin does");
        return;
    }
    mkdir(in("fast"), 0755);
    fixture("fast/fast.so", "-ffast-math");
    mlrt__registry r = {0};
    const char *folder = in("fast");
    mlrt__plugins_load(&r, &folder, 1, NULL);
    is_str(reason(&r, "fast/fast.so"), "it changes the arithmetic of the whole process: rebuild it without -ffast-math",
           "-ffast-math is refused");
    is_int((int64_t)(_mm_getcsr() & DENORMALS_ARE_ZERO), 0, "and denormals are still numbers");
    mlrt__registry_free(&r);
}

static void test_refusals(void) {
    mkdir(in("one"), 0755);
    fixture("one/a_good.so", "");
    fixture("one/also.so", "-DPLUGIN='\"waggle\"' -DCLASS=waggle");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) fixture(refused[i].file, refused[i].options);
    run("echo 'not a plugin' > '%s'; echo 'nor this' > '%s'", in("one/text.so"), in("one/readme.txt"));
    run("cp '%s' '%s'; chmod o+w '%s'", in("one/a_good.so"), in("one/open.so"), in("one/open.so"));
    run("ln -s /nowhere/at/all '%s'", in("one/dangling.so"));

    mlrt__registry r = {0};
    mlrt_error err = {0};
    const char *folder = in("one");
    ok(mlrt__plugins_load(&r, &folder, 1, &err) == MLRT_OK, "a folder with bad plugins loads");
    ok(mlrt__registry_find(&r, MLRT_KIND_LAYER, "lab.wiggle", NULL) != NULL, "the good plugin is there");
    ok(mlrt__registry_find(&r, MLRT_KIND_LAYER, "waggle", NULL) != NULL, "and the other one");
    is_int(r.plugins, 3, "and no more, besides what mlrt brings itself");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        has_str(reason(&r, refused[i].file), refused[i].reason, "%s is refused", refused[i].file);
    has_str(reason(&r, "one/text.so"), "unable to open it: ", "a file that is not a shared object is refused");
    has_str(reason(&r, "one/open.so"), "others may write to the file (mode ",
            "a file that anybody may write to is refused");
    has_str(reason(&r, "one/dangling.so"), "unable to read it: No such file", "a link to nothing is refused");
    for (int32_t i = 0; i < r.refusals; i++)
        ok(!strchr(r.refused[i].reason, '\n'), "one line: %s", r.refused[i].reason);
    mlrt__registry_free(&r);
}

static void test_path(void) {
    run("cd '%s' && mkdir -m 755 two three four home && mkdir -p -m 755 home/.local/lib/mlrt/plugins", work);
    fixture("two/p.so", "-DPLUGIN='\"two\"'");
    fixture("three/p.so", "-DPLUGIN='\"three\"'");
    fixture("home/.local/lib/mlrt/plugins/p.so", "-DPLUGIN='\"home\"'");
    fixture("four/p.so", "-DPLUGIN='\"four\"'");
    run("chmod 1777 '%s'", in("four"));
    char list[2048];
    snprintf(list, sizeof list, "%s:/nowhere/at/all::%s:%s", in("three"), in("two"), in("four"));
    setenv("MLRT_PLUGIN_PATH", list, 1);
    setenv("HOME", in("home"), 1);

    mlrt__registry r = {0};
    mlrt_error err = {0};
    const char *folder = in("two");
    ok(mlrt__plugins_load(&r, &folder, 1, &err) == MLRT_OK, "a folder of the path may be missing");
    const char *const names[] = {"home", "three", "two"};
    for (int i = 0; i < 3; i++) ok(mlrt__registry_plugin(&r, names[i]) != NULL, "plugin %s is found", names[i]);
    is_str(r.searched[0], in("two"), "a folder given by hand comes first");
    is_str(r.searched[1], in("three"), "then the environment's");
    is_str(r.searched[2], "/nowhere/at/all", "a missing one too");
    is_str(r.searched[3], in("four"), "but none twice");
    is_str(r.searched[4], in("home/.local/lib/mlrt/plugins"), "then the user's own");
    has_str(reason(&r, "four"), "others may write to the folder (mode 777); chmod go-w", "an open folder is refused");
    ok(mlrt__registry_plugin(&r, "four") == NULL, "with all that is in it");
    mlrt__registry_find(&r, MLRT_KIND_TASK, "nothing_like_it", &err);
    has_str(err.hint, "refused '", "a missing class mentions what was refused");
    has_str(err.hint, "searched '", "and where it was searched");
    mlrt__registry_free(&r);

    folder = in("five");
    mlrt__plugins_load(&r, &folder, 1, &err);
    err = (mlrt_error){0};
    ok(mlrt__plugins_load(&r, &folder, 1, &err) == MLRT_FILE, "a folder given by hand must be there");
    has_str(err.message, "five': No such file or directory", "and is named when it is not");
    mlrt__registry_free(&r);
}

static void test_group(void) {
    if (geteuid() != 0) {
        skip("only root can give files away");
        return;
    }
    run("mkdir -m 755 '%s'", in("six"));
    fixture("six/stranger.so", "-DPLUGIN='\"stranger\"'");
    fixture("six/shared.so", "-DPLUGIN='\"shared\"'");
    run("chown 12345 '%s'; chgrp 12345 '%s'; chmod g+w '%s'", in("six/stranger.so"), in("six/shared.so"),
        in("six/shared.so"));
    mlrt__registry r = {0};
    const char *folder = in("six");
    mlrt__plugins_load(&r, &folder, 1, NULL);
    is_str(reason(&r, "six/stranger.so"), "the file belongs to another user (uid 12345)",
           "another user's file is refused");
    has_str(reason(&r, "six/shared.so"), "others may write to the file (mode ", "and a file that a group may write to");
    mlrt__registry_free(&r);
}

static void test_data(void) {
    char path[512];
    mlrt_error err = {0};
    run("mkdir '%s' && echo 1 > '%s'", in("data"), in("data/symbol.txt"));
    char list[1024];
    snprintf(list, sizeof list, "/nowhere:%s", in("data"));
    setenv("MLRT_DATA_PATH", list, 1);
    ok(mlrt_find_data(in("data/symbol.txt"), path, sizeof path, &err) == MLRT_OK, "a data file is found by its path");
    ok(mlrt_find_data("symbol.txt", path, sizeof path, &err) == MLRT_OK, "and by its name");
    is_str(path, in("data/symbol.txt"), "in a folder of $MLRT_DATA_PATH");
    ok(mlrt_find_data("symbols.txt", path, sizeof path, &err) == MLRT_FILE, "or not");
    has_str(err.message, "no data file 'symbols.txt': tried 'symbols.txt', '/nowhere/symbols.txt', '",
            "with every place tried");
}

int main(void) {
    umask(022);
    if (!getenv("MLRT_TESTS") || system(MLRT_CC " --version > /dev/null 2>&1") != 0)
        return skip_all("no compiler here");
    if (!mkdtemp(work)) return skip_all("no folder for temporary files");
    setenv("HOME", work, 1);
    unsetenv("MLRT_PLUGIN_PATH");
    test_refusals();
    test_fast_math();
    test_path();
    test_group();
    test_data();
    run("rm -rf '%s'", work);
    return done_testing();
}
