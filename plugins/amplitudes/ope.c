/* ope.c - the operator product expansion.
 *
 * Words read backwards are the symbol of the six-gluon amplitude, where
 *
 *     u = T/(S + T),  v = S/((1 + ST + T^2)(S + T)),  w = ST/(1 + ST + T^2),
 *
 * and at T -> 0 the order T of its remainder is what one excitation of the flux tube contributes. So the iterated
 * integrals of all words are expanded, the last letter the innermost, in s = ST and y = 1/S: to first order in s, in
 * Y = y^2 up to a number of poles, and as polynomials in ln s and ln y,
 *
 *     f = sum over order, q, i, j of at[order][q][i][j] s^order Y^q (ln s)^i (ln y)^j.
 *
 * Integration constants are zeta values and dropped.
 */
#include "ope.h"
#include "condition.h"
#include "flux.h"
#include <string.h>

enum { ORDERS = 2, POLES = 4, POWERS = POLES + 1, LOGS = MOST_LETTERS + 1 };

const int32_t leading_logarithms = 0, next_logarithms = 1;

/* ---- expansions: rows of `width` coefficients ---- */

typedef struct shape {
    int32_t logs, cell, width; /* powers of a logarithm; coefficients of one s^order Y^q; of all */
} shape;

static shape shape_of(int32_t loop) {
    const int32_t logs = 2 * loop + 1;
    return (shape){logs, logs * logs, ORDERS * POWERS * logs * logs};
}

static int32_t cell_of(const shape *s, int32_t order, int32_t q) { return (order * POWERS + q) * s->cell; }

/* The coefficient of s^order Y^q in s d/ds ln(letter) and in y d/dy ln(letter), where to this order
 * a = y (1 + s), b = 1/(sy), c = (1 + sY)/y, d = 1/(sY), e = s (1 + Y + 2sY), f = 1/s. */
static void derivatives(int32_t letter, int32_t order, int32_t q, int32_t *along_s, int32_t *along_y) {
    static const int8_t constant[LETTERS][2] = {{0, 1}, {-1, -1}, {0, -1}, {-1, -2}, {1, 0}, {-1, 0}};
    const int32_t sign = q % 2 ? 1 : -1;
    *along_s = *along_y = 0;
    if (order == 0 && q == 0) *along_s = constant[letter][0], *along_y = constant[letter][1];
    if (letter == 0 && order == 1 && q == 0) *along_s = 1;
    if (letter == 2 && order == 1 && q == 1) *along_s = 1, *along_y = 2;
    if (letter == 4 && q > 0) *along_s = order ? 2 * sign : 0, *along_y = order ? 4 * sign * q : 2 * sign;
}

/* sum += factor s^order Y^q row */
static void add_shifted(const shape *s, int64_t *sum, int32_t factor, int32_t order, int32_t q, const uint32_t *row,
                        uint32_t p) {
    for (int32_t o = 0; factor && o + order < ORDERS; o++)
        mod_add_multiple(sum + cell_of(s, o + order, q), mod_of(factor, p), row + cell_of(s, o, 0),
                         (POWERS - q) * s->cell, p);
}

/* f from s df/ds and y df/dy, cell by cell:  (order + d/dln s) f = along_s,  (2q + d/dln y) f = along_y. */
static void integrate(const shape *s, const uint32_t *along_s, const uint32_t *along_y, uint32_t *f, uint32_t p) {
    const int32_t n = s->logs;
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j < n; j++)
            f[i * n + j] = i   ? mod_mul(along_s[(i - 1) * n + j], mod_inverse((uint32_t)i, p), p)
                           : j ? mod_mul(along_y[j - 1], mod_inverse((uint32_t)j, p), p)
                               : 0;
    for (int32_t cell = 1; cell < ORDERS * POWERS; cell++) {
        const bool first = cell >= POWERS;
        const uint32_t divide = first ? 1 : mod_inverse((uint32_t)(2 * cell), p);
        const int32_t at = cell * s->cell;
        for (int32_t i = n - 1; i >= 0; i--)
            for (int32_t j = n - 1; j >= 0; j--) {
                const int32_t k = at + i * n + j, power = first ? i + 1 : j + 1;
                const uint32_t higher = power < n ? f[first ? k + n : k + 1] : 0;
                const uint32_t rest = mod_negate(mod_mul((uint32_t)power, higher, p), p);
                f[k] = mod_mul(mod_add(first ? along_s[k] : along_y[k], rest, p), divide, p);
            }
    }
}

