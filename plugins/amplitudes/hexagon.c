/* hexagon.c - growing the symbols with which the six-gluon amplitude begins, and leaving out the letters y. */
#include "hexagon.h"
#include "echelon.h"

enum { VARIABLES = 3, FACTORS = 10, PAIRS = HEXAGON_LETTERS * HEXAGON_LETTERS, POINTS = 12 };
enum { FIRST_ENTRY = 3, FIRST_ODD = 6 }; /* letters: m_u m_v m_w, a b c, y_u y_v y_w */

/* The vectors on which all rows vanish, as columns; those of a basis each have a column of the rows for themselves. */
static bool vanish(work *w, const matrix *rows, echelon *e, matrix *x) {
    if (!echelon_new(w, e, rows->columns)) return false;
    for (int32_t i = 0; i < rows->rows; i++)
        if (!echelon_add(w, e, matrix_row(rows, i))) return false;
    return echelon_solve(w, e, x);
}

/* A basis, as columns, of what the rows span: on which all that vanishes on the rows vanishes. */
static bool span(work *w, const matrix *rows, echelon *e, matrix *x) {
    matrix vanishing, equations;
    return vanish(w, rows, e, &vanishing) && matrix_transpose(w, &vanishing, &equations) && vanish(w, &equations, e, x);
}

/* ---- pairs of letters ----
 *
 * The letters are products of powers of y_i, 1 - y_i, 1 - y_j y_k and 1 - y_u y_v y_w. Words are integrable when the sum of
 * their coefficients times dlog l ^ dlog m of two neighbours l, m vanishes; as a function of the y, so at any point.
 */

/* m_u, a, y_u; those of v and w by turning u, v, w. */
static const int8_t powers[HEXAGON_LETTERS / VARIABLES][FACTORS] = {
    {-1, 0, 0, 1, -1, -1, 0, 0, 0, 1}, {1, -1, -1, -2, 0, 0, 2, 0, 0, 0}, {1, 0, 0, 0, 0, 0, 0, 0, 0, 0}};

static uint32_t minus_ratio(uint32_t a, uint32_t b, uint32_t p) {
    return mod_negate(mod_mul(a, mod_inverse(b, p), p), p);
}

/* d log of the factors by the variables. */
static void differentiate(const uint32_t y[VARIABLES], uint32_t p, uint32_t by[FACTORS][VARIABLES]) {
    const uint32_t all = mod_mul(y[0], mod_mul(y[1], y[2], p), p);
    for (int32_t i = 0; i < VARIABLES; i++) {
        const int32_t j = (i + 1) % VARIABLES, k = (i + 2) % VARIABLES;
        const uint32_t pair = mod_mul(y[j], y[k], p);
        by[i][i] = mod_inverse(y[i], p);
        by[VARIABLES + i][i] = minus_ratio(1, mod_of(1 - (int64_t)y[i], p), p);
        by[2 * VARIABLES + i][j] = minus_ratio(y[k], mod_of(1 - (int64_t)pair, p), p);
        by[2 * VARIABLES + i][k] = minus_ratio(y[j], mod_of(1 - (int64_t)pair, p), p);
        by[3 * VARIABLES][i] = minus_ratio(pair, mod_of(1 - (int64_t)all, p), p);
    }
}

/* The power of a factor in a letter: both turn together, but for the last factor. */
static int8_t power_of(int32_t letter, int32_t factor) {
    const int32_t turn = VARIABLES - letter % VARIABLES;
    const int32_t turned =
        factor == FACTORS - 1 ? factor : factor / VARIABLES * VARIABLES + (factor + turn) % VARIABLES;
    return powers[letter / VARIABLES][turned];
}

/* The three components of dlog l ^ dlog m of all pairs at a point. */
static void integrability(uint32_t p, const uint32_t y[VARIABLES], const matrix *rows, int32_t first) {
    uint32_t factor[FACTORS][VARIABLES] = {0}, by[HEXAGON_LETTERS][VARIABLES] = {0};
    differentiate(y, p, factor);
    for (int32_t l = 0; l < HEXAGON_LETTERS; l++)
        for (int32_t f = 0; f < FACTORS; f++)
            for (int32_t i = 0; i < VARIABLES; i++)
                by[l][i] = mod_add(by[l][i], mod_mul(mod_of(power_of(l, f), p), factor[f][i], p), p);
    for (int32_t i = 0; i < VARIABLES; i++)
        for (int32_t pair = 0; pair < PAIRS; pair++) {
            const uint32_t *l = by[pair / HEXAGON_LETTERS], *m = by[pair % HEXAGON_LETTERS];
            const int32_t j = (i + 1) % VARIABLES;
            matrix_row(rows, first + i)[pair] =
                mod_of((int64_t)mod_mul(l[i], m[j], p) - (int64_t)mod_mul(l[j], m[i], p), p);
        }
}

