/* binary_operation.c - the task of completing the table of a binary operation from a part of it.
 *
 * Power et al., arXiv:2201.02177: x + y, x - y, x y, x / y, x^2 + x y + y^2 (mod p), and products in S_n. Liu et al.,
 * arXiv:2205.10343, Sec. 2: x + y without a modulus, each pair counted once, p (p + 1) / 2 pairs; the answer a class, or,
 * for regression, a fixed vector of normal numbers for each result, and right is the prediction nearest to its own.
 */
#include "operation.h"
#include <mlrt/plugin.h>
#include <stdlib.h>
#include <string.h>

enum answer { CLASS, VECTOR };

typedef struct binary_operation {
    int32_t operation, p, answer, dim, seed;
    bool unordered;
    double train;
} binary_operation;

static const char *const answers[] = {"class", "vector", NULL};

static const mlrt_prop binary_operation_props[] = {
    MLRT_PROP_ENUM(binary_operation, operation, .choices = operation_names,
                   .doc =
                       "a + b, without or with a modulus; a - b, a b, a / b and a^2 + a b + b^2 modulo p; products of "
                       "permutations"),
    MLRT_PROP_INT(binary_operation, p, .init = 10, .range = "[2, 2000]",
                  .doc = "how many numbers there are, the modulus; for permutations, of how many things (up to 6)"),
    MLRT_PROP_BOOL(binary_operation, unordered, .doc = "count (a, b) and (b, a) once; only where they give the same"),
    MLRT_PROP_F64(binary_operation, train, .init = 0.8, .range = "(0, inf)",
                  .doc = "share of the pairs to train on (up to 1), or how many; the others are for testing"),
    MLRT_PROP_ENUM(binary_operation, answer, .choices = answers,
                   .doc = "what is predicted: the result as a class, or its fixed random vector"),
    MLRT_PROP_INT(binary_operation, dim, .init = 30, .range = "[1, inf)", .doc = "of the vectors"),
    MLRT_PROP_INT(binary_operation, seed, .doc = "of the split and of the vectors"),
    {0}};

typedef struct state {
    const operation *o;
    int64_t pairs;
    int32_t *pair; /* a, b, c of each; training pairs first */
    float *vector; /* [classes, dim], or NULL */
    char (*text)[SYMBOL_TEXT];
    const char **token;
    mlrt_vocabulary operands, results;
} state;

/* ---- pairs ---- */

static bool counts(const state *s, const binary_operation *p, int32_t a, int32_t b) {
    return (!p->unordered || a <= b) && (!s->o->allowed || s->o->allowed(a, b));
}

static mlrt_status make_pairs(state *s, const binary_operation *p, mlrt_error *err) {
    const int32_t n = s->o->symbols(p->p);
    int64_t *order = malloc(sizeof *order * (size_t)n * (size_t)n);
    s->pair = malloc(sizeof *s->pair * 3 * (size_t)n * (size_t)n);
    if (!s->pair || !order) return free(order), mlrt_fail(err, MLRT_MEMORY, "out of memory");
    for (int32_t a = 0; a < n; a++)
        for (int32_t b = 0; b < n; b++)
            if (counts(s, p, a, b)) order[s->pairs++] = (int64_t)a * n + b;
    mlrt_random_shuffle((uint64_t)p->seed, mlrt_stream("grokking.split"), order, s->pairs);
    for (int64_t i = 0; i < s->pairs; i++) {
        const int32_t a = (int32_t)(order[i] / n), b = (int32_t)(order[i] % n);
        int32_t *pair = s->pair + 3 * i;
        pair[0] = a, pair[1] = b, pair[2] = s->o->apply(p->p, a, b);
    }
    free(order);
    return MLRT_OK;
}

static mlrt_status split(mlrt_task *self, const state *s, const binary_operation *p, mlrt_error *err) {
    const int64_t train = p->train <= 1 ? (int64_t)(p->train * (double)s->pairs + 0.5) : (int64_t)p->train;
    if (train < 1 || train > s->pairs)
        return mlrt_fail(err, MLRT_RANGE, "'train' = %g takes %lld of %lld pairs", p->train, (long long)train,
                         (long long)s->pairs);
    self->size[MLRT_TRAIN] = train, self->size[MLRT_TEST] = s->pairs - train;
    return MLRT_OK;
}

/* ---- what people and losses see ---- */

static mlrt_status name_symbols(state *s, const binary_operation *p, mlrt_error *err) {
    const int32_t count = s->o->classes(p->p); /* at least as many as operands, and with the same names */
    s->text = malloc(sizeof *s->text * (size_t)count);
    s->token = malloc(sizeof *s->token * (size_t)count);
    if (!s->text || !s->token) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    for (int32_t i = 0; i < count; i++) {
        symbol_text(s->o, p->p, i, s->text[i]);
        s->token[i] = s->text[i];
    }
    s->operands = (mlrt_vocabulary){s->o->symbols(p->p), s->token};
    s->results = (mlrt_vocabulary){count, s->token};
    return MLRT_OK;
}

static mlrt_status draw_vectors(state *s, const binary_operation *p, mlrt_error *err) {
    const size_t count = (size_t)s->results.size * (size_t)p->dim;
    if (p->answer != VECTOR) return MLRT_OK;
    if (!(s->vector = malloc(sizeof *s->vector * count))) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++)
        s->vector[i] = (float)mlrt_random_gauss((uint64_t)p->seed, mlrt_stream("grokking.vectors"), i);
    return MLRT_OK;
}