/* One letter more is integrated: of the elements of weight n from those of n - 1, or towards the front's closed end. */
static bool integrate_letter(work *w, const shape *s, const space *of, int32_t n, bool strip, const matrix *in,
                             matrix *out) {
    const int32_t rows = of->level[strip ? n - 1 : n].dim;
    work scratch = work_like(w);
    int64_t *sum_s, *sum_y;
    uint32_t *along_s, *along_y;
    bool done = matrix_new(w, out, rows, s->width) && TAKE(&scratch, sum_s, (int64_t)rows * s->width) &&
                TAKE(&scratch, sum_y, (int64_t)rows * s->width) && TAKE(&scratch, along_s, s->width) &&
                TAKE(&scratch, along_y, s->width);
    for (int32_t letter = 0; done && letter < LETTERS; letter++) {
        matrix part;
        done = (strip ? space_strip_letter : space_step_letter)(&scratch, of, n, letter, in, &part);
        for (int32_t i = 0; done && i < rows; i++)
            for (int32_t cell = 0; cell < ORDERS * POWERS; cell++) {
                int32_t factor_s, factor_y;
                const int32_t order = cell / POWERS, q = cell % POWERS;
                derivatives(letter, order, q, &factor_s, &factor_y);
                add_shifted(s, sum_s + (int64_t)i * s->width, factor_s, order, q, matrix_row(&part, i), w->p);
                add_shifted(s, sum_y + (int64_t)i * s->width, factor_y, order, q, matrix_row(&part, i), w->p);
            }
    }
    for (int32_t i = 0; done && i < rows; i++) {
        mod_reduce(along_s, sum_s + (int64_t)i * s->width, s->width, w->p);
        mod_reduce(along_y, sum_y + (int64_t)i * s->width, s->width, w->p);
        integrate(s, along_s, along_y, matrix_row(out, i), w->p);
    }
    work_free(&scratch);
    return done;
}

/* All elements of the back space, weight by weight. */
static bool expand_back(work *w, const shape *s, const space *back, matrix level[]) {
    if (!matrix_new(w, &level[0], 1, s->width)) return false;
    level[0].at[0] = 1;
    for (int32_t n = 1; n <= back->weight; n++)
        if (!integrate_letter(w, s, back, n, false, &level[n - 1], &level[n])) return false;
    return true;
}

/* A symbol from its coordinates x, of front elements of weight m by back elements of the others. */
static bool expand(work *w, const shape *s, const space *front, int32_t m, const matrix *x, const matrix *back,
                   uint32_t *out) {
    work scratch = work_like(w);
    matrix f;
    bool done = matrix_product(&scratch, x, back, &f);
    for (; done && m > 0; m--) {
        const matrix inner = f;
        done = integrate_letter(&scratch, s, front, m, true, &inner, &f);
    }
    if (done) memcpy(out, f.at, sizeof *out * (size_t)s->width);
    work_free(&scratch);
    return done;
}

/* sum += factor a b */
static void add_product(const shape *s, uint32_t *sum, uint32_t factor, const uint32_t *a, const uint32_t *b,
                        uint32_t p) {
    for (int32_t oa = 0; oa < ORDERS; oa++)
        for (int32_t ob = 0; oa + ob < ORDERS; ob++)
            for (int32_t qa = 0; qa < POWERS; qa++)
                for (int32_t qb = 0; qa + qb < POWERS; qb++)
                    for (int32_t i = 0; i < s->cell; i++) {
                        const uint32_t by = mod_mul(factor, a[cell_of(s, oa, qa) + i], p);
                        const int32_t room = s->logs - i % s->logs; /* powers of ln y that stay below `logs` */
                        for (int32_t j = 0; by && i + j < s->cell; j++) {
                            if (j % s->logs >= room) continue;
                            uint32_t *at = &sum[cell_of(s, oa + ob, qa + qb) + i + j];
                            *at = mod_add(*at, mod_mul(by, b[cell_of(s, ob, qb) + j], p), p);
                        }
                    }
}

/* ---- what lower loops contribute ---- */

