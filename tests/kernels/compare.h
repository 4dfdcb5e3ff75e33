/* compare.h - f32 results against references in double. */
#ifndef MLRT_TESTS_COMPARE_H
#define MLRT_TESTS_COMPARE_H

#include "call.h"

/* The largest |got - want| / (1 + |want|); infinite when something is NaN. */
static inline double worst_of(const float *got, const double *want, int64_t n) {
    double most = 0;
    for (int64_t i = 0; i < n; i++) {
        const double e = fabs((double)got[i] - want[i]) / (1 + fabs(want[i]));
        if (!(e <= most)) most = isnan(e) ? INFINITY : e;
    }
    return most;
}

static inline double worst(const mlrt_tensor *got, const double *want) {
    return worst_of(got->data, want, mlrt_shape_count(&got->shape));
}

#endif
