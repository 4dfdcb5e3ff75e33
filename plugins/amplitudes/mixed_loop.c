/* mixed_loop.c - the task of predicting coefficients of two loop orders, many words of the lower one and few of the
 * upper: Cai et al., arXiv:2405.06107, Sec. 7.
 *
 * Words are padded to the length of the upper ones. Words held out of the lower loop order are the validation split, those
 * of the upper the test split, so that each has its own metrics.
 */
#include "number.h"
#include "source.h"
#include "split.h"
#include "zeros.h"
#include <stdlib.h>

enum { LOWER, UPPER, LOOPS };
enum { BOTH, LOWER_ONLY, UPPER_ONLY };
enum { PAD = LETTERS };

typedef struct mixed_loop {
    int32_t loop, train, zeros, base, test, seed;
    double slice;
} mixed_loop;

static const char *const trains[] = {"both", "lower", "upper", NULL};

static const mlrt_prop mixed_loop_props[] = {
    MLRT_PROP_INT(mixed_loop, loop, .init = 4, .range = "[1, 7]",
                  .doc = "the lower loop order; the upper has one more"),
    MLRT_PROP_ENUM(mixed_loop, train, .choices = trains, .doc = "which words are trained on"),
    MLRT_PROP_F64(mixed_loop, slice, .init = 1, .range = "(0, inf)",
                  .doc = "training words of the upper loop order, as a multiple of those of the lower"),
    MLRT_PROP_ENUM(mixed_loop, zeros, .choices = zeros_choices, .init = ZEROS_NAIVE,
                   .doc = "as many words with a coefficient of zero beside the others, as in amplitudes.coefficient"),
    MLRT_PROP_INT(mixed_loop, base, .init = 1000, .range = "[2, 1000]", .doc = "of the digits: 10, 100 or 1000"),
    MLRT_PROP_INT(mixed_loop, test, .init = 1000, .range = "[1, inf)",
                  .doc = "words held out of each loop order, a fifth of all at most"),
    MLRT_PROP_INT(mixed_loop, seed, .doc = "of the splits, of the slice, and of the zeros"),
    {0}};

typedef struct state {
    struct {
        symbol words;   /* with zeros: a list */
        int64_t *order; /* those that are trained on, then those that are held out, then others */
        int64_t train, test;
    } of[LOOPS];
    numbers numbers;
} state;

static const char *const letters[LETTERS + 1] = {"a", "b", "c", "d", "e", "f", "pad"};
static const mlrt_vocabulary vocabulary = {LETTERS + 1, letters};

/* ---- opening ---- */

static mlrt_status read_words(mlrt_task *self, state *s, int32_t which, mlrt_error *err) {
    const mixed_loop *p = mlrt_props(self);
    symbol *words = &s->of[which].words;
    mlrt_status status = source_symbol(words, p->loop + which, NULL, NULL, err);
    if (!status) status = zeros_add(words, (zeros)p->zeros, (uint64_t)p->seed, err);
    if (!status) status = split_new(self, &s->of[which].order, words->terms, 0, p->test, p->seed, err);
    s->of[which].train = self->size[MLRT_TRAIN], s->of[which].test = self->size[MLRT_TEST];
    return status;
}

static mlrt_status mixed_loop_open(mlrt_task *self, mlrt_error *err) {
    const mixed_loop *p = mlrt_props(self);
    int32_t longest[NUMBER_MOST_TOKENS];
    state *s = self->state = calloc(1, sizeof *s);
    if (!s || !numbers_new(&s->numbers, p->base)) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    for (int32_t which = LOWER; which < LOOPS; which++)
        if (read_words(self, s, which, err)) return err->status;
    const int64_t most = s->of[UPPER].train, slice = (int64_t)(p->slice * (double)s->of[LOWER].train + 0.5);
    if (slice < 1 || slice > most)
        return mlrt_fail(err, MLRT_RANGE, "a slice of %lld words: %d loops have %lld to train on", (long long)slice,
                         p->loop + 1, (long long)most);
    self->size[MLRT_TRAIN] = (p->train != UPPER_ONLY ? s->of[LOWER].train : 0) + (p->train != LOWER_ONLY ? slice : 0);
    self->size[MLRT_VALID] = s->of[LOWER].test;
    self->size[MLRT_TEST] = s->of[UPPER].test;
    const int32_t length = numbers_encode(&s->numbers, s->of[UPPER].words.largest, NUMBER_VALUE, longest) + 1;
    self->field[0] = (mlrt_field){"word",      MLRT_I32, MLRT_SHAPE_OF(s->of[UPPER].words.letters),
                                  &vocabulary, false,    "letters a to f, padding"};
    self->field[1] =
        (mlrt_field){"coefficient", MLRT_I32, MLRT_SHAPE_OF(length), &s->numbers.vocabulary, true, "sign, digits, end"};
    self->fields = 2;
    return MLRT_OK;
}

static void mixed_loop_close(mlrt_task *self) {
    state *s = self->state;
    if (!s) return;
    for (int32_t which = LOWER; which < LOOPS; which++) symbol_free(&s->of[which].words), free(s->of[which].order);
    numbers_free(&s->numbers);
    free(s);
    self->state = NULL;
}

/* ---- examples ---- */

/* Which loop order an example is of; *at becomes its place among the words. */
static int32_t find(const mixed_loop *p, const state *s, mlrt_split split, int64_t *at) {
    const int64_t lower = p->train == UPPER_ONLY ? 0 : s->of[LOWER].train;
    const int32_t which = split == MLRT_TRAIN ? (*at < lower ? LOWER : UPPER) : split == MLRT_VALID ? LOWER : UPPER;
    const int64_t before = split != MLRT_TRAIN ? -s->of[which].train : which == UPPER ? lower : 0;
    *at = s->of[which].order[*at - before];
    return which;
}

static void mixed_loop_fetch(const mlrt_task *self, mlrt_split split, const int64_t *index, int64_t count,
                             void *const buffer[]) {
    const state *s = self->state;
    const int32_t n = (int32_t)self->field[0].shape.dim[0], length = (int32_t)self->field[1].shape.dim[0];
    int32_t *word = buffer[0], *target = buffer[1];
    for (int64_t i = 0; i < count; i++, word += n, target += length) {
        int64_t at = index[i];
        const symbol *words = &s->of[find(mlrt_props(self), s, split, &at)].words;
        uint8_t letter[MOST_LETTERS];
        symbol_spell(words->word[at], words->letters, letter);
        for (int32_t k = 0; k < n; k++) word[k] = k < words->letters ? letter[k] : PAD;
        numbers_target(&s->numbers, words->coefficient[at], NUMBER_VALUE, target, length);
    }
}

static void mixed_loop_decode(const mlrt_task *self, int32_t field, const void *example, char *text, size_t size) {
    const state *s = self->state;
    const int32_t *token = example, n = (int32_t)self->field[field].shape.dim[0];
    if (field == 1) {
        numbers_decode(&s->numbers, token, n, text, size);
        return;
    }
    size_t used = 0;
    for (; used < (size_t)n && used + 1 < size && token[used] != PAD; used++) text[used] = letters[token[used]][0];
    text[used] = 0;
}

MLRT_TASK(mixed_loop, .summary = "coefficients of two loop orders, with few words of the upper one",
          .doc = "The validation split is of the lower loop order, the test split of the upper.",
          .source = "Cai et al., arXiv:2405.06107, Sec. 7", .props = mixed_loop_props, .open = mixed_loop_open,
          .close = mixed_loop_close, .fetch = mixed_loop_fetch, .metrics = number_metrics, .decode = mixed_loop_decode);
