/* parents.h - words of one loop order, and the coefficients of their parents, one loop lower.
 *
 * The parents of a word are what is left when two of its letters are struck out: L(2L-1) words of one loop less, in the
 * order of the pairs that are struck, first and second, first and third, and so on. Cai et al., arXiv:2405.06107, Sec. 8.
 */
#ifndef AMPLITUDES_PARENTS_H
#define AMPLITUDES_PARENTS_H

#include "number.h"
#include "symbol.h"

enum { PARENTS_STRIKEOUT, PARENTS_SHUFFLED, PARENTS_SORTED };

extern const char *const parents_orders[]; /* "strikeout", .. for properties */

/* What is told of the parents. */
typedef struct telling {
    int32_t k;     /* struck letters are at most so many places apart; 0: any */
    int32_t order; /* PARENTS_STRIKEOUT, .. */
    int32_t keep;  /* a number_part */
    int32_t seed;  /* of shuffled parents */
    bool unique;   /* each example once: what is told, and the coefficient */
    bool signless; /* and of two examples that have all signs opposite, one */
    bool opposite; /* told with all signs opposite */
} telling;

typedef struct generation {
    symbol words; /* those that are examples */
    symbol parents;
    int64_t *first;  /* the parents that begin with the same letters; one more at the end */
    int64_t same;    /* words that begin with the same letters */
    int32_t longest; /* tokens of a source */
} generation;

/* For sources in which each parent is one token: all numbers that may be told of those of words of `loop` loops, where signs
 * do not count their opposites, too. */
mlrt_status parents_values(numbers *n, int32_t loop, const telling *t, mlrt_error *err);

/* The words of a loop order up to dihedral images, which have the same parents and the same coefficient. In any case *g is
 * to be freed. */
mlrt_status generation_new(generation *g, int32_t loop, const telling *t, const numbers *n, mlrt_error *err);
void generation_free(generation *g);
/* The fields of a task that is told of parents: sources of so many tokens, coefficients as long as g's longest. */
void generation_fields(mlrt_task *self, const generation *g, const numbers *source, const numbers *target,
                       int32_t tokens);
/* Each parent's coefficient, padded. */
void generation_source(const generation *g, const telling *t, const numbers *n, int64_t word, int32_t *source,
                       int32_t length);

#endif
