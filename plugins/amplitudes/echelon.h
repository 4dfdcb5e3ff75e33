/* echelon.h - linear equations modulo a prime, solved as they come.
 *
 * Each row that is added is reduced by those before it; what is left has its own pivot, the first column where it is
 * not zero. Rows are kept sparse while they are, which most of ours stay: a dense library (FLINT's nmod_mat) needs the
 * whole system at once and was slower on all of ours.
 */
#ifndef AMPLITUDES_ECHELON_H
#define AMPLITUDES_ECHELON_H

#include "modular.h"

typedef struct echelon {
    int32_t columns, rank;
    struct echelon_row *row; /* by pivot */
    int64_t *sum;            /* the row that is being reduced */
    uint32_t *probe;         /* a random solution of rows that were added */
    int32_t missed;          /* rows that followed from others and that it did not solve */
    uint64_t drawn;
} echelon;

bool echelon_new(work *w, echelon *e, int32_t columns);
/* The equation row . x = 0. One that follows from those before changes nothing. */
bool echelon_add(work *w, echelon *e, const uint32_t *row);
/* What is left of a row when those before are taken off; false when nothing is. */
bool echelon_reduce(const echelon *e, const uint32_t *row, uint32_t *rest, uint32_t p);
bool echelon_is_pivot(const echelon *e, int32_t column);
/* All solutions x, a column each: the k-th is 1 in the k-th column that is no pivot, and 0 in the others of them. */
bool echelon_solve(work *w, const echelon *e, matrix *solutions);

#endif
