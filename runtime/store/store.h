/* store.h - the run store: what was run, with which parameters, on which machine, and how it went.
 *
 * A store is one SQLite file, FOLDER/mlrt.db; any number of processes may read and write it at once. Each call that writes
 * is one transaction: after a crash or a full disk the file holds all of it or nothing. Nothing is ever deleted. A
 * handle belongs to one thread and does not survive a fork.
 *
 * Texts given are copied; texts found live in the arena of the caller.
 */
#ifndef MLRT__STORE_H
#define MLRT__STORE_H

#include "base/arena.h"
#include <stdio.h>

/* A run whose process is gone without a word was interrupted. That is seen and not stored: what is stored is running. */
#define MLRT__RUN_STATUSES(X)                                                                                          \
    X(RUNNING, "running")                                                                                              \
    X(DONE, "done")                                                                                                    \
    X(STOPPED, "stopped") /* by the user */                                                                            \
    X(FAILED, "failed")                                                                                                \
    X(INTERRUPTED, "interrupted")

typedef enum mlrt__run_status {
#define X(name, text) MLRT__RUN_##name,
    MLRT__RUN_STATUSES(X)
#undef X
        MLRT__RUN_STATUS_COUNT
} mlrt__run_status;

typedef struct mlrt__run_param {
    const char *name, *value; /* the value as JSON: "4", "\"all\"" */
    bool given;               /* by the user; else it is the default */
} mlrt__run_param;

/* Something worth knowing later: the version of a library, the number of threads. */
typedef struct mlrt__run_fact {
    const char *name, *value;
} mlrt__run_fact;

/* The hash of an experiment's name and its parameters, whatever their order, in hexadecimal digits. Two runs of one
 * identity do the same work. */
enum { MLRT__IDENTITY = 17 };

typedef struct mlrt__run_measure {
    int64_t step;
    int32_t epoch;
    const char *split, *name; /* "test", "accuracy"; the split may be "" */
    double value;             /* NaN and infinities are kept */
} mlrt__run_measure;

typedef struct mlrt__run_artifact {
    const char *kind, *path; /* "checkpoint", "7/best.safetensors", relative to the store's folder */
    int64_t bytes;
    const char *created;
} mlrt__run_artifact;

/* Times are UTC, "2026-01-31T12:00:00Z". */
typedef struct mlrt__run {
    int64_t id; /* 1, 2, ... */
    const char *identity;
    const char *experiment, *script, *script_hash;
    int64_t seed;
    mlrt__run_status status;
    const char *message;            /* why it failed or stopped, or NULL */
    const char *created, *finished; /* finished is NULL while it runs */
    const char *host;
    int64_t pid;
    mlrt__run_param *param; /* by name */
    int32_t params;
    mlrt__run_fact *fact; /* by name */
    int32_t facts;
    mlrt__run_fact *result; /* what it found in the end, values as JSON; by name */
    int32_t results;
    mlrt__run_measure *last; /* the last measure of each series, train before valid before test, by name */
    int32_t lasts;
    mlrt__run_measure *metric; /* all measures, by step and then as above */
    int32_t metrics;
    mlrt__run_artifact *artifact; /* by path */
    int32_t artifacts;
} mlrt__run;

const char *mlrt__run_status_name(mlrt__run_status status);
int32_t mlrt__run_epochs(const mlrt__run *run); /* the last epoch that was measured */

/* ---- opening ---- */

typedef struct mlrt__store mlrt__store;

/* To write makes what is missing, folder and file; to read finds no store in an empty folder, and works in a folder that
 * cannot be written to. A worker writes like others, but leaves SQLite's log to whoever closes the store after it: to
 * put it into the file waits for the disk. */
typedef enum mlrt__store_mode { MLRT__STORE_READ, MLRT__STORE_WRITE, MLRT__STORE_WORKER } mlrt__store_mode;

mlrt_status mlrt__store_open(mlrt__store **store, const char *folder, mlrt__store_mode mode, mlrt_error *err);
void mlrt__store_close(mlrt__store *store); /* NULL is fine */
const char *mlrt__store_folder(const mlrt__store *store);

/* ---- writing ---- */

