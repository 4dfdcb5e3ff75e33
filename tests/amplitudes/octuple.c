/* octuple.c - what the form factor can end with, and the suffixes that determine it. */
#include "octuples.h"
#include "plugins/amplitudes/source.h"

static space back;
static work w;

static void test_dimensions(void) {
    static const int32_t amplitude[] = {1, 3, 6, 13, 26, 51, 98, 184, 340}; /* arXiv:1906.07116, Table 1 */
    static const int32_t form_factor[] = {1, 3, 6, 12, 24, 45, 85, 155, 282};
    int32_t dim[OCTUPLE_LETTERS + 1];
    ok(hexagon_suffixes(&w, &back, OCTUPLE_LETTERS, dim), "symbols up to weight 8");
    for (int32_t n = 0; n <= OCTUPLE_LETTERS; n++) {
        is_int(dim[n], amplitude[n], "weight %d: extended Steinmann symbols of the six-gluon amplitude", n);
        is_int(back.level[n].dim, form_factor[n], "without odd letters");
    }
}

/* The elements of a weight, as coefficients of all words. */
static bool spell(const space *s, int32_t weight, matrix *words) {
    if (!matrix_new(&w, words, 1, 1)) return false;
    words->at[0] = 1;
    for (int32_t n = 1; n <= weight; n++) {
        const matrix inner = *words;
        if (!space_spell(&w, s, n, &inner, words)) return false;
    }
    return true;
}

/* Up to four letters the same is known from the symbols of three and four loops. */
static void test_same_as_seen(void) {
    static const int32_t five_loops[] = {1, 3, 6, 12, 24, 45, 87, 173, 344};
    space seen;
    ok(space_new(&w, &seen, BACK, OCTUPLE_LETTERS, 5), "the relations that five loops show");
    for (int32_t n = 0; n <= OCTUPLE_LETTERS; n++)
        is_int(seen.level[n].dim, five_loops[n], "leave so many dimensions of weight %d", n);
    ok(space_new(&w, &seen, BACK, 4, 4), "those that three and four loops show");
    for (int32_t n = 1; n <= 4; n++) {
        matrix both[2];
        echelon e;
        if (!spell(&seen, n, &both[0]) || !spell(&back, n, &both[1]) || !echelon_new(&w, &e, both[0].columns)) return;
        for (int32_t k = 0; k < 2; k++)
            for (int32_t i = 0; i < both[k].rows; i++) echelon_add(&w, &e, matrix_row(&both[k], i));
        is_int(seen.level[n].dim, e.rank, "weight %d: as many dimensions", n);
        is_int(back.level[n].dim, e.rank, "of the same space");
    }
}

/* The rank of what four loops end with, all that stands behind the same letters being one element. */
static void test_all_is_used(void) {
    static const int32_t four_loops[] = {3, 6, 12, 24};
    symbol s;
    mlrt_error err = {0};
    if (source_symbol(&s, 4, NULL, NULL, &err)) return;
    int64_t endings = LETTERS;
    for (int32_t n = 1; n <= 4; n++, endings *= LETTERS) {
        echelon e;
        work scratch = work_like(&w);
        uint32_t *row;
        if (!TAKE(&scratch, row, endings) || !echelon_new(&scratch, &e, (int32_t)endings)) return;
        for (int64_t i = 0, next; i < s.terms; i = next) {
            memset(row, 0, sizeof *row * (size_t)endings);
            for (next = i; next < s.terms && s.word[next] / endings == s.word[i] / endings; next++)
                row[s.word[next] % endings] = mod_of(s.coefficient[next], w.p);
            echelon_add(&scratch, &e, row);
        }
        is_int(e.rank, four_loops[n - 1], "L = 4 ends with all of weight %d", n);
        work_free(&scratch);
    }
    loops_octuples(&s, 5, 49, 1);
    symbol_free(&s);
}

static void test_choice(void) {
    static const char *const four[] = {"bbbd", "bbdd", "bdbd", "bddd", "dbbd", "dbdd", "dcdd", "dddd"};
    suffixes s;
    int32_t different = 0;
    ok(suffixes_choose(&w, &back, 4, &s), "suffixes of four letters");
    is_int(s.count, QUADS, "are as many as the paper's");
    for (int32_t i = 0; i < QUADS; i++) different += strcmp(s.text[i], four[i]) != 0;
    is_int(different, 0, "though others, the first in alphabetical order");
    ok(suffixes_choose(&w, &back, OCTUPLE_LETTERS, &s), "octuples");
    is_int(s.count, 94, "a third of the dimensions");
    is_str(s.text[0], "aaaaabdd", "the first is the first word that is not always zero");
    is_str(s.text[93], "dddddddd", "the last is the last");
    is_int(suffix_of(&s, s.word[17]), 17, "they are found");
    is_int(suffix_of(&s, 0), -1, "and no others");
}

int main(void) {
    mlrt_error err = {0};
    w = (work){.p = OTHER_PRIME, .err = &err};
    test_dimensions();
    test_same_as_seen();
    test_choice();
    test_all_is_used();
    work_free(&w);
    return done_testing();
}
