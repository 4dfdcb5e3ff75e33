/* query.c - finding runs and what they left. */
#include "base/text.h"
#include "store/db.h"
#include "store/process.h"
#include "store/rows.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- one row of each kind ---- */

static mlrt__run_status read_status(const char *text, const mlrt__process *p) {
    mlrt__run_status status = 0;
    while (status < MLRT__RUN_FAILED && strcmp(text, mlrt__run_status_name(status))) status++;
    return status == MLRT__RUN_RUNNING && mlrt__process_gone(p) ? MLRT__RUN_INTERRUPTED : status;
}

mlrt__run mlrt__read_run(sqlite3_stmt *q, mlrt__arena *arena) {
    mlrt__process p = {.pid = sqlite3_column_int64(q, 11), .started = sqlite3_column_int64(q, 12)};
    snprintf(p.host, sizeof p.host, "%s", mlrt__db_text(q, 9, arena));
    snprintf(p.boot, sizeof p.boot, "%s", mlrt__db_text(q, 10, arena));
    return (mlrt__run){
        .id = sqlite3_column_int64(q, 0),
        .experiment = mlrt__db_text(q, 1, arena),
        .script = mlrt__db_text(q, 2, arena),
        .script_hash = mlrt__db_text(q, 3, arena),
        .seed = sqlite3_column_int64(q, 4),
        .status = read_status(mlrt__db_text(q, 5, arena), &p),
        .message = mlrt__db_maybe(q, 6, arena),
        .created = mlrt__db_text(q, 7, arena),
        .finished = mlrt__db_maybe(q, 8, arena),
        .host = mlrt__db_text(q, 9, arena),
        .pid = p.pid,
        .identity = mlrt__db_text(q, 13, arena),
    };
}

static void read_param(sqlite3_stmt *q, mlrt__arena *arena, void *row) {
    *(mlrt__run_param *)row =
        (mlrt__run_param){mlrt__db_text(q, 0, arena), mlrt__db_text(q, 1, arena), sqlite3_column_int(q, 2)};
}

static void read_fact(sqlite3_stmt *q, mlrt__arena *arena, void *row) {
    *(mlrt__run_fact *)row = (mlrt__run_fact){mlrt__db_text(q, 0, arena), mlrt__db_text(q, 1, arena)};
}

static void read_measure(sqlite3_stmt *q, mlrt__arena *arena, void *row) {
    const bool number = sqlite3_column_type(q, 4) != SQLITE_NULL;
    *(mlrt__run_measure *)row =
        (mlrt__run_measure){sqlite3_column_int64(q, 0), sqlite3_column_int(q, 1), mlrt__db_text(q, 2, arena),
                            mlrt__db_text(q, 3, arena), number ? sqlite3_column_double(q, 4) : (double)NAN};
}

static void read_artifact(sqlite3_stmt *q, mlrt__arena *arena, void *row) {
    *(mlrt__run_artifact *)row = (mlrt__run_artifact){mlrt__db_text(q, 0, arena), mlrt__db_text(q, 1, arena),
                                                      sqlite3_column_int64(q, 2), mlrt__db_text(q, 3, arena)};
}

/* ---- the parts of a run: each is a list of rows ---- */

#define SPLIT_ORDER "CASE split WHEN 'train' THEN 0 WHEN 'valid' THEN 1 WHEN 'test' THEN 2 ELSE 3 END, split, name"

typedef struct part {
    const char *sql;
    void (*read)(sqlite3_stmt *q, mlrt__arena *arena, void *row);
    size_t size, list, count; /* of a row; where the list and its length are in mlrt__run */
} part;

