/* symbol.h - the symbol of the three-gluon form factor: words of 2L letters a..f and their integer coefficients.
 *
 * Dixon, Gurdogan, McLeod, Wilhelm, arXiv:2204.11901; in the form learned from in Cai et al., arXiv:2405.06107, Sec. 2.
 * A word is kept as a number in base 6, its first letter the highest digit: the order of numbers is that of words.
 */
#ifndef AMPLITUDES_SYMBOL_H
#define AMPLITUDES_SYMBOL_H

#include "relation.h"
#include <mlrt/base.h>

enum { MOST_LOOPS = 8, MOST_LETTERS = 2 * MOST_LOOPS };

typedef struct symbol {
    int32_t loops, letters; /* letters of a word: 2 * loops */
    int64_t terms, room;
    int64_t *word;        /* increasing */
    int64_t *coefficient; /* not zero */
    int64_t largest;      /* magnitude */
} symbol;

/* `word` gets the letters as numbers 0 to 5. */
static inline void symbol_spell(int64_t number, int32_t letters, uint8_t *word) {
    for (; letters > 0; number /= LETTERS) word[--letters] = (uint8_t)(number % LETTERS);
}
static inline int64_t symbol_number(const uint8_t *word, int32_t letters) {
    int64_t number = 0;
    for (int32_t k = 0; k < letters; k++) number = number * LETTERS + word[k];
    return number;
}

/* Add a term; a coefficient of zero is left out. False when memory is out. */
bool symbol_add(symbol *s, int64_t word, int64_t coefficient);
/* Put the terms in order. A word that is there twice is an error. */
mlrt_status symbol_sort(symbol *s, mlrt_error *err);
int64_t symbol_coefficient(const symbol *s, int64_t word); /* 0 when the word is not there */
void symbol_free(symbol *s);

/* Read a text file of either form; of other loop orders in it only the second may hold words. Errors name file and line.
 *   word coefficient     a line each; blank lines and those that begin with '#' are skipped
 *   NAME := 8*SB(b,d,d,d)-16*SB(..)..;     the published one */
mlrt_status symbol_read(symbol *s, int32_t loops, const char *path, mlrt_error *err);
/* Write `word coefficient` lines. */
mlrt_status symbol_write(const symbol *s, const char *path, mlrt_error *err);

#endif
