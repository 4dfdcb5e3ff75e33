/* echelon.c - elimination row by row. */
#include "echelon.h"
#include <string.h>

/* A row is kept sparse when at most one in so many of its columns is not zero; so many rows may follow from others and be
 * eliminated for nothing before the probe is drawn anew. */
enum { SPARSE = 4, MOST_MISSED = 2 };

typedef struct echelon_row {
    int32_t count;
    int32_t *column; /* of the values; NULL: all columns from the pivot on */
    uint32_t *value; /* the pivot's is 1; NULL: this column is no pivot */
} echelon_row;

bool echelon_is_pivot(const echelon *e, int32_t column) { return e->row[column].value != NULL; }

/* ---- rows that follow from those before, which are most ----
 *
 * A random solution of the rows so far solves a row that follows from them, and another one with a probability of 1 / p: a
 * scalar product instead of an elimination. It is drawn anew when it has let too many pass.
 */

static void draw_probe(echelon *e, uint32_t p) {
    for (int32_t j = e->columns - 1; j >= 0; j--) {
        const echelon_row *r = &e->row[j];
        uint32_t sum = 0;
        if (!r->value)
            sum = mlrt_random_u32(p, mlrt_stream("amplitudes.echelon"), e->drawn++) % p;
        else if (!r->column)
            sum = mod_negate(mod_dot(r->value + 1, e->probe + j + 1, r->count - 1, p), p);
        else
            for (int32_t k = 1; k < r->count; k++)
                sum = mod_add(sum, mod_negate(mod_mul(r->value[k], e->probe[r->column[k]], p), p), p);
        e->probe[j] = sum;
    }
    e->missed = 0;
}

bool echelon_new(work *w, echelon *e, int32_t columns) {
    *e = (echelon){.columns = columns};
    if (!TAKE(w, e->row, columns) || !TAKE(w, e->sum, columns) || !TAKE(w, e->probe, columns)) return false;
    draw_probe(e, w->p);
    return true;
}

/* ---- elimination ---- */

/* sum -= factor * (the row of this pivot) */
static void subtract(const echelon *e, int32_t pivot, uint32_t factor, uint32_t p) {
    const echelon_row *r = &e->row[pivot];
    const uint32_t minus = p - factor;
    const int64_t square = (int64_t)p * p;
    if (!r->column) {
        mod_add_multiple(e->sum + pivot, minus, r->value, r->count, p);
        return;
    }
    for (int32_t k = 0; k < r->count; k++) {
        int64_t *sum = &e->sum[r->column[k]];
        *sum += (int64_t)((uint64_t)minus * r->value[k]);
        if (*sum >= square) *sum -= square;
    }
}

/* Keep what is left from the pivot on, divided by it. */
static bool keep(work *w, echelon *e, int32_t pivot) {
    echelon_row *r = &e->row[pivot];
    const uint32_t inverse = mod_inverse((uint32_t)e->sum[pivot], w->p);
    int32_t used = 0;
    for (int32_t j = pivot; j < e->columns; j++) used += e->sum[j] != 0;
    const bool sparse = used <= (e->columns - pivot) / SPARSE;
    r->count = sparse ? used : e->columns - pivot;
    if (!TAKE(w, r->value, r->count) || (sparse && !TAKE(w, r->column, r->count))) return false;
    for (int32_t j = pivot, k = 0; j < e->columns; j++) {
        if (sparse && !e->sum[j]) continue;
        if (sparse) r->column[k] = j;
        r->value[k++] = mod_mul((uint32_t)e->sum[j], inverse, w->p);
    }
    e->rank++;
    return true;
}

/* Leaves what is left in e->sum; its first column, or -1. */
static int32_t reduce(const echelon *e, const uint32_t *row, uint32_t p) {
    int32_t first = 0, pivot = -1;
    while (first < e->columns && !row[first]) first++;
    for (int32_t j = 0; j < e->columns; j++) e->sum[j] = row[j];
    for (int32_t j = first; j < e->columns; j++) {
        if (!e->sum[j] || !(e->sum[j] %= p)) continue;
        if (echelon_is_pivot(e, j))
            subtract(e, j, (uint32_t)e->sum[j], p), e->sum[j] = 0;
        else if (pivot < 0)
            pivot = j;
    }
    return pivot;
}

bool echelon_reduce(const echelon *e, const uint32_t *row, uint32_t *rest, uint32_t p) {
    const int32_t pivot = reduce(e, row, p);
    for (int32_t j = 0; j < e->columns; j++) rest[j] = (uint32_t)e->sum[j];
    return pivot >= 0;
}

bool echelon_add(work *w, echelon *e, const uint32_t *row) {
    if (e->missed > MOST_MISSED) draw_probe(e, w->p);
    if (mod_dot(row, e->probe, e->columns, w->p) == 0) return true;
    const int32_t pivot = reduce(e, row, w->p);
    if (pivot >= 0) return keep(w, e, pivot);
    e->missed++;
    return true;
}

bool echelon_solve(work *w, const echelon *e, matrix *x) {
    const int32_t n = e->columns - e->rank;
    int32_t free_column = n;
    int64_t *sum;
    if (!matrix_new(w, x, e->columns, n) || !TAKE(w, sum, n)) return false;
    for (int32_t j = e->columns - 1; j >= 0; j--) {
        const echelon_row *r = &e->row[j];
        uint32_t *out = matrix_row(x, j);
        if (!r->value) {
            out[--free_column] = 1;
            continue;
        }
        memset(sum, 0, sizeof *sum * (size_t)n);
        for (int32_t k = 1; k < r->count; k++)
            mod_add_multiple(sum, mod_negate(r->value[k], w->p), matrix_row(x, r->column ? r->column[k] : j + k), n,
                             w->p);
        mod_reduce(out, sum, n, w->p);
    }
    return true;
}
