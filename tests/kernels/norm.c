/* norm.c - layer norm and RMS norm against their definitions in double, their gradients against differences. */
#include "narrow.h"

static const double eps = 1e-5;

typedef struct problem {
    int64_t rows, n;
    bool centred;
    double *x, *gain, *bias, *dy;
} problem;

static void define(const problem *p, double *y) {
    for (int64_t r = 0; r < p->rows; r++) {
        const double *x = p->x + r * p->n;
        double mean = 0, variance = 0;
        for (int64_t i = 0; i < p->n && p->centred; i++) mean += x[i] / (double)p->n;
        for (int64_t i = 0; i < p->n; i++) variance += (x[i] - mean) * (x[i] - mean) / (double)p->n;
        for (int64_t i = 0; i < p->n; i++)
            y[r * p->n + i] = (x[i] - mean) / sqrt(variance + eps) * p->gain[i] + (p->centred ? p->bias[i] : 0);
    }
}

/* sum of y dy: its slopes are the gradients. */
static double objective(const void *problem_) {
    const problem *p = problem_;
    double *y = malloc(sizeof *y * (size_t)(p->rows * p->n)), sum = 0;
    define(p, y);
    for (int64_t i = 0; i < p->rows * p->n; i++) sum += y[i] * p->dy[i];
    free(y);
    return sum;
}

static void check_forward(int32_t level, mlrt_shape shape, bool centred, double shift) {
    const mlrt__norm_attr attr = {eps};
    const int64_t n = shape.dim[shape.rank - 1];
    call c = {.op = centred ? "layer_norm" : "rms_norm", .level = level, .attr = &attr};
    c.out = tensor(MLRT_F32, shape);
    c.inputs = centred ? 3 : 2;
    c.in[0] = uniform(shape, shift - 1, shift + 1);
    for (int i = 1; i < c.inputs; i++) c.in[i] = uniform(MLRT_SHAPE_OF(n), -1, 1);
    run_call(&c);
    const double error = narrow_error(&c, 0, true);
    ok(error == 0, "%s: %s into bf16 (%g)", mlrt__level_name(level), c.op, error);
    problem p = {count_of(&c.out) / n, n, centred, doubles(&c.in[0]), doubles(&c.in[1]), NULL, NULL};
    if (centred) p.bias = doubles(&c.in[2]);
    double *want = malloc(sizeof *want * (size_t)(count_of(&c.out) + 1));
    define(&p, want);
    char text[MLRT_SHAPE_TEXT];
    is_near(&c, want, shift ? 2e-4 : 3e-6, "%s: %s of %s around %g", mlrt__level_name(level), c.op,
            mlrt_shape_text(&shape, text, sizeof text), shift);
    free_call(&c);
    free(p.x), free(p.gain), free(p.bias), free(want);
}

static call backward(int32_t level, mlrt_shape shape, bool centred, const mlrt__norm_attr *attr) {
    call c = {.op = centred ? "layer_norm_grad" : "rms_norm_grad", .level = level, .attr = attr, .inputs = 3};
    const mlrt_shape gain = MLRT_SHAPE_OF(shape.dim[shape.rank - 1]);
    c.in[0] = uniform(shape, -1, 1), c.in[1] = uniform(gain, -1, 1), c.in[2] = uniform(shape, -1, 1);
    c.out = tensor(MLRT_F32, MLRT_SHAPE_OF(mlrt_pack_size((const mlrt_shape *[]){&shape, &gain, &gain}, 2 + centred)));
    return c;
}

static void check_backward(int32_t level, mlrt_shape shape, bool centred) {
    const mlrt__norm_attr attr = {eps};
    const int64_t n = shape.dim[shape.rank - 1], rows = mlrt_shape_count(&shape) / n;
    call c = backward(level, shape, centred, &attr);
    run_call(&c);
    problem p = {rows, n, centred, doubles(&c.in[0]), doubles(&c.in[1]), calloc((size_t)n, sizeof(double)), NULL};
    p.dy = doubles(&c.in[2]);
    const mlrt_shape gain = MLRT_SHAPE_OF(n), *const parts[] = {&shape, &gain, &gain};
    double *const in[] = {p.x, p.gain, p.bias}, *want = calloc((size_t)count_of(&c.out) + 1, sizeof *want);
    for (int i = 0; i < 2 + centred; i++) {
        const int64_t count = mlrt_shape_count(parts[i]);
        double *slope = slopes(objective, &p, in[i], count);
        memcpy(want + mlrt_pack_offset(parts, i), slope, sizeof *slope * (size_t)count);
        free(slope);
    }
    char text[MLRT_SHAPE_TEXT];
    is_near(&c, want, 1e-5, "%s: %s of %s, with zeros between the parts", mlrt__level_name(level), c.op,
            mlrt_shape_text(&shape, text, sizeof text));
    free_call(&c);
    free(p.x), free(p.gain), free(p.bias), free(p.dy), free(want);
}

static void check_threads(bool centred) {
    const mlrt__norm_attr attr = {eps};
    call c = backward(mlrt__cpu_level(), MLRT_SHAPE_OF(777, 130), centred, &attr);
    ok(same_for_threads(&c), "%s: the same bits for any number of threads", c.op);
    free_call(&c);
}

static void check_nan(bool centred) {
    const mlrt__norm_attr attr = {eps};
    call c = backward(mlrt__cpu_level(), MLRT_SHAPE_OF(5, 33), centred, &attr);
    c.op = centred ? "layer_norm" : "rms_norm";
    if (!centred) free(c.in[--c.inputs].data);
    free(c.out.data);
    c.out = tensor(MLRT_F32, c.in[0].shape);
    ((float *)c.in[0].data)[2 * 33 + 7] = NAN;
    if (centred) free(c.in[2].data), c.in[2] = uniform(MLRT_SHAPE_OF(33), -1, 1);
    run_call(&c);
    int wrong = 0;
    for (int i = 0; i < 5 * 33; i++) wrong += isnan(((float *)c.out.data)[i]) != (i / 33 == 2);
    is_int(wrong, 0, "%s: NaN fills its row and no other", c.op);
    free_call(&c);
}

int main(void) {
    for
        EACH_LEVEL(level) {
            for (int centred = 0; centred < 2; centred++) {
                check_forward(level, MLRT_SHAPE_OF(1, 1), centred, 0);
                check_forward(level, MLRT_SHAPE_OF(7), centred, 0);
                check_forward(level, MLRT_SHAPE_OF(2, 3, 5), centred, 0);
                check_forward(level, MLRT_SHAPE_OF(0, 5), centred, 0);
                check_forward(level, MLRT_SHAPE_OF(70, 512), centred, 0);
                check_forward(level, MLRT_SHAPE_OF(3, 100), centred, 100);
                check_backward(level, MLRT_SHAPE_OF(1, 3), centred);
                check_backward(level, MLRT_SHAPE_OF(2, 3, 5), centred);
                check_backward(level, MLRT_SHAPE_OF(37, 17), centred);
                check_backward(level, MLRT_SHAPE_OF(0, 5), centred);
            }
        }
    for (int centred = 0; centred < 2; centred++) check_threads(centred), check_nan(centred);
    return done_testing();
}
