/* coefficient.c - the task of predicting a coefficient from its word: Cai et al., arXiv:2405.06107, Sec. 4.
 *
 * The source is the word, one token a letter. The target is the coefficient as the paper writes it: a sign and base-1000
 * digits, 15360 -> "+ 15 360", then "end", and "pad" up to the longest.
 */
#include "source.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { END, PAD, PLUS, MINUS, DIGITS, BASE = 1000, TOKENS = DIGITS + BASE, MOST_TARGET = 16, TOKEN_TEXT = 5 };
enum target { VALUE, MAGNITUDE, SIGN };

typedef struct coefficient {
    int32_t loop, target, test, seed;
    double train;
    const char *data;
} coefficient;

static const char *const targets[] = {"value", "magnitude", "sign", NULL};

static const mlrt_prop coefficient_props[] = {
    MLRT_PROP_INT(coefficient, loop, .init = 4, .range = "[1, 8]", .doc = "loop order L: words have 2L letters"),
    MLRT_PROP_ENUM(coefficient, target, .choices = targets,
                   .doc = "what to predict: the value, its magnitude (all signs +), its sign (all magnitudes 1)"),
    MLRT_PROP_INT(coefficient, test, .init = 1000, .range = "[1, inf)",
                  .doc = "words held out for testing, a fifth of all at most"),
    MLRT_PROP_F64(coefficient, train, .range = "[0, 1)",
                  .doc = "share of the words to train on; 0 takes all that are not held out"),
    MLRT_PROP_INT(coefficient, seed, .doc = "of the split into training and test words"),
    MLRT_PROP_STRING(coefficient, data,
                     .doc =
                         "a file of `word coefficient` lines or of the published form, instead of what mlrt computes"),
    {0}};

typedef struct state {
    symbol symbol;
    int64_t *order; /* training words first, then test words */
    int32_t length; /* of a target */
    char text[TOKENS][TOKEN_TEXT];
    const char *token[TOKENS];
    mlrt_vocabulary words, numbers;
} state;

static const char *const letters[LETTERS] = {"a", "b", "c", "d", "e", "f"};

/* ---- targets ---- */

/* The tokens of a coefficient, without padding; returns how many. */
static int32_t encode(int64_t value, int32_t target, int32_t *token) {
    int32_t digit[MOST_TARGET], digits = 0, n = 0;
    const bool negative = value < 0 && target != MAGNITUDE;
    int64_t magnitude = target == SIGN ? 1 : llabs(value);
    for (; magnitude; magnitude /= BASE) digit[digits++] = (int32_t)(magnitude % BASE);
    token[n++] = negative ? MINUS : PLUS;
    while (digits) token[n++] = DIGITS + digit[--digits];
    token[n++] = END;
    return n;
}

/* ---- opening ---- */

static mlrt_status split(mlrt_task *self, state *s, const coefficient *p, mlrt_error *err) {
    const int64_t terms = s->symbol.terms;
    int64_t train = (int64_t)(p->train * (double)terms + 0.5), test = (terms + 4) / 5;
    if (test > p->test) test = p->test;
    if (p->train == 0) train = terms - test;
    if (train + test > terms) test = terms - train;
    if (train < 1 || test < 1)
        return mlrt_fail(err, MLRT_RANGE, "%lld words leave none for %s", (long long)terms,
                         train < 1 ? "training" : "testing");
    if (!(s->order = malloc(sizeof *s->order * (size_t)terms))) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    for (int64_t i = 0; i < terms; i++) s->order[i] = i;
    mlrt_random_shuffle((uint64_t)p->seed, mlrt_stream("amplitudes.split"), s->order, terms);
    self->size[MLRT_TRAIN] = train, self->size[MLRT_TEST] = test;
    return MLRT_OK;
}

static void name_tokens(state *s) {
    static const char *const special[DIGITS] = {"end", "pad", "+", "-"};
    for (int32_t i = 0; i < TOKENS; i++) {
        if (i < DIGITS)
            snprintf(s->text[i], TOKEN_TEXT, "%s", special[i]);
        else
            snprintf(s->text[i], TOKEN_TEXT, "%d", (i - DIGITS) % BASE);
        s->token[i] = s->text[i];
    }
    s->words = (mlrt_vocabulary){LETTERS, letters};
    s->numbers = (mlrt_vocabulary){TOKENS, s->token};
}

static mlrt_status coefficient_open(mlrt_task *self, mlrt_error *err) {
    const coefficient *p = mlrt_props(self);
    int32_t longest[MOST_TARGET];
    state *s = self->state = calloc(1, sizeof *s);
    if (!s) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    if (source_symbol(&s->symbol, p->loop, p->data, err) != MLRT_OK || split(self, s, p, err) != MLRT_OK)
        return err->status;
    name_tokens(s);
    s->length = encode(s->symbol.largest, p->target, longest);
    self->field[0] =
        (mlrt_field){"word", MLRT_I32, MLRT_SHAPE_OF(s->symbol.letters), &s->words, false, "letters a to f"};
    self->field[1] = (mlrt_field){"coefficient", MLRT_I32, MLRT_SHAPE_OF(s->length),
                                  &s->numbers,   true,     "sign, base-1000 digits, end"};
    self->fields = 2;
    return MLRT_OK;
}

