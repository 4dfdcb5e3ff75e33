/* sort.c - tests of argsort and cumsum. */
#include "call.h"
#include "kernels/axis.h"

static const struct {
    mlrt_shape shape;
    int32_t axis;
} rows[] = {
    {{1, {1}}, 0},          {{1, {2}}, 0},
    {{1, {48}}, 0},         {{1, {49}}, 0},
    {{1, {5000}}, 0},       {{2, {20, 7}}, 1},
    {{2, {20, 300}}, 1},    {{2, {300, 20}}, 0},
    {{3, {3, 100, 17}}, 1}, {{2, {3, 0}}, 1},
    {{2, {0, 3}}, 1},       {{2, {1000, 40}}, 1},
    {{3, {40, 5, 16}}, 1},  {{8, {2, 3, 1, 2, 3, 2, 1, 5}}, 4},
};

/* NaN after everything. */
static bool before(float a, float b) { return isnan(b) ? !isnan(a) : a < b; }

/* Ascending, stable and, since no place comes twice, a permutation. */
static bool sorted(const float *x, const int32_t *y, int64_t n, int64_t stride) {
    for (int64_t k = 0; k < n; k++) {
        const int64_t at = y[k * stride];
        if (at < 0 || at >= n) return false;
        if (k == 0) continue;
        const int64_t last = y[(k - 1) * stride];
        const float a = x[last * stride], b = x[at * stride];
        if (before(b, a) || (!before(a, b) && last >= at)) return false;
    }
    return true;
}

static void test_argsort(int32_t level) {
    static const float special[] = {NAN, -NAN, INFINITY, -INFINITY, 0, -0.0f, 1e-42f, -1e-42f, 1, 1};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const mlrt__around a = mlrt__around_axis(&rows[r].shape, rows[r].axis, 1);
        const mlrt__axis_attr attr = {rows[r].axis, 0};
        call c = {"argsort", level, &attr, tensor(MLRT_I32, rows[r].shape), .inputs = 1};
        c.in[0] = uniform(rows[r].shape, -3, 3);
        float *x = c.in[0].data;
        for (int64_t i = 0; i < count_of(&c.in[0]); i++) {
            const double kind = draw(0, 1);
            if (kind < 0.2) x[i] = special[(int)draw(0, 10)];
            if (kind > 0.8) x[i] = roundf(x[i]);
        }
        bool good = same_for_threads(&c);
        for (int64_t i = 0; i < a.outer * a.inner; i++) {
            const int64_t at = i / a.inner * a.n * a.inner + i % a.inner;
            good &= sorted(x + at, (const int32_t *)c.out.data + at, a.n, a.inner);
        }
        char text[MLRT_SHAPE_TEXT];
        ok(good, "%s: argsort axis %d of %s", mlrt__level_name(level), rows[r].axis,
           mlrt_shape_text(&rows[r].shape, text, sizeof text));
        free_call(&c);
    }
}

static void test_cumsum(int32_t level) {
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const mlrt__around a = mlrt__around_axis(&rows[r].shape, rows[r].axis, 1);
        bool good = true;
        for (int32_t reverse = 0; reverse < 2; reverse++) {
            const mlrt__axis_attr attr = {rows[r].axis, reverse};
            call c = {"cumsum", level, &attr, tensor(MLRT_F32, rows[r].shape), .inputs = 1};
            c.in[0] = uniform(rows[r].shape, -1, 3);
            good &= same_for_threads(&c);
            for (int64_t i = 0; i < a.outer * a.inner; i++) {
                const int64_t first = i / a.inner * a.n * a.inner + i % a.inner;
                double sum = 0;
                for (int64_t k = 0; k < a.n; k++) {
                    const int64_t at = first + (reverse ? a.n - 1 - k : k) * a.inner;
                    sum += (double)((const float *)c.in[0].data)[at];
                    good &= tap_close((double)((const float *)c.out.data)[at], sum, 1e-7);
                }
            }
            free_call(&c);
        }
        char text[MLRT_SHAPE_TEXT];
        ok(good, "%s: cumsum along axis %d of %s", mlrt__level_name(level), rows[r].axis,
           mlrt_shape_text(&rows[r].shape, text, sizeof text));
    }
}

int main(void) {
    for
        EACH_LEVEL(level) {
            test_argsort(level);
            test_cumsum(level);
        }
    return done_testing();
}
