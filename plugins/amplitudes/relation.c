/* relation.c - the table of relations, and how its text is read. */
#include "relation.h"
#include <stdlib.h>
#include <string.h>

const uint8_t dihedral[IMAGES][LETTERS] = {{0, 1, 2, 3, 4, 5}, {1, 2, 0, 4, 5, 3}, {2, 0, 1, 5, 3, 4},
                                           {1, 0, 2, 4, 3, 5}, {0, 2, 1, 3, 5, 4}, {2, 1, 0, 5, 4, 3}};

const relation relations[] = {
#define ROW(place, terms, source) {place, terms, source},
    RELATIONS(ROW)
#undef ROW
        {0}};

/* "2cb", "-bc", "+ab": a sign, a number unless it is 1, letters. */
static const char *read_term(const char *text, relation_term *t, const uint8_t *image) {
    const int32_t sign = *text == '-' ? -1 : 1;
    char *end;
    if (*text == '-' || *text == '+') text++;
    const long factor = strtol(text, &end, 10);
    t->factor = sign * (end == text ? 1 : (int32_t)factor);
    int32_t n = 0;
    for (text = end; *text >= 'a' && *text <= 'f'; text++) t->letter[n++] = image[*text - 'a'];
    return text;
}

functional relation_image(const relation *r, int32_t image) {
    functional f = {.length = (int32_t)strspn(r->terms + strspn(r->terms, "0123456789"), "abcdef")};
    for (const char *text = r->terms; *text;) text = read_term(text, &f.term[f.terms++], dihedral[image]);
    return f;
}
