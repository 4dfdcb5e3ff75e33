/* strike_two.c - the task of predicting a coefficient from those of the next lower loop order: Cai et al.,
 * arXiv:2405.06107, Sec. 8.
 *
 * The source is the coefficients of a word's parents (parents.h), one after the other. As digits they are what the paper's
 * networks read; as one token each they make shorter sources, at six loops a third as long.
 *
 * Words whose parents are opposite, number by number, have opposite coefficients, but for 26 of six loops (30,603 are so,
 * tests/amplitudes/parents.c). So an example that is held out is as good as known where its opposite is trained on.
 */
#include "parents.h"
#include "split.h"
#include <stdlib.h>

typedef struct strike_two {
    int32_t loop, k, order, keep, token, opposites, base, test, seed;
    double train;
    bool unique;
} strike_two;

enum { TOKEN_DIGIT, TOKEN_NUMBER };

static const char *const tokens_of_parents[] = {"digit", "number", NULL};

enum { OPPOSITES_KEEP, OPPOSITES_ONE, OPPOSITES_BOTH };

static const char *const ways_of_opposites[] = {"keep", "one", "both", NULL};

static const mlrt_prop strike_two_props[] = {
    MLRT_PROP_INT(strike_two, loop, .init = 4, .range = "[2, 8]",
                  .doc = "loop order L of the words; parents have one less"),
    MLRT_PROP_INT(strike_two, k, .range = "[0, inf)",
                  .doc = "strike only pairs of letters that are at most so many places apart; 0: any"),
    MLRT_PROP_ENUM(
        strike_two, order, .choices = parents_orders,
        .doc = "of the parents: of the pairs that are struck; at random, anew for each word; by their coefficients"),
    MLRT_PROP_ENUM(
        strike_two, keep, .choices = number_parts,
        .doc = "what of the parents is told: the value, its magnitude, its sign (-1, 0, 1), or whether it is zero"),
    MLRT_PROP_ENUM(strike_two, token, .choices = tokens_of_parents,
                   .doc = "of a parent: its sign and each digit, or the whole number as one"),
    MLRT_PROP_BOOL(strike_two, unique, .init = true, .doc = "each example once: what is told, and the coefficient"),
    MLRT_PROP_ENUM(
        strike_two, opposites, .choices = ways_of_opposites,
        .doc = "of two examples with all signs opposite: keep both; leave one; that one, trained on with both signs"),
    MLRT_PROP_INT(strike_two, base, .init = 1000, .range = "[100, 1000]", .doc = "of the digits: 100 or 1000"),
    MLRT_PROP_INT(strike_two, test, .init = 1000, .range = "[1, inf)",
                  .doc = "examples held out for testing: a fifth of all at most, or what `train` leaves"),
    MLRT_PROP_F64(strike_two, train, .range = "[0, 1)",
                  .doc = "share of the examples to train on; 0 takes all that are not held out"),
    MLRT_PROP_INT(strike_two, seed, .doc = "of the split into training and test examples, and of shuffled parents"),
    {0}};

typedef struct state {
    telling telling;
    generation examples;
    int64_t *order;
    numbers numbers;     /* of the coefficients */
    numbers values;      /* of parents that are one token each */
    const numbers *told; /* one or the other: of the parents */
    int64_t trained;     /* examples, of which there may be opposites, too */
} state;

static mlrt_status strike_two_open(mlrt_task *self, mlrt_error *err) {
    const strike_two *p = mlrt_props(self);
    state *s = self->state = calloc(1, sizeof *s);
    if (!s || !numbers_new(&s->numbers, p->base)) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    s->telling = (telling){p->k, p->order, p->keep, p->seed, p->unique, .signless = p->opposites != OPPOSITES_KEEP};
    if (s->telling.signless && (!p->unique || p->keep == NUMBER_MAGNITUDE || p->keep == NUMBER_ZERO))
        return mlrt_fail(err, MLRT_ARGUMENT, "opposites = %s needs unique examples whose parents have signs, got %s",
                         ways_of_opposites[p->opposites], p->unique ? number_parts[p->keep] : "unique = false");
    s->told = p->token == TOKEN_NUMBER ? &s->values : &s->numbers;
    if (p->token == TOKEN_NUMBER && parents_values(&s->values, p->loop, &s->telling, err)) return err->status;
    if (generation_new(&s->examples, p->loop, &s->telling, s->told, err) ||
        split_new(self, &s->order, s->examples.words.terms, p->train, p->test, p->seed, err))
        return err->status;
    generation_fields(self, &s->examples, s->told, &s->numbers, s->examples.longest);
    s->trained = self->size[MLRT_TRAIN];
    if (p->opposites == OPPOSITES_BOTH) self->size[MLRT_TRAIN] *= 2;
    return MLRT_OK;
}

static void strike_two_close(mlrt_task *self) {
    state *s = self->state;
    if (!s) return;
    generation_free(&s->examples);
    numbers_free(&s->numbers);
    numbers_free(&s->values);
    free(s->order);
    free(s);
    self->state = NULL;
}

static void strike_two_fetch(const mlrt_task *self, mlrt_split split, const int64_t *index, int64_t count,
                             void *const buffer[]) {
    const state *s = self->state;
    const symbol *words = &s->examples.words;
    const int32_t length = (int32_t)self->field[1].shape.dim[0], tokens = s->examples.longest;
    int32_t *source = buffer[0], *target = buffer[1];
    telling t = s->telling;
    for (int64_t i = 0; i < count; i++, source += tokens, target += length) {
        t.opposite = split == MLRT_TRAIN && index[i] >= s->trained;
        const int64_t at = s->order[split == MLRT_TRAIN ? index[i] % s->trained : s->trained + index[i]];
        generation_source(&s->examples, &t, s->told, words->word[at], source, tokens);
        numbers_target(&s->numbers, (t.opposite ? -1 : 1) * words->coefficient[at], NUMBER_VALUE, target, length);
    }
}

static void strike_two_decode(const mlrt_task *self, int32_t field, const void *example, char *text, size_t size) {
    const state *s = self->state;
    numbers_decode(field == 0 ? s->told : &s->numbers, example, (int32_t)self->field[field].shape.dim[0], text, size);
}

MLRT_TASK(
    strike_two, .summary = "a coefficient from those of the words with two letters struck out, one loop lower",
    .doc = "Examples are words up to dihedral images; those that cannot be told apart are one unless unique = false.",
    .source = "Cai et al., arXiv:2405.06107, Sec. 8 and Table 4", .props = strike_two_props, .open = strike_two_open,
    .close = strike_two_close, .fetch = strike_two_fetch, .metrics = number_metrics, .decode = strike_two_decode);
