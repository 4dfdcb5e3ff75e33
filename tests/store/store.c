/* store.c - the run store: what is recorded is found, whoever writes at the same time. */
#include "store/runs.h"
#include <sys/wait.h>

static void round_trip(void) {
    mlrt__store *store = open_store("a/store");
    mlrt__arena arena = {0};
    mlrt__run run;
    mlrt_error err = {0};
    const int64_t id = begin_run(store, "first");
    is_int(id, 1, "the first run is number 1");
    const mlrt__run_measure epochs[] = {
        {10, 1, "train", "loss", 2.5},       {10, 1, "test", "loss", NAN},      {10, 1, "test", "accuracy", 0.1},
        {20, 2, "train", "loss", -INFINITY}, {20, 2, "test", "loss", INFINITY}, {20, 2, "test", "accuracy", 1.0 / 3},
    };
    is_int(mlrt__store_metrics(store, id, epochs, 3, &err), MLRT_OK, "an evaluation is recorded");
    is_int(mlrt__store_metrics(store, id, epochs + 3, 3, &err), MLRT_OK, "and another");
    is_int(mlrt__store_metrics(store, id, epochs + 3, 3, &err), MLRT_OK, "again, as after resuming");
    is_int(mlrt__store_facts(store, id, &(mlrt__run_fact){"threads", "3"}, 1, &err), MLRT_OK, "a fact changes");
    FILE *file = fopen(scratch("a/store/best"), "w");
    fputs("12345", file), fclose(file);
    is_int(mlrt__store_artifact(store, id, "checkpoint", "best", &err), MLRT_OK, "an artifact is recorded");
    is_int(mlrt__store_finish(store, id, MLRT__RUN_FAILED, "loss is not finite", &err), MLRT_OK, "the run ends");
    mlrt__store_close(store);

    is_int(mlrt__store_open(&store, scratch("a/store"), MLRT__STORE_READ, &err), MLRT_OK, "the store is opened again");
    is_int(mlrt__store_load(store, id, &arena, &run, &err), MLRT_OK, "the run is there");
    is_str(run.experiment, "first", "with its experiment");
    is_str(run.script, "experiments/x.lua", "script");
    is_str(run.script_hash, "1f", "hash");
    is_int(run.seed, -7, "seed");
    is_int(run.status, MLRT__RUN_FAILED, "status");
    is_str(run.message, "loss is not finite", "message");
    is_int((int64_t)strlen(run.created), 20, "time of creation");
    ok(run.finished && strcmp(run.finished, run.created) >= 0, "and end");
    is_int(run.pid, getpid(), "and process");
    is_int(run.params, 3, "with all parameters");
    is_str(run.param[2].name, "order", "by name");
    is_str(run.param[2].value, "\"strikeout\"", "as JSON");
    ok(run.param[2].given && !run.param[0].given, "and who gave them");
    is_int(run.facts, 2, "with all facts");
    is_str(run.fact[1].value, "3", "as last told");
    is_int(run.metrics, 6, "with all measures, each once");
    ok(run.metric[0].value == 2.5 && isnan(run.metric[2].value) && run.metric[1].value == 0.1 &&
           run.metric[3].value == -INFINITY && run.metric[4].value == 1.0 / 3 && run.metric[5].value == INFINITY,
       "and their very values, NaN and infinities too");
    is_int(run.lasts, 3, "the last of each series");
    ok(strcmp(run.last[0].split, "train") == 0 && run.last[1].value == 1.0 / 3, "train first, then by name");
    is_int(mlrt__run_epochs(&run), 2, "epochs are counted");
    is_int(run.artifacts, 1, "with its artifact");
    is_int(run.artifact[0].bytes, 5, "and that one's size");

    mlrt__run_measure *series;
    int32_t count;
    is_int(mlrt__store_series(store, id, "test", "accuracy", &arena, &series, &count, &err), MLRT_OK, "one metric");
    ok(count == 2 && series[0].step == 10 && series[1].value == 1.0 / 3, "by step");
    mlrt__store_close(store);
    mlrt__arena_free(&arena);
}

