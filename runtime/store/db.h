/* db.h - SQLite with mlrt's errors, for the store alone.
 *
 * Arguments of a statement follow a word with one letter for each: i int64_t, d double, t const char * or NULL.
 */
#ifndef MLRT__STORE_DB_H
#define MLRT__STORE_DB_H

#include "store/store.h"
#include <sqlite3.h>

struct mlrt__store {
    sqlite3 *db;
    char *folder, *path;
};

/* What SQLite said last, as one line about the store's file. */
mlrt_status mlrt__db_fail(const mlrt__store *store, mlrt_error *err);

mlrt_status mlrt__db_no_run(const mlrt__store *store, int64_t run, mlrt_error *err);

/* Run one statement, once for all or for each of many rows. */
mlrt_status mlrt__db_run(mlrt__store *store, mlrt_error *err, const char *sql, const char *types, ...);
mlrt_status mlrt__db_prepare(mlrt__store *store, sqlite3_stmt **s, mlrt_error *err, const char *sql);
mlrt_status mlrt__db_step(mlrt__store *store, sqlite3_stmt *s, mlrt_error *err, const char *types, ...);

/* Rows of a question: while (mlrt__db_next(store, &q, &status, err)) ... The query is over, and q NULL, when it returns
 * false; to leave earlier, sqlite3_finalize(q). */
mlrt_status mlrt__db_query(mlrt__store *store, sqlite3_stmt **q, mlrt_error *err, const char *sql, const char *types,
                           ...);
bool mlrt__db_next(mlrt__store *store, sqlite3_stmt **q, mlrt_status *status, mlrt_error *err);
const char *mlrt__db_text(sqlite3_stmt *q, int column, mlrt__arena *arena);  /* "" for NULL, which is not expected */
const char *mlrt__db_maybe(sqlite3_stmt *q, int column, mlrt__arena *arena); /* NULL for NULL */
mlrt_status mlrt__db_int(mlrt__store *store, int64_t *value, mlrt_error *err, const char *sql); /* one number */

/* A transaction for writing. Ending with anything but MLRT_OK takes it back. Returns the first failure. */
mlrt_status mlrt__db_begin(mlrt__store *store, mlrt_error *err);
mlrt_status mlrt__db_end(mlrt__store *store, mlrt_status status, mlrt_error *err);

#endif
