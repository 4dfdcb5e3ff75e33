/* cache.c - what plugins may ask of the process: the cache, and a line for who waits. */
#include "plugin/host.h"
#include "scratch.h"
#include "tap.h"
#include <sys/stat.h>
#include <sys/wait.h>

static bool holds(const char *name, const char *want) {
    void *data;
    size_t size;
    if (!mlrt_cache_read(name, &data, &size)) return false;
    const bool same = size == strlen(want) && memcmp(data, want, size) == 0;
    free(data);
    return same;
}

static bool keep(const char *name, const char *text) { return mlrt_cache_write(name, text, strlen(text)); }

static void test_keeping(void) {
    void *data;
    size_t size;
    setenv("MLRT_CACHE", scratch("deep/cache"), 1);
    ok(!mlrt_cache_read("a", &data, &size), "at first there is nothing");
    ok(keep("a", "first") && holds("a", "first"), "what is kept is found, in folders that are made");
    ok(keep("a", "second") && holds("a", "second"), "and replaced");
    ok(mlrt_cache_write("b", "", 0) && mlrt_cache_read("b", &data, &size) && size == 0, "nothing is something, too");
    free(data);
    char *zeros = calloc(1, 1 << 20);
    struct stat s;
    ok(mlrt_cache_write("c", zeros, 1 << 20) && stat(scratch("deep/cache/c"), &s) == 0 && s.st_size < 1 << 13,
       "it is compressed");
    free(zeros);
}

static void test_places(void) {
    unsetenv("MLRT_CACHE");
    setenv("XDG_CACHE_HOME", scratch("xdg"), 1);
    setenv("HOME", scratch("home"), 1);
    ok(keep("a", "x") && scratch_exists("xdg/mlrt/a"), "the folder is $XDG_CACHE_HOME/mlrt");
    setenv("XDG_CACHE_HOME", "relative", 1);
    ok(keep("a", "x") && scratch_exists("home/.cache/mlrt/a"), "or ~/.cache/mlrt");
    setenv("MLRT_CACHE", "/dev/null/cache", 1);
    ok(!keep("a", "x") && !holds("a", "x"), "one that cannot be written keeps nothing");
    setenv("MLRT_CACHE", scratch("deep/cache"), 1);
}

/* Every byte of a file changed, and every length cut: nothing but what was kept is ever found. */
static void test_damage(void) {
    char bytes[512];
    keep("a", "what was kept");
    FILE *file = fopen(scratch("deep/cache/a"), "r+");
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    int64_t wrong = 0;
    for (size_t i = 0; i < size; i++) {
        fseek(file, (long)i, SEEK_SET), fputc(bytes[i] ^ 64, file), fflush(file);
        void *data;
        size_t got;
        if (mlrt_cache_read("a", &data, &got)) {
            wrong += got != 13 || memcmp(data, "what was kept", 13) != 0;
            free(data);
        }
        fseek(file, (long)i, SEEK_SET), fputc(bytes[i], file), fflush(file);
    }
    is_int(wrong, 0, "a changed byte is not believed");
    for (size_t i = size; i-- > 0;)
        wrong += truncate(scratch("deep/cache/a"), (off_t)i) != 0 || holds("a", "what was kept");
    is_int(wrong, 0, "nor is a file that was cut");
    fclose(file);
}

static void test_two(void) {
    static const char *const text[] = {"one process", "and another"};
    pid_t child[2];
    for (int i = 0; i < 2; i++)
        if (!(child[i] = fork())) {
            for (int n = 0; n < 20; n++) keep("both", text[i]);
            _exit(0);
        }
    for (int i = 0; i < 2; i++) waitpid(child[i], NULL, 0);
    ok(holds("both", text[0]) || holds("both", text[1]), "of two processes, one has the last word");
}

static char heard[64];
static void hear(const char *line) { snprintf(heard, sizeof heard, "%s", line); }

static void test_saying(void) {
    mlrt_say("nobody hears %d", 1);
    mlrt__listen(hear);
    mlrt_say("somebody hears %d", 2);
    is_str(heard, "somebody hears 2", "a line for who waits");
    mlrt__listen(NULL);
    mlrt_say("nobody hears %d", 3);
    is_str(heard, "somebody hears 2", "or for nobody");
    ok(!mlrt_interrupted(), "nobody has interrupted");
}

int main(void) {
    test_keeping();
    test_places();
    test_damage();
    test_two();
    test_saying();
    return done_testing();
}
