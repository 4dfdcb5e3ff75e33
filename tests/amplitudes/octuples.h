/* octuples.h - what tests of symbols share: that all of a symbol follows from its octuples. */
#ifndef TESTS_AMPLITUDES_OCTUPLES_H
#define TESTS_AMPLITUDES_OCTUPLES_H

#include "loops.h"
#include "plugins/amplitudes/hexagon.h"
#include "plugins/amplitudes/suffix.h"

enum { OCTUPLE_ENDINGS = 1679616 }; /* 6^8 */

static inline int64_t octuples_image(int64_t word, int32_t letters, int32_t image) {
    uint8_t letter[MOST_LETTERS];
    symbol_spell(word, letters, letter);
    for (int32_t k = 0; k < letters; k++) letter[k] = dihedral[image][letter[k]];
    return symbol_number(letter, letters);
}

/* The coefficients of a word of eight letters in all elements of weight 8. */
static inline bool octuples_value(work *w, const space *back, int64_t word, matrix *value) {
    uint8_t letter[OCTUPLE_LETTERS];
    symbol_spell(word, OCTUPLE_LETTERS, letter);
    return space_value(w, back, letter, OCTUPLE_LETTERS, value);
}

/* The elements that stand behind each beginning of words, a column each, from nothing but the coefficients of octuples. */
static inline bool octuples_solve(work *w, const space *back, const suffixes *o, const symbol *keys, matrix *x) {
    const int32_t dim = back->level[OCTUPLE_LETTERS].dim, in_front = keys->letters - OCTUPLE_LETTERS;
    const int32_t inverse[] = {0, 2, 1}; /* of the cycle's images */
    int32_t fronts = 1;
    echelon e;
    for (int32_t k = 0; k < in_front; k++) fronts *= LETTERS;
    if (!echelon_new(w, &e, dim + fronts)) return false;
    for (int32_t i = 0; i < o->count; i++)
        for (int32_t image = 0; image < 3; image++) {
            uint32_t *row;
            matrix value;
            if (!TAKE(w, row, dim + fronts) ||
                !octuples_value(w, back, octuples_image(o->word[i], OCTUPLE_LETTERS, image), &value))
                return false;
            memcpy(row, value.at, sizeof *row * (size_t)dim);
            for (int32_t front = 0; front < fronts; front++) {
                const int64_t turned = octuples_image(front, in_front, inverse[image]);
                row[dim + front] = mod_of(-symbol_coefficient(keys, turned * OCTUPLE_ENDINGS + o->word[i]), w->p);
            }
            if (!echelon_add(w, &e, row)) return false;
        }
    is_int(e.rank, dim, "the octuples and their cyclic images are independent");
    return echelon_solve(w, &e, x);
}

static inline int64_t octuples_coefficient(const work *w, const space *back, const matrix *x, int64_t word) {
    work scratch = work_like(w);
    matrix value;
    uint32_t sum = 0;
    if (!octuples_value(&scratch, back, word % OCTUPLE_ENDINGS, &value)) return INT64_MIN;
    for (int32_t i = 0; i < value.rows; i++)
        sum = mod_add(sum, mod_mul(value.at[i], matrix_row(x, i)[word / OCTUPLE_ENDINGS], w->p), w->p);
    work_free(&scratch);
    return mod_lift(sum, w->p);
}

static inline int64_t octuples_keys(const symbol *s, const suffixes *o) {
    symbol compact = {.loops = s->loops, .letters = s->letters};
    for (int64_t i = 0; i < s->terms; i++) symbol_add(&compact, s->word[i], s->coefficient[i]);
    suffix_reduce(&compact, o);
    const int64_t keys = compact.terms;
    symbol_free(&compact);
    return keys;
}

/* The paper's quads, and those that are first in alphabetical order. */
static inline void loops_quads(const symbol *s, int64_t keys) {
    mlrt_error err = {0};
    work w = {.p = PRIME, .err = &err};
    space back;
    suffixes theirs, first;
    if (suffixes_quads(&w, &theirs) && hexagon_suffixes(&w, &back, QUAD_LETTERS, NULL) &&
        suffixes_choose(&w, &back, QUAD_LETTERS, &first)) {
        is_int(octuples_keys(s, &theirs), keys, "L = %d: quad keys", s->loops);
        is_int(octuples_keys(s, &first), keys, "as many with the quads that are first in alphabetical order");
    }
    work_free(&w);
}

/* How many dimensions the symbol's endings span. */
static inline int32_t octuples_rank(work *w, const matrix *x, int32_t dim) {
    matrix row;
    echelon e;
    const matrix elements = {dim, x->columns, x->at};
    if (!matrix_transpose(w, &elements, &row) || !echelon_new(w, &e, dim)) return -1;
    for (int32_t i = 0; i < row.rows; i++) echelon_add(w, &e, matrix_row(&row, i));
    return e.rank;
}

/* One word in `every` of a symbol, and this word with one of its last eight letters changed, which mostly makes it zero. */
static inline void loops_octuples(const symbol *s, int64_t every, int64_t keys, int32_t rank) {
    mlrt_error err = {0};
    work w = {.p = PRIME, .err = &err};
    space back;
    suffixes o;
    matrix x;
    int64_t asked = 0, wrong = 0, zeros = 0;
    symbol compact = {.loops = s->loops, .letters = s->letters};
    for (int64_t i = 0; i < s->terms; i++) symbol_add(&compact, s->word[i], s->coefficient[i]);
    if (!hexagon_suffixes(&w, &back, OCTUPLE_LETTERS, NULL) || !suffixes_choose(&w, &back, OCTUPLE_LETTERS, &o)) return;
    suffix_reduce(&compact, &o);
    is_int(compact.terms, keys, "L = %d: octuple keys", s->loops);
    if (!octuples_solve(&w, &back, &o, &compact, &x)) return;
    is_int(octuples_rank(&w, &x, back.level[OCTUPLE_LETTERS].dim), rank, "so many dimensions stand at its end");
    for (int64_t i = 0; i < s->terms; i += every)
        for (int32_t change = 0; change < 2; change++, asked++) {
            uint8_t letter[MOST_LETTERS] = {0};
            symbol_spell(s->word[i], s->letters, letter);
            const int32_t at = s->letters - 1 - (int32_t)(i % OCTUPLE_LETTERS);
            letter[at] = (uint8_t)((letter[at] + change * (1 + i % (LETTERS - 1))) % LETTERS);
            const int64_t word = symbol_number(letter, s->letters), truth = symbol_coefficient(s, word);
            wrong += octuples_coefficient(&w, &back, &x, word) != truth;
            zeros += truth == 0;
        }
    ok(zeros > asked / 10, "%lld of %lld words asked have no coefficient", (long long)zeros, (long long)asked);
    is_int(wrong, 0, "the coefficients of all follow from those of octuples");
    symbol_free(&compact);
    work_free(&w);
}

#endif
