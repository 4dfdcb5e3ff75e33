/* number.h - coefficients as tokens: a sign and digits of a large base, 15360 -> "+ 15 360" in base 1000.
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

typedef struct numbers {
    int32_t base;
    char *text;
    mlrt_vocabulary vocabulary;
} numbers;

bool numbers_new(numbers *n, int32_t base);
void numbers_free(numbers *n);

/* The tokens of a number, without an end; returns how many, NUMBER_MOST_TOKENS - 1 at most. */
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
