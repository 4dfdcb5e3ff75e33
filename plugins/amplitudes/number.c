/* number.c - coefficients as tokens, and how answers are scored. */
#include "number.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 21 }; /* bytes of a token, the zero byte included */

const char *const number_parts[] = {"value", "magnitude", "sign", "zero", NULL};

/* ---- tokens ---- */

static bool name_tokens(numbers *n, int64_t count) {
    static const char *const special[NUMBER_DIGITS] = {"end", "pad", "+", "-"};
    const int32_t size = NUMBER_DIGITS + (int32_t)count;
    const char **token = malloc(sizeof *token * (size_t)size);
    n->text = malloc((size_t)TEXT * (size_t)size);
    n->vocabulary = (mlrt_vocabulary){size, token};
    for (int32_t i = 0; token && n->text && i < size; i++) {
        const int64_t number = n->value && i >= NUMBER_DIGITS ? n->value[i - NUMBER_DIGITS] : i - NUMBER_DIGITS;
        char *text = n->text + (ptrdiff_t)i * TEXT;
        if (i < NUMBER_DIGITS)
            snprintf(text, TEXT, "%s", special[i]);
        else
            snprintf(text, TEXT, "%lld", (long long)number);
        token[i] = text;
    }
    return token && n->text;
}

bool numbers_new(numbers *n, int32_t base) {
    *n = (numbers){.base = base};
    return name_tokens(n, base);
}

int number_order(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t number_take(number_part part, int64_t value) {
    switch (part) {
    case NUMBER_MAGNITUDE: return llabs(value);
    case NUMBER_SIGN: return (value > 0) - (value < 0);
    case NUMBER_ZERO: return value != 0;
    default: return value;
    }
}

bool numbers_of_values(numbers *n, int64_t *value, int64_t count) {
    *n = (numbers){.value = value};
    if (!value) return false;
    qsort(value, (size_t)count, sizeof *value, number_order);
    for (int64_t i = 0; i < count; i++)
        if (i == 0 || value[i] != value[i - 1]) value[n->values++] = value[i];
    return name_tokens(n, n->values);
}

void numbers_free(numbers *n) {
    free(n->value);
    free(n->text);
    free((void *)n->vocabulary.token);
    *n = (numbers){0};
}

int32_t numbers_encode(const numbers *n, int64_t value, number_part part, int32_t *token) {
    int32_t digit[NUMBER_MOST_TOKENS], digits = 0, used = 0;
    int64_t magnitude = part >= NUMBER_SIGN ? value != 0 : llabs(value);
    if (n->value) {
        const int64_t *found = bsearch(&value, n->value, (size_t)n->values, sizeof value, number_order);
        *token = NUMBER_DIGITS + (int32_t)(found - n->value);
        return 1;
    }
    if (part != NUMBER_ZERO) token[used++] = value < 0 && part != NUMBER_MAGNITUDE ? NUMBER_MINUS : NUMBER_PLUS;
    do digit[digits++] = (int32_t)(magnitude % n->base);
    while (magnitude /= n->base);
    while (digits) token[used++] = NUMBER_DIGITS + digit[--digits];
    return used;
}

void numbers_target(const numbers *n, int64_t value, number_part part, int32_t *token, int32_t length) {
    int32_t all[NUMBER_MOST_TOKENS];
    const int32_t used = numbers_encode(n, value, part, all);
    for (int32_t k = 0; k < length; k++) token[k] = k < used ? all[k] : k == used ? NUMBER_END : NUMBER_PAD;
}

void numbers_decode(const numbers *n, const int32_t *token, int32_t length, char *text, size_t size) {
    size_t used = 0;
    if (size) text[0] = 0;
    for (int32_t k = 0; k < length && used < size && token[k] > NUMBER_PAD && token[k] < n->vocabulary.size; k++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", k ? " " : "", n->vocabulary.token[token[k]]);
}

bool numbers_value(const numbers *n, const int32_t *token, int32_t length, int64_t *value) {
    const bool sign = length > 0 && (token[0] == NUMBER_PLUS || token[0] == NUMBER_MINUS);
    int32_t k = sign;
    *value = 0;
    for (; k < length && token[k] != NUMBER_END; k++) {
        const int32_t digit = token[k] - NUMBER_DIGITS;
        if (digit < 0 || digit >= n->base || *value > (INT64_MAX - digit) / n->base) return false;
        *value = *value * n->base + digit;
    }
    if (sign && token[0] == NUMBER_MINUS) *value = -*value;
    return k > sign;
}

void numbers_text(const numbers *n, const int32_t *token, int32_t length, char *text, size_t size) {
    int64_t value;
    if (numbers_value(n, token, length, &value))
        snprintf(text, size, "%lld", (long long)value);
    else
        numbers_decode(n, token, length, text, size);
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

static bool is_sign(int32_t token) { return token == NUMBER_PLUS || token == NUMBER_MINUS; }

static int64_t length_of(const mlrt_batch *b) { return b->field[1].shape.dim[1]; }

/* Share of examples whose signs, if asked, and digits, if asked, are all right; what is behind "end" does not count. */
static void score(const mlrt_batch *b, bool sign, bool digits, double *sum, double *weight) {
    const int32_t *target = b->field[1].data;
    const int64_t length = length_of(b);
    for (int64_t i = 0; i < b->count; i++) {
        bool right = true;
        for (int64_t k = i * length; right && k < (i + 1) * length && target[k] != NUMBER_PAD; k++)
            right = !(is_sign(target[k]) ? sign : digits) || answer(&b->prediction, k) == target[k];
        *sum += right;
    }
    *weight += (double)b->count;
}

static void score_all(const mlrt_task *self, const mlrt_batch *b, double *sum, double *weight) {
    (void)self;
    score(b, true, true, sum, weight);
}
static void score_magnitude(const mlrt_task *self, const mlrt_batch *b, double *sum, double *weight) {
    (void)self;
    score(b, false, true, sum, weight);
}
static void score_sign(const mlrt_task *self, const mlrt_batch *b, double *sum, double *weight) {
    (void)self;
    score(b, true, false, sum, weight);
}
static void score_plus(const mlrt_task *self, const mlrt_batch *b, double *sum, double *weight) {
    (void)self;
    for (int64_t i = 0; i < b->count; i++) *sum += answer(&b->prediction, i * length_of(b)) == NUMBER_PLUS;
    *weight += (double)b->count;
}

const mlrt_metric number_metrics[] = {
    {"accuracy", "share of examples whose whole coefficient is right", score_all},
    {"magnitude_accuracy", "share whose digits are all right, whatever the sign", score_magnitude},
    {"sign_accuracy", "share whose sign is right", score_sign},
    {"plus_share", "share of examples for which + is predicted", score_plus},
    {0}};