#define PART(type, member, reader, question)                                                                           \
    { question, reader, sizeof(type), offsetof(mlrt__run, member), offsetof(mlrt__run, member##s) }

/* What is printed as JSON must be JSON, even from a file that another program changed. */
enum { PARAMS, FACTS, RESULTS, LASTS, METRICS, ARTIFACTS, PARTS };
static const part parts[PARTS] = {
    PART(mlrt__run_param, param, read_param,
         "SELECT name, CASE WHEN json_valid(value) THEN value ELSE json_quote(value) END, given FROM params"
         " WHERE run = ? ORDER BY name"),
    PART(mlrt__run_fact, fact, read_fact, "SELECT name, value FROM facts WHERE run = ? ORDER BY name"),
    PART(mlrt__run_fact, result, read_fact,
         "SELECT name, CASE WHEN json_valid(value) THEN value ELSE json_quote(value) END FROM results"
         " WHERE run = ? ORDER BY name"),
    /* In SQLite the other columns of max() come from the row that has it. */
    PART(mlrt__run_measure, last, read_measure,
         "SELECT max(step), epoch, split, name, value FROM metrics WHERE run = ?"
         " GROUP BY split, name ORDER BY " SPLIT_ORDER),
    PART(mlrt__run_measure, metric, read_measure,
         "SELECT step, epoch, split, name, value FROM metrics WHERE run = ? ORDER BY step, " SPLIT_ORDER),
    PART(mlrt__run_artifact, artifact, read_artifact,
         "SELECT kind, path, bytes, created FROM artifacts WHERE run = ? ORDER BY path"),
};

/* The rows of q, which is over then. */
static mlrt_status read_rows(mlrt__store *s, sqlite3_stmt *q, const part *p, mlrt__arena *arena, void **list,
                             int32_t *count, mlrt_status status, mlrt_error *err) {
    char *rows = NULL;
    int32_t used = 0, room = 0;
    while (mlrt__db_next(s, &q, &status, err)) {
        if (used == room) rows = mlrt__grow(rows, p->size * (size_t)(room = room ? 2 * room : 16));
        p->read(q, arena, rows + p->size * (size_t)used++);
    }
    *list = mlrt__arena_copy(arena, rows, p->size * (size_t)used);
    *count = used;
    free(rows);
    return status;
}

static mlrt_status read_part(mlrt__store *s, const part *p, mlrt__run *run, mlrt__arena *arena, mlrt_error *err) {
    sqlite3_stmt *q;
    void *list;
    int32_t count;
    mlrt_status status = mlrt__db_query(s, &q, err, p->sql, "i", run->id);
    status = read_rows(s, q, p, arena, &list, &count, status, err);
    memcpy((char *)run + p->list, &list, sizeof list);
    memcpy((char *)run + p->count, &count, sizeof count);
    return status;
}

/* ---- runs ---- */

int32_t mlrt__run_epochs(const mlrt__run *run) {
    int32_t epochs = 0;
    for (int32_t i = 0; i < run->lasts; i++)
        if (run->last[i].epoch > epochs) epochs = run->last[i].epoch;
    return epochs;
}

static mlrt_status find_run(mlrt__store *s, int64_t id, mlrt__arena *arena, mlrt__run *run, mlrt_error *err) {
    sqlite3_stmt *q;
    bool found = false;
    mlrt_status status = mlrt__db_query(s, &q, err, "SELECT " MLRT__RUN_COLUMNS " FROM runs WHERE id = ?", "i", id);
    while (mlrt__db_next(s, &q, &status, err)) {
        *run = mlrt__read_run(q, arena);
        found = true;
    }
    return status || found ? status : mlrt__db_no_run(s, id, err);
}

static mlrt_status load(mlrt__store *store, int64_t run, int32_t count, mlrt__arena *arena, mlrt__run *out,
                        mlrt_error *err) {
    *out = (mlrt__run){0};
    mlrt_status status = find_run(store, run, arena, out, err);
    for (int32_t i = 0; i < count && !status; i++) status = read_part(store, &parts[i], out, arena, err);
    return status;
}

mlrt_status mlrt__store_load(mlrt__store *store, int64_t run, mlrt__arena *arena, mlrt__run *out, mlrt_error *err) {
    return load(store, run, PARTS, arena, out, err);
}

mlrt_status mlrt__store_summary(mlrt__store *store, int64_t run, mlrt__arena *arena, mlrt__run *out, mlrt_error *err) {
    return load(store, run, METRICS, arena, out, err);
}

mlrt_status mlrt__read_params(mlrt__store *store, mlrt__run *run, mlrt__arena *arena, mlrt_error *err) {
    return read_part(store, &parts[PARAMS], run, arena, err);
}

mlrt_status mlrt__store_series(mlrt__store *store, int64_t run, const char *split, const char *name, mlrt__arena *arena,
                               mlrt__run_measure **measures, int32_t *count, mlrt_error *err) {
    sqlite3_stmt *q;
    void *list;
    mlrt_status status = mlrt__db_query(store, &q, err,
                                        "SELECT step, epoch, split, name, value FROM metrics"
                                        " WHERE run = ? AND split = ? AND name = ? ORDER BY step",
                                        "itt", run, split, name);
    status = read_rows(store, q, &parts[LASTS], arena, &list, count, status, err);
    *measures = list;
    return status;
}

static mlrt_status check_filter(const mlrt__run_filter *f, mlrt_error *err) {
    const char *known[MLRT__RUN_STATUS_COUNT];
    for (int i = 0; i < MLRT__RUN_STATUS_COUNT; i++) {
        known[i] = mlrt__run_status_name(i);
        if (!f->status || strcmp(f->status, known[i]) == 0) return MLRT_OK;
    }
    mlrt_fail(err, MLRT_NAME, "unknown status '%s'", f->status);
    const char *near = mlrt__nearest_of(f->status, known, MLRT__RUN_STATUS_COUNT);
    if (near) return mlrt_hint(err, "did you mean '%s'?", near), MLRT_NAME;
#define X(id, text) " " text
    return mlrt_hint(err, "there are" MLRT__RUN_STATUSES(X)), MLRT_NAME;
#undef X
}

static bool wanted(const mlrt__run_filter *f, const mlrt__run *run) {
    return (!f->experiment || mlrt__matches(f->experiment, run->experiment)) &&
           (!f->status || strcmp(f->status, mlrt__run_status_name(run->status)) == 0);
}

mlrt_status mlrt__store_list(mlrt__store *store, const mlrt__run_filter *filter, mlrt__arena *arena, mlrt__run **runs,
                             int32_t *count, mlrt_error *err) {
    mlrt__run *list = NULL;
    int32_t used = 0, room = 0;
    sqlite3_stmt *q = NULL;
    mlrt_status status = check_filter(filter, err);
    if (!status) status = mlrt__db_query(store, &q, err, "SELECT " MLRT__RUN_COLUMNS " FROM runs ORDER BY id DESC", "");
    while (mlrt__db_next(store, &q, &status, err)) {
        if (filter->limit && used == filter->limit) continue;
        MLRT__ROOM(list, used, room);
        list[used] = mlrt__read_run(q, arena);
        used += wanted(filter, &list[used]);
    }
    for (int32_t i = 0; i < used && !status; i++) status = read_part(store, &parts[LASTS], &list[i], arena, err);
    *runs = mlrt__arena_copy(arena, list, sizeof *list * (size_t)used);
    *count = used;
    free(list);
    return status;
}
