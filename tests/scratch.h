/* scratch.h - a folder of a test's own, removed when the program ends. */
#ifndef MLRT_TESTS_SCRATCH_H
#define MLRT_TESTS_SCRATCH_H

#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SCRATCH_PATHS = 8, SCRATCH_PATH = 1024 };

static struct {
    char folder[SCRATCH_PATH];
    pid_t owner; /* not a forked child */
} scratch_state;

static void scratch__at_exit(void) {
    if (getpid() != scratch_state.owner) return;
    FTS *walk = fts_open((char *[]){scratch_state.folder, NULL}, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *e; walk && (e = fts_read(walk));)
        if (e->fts_info != FTS_D) remove(e->fts_path);
    if (walk) fts_close(walk);
}

/* The path of `name` in the folder; "" is the folder itself. Good for the next 7 calls. */
static inline const char *scratch(const char *name) {
    static char path[SCRATCH_PATHS][2 * SCRATCH_PATH];
    static int next;
    if (!scratch_state.owner) {
        const char *tmp = getenv("TMPDIR");
        snprintf(scratch_state.folder, SCRATCH_PATH, "%s/mlrt-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
        if (!mkdtemp(scratch_state.folder)) {
            perror(scratch_state.folder);
            exit(1);
        }
        scratch_state.owner = getpid();
        atexit(scratch__at_exit);
    }
    next = (next + 1) % SCRATCH_PATHS;
    snprintf(path[next], sizeof path[next], *name ? "%s/%s" : "%s%s", scratch_state.folder, name);
    return path[next];
}

static inline bool scratch_exists(const char *name) { return access(scratch(name), F_OK) == 0; }

#endif
