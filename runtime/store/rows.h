/* rows.h - rows of the store's tables as what they are, for the files that ask questions. */
#ifndef MLRT__STORE_ROWS_H
#define MLRT__STORE_ROWS_H

#include "store/db.h"

/* What a question selects for mlrt__read_run. */
#define MLRT__RUN_COLUMNS                                                                                              \
    "id, experiment, script, script_hash, seed, status, message, created, finished, host, boot, pid, started, identity"

mlrt__run mlrt__read_run(sqlite3_stmt *q, mlrt__arena *arena);
mlrt_status mlrt__read_params(mlrt__store *store, mlrt__run *run, mlrt__arena *arena, mlrt_error *err);

/* The identity of an experiment with parameters given as lines "name=value", by name. */
void mlrt__identity_of(const char *experiment, const char *params, char identity[MLRT__IDENTITY]);

/* A run of this process, in the transaction of the caller. */
mlrt_status mlrt__put_run(mlrt__store *store, mlrt__run *run, mlrt_error *err);
mlrt_status mlrt__take_run(mlrt__store *store, int64_t run, mlrt_error *err);

#endif
