/* loops.h - what tests of symbols share: computing them step by step, and checking relations on them. */
#ifndef TESTS_AMPLITUDES_LOOPS_H
#define TESTS_AMPLITUDES_LOOPS_H

#include "plugins/amplitudes/bootstrap.h"
#include "tap.h"

/* ---- computing ---- */

typedef struct steps {
    int32_t count;
    int64_t left[16];
} steps;

static inline void steps_note(void *data, const char *step, int64_t left) {
    steps *s = data;
    (void)step;
    s->left[s->count++] = left;
}

/* all[l] becomes the symbol of l loops; what was free after each step of the last is noted. */
static inline bool loops_compute(symbol all[], int32_t loops, steps *noted) {
    for (int32_t l = 1; l <= loops; l++) {
        mlrt_error err = {0};
        const bootstrap_observer observer = {steps_note, noted};
        *noted = (steps){0};
        if (l < FIRST_BOOTSTRAP ? bootstrap_given(&all[l], l, &err)
                                : bootstrap_symbol(&all[l], l, all, NULL, NULL, &observer, &err)) {
            printf("Bail out! %s\n", err.message);
            return false;
        }
    }
    return true;
}

static inline void loops_free(symbol all[], int32_t loops) {
    for (int32_t l = 1; l <= loops; l++) symbol_free(&all[l]);
}

static inline int64_t loops_coefficient(const symbol *s, const char *word) {
    uint8_t letter[MOST_LETTERS];
    for (int32_t k = 0; k < s->letters; k++) letter[k] = (uint8_t)(word[k] - 'a');
    return symbol_coefficient(s, symbol_number(letter, s->letters));
}

static inline bool loops_same(const symbol *a, const symbol *b) {
    const size_t bytes = sizeof(int64_t) * (size_t)a->terms;
    return a->terms == b->terms && memcmp(a->word, b->word, bytes) == 0 &&
           memcmp(a->coefficient, b->coefficient, bytes) == 0;
}

/* With the plan of seven loops, from so many unknowns: words end with what the six-gluon amplitude can begin with. */
static inline void loops_same_by_duality(symbol all[], int32_t loops, int64_t unknowns) {
    static const bootstrap_plan plan = {4, 4, 0, 2};
    symbol s;
    steps noted = {0};
    mlrt_error err = {0};
    const bootstrap_observer observer = {steps_note, &noted};
    ok(bootstrap_symbol(&s, loops, all, NULL, &plan, &observer, &err) == MLRT_OK && loops_same(&s, &all[loops]),
       "L = %d: antipodal duality gives the same", loops);
    if (err.status) diag("%s", err.message);
    is_int(noted.left[0], unknowns, "from fewer unknowns");
    symbol_free(&s);
}

/* ---- relations ---- */

/* The sum of a relation with the rest of this word around it; false when the word has none of its terms at the slot. */
static inline bool loops_sum(const symbol *s, const functional *f, int64_t word, int32_t slot, int64_t *sum) {
    uint8_t letter[MOST_LETTERS];
    int32_t first = 0;
    symbol_spell(word, s->letters, letter);
    while (first < f->terms && memcmp(letter + slot, f->term[first].letter, (size_t)f->length) != 0) first++;
    *sum = 0;
    for (int32_t i = 0; first < f->terms && i < f->terms; i++) {
        memcpy(letter + slot, f->term[i].letter, (size_t)f->length);
        *sum += f->term[i].factor * symbol_coefficient(s, symbol_number(letter, s->letters));
    }
    return first < f->terms;
}

/* Around one word in `every` of the symbol, at each slot where the relation holds, with all images; the last letters of words
 * may be a suffix, which stays. */
static inline void loops_relation(const symbol *s, const relation *r, int32_t suffix, int64_t every) {
    static const char *const places[] = {"anywhere", "in front", "at the end"};
    int64_t bad = 0, sums = 0;
    for (int32_t image = 0; image < IMAGES; image++) {
        const functional f = relation_image(r, image);
        const int32_t last = s->letters - suffix - f.length;
        if (last < 0 || (suffix && r->place == BACK)) return;
        for (int32_t slot = r->place == BACK ? last : 0; slot <= (r->place == FRONT ? 0 : last); slot++)
            for (int64_t i = (int64_t)mlrt_random_below(1, 2, (uint64_t)slot, (uint64_t)every); i < s->terms;
                 i += every) {
                int64_t sum;
                if (!loops_sum(s, &f, s->word[i], slot, &sum)) continue;
                bad += sum != 0;
                sums++;
            }
    }
    is_int(bad, 0, "L = %d: %s = 0 %s, in %lld sums", s->loops, r->terms, places[r->place], (long long)sums);
}

/* What others have published of the words' beginnings, of which only two are asked by the bootstrap (before L = 6). */
static const relation loops_published[] = {{FRONT, "ad", ""},
                                           {FRONT, "aad", ""},
                                           {FRONT, "bcf", ""},
                                           {FRONT, "bde", ""},
                                           {FRONT, "bdf", ""},
                                           {FRONT, "bda", ""},
                                           {FRONT, "abd", ""},
                                           {FRONT, "cb-bc", ""},
                                           {FRONT, "aab+abb+cab", ""},
                                           {FRONT, "aaf-2abf+bbf", ""},
                                           {FRONT, "aba-aab+abc-cab", ""},
                                           {FRONT, "aac-cab+abc+bca+cca", ""},
                                           {FRONT, "afb-afa-2cab+2bca+abf-bbf", ""},
                                           {ANYWHERE, "ca+cb-ac-bc", ""},
                                           {0}};

static inline void loops_relations(const symbol *s, int32_t suffix, int64_t every) {
    for (const relation *r = relations; r->terms; r++) loops_relation(s, r, suffix, every);
    for (const relation *r = loops_published; r->terms; r++) loops_relation(s, r, suffix, every);
}

static inline void loops_symmetry(const symbol *s, int64_t every) {
    int64_t different = 0;
    for (int64_t i = 0; i < s->terms; i += every)
        for (int32_t image = 0; image < IMAGES; image++) {
            uint8_t letter[MOST_LETTERS];
            symbol_spell(s->word[i], s->letters, letter);
            for (int32_t k = 0; k < s->letters; k++) letter[k] = dihedral[image][letter[k]];
            different += symbol_coefficient(s, symbol_number(letter, s->letters)) != s->coefficient[i];
        }
    is_int(different, 0, "L = %d: a word and its dihedral images have one coefficient", s->loops);
}

/* The paper's Table 1 and the largest magnitude. */
static inline void loops_size(const symbol *s, int64_t terms, int64_t largest) {
    is_int(s->terms, terms, "L = %d has so many terms", s->loops);
    is_int(s->largest, largest, "and this largest coefficient");
    int64_t zero = 0, disorder = 0;
    for (int64_t i = 0; i < s->terms; i++)
        zero += s->coefficient[i] == 0, disorder += i && s->word[i - 1] >= s->word[i];
    ok(zero == 0 && disorder == 0, "the words are in order, their coefficients not zero");
}

static inline void loops_steps(const steps *got, int32_t loops, const int64_t *want, int32_t count) {
    is_int(got->count, count, "L = %d: a number for every step", loops);
    for (int32_t i = 0; i < count; i++) is_int(got->left[i], want[i], "so many are free after step %d", i);
}

#endif
