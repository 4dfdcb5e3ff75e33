/* suffix.c - the eight quads, and words that end in suffixes. */
#include "suffix.h"

const char *const quads[QUADS] = {"dddd", "bbbd", "bdbd", "bbdd", "dbdd", "fbdd", "dbbd", "cddd"};

bool suffixes_quads(work *w, suffixes *s) {
    *s = (suffixes){.count = QUADS, .letters = QUAD_LETTERS};
    if (!TAKE(w, s->word, QUADS) || !TAKE(w, s->text, QUADS)) return false;
    for (int32_t i = 0; i < QUADS; i++) {
        s->text[i] = quads[i];
        for (int32_t k = 0; k < QUAD_LETTERS; k++) s->word[i] = s->word[i] * LETTERS + (quads[i][k] - 'a');
    }
    return true;
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
