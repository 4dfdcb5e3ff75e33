/* clip.c - discontinuities of the remainder.
 *
 * Clipping the first letter of each word, with a weight that depends on the letter, is a derivation D of the shuffle
 * algebra. Of L loops, D^L R_L = 0. The target is what the lower loops contribute to R = log E: with E(t) = exp(tD) E,
 * graded by loops and powers of t, the logarithm follows from L R_L = L E_L - sum_j j R_j E_(L-j).
 *
 * Clipping the last letters is the same for words that are read backwards, and so are shuffle products.
 */
#include "clip.h"
#include "condition.h"
#include <string.h>

const clipping discontinuity = {FRONT, {-1, -1, 1, 0, 0, -2}};
const clipping dual_discontinuity = {BACK, {0, -2, 0, -2, 2, -2}};

static int64_t power_of_six(int32_t n) {
    int64_t power = 1;
    while (n-- > 0) power *= LETTERS;
    return power;
}

static void weights_of(const clipping *c, uint32_t p, uint32_t weight[LETTERS]) {
    for (int32_t l = 0; l < LETTERS; l++) weight[l] = mod_ratio(c->twice[l], 2, p);
}

/* ---- tensors: a coefficient for every word of n letters ---- */

typedef struct tensor {
    int32_t letters;
    uint32_t *at; /* NULL: zero */
} tensor;

/* out += factor * (a shuffled with b) */
static void shuffle(uint32_t *out, uint32_t factor, const uint32_t *a, int32_t n, const uint32_t *b, int32_t m,
                    uint32_t p) {
    if (n == 0 || m == 0) {
        const uint32_t *rest = n ? a : b;
        const uint32_t by = mod_mul(factor, n ? b[0] : a[0], p);
        for (int64_t i = 0; by && i < power_of_six(n + m); i++) out[i] = mod_add(out[i], mod_mul(by, rest[i], p), p);
        return;
    }
    const int64_t size = power_of_six(n + m - 1), first = power_of_six(n - 1), second = power_of_six(m - 1);
    for (int32_t l = 0; l < LETTERS; l++) {
        shuffle(out + l * size, factor, a + l * first, n - 1, b, m, p);
        shuffle(out + l * size, factor, a, n, b + l * second, m - 1, p);
    }
}

/* ---- the logarithm, graded by loops and clipped letters ---- */

typedef struct graded {
    int32_t loop; /* the highest; of it all letters but as many are clipped */
    tensor e[MOST_LOOPS + 1][MOST_LETTERS + 1], r[MOST_LOOPS + 1][MOST_LETTERS + 1]; /* divided by (letters clipped)! */
} graded;

/* Only tensors of at most `loop` letters are ever needed. */
static bool is_needed(const graded *g, int32_t loop, int32_t clipped) {
    return clipped <= 2 * loop && 2 * loop - clipped <= g->loop;
}

static bool clip_words(work *w, const clipping *c, const symbol *s, int32_t clipped, tensor *t) {
    uint32_t weight[LETTERS], inverse = 1;
    t->letters = s->letters - clipped;
    if (!TAKE(w, t->at, power_of_six(t->letters))) return false;
    weights_of(c, w->p, weight);
    for (int32_t k = 2; k <= clipped; k++) inverse = mod_mul(inverse, mod_inverse((uint32_t)k, w->p), w->p);
    for (int64_t i = 0; i < s->terms; i++) {
        uint8_t word[MOST_LETTERS], read[MOST_LETTERS];
        uint32_t factor = mod_mul(mod_of(s->coefficient[i], w->p), inverse, w->p);
        symbol_spell(s->word[i], s->letters, word);
        for (int32_t k = 0; k < s->letters; k++) read[k] = word[c->end == FRONT ? k : s->letters - 1 - k];
        for (int32_t k = 0; k < clipped && factor; k++) factor = mod_mul(factor, weight[read[k]], w->p);
        uint32_t *at = &t->at[symbol_number(read + clipped, t->letters)];
        *at = mod_add(*at, factor, w->p);
    }
    return true;
}

/* sum += (1 / L) sum_j j R_j E_(L-j), of so many clipped letters */
static void add_products(const work *w, const graded *g, int32_t loop, int32_t clipped, uint32_t sign, tensor *sum) {
    const uint32_t inverse = mod_mul(sign, mod_inverse((uint32_t)loop, w->p), w->p);
    for (int32_t j = 1; j < loop; j++)
        for (int32_t k = 0; k <= clipped; k++) {
            const int32_t other = loop - j;
            if (!is_needed(g, j, k) || !is_needed(g, other, clipped - k)) continue;
            const tensor *r = &g->r[j][k], *e = &g->e[other][clipped - k];
            if (r->at)
                shuffle(sum->at, mod_mul(inverse, (uint32_t)j, w->p), r->at, r->letters, e->at, e->letters, w->p);
        }
}

