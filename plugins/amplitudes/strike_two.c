/* strike_two.c - the task of predicting a coefficient from those of the next lower loop order: Cai et al.,
 * arXiv:2405.06107, Sec. 8.
 *
 * The parents of a word are what is left when two of its letters are struck out: L(2L-1) words of one loop less, in the
 * order of the pairs that are struck, first and second, first and third, and so on. The source is their coefficients, one
 * after the other. Dihedral images of a word have the same parents and the same coefficient, so they are one example; and
 * so are, unless `unique` is false, all others that cannot be told apart.
 */
#include "number.h"
#include "source.h"
#include "split.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_PARENTS = MOST_LETTERS * (MOST_LETTERS - 1) / 2, MOST_SOURCE = 12 * MOST_PARENTS };
enum { STRIKEOUT, SHUFFLED, SORTED };

typedef struct strike_two {
    int32_t loop, k, order, keep, base, test, seed;
    double train;
    bool unique;
} strike_two;

static const char *const orders[] = {"strikeout", "shuffled", "sorted", NULL};

static const mlrt_prop strike_two_props[] = {
    MLRT_PROP_INT(strike_two, loop, .init = 4, .range = "[2, 8]",
                  .doc = "loop order L of the words; parents have one less"),
    MLRT_PROP_INT(strike_two, k, .range = "[0, inf)",
                  .doc = "strike only pairs of letters that are at most so many places apart; 0: any"),
    MLRT_PROP_ENUM(
        strike_two, order, .choices = orders,
        .doc = "of the parents: of the pairs that are struck; at random, anew for each word; by their coefficients"),
    MLRT_PROP_ENUM(
        strike_two, keep, .choices = number_parts,
        .doc = "what of the parents is told: the value, its magnitude, its sign (-1, 0, 1), or whether it is zero"),
    MLRT_PROP_BOOL(strike_two, unique, .init = true, .doc = "each example once: what is told, and the coefficient"),
    MLRT_PROP_INT(strike_two, base, .init = 1000, .range = "[100, 1000]", .doc = "of the digits: 100 or 1000"),
    MLRT_PROP_INT(strike_two, test, .init = 1000, .range = "[1, inf)",
                  .doc = "examples held out for testing: a fifth of all at most, or what `train` leaves"),
    MLRT_PROP_F64(strike_two, train, .range = "[0, 1)",
                  .doc = "share of the examples to train on; 0 takes all that are not held out"),
    MLRT_PROP_INT(strike_two, seed, .doc = "of the split into training and test examples, and of shuffled parents"),
    {0}};

typedef struct state {
    symbol words, parents; /* of the words, those that are examples */
    int64_t *first;        /* the parents that begin with the same letters; one more at the end */
    int64_t same;          /* words that begin with the same letters */
    int64_t *order;
    int32_t longest; /* tokens of a source */
    numbers numbers;
} state;

/* ---- parents ---- */

enum { INDEXED = 6 }; /* letters that the index looks at: what is left to search is a handful of words */

static bool index_parents(state *s) {
    int64_t groups = 1, i = 0;
    s->same = 1;
    for (int32_t k = 0; k < s->parents.letters; k++) *(k < INDEXED ? &groups : &s->same) *= LETTERS;
    if (!(s->first = malloc(sizeof *s->first * (size_t)(groups + 1)))) return false;
    for (int64_t group = 0; group <= groups; group++) {
        while (i < s->parents.terms && s->parents.word[i] < group * s->same) i++;
        s->first[group] = i;
    }
    return true;
}

static int64_t coefficient_of(const state *s, int64_t parent) {
    const int64_t group = parent / s->same;
    for (int64_t i = s->first[group]; i < s->first[group + 1]; i++)
        if (s->parents.word[i] == parent) return s->parents.coefficient[i];
    return 0;
}

static int by_value(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* What is told of the parents of a word, in order; returns how many there are. */
static int32_t tell_parents(const strike_two *p, const state *s, int64_t word, int64_t *told) {
    uint8_t letter[MOST_LETTERS], left[MOST_LETTERS];
    const int32_t n = s->words.letters;
    int32_t count = 0;
    symbol_spell(word, n, letter);
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = i + 1; j < n && (p->k == 0 || j - i <= p->k); j++) {
            int32_t kept = 0;
            for (int32_t k = 0; k < n; k++)
                if (k != i && k != j) left[kept++] = letter[k];
            const int64_t value = coefficient_of(s, symbol_number(left, kept));
            told[count++] = p->keep == NUMBER_MAGNITUDE ? llabs(value)
                            : p->keep == NUMBER_SIGN    ? (value > 0) - (value < 0)
                            : p->keep == NUMBER_ZERO    ? value != 0
                                                        : value;
        }
    if (p->order == SORTED) qsort(told, (size_t)count, sizeof *told, by_value);
    if (p->order == SHUFFLED)
        mlrt_random_shuffle((uint64_t)p->seed, mlrt_stream("amplitudes.parents") + (uint64_t)word, told, count);
    return count;
}