static void mistakes(void) {
    mlrt__store *store = open_store("a/store");
    mlrt__arena arena = {0};
    mlrt__run run = {.experiment = "x",
                     .script = "",
                     .script_hash = "",
                     .params = 1,
                     .param = (mlrt__run_param[]){{"a", "{1}", true}}};
    mlrt_error err = {0};
    is_int(mlrt__store_begin(store, &run, &err), MLRT_ARGUMENT, "a parameter that is not JSON is refused");
    has_str(message(&err), "parameter 'a' is not JSON: {1}", "with the reason");
    err = (mlrt_error){0};
    is_int(mlrt__store_load(store, 99, &arena, &run, &err), MLRT_NAME, "a run that is not there cannot be read");
    has_str(message(&err), "no run 99 in", "as the message says");
    is_int(mlrt__store_finish(store, 99, MLRT__RUN_DONE, NULL, NULL), MLRT_NAME, "nor ended");
    is_int(mlrt__store_metrics(store, 99, &(mlrt__run_measure){1, 1, "", "a", 0}, 1, NULL), MLRT_ARGUMENT,
           "nor measured");
    is_int(mlrt__store_resume(store, 99, NULL), MLRT_NAME, "nor resumed");
    err = (mlrt_error){0};
    is_int(mlrt__store_artifact(store, 1, "plot", "none.svg", &err), MLRT_FILE, "an artifact must be there");
    has_str(message(&err), "none.svg': no such file", "as the message says");
    mlrt__run *runs;
    int32_t count;
    is_int(mlrt__store_list(store, &(mlrt__run_filter){0}, &arena, &runs, &count, NULL), MLRT_OK, "the store goes on");
    is_int(count, 1, "and has nothing half-written");
    mlrt__store_close(store);
    mlrt__arena_free(&arena);
}

