/* spelling.h - from coordinates back to words.
 *
 * A symbol is sum x_ij f_i b_j over the elements of a front and a back space. Its coefficients are integers of less than
 * 62 bits, which two primes determine: words are spelled modulo the first, and once more modulo the second.
 */
#ifndef AMPLITUDES_SPELLING_H
#define AMPLITUDES_SPELLING_H

#include "suffix.h"

/* All words, or those that end in one of `only` unless it is NULL, in their order. Their coefficients are classes modulo
 * this prime, 0 to p - 1. */
bool spell_words(work *w, const space *front, const space *back, const matrix *x, const suffixes *only, symbol *s);
/* The same words modulo another prime: from the classes modulo `first` and this one, the coefficients. It is an error
 * when there are other words. */
bool spell_coefficients(work *w, const space *front, const space *back, const matrix *x, const suffixes *only,
                        uint32_t first, symbol *s);

#endif
