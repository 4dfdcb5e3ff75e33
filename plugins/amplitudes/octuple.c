/* octuple.c - choosing suffixes from which all others follow.
 *
 * A suffix is a function on a back space: its coefficient. Suffixes are enough when they and their images under the cycle
 * are a basis of these functions; the flip maps suffixes that end in d to such.
 */
#include "hexagon.h"
#include "suffix.h"

enum { LAST_LETTER = 3, CYCLES = 3 }; /* d; images of the cycle */

typedef struct candidates {
    int32_t count;
    int64_t *word; /* increasing */
    matrix value;  /* of each element, down, on each word, across */
} candidates;

static bool is_zero(const matrix *m, int32_t column) {
    for (int32_t i = 0; i < m->rows; i++)
        if (matrix_row(m, i)[column]) return false;
    return true;
}

/* One letter more in front, of words that are not zero on all elements. */
static bool add_letter(work *w, const space *s, int32_t n, int32_t letter, int64_t power, const candidates *inner,
                       candidates *outer) {
    matrix value;
    if (!space_step_letter(w, s, n, letter, &inner->value, &value)) return false;
    for (int32_t j = 0; j < inner->count; j++) {
        if (is_zero(&value, j)) continue;
        for (int32_t i = 0; i < value.rows; i++) matrix_row(&outer->value, i)[outer->count] = matrix_row(&value, i)[j];
        outer->word[outer->count++] = letter * power + inner->word[j];
    }
    return true;
}

static bool extend(work *w, const space *s, int32_t n, int64_t power, candidates *c) {
    const candidates inner = *c;
    *c = (candidates){0};
    if (!TAKE(w, c->word, LETTERS * inner.count) || !matrix_new(w, &c->value, s->level[n].dim, LETTERS * inner.count))
        return false;
    for (int32_t letter = 0; letter < LETTERS; letter++)
        if ((n > 1 || letter == LAST_LETTER) && !add_letter(w, s, n, letter, power, &inner, c)) return false;
    return true;
}

/* All words that end in d and are not zero on all of a weight. */
static bool candidates_new(work *w, const space *s, int32_t weight, candidates *c) {
    int64_t power = 1;
    *c = (candidates){.count = 1};
    if (!TAKE(w, c->word, 1) || !matrix_new(w, &c->value, 1, 1)) return false;
    c->value.at[0] = 1;
    for (int32_t n = 1; n <= weight; n++, power *= LETTERS)
        if (!extend(w, s, n, power, c)) return false;
    return true;
}

/* ---- choosing ---- */

/* How the images of a suffix follow from it: on each element, the suffix's value on the element's image. */
static bool images_new(work *w, const space *s, int32_t weight, matrix turn[CYCLES]) {
    static const int32_t image[CYCLES] = {0, CYCLE, 2 * CYCLE};
    for (int32_t i = 0; i < CYCLES; i++) {
        matrix action;
        if (!space_image(w, s, weight, image[i], &action) || !matrix_transpose(w, &action, &turn[i])) return false;
    }
    return true;
}

/* Whether a suffix and its images are independent of those before and of each other; if they are, they are added. */
static bool try_suffix(work *w, const matrix *value, const matrix turn[CYCLES], echelon *e, bool *independent) {
    work scratch = work_like(w);
    matrix image[CYCLES], rest;
    echelon among;
    bool done = matrix_new(&scratch, &rest, 1, value->columns) && echelon_new(&scratch, &among, value->columns);
    *independent = done && echelon_reduce(e, value->at, rest.at, w->p);
    for (int32_t i = 0; done && *independent && i < CYCLES; i++) {
        done = matrix_product(&scratch, value, &turn[i], &image[i]);
        *independent = done && echelon_reduce(e, image[i].at, rest.at, w->p);
        done = done && echelon_add(&scratch, &among, rest.at);
    }
    *independent = *independent && among.rank == CYCLES;
    for (int32_t i = 0; done && *independent && i < CYCLES; i++) done = echelon_add(w, e, image[i].at);
    work_free(&scratch);
    return done && work_goes_on(w);
}

static bool keep_suffix(work *w, suffixes *s, int64_t word) {
    char *text;
    uint8_t letter[MOST_LETTERS];
    if (!TAKE(w, text, s->letters + 1)) return false;
    symbol_spell(word, s->letters, letter);
    for (int32_t k = 0; k < s->letters; k++) text[k] = (char)('a' + letter[k]);
    s->word[s->count] = word;
    s->text[s->count++] = text;
    return true;
}

bool suffixes_choose(work *w, const space *back, int32_t weight, suffixes *s) {
    const int32_t dim = back->level[weight].dim;
    work scratch = work_like(w);
    candidates c;
    matrix turn[CYCLES], value;
    echelon e;
    *s = (suffixes){.letters = weight};
    bool done = TAKE(w, s->word, dim) && TAKE(w, s->text, dim) && candidates_new(&scratch, back, weight, &c) &&
                matrix_transpose(&scratch, &c.value, &value) && images_new(&scratch, back, weight, turn) &&
                echelon_new(&scratch, &e, dim);
    for (int32_t i = 0; done && i < c.count && e.rank < dim; i++) {
        const matrix one = {1, dim, matrix_row(&value, i)};
        bool independent;
        done = try_suffix(&scratch, &one, turn, &e, &independent);
        if (done && independent) done = keep_suffix(w, s, c.word[i]);
    }
    if (done && e.rank < dim)
        done = FAIL(w, MLRT_ARGUMENT, "suffixes of %d letters determine %d of %d", weight, e.rank, dim);
    work_free(&scratch);
    return done;
}

bool suffixes_octuples(work *w, suffixes *s) {
    work scratch = work_like(w);
    space back;
    const bool done =
        hexagon_suffixes(&scratch, &back, OCTUPLE_LETTERS, NULL) && suffixes_choose(w, &back, OCTUPLE_LETTERS, s);
    work_free(&scratch);
    return done;
}
