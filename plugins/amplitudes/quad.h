/* quad.h - the compact form of a symbol: only words that end in one of eight suffixes, which count as one letter.
 *
 * Dihedral symmetry and the relations of final entries give all other words: Cai et al., arXiv:2405.06107, Sec. 2.3.
 */
#ifndef AMPLITUDES_QUAD_H
#define AMPLITUDES_QUAD_H

#include "symbol.h"

enum { QUADS = 8, QUAD_LETTERS = 4 };

extern const char *const quads[QUADS]; /* "dddd", .. */

/* Which of the eight a word ends in, or -1. */
int32_t quad_of(int64_t word);
/* Leave only words that end in one of them. */
void quad_reduce(symbol *s);

#endif
