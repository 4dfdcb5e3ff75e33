/* show.c - runs for people: `mlrt runs` and `mlrt show`. */
#include "base/text.h"
#include "store/db.h"
#include "store/json.h"
#include "store/table.h"
#include "store/wide.h"
#include <inttypes.h>
#include <string.h>
#include <time.h>

enum { INDENT = 2, LAST_SHOWN = 3 };

/* ---- times ---- */

static time_t seconds(const char *utc) {
    struct tm t = {0};
    const int read =
        sscanf(utc, "%d-%d-%dT%d:%d:%dZ", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour, &t.tm_min, &t.tm_sec);
    t.tm_year -= 1900, t.tm_mon -= 1;
    return read == 6 ? timegm(&t) : 0;
}

/* From one time to another, or to now when that is NULL: "52 s", "17 min", "9 h", "12 d". */
static const char *span(const char *from, const char *to, mlrt__arena *arena) {
    static const struct {
        int64_t below, unit;
        const char *name;
    } units[] = {{120, 1, "s"}, {120 * 60, 60, "min"}, {48 * 3600, 3600, "h"}, {INT64_MAX, 86400, "d"}};
    int64_t s = (int64_t)(to ? seconds(to) : time(NULL)) - (int64_t)seconds(from);
    if (s < 0) s = 0;
    int i = 0;
    while (s >= units[i].below) i++;
    return mlrt__arena_printf(arena, "%" PRId64 " %s", s / units[i].unit, units[i].name);
}

/* ---- many runs ---- */

/* The first few that are not about the training split, unless there is no other. */
static const char *last_measures(const mlrt__run *run, mlrt__arena *arena) {
    const char *text = "";
    bool held_out = false;
    int32_t shown = 0;
    for (int32_t i = 0; i < run->lasts; i++) held_out |= strcmp(run->last[i].split, "train") != 0;
    for (int32_t i = 0; i < run->lasts && shown < LAST_SHOWN; i++) {
        const mlrt__run_measure *m = &run->last[i];
        if (held_out && strcmp(m->split, "train") == 0) continue;
        text = mlrt__arena_printf(arena, "%s%s%s %.4g", text, shown++ ? ", " : "", mlrt__wide_name(m, ' ', arena),
                                  m->value);
    }
    return text;
}

static void print_runs(const mlrt__run *runs, int32_t count, mlrt__arena *arena, FILE *out) {
    static const char *const names[] = {"run", "experiment", "status", "age", "epochs", "last"};
    mlrt__table t = {.arena = arena, .columns = sizeof names / sizeof *names, .right = 1 << 0 | 1 << 3 | 1 << 4};
    for (int32_t i = 0; i < t.columns; i++) mlrt__table_add(&t, "%s", names[i]);
    for (int32_t i = 0; i < count; i++) {
        const mlrt__run *r = &runs[i];
        mlrt__table_add(&t, "%" PRId64, r->id);
        mlrt__table_add(&t, "%s", r->experiment);
        mlrt__table_add(&t, "%s", mlrt__run_status_name(r->status));
        mlrt__table_add(&t, "%s", span(r->created, NULL, arena));
        mlrt__table_add(&t, "%" PRId32, mlrt__run_epochs(r));
        mlrt__table_add(&t, "%s", last_measures(r, arena));
    }
    mlrt__table_print(&t, 0, out);
}

mlrt_status mlrt__store_print_runs(mlrt__store *store, const mlrt__run_filter *filter, bool json, FILE *out,
                                   mlrt_error *err) {
    mlrt__arena arena = {0};
    mlrt__run *runs;
    int32_t count;
    const mlrt_status status = mlrt__store_list(store, filter, &arena, &runs, &count, err);
    if (!status && json) mlrt__json_runs(runs, count, out);
    if (!status && !json) print_runs(runs, count, &arena, out);
    mlrt__arena_free(&arena);
    return status;
}

/* ---- one run ---- */

static void line(mlrt__table *t, const char *name, const char *value) {
    mlrt__table_add(t, "%s", name);
    mlrt__table_add(t, "%s", value);
}

