/* parents.c - striking out letters, and which words are examples.
 *
 * Dihedral images of a word are one example; and so are, unless told otherwise, all others that cannot be told apart.
 */
#include "parents.h"
#include "source.h"
#include <stdlib.h>

enum { MOST_PARENTS = MOST_LETTERS * (MOST_LETTERS - 1) / 2, MOST_SOURCE = 12 * MOST_PARENTS };

const char *const parents_orders[] = {"strikeout", "shuffled", "sorted", NULL};

/* ---- parents ---- */

enum { INDEXED = 6 }; /* letters that the index looks at: what is left to search is a handful of words */

static bool index_parents(generation *g) {
    int64_t groups = 1, i = 0;
    g->same = 1;
    for (int32_t k = 0; k < g->parents.letters; k++) *(k < INDEXED ? &groups : &g->same) *= LETTERS;
    if (!(g->first = malloc(sizeof *g->first * (size_t)(groups + 1)))) return false;
    for (int64_t group = 0; group <= groups; group++) {
        while (i < g->parents.terms && g->parents.word[i] < group * g->same) i++;
        g->first[group] = i;
    }
    return true;
}

static int64_t coefficient_of(const generation *g, int64_t parent) {
    const int64_t group = parent / g->same;
    for (int64_t i = g->first[group]; i < g->first[group + 1]; i++)
        if (g->parents.word[i] == parent) return g->parents.coefficient[i];
    return 0;
}

/* What is told of the parents of a word, in order; returns how many there are. `tail[k]` is the number of the letters from k
 * on, `unit[k]` what one more of letter k adds to it, and `before` the number of the letters that are left before j. */
static int32_t tell_parents(const telling *t, const generation *g, int64_t word, int64_t *told) {
    uint8_t letter[MOST_LETTERS];
    int64_t unit[MOST_LETTERS], tail[MOST_LETTERS + 1] = {0}, head = 0;
    const int32_t n = g->words.letters;
    int32_t count = 0;
    symbol_spell(word, n, letter);
    for (int32_t k = n - 1; k >= 0; k--) {
        unit[k] = k == n - 1 ? 1 : LETTERS * unit[k + 1];
        tail[k] = letter[k] * unit[k] + tail[k + 1];
    }
    for (int32_t i = 0; i < n; head = LETTERS * head + letter[i++]) {
        int64_t before = head;
        for (int32_t j = i + 1; j < n && (t->k == 0 || j - i <= t->k); before = LETTERS * before + letter[j++])
            told[count++] = coefficient_of(g, before * unit[j] + tail[j + 1]);
    }
    for (int32_t k = 0; k < count; k++) told[k] = number_take((number_part)t->keep, t->opposite ? -told[k] : told[k]);
    if (t->order == PARENTS_SORTED) qsort(told, (size_t)count, sizeof *told, number_order);
    if (t->order == PARENTS_SHUFFLED)
        mlrt_random_shuffle((uint64_t)t->seed, mlrt_stream("amplitudes.parents") + (uint64_t)word, told, count);
    return count;
}

mlrt_status parents_values(numbers *n, int32_t loop, const telling *t, mlrt_error *err) {
    symbol s;
    mlrt_status status = source_symbol(&s, loop - 1, NULL, NULL, err);
    if (!status) {
        const int64_t values = t->signless ? 2 * s.terms : s.terms;
        int64_t *value = malloc(sizeof *value * (size_t)(values + 1));
        for (int64_t i = 0; value && i < values; i++)
            value[i] = number_take((number_part)t->keep, i < s.terms ? s.coefficient[i] : -s.coefficient[i - s.terms]);
        if (value) value[values] = 0;
        if (!numbers_of_values(n, value, values + 1)) status = mlrt_fail(err, MLRT_MEMORY, "out of memory");
    }
    symbol_free(&s);
    return status;
}

/* ---- examples ---- */

/* Whether a word is the first of its dihedral images. */
static bool is_first_image(const symbol *s, int64_t word) {
    uint8_t letter[MOST_LETTERS], image[MOST_LETTERS];
    symbol_spell(word, s->letters, letter);
    for (int32_t i = 1; i < IMAGES; i++) {
        for (int32_t k = 0; k < s->letters; k++) image[k] = dihedral[i][letter[k]];
        if (symbol_number(image, s->letters) < word) return false;
    }
    return true;
}

typedef struct fingerprint {
    uint64_t hash;
    int64_t at;
} fingerprint;

static int by_hash(const void *a, const void *b) {
    const fingerprint *x = a, *y = b;
    return x->hash != y->hash ? (x->hash > y->hash) - (x->hash < y->hash) : (x->at > y->at) - (x->at < y->at);
}

