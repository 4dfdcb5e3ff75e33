/* limit.c - limits in which the remainder vanishes.
 *
 * There E = exp(E1 g^2), and in both limits E1 becomes -2 (a a + b b) in shuffle products of what the letters a and b
 * become, so E_L is the shuffle polynomial (-2 (a^2 + b^2))^L / L!: of all that the lower loops know, nothing is needed.
 *
 * The tensors are compared through their contractions with random vectors, one for each slot, of which the front takes
 * the first m: a difference survives all of them with a probability of about 1 / p.
 */
#include "limit.h"
#include "condition.h"
#include <string.h>

enum { DRAWS = 32, POWERS = MOST_LETTERS + 1 };

/* w -> 0 at v = 1 - u, in powers of u, v, w */
const limit collinear = {{{1, -1, -1}, {-1, 1, -1}, {-1, -1, 1}, {-2, 2, 0}, {2, -2, 0}, {0, 0, -2}}};
/* u = z x, w = z (1 - x), v = 1 - z, z -> 0, in powers of z, x, 1 - x */
const limit soft = {{{0, 1, -1}, {-2, -1, -1}, {0, -1, 1}, {-2, -2, 0}, {2, 0, 0}, {-2, 0, -2}}};

static void draw(const work *w, int32_t number, int32_t slot, uint32_t vector[3]) {
    for (int32_t t = 0; t < 3; t++)
        vector[t] =
            mlrt_random_u32(w->p, mlrt_stream("amplitudes.limit"), (uint64_t)(3 * (number * MOST_LETTERS + slot) + t)) %
            w->p;
}

/* A contraction for every element of a space and every draw. */
static bool contract(work *w, const limit *l, const space *s, int32_t n, int32_t letters, matrix *contracted) {
    if (!matrix_new(w, contracted, s->level[n].dim, DRAWS)) return false;
    const uint32_t half = mod_inverse(2, w->p);
    for (int32_t number = 0; number < DRAWS; number++) {
        matrix at, inner;
        if (!matrix_new(w, &at, 1, 1)) return false;
        at.at[0] = 1;
        for (int32_t k = 1; k <= n; k++) {
            uint32_t vector[3], weight[LETTERS] = {0};
            draw(w, number, s->end == FRONT ? k - 1 : letters - k, vector);
            for (int32_t letter = 0; letter < LETTERS; letter++)
                for (int32_t t = 0; t < 3; t++)
                    weight[letter] =
                        mod_add(weight[letter],
                                mod_mul(mod_mul(mod_of(l->twice[letter][t], w->p), half, w->p), vector[t], w->p), w->p);
            inner = at;
            if (!space_step(w, s, k, weight, &inner, &at)) return false;
        }
        for (int32_t i = 0; i < at.rows; i++) matrix_row(contracted, i)[number] = at.at[i];
    }
    return true;
}

/* Polynomials in U, V, W that are homogeneous, by the powers of U and V. */
typedef struct polynomial {
    int32_t degree;
    uint32_t at[POWERS][POWERS];
} polynomial;

static void multiply(polynomial *p, const polynomial *by, uint32_t prime) {
    polynomial product = {.degree = p->degree + by->degree};
    for (int32_t i = 0; i <= p->degree; i++)
        for (int32_t j = 0; i + j <= p->degree; j++)
            for (int32_t x = 0; x <= by->degree; x++)
                for (int32_t y = 0; x + y <= by->degree; y++) {
                    uint32_t *at = &product.at[i + x][j + y];
                    *at = mod_add(*at, mod_mul(p->at[i][j], by->at[x][y], prime), prime);
                }
    *p = product;
}

static polynomial linear(const uint32_t vector[3]) {
    polynomial p = {.degree = 1};
    p.at[1][0] = vector[0], p.at[0][1] = vector[1], p.at[0][0] = vector[2];
    return p;
}

/* (-2 (a^2 + b^2))^L / L! */
static polynomial expected(const limit *l, int32_t loop, uint32_t p) {
    polynomial sum = {.degree = 2}, power = {.at[0][0] = 1};
    for (int32_t letter = 0; letter < 2; letter++) {
        uint32_t vector[3];
        for (int32_t t = 0; t < 3; t++) vector[t] = mod_ratio(l->twice[letter][t], 2, p);
        polynomial square = linear(vector);
        multiply(&square, &square, p);
        for (int32_t i = 0; i <= 2; i++)
            for (int32_t j = 0; i + j <= 2; j++)
                sum.at[i][j] = mod_add(sum.at[i][j], mod_mul(mod_of(-2, p), square.at[i][j], p), p);
    }
    for (int32_t n = 1; n <= loop; n++) {
        const polynomial inverse = {.at[0][0] = mod_inverse((uint32_t)n, p)};
        multiply(&power, &sum, p);
        multiply(&power, &inverse, p);
    }
    return power;
}

/* The contraction of a shuffle polynomial: U^i V^j W^k holds each word with so many letters i! j! k! times. */
static uint32_t contraction(const polynomial *e, const polynomial *words, uint32_t p) {
    uint32_t factorial[POWERS] = {1}, sum = 0;
    for (int32_t n = 1; n <= e->degree; n++) factorial[n] = mod_mul(factorial[n - 1], (uint32_t)n, p);
    for (int32_t i = 0; i <= e->degree; i++)
        for (int32_t j = 0; i + j <= e->degree; j++) {
            const uint32_t times = mod_mul(mod_mul(factorial[i], factorial[j], p), factorial[e->degree - i - j], p);
            sum = mod_add(sum, mod_mul(mod_mul(e->at[i][j], words->at[i][j], p), times, p), p);
        }
    return sum;
}

static void targets(const work *w, const family *f, const limit *l, uint32_t *target) {
    const polynomial e = expected(l, f->loop, w->p);
    for (int32_t i = 0; i < DRAWS; i++)
        for (int32_t j = 0; j < DRAWS; j++) {
            polynomial words = {.at[0][0] = 1};
            for (int32_t slot = 0; slot < 2 * f->loop; slot++) {
                uint32_t vector[3];
                draw(w, slot < f->m ? i : j, slot, vector);
                const polynomial letter = linear(vector);
                multiply(&words, &letter, w->p);
            }
            target[i * DRAWS + j] = contraction(&e, &words, w->p);
        }
}

bool impose_limit(work *w, const condition *self, family *f, const symbol *lower) {
    const limit *l = self->data;
    work scratch = work_like(w);
    matrix front, back, values, left, value;
    uint32_t *target;
    (void)lower;
    bool done = contract(&scratch, l, f->front, f->m, 2 * f->loop, &front) &&
                contract(&scratch, l, f->back, f->k, 2 * f->loop, &back) &&
                matrix_new(&scratch, &values, f->parameters + 1, DRAWS * DRAWS) &&
                TAKE(&scratch, target, DRAWS * DRAWS);
    for (int32_t i = 0; done && i <= f->parameters; i++) {
        const matrix x = family_member(f, i);
        done = matrix_transposed_product(&scratch, &front, &x, &left) && matrix_product(&scratch, &left, &back, &value);
        if (done) memcpy(matrix_row(&values, i), value.at, sizeof *value.at * DRAWS * DRAWS);
    }
    if (done) targets(w, f, l, target);
    done = done && family_narrow(w, f, &values, target, self->name);
    work_free(&scratch);
    return done;
}
