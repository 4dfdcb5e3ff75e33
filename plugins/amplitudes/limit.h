/* limit.h - limits in which the remainder vanishes. */
#ifndef AMPLITUDES_LIMIT_H
#define AMPLITUDES_LIMIT_H

#include "family.h"

typedef struct condition condition;

/* Every letter becomes a product of powers of three letters, U, V and W: twice the exponents. */
typedef struct limit {
    int8_t twice[LETTERS][3];
} limit;

extern const limit collinear, soft;
bool impose_limit(work *w, const condition *self, family *f, const symbol *lower);

#endif
