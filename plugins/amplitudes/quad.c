/* quad.c - the eight suffixes. */
#include "quad.h"

enum { SUFFIXES = LETTERS * LETTERS * LETTERS * LETTERS };

const char *const quads[QUADS] = {"dddd", "bbbd", "bdbd", "bbdd", "dbdd", "fbdd", "dbbd", "cddd"};

static int64_t number_of(const char *quad) {
    int64_t number = 0;
    for (int32_t k = 0; k < QUAD_LETTERS; k++) number = number * LETTERS + (quad[k] - 'a');
    return number;
}

int32_t quad_of(int64_t word) {
    int32_t quad = QUADS - 1;
    while (quad >= 0 && number_of(quads[quad]) != word % SUFFIXES) quad--;
    return quad;
}

void quad_reduce(symbol *s) {
    int64_t kept = 0;
    s->largest = 0;
    for (int64_t i = 0; i < s->terms; i++) {
        if (quad_of(s->word[i]) < 0) continue;
        const int64_t coefficient = s->coefficient[i], magnitude = coefficient < 0 ? -coefficient : coefficient;
        if (magnitude > s->largest) s->largest = magnitude;
        s->word[kept] = s->word[i];
        s->coefficient[kept++] = coefficient;
    }
    s->terms = kept;
}