/* The tokens of a source, without padding. */
static int32_t encode_parents(const strike_two *p, const state *s, int64_t word, int32_t token[MOST_SOURCE]) {
    int64_t told[MOST_PARENTS];
    const int32_t count = tell_parents(p, s, word, told);
    int32_t used = 0;
    for (int32_t i = 0; i < count; i++)
        used += numbers_encode(&s->numbers, told[i], (number_part)p->keep, token + used);
    return used;
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

/* A look at one word: whether it is an example, its fingerprint, how long its source is. */
static bool look(const strike_two *p, state *s, int64_t at, fingerprint *print) {
    int64_t told[MOST_PARENTS];
    int32_t token[NUMBER_MOST_TOKENS], tokens = 0;
    if (!is_first_image(&s->words, s->words.word[at])) return false;
    const int32_t count = tell_parents(p, s, s->words.word[at], told);
    for (int32_t i = 0; i < count; i++) tokens += numbers_encode(&s->numbers, told[i], (number_part)p->keep, token);
    if (tokens > s->longest) s->longest = tokens;
    *print = (fingerprint){hash_of(told, count, s->words.coefficient[at]), at};
    return true;
}

static mlrt_status choose(const strike_two *p, state *s, mlrt_error *err) {
    const int64_t terms = s->words.terms;
    strike_two in_order = *p;
    bool *marked = calloc((size_t)terms, sizeof *marked);
    fingerprint *print = malloc(sizeof *print * (size_t)terms);
    mlrt_status status = marked && print ? MLRT_OK : mlrt_fail(err, MLRT_MEMORY, "out of memory");
    int64_t n = 0;
    if (p->order == SHUFFLED) in_order.order = STRIKEOUT; /* compared before they are shuffled */
    for (int64_t i = 0; i < terms && !status; i++) {
        if (i % 4096 == 0 && mlrt_interrupted()) status = mlrt_fail(err, MLRT_STOPPED, "interrupted");
        n += marked[i] = look(&in_order, s, i, &print[n]);
    }
    if (!status && p->unique) {
        qsort(print, (size_t)n, sizeof *print, by_hash);
        for (int64_t i = 1; i < n; i++)
            if (print[i].hash == print[i - 1].hash) marked[print[i].at] = false;
    }
    if (!status) keep_words(&s->words, marked);
    free(marked);
    free(print);
    return status;
}

/* ---- the task ---- */

static mlrt_status strike_two_open(mlrt_task *self, mlrt_error *err) {
    const strike_two *p = mlrt_props(self);
    int32_t token[NUMBER_MOST_TOKENS];
    state *s = self->state = calloc(1, sizeof *s);
    if (!s || !numbers_new(&s->numbers, p->base)) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    if (source_symbol(&s->parents, p->loop - 1, NULL, err) || source_symbol(&s->words, p->loop, NULL, err))
        return err->status;
    if (!index_parents(s)) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    if (choose(p, s, err) || split_new(self, &s->order, s->words.terms, p->train, p->test, p->seed, err))
        return err->status;
    const int32_t length = numbers_encode(&s->numbers, s->words.largest, NUMBER_VALUE, token) + 1;
    self->field[0] = (mlrt_field){"parents",
                                  MLRT_I32,
                                  MLRT_SHAPE_OF(s->longest),
                                  &s->numbers.vocabulary,
                                  false,
                                  "sign and digits of each parent's coefficient"};
    self->field[1] =
        (mlrt_field){"coefficient", MLRT_I32, MLRT_SHAPE_OF(length), &s->numbers.vocabulary, true, "sign, digits, end"};
    self->fields = 2;
    return MLRT_OK;
}

static void strike_two_close(mlrt_task *self) {
    state *s = self->state;
    if (!s) return;
    symbol_free(&s->words);
    symbol_free(&s->parents);
    numbers_free(&s->numbers);
    free(s->first);
    free(s->order);
    free(s);
    self->state = NULL;
}

static void strike_two_fetch(const mlrt_task *self, mlrt_split split, const int64_t *index, int64_t count,
                             void *const buffer[]) {
    const strike_two *p = mlrt_props(self);
    const state *s = self->state;
    const int32_t length = (int32_t)self->field[1].shape.dim[0];
    int32_t *source = buffer[0], *target = buffer[1];
    for (int64_t i = 0; i < count; i++, source += s->longest, target += length) {
        int32_t token[MOST_SOURCE];
        const int64_t at = split_at(self, s->order, split, index[i]);
        const int32_t used = encode_parents(p, s, s->words.word[at], token);
        for (int32_t k = 0; k < s->longest; k++) source[k] = k < used ? token[k] : NUMBER_PAD;
        numbers_target(&s->numbers, s->words.coefficient[at], NUMBER_VALUE, target, length);
    }
}

static void strike_two_decode(const mlrt_task *self, int32_t field, const void *example, char *text, size_t size) {
    const state *s = self->state;
    numbers_decode(&s->numbers, example, (int32_t)self->field[field].shape.dim[0], text, size);
}

MLRT_TASK(
    strike_two, .summary = "a coefficient from those of the words with two letters struck out, one loop lower",
    .doc = "Examples are words up to dihedral images; those that cannot be told apart are one unless unique = false.",
    .source = "Cai et al., arXiv:2405.06107, Sec. 8 and Table 4", .props = strike_two_props, .open = strike_two_open,
    .close = strike_two_close, .fetch = strike_two_fetch, .metrics = number_metrics, .decode = strike_two_decode);