static void print_head(const mlrt__run *r, mlrt__arena *arena, FILE *out) {
    mlrt__table t = {.arena = arena, .columns = 2};
    line(&t, "run", mlrt__arena_printf(arena, "%" PRId64, r->id));
    line(&t, "experiment", r->experiment);
    line(&t, "status", mlrt__run_status_name(r->status));
    if (r->message) line(&t, "message", r->message);
    line(&t, "script", mlrt__arena_printf(arena, "%s (%s)", r->script, r->script_hash));
    line(&t, "seed", mlrt__arena_printf(arena, "%" PRId64, r->seed));
    line(&t, "created", r->created);
    if (r->finished)
        line(&t, "finished",
             mlrt__arena_printf(arena, "%s, after %s", r->finished, span(r->created, r->finished, arena)));
    line(&t, "process", mlrt__arena_printf(arena, "%" PRId64 " on %s", r->pid, r->host));
    mlrt__table_print(&t, 0, out);
}

static void print_params(const mlrt__run *r, mlrt__arena *arena, FILE *out) {
    mlrt__table t = {.arena = arena, .columns = 3};
    for (int32_t i = 0; i < r->params; i++) {
        line(&t, r->param[i].name, r->param[i].value);
        mlrt__table_add(&t, "%s", r->param[i].given ? "given" : "");
    }
    if (r->params) fputs("\nparameters\n", out);
    mlrt__table_print(&t, INDENT, out);
}

static void print_facts(const mlrt__run *r, mlrt__arena *arena, FILE *out) {
    mlrt__table t = {.arena = arena, .columns = 2};
    for (int32_t i = 0; i < r->facts; i++) line(&t, r->fact[i].name, r->fact[i].value);
    if (r->facts) fputs("\nfacts\n", out);
    mlrt__table_print(&t, INDENT, out);
}

static void print_metrics(const mlrt__run *r, mlrt__arena *arena, FILE *out) {
    if (!r->metrics) return;
    const mlrt__wide w = mlrt__wide_table(r, true, arena);
    mlrt__table t = {.arena = arena, .columns = 2 + w.columns, .right = UINT32_MAX};
    line(&t, "epoch", "step");
    for (int32_t j = 0; j < w.columns; j++) mlrt__table_add(&t, "%s", mlrt__wide_name(&r->last[j], ' ', arena));
    for (int32_t i = 0; i < w.rows; i++) {
        mlrt__table_add(&t, "%" PRId32, w.row[i]->epoch);
        mlrt__table_add(&t, "%" PRId64, w.row[i]->step);
        for (int32_t j = 0; j < w.columns; j++) {
            const mlrt__run_measure *m = w.cell[(size_t)i * (size_t)w.columns + (size_t)j];
            mlrt__table_add(&t, m ? "%.5g" : "", m ? m->value : 0);
        }
    }
    fputs("\nmetrics\n", out);
    mlrt__table_print(&t, INDENT, out);
}

static void print_results(const mlrt__run *r, mlrt__arena *arena, FILE *out) {
    mlrt__table t = {.arena = arena, .columns = 2};
    for (int32_t i = 0; i < r->results; i++) line(&t, r->result[i].name, r->result[i].value);
    if (r->results) fputs("\nresults\n", out);
    mlrt__table_print(&t, INDENT, out);
}

static void print_artifacts(const mlrt__run *r, mlrt__arena *arena, FILE *out) {
    mlrt__table t = {.arena = arena, .columns = 4, .right = 1 << 2};
    char bytes[32];
    for (int32_t i = 0; i < r->artifacts; i++) {
        line(&t, r->artifact[i].kind, r->artifact[i].path);
        mlrt__table_add(&t, "%s bytes", mlrt__grouped(r->artifact[i].bytes, bytes, sizeof bytes));
        mlrt__table_add(&t, "%s", r->artifact[i].created);
    }
    if (r->artifacts) fputs("\nartifacts\n", out);
    mlrt__table_print(&t, INDENT, out);
}

mlrt_status mlrt__store_print_run(mlrt__store *store, int64_t run, bool json, FILE *out, mlrt_error *err) {
    static void (*const sections[])(const mlrt__run *r, mlrt__arena *arena, FILE *out) = {
        print_head, print_params, print_facts, print_metrics, print_results, print_artifacts};
    mlrt__arena arena = {0};
    mlrt__run r;
    const mlrt_status status = mlrt__store_load(store, run, &arena, &r, err);
    if (!status && json) mlrt__json_run(&r, out);
    for (size_t i = 0; i < sizeof sections / sizeof *sections && !status && !json; i++) sections[i](&r, &arena, out);
    mlrt__arena_free(&arena);
    return status;
}
