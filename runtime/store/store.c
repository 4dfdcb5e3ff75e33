/* store.c - opening a run store: its file, its tables and their versions. */
#include "base/file.h"
#include "store/db.h"
#include "store/rows.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { APPLICATION = 0x6d6c7274 /* "mlrt", in the file's header */, PATIENCE = 30000 /* ms for a lock */ };

/* Row n brings a file from version n to n + 1: to change the tables, add a row. */
static const char *const migrations[] = {
    "CREATE TABLE runs ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, experiment TEXT NOT NULL, script TEXT NOT NULL,"
    " script_hash TEXT NOT NULL, seed INTEGER NOT NULL, status TEXT NOT NULL, message TEXT,"
    " created TEXT NOT NULL, finished TEXT,"
    " host TEXT NOT NULL, boot TEXT NOT NULL, pid INTEGER NOT NULL, started INTEGER NOT NULL) STRICT;"
    "CREATE INDEX runs_by_experiment ON runs (experiment);"
    "CREATE TABLE params ("
    " run INTEGER NOT NULL REFERENCES runs, name TEXT NOT NULL, value TEXT NOT NULL, given INTEGER NOT NULL,"
    " PRIMARY KEY (run, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE facts ("
    " run INTEGER NOT NULL REFERENCES runs, name TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (run, name)) STRICT, WITHOUT ROWID;"
    /* value is NULL for NaN, which SQLite does not have */
    "CREATE TABLE metrics ("
    " run INTEGER NOT NULL REFERENCES runs, split TEXT NOT NULL, name TEXT NOT NULL, step INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, value REAL, PRIMARY KEY (run, split, name, step)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE artifacts ("
    " run INTEGER NOT NULL REFERENCES runs, path TEXT NOT NULL, kind TEXT NOT NULL, bytes INTEGER NOT NULL,"
    " created TEXT NOT NULL, PRIMARY KEY (run, path)) STRICT, WITHOUT ROWID;",
    /* the parameters as mlrt__run_identity joins them */
    "ALTER TABLE runs ADD COLUMN identity TEXT NOT NULL DEFAULT '';"
    "UPDATE runs SET identity = mlrt_identity(experiment, (SELECT group_concat(name || '=' || value, char(10)) FROM"
    " (SELECT name, value FROM params WHERE run = runs.id ORDER BY name)));"
    "CREATE INDEX runs_by_identity ON runs (identity);"
    "CREATE TABLE results ("
    " run INTEGER NOT NULL REFERENCES runs, name TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (run, name)) STRICT, WITHOUT ROWID;",
};
enum { VERSION = sizeof migrations / sizeof *migrations };

/* mlrt_identity(experiment, params) for the migration. */
static void sql_identity(sqlite3_context *context, int count, sqlite3_value **value) {
    const char *experiment = (const char *)sqlite3_value_text(value[0]);
    const char *params = (const char *)sqlite3_value_text(value[1]);
    char identity[MLRT__IDENTITY];
    (void)count;
    mlrt__identity_of(experiment ? experiment : "", params ? params : "", identity);
    sqlite3_result_text(context, identity, -1, SQLITE_TRANSIENT);
}

/* ---- versions ---- */

/* The file's version, 0 when it is new; foreign and newer files are refused. */
static mlrt_status read_version(mlrt__store *s, int64_t *version, mlrt_error *err) {
    int64_t application = 0, tables = 0;
    mlrt_status status = mlrt__db_int(s, &application, err, "PRAGMA application_id");
    if (!status) status = mlrt__db_int(s, version, err, "PRAGMA user_version");
    if (!status) status = mlrt__db_int(s, &tables, err, "SELECT count(*) FROM sqlite_schema");
    if (status) return status;
    if (application != APPLICATION && (application || *version || tables))
        return mlrt_fail(err, MLRT_FORMAT, "'%s' is not a run store: another program made it", s->path);
    if (*version > VERSION)
        return mlrt_fail(err, MLRT_FORMAT, "'%s' is of a newer mlrt: its version is %" PRId64 ", this mlrt knows %d",
                         s->path, *version, VERSION);
    return MLRT_OK;
}

/* The same when no transaction is open: all of it from one moment, whoever makes the tables meanwhile. */
static mlrt_status read_version_at_once(mlrt__store *s, int64_t *version, mlrt_error *err) {
    if (sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK) return mlrt__db_fail(s, err);
    const mlrt_status status = read_version(s, version, err);
    return mlrt__db_end(s, status, err);
}

static mlrt_status migrate_one(mlrt__store *s, int64_t version, mlrt_error *err) {
    char sql[96];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %" PRId64, APPLICATION, version + 1);
    const bool made = sqlite3_exec(s->db, migrations[version], NULL, NULL, NULL) == SQLITE_OK &&
                      sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK;
    return made ? MLRT_OK : mlrt__db_fail(s, err);
}

