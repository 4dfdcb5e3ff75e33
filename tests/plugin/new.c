/* new.c - what `mlrt new` writes: plugins that build and load, and files that are never overwritten. */
#include "plugin/new.h"
#include "plugin/loader.h"
#include "tap.h"
#include <sys/stat.h>

static char work[] = "/tmp/mlrt-new-XXXXXX";
static const char *const kinds[] = {"layer", "loss", "optimizer", "schedule", "task"};

/* What it says, or its error. */
static const char *make(const char *kind, const char *name, const char *folder) {
    static char *said;
    static char line[2048];
    size_t size;
    mlrt_error err = {0};
    free(said);
    FILE *out = open_memstream(&said, &size);
    const mlrt_status status = mlrt__new(kind, name, folder, out, &err);
    fclose(out);
    return status == MLRT_OK ? said : mlrt_error_text(&err, line, sizeof line);
}

static bool exists(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", work, name);
    return access(path, F_OK) == 0;
}

static bool contains(const char *name, const char *text) {
    char command[1024];
    snprintf(command, sizeof command, "grep -qF -e '%s' '%s/%s'", text, work, name);
    return system(command) == 0;
}

static bool built(const char *name) {
    char command[2048];
    snprintf(command, sizeof command,
             MLRT_CC " -Wall -Wextra -Werror -shared -fPIC -O2 -I'%s/../runtime/include' '%s/%s.c' -o '%s/%s.so'",
             getenv("MLRT_TESTS"), work, name, work, name);
    return system(command) == 0;
}

static void test_plugins(void) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char name[32], wrote[512];
        snprintf(name, sizeof name, "my_%s", kinds[i]);
        snprintf(wrote, sizeof wrote, "wrote: %s/%s.c\nwrote: %s/%s.t\nbuild: cc ", work, name, work, name);
        has_str(make(kinds[i], name, work), wrote, "a new %s is two files and advice", kinds[i]);
        ok(built(name), "its %s builds without a warning", kinds[i]);
    }
    ok(contains("my_layer.t", "inspect --plugins . layer.my_layer"), "its test asks for it by name");
    ok(!contains("my_layer.c", "@NAME@") && !contains("my_layer.t", "@"), "every blank is filled in");

    mlrt__registry r = {0};
    mlrt_error err = {0};
    const char *folder = work;
    ok(mlrt__plugins_load(&r, &folder, 1, &err) == MLRT_OK, "the folder loads");
    for (int32_t i = 0; i < r.refusals; i++) diag("%s: %s", r.refused[i].path, r.refused[i].reason);
    for (int kind = 0; kind < MLRT_KIND_COUNT; kind++) {
        char name[32];
        snprintf(name, sizeof name, "my_%s", kinds[kind]);
        ok(mlrt__registry_find(&r, (mlrt_kind)kind, name, NULL) != NULL, "%s is found", name);
    }
    mlrt__registry_free(&r);
}

static void test_names(void) {
    has_str(make("layer", "double", work), "double.c\n", "a word of C may be a name");
    ok(built("double"), "and builds");
    is_str(make("layer", "end", work),
           "'end' cannot be a name: expected letters, digits and underscores, no word of Lua's own",
           "a word of Lua may not");
    is_str(make("layer", "my-layer", work),
           "'my-layer' cannot be a name: expected letters, digits and underscores, no word of Lua's own",
           "nor two words");
    is_str(
        make("leyer", "x", work),
        "unknown kind 'leyer': expected layer, loss, optimizer, schedule, task or experiment (did you mean 'layer'?)",
        "a kind is known");
    ok(!exists("x.c"), "or nothing is written");
}

static void test_files(void) {
    has_str(make("experiment", "mine", work), "run:   mlrt run ", "a new experiment is one file and advice");
    ok(contains("mine.lua", "mlrt.experiment \"mine\""), "with its name");
    has_str(make("experiment", "mine", work), "mine.lua' is already there", "a file is not overwritten");
    char path[512];
    snprintf(path, sizeof path, "%s/half.t", work);
    fclose(fopen(path, "w"));
    has_str(make("loss", "half", work), "half.t' is already there", "not even the second");
    ok(!exists("half.c"), "and then the first is not written either");
    has_str(make("loss", "x", "/nowhere/at/all"), "unable to write '/nowhere/at/all/x.c': No such file",
            "a folder is there");
    struct stat s;
    snprintf(path, sizeof path, "%s/my_loss.t", work);
    ok(stat(path, &s) == 0 && (s.st_mode & S_IXUSR) && !(s.st_mode & S_IWOTH),
       "a test can be run, by nobody written to");
}

int main(void) {
    umask(022);
    if (!getenv("MLRT_TESTS") || system(MLRT_CC " --version > /dev/null 2>&1") != 0)
        return skip_all("no compiler here");
    if (!mkdtemp(work)) return skip_all("no folder for temporary files");
    setenv("HOME", work, 1);
    unsetenv("MLRT_PLUGIN_PATH");
    test_plugins();
    test_names();
    test_files();
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", work);
    ok(system(command) == 0, "clean again");
    return done_testing();
}