/* A run in a process that ends without a word. */
static int64_t interrupted_run(const char *name, const char *experiment) {
    int status;
    const pid_t child = fork();
    if (child == 0) {
        static mlrt__store *volatile store; /* not lost, for those who look for leaks at the end */
        store = open_store(name);
        _exit((int)begin_run(store, experiment));
    }
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

static void listing(void) {
    mlrt__store *store = open_store("list");
    mlrt__store_finish(store, begin_run(store, "alpha"), MLRT__RUN_DONE, NULL, NULL);
    mlrt__store_finish(store, begin_run(store, "beta"), MLRT__RUN_STOPPED, NULL, NULL);
    begin_run(store, "alphabet");
    interrupted_run("list", "alpha");
    is_int(count_runs(store, NULL, NULL, 0), 4, "all runs are listed");
    is_int(count_runs(store, NULL, NULL, 3), 3, "or the newest");
    is_int(count_runs(store, "alpha", NULL, 0), 2, "or those of one experiment");
    is_int(count_runs(store, "alpha*", NULL, 0), 3, "or of some");
    is_int(count_runs(store, "alpha*", "done", 0), 1, "or those that are done");
    is_int(count_runs(store, NULL, "running", 0), 1, "or run");
    is_int(count_runs(store, NULL, "interrupted", 0), 1, "or whose process is gone");
    mlrt_error err = {0};
    mlrt__run *runs;
    int32_t count;
    mlrt__arena arena = {0};
    is_int(mlrt__store_list(store, &(mlrt__run_filter){.status = "dome"}, &arena, &runs, &count, &err), MLRT_NAME,
           "an unknown status is an error");
    has_str(message(&err), "did you mean 'done'?", "with the nearest");
    mlrt__arena_free(&arena);
    mlrt__store_close(store);
}

static int64_t resumable(mlrt__store *store, const char *experiment, const mlrt__run_param *p, int32_t count) {
    int64_t run = -1;
    mlrt__run_status status;
    mlrt__store_find(store, experiment, p, count, true, &run, &status, NULL);
    return run;
}

static void resuming(void) {
    mlrt__store *store = open_store("resume");
    mlrt_error err = {0};
    const int64_t gone = interrupted_run("resume", "alpha"), done = begin_run(store, "alpha"),
                  mine = begin_run(store, "alpha");
    mlrt__store_finish(store, done, MLRT__RUN_DONE, NULL, NULL);
    const mlrt__run_param reversed[] = {params[2], params[1], params[0]};
    const mlrt__run_param other[] = {params[0], {"loop", "3", false}, params[2]};
    is_int(resumable(store, "alpha", reversed, 3), gone, "an interrupted run is found by its parameters");
    is_int(resumable(store, "alpha", other, 3), 0, "not by others");
    is_int(resumable(store, "alpha", params, 2), 0, "nor by some");
    is_int(resumable(store, "beta", params, 3), 0, "nor for another experiment");
    is_int(mlrt__store_resume(store, done, &err), MLRT_ARGUMENT, "what is done is not resumed");
    has_str(message(&err), "unable to resume run 2: it is done", "as the message says");
    err = (mlrt_error){0};
    is_int(mlrt__store_resume(store, mine, &err), MLRT_ARGUMENT, "nor what runs");
    has_str(message(&err), "runs it", "as the message says");
    is_int(mlrt__store_resume(store, gone, NULL), MLRT_OK, "the interrupted run is resumed");
    is_int(count_runs(store, NULL, "running", 0), 2, "and runs");
    is_int(resumable(store, "alpha", params, 3), 0, "and is not to be resumed again");
    mlrt__store_finish(store, mine, MLRT__RUN_STOPPED, NULL, NULL);
    is_int(resumable(store, "alpha", params, 3), mine, "what the user stopped can be resumed");

    sql("resume/mlrt.db", "UPDATE runs SET started = started - 1 WHERE id = 1");
    is_int(count_runs(store, NULL, "interrupted", 0), 1, "a later process of the same number is not the run's");
    sql("resume/mlrt.db", "UPDATE runs SET started = started + 1, boot = 'x' WHERE id = 1");
    is_int(count_runs(store, NULL, "interrupted", 0), 1, "nor one after the machine was started again");
    sql("resume/mlrt.db", "UPDATE runs SET host = 'elsewhere' WHERE id = 1");
    is_int(count_runs(store, NULL, "running", 0), 1, "of another machine nobody can tell");
    mlrt__store_close(store);
}

enum { WRITERS = 3, BATCHES = 60, BATCH = 20 };

static void write_batches(const char *name) {
    mlrt__store *store = open_store(name);
    mlrt__run_measure m[BATCH];
    const int64_t run = begin_run(store, "writer");
    mlrt_error err = {0};
    for (int b = 0; b < BATCHES; b++) {
        for (int i = 0; i < BATCH; i++) m[i] = (mlrt__run_measure){b * BATCH + i, b, "train", "loss", i};
        mlrt__store_metrics(store, run, m, BATCH, &err);
    }
    mlrt__store_finish(store, run, MLRT__RUN_DONE, NULL, &err);
    mlrt__store_close(store);
    if (err.status) diag("%s", message(&err));
    _exit(err.status);
}

/* Processes that also make the store at the same moment. */
static void several(void) {
    pid_t child[WRITERS];
    int status, failed = 0;
    for (int i = 0; i < WRITERS; i++)
        if ((child[i] = fork()) == 0) write_batches("several");
    for (int i = 0; i < WRITERS; i++) waitpid(child[i], &status, 0), failed += status != 0;
    is_int(failed, 0, "%d processes write at once", WRITERS);
    mlrt__store *store = open_store("several");
    mlrt__arena arena = {0};
    mlrt__run *runs, run;
    int32_t count = 0, metrics = 0;
    mlrt__store_list(store, &(mlrt__run_filter){.status = "done"}, &arena, &runs, &count, NULL);
    for (int32_t i = 0; i < count; i++) {
        mlrt__store_load(store, runs[i].id, &arena, &run, NULL);
        metrics += run.metrics;
    }
    is_int(count, WRITERS, "no run is lost");
    is_int(metrics, WRITERS * BATCHES * BATCH, "and no measure");
    mlrt__store_close(store);
    mlrt__arena_free(&arena);
}

/* ---- identity ---- */

static const char *identity_of(const char *experiment, const mlrt__run_param *p, int32_t count) {
    static char text[8][MLRT__IDENTITY];
    static int next;
    next = (next + 1) % 8;
    mlrt__run_identity(experiment, p, count, text[next]);
    return text[next];
}

static void identity(void) {
    const mlrt__run_param reversed[] = {params[2], params[1], params[0]};
    const mlrt__run_param given[] = {params[0], {"loop", "4", true}, params[2]};
    const mlrt__run_param other[] = {params[0], {"loop", "5", false}, params[2]};
    const char *id = identity_of("alpha", params, 3);
    is_int((int64_t)strlen(id), MLRT__IDENTITY - 1, "an identity has 16 digits");
    is_str(identity_of("alpha", reversed, 3), id, "whatever the order of the parameters");
    is_str(identity_of("alpha", given, 3), id, "and whoever gave them");
    ok(strcmp(identity_of("beta", params, 3), id) != 0, "another experiment has another");
    ok(strcmp(identity_of("alpha", other, 3), id) != 0, "and so have other parameters");
    ok(strcmp(identity_of("alpha", params, 2), id) != 0, "and fewer");
}

/* Claim the run of `params`: its number, negative when it is not ours. */
static int64_t claim(mlrt__store *store, bool retry) {
    mlrt__run run = {.experiment = "alpha", .script = "", .script_hash = "", .param = params, .params = 3};
    bool mine = false;
    mlrt_error err = {0};
    if (mlrt__store_claim(store, &run, retry, &mine, &err)) diag("%s", message(&err));
    return mine ? run.id : -run.id;
}

static const mlrt__run *only_outcome(mlrt__store *store, mlrt__arena *arena) {
    mlrt__run *run;
    int32_t count = 0;
    mlrt__store_outcomes(store, "alpha", arena, &run, &count, NULL);
    return is_int(count, 1, "one outcome"), run;
}

static void claiming(void) {
    mlrt__store *store = open_store("claim");
    mlrt__arena arena = {0};
    is_int(claim(store, false), 1, "a new run is ours");
    is_int(claim(store, true), -1, "one that runs is not");
    mlrt__store_finish(store, 1, MLRT__RUN_FAILED, "why", NULL);
    is_int(claim(store, false), -1, "nor one that failed");
    is_str(only_outcome(store, &arena)->message, "why", "which is known with its reason");
    is_int(claim(store, true), 1, "unless it is to be tried again");
    mlrt__store_finish(store, 1, MLRT__RUN_STOPPED, NULL, NULL);
    is_int(claim(store, false), 1, "one that was stopped goes on");
    mlrt__store_finish(store, 1, MLRT__RUN_DONE, NULL, NULL);
    is_int(claim(store, true), -1, "one that is done stays as it is");
    const int64_t later = begin_run(store, "alpha");
    is_int(only_outcome(store, &arena)->id, 1, "what is done counts before what runs now");
    mlrt__store_finish(store, later, MLRT__RUN_DONE, NULL, NULL);
    is_int(only_outcome(store, &arena)->id, later, "of two that are done the newer");
    mlrt__store_close(store);
    mlrt__arena_free(&arena);
}

static void claim_once(const char *name) {
    mlrt__store *store = open_store(name);
    const int64_t run = claim(store, false);
    usleep(300000); /* it runs until all have tried */
    mlrt__store_close(store);
    _exit(run > 0);
}

static void claiming_at_once(void) {
    pid_t child[WRITERS];
    int status, got = 0;
    mlrt__store_close(open_store("race"));
    for (int i = 0; i < WRITERS; i++)
        if ((child[i] = fork()) == 0) claim_once("race");
    for (int i = 0; i < WRITERS; i++) waitpid(child[i], &status, 0), got += WEXITSTATUS(status);
    is_int(got, 1, "of %d processes that claim a run at once, one gets it", WRITERS);
}

static void results(void) {
    mlrt__store *store = open_store("results");
    mlrt__arena arena = {0};
    mlrt__run run;
    mlrt_error err = {0};
    const int64_t id = begin_run(store, "alpha");
    const mlrt__run_fact found[] = {{"phase", "\"grokking\""}, {"circularity", "0.5"}};
    is_int(mlrt__store_results(store, id, found, 2, &err), MLRT_OK, "results are kept");
    is_int(mlrt__store_results(store, id, &(mlrt__run_fact){"circularity", "0.25"}, 1, &err), MLRT_OK, "and replaced");
    mlrt__store_metrics(store, id, &(mlrt__run_measure){7, 1, "test", "loss", 2}, 1, NULL);
    mlrt__store_summary(store, id, &arena, &run, &err);
    ok(run.results == 2 && run.lasts == 1 && run.metrics == 0, "a summary has them and the last measures");
    is_str(run.result[0].value, "0.25", "by name");
    is_int(mlrt__store_results(store, id, &(mlrt__run_fact){"a", "{1}"}, 1, &err), MLRT_ARGUMENT, "not JSON, not kept");
    has_str(message(&err), "result 'a' is not JSON: {1}", "as the message says");
    mlrt__store_close(store);
    mlrt__arena_free(&arena);
}

/* A store of the first version: runs got no identity, and found nothing. */
static void migration(void) {
    mlrt__store *store = open_store("old");
    mlrt__arena arena = {0};
    mlrt__run run;
    begin_run(store, "alpha");
    mlrt__store_close(store);
    sql("old/mlrt.db", "DROP TABLE results; DROP INDEX runs_by_identity; ALTER TABLE runs DROP COLUMN identity;"
                       "PRAGMA user_version = 1");
    store = open_store("old");
    is_int(mlrt__store_load(store, 1, &arena, &run, NULL), MLRT_OK, "an older store is opened");
    is_str(run.identity, identity_of("alpha", params, 3), "and its runs get their identities");
    mlrt__store_close(store);
    mlrt__arena_free(&arena);
}

int main(void) {
    scratch("");
    identity();
    claiming();
    claiming_at_once();
    results();
    migration();
    round_trip();
    mistakes();
    listing();
    resuming();
    several();
    return done_testing();
}