/* The version is read again under the lock: another process may have been faster. */
static mlrt_status migrate(mlrt__store *s, mlrt_error *err) {
    int64_t version = 0;
    mlrt_status status = mlrt__db_begin(s, err);
    if (status) return status;
    sqlite3_create_function(s->db, "mlrt_identity", 2, SQLITE_UTF8, NULL, sql_identity, NULL, NULL);
    status = read_version(s, &version, err);
    for (; !status && version < VERSION; version++) status = migrate_one(s, version, err);
    return mlrt__db_end(s, status, err);
}

/* Going over to the write-ahead log needs the file alone for a moment, and SQLite does not wait for that by itself. A
 * file system that cannot do it keeps the rollback journal, which is slower and as safe. */
static mlrt_status use_wal(mlrt__store *s, mlrt_error *err) {
    enum { NAP = 10 };
    int result = SQLITE_BUSY;
    for (int waited = 0; result == SQLITE_BUSY && waited < PATIENCE; waited += NAP) {
        if (waited) nanosleep(&(struct timespec){.tv_nsec = NAP * 1000000L}, NULL);
        result = sqlite3_exec(s->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    }
    return result == SQLITE_OK ? MLRT_OK : mlrt__db_fail(s, err);
}

/* ---- opening ---- */

/* The file may come from anywhere: nothing in it may run, and damage is looked for. */
static const char settings[] = "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
                               "PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL;";

static mlrt_status open_file(mlrt__store *s, const char *name, int flags, mlrt_error *err) {
    if (sqlite3_open_v2(name, &s->db, flags, NULL) != SQLITE_OK) return mlrt__db_fail(s, err);
    sqlite3_busy_timeout(s->db, PATIENCE);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return sqlite3_exec(s->db, settings, NULL, NULL, NULL) == SQLITE_OK ? MLRT_OK : mlrt__db_fail(s, err);
}

static mlrt_status open_to_write(mlrt__store *s, mlrt_error *err) {
    int64_t version = 0;
    mlrt_status status = mlrt__make_folders(s->folder, err);
    if (!status) status = open_file(s, s->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
    if (!status) status = read_version_at_once(s, &version, err);
    if (!status) status = use_wal(s, err);
    if (!status && version < VERSION) status = migrate(s, err);
    return status;
}

/* In a folder that cannot be written to, SQLite cannot share the file with a writer; when no log shows that there was
 * one, nobody writes and it is read as it is. */
static const char *read_name(const mlrt__store *s, mlrt__arena *arena) {
    const char *log = mlrt__arena_printf(arena, "%s-wal", s->path);
    if (access(s->folder, W_OK) == 0 || access(log, F_OK) == 0) return s->path;
    char *name = mlrt__arena_alloc(arena, 3 * strlen(s->path) + 32), *at = name + sprintf(name, "file:");
    for (const char *c = s->path; *c; c++) at += sprintf(at, strchr("%?#", *c) ? "%%%02x" : "%c", (unsigned char)*c);
    strcpy(at, "?immutable=1");
    return name;
}

static mlrt_status open_to_read(mlrt__store *s, mlrt_error *err) {
    if (access(s->path, F_OK)) {
        mlrt_fail(err, MLRT_FILE, "no run store in '%s'", s->folder);
        return mlrt_hint(err, "the first run makes one"), MLRT_FILE;
    }
    mlrt__arena arena = {0};
    const char *name = read_name(s, &arena);
    int64_t version = 0;
    const int flags = name == s->path ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    mlrt_status status = open_file(s, name, flags, err);
    if (!status) status = read_version_at_once(s, &version, err);
    if (!status && version < VERSION) status = migrate(s, err);
    mlrt__arena_free(&arena);
    return status;
}

mlrt_status mlrt__store_open(mlrt__store **store, const char *folder, mlrt__store_mode mode, mlrt_error *err) {
    mlrt__store *s = mlrt__grow(NULL, sizeof *s);
    *s = (mlrt__store){.folder = mlrt__grow(NULL, strlen(folder) + 1)};
    strcpy(s->folder, folder);
    s->path = mlrt__grow(NULL, strlen(folder) + sizeof "/mlrt.db");
    sprintf(s->path, "%s/mlrt.db", folder);
    const mlrt_status status = mode == MLRT__STORE_READ ? open_to_read(s, err) : open_to_write(s, err);
    if (!status && mode == MLRT__STORE_WORKER) sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (status) mlrt__store_close(s);
    *store = status ? NULL : s;
    return status;
}

void mlrt__store_close(mlrt__store *store) {
    if (!store) return;
    sqlite3_close(store->db);
    free(store->folder);
    free(store->path);
    free(store);
}

const char *mlrt__store_folder(const mlrt__store *store) { return store->folder; }
