/* zeros.c - drawing words whose coefficient is zero.
 *
 * Of `nontrivial` zeros a share of 5% is trivial nevertheless, spread evenly over the 18 kinds: 12 pairs of neighbours,
 * 3 first and 3 last letters. The others are drawn from all words that no rule forbids, without replacement.
 */
#include "zeros.h"
#include <mlrt/plugin.h>
#include <stdlib.h>
#include <string.h>

enum { KINDS = 18, PAIRS = 12, TRIVIAL_PERCENT = 5, MOST_LISTED = 6 };

const char *const zeros_choices[] = {"none", "naive", "nontrivial", NULL};

/* ad, da, be, eb, cf, fc, de, ed, df, fd, ef, fe */
static const uint8_t never[PAIRS][2] = {{0, 3}, {3, 0}, {1, 4}, {4, 1}, {2, 5}, {5, 2},
                                        {3, 4}, {4, 3}, {3, 5}, {5, 3}, {4, 5}, {5, 4}};

static bool may_follow(uint8_t letter, uint8_t next) {
    for (int32_t i = 0; i < PAIRS; i++)
        if (never[i][0] == letter && never[i][1] == next) return false;
    return true;
}

bool zeros_trivial(int64_t word, int32_t letters) {
    uint8_t letter[MOST_LETTERS];
    symbol_spell(word, letters, letter);
    bool allowed = letter[0] < 3 && letter[letters - 1] >= 3;
    for (int32_t k = 1; k < letters && allowed; k++) allowed = may_follow(letter[k - 1], letter[k]);
    return !allowed;
}

/* ---- lists of words ---- */

typedef struct words {
    int64_t count, room;
    int64_t *at;
} words;

static bool add(words *w, int64_t word) {
    if (w->count == w->room) {
        const int64_t room = w->room ? 2 * w->room : 4096;
        int64_t *at = realloc(w->at, sizeof *at * (size_t)room);
        if (!at) return false;
        w->at = at, w->room = room;
    }
    w->at[w->count++] = word;
    return true;
}

static int by_number(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Leave each word once; then in their order. */
static void remove_doubles(words *w) {
    int64_t kept = 0;
    qsort(w->at, (size_t)w->count, sizeof *w->at, by_number);
    for (int64_t i = 0; i < w->count; i++)
        if (i == 0 || w->at[i] != w->at[i - 1]) w->at[kept++] = w->at[i];
    w->count = kept;
}

/* ---- trivial and naive zeros: random words, until there are enough different ones ---- */

typedef struct source {
    const symbol *s;
    uint64_t seed, stream, drawn;
    bool trivial; /* of the kinds in turn */
} source;

/* The next word; false when it is in the symbol. */
static bool draw(source *o, int64_t *word) {
    uint8_t letter[MOST_LETTERS];
    const uint64_t number = o->drawn++, draws = MOST_LETTERS + 1;
    const int32_t n = o->s->letters, kind = (int32_t)(number % KINDS);
    for (int32_t k = 0; k < n; k++)
        letter[k] = (uint8_t)mlrt_random_below(o->seed, o->stream, number * draws + (uint64_t)k, LETTERS);
    const uint64_t last = number * draws + MOST_LETTERS;
    if (o->trivial && kind < PAIRS)
        memcpy(letter + mlrt_random_below(o->seed, o->stream, last, (uint64_t)n - 1), never[kind], 2);
    else if (o->trivial && kind < PAIRS + 3)
        letter[0] = (uint8_t)(3 + kind - PAIRS);
    else if (o->trivial)
        letter[n - 1] = (uint8_t)(kind - PAIRS - 3);
    *word = symbol_number(letter, n);
    return o->trivial || symbol_coefficient(o->s, *word) == 0;
}

/* So many different words, in random order. */
static bool draw_all(source *o, int64_t count, words *w) {
    while (w->count < count) {
        int64_t word;
        while (w->count < count)
            if (draw(o, &word) && !add(w, word)) return false;
        remove_doubles(w);
    }
    mlrt_random_shuffle(o->seed, o->stream + 1, w->at, w->count);
    return true;
}

/* ---- other zeros: all words that no rule forbids ---- */

static bool list(const symbol *s, uint8_t *letter, int32_t n, words *w) {
    if (n == s->letters) {
        const int64_t word = symbol_number(letter, n);
        return letter[n - 1] < 3 || symbol_coefficient(s, word) != 0 || add(w, word);
    }
    for (letter[n] = 0; letter[n] < (n ? LETTERS : 3); letter[n]++)
        if ((n == 0 || may_follow(letter[n - 1], letter[n])) && !list(s, letter, n + 1, w)) return false;
    return true;
}

/* ---- both ---- */

static mlrt_status append(symbol *s, const words *w, int64_t count, mlrt_error *err) {
    int64_t *word = realloc(s->word, sizeof *word * (size_t)(s->terms + count));
    if (word) s->word = word;
    int64_t *coefficient = realloc(s->coefficient, sizeof *coefficient * (size_t)(s->terms + count));
    if (coefficient) s->coefficient = coefficient;
    if (!word || !coefficient) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    s->room = s->terms + count;
    memcpy(s->word + s->terms, w->at, sizeof *word * (size_t)count);
    memset(s->coefficient + s->terms, 0, sizeof *coefficient * (size_t)count);
    s->terms += count;
    return MLRT_OK;
}

mlrt_status zeros_add(symbol *s, zeros which, uint64_t seed, mlrt_error *err) {
    uint8_t letter[MOST_LETTERS];
    words trivial = {0}, others = {0};
    const int64_t terms = s->terms, few = which == ZEROS_NONTRIVIAL ? terms * TRIVIAL_PERCENT / 100 : terms;
    source from = {s, seed, mlrt_stream("amplitudes.zeros"), 0, which == ZEROS_NONTRIVIAL};
    if (which == ZEROS_NONE) return MLRT_OK;
    if (which == ZEROS_NONTRIVIAL && s->loops > MOST_LISTED)
        return mlrt_fail(err, MLRT_RANGE, "zeros of more than %d loops are too many to be listed", MOST_LISTED);
    bool enough = true, done = draw_all(&from, few, &trivial);
    if (which == ZEROS_NONTRIVIAL && done && (done = list(s, letter, 0, &others))) {
        enough = others.count >= terms - few;
        mlrt_random_shuffle(seed, from.stream + 2, others.at, others.count);
    }
    mlrt_status status = MLRT_OK;
    if (!done) status = mlrt_fail(err, MLRT_MEMORY, "out of memory");
    if (!enough)
        status = mlrt_fail(err, MLRT_RANGE, "%d loops have %lld nontrivial zeros, %lld are wanted", s->loops,
                           (long long)others.count, (long long)(terms - few));
    if (!status) status = append(s, &trivial, few, err);
    if (!status && which == ZEROS_NONTRIVIAL) status = append(s, &others, terms - few, err);
    free(trivial.at);
    free(others.at);
    return status;
}
