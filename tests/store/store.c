/* store.c - the run store: what is recorded is found, whoever writes at the same time and however a run ends. */
#include "store/store.h"
#include "scratch.h"
#include "tap.h"
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char *message(const mlrt_error *err) {
    static char text[2048];
    return mlrt_error_text(err, text, sizeof text);
}

static mlrt__param params[] = {{"order", "\"strikeout\"", true}, {"loop", "4", false}, {"lr", "0.0001", true}};
static mlrt__fact facts[] = {{"threads", "2"}, {"cpu", "x86-64-v4"}};

static int64_t begin_run(mlrt__store *store, const char *experiment) {
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

static mlrt__store *open_store(const char *name) {
    mlrt__store *store;
    mlrt_error err = {0};
    if (mlrt__store_open(&store, scratch(name), MLRT__STORE_WRITE, &err)) diag("%s", message(&err));
    return store;
}

/* SQL as another program would run it. */
static void sql(const char *name, const char *text) {
    sqlite3 *db;
    char *why = NULL;
    sqlite3_open(scratch(name), &db);
    if (sqlite3_exec(db, text, NULL, NULL, &why)) diag("%s", why);
    sqlite3_free(why);
    sqlite3_close(db);
}

static void round_trip(void) {
    mlrt__store *store = open_store("a/store");
    mlrt__arena arena = {0};
    mlrt__run run;
    mlrt_error err = {0};
    const int64_t id = begin_run(store, "first");
    is_int(id, 1, "the first run is number 1");
    const mlrt__measure epochs[] = {
        {10, 1, "train", "loss", 2.5},       {10, 1, "test", "loss", NAN},      {10, 1, "test", "accuracy", 0.1},
        {20, 2, "train", "loss", -INFINITY}, {20, 2, "test", "loss", INFINITY}, {20, 2, "test", "accuracy", 1.0 / 3},
    };
    is_int(mlrt__store_metrics(store, id, epochs, 3, &err), MLRT_OK, "an evaluation is recorded");
    is_int(mlrt__store_metrics(store, id, epochs + 3, 3, &err), MLRT_OK, "and another");
    is_int(mlrt__store_metrics(store, id, epochs + 3, 3, &err), MLRT_OK, "again, as after resuming");
    is_int(mlrt__store_facts(store, id, &(mlrt__fact){"threads", "3"}, 1, &err), MLRT_OK, "a fact changes");
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

    mlrt__measure *series;
    int32_t count;
    is_int(mlrt__store_series(store, id, "test", "accuracy", &arena, &series, &count, &err), MLRT_OK, "one metric");
    ok(count == 2 && series[0].step == 10 && series[1].value == 1.0 / 3, "by step");
    mlrt__store_close(store);
    mlrt__arena_free(&arena);
}

static void mistakes(void) {
    mlrt__store *store = open_store("a/store");
    mlrt__arena arena = {0};
    mlrt__run run = {
        .experiment = "x", .script = "", .script_hash = "", .params = 1, .param = (mlrt__param[]){{"a", "{1}", true}}};
    mlrt_error err = {0};
    is_int(mlrt__store_begin(store, &run, &err), MLRT_ARGUMENT, "a parameter that is not JSON is refused");
    has_str(message(&err), "parameter 'a' is not JSON: {1}", "with the reason");
    err = (mlrt_error){0};
    is_int(mlrt__store_load(store, 99, &arena, &run, &err), MLRT_NAME, "a run that is not there cannot be read");
    has_str(message(&err), "no run 99 in", "as the message says");
    is_int(mlrt__store_finish(store, 99, MLRT__RUN_DONE, NULL, NULL), MLRT_NAME, "nor ended");
    is_int(mlrt__store_metrics(store, 99, &(mlrt__measure){1, 1, "", "a", 0}, 1, NULL), MLRT_ARGUMENT, "nor measured");
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

static int32_t count_runs(mlrt__store *store, const char *experiment, const char *status, int32_t limit) {
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

/* A run in a process that ends without a word. */
static int64_t interrupted_run(const char *name, const char *experiment) {
    int status;
    const pid_t child = fork();
    if (child == 0) {
        mlrt__store *store = open_store(name);
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

static int64_t resumable(mlrt__store *store, const char *experiment, const mlrt__param *p, int32_t count) {
    int64_t run = -1;
    mlrt__store_find_resumable(store, experiment, p, count, &run, NULL);
    return run;
}

static void resuming(void) {
    mlrt__store *store = open_store("resume");
    mlrt_error err = {0};
    const int64_t gone = interrupted_run("resume", "alpha"), done = begin_run(store, "alpha"),
                  mine = begin_run(store, "alpha");
    mlrt__store_finish(store, done, MLRT__RUN_DONE, NULL, NULL);
    const mlrt__param reversed[] = {params[2], params[1], params[0]};
    const mlrt__param other[] = {params[0], {"loop", "3", false}, params[2]};
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
    mlrt__measure m[BATCH];
    const int64_t run = begin_run(store, "writer");
    mlrt_error err = {0};
    for (int b = 0; b < BATCHES; b++) {
        for (int i = 0; i < BATCH; i++) m[i] = (mlrt__measure){b * BATCH + i, b, "train", "loss", i};
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

static bool is_sound(const char *name) {
    sqlite3 *db;
    sqlite3_stmt *s = NULL;
    sqlite3_open(scratch(name), &db);
    const bool sound = sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL) == SQLITE_OK &&
                       sqlite3_step(s) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(s, 0), "ok") == 0;
    sqlite3_finalize(s);
    sqlite3_close(db);
    return sound;
}

/* In each, a child writes batches of 100 until it cannot; whole batches must be there afterwards. */
static _Noreturn void write_until(const char *name, bool disk_full, int message_to) {
    mlrt__measure m[100];
    mlrt_error err = {0};
    mlrt__store *store = open_store(name);
    const int64_t run = begin_run(store, "endless");
    alarm(60);
    if (disk_full) {
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){300000, 300000});
    }
    for (int64_t step = 0; !err.status; step++) {
        for (int i = 0; i < 100; i++) m[i] = (mlrt__measure){100 * step + i, 0, "train", "loss", 0};
        mlrt__store_metrics(store, run, m, 100, &err);
    }
    _exit(write(message_to, message(&err), strlen(message(&err)) + 1) < 0);
}

static int32_t measures_of_first(const char *name) {
    mlrt__store *store = open_store(name);
    mlrt__arena arena = {0};
    mlrt__run run = {0};
    if (!mlrt__store_load(store, 1, &arena, &run, NULL) && run.status != MLRT__RUN_INTERRUPTED)
        diag("run 1 is not interrupted");
    mlrt__store_close(store);
    mlrt__arena_free(&arena);
    return run.metrics;
}

static void full_disk(void) {
    int ends[2];
    char text[2048] = "";
    if (pipe(ends)) return;
    const pid_t child = fork();
    if (child == 0) write_until("full", true, ends[1]);
    waitpid(child, NULL, 0);
    if (read(ends[0], text, sizeof text - 1) < 0) text[0] = 0;
    has_str(text, "unable to use '", "a full disk is an error");
    has_str(text, "full/mlrt.db': file too large", "with the file and the reason");
    ok(is_sound("full/mlrt.db"), "the file is sound");
    const int32_t kept = measures_of_first("full");
    ok(kept > 0 && kept % 100 == 0, "and has what was recorded before, %d measures", kept);
}

static void killed(void) {
    enum { TIMES = 12 };
    int sound = 0, whole = 0;
    for (int i = 0; i < TIMES; i++) {
        char name[32], file[64];
        snprintf(name, sizeof name, "killed%d", i);
        snprintf(file, sizeof file, "%s/mlrt.db", name);
        const pid_t child = fork();
        if (child == 0) write_until(name, false, 1);
        while (!scratch_exists(file)) usleep(200);
        usleep(20000 + i * 2311 % 9000);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        whole += measures_of_first(name) % 100 == 0;
        sound += is_sound(file);
    }
    is_int(sound, TIMES, "killed at any moment, a run leaves a sound file");
    is_int(whole, TIMES, "with whole evaluations");
}

static mlrt_status open_error(const char *name, mlrt__store_mode mode, mlrt_error *err) {
    mlrt__store *store;
    *err = (mlrt_error){0};
    const mlrt_status status = mlrt__store_open(&store, scratch(name), mode, err);
    mlrt__store_close(store);
    return status;
}

static void put(const char *name, const char *text, size_t bytes) {
    FILE *file = fopen(scratch(name), "w");
    fwrite(text, 1, bytes, file);
    fclose(file);
}

static void other_files(void) {
    mlrt_error err;
    mkdir(scratch("other"), 0777);
    is_int(open_error("other", MLRT__STORE_READ, &err), MLRT_FILE, "an empty folder has no store to read");
    has_str(message(&err), "no run store in", "as the message says");
    ok(!scratch_exists("other/mlrt.db"), "and none is made");

    char noise[5000];
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (char)(i * 31 + 7);
    put("other/mlrt.db", noise, sizeof noise);
    is_int(open_error("other", MLRT__STORE_WRITE, &err), MLRT_FORMAT, "a file that is no database is refused");
    has_str(message(&err), "mlrt.db' is not a run store: file is not a database (move it away", "in one clear line");

    put("other/mlrt.db", "", 0);
    sql("other/mlrt.db", "CREATE TABLE recipes (name)");
    is_int(open_error("other", MLRT__STORE_WRITE, &err), MLRT_FORMAT, "another program's database is refused");
    has_str(message(&err), "is not a run store: another program made it", "with the reason");

    put("other/mlrt.db", "", 0);
    is_int(open_error("other", MLRT__STORE_WRITE, &err), MLRT_OK, "an empty file becomes a store");
    sql("other/mlrt.db", "PRAGMA user_version = 99");
    is_int(open_error("other", MLRT__STORE_READ, &err), MLRT_FORMAT, "a newer store is refused");
    has_str(message(&err), "is of a newer mlrt: its version is 99, this mlrt knows 1", "with both versions");

    put("file", "", 0);
    is_int(open_error("file/folder", MLRT__STORE_WRITE, &err), MLRT_FILE, "a file is no folder");
    has_str(message(&err), "unable to make folder", "as the message says");
}

/* All that reads a store, on a damaged one: it may fail, with a line, and may not crash. */
static mlrt_status read_all(const char *name, mlrt_error *err) {
    mlrt__store *store;
    mlrt__arena arena = {0};
    mlrt__run *runs, run;
    int32_t count = 0;
    int64_t found;
    FILE *out = fopen("/dev/null", "w");
    *err = (mlrt_error){0};
    mlrt_status status = mlrt__store_open(&store, scratch(name), MLRT__STORE_WRITE, err);
    if (!status) status = mlrt__store_list(store, &(mlrt__run_filter){0}, &arena, &runs, &count, err);
    for (int32_t i = 0; i < count && !status; i++) status = mlrt__store_load(store, runs[i].id, &arena, &run, err);
    if (!status) status = mlrt__store_find_resumable(store, "alpha", params, 3, &found, err);
    if (!status) status = mlrt__store_print_runs(store, &(mlrt__run_filter){0}, false, out, err);
    if (!status) status = mlrt__store_print_run(store, 1, false, out, err);
    if (!status) status = mlrt__store_print_run(store, 1, true, out, err);
    if (!status) status = mlrt__store_metrics(store, 1, &(mlrt__measure){1, 1, "", "a", 0}, 1, err);
    mlrt__store_close(store);
    mlrt__arena_free(&arena);
    fclose(out);
    return status;
}

static void damaged(void) {
    mlrt_error err;
    static char text[1 << 20], copy[1 << 20];
    mlrt__store *store = open_store("damaged");
    mlrt__measure m[200];
    for (int r = 0; r < 5; r++) {
        const int64_t run = begin_run(store, "alpha");
        for (int i = 0; i < 200; i++) m[i] = (mlrt__measure){i, i, "train", "loss", i};
        mlrt__store_metrics(store, run, m, 200, NULL);
    }
    mlrt__store_close(store);
    FILE *file = fopen(scratch("damaged/mlrt.db"), "r");
    const size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    int refused = 0, said = 0;
    for (size_t page = 0; page < size / 4096; page++) {
        for (int kind = 0; kind < 3; kind++) {
            memcpy(copy, text, size);
            for (size_t i = page ? 0 : 100; i < 4096; i++)
                if (kind == 0)
                    copy[page * 4096 + i] = (char)(i * 37);
                else if (kind == 1 || i % 97 == 0)
                    copy[page * 4096 + i] = (char)(kind == 1 ? 0 : i);
            put("damaged/mlrt.db", copy, size);
            const bool failed = read_all("damaged", &err) != MLRT_OK;
            refused += failed;
            said += failed && strstr(message(&err), "mlrt.db'");
        }
    }
    ok(refused > 0, "damaged pages are noticed (%d of %zu)", refused, 3 * size / 4096);
    is_int(said, refused, "always with a line that names the file");
    for (size_t n = 0; n < size; n += 4096 / 2) {
        put("damaged/mlrt.db", text, n);
        read_all("damaged", &err);
    }
    put("damaged/mlrt.db", text, size);
    sql("damaged/mlrt.db", "DROP TABLE metrics");
    is_int(read_all("damaged", &err), MLRT_FORMAT, "a missing table is an error");
    has_str(message(&err), "is damaged: no such table: metrics", "that says so");
    put("damaged/mlrt.db", text, size);
    sql("damaged/mlrt.db",
        "DROP TABLE runs; CREATE TABLE runs (id INTEGER PRIMARY KEY, experiment, script, script_hash, seed, status,"
        "message, created, finished, host, boot, pid, started); INSERT INTO runs (id) VALUES (1)");
    is_int(read_all("damaged", &err), MLRT_OK, "missing values are none");
}

/* As a user who may not write there; root may write everywhere, so root becomes nobody. */
static int try_read_only(void) {
    mlrt_error err;
    if (geteuid() == 0 && (setgid(65534) || setuid(65534))) return 9;
    if (open_error("read-only", MLRT__STORE_READ, &err)) return fprintf(stderr, "%s\n", message(&err)), 1;
    mlrt__store *store;
    mlrt__store_open(&store, scratch("read-only"), MLRT__STORE_READ, NULL);
    if (count_runs(store, NULL, NULL, 0) != 1) return 2;
    if (mlrt__store_finish(store, 1, MLRT__RUN_DONE, NULL, &err) != MLRT_FILE) return 3;
    if (!strstr(err.message, "unable to write '")) return 4;
    mlrt__store_close(store);
    if (open_error("read-only/new", MLRT__STORE_WRITE, &err) != MLRT_FILE) return 5;
    return strstr(err.message, "permission denied") ? 0 : 6;
}

static void read_only(void) {
    int status;
    mlrt__store *store = open_store("read-only");
    begin_run(store, "alpha");
    mlrt__store_close(store);
    chmod(scratch(""), 0755);
    chmod(scratch("read-only/mlrt.db"), 0444);
    chmod(scratch("read-only"), 0555);
    const pid_t child = fork();
    if (child == 0) _exit(try_read_only());
    waitpid(child, &status, 0);
    if (WEXITSTATUS(status) == 9)
        skip("nobody to become");
    else
        is_int(WEXITSTATUS(status), 0, "a store in a read-only folder can be read and not written");
    chmod(scratch("read-only"), 0755);
}

int main(void) {
    scratch("");
    round_trip();
    mistakes();
    listing();
    resuming();
    several();
    full_disk();
    killed();
    other_files();
    damaged();
    read_only();
    return done_testing();
}
