/* instance.c - from relations to words. */
#include "instance.h"
#include "zeros.h"
#include <stdio.h>
#include <string.h>

/* ---- laws ---- */

int32_t laws_all(law *laws, char text[MOST_LAWS][LAW_NAME]) {
    static const char *const places[] = {[ANYWHERE] = "any", [FRONT] = "first", [BACK] = "last"};
    int32_t n = 0;
    for (const relation *r = relations; r->terms; r++, n++) {
        snprintf(text[n], LAW_NAME, "%s %s", places[r->place], r->terms);
        laws[n] = (law){text[n], r, EVERY_IMAGE};
    }
    laws[n++] = (law){"cycle", NULL, CYCLE};
    laws[n++] = (law){"flip", NULL, FLIP};
    return n;
}

static const relation *relation_of(const char *terms) {
    const relation *r = relations;
    while (strcmp(r->terms, terms) != 0) r++;
    return r;
}

int32_t laws_figure(law *laws) {
    static const struct {
        const char *name, *terms;
        int32_t image;
    } figure[] = {{"triple 0", "aab+abb+acb", 0}, {"integ 0", "ab+ac-ba-ca", 0}, {"integ 1", "ab+ac-ba-ca", 2},
                  {"final 16", "bf-bd", 0},       {"final 17", "cdd+cee", 0},    {"final 18", "ddbd-dbdd", 0}};
    enum { LAWS = sizeof figure / sizeof *figure };
    for (int32_t i = 0; i < LAWS; i++) laws[i] = (law){figure[i].name, relation_of(figure[i].terms), figure[i].image};
    return LAWS;
}

/* ---- patterns ---- */

static int64_t power(int32_t n) {
    int64_t p = 1;
    while (n-- > 0) p *= LETTERS;
    return p;
}

pattern law_pattern(const law *l, int32_t image) {
    if (!l->relation) return (pattern){.place = FRONT, .terms = 2, .symmetry = l->image, .factor = {1, -1}};
    const functional f = relation_image(l->relation, l->image == EVERY_IMAGE ? image : l->image);
    pattern p = {.place = l->relation->place, .length = f.length, .terms = f.terms};
    for (int32_t t = 0; t < f.terms; t++) {
        p.letters[t] = symbol_number(f.term[t].letter, f.length);
        p.factor[t] = f.term[t].factor;
    }
    return p;
}

int32_t pattern_group(const pattern *p) {
    int32_t negative = 0;
    for (int32_t t = 0; t < p->terms; t++) negative += p->factor[t] < 0;
    if (p->terms == 1) return 0;
    if (negative == 0 || negative == p->terms) return 2;
    return p->terms == 2 ? 1 : 3;
}

int32_t pattern_slots(const pattern *p, int32_t letters) {
    const int32_t room = letters - p->length + 1;
    return room < 1 ? 0 : p->place == ANYWHERE ? room : 1;
}

static int64_t image_of(int64_t word, int32_t letters, int32_t image) {
    uint8_t letter[MOST_LETTERS];
    symbol_spell(word, letters, letter);
    for (int32_t k = 0; k < letters; k++) letter[k] = dihedral[image][letter[k]];
    return symbol_number(letter, letters);
}

static void add(instance *out, int64_t word, int32_t factor, int32_t letters) {
    if (zeros_trivial(word, letters)) return;
    out->word[out->terms] = word;
    out->factor[out->terms++] = factor;
}

/* What a slot is worth: letters behind it are the digits below. */
static int64_t behind(const pattern *p, int32_t letters, int32_t slot) {
    return p->place == BACK ? 1 : power(letters - slot - p->length);
}

void pattern_around(const pattern *p, int64_t word, int32_t letters, int32_t slot, instance *out) {
    out->terms = 0;
    if (p->symmetry) {
        add(out, word, p->factor[0], letters);
        add(out, image_of(word, letters, p->symmetry), p->factor[1], letters);
        return;
    }
    const int64_t low = behind(p, letters, slot), high = low * power(p->length);
    for (int32_t t = 0; t < p->terms; t++)
        add(out, word / high * high + p->letters[t] * low + word % low, p->factor[t], letters);
}

bool pattern_at(const pattern *p, int64_t word, int32_t letters, int32_t slot, instance *out) {
    const int64_t here = word / behind(p, letters, slot) % power(p->length);
    int32_t t = 0;
    while (!p->symmetry && t < p->terms && p->letters[t] != here) t++;
    if (t == p->terms) return false;
    pattern_around(p, word, letters, slot, out);
    return true;
}
