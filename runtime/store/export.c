/* export.c - a run as comma-separated values. */
#include "base/text.h"
#include "store/db.h"
#include "store/wide.h"
#include <inttypes.h>
#include <string.h>

/* RFC 4180. */
static void print_field(FILE *out, const char *text) {
    const bool quoted = strpbrk(text, ",\"\r\n");
    if (quoted) fputc('"', out);
    for (; *text; text++) fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
    if (quoted) fputc('"', out);
}

static void print_csv(const mlrt__run *run, mlrt__arena *arena, FILE *out) {
    const mlrt__wide w = mlrt__wide_table(run, false, arena);
    char number[32];
    fputs("epoch,step", out);
    for (int32_t j = 0; j < w.columns; j++) {
        fputc(',', out);
        print_field(out, mlrt__wide_name(&run->last[j], '.', arena));
    }
    fputc('\n', out);
    for (int32_t i = 0; i < w.rows; i++) {
        fprintf(out, "%" PRId32 ",%" PRId64, w.row[i]->epoch, w.row[i]->step);
        for (int32_t j = 0; j < w.columns; j++) {
            const mlrt__run_measure *m = w.cell[(size_t)i * (size_t)w.columns + (size_t)j];
            fputc(',', out);
            if (m) fputs(mlrt__shortest(m->value, number, sizeof number), out);
        }
        fputc('\n', out);
    }
}

mlrt_status mlrt__store_export_csv(mlrt__store *store, int64_t run, FILE *out, mlrt_error *err) {
    mlrt__arena arena = {0};
    mlrt__run loaded;
    const mlrt_status status = mlrt__store_load(store, run, &arena, &loaded, err);
    if (!status) print_csv(&loaded, &arena, out);
    mlrt__arena_free(&arena);
    return status;
}
