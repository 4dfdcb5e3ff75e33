/* softmax.c - softmax, its logarithm and the cross-entropy against their definitions in double. */
#include "compare.h"

static mlrt_shape front_of(mlrt_shape s) {
    s.rank--;
    return s;
}

static double log_sum(const double *x, int64_t n) {
    double most = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++) most = fmax(most, x[i]);
    for (int64_t i = 0; i < n; i++) sum += exp(x[i] - most);
    return most + log(sum);
}

static void check_softmax(int32_t level, mlrt_shape shape, double range) {
    const int64_t n = shape.dim[shape.rank - 1];
    for (int logarithm = 0; logarithm < 2; logarithm++) {
        call c = {.op = logarithm ? "log_softmax" : "softmax", .level = level, .inputs = 1};
        c.out = tensor(MLRT_F32, shape), c.in[0] = uniform(shape, -range, range);
        run_call(&c);
        double *x = doubles(&c.in[0]), *want = doubles(&c.in[0]);
        for (int64_t i = 0; i < count_of(&c.out); i++) {
            want[i] -= log_sum(x + i / n * n, n);
            if (!logarithm) want[i] = exp(want[i]);
        }
        char text[MLRT_SHAPE_TEXT];
        is_near(&c, want, 2e-6, "%s: %s of %s within %g", mlrt__level_name(level), c.op,
                mlrt_shape_text(&shape, text, sizeof text), range);
        free_call(&c);
        free(x), free(want);
    }
}

static void check_not_finite(void) {
    call c = {.op = "softmax", .level = mlrt__cpu_level(), .inputs = 1};
    c.out = tensor(MLRT_F32, MLRT_SHAPE_OF(3, 20)), c.in[0] = uniform(MLRT_SHAPE_OF(3, 20), -1, 1);
    float *x = c.in[0].data;
    const float *y = c.out.data;
    x[3] = NAN, x[20 + 7] = -INFINITY;
    run_call(&c);
    int wrong = 0;
    for (int i = 0; i < 20; i++) wrong += !isnan(y[i]) + isnan(y[20 + i]) + isnan(y[40 + i]);
    is_int(wrong, 0, "NaN fills its row");
    ok(y[27] == 0, "e to the minus infinity is zero");
    free_call(&c);
}

/* ---- cross-entropy ---- */

typedef struct problem {
    int64_t rows, classes;
    double *x, smoothing;
    const int32_t *target;
    int32_t ignore;
} problem;

static double define(const void *problem_) {
    const problem *p = problem_;
    double sum = 0, count = 0;
    for (int64_t r = 0; r < p->rows; r++) {
        if (p->ignore != -1 && p->target[r] == p->ignore) continue;
        const double *x = p->x + r * p->classes, total = log_sum(x, p->classes);
        count++;
        for (int64_t k = 0; k < p->classes; k++) {
            const double q = (k == p->target[r] ? 1 - p->smoothing : 0) + p->smoothing / (double)p->classes;
            sum -= q * (x[k] - total);
        }
    }
    return count > 0 ? sum / count : 0;
}

static call cross_entropy(mlrt_shape shape, const mlrt__cross_entropy_attr *attr) {
    call c = {.op = "cross_entropy", .level = mlrt__cpu_level(), .attr = attr, .inputs = 2};
    c.out = tensor(MLRT_F32, MLRT_SCALAR);
    c.in[0] = uniform(shape, -3, 3);
    c.in[1] = integers(front_of(shape), 0, (int32_t)shape.dim[shape.rank - 1]);
    return c;
}

/* The gradient of the same logits and targets, with dy = 0.7. */
static call gradient_of(call *c) {
    call g = *c;
    free(c->out.data);
    g.op = "cross_entropy_grad", g.inputs = 3;
    g.in[2] = uniform(MLRT_SCALAR, 0.7, 0.7);
    g.out = tensor(MLRT_F32, g.in[0].shape);
    return g;
}

