/* space.h - what a symbol can begin with, and what it can end with.
 *
 * The parts of n letters with which symbols begin (or end) and which satisfy the relations form a vector space, the front
 * (or back) space of weight n: 1, 3, 9, 24, 63, .. dimensions instead of 6^n. It is built letter by letter: an element
 * of weight n is a sum of elements of weight n-1 with one letter more at its open end, the right end of a front and the
 * left end of a back. The basis is such that each element has its own word, on which it is 1 and the others are 0: an
 * element's coordinates are its coefficients of these words.
 *
 * Linear maps that treat one letter after the other (take a limit, integrate, read off a word) go through a space in
 * steps: what is known of the elements of weight n-1 gives the same of those of weight n.
 */
#ifndef AMPLITUDES_SPACE_H
#define AMPLITUDES_SPACE_H

#include "echelon.h"
#include "relation.h"

enum { MOST_WEIGHT = 16 };

/* element `outer` of weight n holds factor * (element `inner` of weight n-1, letter) */
typedef struct space_term {
    int32_t outer, inner;
    uint32_t factor;
} space_term;

typedef struct space_level {
    int32_t dim;
    int32_t first[LETTERS + 1]; /* where the terms of a letter begin */
    space_term *term;
    int32_t *inner;  /* the own word of an element: that of this element of weight n-1, */
    uint8_t *letter; /* and this letter */
} space_level;

typedef struct space {
    place end; /* FRONT or BACK */
    int32_t weight;
    space_level level[MOST_WEIGHT + 1];
} space;

/* All levels up to a weight; of the relations where words begin or end, those of at most `longest` letters. */
bool space_new(work *w, space *s, place end, int32_t weight, int32_t longest);
/* Weight n from the solutions x of equations e, whose unknowns are the coefficients of (letter, element of weight n-1),
 * those of the first letter first. */
bool space_take(work *w, space *s, int32_t n, const echelon *e, const matrix *x);

/* out[outer] += weight[letter] * factor * in[inner] over the terms of weight n; rows of any width. */
bool space_step(work *w, const space *s, int32_t n, const uint32_t weight[LETTERS], const matrix *in, matrix *out);
/* The other way, from coordinates: out[inner] += weight[letter] * factor * in[outer]. */
bool space_strip(work *w, const space *s, int32_t n, const uint32_t weight[LETTERS], const matrix *in, matrix *out);
/* The same for one letter. */
bool space_step_letter(work *w, const space *s, int32_t n, int32_t letter, const matrix *in, matrix *out);
bool space_strip_letter(work *w, const space *s, int32_t n, int32_t letter, const matrix *in, matrix *out);

/* A step that keeps the letter: a column of `in` becomes six, the open letter being the digit of a number in base 6 that is
 * read like a word, where the columns of `in` are the other digits. */
bool space_spell(work *w, const space *s, int32_t n, const matrix *in, matrix *out);

/* The coefficient of a word of n letters in each element of weight n, from the first letter of the symbol on. */
bool space_value(work *w, const space *s, const uint8_t *letter, int32_t n, matrix *value);

/* How an image of the dihedral group acts on weight n: row i holds the coordinates of the image of element i. */
bool space_image(work *w, const space *s, int32_t n, int32_t image, matrix *action);
/* The own words of weight n as numbers in base 6, the first letter of the symbol the highest digit. */
bool space_words(work *w, const space *s, int32_t n, int64_t **word);

#endif
