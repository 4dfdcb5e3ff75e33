/* identity.c - which runs do the same work, and who may do it. */
#include "store/rows.h"
#include <inttypes.h>
#include <mlrt/plugin.h>
#include <stdlib.h>
#include <string.h>

/* ---- the hash ---- */

static int by_name(const void *a, const void *b) {
    return strcmp(((const mlrt__run_param *)a)->name, ((const mlrt__run_param *)b)->name);
}

static mlrt__run_param *sorted(const mlrt__run_param *params, int32_t count, mlrt__arena *arena) {
    mlrt__run_param *list = mlrt__arena_copy(arena, params, sizeof *params * (size_t)count);
    if (count) qsort(list, (size_t)count, sizeof *list, by_name);
    return list;
}

void mlrt__identity_of(const char *experiment, const char *params, char identity[MLRT__IDENTITY]) {
    mlrt__arena arena = {0};
    const uint64_t hash = mlrt_stream(mlrt__arena_printf(&arena, "%s\n%s", experiment, params));
    snprintf(identity, MLRT__IDENTITY, "%016" PRIx64, hash);
    mlrt__arena_free(&arena);
}

/* A line a parameter; the migration in store.c makes the same text in SQL. */
void mlrt__run_identity(const char *experiment, const mlrt__run_param *params, int32_t count,
                        char identity[MLRT__IDENTITY]) {
    mlrt__arena arena = {0};
    const mlrt__run_param *list = sorted(params, count, &arena);
    size_t size = 1;
    for (int32_t i = 0; i < count; i++) size += strlen(list[i].name) + strlen(list[i].value) + 2;
    char *text = mlrt__arena_alloc(&arena, size), *at = text;
    *at = 0;
    for (int32_t i = 0; i < count; i++) at += sprintf(at, "%s%s=%s", i ? "\n" : "", list[i].name, list[i].value);
    mlrt__identity_of(experiment, text, identity);
    mlrt__arena_free(&arena);
}

/* ---- finding ---- */

/* Of two runs of one identity, does the first, which is newer, say what became of it? */
static bool stands(const mlrt__run *newer, const mlrt__run *older) {
    static const int rank[MLRT__RUN_STATUS_COUNT] = {[MLRT__RUN_DONE] = 2, [MLRT__RUN_RUNNING] = 1};
    return rank[newer->status] >= rank[older->status];
}

/* Two lists of parameters can have one hash. */
static mlrt_status is_of(mlrt__store *s, mlrt__run *run, const char *experiment, const mlrt__run_param *list,
                         int32_t count, mlrt__arena *arena, bool *same, mlrt_error *err) {
    const mlrt_status status = mlrt__read_params(s, run, arena, err);
    *same = run->params == count && strcmp(run->experiment, experiment) == 0;
    for (int32_t i = 0; i < count && *same; i++)
        *same = strcmp(run->param[i].name, list[i].name) == 0 && strcmp(run->param[i].value, list[i].value) == 0;
    return status;
}

static bool is_open(mlrt__run_status status) { return status != MLRT__RUN_DONE && status != MLRT__RUN_RUNNING; }

mlrt_status mlrt__store_find(mlrt__store *store, const char *experiment, const mlrt__run_param *params, int32_t count,
                             bool open, int64_t *run, mlrt__run_status *run_status, mlrt_error *err) {
    mlrt__arena arena = {0};
    const mlrt__run_param *list = sorted(params, count, &arena);
    mlrt__run best = {0};
    char identity[MLRT__IDENTITY];
    sqlite3_stmt *q;
    mlrt__run_identity(experiment, params, count, identity);
    mlrt_status status = mlrt__db_query(
        store, &q, err, "SELECT " MLRT__RUN_COLUMNS " FROM runs WHERE identity = ? ORDER BY id DESC", "t", identity);
    while (mlrt__db_next(store, &q, &status, err)) {
        mlrt__run found = mlrt__read_run(q, &arena);
        bool same;
        if ((open && !is_open(found.status)) || (best.id && stands(&best, &found))) continue;
        status = is_of(store, &found, experiment, list, count, &arena, &same, err);
        if (same) best = found;
    }
    *run = best.id;
    *run_status = best.status;
    mlrt__arena_free(&arena);
    return status;
}

mlrt_status mlrt__store_outcomes(mlrt__store *store, const char *experiment, mlrt__arena *arena, mlrt__run **runs,
                                 int32_t *count, mlrt_error *err) {
    mlrt__run *list = NULL;
    int32_t used = 0, room = 0;
    sqlite3_stmt *q;
    mlrt_status status = mlrt__db_query(
        store, &q, err, "SELECT " MLRT__RUN_COLUMNS " FROM runs WHERE experiment = ? ORDER BY identity, id DESC", "t",
        experiment);
    while (mlrt__db_next(store, &q, &status, err)) {
        MLRT__ROOM(list, used, room);
        const mlrt__run run = mlrt__read_run(q, arena);
        mlrt__run *last = used ? &list[used - 1] : NULL;
        if (!last || strcmp(last->identity, run.identity))
            list[used++] = run;
        else if (!stands(last, &run))
            *last = run;
    }
    *runs = mlrt__arena_copy(arena, list, sizeof *list * (size_t)used);
    *count = used;
    free(list);
    return status;
}

/* ---- claiming ---- */

mlrt_status mlrt__store_claim(mlrt__store *store, mlrt__run *run, bool retry, bool *mine, mlrt_error *err) {
    int64_t id = 0;
    mlrt__run_status there = MLRT__RUN_RUNNING;
    mlrt_status status = mlrt__db_begin(store, err);
    if (status) return status;
    status = mlrt__store_find(store, run->experiment, run->param, run->params, false, &id, &there, err);
    *mine = !id || (is_open(there) && (retry || there != MLRT__RUN_FAILED));
    if (!status && *mine) status = id ? mlrt__take_run(store, id, err) : mlrt__put_run(store, run, err);
    if (id) run->id = id;
    run->status = id && !*mine ? there : MLRT__RUN_RUNNING;
    return mlrt__db_end(store, status, err);
}
