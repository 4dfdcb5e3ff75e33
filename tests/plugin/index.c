/* index.c - plugins that are promised by an index: files stay closed until a word of theirs is used, and whatever happens to
 * files or indexes, nobody hears anything else than from the files themselves.
 *
 * Every start is a process of its own, because one that has a file open keeps what it was. */
#define _GNU_SOURCE /* memmem */
#include "plugin/loader.h"
#include "scratch.h"
#include "tap.h"
#include <dirent.h>
#include <mlrt/plugin.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { TEXT = 8192 };

MLRT_PRINTF(1, 2) static void run(const char *format, ...) {
    char command[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command) != 0) diag("failed: %s", command);
}

/* A plugin, older than the ticks of any clock unless it is to be new. */
static void build(const char *file, const char *options, bool old) {
    run(MLRT_CC " -shared -fPIC -w -I'%s/../runtime/include' %s '%s/plugin/fixture.c' -o '%s'", getenv("MLRT_TESTS"),
        options, getenv("MLRT_TESTS"), scratch(file));
    if (old) run("touch -d '1 minute ago' '%s'", scratch(file));
}

/* ---- a start ---- */

static void start(mlrt__registry *r, bool promise) {
    mlrt_error err = {0};
    const char *folder = scratch("set");
    (promise ? mlrt__plugins_promise : mlrt__plugins_load)(r, &folder, 1, &err);
    if (err.status) diag("%s", err.message);
}

static int opened(const mlrt__registry *r) {
    int count = 0;
    for (int32_t i = 0; i < r->plugins; i++) count += r->plugin[i]->plugin != NULL;
    return count - 1; /* without mlrt's own */
}

/* What there is and what is said about it, asked word by word. */
static void describe(FILE *out, bool promise) {
    static const char *const words[] = {"a.wiggle", "b.wiggle", "c.wiggle", "a.waggle", "b.waggle", "wiggle", "zebra"};
    mlrt__registry r = {0};
    char text[2048];
    start(&r, promise);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (mlrt_kind kind = MLRT_KIND_LAYER; kind <= MLRT_KIND_LOSS; kind++) {
            mlrt_error err = {0};
            const mlrt__entry *e = mlrt__registry_find(&r, kind, words[i], &err);
            if (e)
                fprintf(out, "%s is %s of %s, %s\n", words[i], e->cls->name, e->from->plugin->name, e->from->path);
            else
                fprintf(out, "%s\n", mlrt_error_text(&err, text, sizeof text));
        }
    for (int32_t i = 0; i < r.entries; i++) fprintf(out, "%s ", r.entry[i].name);
    for (int32_t i = 0; i < r.plugins; i++) fprintf(out, "%s ", r.plugin[i]->outline.name);
    for (int32_t i = 0; i < r.refusals; i++) fprintf(out, "\n%s: %s", r.refused[i].path, r.refused[i].reason);
    mlrt__registry_free(&r);
}

static void count_opened(FILE *out, bool promise) {
    mlrt__registry r = {0};
    start(&r, promise);
    fprintf(out, "%d", opened(&r));
    mlrt__registry_free(&r);
}

static const char *in_a_process(void (*what)(FILE *out, bool promise), bool promise) {
    static char text[2][TEXT];
    static int next;
    char *to = text[next++ % 2];
    int ends[2];
    fflush(stdout);
    if (pipe(ends) != 0) return "no pipe";
    const pid_t child = fork();
    if (child == 0) {
        FILE *out = fdopen(ends[1], "w");
        what(out, promise);
        _exit(fclose(out) != 0);
    }
    close(ends[1]);
    FILE *in = fdopen(ends[0], "r");
    to[fread(to, 1, TEXT - 1, in)] = 0;
    fclose(in);
    int status = -1;
    waitpid(child, &status, 0);
    return status == 0 ? to : "the process failed";
}

static int opened_at_start(void) { return atoi(in_a_process(count_opened, true)); }

/* All is said as the files say it, by the index that is there and by the one that it is replaced with; then `closed` files of
 * `files` stay so at the next start. */
static void truthful(int files, int closed, const char *name) {
    ok(strcmp(in_a_process(describe, true), in_a_process(describe, false)) == 0, "%s: nothing else is heard", name);
    is_str(in_a_process(describe, true), in_a_process(describe, false), name);
    is_int(opened_at_start(), files - closed, "%s: %d of %d files stay closed", name, closed, files);
}

/* ---- the index itself ---- */

static const char *index_name(void) {
    static char name[256];
    name[0] = 0;
    DIR *folder = opendir(scratch("cache"));
    for (struct dirent *e; folder && (e = readdir(folder));)
        if (strncmp(e->d_name, "plugins-", 8) == 0) snprintf(name, sizeof name, "%s", e->d_name);
    if (folder) closedir(folder);
    return name;
}

static char *index_path(void) {
    static char path[2048];
    snprintf(path, sizeof path, "%s/%s", scratch("cache"), index_name());
    return path;
}

