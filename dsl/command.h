/* command.h - running and checking scripts, for the mlrt command. */
#ifndef MLRT__COMMAND_H
#define MLRT__COMMAND_H

#include "dsl/state.h"

typedef struct mlrt__command_options {
    bool sweep;   /* the experiment at the points of a grid; these are for it alone: */
    int32_t jobs; /* processes at a time; 0: as many as there are cores */
    bool retry, fresh, json;
    const char *metric;
    bool check;      /* stop before the first step */
    int32_t explain; /* timed runs for the schedule; 0: no schedule */
    bool resume, quiet;
    const char *store; /* folder of runs; NULL: $MLRT_STORE or "runs" */
} mlrt__command_options;

/* Run a script. When it returns an experiment, run that with `assignments` ("name=value"); when it returns nothing, it has
 * done its own work, with the same options for each mlrt.run. *stopped: the user interrupted it. MLRT_ARGUMENT: the
 * assignments are wrong, not the script. */
mlrt_status mlrt__command_run(mlrt__host *host, const char *script, char *const *assignments, int32_t count,
                              const mlrt__command_options *options, bool *stopped, mlrt_error *err);

/* What a stored run answers to some inputs; its script is run first. `word` are the inputs and name=value. */
mlrt_status mlrt__command_predict(mlrt__host *host, const char *store, int64_t run, char *const *word, int32_t words,
                                  mlrt_error *err);

typedef struct mlrt__bench_options {
    bool json, quick;
    const char *precision, *part, *folder; /* NULL: f32, all, none */
} mlrt__bench_options;

/* Measure reference workloads: those named, or all. MLRT_ARGUMENT: there is no such workload. */
mlrt_status mlrt__command_bench(mlrt__host *host, char *const *ids, int32_t count, const mlrt__bench_options *options,
                                mlrt_error *err);

#endif
