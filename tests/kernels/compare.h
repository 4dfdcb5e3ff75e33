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

static inline double *doubles(const mlrt_tensor *t) {
    const int64_t n = mlrt_shape_count(&t->shape);
    double *x = malloc(sizeof *x * (size_t)(n + 1));
    for (int64_t i = 0; i < n; i++) x[i] = (double)((const float *)t->data)[i];
    return x;
}

/* d f / d x[i] by central differences, a fresh array of n. */
static inline double *slopes(double (*f)(const void *problem), const void *problem, double *x, int64_t n) {
    const double h = 1e-5;
    double *slope = malloc(sizeof *slope * (size_t)(n + 1));
    for (int64_t i = 0; i < n; i++) {
        const double at = x[i];
        x[i] = at + h;
        const double above = f(problem);
        x[i] = at - h;
        slope[i] = (above - f(problem)) / (2 * h);
        x[i] = at;
    }
    return slope;
}

/* One check for a result, and what it was off by when it fails. */
#define is_near(c, want, tolerance, ...)                                                                               \
    do {                                                                                                               \
        const double error_ = worst(&(c)->out, want);                                                                  \
        char why_[MLRT_MESSAGE_MAX];                                                                                   \
        if (!ok((c)->error.status == MLRT_OK && error_ <= (tolerance), __VA_ARGS__))                                   \
            diag("error %g %s", error_, mlrt_error_text(&(c)->error, why_, sizeof why_));                              \
    } while (0)

#endif
