/* bootstrap.c - the symbol of the three-gluon form factor, computed from first principles.
 *
 * What a physicist should know before reading on:
 *
 * E, the form factor divided by its infrared divergences, has at L loops a symbol that is a sum of words of 2L letters
 *
 *     a = sqrt(u/(vw)), b = sqrt(v/(uw)), c = sqrt(w/(uv)), d = (1-u)/u, e = (1-v)/v, f = (1-w)/w,  u + v + w = 1,
 *
 * with integer coefficients, E = exp(g^2 E1 + R) up to zeta values. The amplitude bootstrap (Dixon, McLeod, Wilhelm,
 * arXiv:2012.12286; Dixon, Gurdogan, McLeod, Wilhelm, arXiv:2204.11901) writes down the most general symbol that has the
 * right letters in the right places, and imposes physics until nothing is free. Here that is done at symbol level:
 *
 *   relation.h   the relations between coefficients: integrability, adjacency, first and final entries
 *   space.h      the vector spaces of what symbols can begin and end with, grown letter by letter
 *   ansatz.c     the dihedrally invariant products of a beginning and an end that fit together: the seam
 *   condition.h  the physics: limits (limit.h), discontinuities (clip.h), operator product expansion (ope.h, flux.h)
 *   family.h     the symbols that are left, narrowed by one condition after the other
 *   bootstrap.c  the course of it, and from coordinates back to words
 *   echelon.h, modular.h, work.h   linear algebra modulo a prime
 *
 * Everything is exact. It is computed modulo the prime 2^31 - 1, and the coefficients are the integers of least magnitude
 * in their classes; the largest at six loops is 61,931,520. They are then put through all of it again modulo another
 * prime, where they satisfy every condition only if they are right.
 */
#include "bootstrap.h"
#include "condition.h"
#include <string.h>

/* Relations are asked when lower loop orders have shown them; at three and four loops, shorter ones than these do as well,
 * so that nothing is assumed (tests/amplitudes/bootstrap.c). The cut is where the work is least. */
static const bootstrap_plan plans[LAST_BOOTSTRAP + 1] = {
    [3] = {2, 2, 4}, [4] = {4, 2, 4}, [5] = {4, 2, 4}, [6] = {4, 3, 5}};

/* ---- what is given ---- */

static mlrt_status add_images(symbol *s, const char *word, int64_t coefficient, mlrt_error *err) {
    for (int32_t k = 0; k < IMAGES; k++) {
        uint8_t letters[MOST_LETTERS];
        for (int32_t i = 0; i < s->letters; i++) letters[i] = dihedral[k][word[i] - 'a'];
        if (!symbol_add(s, symbol_number(letters, s->letters), coefficient))
            return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    }
    return MLRT_OK;
}

mlrt_status bootstrap_given(symbol *s, int32_t loops, mlrt_error *err) {
    *s = (symbol){.loops = loops, .letters = 2 * loops};
    mlrt_status status = loops == 1 ? add_images(s, "bd", -2, err) : add_images(s, "bddd", 8, err);
    if (!status && loops == 2) status = add_images(s, "bbbd", 16, err);
    return status ? status : symbol_sort(s, err);
}

/* ---- from coordinates to words ---- */

typedef struct spelling {
    work *w;
    const space *back;
    symbol *s;
    bool compare; /* with the terms that are there, instead of adding them */
    int64_t next; /* term to compare */
    uint32_t *at[MOST_WEIGHT + 1];
    int64_t *sum;
} spelling;

static bool spell_term(spelling *o, int64_t word, uint32_t value) {
    if (!o->compare)
        return symbol_add(o->s, word, mod_lift(value, o->w->p)) || FAIL(o->w, MLRT_MEMORY, "out of memory");
    const int64_t i = o->next++;
    return i < o->s->terms && o->s->word[i] == word && mod_of(o->s->coefficient[i], o->w->p) == value;
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
    if (n == 0) return spell_term(o, prefix, o->at[0][0]);
    for (int32_t letter = 0; letter < LETTERS; letter++)
        if (follow(o, n, letter) && !spell(o, n - 1, prefix * LETTERS + letter)) return false;
    return true;
}

