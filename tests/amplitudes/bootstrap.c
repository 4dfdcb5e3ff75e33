/* bootstrap.c - the bootstrap up to four loops: what it finds, what it assumes, and how it fails. */
#include "loops.h"
#include "plugins/amplitudes/condition.h"
#include "plugins/amplitudes/suffix.h"
#include "scratch.h"
#include <base/interrupt.h>

static symbol all[LAST_BOOTSTRAP + 1];

static void test_given(void) {
    symbol s;
    mlrt_error err = {0};
    bootstrap_given(&s, 1, &err);
    loops_size(&s, 6, 2);
    is_int(loops_coefficient(&s, "bd"), -2, "Eq. 3: -2 bd");
    is_int(loops_coefficient(&s, "ab"), 0, "and no ab");
    symbol_free(&s);
    bootstrap_given(&s, 2, &err);
    loops_size(&s, 12, 16);
    is_int(loops_coefficient(&s, "bddd"), 8, "Eq. 4: 8 bddd");
    is_int(loops_coefficient(&s, "aaae"), 16, "16 aaae");
    symbol_free(&s);
}

static void test_steps(void) {
    static const int64_t three[] = {42, 9, 4, 1, 1, 1, 0}, four[] = {266, 34, 20, 9, 5, 2, 0};
    steps noted;
    if (!loops_compute(all, 3, &noted)) exit(1);
    loops_steps(&noted, 3, three, 7);
    loops_free(all, 3);
    if (!loops_compute(all, 4, &noted)) exit(1);
    loops_steps(&noted, 4, four, 7);
}

/* One plan gives the symbol that another gives; `lower` is not asked for more. */
static void same_with(int32_t loops, bootstrap_plan plan, const char *what) {
    symbol s;
    mlrt_error err = {0};
    ok(bootstrap_symbol(&s, loops, all, NULL, &plan, NULL, &err) == MLRT_OK && loops_same(&s, &all[loops]),
       "L = %d: %s", loops, what);
    if (err.status) diag("%s", err.message);
    symbol_free(&s);
}

static void test_assumptions(void) {
    same_with(3, (bootstrap_plan){2, 2, 1, 1}, "final letters d, e, f and no other final entries are enough");
    same_with(4, (bootstrap_plan){4, 2, 3, 1}, "the final entries that three loops have are enough");
    same_with(3, (bootstrap_plan){3, 2, 4, 1}, "words may be cut elsewhere");
    same_with(4, (bootstrap_plan){2, 2, 4, 1}, "and here, too");
    same_with(4, (bootstrap_plan){3, 3, 5, 1}, "what is asked from six loops on is true before");
    same_with(3, (bootstrap_plan){2, 2, 0, 1}, "the final entries of antipodal duality give the same");
    same_with(4, (bootstrap_plan){4, 4, 0, 2}, "and here, as from seven loops on, modulo two primes");
}

static void test_shared(int32_t loops) {
    char path[2 * SCRATCH_PATH];
    symbol s;
    mlrt_error err = {0};
    const char *tests = getenv("MLRT_TESTS");
    snprintf(path, sizeof path, "%s/../../shared/data/symbol/L%d.txt", tests ? tests : ".", loops);
    if (access(path, R_OK) != 0) {
        skip("no symbol of others for %d loops", loops);
        return;
    }
    ok(symbol_read(&s, loops, path, &err) == MLRT_OK && loops_same(&s, &all[loops]), "L = %d: as others computed it",
       loops);
    symbol_free(&s);
}

/* ---- conditions, on symbols that are known ---- */

