/* record.c - what a run leaves in the store, from its beginning to its end. */
#include "base/file.h"
#include "base/text.h"
#include "store/db.h"
#include "store/process.h"
#include "store/rows.h"
#include <inttypes.h>
#include <sys/stat.h>

static const char *const names[] = {
#define X(name, text) [MLRT__RUN_##name] = text,
    MLRT__RUN_STATUSES(X)
#undef X
};

const char *mlrt__run_status_name(mlrt__run_status status) { return names[status]; }

/* ---- beginning ---- */

static mlrt_status put_head(mlrt__store *s, mlrt__run *run, mlrt_error *err) {
    const mlrt__process p = mlrt__process_self();
    char now[32], identity[MLRT__IDENTITY];
    mlrt__timestamp(now, sizeof now);
    mlrt__run_identity(run->experiment, run->param, run->params, identity);
    const mlrt_status status = mlrt__db_run(
        s, err,
        "INSERT INTO runs (experiment, script, script_hash, seed, status, created, host, boot, pid, started, identity)"
        " VALUES (?, ?, ?, ?, 'running', ?, ?, ?, ?, ?, ?)",
        "tttitttiit", run->experiment, run->script, run->script_hash, run->seed, now, p.host, p.boot, p.pid, p.started,
        identity);
    run->id = sqlite3_last_insert_rowid(s->db);
    return status;
}

static mlrt_status put_params(mlrt__store *s, const mlrt__run *run, mlrt_error *err) {
    sqlite3_stmt *put = NULL;
    mlrt_status status = mlrt__db_prepare(
        s, &put, err, "INSERT INTO params (run, name, value, given) SELECT ?1, ?2, ?3, ?4 WHERE json_valid(?3)");
    for (int32_t i = 0; i < run->params && !status; i++) {
        const mlrt__run_param *p = &run->param[i];
        status = mlrt__db_step(s, put, err, "itti", run->id, p->name, p->value, (int64_t)p->given);
        if (!status && sqlite3_changes(s->db) == 0)
            status = mlrt_fail(err, MLRT_ARGUMENT, "parameter '%s' is not JSON: %s", p->name, p->value);
    }
    sqlite3_finalize(put);
    return status;
}

static mlrt_status put_facts(mlrt__store *s, int64_t run, const mlrt__run_fact *fact, int32_t count, mlrt_error *err) {
    sqlite3_stmt *put = NULL;
    mlrt_status status = mlrt__db_prepare(s, &put, err, "REPLACE INTO facts (run, name, value) VALUES (?, ?, ?)");
    for (int32_t i = 0; i < count && !status; i++)
        status = mlrt__db_step(s, put, err, "itt", run, fact[i].name, fact[i].value);
    sqlite3_finalize(put);
    return status;
}

mlrt_status mlrt__put_run(mlrt__store *store, mlrt__run *run, mlrt_error *err) {
    mlrt_status status = put_head(store, run, err);
    if (!status) status = put_params(store, run, err);
    return status ? status : put_facts(store, run->id, run->fact, run->facts, err);
}

mlrt_status mlrt__store_begin(mlrt__store *store, mlrt__run *run, mlrt_error *err) {
    const mlrt_status status = mlrt__db_begin(store, err);
    return status ? status : mlrt__db_end(store, mlrt__put_run(store, run, err), err);
}

/* ---- going on ---- */

/* Under the lock, so that of two processes one gets the run. */
static mlrt_status check_resumable(mlrt__store *s, int64_t run, mlrt_error *err) {
    mlrt__arena arena = {0};
    mlrt__run found = {0};
    mlrt_status status = mlrt__store_load(s, run, &arena, &found, err);
    if (!status && found.status == MLRT__RUN_DONE)
        status = mlrt_fail(err, MLRT_ARGUMENT, "unable to resume run %" PRId64 ": it is done", run);
    if (!status && found.status == MLRT__RUN_RUNNING)
        status = mlrt_fail(err, MLRT_ARGUMENT, "unable to resume run %" PRId64 ": process %" PRId64 " on %s runs it",
                           run, found.pid, found.host);
    mlrt__arena_free(&arena);
    return status;
}

