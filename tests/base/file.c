/* file.c - files are replaced whole or not at all: full disk, kill -9, several writers. */
#include "base/file.h"
#include "scratch.h"
#include "tap.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static const char *message(const mlrt_error *err) {
    static char text[2048];
    return mlrt_error_text(err, text, sizeof text);
}

static char *contents(const char *path) {
    char *text = NULL;
    mlrt__read_file(path, 1 << 20, &text, NULL, NULL);
    return text;
}

static void is_contents(const char *path, const char *want, const char *what) {
    char *got = contents(path);
    is_str(got, want, "%s", what);
    free(got);
}

static void reading(void) {
    mlrt_error err = {0};
    char *text;
    is_int(mlrt__read_file(scratch("none"), 9, &text, NULL, &err), MLRT_FILE, "a missing file cannot be read");
    has_str(message(&err), "none': no such file or directory", "and the message has the path and the reason");
    err = (mlrt_error){0};
    is_int(mlrt__read_file(scratch(""), 9, &text, NULL, &err), MLRT_FILE, "nor can a folder");
    has_str(message(&err), "not a regular file", "which the message says");
    err = (mlrt_error){0};
    mlrt__write_file(scratch("long"), "0123456789", 10, &err);
    is_int(mlrt__read_file(scratch("long"), 9, &text, NULL, &err), MLRT_FILE, "nor one beyond the limit");
    has_str(message(&err), "has 10 bytes, at most 9 are expected", "which the message says too");
}

static void writing(void) {
    mlrt_error err = {0};
    is_int(mlrt__make_folders(scratch("a/b/c"), &err), MLRT_OK, "folders are made with their parents");
    is_int(mlrt__make_folders(scratch("a/b/"), &err), MLRT_OK, "and may be there");
    is_int(mlrt__write_file(scratch("a/b/x"), "one", 3, &err), MLRT_OK, "a file is written");
    is_int(mlrt__write_file(scratch("a/b/x"), "two", 3, &err), MLRT_OK, "and replaced");
    is_contents(scratch("a/b/x"), "two", "with the new contents");
    is_int(mlrt__make_folders(scratch("a/b/x/y"), &err), MLRT_FILE, "a file is no folder");
    has_str(message(&err), "unable to make folder", "as the message says");
    err = (mlrt_error){0};
    is_int(mlrt__write_file(scratch("none/x"), "one", 3, &err), MLRT_FILE, "a missing folder is an error");
    has_str(message(&err), "none/x': no such file or directory", "with the path asked for");

    mlrt__output out;
    mlrt__output_open(&out, scratch("a/b/x"), NULL);
    mlrt__output_write(&out, "half", 4, NULL);
    is_int(mlrt__output_close(&out, MLRT_STOPPED, NULL), MLRT_STOPPED, "an output is given up");
    is_contents(scratch("a/b/x"), "two", "and the old file is there");
    ok(!scratch_exists("a/b/x.tmp"), "and nothing else");
}

/* In a child: write more than the file system takes. Says nothing on stdout. */
static int write_too_much(int message_to) {
    const struct rlimit limit = {100000, 100000};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    static char data[200000];
    mlrt_error err = {0};
    const mlrt_status status = mlrt__write_file(scratch("full"), data, sizeof data, &err);
    return write(message_to, message(&err), strlen(message(&err)) + 1) < 0 ? 99 : (int)status;
}

static void full_disk(void) {
    int ends[2], status = 0;
    char text[2048] = "";
    mlrt__write_file(scratch("full"), "old", 3, NULL);
    if (pipe(ends)) return;
    const pid_t child = fork();
    if (child == 0) _exit(write_too_much(ends[1]));
    waitpid(child, &status, 0);
    if (read(ends[0], text, sizeof text - 1) < 0) text[0] = 0;
    is_int(WEXITSTATUS(status), MLRT_FILE, "a full disk is an error");
    has_str(text, "full': file too large", "with its reason");
    is_contents(scratch("full"), "old", "the old file is intact");
    ok(!scratch_exists("full.tmp"), "and no part of the new one is left");
}

enum { WORDS = 50000 };

/* Files of one number, repeated: half a file, or two files mixed, would show. */
static void rewrite_for_ever(const char *path, int32_t from, int32_t step) {
    alarm(60); /* should its parent be gone */
    static int32_t data[WORDS];
    for (int32_t version = from;; version += step) {
        for (int i = 0; i < WORDS; i++) data[i] = version;
        mlrt__write_file(path, data, sizeof data, NULL);
    }
}

static bool is_whole(const char *path) {
    char *text = NULL;
    size_t size = 0;
    if (mlrt__read_file(path, 1 << 20, &text, &size, NULL)) return false;
    const int32_t *data = (const int32_t *)text;
    bool whole = size == WORDS * sizeof *data;
    for (int i = 1; whole && i < WORDS; i++) whole = data[i] == data[0];
    free(text);
    return whole;
}

static void nap(int microseconds) { nanosleep(&(struct timespec){.tv_nsec = 1000L * microseconds}, NULL); }

static void killed(void) {
    enum { TIMES = 40 };
    int whole = 0, started = 0;
    for (int i = 0; i < TIMES; i++) {
        const pid_t child = fork();
        if (child == 0) rewrite_for_ever(scratch("killed"), i, 1000);
        while (!scratch_exists("killed")) nap(200);
        nap(500 + i * 2311 % 9000);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        started++;
        whole += is_whole(scratch("killed"));
    }
    is_int(whole, started, "killed at any moment, a writer leaves a whole file");
    is_int(mlrt__write_file(scratch("killed"), "end", 3, NULL), MLRT_OK, "what it left beside it is taken over");
    ok(!scratch_exists("killed.tmp"), "and gone");
}

static void several(void) {
    enum { WRITERS = 3, LOOKS = 200 };
    pid_t child[WRITERS];
    int whole = 0;
    for (int i = 0; i < WRITERS; i++) {
        child[i] = fork();
        if (child[i] == 0) rewrite_for_ever(scratch("shared"), i, WRITERS);
    }
    while (!scratch_exists("shared")) nap(200);
    for (int i = 0; i < LOOKS; i++) nap(200), whole += is_whole(scratch("shared"));
    for (int i = 0; i < WRITERS; i++) kill(child[i], SIGKILL), waitpid(child[i], NULL, 0);
    is_int(whole, LOOKS, "with several writers, every reader finds a whole file");
}

int main(void) {
    scratch("");
    reading();
    writing();
    full_disk();
    killed();
    several();
    return done_testing();
}