/* Whether a symbol satisfies a condition; next-to-leading logarithms too, which the bootstrap asks from five loops on. */
static bool satisfies(const symbol *s, const condition *c) {
    mlrt_error err = {0};
    work w = {.p = 1073741789, .err = &err};
    space front, back;
    family f;
    matrix x;
    const int32_t cut = s->loops < 4 ? s->loops - 1 : 3;
    bool done = space_new(&w, &front, FRONT, cut, 2) && space_new(&w, &back, BACK, s->letters - cut, 4) &&
                family_coordinates(&w, &front, &back, s, cut, &x);
    if (done) f = family_known(&front, &back, s->loops, cut, &x);
    done = done && c->impose(&w, c, &f, all);
    work_free(&w);
    return done;
}

static void test_conditions(void) {
    for (int32_t loops = 2; loops <= 4; loops++) {
        symbol twice = {.loops = loops, .letters = 2 * loops};
        for (int64_t i = 0; i < all[loops].terms; i++)
            symbol_add(&twice, all[loops].word[i], 2 * all[loops].coefficient[i]);
        for (const condition *c = conditions; c->name; c++) {
            ok(satisfies(&all[loops], c), "L = %d: %s", loops, c->name);
            ok(!satisfies(&twice, c), "but not of twice the symbol");
        }
        symbol_free(&twice);
    }
}

/* The coefficients of 24 words, the quads and their cyclic images, are coordinates of the back space of weight 4. */
static void test_quad_suffixes(void) {
    mlrt_error err = {0};
    work w = {.p = 1073741789, .err = &err};
    space back;
    echelon e;
    if (!space_new(&w, &back, BACK, 4, 4) || !echelon_new(&w, &e, back.level[4].dim)) exit(1);
    is_int(back.level[4].dim, 24, "suffixes of four letters have 24 dimensions");
    for (int32_t q = 0; q < QUADS; q++)
        for (int32_t image = 0; image < 3; image++) {
            uint8_t letter[QUAD_LETTERS];
            matrix value, row;
            for (int32_t n = 0; n < QUAD_LETTERS; n++) letter[n] = dihedral[image][quads[q][n] - 'a'];
            space_value(&w, &back, letter, QUAD_LETTERS, &value);
            matrix_transpose(&w, &value, &row);
            echelon_add(&w, &e, row.at);
        }
    is_int(e.rank, 24, "and the eight quads and their cyclic images are independent");
    work_free(&w);
}

/* ---- failures ---- */

static void test_failures(void) {
    symbol s;
    mlrt_error err = {0};
    const symbol right = all[3];
    symbol wrong = {.loops = 3, .letters = 6};
    for (int64_t i = 0; i < right.terms; i++) symbol_add(&wrong, right.word[i], right.coefficient[i] * 2);
    all[3] = wrong;
    is_int(bootstrap_symbol(&s, 4, all, NULL, NULL, NULL, &err), MLRT_NUMERIC, "a wrong symbol of three loops");
    is_str(err.message, "no symbol of 4 loops satisfies the condition 'discontinuity'", "contradicts the conditions");
    symbol_free(&s), symbol_free(&wrong);
    all[3] = right;

    mlrt__interrupt();
    err = (mlrt_error){0};
    is_int(bootstrap_symbol(&s, 4, all, NULL, NULL, NULL, &err), MLRT_STOPPED, "it can be interrupted");
    is_str(err.message, "interrupted", "and says so");
    symbol_free(&s);
}

int main(void) {
    test_given();
    test_steps();
    loops_size(&all[3], 636, 384);
    loops_size(&all[4], 11208, 15360);
    is_int(loops_coefficient(&all[3], "aaaaae"), -384, "a coefficient of three loops");
    is_int(loops_coefficient(&all[3], "aeeeee"), -96, "a e e e .. has -2, 8, -96");
    is_int(loops_coefficient(&all[4], "aeeeeeee"), 1920, "and 1,920");
    for (int32_t loops = 1; loops <= 4; loops++) {
        loops_symmetry(&all[loops], 1);
        loops_relations(&all[loops], 0, 1);
    }
    test_shared(3);
    test_shared(4);
    test_assumptions();
    test_conditions();
    test_quad_suffixes();
    test_failures();
    loops_free(all, 4);
    return done_testing();
}