static bool spell_all(work *w, const family *f, symbol *s, bool compare) {
    spelling o = {.w = w, .back = f->back, .s = s, .compare = compare};
    const matrix x = family_member(f, f->parameters);
    matrix front, words;
    int32_t most = 1;
    if (!matrix_new(w, &front, 1, 1)) return false;
    front.at[0] = 1;
    for (int32_t n = 1; n <= f->m; n++) {
        const matrix inner = front;
        if (!space_spell(w, f->front, n, &inner, &front)) return false;
    }
    if (!matrix_transposed_product(w, &front, &x, &words)) return false;
    for (int32_t n = 0; n <= f->k; n++) {
        if (!TAKE(w, o.at[n], f->back->level[n].dim)) return false;
        if (f->back->level[n].dim > most) most = f->back->level[n].dim;
    }
    if (!TAKE(w, o.sum, most)) return false;
    for (int32_t i = 0; i < words.rows; i++) {
        memcpy(o.at[f->k], matrix_row(&words, i), sizeof **o.at * (size_t)words.columns);
        if (!work_goes_on(w) || !spell(&o, f->k, i)) return false;
    }
    return !compare || o.next == s->terms;
}

/* ---- the bootstrap ---- */

static void report(const bootstrap_observer *o, const char *step, int64_t free) {
    if (o) o->step(o->data, step, free);
}

static bool impose_all(work *w, family *f, const symbol *lower, const bootstrap_observer *observer) {
    for (const condition *c = conditions; c->name; c++) {
        if (f->loop < c->since) continue;
        if (!c->impose(w, c, f, lower)) return false;
        report(observer, c->name, f->parameters);
    }
    return true;
}

static bool grow_spaces(work *w, const bootstrap_plan *p, int32_t loops, space *front, space *back) {
    return space_new(w, front, FRONT, p->cut, p->initial) && space_new(w, back, BACK, 2 * loops - p->cut, p->final);
}

static bool solve(work *w, const bootstrap_plan *p, const symbol lower[], const bootstrap_observer *observer,
                  symbol *s) {
    space front, back;
    family f;
    if (!grow_spaces(w, p, s->loops, &front, &back) || !family_new(w, &f, &front, &back, s->loops, p->cut))
        return false;
    report(observer, "invariant ansatz", f.unknowns);
    report(observer, "relations across the cut", f.parameters);
    if (!impose_all(w, &f, lower, observer)) return false;
    if (f.parameters)
        return FAIL(w, MLRT_NUMERIC, "%d numbers of the symbol of %d loops remain free", f.parameters, s->loops);
    return spell_all(w, &f, s, false);
}

/* The same symbol modulo another prime: the words have the coefficients, and the coefficients satisfy the conditions. */
static bool check(work *w, const bootstrap_plan *p, const symbol lower[], symbol *s) {
    space front, back;
    family f;
    if (!grow_spaces(w, p, s->loops, &front, &back) || !family_known(w, &f, &front, &back, s, p->cut)) return false;
    if (spell_all(w, &f, s, true)) return impose_all(w, &f, lower, NULL);
    return FAIL(w, MLRT_NUMERIC, "the symbol of %d loops is another one modulo another prime", s->loops);
}

mlrt_status bootstrap_symbol(symbol *s, int32_t loops, const symbol lower[], const bootstrap_plan *plan,
                             const bootstrap_observer *observer, mlrt_error *err) {
    mlrt_error problem = {0};
    work first = {.p = PRIME, .err = &problem}, second = {.p = OTHER_PRIME, .err = &problem};
    *s = (symbol){.loops = loops, .letters = 2 * loops};
    if (!plan) plan = &plans[loops];
    bool done = solve(&first, plan, lower, observer, s);
    work_free(&first);
    done = done && check(&second, plan, lower, s);
    work_free(&second);
    return done ? MLRT_OK : mlrt_fail(err, problem.status, "%s", problem.message);
}
