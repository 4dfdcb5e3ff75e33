/* softmax.h - the exponentials of a row, scaled so that the largest is 1. */
#ifndef MLRT__SOFTMAX_H
#define MLRT__SOFTMAX_H

#include "kernels/vmath.h"
#include <stddef.h>

typedef struct mlrt__exp_sum {
    float max, sum; /* log(sum of e^x) = max + log(sum) */
} mlrt__exp_sum;

/* y[i] = e^(x[i] - max), not stored when y is NULL. NaN anywhere makes the sum NaN. */
static inline mlrt__exp_sum mlrt__exp_row(const float *x, float *y, int64_t n) {
    float max = -MLRT__INF, sum = 0;
#pragma omp simd reduction(max : max)
    for (int64_t i = 0; i < n; i++) max = x[i] > max ? x[i] : max;
    if (y) {
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < n; i++) {
            y[i] = mlrt__exp(x[i] - max);
            sum += y[i];
        }
    } else {
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < n; i++) sum += mlrt__exp(x[i] - max);
    }
    return (mlrt__exp_sum){max, sum};
}

#endif
