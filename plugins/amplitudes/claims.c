/* claims.c - relations among some words and their coefficients. */
#include "claims.h"
#include "instance.h"
#include "zeros.h"
#include <stdio.h>
#include <stdlib.h>

static int by_number(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The coefficient of a word; false when it is not there. */
static bool find(const symbol *s, int64_t word, int64_t *coefficient) {
    const int64_t *at = bsearch(&word, s->word, (size_t)s->terms, sizeof word, by_number);
    if (at) *coefficient = s->coefficient[at - s->word];
    return at != NULL;
}

/* Do two images of a relation join the same words? */
static bool same(const pattern *a, const pattern *b) {
    for (int32_t t = 0; t < a->terms; t++) {
        int32_t u = 0;
        while (u < b->terms && b->letters[u] != a->letters[t]) u++;
        if (u == b->terms) return false;
    }
    return true;
}

/* Counts an instance when all its words are there. */
static void count(const symbol *s, const instance *in, mlrt_claim *c) {
    int64_t sum = 0, coefficient = 0;
    bool numbers = true;
    for (int32_t t = 0; t < in->terms; t++) {
        if (!find(s, in->word[t], &coefficient)) return;
        numbers = numbers && coefficient != INT64_MIN;
        if (numbers) sum += in->factor[t] * coefficient;
    }
    c->seen++;
    c->held += numbers && sum == 0;
}

/* Each instance is found at the first of its words; one that a symmetry of two images gives, from both, counts once. */
static void look(const symbol *s, const pattern *p, mlrt_claim *c) {
    for (int64_t i = 0; i < s->terms; i++)
        for (int32_t slot = 0; slot < pattern_slots(p, s->letters); slot++) {
            instance in;
            if (!pattern_at(p, s->word[i], s->letters, slot, &in)) continue;
            if (p->terms == 1) in = (instance){.terms = 1, .word = {s->word[i]}, .factor = {1}};
            if (in.terms == 0 || in.word[0] != s->word[i]) continue;
            if (p->symmetry != FLIP || in.word[0] < in.word[1]) count(s, &in, c);
        }
}

int32_t claims_check(const symbol *s, mlrt_claim *claim, int32_t most) {
    law laws[MOST_LAWS];
    char text[MOST_LAWS][LAW_NAME];
    const int32_t all = laws_all(laws, text);
    int32_t claims = 0;
    for (int32_t l = 0; l < all && claims < most; l++) {
        mlrt_claim *c = &claim[claims];
        pattern image[IMAGES];
        *c = (mlrt_claim){.seen = 0};
        snprintf(c->name, sizeof c->name, "%s", laws[l].name);
        for (int32_t i = 0; i < (laws[l].relation ? IMAGES : 1); i++) {
            int32_t before = 0;
            image[i] = law_pattern(&laws[l], i);
            while (before < i && !same(&image[i], &image[before])) before++;
            if (before == i) look(s, &image[i], c);
        }
        claims += c->seen > 0;
    }
    return claims;
}