static void coefficient_close(mlrt_task *self) {
    state *s = self->state;
    if (!s) return;
    symbol_free(&s->symbol);
    free(s->order);
    free(s);
    self->state = NULL;
}

/* ---- examples ---- */

static void coefficient_fetch(const mlrt_task *self, mlrt_split split, const int64_t *index, int64_t count,
                              void *const buffer[]) {
    const coefficient *p = mlrt_props(self);
    const state *s = self->state;
    const int32_t n = s->symbol.letters;
    int32_t *word = buffer[0], *target = buffer[1];
    for (int64_t i = 0; i < count; i++) {
        const int64_t at = s->order[index[i] + (split == MLRT_TEST ? self->size[MLRT_TRAIN] : 0)];
        uint8_t letter[MOST_LETTERS];
        symbol_spell(s->symbol.word[at], n, letter);
        for (int32_t k = 0; k < n; k++) word[i * n + k] = letter[k];
        int32_t token[MOST_TARGET];
        const int32_t used = encode(s->symbol.coefficient[at], p->target, token);
        for (int32_t k = 0; k < s->length; k++) target[i * s->length + k] = k < used ? token[k] : PAD;
    }
}

static void coefficient_decode(const mlrt_task *self, int32_t field, const void *example, char *text, size_t size) {
    const state *s = self->state;
    const int32_t *token = example, n = field == 0 ? s->symbol.letters : s->length;
    const mlrt_vocabulary *v = field == 0 ? &s->words : &s->numbers;
    size_t used = 0;
    text[0] = 0;
    for (int32_t k = 0; k < n && used < size && !(field && token[k] <= PAD); k++)
        if (token[k] >= 0 && token[k] < v->size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", field && k ? " " : "", v->token[token[k]]);
}

/* ---- metrics: of tokens, or of logits by their largest ---- */

static int32_t answer(const mlrt_tensor *p, int64_t position) {
    if (p->dtype == MLRT_I32) return ((const int32_t *)p->data)[position];
    const int64_t classes = p->shape.dim[p->shape.rank - 1];
    const float *logit = (const float *)p->data + position * classes;
    int64_t best = 0;
    for (int64_t c = 1; c < classes; c++)
        if (logit[c] > logit[best]) best = c;
    return (int32_t)best;
}

/* Share of examples whose positions [from, to) are all right; what stands behind "end" does not count. */
static void score(const mlrt_task *self, const mlrt_batch *b, int32_t from, int32_t to, double *sum, double *weight) {
    const state *s = self->state;
    const int32_t *target = b->field[1].data;
    for (int64_t i = 0; i < b->count; i++) {
        bool right = true;
        for (int64_t k = i * s->length + from; right && k < i * s->length + to && target[k] != PAD; k++)
            right = answer(&b->prediction, k) == target[k];
        *sum += right;
    }
    *weight += (double)b->count;
}

static void score_all(const mlrt_task *self, const mlrt_batch *b, double *sum, double *weight) {
    score(self, b, 0, ((const state *)self->state)->length, sum, weight);
}
static void score_magnitude(const mlrt_task *self, const mlrt_batch *b, double *sum, double *weight) {
    score(self, b, 1, ((const state *)self->state)->length, sum, weight);
}
static void score_sign(const mlrt_task *self, const mlrt_batch *b, double *sum, double *weight) {
    score(self, b, 0, 1, sum, weight);
}
static void score_plus(const mlrt_task *self, const mlrt_batch *b, double *sum, double *weight) {
    const state *s = self->state;
    for (int64_t i = 0; i < b->count; i++) *sum += answer(&b->prediction, i * s->length) == PLUS;
    *weight += (double)b->count;
}

static const mlrt_metric coefficient_metrics[] = {
    {"accuracy", "share of words whose whole coefficient is right", score_all},
    {"magnitude_accuracy", "share whose digits are all right, whatever the sign", score_magnitude},
    {"sign_accuracy", "share whose sign is right", score_sign},
    {"plus_share", "share of words for which + is predicted", score_plus},
    {0}};

MLRT_TASK(
    coefficient, .summary = "the coefficient of a word in the symbol of the three-gluon form factor",
    .doc = "Words with a coefficient of zero are left out. Up to six loops the symbol is computed and kept in a cache.",
    .source = "Cai et al., arXiv:2405.06107, Sec. 4", .props = coefficient_props, .open = coefficient_open,
    .close = coefficient_close, .fetch = coefficient_fetch, .metrics = coefficient_metrics,
    .decode = coefficient_decode);
