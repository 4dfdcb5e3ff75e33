/* family.h - the symbols that are still possible, as the bootstrap goes on.
 *
 * A symbol of L loops is sum x_ij f_i b_j over the elements of a front space of weight m and a back space of weight
 * k = 2L - m. Every symbol that satisfies what was asked so far is one particular member plus a combination of the
 * others, whose number is that of the free parameters. A condition is linear in the member: it narrows the family.
 */
#ifndef AMPLITUDES_FAMILY_H
#define AMPLITUDES_FAMILY_H

#include "echelon.h"
#include "space.h"
#include "symbol.h"

typedef struct family {
    const space *front, *back;
    int32_t loop, m, k; /* weights of the two parts */
    int32_t unknowns;   /* of the invariant ansatz, before the parts were made to fit */
    int32_t parameters;
    matrix members; /* a row of x_ij each: `parameters` directions, then the particular member */
} family;

/* All dihedrally invariant combinations whose parts fit together: that satisfy the relations across the cut, too. The
 * particular member is zero. */
bool family_new(work *w, family *f, const space *front, const space *back, int32_t loop, int32_t m);

/* The family that has one member, a symbol whose coordinates x are known; they stay where they are. */
family family_known(const space *front, const space *back, int32_t loop, int32_t m, const matrix *x);
/* A symbol's coordinates, with the front elements of weight m: its coefficients of the own words. */
bool family_coordinates(work *w, const space *front, const space *back, const symbol *s, int32_t m, matrix *x);

/* x of a member as a matrix of front by back elements. */
static inline matrix family_member(const family *f, int32_t i) {
    return (matrix){f->front->level[f->m].dim, f->back->level[f->k].dim, matrix_row(&f->members, i)};
}

/* A condition: for every member a row of values, which must add up to the target. */
bool family_narrow(work *w, family *f, const matrix *values, const uint32_t *target, const char *condition);

#endif
