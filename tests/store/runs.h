/* runs.h - what the tests of the store share: a store in the test's own folder, and runs in it. */
#ifndef MLRT_TESTS_STORE_RUNS_H
#define MLRT_TESTS_STORE_RUNS_H

#include "scratch.h"
#include "store/store.h"
#include "tap.h"
#include <sqlite3.h>

static inline const char *message(const mlrt_error *err) {
    static char text[2048];
    return mlrt_error_text(err, text, sizeof text);
}

static mlrt__run_param params[] = {{"order", "\"strikeout\"", true}, {"loop", "4", false}, {"lr", "0.0001", true}};
static mlrt__run_fact facts[] = {{"threads", "2"}, {"cpu", "x86-64-v4"}};

static inline int64_t begin_run(mlrt__store *store, const char *experiment) {
    mlrt__run run = {.experiment = experiment,
                     .script = "experiments/x.lua",
                     .script_hash = "1f",
                     .seed = -7,
                     .param = params,
                     .params = 3,
                     .fact = facts,
                     .facts = 2};
    mlrt_error err = {0};
    if (mlrt__store_begin(store, &run, &err)) diag("%s", message(&err));
    return run.id;
}

static inline mlrt__store *open_store(const char *name) {
    mlrt__store *store;
    mlrt_error err = {0};
    if (mlrt__store_open(&store, scratch(name), MLRT__STORE_WRITE, &err)) diag("%s", message(&err));
    return store;
}

/* SQL as another program would run it. */
static inline void sql(const char *name, const char *text) {
    sqlite3 *db;
    char *why = NULL;
    sqlite3_open(scratch(name), &db);
    if (sqlite3_exec(db, text, NULL, NULL, &why)) diag("%s", why);
    sqlite3_free(why);
    sqlite3_close(db);
}

static inline int32_t count_runs(mlrt__store *store, const char *experiment, const char *status, int32_t limit) {
    mlrt__arena arena = {0};
    mlrt__run *runs;
    int32_t count = -1;
    mlrt_error err = {0};
    if (mlrt__store_list(store, &(mlrt__run_filter){experiment, status, limit}, &arena, &runs, &count, &err))
        diag("%s", message(&err));
    for (int32_t i = 1; i < count; i++)
        if (runs[i].id >= runs[i - 1].id) ok(false, "runs come newest first");
    mlrt__arena_free(&arena);
    return count;
}

#endif
