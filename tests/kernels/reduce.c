/* reduce.c - tests of sums, maxima and where they are. */
#include "narrow.h"
#include "kernels/axis.h"

static const struct row {
    mlrt_shape shape;
    int32_t axis, axes;
} rows[] = {
    {{1, {1}}, 0, 1},
    {{1, {7}}, 0, 1},
    {{1, {100003}}, 0, 1},
    {{2, {1000, 3}}, 1, 1},
    {{2, {37, 300}}, 1, 1},
    {{2, {5, 20000}}, 1, 1},
    {{2, {3000, 3}}, 0, 1},
    {{2, {1000, 70}}, 0, 1},
    {{2, {301, 1025}}, 0, 1},
    {{2, {4, 0}}, 0, 1},
    {{3, {9, 1, 11}}, 1, 1},
    {{3, {7, 33, 5}}, 1, 1},
    {{3, {3, 700, 65}}, 1, 1},
    {{4, {2, 30, 40, 6}}, 1, 2},
    {{8, {2, 3, 1, 2, 3, 2, 1, 5}}, 3, 3},
};

static mlrt_shape without(const mlrt_shape *s, int32_t axis, int32_t axes) {
    mlrt_shape out = {0};
    for (int32_t i = 0; i < s->rank; i++) {
        const bool reduced = i >= axis && i < axis + axes;
        if (!reduced) out.dim[out.rank++] = s->dim[i];
    }
    return out;
}

/* Sum in f64, maximum, its place, and the sum of magnitudes, of one column. */
typedef struct column {
    double sum, magnitude, max;
    int64_t at;
} column;

static column column_of(const float *x, int64_t n, int64_t inner) {
    column c = {.max = -INFINITY};
    for (int64_t k = 0; k < n; k++) {
        const double v = (double)x[k * inner];
        c.sum += v, c.magnitude += fabs(v);
        if (k == 0 || v > c.max || (isnan(v) && !isnan(c.max))) c.max = v, c.at = k;
    }
    return c;
}

static bool check(const char *op, const call *c, const struct row *r) {
    const mlrt__around a = mlrt__around_axis(&r->shape, r->axis, r->axes);
    for (int64_t i = 0; i < a.outer * a.inner; i++) {
        const float *x = (const float *)c->in[0].data + i / a.inner * a.n * a.inner + i % a.inner;
        const column want = column_of(x, a.n, a.inner);
        const float got = ((const float *)c->out.data)[i];
        if (strcmp(op, "sum") == 0 && !(fabs((double)got - want.sum) <= 1e-7 + 3e-7 * want.magnitude)) return false;
        if (strcmp(op, "max_reduce") == 0 && !tap_close((double)got, want.max, 0)) return false;
        if (strcmp(op, "argmax") == 0 && ((const int32_t *)c->out.data)[i] != want.at) return false;
    }
    return true;
}

static void test_op(int32_t level, const char *op, mlrt_dtype dtype) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        const mlrt__axis_attr attr = {r->axis, r->axes};
        char text[MLRT_SHAPE_TEXT];
        call c = {op, level, &attr, tensor(dtype, without(&r->shape, r->axis, r->axes)), .inputs = 1};
        c.in[0] = uniform(r->shape, -1, 2);
        ok(same_for_threads(&c) && check(op, &c, r), "%s: %s over %d axes from %d of %s", mlrt__level_name(level), op,
           r->axes, r->axis, mlrt_shape_text(&r->shape, text, sizeof text));
        const double error = strcmp(op, "sum") == 0 ? narrow_error(&c, 1, false) : 0;
        ok(error < 1e-5, "the same of bf16 (%g)", error);
        free_call(&c);
    }
}

/* NaN and infinities anywhere, in rows of every length and in columns. */
static void test_special(int32_t level) {
    for (int32_t inner = 1; inner <= 3; inner += 2) {
        bool good = true;
        for (int64_t n = 1; n < 600; n = n * 3 / 2 + 1) {
            const struct row r = {{2, {n, inner}}, 0, 1};
            const mlrt__axis_attr attr = {0, 1};
            call c = {"max_reduce", level, &attr, tensor(MLRT_F32, MLRT_SHAPE_OF(inner)), .inputs = 1};
            c.in[0] = tensor(MLRT_F32, r.shape);
            float *x = c.in[0].data;
            for (int64_t at = 0; at < n; at++) {
                for (int64_t i = 0; i < n * inner; i++) x[i] = -INFINITY;
                good &= run_call(&c) == MLRT_OK && check("max_reduce", &c, &r);
                x[at * inner] = NAN;
                good &= run_call(&c) == MLRT_OK && check("max_reduce", &c, &r);
                c.op = "argmax", c.out.dtype = MLRT_I32;
                good &= run_call(&c) == MLRT_OK && check("argmax", &c, &r);
                c.op = "sum", c.out.dtype = MLRT_F32;
                good &= run_call(&c) == MLRT_OK && isnan(((float *)c.out.data)[0]);
                c.op = "max_reduce";
            }
            free_call(&c);
        }
        ok(good, "%s: NaN is found anywhere among %d columns", mlrt__level_name(level), inner);
    }
}

static void test_empty_and_equal(int32_t level) {
    const mlrt__axis_attr attr = {0, 1};
    const mlrt_shape empty = MLRT_SHAPE_OF(0, 3), equal = MLRT_SHAPE_OF(50, 2), out = MLRT_SHAPE_OF(3);
    call c = {"sum", level, &attr, tensor(MLRT_F32, out), {tensor(MLRT_F32, empty)}, .inputs = 1};
    run_call(&c);
    const float *y = c.out.data;
    ok(y[0] == 0 && y[1] == 0 && y[2] == 0, "%s: the sum of nothing is zero", mlrt__level_name(level));
    free_call(&c);
    call d = {"argmax", level, &attr, tensor(MLRT_I32, MLRT_SHAPE_OF(2)), {uniform(equal, 1, 1)}, .inputs = 1};
    run_call(&d);
    const int32_t *at = d.out.data;
    ok(at[0] == 0 && at[1] == 0, "%s: of equals the first", mlrt__level_name(level));
    free_call(&d);
}

/* Where one running f32 total would be off by percents. */
static void test_accuracy(int32_t level) {
    const mlrt__axis_attr attr = {0, 1};
    const mlrt_shape shapes[] = {{1, {3000000}}, {2, {1000000, 3}}};
    for (int i = 0; i < 2; i++) {
        call c = {"sum", level, &attr, tensor(MLRT_F32, without(&shapes[i], 0, 1)), .inputs = 1};
        c.in[0] = uniform(shapes[i], 0.5, 1.5);
        run_call(&c);
        const int64_t columns = count_of(&c.out);
        const double want = column_of(c.in[0].data, shapes[i].dim[0], columns).sum;
        const double got = (double)((const float *)c.out.data)[0];
        ok(fabs(got - want) < 2e-7 * want, "%s: a sum of millions of numbers in %ld columns, off by %.1g",
           mlrt__level_name(level), (long)columns, fabs(got - want) / want);
        free_call(&c);
    }
}

int main(void) {
    for
        EACH_LEVEL(level) {
            test_op(level, "sum", MLRT_F32);
            test_op(level, "max_reduce", MLRT_F32);
            test_op(level, "argmax", MLRT_I32);
            test_special(level);
            test_empty_and_equal(level);
            test_accuracy(level);
        }
    return done_testing();
}
