/* wide.c - the measures of a run as a table. */
#include "store/wide.h"
#include <string.h>

static int32_t column_of(const mlrt__run *run, const mlrt__run_measure *m) {
    int32_t i = 0;
    while (i < run->lasts && (strcmp(run->last[i].name, m->name) || strcmp(run->last[i].split, m->split))) i++;
    return i;
}

/* Measures come by step, so those of a row follow each other. */
static bool begins_row(const mlrt__run_measure *m, int32_t i, bool by_epoch) {
    return i == 0 || (by_epoch ? m[i].epoch != m[i - 1].epoch : m[i].step != m[i - 1].step);
}

mlrt__wide mlrt__wide_table(const mlrt__run *run, bool by_epoch, mlrt__arena *arena) {
    mlrt__wide w = {.columns = run->lasts};
    const mlrt__run_measure *m = run->metric;
    int32_t rows = 0;
    for (int32_t i = 0; i < run->metrics; i++) rows += begins_row(m, i, by_epoch);
    w.cell = MLRT__NEWS(arena, const mlrt__run_measure *, (size_t)rows *(size_t)w.columns);
    w.row = MLRT__NEWS(arena, const mlrt__run_measure *, rows);
    for (int32_t i = 0; i < run->metrics; i++) {
        w.rows += begins_row(m, i, by_epoch);
        const int32_t column = column_of(run, &m[i]);
        w.row[w.rows - 1] = &m[i];
        if (column < w.columns) w.cell[(size_t)(w.rows - 1) * (size_t)w.columns + (size_t)column] = &m[i];
    }
    return w;
}

const char *mlrt__wide_name(const mlrt__run_measure *m, char between, mlrt__arena *arena) {
    return *m->split ? mlrt__arena_printf(arena, "%s%c%s", m->split, between, m->name) : m->name;
}