static uint64_t mix(uint64_t hash, int64_t value) {
    hash = (hash ^ (uint64_t)value) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

/* Of what is told and of the coefficient: 64 bits, so that two of a million differ but in one of 10^7 cases. */
static uint64_t hash_of(const int64_t *told, int32_t count, int64_t coefficient) {
    uint64_t hash = mix(0, coefficient);
    for (int32_t i = 0; i < count; i++) hash = mix(hash, told[i]);
    return hash;
}

/* Leave the words that are marked. */
static void keep_words(symbol *s, const bool *marked) {
    int64_t kept = 0;
    for (int64_t i = 0; i < s->terms; i++)
        if (marked[i]) s->word[kept] = s->word[i], s->coefficient[kept++] = s->coefficient[i];
    s->terms = kept;
}

/* The same for an example and its opposite. */
static uint64_t signless_hash(telling t, const generation *g, int64_t at) {
    int64_t told[MOST_PARENTS];
    uint64_t hash[2];
    for (int32_t i = 0; i < 2; i++, t.opposite = !t.opposite) {
        const int32_t count = tell_parents(&t, g, g->words.word[at], told);
        hash[i] = hash_of(told, count, (t.opposite ? -1 : 1) * g->words.coefficient[at]);
    }
    return hash[0] < hash[1] ? hash[0] : hash[1];
}

/* A look at one word: whether it is an example, its fingerprint, how long its source is. */
static bool look(const telling *t, const numbers *n, generation *g, int64_t at, fingerprint *print) {
    int64_t told[MOST_PARENTS];
    int32_t token[NUMBER_MOST_TOKENS];
    if (!is_first_image(&g->words, g->words.word[at])) return false;
    const int32_t count = tell_parents(t, g, g->words.word[at], told);
    int32_t tokens = n->value ? count : 0; /* one each, or so many digits */
    for (int32_t i = 0; i < count && !n->value; i++) tokens += numbers_encode(n, told[i], (number_part)t->keep, token);
    if (tokens > g->longest) g->longest = tokens;
    *print = (fingerprint){t->signless ? signless_hash(*t, g, at) : hash_of(told, count, g->words.coefficient[at]), at};
    return true;
}

static mlrt_status choose(const telling *t, const numbers *n, generation *g, mlrt_error *err) {
    const int64_t terms = g->words.terms;
    telling in_order = *t;
    bool *marked = calloc((size_t)terms, sizeof *marked);
    fingerprint *print = malloc(sizeof *print * (size_t)terms);
    mlrt_status status = marked && print ? MLRT_OK : mlrt_fail(err, MLRT_MEMORY, "out of memory");
    int64_t found = 0;
    if (t->order == PARENTS_SHUFFLED) in_order.order = PARENTS_STRIKEOUT; /* compared before they are shuffled */
    for (int64_t i = 0; i < terms && !status; i++) {
        if (i % 4096 == 0 && mlrt_interrupted()) status = mlrt_fail(err, MLRT_STOPPED, "interrupted");
        found += marked[i] = look(&in_order, n, g, i, &print[found]);
    }
    if (!status && t->unique) {
        qsort(print, (size_t)found, sizeof *print, by_hash);
        for (int64_t i = 1; i < found; i++)
            if (print[i].hash == print[i - 1].hash) marked[print[i].at] = false;
    }
    if (!status) keep_words(&g->words, marked);
    free(marked);
    free(print);
    return status;
}

/* ---- a generation ---- */

mlrt_status generation_new(generation *g, int32_t loop, const telling *t, const numbers *n, mlrt_error *err) {
    *g = (generation){0};
    if (source_symbol(&g->parents, loop - 1, NULL, NULL, err) || source_symbol(&g->words, loop, NULL, NULL, err))
        return err->status;
    if (!index_parents(g)) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    return choose(t, n, g, err);
}

void generation_free(generation *g) {
    symbol_free(&g->words);
    symbol_free(&g->parents);
    free(g->first);
    *g = (generation){0};
}

void generation_source(const generation *g, const telling *t, const numbers *n, int64_t word, int32_t *source,
                       int32_t length) {
    int64_t told[MOST_PARENTS];
    int32_t token[MOST_SOURCE], used = 0;
    const int32_t count = tell_parents(t, g, word, told);
    for (int32_t i = 0; i < count; i++) used += numbers_encode(n, told[i], (number_part)t->keep, token + used);
    for (int32_t k = 0; k < length; k++) source[k] = k < used ? token[k] : NUMBER_PAD;
}

void generation_fields(mlrt_task *self, const generation *g, const numbers *source, const numbers *target,
                       int32_t tokens) {
    int32_t token[NUMBER_MOST_TOKENS];
    const int32_t length = numbers_encode(target, g->words.largest, NUMBER_VALUE, token) + 1;
    const char *doc = source->value ? "each parent's coefficient" : "sign and digits of each parent's coefficient";
    self->field[0] = (mlrt_field){"parents", MLRT_I32, MLRT_SHAPE_OF(tokens), &source->vocabulary, false, doc};
    self->field[1] =
        (mlrt_field){"coefficient", MLRT_I32, MLRT_SHAPE_OF(length), &target->vocabulary, true, "sign, digits, end"};
    self->fields = 2;
}
