/* db.c - SQLite with mlrt's errors. */
#include "store/db.h"
#include "base/file.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

/* ---- errors ---- */

static const struct {
    int code;
    mlrt_status status;
    const char *before, *after, *hint;
} failures[] = {
    {SQLITE_NOTADB, MLRT_FORMAT, "", " is not a run store", "move it away, and the next run makes a new one"},
    {SQLITE_CORRUPT, MLRT_FORMAT, "", " is damaged", "move it away, and the next run makes a new one"},
    {SQLITE_CONSTRAINT, MLRT_ARGUMENT, "unable to write ", "", NULL},
    {SQLITE_READONLY, MLRT_FILE, "unable to write ", "", NULL},
    {SQLITE_FULL, MLRT_FILE, "unable to write ", "", NULL},
    {SQLITE_IOERR, MLRT_FILE, "unable to use ", "", NULL},
    {SQLITE_CANTOPEN, MLRT_FILE, "unable to open ", "", NULL},
    {SQLITE_BUSY, MLRT_FILE, "unable to use ", "", "another process has held it for too long"},
    {SQLITE_NOMEM, MLRT_MEMORY, "unable to use ", "", NULL},
    {SQLITE_ERROR, MLRT_FORMAT, "", " is damaged", NULL}, /* a table or a column is missing */
};

/* The system's reason for a failure of the file, or 0. SQLite does not keep it when a commit fails to write; errno has it
 * then. */
static int system_reason(sqlite3 *db) {
    const int code = sqlite3_extended_errcode(db), kept = sqlite3_system_errno(db);
    return kept || code != SQLITE_IOERR_WRITE ? kept : errno;
}

mlrt_status mlrt__db_fail(const mlrt__store *store, mlrt_error *err) {
    const int code = sqlite3_errcode(store->db) & 0xff, system = system_reason(store->db);
    if ((code == SQLITE_IOERR || code == SQLITE_CANTOPEN) && system) {
        errno = system;
        return mlrt__file_fail(err, code == SQLITE_CANTOPEN ? "open" : "use", store->path);
    }
    size_t i = 0;
    while (i + 1 < sizeof failures / sizeof *failures && failures[i].code != code) i++;
    mlrt_fail(err, failures[i].status, "%s'%s'%s: %s", failures[i].before, store->path, failures[i].after,
              sqlite3_errmsg(store->db));
    if (failures[i].hint) mlrt_hint(err, "%s", failures[i].hint);
    return failures[i].status;
}

mlrt_status mlrt__db_no_run(const mlrt__store *store, int64_t run, mlrt_error *err) {
    mlrt_fail(err, MLRT_NAME, "no run %" PRId64 " in '%s'", run, store->path);
    return mlrt_hint(err, "mlrt runs lists them"), MLRT_NAME;
}

/* ---- statements ---- */

static int bind(sqlite3_stmt *s, const char *types, va_list args) {
    int result = SQLITE_OK;
    for (int i = 1; types[i - 1] && result == SQLITE_OK; i++) {
        if (types[i - 1] == 'i')
            result = sqlite3_bind_int64(s, i, va_arg(args, int64_t));
        else if (types[i - 1] == 'd')
            result = sqlite3_bind_double(s, i, va_arg(args, double)); /* a NaN becomes NULL */
        else
            result = sqlite3_bind_text(s, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
    }
    return result;
}

mlrt_status mlrt__db_prepare(mlrt__store *store, sqlite3_stmt **s, mlrt_error *err, const char *sql) {
    return sqlite3_prepare_v2(store->db, sql, -1, s, NULL) == SQLITE_OK ? MLRT_OK : mlrt__db_fail(store, err);
}

static mlrt_status step(mlrt__store *store, sqlite3_stmt *s, mlrt_error *err, const char *types, va_list args) {
    int result = bind(s, types, args);
    if (result == SQLITE_OK) result = sqlite3_step(s);
    const mlrt_status status = result == SQLITE_DONE || result == SQLITE_ROW ? MLRT_OK : mlrt__db_fail(store, err);
    sqlite3_reset(s);
    return status;
}

mlrt_status mlrt__db_step(mlrt__store *store, sqlite3_stmt *s, mlrt_error *err, const char *types, ...) {
    va_list args;
    va_start(args, types);
    const mlrt_status status = step(store, s, err, types, args);
    va_end(args);
    return status;
}

mlrt_status mlrt__db_run(mlrt__store *store, mlrt_error *err, const char *sql, const char *types, ...) {
    sqlite3_stmt *s = NULL;
    va_list args;
    va_start(args, types);
    mlrt_status status = mlrt__db_prepare(store, &s, err, sql);
    if (!status) status = step(store, s, err, types, args);
    va_end(args);
    sqlite3_finalize(s);
    return status;
}

mlrt_status mlrt__db_query(mlrt__store *store, sqlite3_stmt **q, mlrt_error *err, const char *sql, const char *types,
                           ...) {
    va_list args;
    va_start(args, types);
    *q = NULL;
    mlrt_status status = mlrt__db_prepare(store, q, err, sql);
    if (!status && bind(*q, types, args) != SQLITE_OK) status = mlrt__db_fail(store, err);
    va_end(args);
    return status;
}

bool mlrt__db_next(mlrt__store *store, sqlite3_stmt **q, mlrt_status *status, mlrt_error *err) {
    const int result = *status ? SQLITE_DONE : sqlite3_step(*q);
    if (result == SQLITE_ROW) return true;
    if (result != SQLITE_DONE) *status = mlrt__db_fail(store, err);
    sqlite3_finalize(*q);
    *q = NULL;
    return false;
}

const char *mlrt__db_maybe(sqlite3_stmt *q, int column, mlrt__arena *arena) {
    return mlrt__arena_string(arena, (const char *)sqlite3_column_text(q, column));
}

const char *mlrt__db_text(sqlite3_stmt *q, int column, mlrt__arena *arena) {
    const char *text = mlrt__db_maybe(q, column, arena);
    return text ? text : "";
}

mlrt_status mlrt__db_int(mlrt__store *store, int64_t *value, mlrt_error *err, const char *sql) {
    sqlite3_stmt *q;
    mlrt_status status = mlrt__db_query(store, &q, err, sql, "");
    while (mlrt__db_next(store, &q, &status, err)) *value = sqlite3_column_int64(q, 0);
    return status;
}

/* ---- transactions ---- */

mlrt_status mlrt__db_begin(mlrt__store *store, mlrt_error *err) {
    return mlrt__db_run(store, err, "BEGIN IMMEDIATE", "");
}

/* SQLite has taken some failed transactions back by itself. */
mlrt_status mlrt__db_end(mlrt__store *store, mlrt_status status, mlrt_error *err) {
    if (!status) status = mlrt__db_run(store, err, "COMMIT", "");
    if (status && !sqlite3_get_autocommit(store->db)) mlrt__db_run(store, NULL, "ROLLBACK", "");
    return status;
}
