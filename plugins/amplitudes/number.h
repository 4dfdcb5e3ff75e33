/* number.h - coefficients as tokens: a sign and digits of a large base, 15360 -> "+ 15 360" in base 1000; or, where all
 * values are known beforehand, one token for each.
 *
 * Cai et al., arXiv:2405.06107, Sec. 3. Zero is "+ 0". A target ends with "end", and with "pad" up to the longest.
 */
#ifndef AMPLITUDES_NUMBER_H
#define AMPLITUDES_NUMBER_H

#include <mlrt/plugin.h>

enum { NUMBER_END, NUMBER_PAD, NUMBER_PLUS, NUMBER_MINUS, NUMBER_DIGITS, NUMBER_MOST_TOKENS = 72 };

/* What of a number is told. */
typedef enum number_part {
    NUMBER_VALUE,     /* all: "- 15 360" */
    NUMBER_MAGNITUDE, /* the sign is always +: "+ 15 360" */
    NUMBER_SIGN,      /* all but zeros have magnitude 1: "- 1" */
    NUMBER_ZERO       /* whether it is something: "1", or zero: "0" */
} number_part;

extern const char *const number_parts[]; /* "value", .. for properties */

/* The part itself: of -384 it is -384, 384, -1, 1. */
int64_t number_take(number_part part, int64_t value);
/* For qsort and bsearch of int64. */
int number_order(const void *a, const void *b);

typedef struct numbers {
    int32_t base;   /* of the digits */
    int64_t *value; /* or each a token: in increasing order, owned; NULL where numbers are of digits */
    int64_t values;
    char *text;
    mlrt_vocabulary vocabulary;
} numbers;

bool numbers_new(numbers *n, int32_t base);
/* Of these values, each a token. Takes over `value`, count int64 in any order and as often as they come, NULL for out of
 * memory. */
bool numbers_of_values(numbers *n, int64_t *value, int64_t count);
void numbers_free(numbers *n);

/* The tokens of a number, without an end; returns how many, NUMBER_MOST_TOKENS - 1 at most. A number that is to be one token
 * is among the values, and `part` has been taken of it before. */
int32_t numbers_encode(const numbers *n, int64_t value, number_part part, int32_t *token);
/* The same with an end, padded to a length that fits. */
void numbers_target(const numbers *n, int64_t value, number_part part, int32_t *token, int32_t length);
/* Tokens as text, "+ 15 360", up to the first end or padding. */
void numbers_decode(const numbers *n, const int32_t *token, int32_t length, char *text, size_t size);

/* Tokens of one number, with its end or as long as they are; false when they make none. */
bool numbers_value(const numbers *n, const int32_t *token, int32_t length, int64_t *value);
/* Its text, "15360"; tokens that make no number as they are. */
void numbers_text(const numbers *n, const int32_t *token, int32_t length, char *text, size_t size);

/* Metrics of a task whose field 1 is such a target: whole numbers, magnitudes, signs, share of +. */
extern const mlrt_metric number_metrics[];

#endif
