/* text.h - names, numbers and files as text. */
#ifndef MLRT__TEXT_H
#define MLRT__TEXT_H

#include <mlrt/base.h>
#include <stdio.h>

/* The candidate most like `name` when it is like enough to be worth suggesting, else NULL. `get` returns the i-th
 * candidate, NULL after the last. */
const char *mlrt__nearest(const char *name, const char *(*get)(const void *list, int32_t i), const void *list);
const char *mlrt__nearest_of(const char *name, const char *const *names, int32_t count);

bool mlrt__matches(const char *pattern, const char *name); /* shell wildcards: * and ? */

/* A number with thousands separated, "1,048,576"; returns `buffer` (32 bytes are enough). */
const char *mlrt__grouped(int64_t n, char *buffer, size_t size);

/* The fewest digits that read back as the same number, "0.1"; 32 bytes are enough; returns `buffer`. */
const char *mlrt__shortest(double x, char *buffer, size_t size);

/* The bytes of the UTF-8 character that `text` begins with, 0 when it does not begin with one (RFC 3629: nothing overlong,
 * no surrogates). `size` bytes may be looked at. */
size_t mlrt__utf8(const char *text, size_t size);

/* Write text as a JSON string, quotes included. A byte that is not UTF-8 becomes U+FFFD. */
void mlrt__json_string(FILE *out, const char *text);

double mlrt__now(void);                          /* monotonic seconds */
void mlrt__timestamp(char *buffer, size_t size); /* UTC, "2026-01-31T12:00:00Z" */

#endif