/* A run of this process begins: experiment, script, script_hash, seed, params and facts are given, id is set. */
mlrt_status mlrt__store_begin(mlrt__store *store, mlrt__run *run, mlrt_error *err);
/* This process goes on with a run that is neither running nor done. */
mlrt_status mlrt__store_resume(mlrt__store *store, int64_t run, mlrt_error *err);
/* Begin a run, or go on with one of the same identity that ended too early; of many processes that claim the same, one
 * gets it. When *mine is false, run->id and run->status say what there is instead: a run that is done, that another
 * process runs, or, without `retry`, that failed. */
mlrt_status mlrt__store_claim(mlrt__store *store, mlrt__run *run, bool retry, bool *mine, mlrt_error *err);
/* These four replace what has the same name (of a metric: step, split and name; of an artifact: path). */
mlrt_status mlrt__store_facts(mlrt__store *store, int64_t run, const mlrt__run_fact *facts, int32_t count,
                              mlrt_error *err);
mlrt_status mlrt__store_results(mlrt__store *store, int64_t run, const mlrt__run_fact *results, int32_t count,
                                mlrt_error *err);
mlrt_status mlrt__store_metrics(mlrt__store *store, int64_t run, const mlrt__run_measure *measures, int32_t count,
                                mlrt_error *err);
/* The file must be there; its size and the time are recorded. */
mlrt_status mlrt__store_artifact(mlrt__store *store, int64_t run, const char *kind, const char *path, mlrt_error *err);
mlrt_status mlrt__store_finish(mlrt__store *store, int64_t run, mlrt__run_status status, const char *message,
                               mlrt_error *err);

/* ---- reading ---- */

typedef struct mlrt__run_filter {
    const char *experiment; /* a pattern, * and ?; NULL: any */
    const char *status;     /* NULL: any */
    int32_t limit;          /* 0: all */
} mlrt__run_filter;

/* Newest first, without params, facts, results, metric and artifacts. */
mlrt_status mlrt__store_list(mlrt__store *store, const mlrt__run_filter *filter, mlrt__arena *arena, mlrt__run **runs,
                             int32_t *count, mlrt_error *err);
mlrt_status mlrt__store_load(mlrt__store *store, int64_t run, mlrt__arena *arena, mlrt__run *out, mlrt_error *err);
/* One metric of a run, by step. */
mlrt_status mlrt__store_series(mlrt__store *store, int64_t run, const char *split, const char *name, mlrt__arena *arena,
                               mlrt__run_measure **measures, int32_t *count, mlrt_error *err);
/* All but metric and artifacts. */
mlrt_status mlrt__store_summary(mlrt__store *store, int64_t run, mlrt__arena *arena, mlrt__run *out, mlrt_error *err);

/* ---- identity ---- */

void mlrt__run_identity(const char *experiment, const mlrt__run_param *params, int32_t count,
                        char identity[MLRT__IDENTITY]);
/* What there is of these parameters: the newest run that is done, else one that is running, else the newest; 0 when there
 * is none. With `open`, only what can be resumed. */
mlrt_status mlrt__store_find(mlrt__store *store, const char *experiment, const mlrt__run_param *params, int32_t count,
                             bool open, int64_t *run, mlrt__run_status *status, mlrt_error *err);
/* The same for every identity of an experiment, in no order; without anything that is a list. */
mlrt_status mlrt__store_outcomes(mlrt__store *store, const char *experiment, mlrt__arena *arena, mlrt__run **runs,
                                 int32_t *count, mlrt_error *err);

/* ---- printing. In JSON the numbers that JSON has not are the texts "NaN", "Infinity" and "-Infinity" ---- */

mlrt_status mlrt__store_print_runs(mlrt__store *store, const mlrt__run_filter *filter, bool json, FILE *out,
                                   mlrt_error *err);
mlrt_status mlrt__store_print_run(mlrt__store *store, int64_t run, bool json, FILE *out, mlrt_error *err);
/* One line a step, one column a metric: epoch,step,train.loss,test.accuracy. */
mlrt_status mlrt__store_export_csv(mlrt__store *store, int64_t run, FILE *out, mlrt_error *err);

#endif
