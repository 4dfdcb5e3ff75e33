/* modular.c - sums of multiples of rows, modulo a prime. */
#include "modular.h"

enum { PANEL = 4096 }; /* columns of a product that are summed at a time: they stay in the first-level cache */

uint32_t mod_inverse(uint32_t a, uint32_t p) {
    uint64_t power = a, result = 1;
    for (uint32_t e = p - 2; e; e >>= 1) {
        if (e & 1) result = result * power % p;
        power = power * power % p;
    }
    return (uint32_t)result;
}

MLRT_VECTORISED static void add_multiple(int64_t *restrict sum, uint64_t factor, const uint32_t *restrict row,
                                         int64_t n, int64_t square) {
    for (int64_t i = 0; i < n; i++) {
        const int64_t s = sum[i] + (int64_t)(factor * row[i]);
        sum[i] = s - (s >= square ? square : 0);
    }
}

void mod_add_multiple(int64_t *sum, uint32_t factor, const uint32_t *row, int64_t n, uint32_t p) {
    if (factor) add_multiple(sum, factor, row, n, (int64_t)p * p);
}

uint32_t mod_dot(const uint32_t *a, const uint32_t *b, int64_t n, uint32_t p) {
    const int64_t square = (int64_t)p * p;
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += (int64_t)((uint64_t)a[i] * b[i]);
        if (sum >= square) sum -= square;
    }
    return (uint32_t)(sum % p);
}

void mod_reduce(uint32_t *out, const int64_t *sum, int64_t n, uint32_t p) {
    for (int64_t i = 0; i < n; i++) out[i] = (uint32_t)((uint64_t)sum[i] % p);
}

bool matrix_new(work *w, matrix *m, int32_t rows, int32_t columns) {
    *m = (matrix){rows, columns, NULL};
    return TAKE(w, m->at, (int64_t)rows * columns);
}

/* c = (element i, j of a at a->at[i * down + j * across]) b */
static bool product(work *w, const matrix *a, int64_t down, int64_t across, int32_t inner, const matrix *b, matrix *c) {
    for (int32_t from = 0; from < b->columns; from += PANEL) {
        const int32_t n = b->columns - from < PANEL ? b->columns - from : PANEL;
        if (!work_goes_on(w)) return false;
        for (int32_t i = 0; i < c->rows; i++) {
            int64_t sum[PANEL] = {0};
            for (int32_t j = 0; j < inner; j++)
                mod_add_multiple(sum, a->at[i * down + j * across], matrix_row(b, j) + from, n, w->p);
            mod_reduce(matrix_row(c, i) + from, sum, n, w->p);
        }
    }
    return true;
}

bool matrix_product(work *w, const matrix *a, const matrix *b, matrix *c) {
    return matrix_new(w, c, a->rows, b->columns) && product(w, a, a->columns, 1, a->columns, b, c);
}

bool matrix_transposed_product(work *w, const matrix *a, const matrix *b, matrix *c) {
    return matrix_new(w, c, a->columns, b->columns) && product(w, a, 1, a->columns, a->rows, b, c);
}

bool matrix_transpose(work *w, const matrix *a, matrix *t) {
    if (!matrix_new(w, t, a->columns, a->rows)) return false;
    for (int32_t i = 0; i < a->rows; i++)
        for (int32_t j = 0; j < a->columns; j++) matrix_row(t, j)[i] = matrix_row(a, i)[j];
    return true;
}
