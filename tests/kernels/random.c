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

static void test_dropout(int32_t level) {
    const mlrt__dropout_attr own = {.p = 0.25}, given = {.p = 0.25, .stream = STREAM}, all = {.p = 1};
    bool good = true, again = true, over = true, none = true;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const mlrt_shape shape = MLRT_SHAPE_OF(sizes[s]);
        call c = {"dropout", level, &own, tensor(MLRT_F32, shape), {uniform(shape, -1, 1)}, .inputs = 1};
        c.seed = SEED, c.stream = STREAM, c.step = STEP;
        good &= same_for_threads(&c);
        const float *x = c.in[0].data;
        float *y = c.out.data;
        for (int64_t i = 0; i < sizes[s]; i++)
            good &= y[i] == (unit(STREAM, i) >= 0.25f ? x[i] * (float)(1 / 0.75) : 0);
        call grad = c;
        grad.attr = &given, grad.stream = 8, grad.out = tensor(MLRT_F32, shape);
        run_call(&grad);
        again &= memcmp(grad.out.data, c.out.data, mlrt_tensor_bytes(&c.out)) == 0;
        free(grad.out.data);
        grad.out = grad.in[0];
        run_call(&grad);
        over &= memcmp(grad.out.data, c.out.data, mlrt_tensor_bytes(&c.out)) == 0;
        c.attr = &all;
        run_call(&c);
        for (int64_t i = 0; i < sizes[s]; i++) none &= y[i] == 0;
        free_call(&c);
    }
    ok(good, "%s: dropout keeps what it should and scales it", mlrt__level_name(level));
    ok(again, "%s: the stream of another node gives its mask", mlrt__level_name(level));
    ok(over, "%s: dropout in place", mlrt__level_name(level));
    ok(none, "%s: dropout of everything", mlrt__level_name(level));
}

int main(void) {
    for
        EACH_LEVEL(level) {
            test_values(level);
            test_moments(level);
            test_dropout(level);
        }
    return done_testing();
}