static bool take_logarithm(work *w, const clipping *c, const symbol *lower, graded *g) {
    for (int32_t loop = 1; loop < g->loop; loop++)
        for (int32_t clipped = 0; clipped <= 2 * loop; clipped++) {
            tensor *e = &g->e[loop][clipped], *r = &g->r[loop][clipped];
            if (!is_needed(g, loop, clipped)) continue;
            if (!clip_words(w, c, &lower[loop], clipped, e)) return false;
            if (clipped >= loop && loop > 1) continue; /* zero, by this very condition */
            r->letters = e->letters;
            if (!TAKE(w, r->at, power_of_six(r->letters))) return false;
            memcpy(r->at, e->at, sizeof *r->at * (size_t)power_of_six(r->letters));
            add_products(w, g, loop, clipped, w->p - 1, r);
        }
    return true;
}

/* What D^L E_L must be, a coefficient for each word of L letters. */
static bool target_of(work *w, const clipping *c, const symbol *lower, int32_t loop, uint32_t **target) {
    graded *g;
    tensor sum = {.letters = loop};
    if (!TAKE(w, g, 1) || !TAKE(w, sum.at, power_of_six(loop))) return false;
    g->loop = loop;
    if (!take_logarithm(w, c, lower, g)) return false;
    uint32_t factorial = 1;
    for (int32_t k = 2; k <= loop; k++) factorial = mod_mul(factorial, (uint32_t)k, w->p);
    add_products(w, g, loop, loop, factorial, &sum);
    *target = sum.at;
    return true;
}

/* ---- the family, clipped: the front has at most L letters, the back at least as many ---- */

/* Elements of weight n as numbers: all their letters are clipped. */
static bool clip_elements(work *w, const space *s, int32_t n, const uint32_t weight[LETTERS], matrix *number) {
    if (!matrix_new(w, number, 1, 1)) return false;
    number->at[0] = 1;
    for (int32_t k = 1; k <= n; k++) {
        const matrix inner = *number;
        if (!space_step(w, s, k, weight, &inner, number)) return false;
    }
    return true;
}

/* Of a member, the coordinates in the back space of weight L, whose own words are those of the target. */
static bool clip_front(work *w, const family *f, const uint32_t weight[LETTERS], matrix *values, int64_t **word) {
    matrix number, x, back;
    if (!clip_elements(w, f->front, f->m, weight, &number) ||
        !matrix_new(w, values, f->parameters + 1, f->back->level[f->loop].dim))
        return false;
    for (int32_t i = 0; i <= f->parameters; i++) {
        const matrix member = family_member(f, i);
        if (!matrix_transposed_product(w, &member, &number, &back)) return false;
        for (int32_t n = f->k; n > f->loop; n--) {
            x = back;
            if (!space_strip(w, f->back, n, weight, &x, &back)) return false;
        }
        memcpy(matrix_row(values, i), back.at, sizeof *back.at * (size_t)back.rows);
    }
    return space_words(w, f->back, f->loop, word);
}

/* Of a member, the front's coordinates with each word of the letters that the back has beyond L. */
static bool clip_back(work *w, const family *f, const uint32_t weight[LETTERS], matrix *values, int64_t **word) {
    matrix back, value;
    int64_t *own;
    const int32_t rest = f->k - f->loop, fronts = f->front->level[f->m].dim;
    const int64_t words = power_of_six(rest);
    if (!clip_elements(w, f->back, f->loop, weight, &back)) return false;
    for (int32_t n = f->loop + 1; n <= f->k; n++) {
        const matrix inner = back;
        if (!space_spell(w, f->back, n, &inner, &back)) return false;
    }
    if (!matrix_new(w, values, f->parameters + 1, fronts * (int32_t)words) || !TAKE(w, *word, fronts * words) ||
        !space_words(w, f->front, f->m, &own))
        return false;
    for (int64_t i = 0; i < fronts * words; i++) (*word)[i] = own[i / words] * words + i % words;
    for (int32_t i = 0; i <= f->parameters; i++) {
        const matrix member = family_member(f, i);
        if (!matrix_product(w, &member, &back, &value)) return false;
        memcpy(matrix_row(values, i), value.at, sizeof *value.at * (size_t)(fronts * words));
    }
    return true;
}

/* The place of a word in a tensor that is read from the clipped end. */
static int64_t place_of(const clipping *c, int64_t number, int32_t letters) {
    uint8_t word[MOST_LETTERS], backwards[MOST_LETTERS];
    if (c->end == FRONT) return number;
    symbol_spell(number, letters, word);
    for (int32_t k = 0; k < letters; k++) backwards[k] = word[letters - 1 - k];
    return symbol_number(backwards, letters);
}

static bool impose(work *w, const condition *self, family *f, work *members, const symbol *lower) {
    const clipping *c = self->data;
    uint32_t weight[LETTERS], *wanted, *target;
    matrix values;
    int64_t *word;
    weights_of(c, w->p, weight);
    if (!target_of(w, c, lower, f->loop, &wanted) ||
        !(c->end == FRONT ? clip_front : clip_back)(w, f, weight, &values, &word) || !TAKE(w, target, values.columns))
        return false;
    for (int32_t i = 0; i < values.columns; i++) target[i] = wanted[place_of(c, word[i], f->loop)];
    return family_narrow(members, f, &values, target, self->name);
}

bool impose_clipping(work *w, const condition *self, family *f, const symbol *lower) {
    work scratch = work_like(w);
    const bool done = impose(&scratch, self, f, w, lower);
    work_free(&scratch);
    return done;
}