static mlrt_status check(const binary_operation *p, mlrt_error *err) {
    const operation *o = &operations[p->operation];
    if (p->p > o->most)
        return mlrt_fail(err, MLRT_RANGE, "'p' must be at most %d for '%s', got %d", o->most, o->name, p->p);
    if (p->unordered && !o->commutes)
        return mlrt_fail(err, MLRT_ARGUMENT, "'unordered' pairs: '%s' depends on the order", o->name);
    if (o == &operations[DIVIDE_MOD] && !is_prime(p->p))
        return mlrt_fail(err, MLRT_RANGE, "'p' must be a prime for '%s', got %d", o->name, p->p);
    return MLRT_OK;
}

static void add_field(mlrt_task *self, const char *name, const mlrt_vocabulary *v, bool target, const char *doc) {
    self->field[self->fields++] = (mlrt_field){name, MLRT_I32, MLRT_SCALAR, v, target, doc};
}

static mlrt_status binary_operation_open(mlrt_task *self, mlrt_error *err) {
    const binary_operation *p = mlrt_props(self);
    if (check(p, err) != MLRT_OK) return err->status;
    state *s = self->state = calloc(1, sizeof *s);
    if (!s) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    s->o = &operations[p->operation];
    if (make_pairs(s, p, err) != MLRT_OK || split(self, s, p, err) != MLRT_OK || name_symbols(s, p, err) != MLRT_OK ||
        draw_vectors(s, p, err) != MLRT_OK)
        return err->status;
    add_field(self, "a", &s->operands, false, "the first operand");
    add_field(self, "b", &s->operands, false, "the second");
    if (p->answer == VECTOR)
        self->field[self->fields++] =
            (mlrt_field){"vector", MLRT_F32, MLRT_SHAPE_OF(p->dim), NULL, true, "the vector of the result"};
    add_field(self, "c", &s->results, true, "the result");
    return MLRT_OK;
}

static void binary_operation_close(mlrt_task *self) {
    state *s = self->state;
    if (!s) return;
    free(s->pair);
    free(s->vector);
    free(s->text);
    free(s->token);
    free(s);
    self->state = NULL;
}

/* ---- examples ---- */

static void binary_operation_fetch(const mlrt_task *self, mlrt_split split, const int64_t *index, int64_t count,
                                   void *const buffer[]) {
    const binary_operation *p = mlrt_props(self);
    const state *s = self->state;
    int32_t *a = buffer[0], *b = buffer[1], *c = buffer[self->fields - 1];
    for (int64_t i = 0; i < count; i++) {
        const int32_t *pair = s->pair + 3 * (index[i] + (split == MLRT_TEST ? self->size[MLRT_TRAIN] : 0));
        a[i] = pair[0], b[i] = pair[1], c[i] = pair[2];
        if (p->answer == VECTOR)
            memcpy((float *)buffer[2] + i * p->dim, s->vector + (int64_t)pair[2] * p->dim,
                   sizeof(float) * (size_t)p->dim);
    }
}

static int32_t nearest(const state *s, int32_t dim, const float *x) {
    int32_t best = 0;
    double least = 0;
    for (int32_t c = 0; c < s->results.size; c++) {
        double distance = 0;
        for (int32_t k = 0; k < dim; k++) {
            const double d = (double)x[k] - (double)s->vector[(int64_t)c * dim + k];
            distance += d * d;
        }
        if (c == 0 || distance < least) least = distance, best = c;
    }
    return best;
}

static void binary_operation_decode(const mlrt_task *self, int32_t field, const void *example, char *text,
                                    size_t size) {
    const binary_operation *p = mlrt_props(self);
    const state *s = self->state;
    const bool vector = self->field[field].dtype == MLRT_F32;
    const int32_t symbol = vector ? nearest(s, p->dim, example) : *(const int32_t *)example;
    strncpy(text, symbol >= 0 && symbol < s->results.size ? s->token[symbol] : "?", size - 1);
    text[size - 1] = 0;
}

/* ---- accuracy ---- */

static int32_t largest(const float *logit, int64_t count) {
    int32_t best = 0;
    for (int64_t k = 1; k < count; k++)
        if (logit[k] > logit[best]) best = (int32_t)k;
    return best;
}

static void score(const mlrt_task *self, const mlrt_batch *b, double *sum, double *weight) {
    const binary_operation *p = mlrt_props(self);
    const state *s = self->state;
    const int64_t width = b->count ? mlrt_shape_count(&b->prediction.shape) / b->count : 0;
    const float *x = b->prediction.data;
    const int32_t *c = b->field[self->fields - 1].data;
    if (b->prediction.dtype != MLRT_F32 || (p->answer == VECTOR && width != p->dim)) return;
    for (int64_t i = 0; i < b->count; i++, x += width)
        *sum += c[i] == (p->answer == CLASS ? largest(x, width) : nearest(s, p->dim, x));
    *weight += (double)b->count;
}

static const mlrt_metric binary_operation_metrics[] = {
    {"accuracy", "share of pairs whose result is predicted, or whose prediction is nearest to its own vector", score},
    {0}};

MLRT_TASK(
    binary_operation, .summary = "completing the table of a binary operation a o b = c",
    .doc =
        "The pairs are shuffled with the seed; a part of them is trained on, the others are for testing. A model gets "
        "a and b; a loss the class c, or, when the answer is a vector, the vector and then c.",
    .source = "Power et al., arXiv:2201.02177; Liu et al., arXiv:2205.10343, Sec. 2", .props = binary_operation_props,
    .positional = "operation", .open = binary_operation_open, .close = binary_operation_close,
    .fetch = binary_operation_fetch, .metrics = binary_operation_metrics, .decode = binary_operation_decode);