static int64_t index_has(const char *what) {
    char *data = NULL;
    size_t size = 0;
    const bool found = mlrt_cache_read(index_name(), (void **)&data, &size) && memmem(data, size, what, strlen(what));
    free(data);
    return found;
}

/* The index with the first `from` replaced, checksum and all. */
static void forge(const char *from, const char *to) {
    char *data, text[TEXT];
    size_t size;
    if (!mlrt_cache_read(index_name(), (void **)&data, &size)) return diag("there is no index");
    char *at = memmem(data, size, from, strlen(from));
    if (at) {
        const size_t before = (size_t)(at - data), after = size - before - strlen(from);
        memcpy(text, data, before);
        memcpy(text + before, to, strlen(to));
        memcpy(text + before + strlen(to), at + strlen(from), after);
        mlrt_cache_write(index_name(), text, before + strlen(to) + after);
    } else
        diag("the index has no '%s'", from);
    free(data);
}

/* ---- tests ---- */

static void test_closed(void) {
    is_int(opened_at_start(), 2, "at first both files are opened");
    is_int(opened_at_start(), 0, "then none");
    mlrt__registry r = {0};
    start(&r, true);
    ok(mlrt__registry_find(&r, MLRT_KIND_LAYER, "b.wiggle", NULL)->cls != NULL, "a word that is used opens its file");
    is_int(opened(&r), 1, "and no other");
    mlrt_error err = {0};
    ok(!mlrt__registry_find(&r, MLRT_KIND_LAYER, "b.wigle", &err), "a word that is not there");
    is_str(err.hint, "did you mean 'b.wiggle'?", "has its hint");
    is_int(opened(&r), 2, "and is looked for in all files");
    mlrt__registry_free(&r);
    truthful(2, 2, "nothing has changed");
}

static void test_files(void) {
    build("set/c.so", "-DPLUGIN='\"c\"'", true);
    truthful(3, 3, "a new file");
    run("rm '%s'", scratch("set/c.so"));
    truthful(2, 2, "a file less");
    ok(!index_has("c.so"), "which the index forgets");
    build("set/b.so", "-DPLUGIN='\"b\"' -DCLASS=waggle", true);
    truthful(2, 2, "a file with another class");
    build("set/b.so", "-DPLUGIN='\"a\"' -DCLASS=waggle", true);
    truthful(1, 0, "a file that takes the name of another");
    struct stat before = {0}, after = {0};
    stat(index_path(), &before);
    opened_at_start();
    stat(index_path(), &after);
    ok(before.st_ino && before.st_ino == after.st_ino, "which is no reason to write the index again");
    build("set/b.so", "-DPLUGIN='\"b\"' -DGUARD_ABI=1", true);
    truthful(1, 1, "a file that became wrong");
    run("echo nothing > '%s'; touch -d '1 minute ago' '%s'", scratch("set/b.so"), scratch("set/b.so"));
    truthful(1, 1, "a file that is no shared object");
    build("set/b.so", "-DPLUGIN='\"b\"'", false);
    truthful(2, 1, "a file that was written just now");
    run("touch -d '1 minute ago' '%s'", scratch("set/b.so"));
    truthful(2, 2, "and later");
    run("chmod o+w '%s'", scratch("set/b.so"));
    truthful(1, 1, "a file that others may write to");
    run("chmod o-w '%s'", scratch("set/b.so"));
    truthful(2, 2, "and no longer");
}

static const struct {
    const char *from, *to, *name;
} forged[] = {
    {"layer wiggle\n", "", "a word is left out"},
    {"layer wiggle\n", "layer wiggle\nlayer waggle\n", "a word is added"},
    {"layer wiggle\n", "layer waggle\n", "a word is another"},
    {"layer wiggle\n", "loss wiggle\n", "a word is of another kind"},
    {"layer wiggle\n", "layer wiggle\nlayer wiggle\n", "a word is there twice"},
    {"plugin b ", "plugin c ", "a plugin has another name"},
    {"plugin a ", "plugin b ", "two plugins have one name"},
    {" b.so\n", " zzz.so\n", "a file has another name"},
    {"layer wiggle\n", "layer\n", "a line is short"},
    {"layer wiggle\n", "lawyer wiggle\n", "a kind is unknown"},
    {"layer wiggle\n", "layer ../wiggle\n", "a word is none"},
    {"\nplugin a ", "\nlayer a\nplugin a ", "a word has no plugin"},
    {", abi ", ", abi 9", "another mlrt wrote it"},
};

/* What a script hears that asks for a word that is there and for one that is not. */
static const char *asked(void) {
    static char text[2][TEXT];
    static int next;
    char command[4096], *to = text[next++ % 2];
    snprintf(command, sizeof command, "mlrt run --plugins '%s' '%s' 2>&1", scratch("set"), scratch("ask.lua"));
    FILE *out = popen(command, "r");
    to[fread(to, 1, TEXT - 1, out)] = 0;
    pclose(out);
    return to;
}