static void check_cross_entropy(int32_t level, mlrt_shape shape, int32_t ignore, double smoothing) {
    const mlrt__cross_entropy_attr attr = {.ignore = ignore, .smoothing = smoothing};
    call c = cross_entropy(shape, &attr);
    c.level = level;
    run_call(&c);
    problem p = {count_of(&c.in[1]), shape.dim[shape.rank - 1], doubles(&c.in[0]), smoothing, c.in[1].data, ignore};
    const double want = define(&p);
    char text[MLRT_SHAPE_TEXT];
    mlrt_shape_text(&shape, text, sizeof text);
    is_near(&c, &want, 1e-6, "%s: cross-entropy of %s, %d ignored, smoothing %g", mlrt__level_name(level), text, ignore,
            smoothing);
    call g = gradient_of(&c);
    run_call(&g);
    double *slope = slopes(define, &p, p.x, count_of(&g.out));
    for (int64_t i = 0; i < count_of(&g.out); i++) slope[i] *= 0.7f;
    is_near(&g, slope, 1e-6, "%s: and its gradient", mlrt__level_name(level));
    free_call(&g);
    free(p.x), free(slope);
}

static void check_all_ignored(void) {
    const mlrt__cross_entropy_attr attr = {.ignore = 2};
    call c = cross_entropy(MLRT_SHAPE_OF(3, 5), &attr);
    for (int i = 0; i < 3; i++) ((int32_t *)c.in[1].data)[i] = 2;
    run_call(&c);
    ok(*(float *)c.out.data == 0, "with every target ignored the loss is zero");
    call g = gradient_of(&c);
    run_call(&g);
    int other = 0;
    for (int i = 0; i < 15; i++) other += ((float *)g.out.data)[i] != 0;
    is_int(other, 0, "and so is the gradient");
    free_call(&g);
}

static void check_range(int32_t bad) {
    const mlrt__cross_entropy_attr attr = {.ignore = -1};
    call c = cross_entropy(MLRT_SHAPE_OF(4, 5), &attr);
    char want[128];
    ((int32_t *)c.in[1].data)[2] = bad;
    is_int(run_call(&c), MLRT_RANGE, "a target of %d among 5 classes stops the step", bad);
    snprintf(want, sizeof want, "cross_entropy: target 2 is %d, expected a class in 0 .. 4", bad);
    is_str(c.error.message, want, "and says which");
    call g = gradient_of(&c);
    g.error = (mlrt_error){0};
    is_int(run_call(&g), MLRT_RANGE, "as it stops the gradient");
    free_call(&g);
}

static void check_threads(void) {
    const mlrt__cross_entropy_attr attr = {.ignore = 3, .smoothing = 0.1};
    call c = cross_entropy(MLRT_SHAPE_OF(333, 57), &attr);
    ok(same_for_threads(&c), "cross_entropy: the same bits for any number of threads");
    call g = gradient_of(&c);
    ok(same_for_threads(&g), "cross_entropy_grad: the same bits for any number of threads");
    ((float *)g.in[0].data)[57] = NAN;
    run_call(&g);
    ok(isnan(((float *)g.out.data)[60]) && !isnan(((float *)g.out.data)[0]), "NaN fills its row of the gradient");
    free_call(&g);
}

int main(void) {
    for
        EACH_LEVEL(level) {
            check_softmax(level, MLRT_SHAPE_OF(1), 1);
            check_softmax(level, MLRT_SHAPE_OF(2, 3, 5), 1);
            check_softmax(level, MLRT_SHAPE_OF(0, 5), 1);
            check_softmax(level, MLRT_SHAPE_OF(3, 0), 1);
            check_softmax(level, MLRT_SHAPE_OF(200, 133), 50);
            check_softmax(level, MLRT_SHAPE_OF(9, 21), 1e30);
            check_cross_entropy(level, MLRT_SHAPE_OF(1, 1), -1, 0);
            check_cross_entropy(level, MLRT_SHAPE_OF(7), -1, 0);
            check_cross_entropy(level, MLRT_SHAPE_OF(2, 5, 9), -1, 0);
            check_cross_entropy(level, MLRT_SHAPE_OF(2, 5, 9), 4, 0);
            check_cross_entropy(level, MLRT_SHAPE_OF(40, 19), 0, 0.1);
            check_cross_entropy(level, MLRT_SHAPE_OF(0, 5), -1, 0);
        }
    check_not_finite();
    check_all_ignored();
    check_range(5);
    check_range(-1);
    check_threads();
    return done_testing();
}