/* (1 / L) sum_j j R_j E_(L-j), which R_L = E_L - that takes away. */
static bool contribution(work *w, const shape *s, const family *f, const symbol *lower, const matrix level[],
                         uint32_t **sum) {
    uint32_t *e[MOST_LOOPS + 1], *r[MOST_LOOPS + 1];
    for (int32_t loop = 1; loop <= f->loop; loop++) {
        const int32_t m = 2 * loop > f->k ? 2 * loop - f->k : 0;
        matrix x;
        if (!TAKE(w, e[loop], s->width) || !TAKE(w, r[loop], s->width)) return false;
        const uint32_t inverse = mod_inverse((uint32_t)loop, w->p);
        for (int32_t j = 1; j < loop; j++)
            add_product(s, r[loop], mod_mul(inverse, (uint32_t)j, w->p), r[j], e[loop - j], w->p);
        if (loop == f->loop) break;
        if (!family_coordinates(w, f->front, f->back, &lower[loop], m, &x) ||
            !expand(w, s, f->front, m, &x, &level[2 * loop - m], e[loop]))
            return false;
        for (int32_t i = 0; i < s->width; i++) r[loop][i] = mod_add(e[loop][i], mod_negate(r[loop][i], w->p), w->p);
    }
    *sum = r[f->loop];
    return true;
}

/* ---- the condition ---- */

/* The coefficient of (ln T)^a sigma^b in a cell: ln s = ln T + sigma, ln y = -sigma. */
static uint32_t in_sigma(const shape *s, const uint32_t *cell, int32_t a, int32_t b, uint32_t p) {
    uint32_t sum = 0, choose = 1; /* i over a */
    for (int32_t i = a; i < s->logs && i - a <= b; i++) {
        const int32_t j = b - (i - a);
        if (j < s->logs) {
            const uint32_t term = mod_mul(choose, cell[i * s->logs + j], p);
            sum = mod_add(sum, j % 2 ? mod_negate(term, p) : term, p);
        }
        choose = mod_mul(choose, mod_ratio(i + 1, i + 1 - a, p), p);
    }
    return sum;
}

/* Whether R is known at this order in s, power of Y and power of ln T; then its coefficients, from sigma^0 on. */
static bool is_known(const family *f, int32_t logarithms, int32_t order, int32_t q, int32_t a, uint32_t p,
                     uint32_t sigma[FLUX_POWERS]) {
    memset(sigma, 0, sizeof *sigma * FLUX_POWERS);
    if (order == 0 || q == 0) return logarithms == leading_logarithms; /* all zero: no T^0, no T S */
    if (logarithms == leading_logarithms && a >= f->loop) return true;
    if (a != f->loop - 1 - logarithms) return false;
    flux_contribution(f->loop, logarithms, q - 1, p, sigma);
    return true;
}

static bool impose(work *w, const condition *self, family *f, work *members, const symbol *lower) {
    const shape s = shape_of(f->loop);
    const int32_t logarithms = *(const int32_t *)self->data, most = ORDERS * POWERS * s.logs * FLUX_POWERS;
    matrix level[MOST_WEIGHT + 1], rows, values;
    uint32_t *known, *target;
    int32_t used = 0;
    if (!expand_back(w, &s, f->back, level) || !contribution(w, &s, f, lower, level, &known) ||
        !matrix_new(w, &rows, f->parameters + 1, s.width) || !matrix_new(w, &values, f->parameters + 1, most) ||
        !TAKE(w, target, most))
        return false;
    for (int32_t i = 0; i <= f->parameters; i++) {
        const matrix x = family_member(f, i);
        if (!expand(w, &s, f->front, f->m, &x, &level[f->k], matrix_row(&rows, i))) return false;
    }
    for (int32_t cell = 0; cell < ORDERS * POWERS; cell++)
        for (int32_t a = 0; a < s.logs; a++) {
            uint32_t sigma[FLUX_POWERS];
            if (!is_known(f, logarithms, cell / POWERS, cell % POWERS, a, w->p, sigma)) continue;
            for (int32_t b = 0; b < s.logs; b++, used++) {
                target[used] = mod_add(sigma[b], in_sigma(&s, known + cell * s.cell, a, b, w->p), w->p);
                for (int32_t i = 0; i <= f->parameters; i++)
                    matrix_row(&values, i)[used] = in_sigma(&s, matrix_row(&rows, i) + cell * s.cell, a, b, w->p);
            }
        }
    return family_narrow(members, f, &values, target, self->name);
}

bool impose_ope(work *w, const condition *self, family *f, const symbol *lower) {
    work scratch = work_like(w);
    const bool done = impose(&scratch, self, f, w, lower);
    work_free(&scratch);
    return done;
}
