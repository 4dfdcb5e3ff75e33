/* suffix.h - compact forms of a symbol: only words that end in one of a few suffixes, each of which counts as one letter.
 *
 * Dihedral symmetry and what is known of final entries give all other words: Cai et al., arXiv:2405.06107, Sec. 2.3.
 */
#ifndef AMPLITUDES_SUFFIX_H
#define AMPLITUDES_SUFFIX_H

#include "space.h"
#include "symbol.h"

enum { QUADS = 8, QUAD_LETTERS = 4, OCTUPLE_LETTERS = 8 };

typedef enum word_form { FORM_WORD, FORM_QUAD, FORM_OCTUPLE } word_form;
extern const char *const forms[]; /* "word", "quad", "octuple"; ends with NULL */

typedef struct suffixes {
    int32_t count, letters; /* of each */
    int64_t *word;
    const char **text;
} suffixes;

extern const char *const quads[QUADS]; /* "dddd", .. */

bool suffixes_quads(work *w, suffixes *s);
/* 94 of eight letters: those chosen of weight 8 of hexagon.h. */
bool suffixes_octuples(work *w, suffixes *s);
/* Those of a form, of words of so many loops, which must not be too short; of whole words none, with count = 0. */
mlrt_status suffixes_of_form(work *w, word_form form, int32_t loops, suffixes *s);
/* Suffixes that end in d and that, with their images under the cycle, determine any element of this weight of a back space:
 * the first such in alphabetical order. */
bool suffixes_choose(work *w, const space *back, int32_t weight, suffixes *s);

/* Which of them a word ends in, or -1. */
int32_t suffix_of(const suffixes *s, int64_t word);
/* Leave only words that end in one of them. */
void suffix_reduce(symbol *all, const suffixes *s);

#endif
