/* sort.c - tests of argsort, pairs and cumsum. */
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

/* Pairs of u in the order of those of x; in place too, as the program may do it. */
static void test_pairs(int32_t level) {
    static const float special[] = {NAN, INFINITY, -INFINITY, 0, -0.0f, 1, 1};
    static const struct {
        mlrt_shape shape;
        int32_t axis;
    } pairs[] = {{{1, {2}}, 0}, {{2, {2, 37}}, 0}, {{2, {1000, 2}}, 1}, {{3, {9, 2, 5}}, 1}, {{3, {0, 3, 2}}, 2}};
    for (size_t r = 0; r < sizeof pairs / sizeof *pairs; r++) {
        const mlrt__around a = mlrt__around_axis(&pairs[r].shape, pairs[r].axis, 1);
        const mlrt__axis_attr attr = {pairs[r].axis, 0};
        call c = {"order_pairs", level, &attr, tensor(MLRT_F32, pairs[r].shape), .inputs = 2};
        c.in[0] = uniform(pairs[r].shape, -3, 3);
        c.in[1] = uniform(pairs[r].shape, -3, 3);
        float *x = c.in[1].data;
        for (int64_t i = 0; i < count_of(&c.in[1]); i++)
            if (draw(0, 1) < 0.4) x[i] = special[(int)draw(0, 7)];
        bool good = same_for_threads(&c);
        for (int64_t i = 0; i < a.outer * a.inner; i++) {
            const int64_t at = i / a.inner * 2 * a.inner + i % a.inner, next = at + a.inner;
            const float *u = c.in[0].data, *y = c.out.data;
            const bool swap = before(x[next], x[at]);
            good &= y[at] == u[swap ? next : at] && y[next] == u[swap ? at : next];
        }
        char text[MLRT_SHAPE_TEXT];
        ok(good, "%s: pairs along axis %d of %s", mlrt__level_name(level), pairs[r].axis,
           mlrt_shape_text(&pairs[r].shape, text, sizeof text));
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
            test_pairs(level);
            test_cumsum(level);
        }
    return done_testing();
}
