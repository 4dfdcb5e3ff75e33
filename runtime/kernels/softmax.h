/* softmax.h - the exponentials of a row, scaled so that the largest is 1. */
#ifndef MLRT__SOFTMAX_H
#define MLRT__SOFTMAX_H

#include "kernels/lanes.h"
#include "kernels/vmath.h"
#include <stddef.h>

typedef struct mlrt__exp_sum {
    float max, sum; /* log(sum of e^x) = max + log(sum) */
} mlrt__exp_sum;

/* e^x for x <= 0, zero below -87: denormal results would cost a hundred times more. The polynomial is that of
 * mlrt__exp. What comes out below -87 is nonsense until it is masked; NaN stays. */
MLRT__INLINE mlrt__lanes mlrt__exp_lanes(mlrt__lanes x) {
    const mlrt__lanes t = x * 0x1.715476p0f + MLRT__ROUND, n = t - MLRT__ROUND;
    const mlrt__lanes r = (x - n * 0x1.63p-1f) - n * -0x1.bd0106p-13f;
    mlrt__lanes p = r * 0x1.9f08p-13f + 0x1.6d8db0p-10f;
    p = p * r + 0x1.111272p-7f;
    p = p * r + 0x1.55548ep-5f;
    p = p * r + 0x1.555554p-3f;
    p = p * r + 0.5f;
    p = p * r * r + r + 1.0f;
    const mlrt__int_lanes k = (mlrt__int_lanes)t - mlrt__bits(MLRT__ROUND);
    const mlrt__lanes y = p * (mlrt__lanes)((k + 127) << 23);
    return mlrt__where(~(x < -87.0f), y);
}

/* y[i] = e^(x[i] * scale - max), not stored when y is NULL; 0 where there is a mask and it is 0. The sum is 0 when the
 * mask leaves nothing, and at least 1 otherwise, or NaN. */
MLRT__INLINE mlrt__exp_sum mlrt__exp_row(const float *x, const float *mask, float scale, float *y, int64_t n) {
    const mlrt__lanes lowest = (mlrt__lanes){0} - MLRT__INF;
    mlrt__lanes most = lowest, sum = {0};
    for (int64_t i = 0; i < n; i += MLRT__LANES) {
        const mlrt__lanes v = mlrt__load_some(x + i, n - i) * scale;
        mlrt__int_lanes seen = mlrt__live(n - i);
        if (mask) seen &= mlrt__load_some(mask + i, n - i) != 0;
        most = mlrt__select(seen & (v > most), v, most);
    }
    const float max = mlrt__max_lanes(most);
    for (int64_t i = 0; i < n; i += MLRT__LANES) {
        mlrt__int_lanes seen = mlrt__live(n - i);
        if (mask) seen &= mlrt__load_some(mask + i, n - i) != 0;
        const mlrt__lanes e = mlrt__exp_lanes(mlrt__load_some(x + i, n - i) * scale - max);
        const mlrt__lanes left = mlrt__where(seen, e);
        if (y) mlrt__store_some(y + i, left, n - i);
        sum += left;
    }
    return (mlrt__exp_sum){max, mlrt__sum_lanes(sum)};
}

static inline void mlrt__scale_row(float *y, float factor, int64_t n) {
    for (int64_t i = 0; i < n; i += MLRT__LANES) mlrt__store_some(y + i, mlrt__load_some(y + i, n - i) * factor, n - i);
}

#endif
