/* random.c - tests of the random ops and dropout. */
#include "base/random.h"
#include "call.h"

enum { SEED = 5, STREAM = 77, STEP = 1234 };

static float unit(uint64_t stream, int64_t i) {
    uint32_t out[4];
    mlrt__philox(mlrt__philox_begin(SEED, stream, STEP), (uint64_t)i / 4, out);
    return mlrt__unit_f32(out[i % 4]);
}

static double expected(const char *op, const void *attr, int64_t i) {
    const mlrt__random_attr *a = attr;
    const double u = (double)unit(STREAM, i);
    if (strcmp(op, "random_uniform") == 0) return a->a + (a->b - a->a) * u;
    if (strcmp(op, "random_bernoulli") == 0) return u < (double)(float)a->a;
    const double first = (double)unit(STREAM, i & ~(int64_t)1), second = (double)unit(STREAM, i | 1);
    const double angle = 2 * M_PI * second;
    return a->a + a->b * sqrt(-2 * log(1 - first)) * (i % 2 ? sin(angle) : cos(angle));
}

static const int64_t sizes[] = {0, 1, 3, 4, 511, 513, 40001};

static void test_values(int32_t level) {
    static const struct {
        const char *op;
        mlrt__random_attr attr;
    } ops[] = {{"random_uniform", {.a = -2, .b = 3}},
               {"random_normal", {.a = 1, .b = 2}},
               {"random_bernoulli", {.a = 0.3}},
               {"random_bernoulli", {.a = 1}}};
    for (size_t o = 0; o < sizeof ops / sizeof *ops; o++) {
        bool good = true;
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            call c = {ops[o].op, level, &ops[o].attr, tensor(MLRT_F32, MLRT_SHAPE_OF(sizes[s])), .inputs = 0};
            c.seed = SEED, c.stream = STREAM, c.step = STEP;
            good &= same_for_threads(&c);
            for (int64_t i = 0; i < sizes[s]; i++)
                good &= tap_close((double)((float *)c.out.data)[i], expected(c.op, c.attr, i), 5e-6);
            free_call(&c);
        }
        ok(good, "%s: %s is its Philox numbers", mlrt__level_name(level), ops[o].op);
    }
}

static void test_moments(int32_t level) {
    enum { COUNT = 200000 };
    const mlrt__random_attr attr = {.a = 3, .b = 2};
    call c = {"random_normal", level, &attr, tensor(MLRT_F32, MLRT_SHAPE_OF(COUNT)), .inputs = 0};
    run_call(&c);
    double sum = 0, square = 0, neighbours = 0;
    const float *y = c.out.data;
    for (int i = 0; i < COUNT; i++) sum += (double)y[i];
    const double mean = sum / COUNT;
    for (int i = 0; i < COUNT; i++) {
        square += pow((double)y[i] - mean, 2);
        if (i) neighbours += ((double)y[i] - mean) * ((double)y[i - 1] - mean);
    }
    is_close(mean, 3, 0.01, "%s: the mean of a normal", mlrt__level_name(level));
    is_close(square / COUNT, 4, 0.01, "%s: the variance of a normal", mlrt__level_name(level));
    is_close(neighbours / square, 0, 0.01, "%s: neighbours are not correlated", mlrt__level_name(level));
    free_call(&c);
}

/* What dropout makes of 1, p being a multiple of 2^-16. */
static float mask(int64_t i, double p) {
    uint32_t out[4];
    uint16_t half[8];
    mlrt__philox(mlrt__philox_begin(SEED, STREAM, STEP), (uint64_t)i / 8, out);
    memcpy(half, out, sizeof half);
    return half[i % 8] >= 0x1p16 * p ? (float)(1 / (1 - p)) : 0;
}

static mlrt__fused_attr dropping(double p) {
    return (mlrt__fused_attr){.steps = 1, .step = {{.code = MLRT__EW_dropout}}, .dropout = {p, STREAM}};
}

static void test_dropout(int32_t level) {
    const mlrt__fused_attr quarter = dropping(0.25), all = dropping(1), hardly = dropping(1e-6);
    bool good = true, over = true, none = true, same = true;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const mlrt_shape shape = MLRT_SHAPE_OF(sizes[s]);
        call c = {"fused", level, &quarter, tensor(MLRT_F32, shape), {uniform(shape, -1, 1)}, .inputs = 1};
        c.seed = SEED, c.stream = 8, c.step = STEP;
        good &= same_for_threads(&c);
        const float *x = c.in[0].data;
        float *y = c.out.data;
        for (int64_t i = 0; i < sizes[s]; i++) good &= y[i] == x[i] * mask(i, 0.25);
        c.attr = &hardly;
        run_call(&c);
        same &= memcmp(x, y, mlrt_tensor_bytes(&c.out)) == 0;
        c.attr = &all;
        run_call(&c);
        for (int64_t i = 0; i < sizes[s]; i++) none &= y[i] == 0;
        call place = c;
        place.attr = &quarter, place.in[0] = c.out;
        for (int64_t i = 0; i < sizes[s]; i++) y[i] = 3;
        run_call(&place);
        for (int64_t i = 0; i < sizes[s]; i++) over &= y[i] == 3 * mask(i, 0.25);
        free_call(&c);
    }
    ok(good, "%s: dropout keeps what it should and scales it", mlrt__level_name(level));
    ok(over, "%s: dropout in place", mlrt__level_name(level));
    ok(none, "%s: dropout of everything", mlrt__level_name(level));
    ok(same, "%s: and of less than one of 2^16", mlrt__level_name(level));
}

/* Tiles that begin anywhere: rows of 1003 numbers. */
static void test_dropout_in_a_chain(int32_t level) {
    enum { ROWS = 37, COLUMNS = 1003 };
    const mlrt__fused_attr attr = {.steps = 3,
                                   .step = {{MLRT__EW_add, {0, 1}}, {MLRT__EW_dropout, {3}}, {MLRT__EW_add, {4, 2}}},
                                   .dropout = {0.125, STREAM}};
    const mlrt_shape shape = MLRT_SHAPE_OF(ROWS, COLUMNS), bias = MLRT_SHAPE_OF(COLUMNS);
    call c = {"fused",
              level,
              &attr,
              tensor(MLRT_F32, shape),
              {uniform(shape, -1, 1), uniform(bias, -1, 1), uniform(shape, -1, 1)},
              .inputs = 3};
    c.seed = SEED, c.step = STEP;
    bool good = same_for_threads(&c);
    const float *x = c.in[0].data, *b = c.in[1].data, *r = c.in[2].data, *y = c.out.data;
    for (int64_t i = 0; i < ROWS * COLUMNS; i++)
        good &= tap_close((double)y[i], (double)(mask(i, 0.125) * (x[i] + b[i % COLUMNS]) + r[i]), 1e-6);
    ok(good, "%s: dropout in a chain, in rows of odd length", mlrt__level_name(level));
    free_call(&c);
}

int main(void) {
    for
        EACH_LEVEL(level) {
            test_values(level);
            test_moments(level);
            test_dropout(level);
            test_dropout_in_a_chain(level);
        }
    return done_testing();
}