static void test_forged(void) {
    FILE *script = fopen(scratch("ask.lua"), "w");
    fputs("local layer = require('mlrt').layer\n"
          "print(tostring(layer.a.wiggle {}))\n"
          "layer.a.waggle {}\n",
          script);
    fclose(script);
    const char *truth = asked();
    has_str(truth, "layer.a.wiggle\n", "a script uses a word");
    has_str(truth, "ask.lua:3: no layer 'a.waggle' (did you mean 'a.wiggle'?)\n", "and is told that there is no other");
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        forge(forged[i].from, forged[i].to);
        truthful(2, 2, forged[i].name);
        forge(forged[i].from, forged[i].to);
        is_str(asked(), truth, "%s: a script hears nothing else", forged[i].name);
        is_int(opened_at_start(), 0, "%s: and the index is right again", forged[i].name);
    }
}

/* Every byte of the index changed, and every length cut. */
static void damage(FILE *out, bool promise) {
    char bytes[2048], name[2048];
    snprintf(name, sizeof name, "%s", index_path());
    FILE *file = fopen(name, "r");
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    int wrong = 0;
    for (size_t i = 0; i < 2 * size; i += 7) {
        const bool cut = i >= size;
        const size_t at = i % size;
        file = fopen(name, "w");
        bytes[at] ^= 32;
        fwrite(bytes, 1, cut ? at : size, file);
        bytes[at] ^= 32;
        fclose(file);
        mlrt__registry r = {0};
        start(&r, promise);
        const mlrt__entry *e = mlrt__registry_find(&r, MLRT_KIND_LAYER, "a.wiggle", NULL);
        wrong += !e || !e->cls || r.plugins != 3 || r.refusals;
        mlrt__registry_free(&r);
    }
    fprintf(out, "%d", wrong);
}

static void test_damaged(void) {
    is_str(in_a_process(damage, true), "0", "a damaged index is never believed");
    truthful(2, 2, "after damage");
    run("rm -r '%s'; mkdir '%s'", index_path(), index_path());
    truthful(2, 0, "a folder is in the index's place");
    run("rmdir '%s'", index_path());
    setenv("MLRT_CACHE", "/dev/null/nowhere", 1);
    truthful(2, 0, "no index can be written");
    setenv("MLRT_CACHE", scratch("cache"), 1);
    truthful(2, 2, "and again it can");
}

/* What happens to a file after the start is told where a word of it is used. */
static void vanish(FILE *out, bool promise) {
    char text[2048];
    mlrt__registry r = {0};
    mlrt_error err = {0};
    start(&r, promise);
    run("mv '%s' '%s'", scratch("set/b.so"), scratch("aside.so"));
    build("set/b.so", "-DPLUGIN='\"b\"' -DMISSING=nowhere_at_all", true);
    if (!mlrt__registry_find(&r, MLRT_KIND_LAYER, "b.wiggle", &err))
        fprintf(out, "%s", mlrt_error_text(&err, text, sizeof text));
    fprintf(out, "\n%s", mlrt__registry_find(&r, MLRT_KIND_LAYER, "a.wiggle", NULL) ? "a is there" : "a is lost");
    mlrt__registry_free(&r);
}

static void test_vanished(void) {
    const char *heard = in_a_process(vanish, true);
    has_str(heard, "no layer 'b.wiggle' (refused '", "a promise that is broken gives an error");
    has_str(heard, "undefined symbol: nowhere_at_all", "with the reason");
    has_str(heard, "\na is there", "and others are kept");
    run("mv '%s' '%s'", scratch("aside.so"), scratch("set/b.so"));
    truthful(2, 2, "the file is back");
}

static void test_two(void) {
    pid_t child[4];
    for (int i = 0; i < 4; i++)
        if (!(child[i] = fork())) {
            int wrong = 0;
            for (int n = 0; n < 10; n++) {
                mlrt__registry r = {0};
                if (i == 0) unlink(index_path());
                start(&r, true);
                wrong += r.plugins != 3 || !mlrt__registry_find(&r, MLRT_KIND_LAYER, "b.wiggle", NULL);
                mlrt__registry_free(&r);
            }
            _exit(wrong);
        }
    int status, wrong = 0;
    for (int i = 0; i < 4; i++) waitpid(child[i], &status, 0), wrong += status != 0;
    is_int(wrong, 0, "processes that start together do not mind each other");
    truthful(2, 2, "after them");
}

int main(void) {
    umask(022);
    if (!getenv("MLRT_TESTS") || system(MLRT_CC " --version > /dev/null 2>&1") != 0)
        return skip_all("no compiler here");
    setenv("HOME", scratch("home"), 1);
    setenv("MLRT_CACHE", scratch("cache"), 1);
    unsetenv("MLRT_PLUGIN_PATH");
    mkdir(scratch("set"), 0755);
    build("set/a.so", "-DPLUGIN='\"a\"'", true);
    build("set/b.so", "-DPLUGIN='\"b\"'", true);
    test_files();
    test_forged();
    test_damaged();
    test_vanished();
    test_two();
    unlink(index_path());
    test_closed(); /* in this process: the last, because it keeps the files open */
    return done_testing();
}
