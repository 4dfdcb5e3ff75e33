/* derivative.h - gradients of what a fixture built, by mlrt_grad and by finite differences.
 *
 * The variables are the fixture's f32 inputs of real numbers and its trained parameters. Order 1 differentiates the number
 * s = sum(w y) with random weights w; order 2 takes the gradients of order 1, weighs them again to one number and
 * differentiates that. Values and weights are drawn from fixed streams, and may be written over between evaluations.
 */
#ifndef MLRT_TESTS_DERIVATIVE_H
#define MLRT_TESTS_DERIVATIVE_H

#include "fixture.h"

enum { DERIVATIVE_MOST = 128 };

/* Numbers that go in or come out: a field, a parameter, a part of s. */
typedef struct derivative_part {
    const char *name;
    mlrt_node *node;
    int64_t count;
    float *value; /* of a variable or field; what a part is multiplied with */
} derivative_part;

typedef struct derivative {
    fixture *f;
    derivative_part variable[DERIVATIVE_MOST], field[DERIVATIVE_MOST], part[DERIVATIVE_MOST];
    int32_t variables, fields, parts;
} derivative;

/* Builds and compiles; false with the reason in f->err, such as an op without second derivative. */
bool derivative_new(derivative *d, fixture *f, int32_t order);
/* s, at the variables' present values; NaN when the program fails. */
double derivative_value(derivative *d);
/* After an evaluation: ds / dvariable, and the first part's value (y in order 1). */
const float *derivative_of(const derivative *d, int32_t variable);
const float *derivative_part_value(const derivative *d, int32_t part);
/* The largest difference to central finite differences in some elements of each variable, relative to the largest
 * gradient or 1. */
double derivative_check(derivative *d);

#endif
