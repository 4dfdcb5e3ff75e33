/* spelling.c - going from the first letter to the last, with the coordinates of what may still follow. */
#include "spelling.h"
#include <stdlib.h>
#include <string.h>

/* What words end with, when all letters but a few are spelled: the coefficients of suffixes in the elements of the weight
 * that is left. Whole words end with the only element of weight 0. */
typedef struct endings {
    int32_t letters, count;
    int64_t power, *word; /* increasing */
    matrix value;         /* a row for each of them */
} endings;

typedef struct spelling {
    work *w;
    const space *back;
    endings end;
    symbol *s;
    uint32_t first, inverse; /* the other prime, and its inverse; 0 when words are spelled for the first time */
    int64_t next;            /* term that was spelled then */
    uint32_t *at[MOST_WEIGHT + 1];
    int64_t *sum;
} spelling;

/* ---- endings ---- */

static int by_number(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool endings_new(work *w, const space *back, const suffixes *only, endings *e) {
    *e = (endings){only ? only->letters : 0, only ? only->count : 1, 1, NULL, {0}};
    for (int32_t k = 0; k < e->letters; k++) e->power *= LETTERS;
    if (!TAKE(w, e->word, e->count) || !matrix_new(w, &e->value, e->count, back->level[e->letters].dim)) return false;
    if (only) memcpy(e->word, only->word, sizeof *e->word * (size_t)e->count);
    qsort(e->word, (size_t)e->count, sizeof *e->word, by_number);
    for (int32_t i = 0; i < e->count; i++) {
        uint8_t letter[MOST_LETTERS];
        matrix value;
        symbol_spell(e->word[i], e->letters, letter);
        if (!space_value(w, back, letter, e->letters, &value)) return false;
        memcpy(matrix_row(&e->value, i), value.at, sizeof *value.at * (size_t)value.rows);
    }
    return true;
}

/* ---- words ---- */

static bool spell_term(spelling *o, int64_t word, uint32_t value) {
    symbol *s = o->s;
    if (value == 0) return true;
    if (!o->first) return symbol_add(s, word, value) || FAIL(o->w, MLRT_MEMORY, "out of memory");
    const int64_t i = o->next++;
    if (i >= s->terms || s->word[i] != word) return false;
    s->coefficient[i] = mod_lift_both(s->coefficient[i], o->first, value, o->w->p, o->inverse);
    if (llabs(s->coefficient[i]) > s->largest) s->largest = llabs(s->coefficient[i]);
    return true;
}

static bool spell_endings(spelling *o, int64_t prefix) {
    const endings *e = &o->end;
    for (int32_t i = 0; i < e->count; i++) {
        const uint32_t value = mod_dot(matrix_row(&e->value, i), o->at[e->letters], e->value.columns, o->w->p);
        if (!spell_term(o, prefix * e->power + e->word[i], value)) return false;
    }
    return true;
}

/* at[n - 1] becomes what may follow at[n] and a letter; false when nothing may. */
static bool follow(spelling *o, int32_t n, int32_t letter) {
    const uint32_t p = o->w->p;
    const int64_t square = (int64_t)p * p;
    const space_level *level = &o->back->level[n];
    const int32_t dim = o->back->level[n - 1].dim;
    bool any = false;
    memset(o->sum, 0, sizeof *o->sum * (size_t)dim);
    for (int32_t k = level->first[letter]; k < level->first[letter + 1]; k++) {
        const space_term *t = &level->term[k];
        int64_t *sum = &o->sum[t->inner];
        *sum += (int64_t)((uint64_t)t->factor * o->at[n][t->outer]);
        if (*sum >= square) *sum -= square;
    }
    for (int32_t j = 0; j < dim; j++) any |= (o->at[n - 1][j] = (uint32_t)((uint64_t)o->sum[j] % p)) != 0;
    return any;
}

/* All words that continue a prefix, in their order: at[n] holds the coordinates of what may follow it. */
static bool spell(spelling *o, int32_t n, int64_t prefix) {
    if (n == o->end.letters) return spell_endings(o, prefix);
    for (int32_t letter = 0; letter < LETTERS; letter++)
        if (follow(o, n, letter) && !spell(o, n - 1, prefix * LETTERS + letter)) return false;
    return true;
}

/* For each beginning of words, the coordinates of what may follow it. */
static bool spell_fronts(work *w, const space *front, const matrix *x, matrix *follows) {
    matrix words;
    if (!matrix_new(w, &words, 1, 1)) return false;
    words.at[0] = 1;
    for (int32_t n = 1; n <= front->weight; n++) {
        const matrix inner = words;
        if (!space_spell(w, front, n, &inner, &words)) return false;
    }
    return matrix_transposed_product(w, &words, x, follows);
}

static bool spell_all(spelling *o, const space *front, const matrix *x, const suffixes *only) {
    const int32_t k = o->back->weight;
    matrix follows;
    int32_t most = 1;
    if (!endings_new(o->w, o->back, only, &o->end) || !spell_fronts(o->w, front, x, &follows)) return false;
    for (int32_t n = 0; n <= k; n++) {
        if (!TAKE(o->w, o->at[n], o->back->level[n].dim)) return false;
        if (o->back->level[n].dim > most) most = o->back->level[n].dim;
    }
    if (!TAKE(o->w, o->sum, most)) return false;
    for (int32_t i = 0; i < follows.rows; i++) {
        memcpy(o->at[k], matrix_row(&follows, i), sizeof **o->at * (size_t)follows.columns);
        if (!work_goes_on(o->w) || !spell(o, k, i)) return false;
    }
    return true;
}

bool spell_words(work *w, const space *front, const space *back, const matrix *x, const suffixes *only, symbol *s) {
    work scratch = work_like(w);
    spelling o = {.w = &scratch, .back = back, .s = s};
    const bool done = spell_all(&o, front, x, only);
    work_free(&scratch);
    return done;
}

bool spell_coefficients(work *w, const space *front, const space *back, const matrix *x, const suffixes *only,
                        uint32_t first, symbol *s) {
    work scratch = work_like(w);
    spelling o = {.w = &scratch, .back = back, .s = s, .first = first, .inverse = mod_inverse(first % w->p, w->p)};
    s->largest = 0;
    const bool done = spell_all(&o, front, x, only) && o.next == s->terms;
    work_free(&scratch);
    return done || FAIL(w, MLRT_NUMERIC, "the symbol of %d loops is another one modulo another prime", s->loops);
}
