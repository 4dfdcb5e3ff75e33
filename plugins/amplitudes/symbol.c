/* symbol.c - the terms of a symbol, in order. */
#include "symbol.h"
#include <stdlib.h>

bool symbol_add(symbol *s, int64_t word, int64_t coefficient) {
    if (coefficient == 0) return true;
    if (s->terms == s->room) {
        const int64_t room = s->room ? 2 * s->room : 4096;
        int64_t *words = realloc(s->word, sizeof *words * (size_t)room);
        if (words) s->word = words;
        int64_t *coefficients = realloc(s->coefficient, sizeof *coefficients * (size_t)room);
        if (coefficients) s->coefficient = coefficients;
        if (!words || !coefficients) return false;
        s->room = room;
    }
    if (llabs(coefficient) > s->largest) s->largest = llabs(coefficient);
    s->word[s->terms] = word;
    s->coefficient[s->terms++] = coefficient;
    return true;
}

typedef struct term {
    int64_t word, coefficient;
} term;

static int by_word(const void *a, const void *b) {
    const int64_t x = ((const term *)a)->word, y = ((const term *)b)->word;
    return (x > y) - (x < y);
}

static mlrt_status given_twice(const symbol *s, int64_t word, mlrt_error *err) {
    uint8_t letter[MOST_LETTERS + 1] = {0};
    symbol_spell(word, s->letters, letter);
    for (int32_t k = 0; k < s->letters; k++) letter[k] = (uint8_t)(letter[k] + 'a');
    return mlrt_fail(err, MLRT_FORMAT, "the word '%s' is given twice", (const char *)letter);
}

mlrt_status symbol_sort(symbol *s, mlrt_error *err) {
    term *terms = malloc(sizeof *terms * (size_t)s->terms);
    if (!terms) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    for (int64_t i = 0; i < s->terms; i++) terms[i] = (term){s->word[i], s->coefficient[i]};
    qsort(terms, (size_t)s->terms, sizeof *terms, by_word);
    mlrt_status status = MLRT_OK;
    for (int64_t i = 0; i < s->terms; i++) {
        s->word[i] = terms[i].word, s->coefficient[i] = terms[i].coefficient;
        if (i && s->word[i] == s->word[i - 1] && !status) status = given_twice(s, s->word[i], err);
    }
    free(terms);
    return status;
}

int64_t symbol_coefficient(const symbol *s, int64_t word) {
    int64_t from = 0, to = s->terms;
    while (from < to) {
        const int64_t middle = from + (to - from) / 2;
        if (s->word[middle] < word)
            from = middle + 1;
        else
            to = middle;
    }
    return from < s->terms && s->word[from] == word ? s->coefficient[from] : 0;
}

void symbol_free(symbol *s) {
    free(s->word);
    free(s->coefficient);
    *s = (symbol){0};
}
