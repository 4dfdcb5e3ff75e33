/* symbol.h - the symbol of the three-gluon form factor: words of 2L letters a..f and their integer coefficients.
 *
 * Dixon, Gurdogan, McLeod, Wilhelm, arXiv:2204.11901; in the form learned from in Cai et al., arXiv:2405.06107, Sec. 2. */
#ifndef AMPLITUDES_SYMBOL_H
#define AMPLITUDES_SYMBOL_H

#include <mlrt/base.h>

enum { LETTERS = 6, MOST_LOOPS = 8 };

typedef struct symbol {
    int32_t loops, letters; /* letters of a word: 2 * loops */
    int64_t terms;
    char *word;           /* terms * letters, 'a' to 'f' */
    int64_t *coefficient; /* not zero */
    int64_t largest;      /* magnitude */
} symbol;

/* Read `word coefficient` lines; blank ones and those that begin with '#' are skipped. Errors name file and line. */
mlrt_status symbol_read(symbol *s, int32_t loops, const char *path, mlrt_error *err);
void symbol_free(symbol *s);

#endif
