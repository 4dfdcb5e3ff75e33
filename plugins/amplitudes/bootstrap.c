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
 *   spelling.h   from coordinates back to words
 *   bootstrap.c  the course of it
 *   echelon.h, modular.h, work.h   linear algebra modulo a prime
 *
 * It is computed modulo a prime of 31 bits, where all of the symbol follows from its coordinates, the coefficients of a few
 * words. These are the integers of least magnitude in their classes; from seven loops on they are too large, and
 * another prime is taken besides. Modulo yet another prime they satisfy all conditions only if they are right. Two primes
 * together give the coefficients of all other words.
 */
#include "bootstrap.h"
#include "condition.h"
#include "hexagon.h"
#include "spelling.h"
#include <string.h>

/* Relations are asked when lower loop orders have shown them; at three and four loops, shorter ones than these do as well,
 * so that nothing is assumed (tests/amplitudes/bootstrap.c). At seven loops, words end with what antipodal duality allows,
 * which gives the same symbols of fewer loops, too. The cut is where the work is least. */
static const bootstrap_plan plans[LAST_BOOTSTRAP + 1] = {
    [3] = {2, 2, 4, 1}, [4] = {4, 2, 4, 1}, [5] = {4, 2, 4, 1}, [6] = {4, 3, 5, 1}, [7] = {4, 4, 0, 2}};

static const uint32_t primes[] = {PRIME, OTHER_PRIME, THIRD_PRIME};

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

/* The course of a bootstrap: who asked for what, and the symbol's coordinates, its coefficients of the words that own
 * an element of the front and one of the back. */
typedef struct course {
    const bootstrap_plan *plan;
    const symbol *lower;
    const suffixes *only;
    const bootstrap_observer *observer;
    symbol *s;
    work kept; /* owns what follows */
    int32_t rows, columns;
    int64_t *coordinate, *first, *last;
} course;

static bool grow_spaces(work *w, const course *c, space *front, space *back) {
    const bootstrap_plan *p = c->plan;
    const int32_t rest = c->s->letters - p->cut;
    return space_new(w, front, FRONT, p->cut, p->initial) &&
           (p->final ? space_new(w, back, BACK, rest, p->final) : hexagon_suffixes(w, back, rest, NULL));
}

/* Modulo one prime after the other: x is the first that is solved, or the next. */
static bool keep_coordinates(course *c, int32_t prime, const space *front, const space *back, const matrix *x) {
    const int64_t size = (int64_t)x->rows * x->columns;
    const uint32_t p = primes[prime], inverse = mod_inverse(primes[0] % p, p);
    if (prime == 0) {
        c->rows = x->rows, c->columns = x->columns;
        if (!TAKE(&c->kept, c->coordinate, size) || !space_words(&c->kept, front, front->weight, &c->first) ||
            !space_words(&c->kept, back, back->weight, &c->last))
            return false;
    }
    for (int64_t i = 0; i < size; i++)
        c->coordinate[i] =
            prime == 0 ? mod_lift(x->at[i], p) : mod_lift_both(c->coordinate[i], primes[0], x->at[i], p, inverse);
    return true;
}

/* The same words must own the elements modulo any prime. */
static bool same_words(work *w, const course *c, const space *front, const space *back) {
    int64_t *first, *last;
    if (!space_words(w, front, front->weight, &first) || !space_words(w, back, back->weight, &last)) return false;
    return (front->level[front->weight].dim == c->rows && back->level[back->weight].dim == c->columns &&
            memcmp(first, c->first, sizeof *first * (size_t)c->rows) == 0 &&
            memcmp(last, c->last, sizeof *last * (size_t)c->columns) == 0) ||
           FAIL(w, MLRT_NUMERIC, "what symbols begin and end with is another space modulo another prime");
}

static bool solve(work *w, const course *c, const space *front, const space *back, bool aloud, matrix *x) {
    const bootstrap_observer *observer = aloud ? c->observer : NULL;
    const int32_t loops = c->s->loops;
    family f;
    if (!family_new(w, &f, front, back, loops, c->plan->cut)) return false;
    report(observer, "invariant ansatz", f.unknowns);
    report(observer, "relations across the cut", f.parameters);
    if (!impose_all(w, &f, c->lower, observer)) return false;
    *x = family_member(&f, 0);
    return f.parameters == 0 ||
           FAIL(w, MLRT_NUMERIC, "%d numbers of the symbol of %d loops remain free", f.parameters, loops);
}

static bool check(work *w, const course *c, const space *front, const space *back, matrix *x) {
    if (!matrix_new(w, x, c->rows, c->columns)) return false;
    for (int64_t i = 0; i < (int64_t)c->rows * c->columns; i++) x->at[i] = mod_of(c->coordinate[i], w->p);
    family f = family_known(front, back, c->s->loops, c->plan->cut, x);
    return impose_all(w, &f, c->lower, NULL);
}

/* Modulo one of the primes. */
static bool go_through(work *w, course *c, int32_t prime) {
    space front, back;
    matrix x;
    if (!grow_spaces(w, c, &front, &back) || (prime > 0 && !same_words(w, c, &front, &back))) return false;
    const bool done = prime < c->plan->primes
                          ? solve(w, c, &front, &back, prime == 0, &x) && keep_coordinates(c, prime, &front, &back, &x)
                          : check(w, c, &front, &back, &x);
    if (!done || prime > 1) return done;
    return prime == 0 ? spell_words(w, &front, &back, &x, c->only, c->s)
                      : spell_coefficients(w, &front, &back, &x, c->only, primes[0], c->s);
}

mlrt_status bootstrap_symbol(symbol *s, int32_t loops, const symbol lower[], const suffixes *only,
                             const bootstrap_plan *plan, const bootstrap_observer *observer, mlrt_error *err) {
    mlrt_error problem = {0};
    course c = {plan ? plan : &plans[loops], lower, only, observer, s, .kept = {.err = &problem}};
    bool done = true;
    *s = (symbol){.loops = loops, .letters = 2 * loops};
    for (int32_t prime = 0; done && prime <= c.plan->primes; prime++) {
        work w = {.p = primes[prime], .err = &problem};
        done = go_through(&w, &c, prime);
        work_free(&w);
    }
    work_free(&c.kept);
    return done ? MLRT_OK : mlrt_fail(err, problem.status, "%s", problem.message);
}