/* What two neighbours must satisfy, as columns over pairs. */
static bool conditions_new(work *w, matrix *conditions) {
    matrix rows;
    echelon e;
    uint32_t y = 2;
    if (!matrix_new(w, &rows, POINTS * VARIABLES + VARIABLES * (VARIABLES - 1), PAIRS)) return false;
    int32_t used = 0;
    for (; used < POINTS * VARIABLES; used += VARIABLES) {
        uint32_t point[VARIABLES]; /* in general position */
        for (int32_t i = 0; i < VARIABLES; i++) point[i] = y = mod_add(mod_mul(y, y, w->p), 3, w->p);
        integrability(w->p, point, &rows, used);
    }
    for (int32_t l = FIRST_ENTRY; l < FIRST_ODD; l++)
        for (int32_t m = FIRST_ENTRY; m < FIRST_ODD; m++)
            if (l != m) matrix_row(&rows, used++)[l * HEXAGON_LETTERS + m] = 1;
    return span(w, &rows, &e, conditions);
}

/* ---- growing: as in space.c, the unknowns of weight n are the coefficients of (letter, element of weight n-1) ---- */

/* A condition on the last two letters: an equation for each element of weight n-2. */
static bool require(work *w, const matrix *inner, int32_t innermost, const matrix *conditions, int32_t c, echelon *e) {
    work scratch = work_like(w);
    const int32_t dim = inner->columns;
    bool done = true;
    for (int32_t q = 0; done && q < innermost; q++) {
        uint32_t *row;
        if (!(done = TAKE(&scratch, row, HEXAGON_LETTERS * dim))) break;
        for (int32_t pair = 0; pair < PAIRS; pair++) {
            const uint32_t factor = matrix_row(conditions, pair)[c];
            const int32_t l = pair / HEXAGON_LETTERS, m = pair % HEXAGON_LETTERS;
            for (int32_t j = 0; factor && j < dim; j++) {
                uint32_t *at = &row[m * dim + j];
                *at = mod_add(*at, mod_mul(factor, matrix_row(inner, l * innermost + q)[j], w->p), w->p);
            }
        }
        done = echelon_add(w, e, row);
    }
    work_free(&scratch);
    return done && work_goes_on(w);
}

/* Column j of `inner` is element j of weight n-1; likewise of weight n `outer`. */
static bool grow(work *w, const matrix *inner, int32_t innermost, const matrix *conditions, matrix *outer) {
    echelon e;
    if (!echelon_new(w, &e, HEXAGON_LETTERS * inner->columns)) return false;
    for (int32_t c = 0; c < conditions->columns; c++)
        if (!require(w, inner, innermost, conditions, c, &e)) return false;
    return echelon_solve(w, &e, outer);
}

static bool first_entries(work *w, matrix *one) {
    if (!matrix_new(w, one, HEXAGON_LETTERS, VARIABLES)) return false;
    for (int32_t i = 0; i < VARIABLES; i++) matrix_row(one, FIRST_ENTRY + i)[i] = 1;
    return true;
}

/* ---- leaving out the letters y ---- */

/* What is left of the elements of weight n, a row each, in terms of (letter, element of the back space of weight n-1);
 * `inner` holds what is left of those of weight n-1, in its elements. */
static bool leave(work *w, const matrix *elements, const matrix *inner, matrix *left) {
    const int32_t dim = inner->columns;
    if (!matrix_new(w, left, elements->columns, LETTERS * dim)) return false;
    for (int32_t l = 0; l < LETTERS; l++) {
        const matrix of_letter = {inner->rows, elements->columns, matrix_row(elements, l * inner->rows)};
        matrix part;
        if (!matrix_transposed_product(w, &of_letter, inner, &part)) return false;
        for (int32_t i = 0; i < part.rows; i++)
            for (int32_t j = 0; j < dim; j++) matrix_row(left, i)[l * dim + j] = matrix_row(&part, i)[j];
    }
    return true;
}

/* Weight n of the back space is what they span; `known` becomes their coordinates in it. */
static bool add_level(work *w, work *scratch, space *s, int32_t n, const matrix *elements, matrix *known) {
    matrix left, x;
    echelon e;
    if (!leave(scratch, elements, known, &left) || !span(scratch, &left, &e, &x)) return false;
    if (!space_take(w, s, n, &e, &x) || !matrix_new(scratch, known, left.rows, x.columns)) return false;
    for (int32_t column = 0, k = 0; column < left.columns; column++) {
        if (echelon_is_pivot(&e, column)) continue;
        for (int32_t i = 0; i < left.rows; i++) matrix_row(known, i)[k] = matrix_row(&left, i)[column];
        k++;
    }
    return true;
}

bool hexagon_suffixes(work *w, space *s, int32_t weight, int32_t dim[]) {
    work scratch = work_like(w);
    matrix conditions, elements = {0}, known;
    int32_t innermost = 0;
    *s = (space){.end = BACK, .weight = weight, .level[0].dim = 1};
    bool done = conditions_new(&scratch, &conditions) && matrix_new(&scratch, &known, 1, 1);
    if (done) known.at[0] = 1;
    if (dim) dim[0] = 1;
    for (int32_t n = 1; done && n <= weight; n++) {
        const matrix inner = elements;
        done = n == 1 ? first_entries(&scratch, &elements) : grow(&scratch, &inner, innermost, &conditions, &elements);
        done = done && add_level(w, &scratch, s, n, &elements, &known);
        innermost = n == 1 ? 1 : inner.columns;
        if (done && dim) dim[n] = elements.columns;
    }
    work_free(&scratch);
    return done;
}
