/* json.c - runs as strict JSON. */
#include "store/json.h"
#include "base/text.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* A member's name, after a comma unless it is the first. */
static void key(FILE *out, const char *name, bool first) {
    if (!first) fputs(", ", out);
    mlrt__json_string(out, name);
    fputs(": ", out);
}

static void text(FILE *out, const char *name, const char *value) {
    key(out, name, false);
    if (value)
        mlrt__json_string(out, value);
    else
        fputs("null", out);
}

static void integer(FILE *out, const char *name, int64_t value) {
    key(out, name, false);
    fprintf(out, "%" PRId64, value);
}

static void number(FILE *out, double x) {
    char buffer[32];
    const char *odd = isnan(x) ? "\"NaN\"" : x > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    fputs(isfinite(x) ? mlrt__shortest(x, buffer, sizeof buffer) : odd, out);
}

static void measures(FILE *out, const char *name, const mlrt__run_measure *m, int32_t count) {
    key(out, name, false);
    fputc('[', out);
    for (int32_t i = 0; i < count; i++) {
        fprintf(out, "%s{\"step\": %" PRId64, i ? ",\n    " : "\n    ", m[i].step);
        integer(out, "epoch", m[i].epoch);
        text(out, "split", m[i].split);
        text(out, "name", m[i].name);
        key(out, "value", false);
        number(out, m[i].value);
        fputc('}', out);
    }
    fputc(']', out);
}

static void head(FILE *out, const mlrt__run *r) {
    fprintf(out, "{\"id\": %" PRId64, r->id);
    text(out, "identity", r->identity);
    text(out, "experiment", r->experiment);
    text(out, "status", mlrt__run_status_name(r->status));
    text(out, "message", r->message);
    text(out, "script", r->script);
    text(out, "script_hash", r->script_hash);
    integer(out, "seed", r->seed);
    text(out, "created", r->created);
    text(out, "finished", r->finished);
    text(out, "host", r->host);
    integer(out, "pid", r->pid);
    integer(out, "epochs", mlrt__run_epochs(r));
    measures(out, "last", r->last, r->lasts);
}

static void params(FILE *out, const mlrt__run *r) {
    key(out, "params", false);
    fputc('{', out);
    for (int32_t i = 0; i < r->params; i++) {
        key(out, r->param[i].name, i == 0);
        fputs(r->param[i].value, out);
    }
    fputc('}', out);
    key(out, "given", false);
    fputc('[', out);
    for (int32_t i = 0, given = 0; i < r->params; i++) {
        if (!r->param[i].given) continue;
        fputs(given++ ? ", " : "", out);
        mlrt__json_string(out, r->param[i].name);
    }
    fputc(']', out);
}

static void facts(FILE *out, const mlrt__run *r) {
    key(out, "facts", false);
    fputc('{', out);
    for (int32_t i = 0; i < r->facts; i++) {
        key(out, r->fact[i].name, i == 0);
        mlrt__json_string(out, r->fact[i].value);
    }
    fputc('}', out);
}

static void results(FILE *out, const mlrt__run *r) {
    key(out, "results", false);
    fputc('{', out);
    for (int32_t i = 0; i < r->results; i++) {
        key(out, r->result[i].name, i == 0);
        fputs(r->result[i].value, out);
    }
    fputc('}', out);
}

static void artifacts(FILE *out, const mlrt__run *r) {
    key(out, "artifacts", false);
    fputc('[', out);
    for (int32_t i = 0; i < r->artifacts; i++) {
        const mlrt__run_artifact *a = &r->artifact[i];
        fputs(i ? ",\n    {" : "\n    {", out);
        key(out, "kind", true);
        mlrt__json_string(out, a->kind);
        text(out, "path", a->path);
        integer(out, "bytes", a->bytes);
        text(out, "created", a->created);
        fputc('}', out);
    }
    fputc(']', out);
}

void mlrt__json_runs(const mlrt__run *runs, int32_t count, FILE *out) {
    fputc('[', out);
    for (int32_t i = 0; i < count; i++) {
        fputs(i ? ",\n" : "\n", out);
        head(out, &runs[i]);
        fputc('}', out);
    }
    fputs(count ? "\n]\n" : "]\n", out);
}

void mlrt__json_run(const mlrt__run *run, FILE *out) {
    head(out, run);
    params(out, run);
    facts(out, run);
    results(out, run);
    measures(out, "metrics", run->metric, run->metrics);
    artifacts(out, run);
    fputs("}\n", out);
}
