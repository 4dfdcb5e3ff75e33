/* show.c - runs as people and programs see them: tables, JSON and CSV. */
#include "store/runs.h"

static mlrt__store *store;
static char printed[1 << 16];

/* Into `printed`, what a function of the store prints to `out`. */
#define PRINTED(call)                                                                                                  \
    do {                                                                                                               \
        FILE *out = fmemopen(printed, sizeof printed, "w");                                                            \
        mlrt_error err = {0};                                                                                          \
        is_int((call), MLRT_OK, "%s", #call);                                                                          \
        fclose(out);                                                                                                   \
    } while (0)

/* SQLite reads a text by itself; `path` is what to look for in it. */
static const char *from_json(const char *json, const char *path) {
    static char value[256];
    sqlite3 *db;
    sqlite3_stmt *s = NULL;
    snprintf(value, sizeof value, "not JSON");
    sqlite3_open(":memory:", &db);
    sqlite3_prepare_v2(db, "SELECT ifnull(json_extract(?1, ?2), 'null') WHERE json_valid(?1)", -1, &s, NULL);
    sqlite3_bind_text(s, 1, json, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, path, -1, SQLITE_STATIC);
    if (sqlite3_step(s) == SQLITE_ROW) snprintf(value, sizeof value, "%s", (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    sqlite3_close(db);
    return value;
}

/* Sets what varies: times, process. */
static void settle(const char *statement) { sql("store/mlrt.db", statement); }

static void record(void) {
    mlrt__run_param two[] = {{"lr", "0.0001", true}, {"order", "\"strikeout\"", false}};
    mlrt__run run = {.experiment = "coefficient",
                     .script = "experiments/coefficient.lua",
                     .script_hash = "1f",
                     .seed = 3,
                     .param = two,
                     .params = 2,
                     .fact = facts,
                     .facts = 2};
    const mlrt__run_measure m[] = {
        {100, 1, "train", "loss", 2.5},   {100, 1, "test", "accuracy", 0.1}, {100, 1, "test", "loss", NAN},
        {150, 2, "train", "loss", 1.125}, {200, 2, "train", "loss", 1e-9},   {200, 2, "test", "accuracy", 1.0 / 3},
    };
    mlrt_error err = {0};
    mlrt__store_open(&store, scratch("store"), MLRT__STORE_WRITE, &err);
    mlrt__store_begin(store, &run, &err);
    mlrt__store_metrics(store, run.id, m, sizeof m / sizeof *m, &err);
    FILE *file = fopen(scratch("store/best.safetensors"), "w");
    fprintf(file, "%1234s", ""), fclose(file);
    mlrt__store_artifact(store, run.id, "checkpoint", "best.safetensors", &err);
    mlrt__store_finish(store, run.id, MLRT__RUN_DONE, NULL, &err);
    run = (mlrt__run){.experiment = "\xce\xbb \"quoted\"\n", .script = "x.lua", .script_hash = "\xff"};
    mlrt__store_begin(store, &run, &err);
    mlrt__store_finish(store, run.id, MLRT__RUN_FAILED, "two\nlines \x1b[2J", &err);
    is_str(err.message, "", "two runs are recorded");
    settle(
        "UPDATE runs SET created = '2026-01-31T12:00:00Z', finished = '2026-01-31T12:02:05Z', pid = 77, host = 'box';"
        "UPDATE artifacts SET created = '2026-01-31T12:02:00Z'");
}

static void tables(void) {
    PRINTED(mlrt__store_print_run(store, 1, false, out, &err));
    is_str(printed,
           "run         1\n"
           "experiment  coefficient\n"
           "status      done\n"
           "script      experiments/coefficient.lua (1f)\n"
           "seed        3\n"
           "created     2026-01-31T12:00:00Z\n"
           "finished    2026-01-31T12:02:05Z, after 2 min\n"
           "process     77 on box\n"
           "\n"
           "parameters\n"
           "  lr     0.0001       given\n"
           "  order  \"strikeout\"\n"
           "\n"
           "facts\n"
           "  cpu      x86-64-v4\n"
           "  threads  2\n"
           "\n"
           "metrics\n"
           "  epoch  step  train loss  test accuracy  test loss\n"
           "      1   100         2.5            0.1        nan\n"
           "      2   200       1e-09        0.33333\n"
           "\n"
           "artifacts\n"
           "  checkpoint  best.safetensors  1,234 bytes  2026-01-31T12:02:00Z\n",
           "a run as a page");
    PRINTED(mlrt__store_print_run(store, 2, false, out, &err));
    has_str(printed, "message     two?lines ?[2J\n", "a message cannot forge lines");

    const mlrt__run_filter first = {.experiment = "coefficient"}, none = {.experiment = "none"};
    settle("UPDATE runs SET created = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-3 hours', '-1 minute')");
    PRINTED(mlrt__store_print_runs(store, &first, false, out, &err));
    is_str(printed,
           "run  experiment   status  age  epochs  last\n"
           "  1  coefficient  done    3 h       2  test accuracy 0.3333, test loss nan\n",
           "runs as a table");
    PRINTED(mlrt__store_print_runs(store, &(mlrt__run_filter){0}, false, out, &err));
    has_str(printed, "  2  \xce\xbb \"quoted\"?  failed  3 h       0\n", "columns are counted in characters");
    PRINTED(mlrt__store_print_runs(store, &none, false, out, &err));
    is_str(printed, "run  experiment  status  age  epochs  last\n", "no runs");
    PRINTED(mlrt__store_print_runs(store, &none, true, out, &err));
    is_str(printed, "[]\n", "no runs in JSON");
}

static void json(void) {
    static const char *const run[][2] = {
        {"$.id", "1"},
        {"$.experiment", "coefficient"},
        {"$.status", "done"},
        {"$.message", "null"},
        {"$.seed", "3"},
        {"$.epochs", "2"},
        {"$.pid", "77"},
        {"$.params", "{\"lr\":0.0001,\"order\":\"strikeout\"}"},
        {"$.given", "[\"lr\"]"},
        {"$.facts.cpu", "x86-64-v4"},
        {"$.last[2]", "{\"step\":100,\"epoch\":1,\"split\":\"test\",\"name\":\"loss\",\"value\":\"NaN\"}"},
        {"$.metrics[1].value", "0.1"},
        {"$.metrics[5].name", "accuracy"},
        {"$.artifacts[0].bytes", "1234"},
        {"$.artifacts[0].path", "best.safetensors"},
    };
    PRINTED(mlrt__store_print_run(store, 1, true, out, &err));
    for (size_t i = 0; i < sizeof run / sizeof *run; i++)
        is_str(from_json(printed, run[i][0]), run[i][1], "JSON has %s", run[i][0]);
    PRINTED(mlrt__store_print_run(store, 2, true, out, &err));
    is_str(from_json(printed, "$.message"), "two\nlines \x1b[2J", "any text is JSON");
    is_str(from_json(printed, "$.script_hash"), "\xef\xbf\xbd", "even what is not UTF-8");
    PRINTED(mlrt__store_print_runs(store, &(mlrt__run_filter){0}, true, out, &err));
    is_str(from_json(printed, "$[0].id"), "2", "a list of runs, newest first");
    is_str(from_json(printed, "$[1].last[0].value"), "1.0e-09", "with the last measures");
}

static void csv(void) {
    PRINTED(mlrt__store_export_csv(store, 1, out, &err));
    is_str(printed,
           "epoch,step,train.loss,test.accuracy,test.loss\n"
           "1,100,2.5,0.1,nan\n"
           "2,150,1.125,,\n"
           "2,200,1e-09,0.3333333333333333,\n",
           "a run as comma-separated values, every step");
    mlrt__store_metrics(store, 2, &(mlrt__run_measure){1, 1, "", "a,\"b\"", 1}, 1, NULL);
    PRINTED(mlrt__store_export_csv(store, 2, out, &err));
    is_str(printed, "epoch,step,\"a,\"\"b\"\"\"\n1,1,1\n", "with odd names quoted");
}

int main(void) {
    scratch("");
    record();
    tables();
    json();
    csv();
    mlrt__store_close(store);
    return done_testing();
}
