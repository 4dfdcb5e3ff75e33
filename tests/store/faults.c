/* faults.c - the run store when the disk is full, a process is killed, or the file is damaged or another's. */
#include "store/runs.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

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
    mlrt__run_measure m[100];
    mlrt_error err = {0};
    mlrt__store *store = open_store(name);
    const int64_t run = begin_run(store, "endless");
    alarm(60);
    if (disk_full) {
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){300000, 300000});
    }
    for (int64_t step = 0; !err.status; step++) {
        for (int i = 0; i < 100; i++) m[i] = (mlrt__run_measure){100 * step + i, 0, "train", "loss", 0};
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
    has_str(message(&err), "is of a newer mlrt: its version is 99, this mlrt knows 2", "with both versions");

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
    if (!status) status = mlrt__store_find(store, "alpha", params, 3, true, &found, &run.status, err);
    if (!status) status = mlrt__store_print_runs(store, &(mlrt__run_filter){0}, false, out, err);
    if (!status) status = mlrt__store_print_run(store, 1, false, out, err);
    if (!status) status = mlrt__store_print_run(store, 1, true, out, err);
    if (!status) status = mlrt__store_metrics(store, 1, &(mlrt__run_measure){1, 1, "", "a", 0}, 1, err);
    mlrt__store_close(store);
    mlrt__arena_free(&arena);
    fclose(out);
    return status;
}

static void damaged(void) {
    mlrt_error err;
    static char text[1 << 20], copy[1 << 20];
    mlrt__store *store = open_store("damaged");
    mlrt__run_measure m[200];
    for (int r = 0; r < 5; r++) {
        const int64_t run = begin_run(store, "alpha");
        for (int i = 0; i < 200; i++) m[i] = (mlrt__run_measure){i, i, "train", "loss", i};
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
        "message, created, finished, host, boot, pid, started, identity); INSERT INTO runs (id) VALUES (1)");
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
    full_disk();
    killed();
    other_files();
    damaged();
    read_only();
    return done_testing();
}