mlrt_status mlrt__take_run(mlrt__store *store, int64_t run, mlrt_error *err) {
    const mlrt__process p = mlrt__process_self();
    return mlrt__db_run(store, err,
                        "UPDATE runs SET status = 'running', message = NULL, finished = NULL, host = ?, boot = ?,"
                        " pid = ?, started = ? WHERE id = ?",
                        "ttiii", p.host, p.boot, p.pid, p.started, run);
}

mlrt_status mlrt__store_resume(mlrt__store *store, int64_t run, mlrt_error *err) {
    mlrt_status status = mlrt__db_begin(store, err);
    if (status) return status;
    status = check_resumable(store, run, err);
    if (!status) status = mlrt__take_run(store, run, err);
    return mlrt__db_end(store, status, err);
}

mlrt_status mlrt__store_facts(mlrt__store *store, int64_t run, const mlrt__run_fact *facts, int32_t count,
                              mlrt_error *err) {
    const mlrt_status status = mlrt__db_begin(store, err);
    return status ? status : mlrt__db_end(store, put_facts(store, run, facts, count, err), err);
}

static mlrt_status put_results(mlrt__store *s, int64_t run, const mlrt__run_fact *result, int32_t count,
                               mlrt_error *err) {
    sqlite3_stmt *put = NULL;
    mlrt_status status = mlrt__db_prepare(
        s, &put, err, "REPLACE INTO results (run, name, value) SELECT ?1, ?2, ?3 WHERE json_valid(?3)");
    for (int32_t i = 0; i < count && !status; i++) {
        status = mlrt__db_step(s, put, err, "itt", run, result[i].name, result[i].value);
        if (!status && sqlite3_changes(s->db) == 0)
            status = mlrt_fail(err, MLRT_ARGUMENT, "result '%s' is not JSON: %s", result[i].name, result[i].value);
    }
    sqlite3_finalize(put);
    return status;
}

mlrt_status mlrt__store_results(mlrt__store *store, int64_t run, const mlrt__run_fact *results, int32_t count,
                                mlrt_error *err) {
    const mlrt_status status = mlrt__db_begin(store, err);
    return status ? status : mlrt__db_end(store, put_results(store, run, results, count, err), err);
}

static mlrt_status put_metrics(mlrt__store *s, int64_t run, const mlrt__run_measure *m, int32_t count,
                               mlrt_error *err) {
    sqlite3_stmt *put = NULL;
    mlrt_status status = mlrt__db_prepare(
        s, &put, err, "REPLACE INTO metrics (run, step, epoch, split, name, value) VALUES (?, ?, ?, ?, ?, ?)");
    for (int32_t i = 0; i < count && !status; i++)
        status = mlrt__db_step(s, put, err, "iiittd", run, m[i].step, (int64_t)m[i].epoch, m[i].split, m[i].name,
                               m[i].value);
    sqlite3_finalize(put);
    return status;
}

mlrt_status mlrt__store_metrics(mlrt__store *store, int64_t run, const mlrt__run_measure *measures, int32_t count,
                                mlrt_error *err) {
    const mlrt_status status = mlrt__db_begin(store, err);
    return status ? status : mlrt__db_end(store, put_metrics(store, run, measures, count, err), err);
}

mlrt_status mlrt__store_artifact(mlrt__store *store, int64_t run, const char *kind, const char *path, mlrt_error *err) {
    char whole[4096], now[32];
    struct stat s;
    snprintf(whole, sizeof whole, "%s/%s", store->folder, path);
    if (stat(whole, &s)) return mlrt__file_fail(err, "record artifact", whole);
    mlrt__timestamp(now, sizeof now);
    return mlrt__db_run(store, err, "REPLACE INTO artifacts (run, kind, path, bytes, created) VALUES (?, ?, ?, ?, ?)",
                        "ittit", run, kind, path, (int64_t)s.st_size, now);
}

/* ---- end ---- */

mlrt_status mlrt__store_finish(mlrt__store *store, int64_t run, mlrt__run_status status, const char *message,
                               mlrt_error *err) {
    char now[32];
    mlrt__timestamp(now, sizeof now);
    const mlrt_status done =
        mlrt__db_run(store, err, "UPDATE runs SET status = ?, message = ?, finished = ? WHERE id = ?", "ttti",
                     names[status], message, now, run);
    return !done && sqlite3_changes(store->db) == 0 ? mlrt__db_no_run(store, run, err) : done;
}
