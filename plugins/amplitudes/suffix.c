/* suffix.c - the eight quads, and words that end in suffixes. */
#include "suffix.h"

const char *const quads[QUADS] = {"dddd", "bbbd", "bdbd", "bbdd", "dbdd", "fbdd", "dbbd", "cddd"};

const char *const forms[] = {"word", "quad", "octuple", NULL};

bool suffixes_quads(work *w, suffixes *s) {
    *s = (suffixes){.count = QUADS, .letters = QUAD_LETTERS};
    if (!TAKE(w, s->word, QUADS) || !TAKE(w, s->text, QUADS)) return false;
    for (int32_t i = 0; i < QUADS; i++) {
        s->text[i] = quads[i];
        for (int32_t k = 0; k < QUAD_LETTERS; k++) s->word[i] = s->word[i] * LETTERS + (quads[i][k] - 'a');
    }
    return true;
}

mlrt_status suffixes_of_form(work *w, word_form form, int32_t loops, suffixes *s) {
    static const int32_t first_loop[] = {[FORM_WORD] = 1, [FORM_QUAD] = 2, [FORM_OCTUPLE] = 4};
    *s = (suffixes){0};
    if (loops < first_loop[form])
        return mlrt_fail(w->err, MLRT_RANGE, "words of %d loops are too short for form '%s': expected loop >= %d",
                         loops, forms[form], first_loop[form]);
    const bool done = form == FORM_WORD || (form == FORM_QUAD ? suffixes_quads : suffixes_octuples)(w, s);
    return done ? MLRT_OK : w->err->status;
}

int32_t suffix_of(const suffixes *s, int64_t word) {
    int64_t endings = 1;
    int32_t i = s->count - 1;
    for (int32_t k = 0; k < s->letters; k++) endings *= LETTERS;
    while (i >= 0 && s->word[i] != word % endings) i--;
    return i;
}

void suffix_reduce(symbol *all, const suffixes *s) {
    int64_t kept = 0;
    all->largest = 0;
    for (int64_t i = 0; i < all->terms; i++) {
        if (suffix_of(s, all->word[i]) < 0) continue;
        const int64_t coefficient = all->coefficient[i], magnitude = coefficient < 0 ? -coefficient : coefficient;
        if (magnitude > all->largest) all->largest = magnitude;
        all->word[kept] = all->word[i];
        all->coefficient[kept++] = coefficient;
    }
    all->terms = kept;
}
