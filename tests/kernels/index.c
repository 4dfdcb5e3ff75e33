/* index.c - tests of looking up and adding by number. */
#include "call.h"
#include "kernels/axis.h"

static float f32(const mlrt_tensor *t, int64_t i) { return ((const float *)t->data)[i]; }
static int32_t i32(const mlrt_tensor *t, int64_t i) { return ((const int32_t *)t->data)[i]; }

/* ---- rows ---- */

static const struct {
    mlrt_shape table, index;
} tables[] = {
    {{2, {50, 32}}, {2, {7, 9}}}, {{2, {50, 33}}, {1, {500}}},      {{1, {1000}}, {1, {3000}}},
    {{2, {3, 1000}}, {1, {100}}}, {{3, {10, 3, 5}}, {2, {40, 50}}}, {{2, {5, 8}}, MLRT_SCALAR},
    {{2, {5, 8}}, {1, {0}}},      {{2, {5, 0}}, {1, {3}}},
};

static mlrt_shape joined(const mlrt_shape *index, const mlrt_shape *table) {
    mlrt_shape s = *index;
    for (int32_t i = 1; i < table->rank; i++) s.dim[s.rank++] = table->dim[i];
    return s;
}

static void test_gather(int32_t level) {
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        const mlrt_shape out = joined(&tables[t].index, &tables[t].table);
        const int64_t row = mlrt__around_axis(&tables[t].table, 0, 1).inner;
        const int32_t rows = (int32_t)tables[t].table.dim[0];
        bool good = true;
        for (mlrt_dtype dtype = MLRT_F32; dtype <= MLRT_U8; dtype++) {
            const size_t size = mlrt_dtype_size(dtype);
            call c = {"gather", level, NULL, tensor(dtype, out), {uniform(tables[t].table, 0, 1)}, .inputs = 2};
            c.in[0].dtype = dtype; /* the bits are as good as any */
            c.in[1] = integers(tables[t].index, 0, rows);
            good &= same_for_threads(&c) && c.error.status == MLRT_OK;
            for (int64_t k = 0; k < count_of(&c.in[1]); k++)
                good &= memcmp((char *)c.out.data + (size_t)(k * row) * size,
                               (char *)c.in[0].data + (size_t)(i32(&c.in[1], k) * row) * size, (size_t)row * size) == 0;
            free_call(&c);
        }
        char text[MLRT_SHAPE_TEXT];
        ok(good, "%s: gather %s", mlrt__level_name(level), mlrt_shape_text(&out, text, sizeof text));
    }
}

static void test_scatter(int32_t level) {
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        const mlrt_shape update = joined(&tables[t].index, &tables[t].table);
        const int64_t row = mlrt__around_axis(&tables[t].table, 0, 1).inner, rows = tables[t].table.dim[0];
        const mlrt__rows_attr attr = {rows};
        call c = {"scatter_add", level, &attr, tensor(MLRT_F32, tables[t].table), .inputs = 2};
        c.in[0] = integers(tables[t].index, 0, (int32_t)rows), c.in[1] = uniform(update, -1, 1);
        bool good = same_for_threads(&c) && c.error.status == MLRT_OK;
        for (int64_t i = 0; i < rows * row; i++) {
            double want = 0;
            for (int64_t k = 0; k < count_of(&c.in[0]); k++)
                if (i32(&c.in[0], k) == i / row) want += (double)f32(&c.in[1], k * row + i % row);
            good &= tap_close((double)f32(&c.out, i), want, 1e-5);
        }
        char text[MLRT_SHAPE_TEXT];
        ok(good, "%s: scatter_add %s", mlrt__level_name(level), mlrt_shape_text(&update, text, sizeof text));
        free_call(&c);
    }
}

/* ---- along an axis ---- */

static const struct {
    mlrt_shape x;
    int32_t axis;
    int64_t taken;
} alongs[] = {
    {{1, {9}}, 0, 20},         {{2, {30, 7}}, 0, 5},     {{2, {30, 7}}, 1, 1},    {{3, {5, 6, 40}}, 1, 9},
    {{3, {300, 20, 3}}, 1, 2}, {{2, {10, 1000}}, 0, 10}, {{2, {10, 1000}}, 1, 0}, {{8, {2, 1, 2, 3, 1, 2, 2, 3}}, 3, 4},
};

static void test_along(int32_t level) {
    for (size_t t = 0; t < sizeof alongs / sizeof *alongs; t++) {
        const int32_t axis = alongs[t].axis;
        const mlrt__around a = mlrt__around_axis(&alongs[t].x, axis, 1);
        const int64_t taken = alongs[t].taken;
        mlrt_shape index = alongs[t].x;
        index.dim[axis] = taken;
        const mlrt__axis_attr attr = {axis, 0};
        call c = {"take_along", level, &attr, tensor(MLRT_F32, index), {uniform(alongs[t].x, -1, 1)}, .inputs = 2};
        c.in[1] = integers(index, 0, (int32_t)a.n);
        const mlrt__add_along_attr add = {.axis = axis, .size = a.n};
        call b = {"add_along", level, &add, tensor(MLRT_F32, alongs[t].x), {c.in[1], uniform(index, -1, 1)},
                  .inputs = 2};
        bool took = same_for_threads(&c) && c.error.status == MLRT_OK;
        bool added = same_for_threads(&b) && b.error.status == MLRT_OK;
        double *sum = calloc((size_t)count_of(&b.out) + 1, sizeof *sum);
        for (int64_t i = 0; i < a.outer * taken * a.inner; i++) {
            const int64_t at = (i / (taken * a.inner) * a.n + i32(&c.in[1], i)) * a.inner + i % a.inner;
            took &= f32(&c.out, i) == f32(&c.in[0], at);
            sum[at] += (double)f32(&b.in[1], i);
        }
        for (int64_t i = 0; i < count_of(&b.out); i++) added &= tap_close((double)f32(&b.out, i), sum[i], 1e-5);
        char text[MLRT_SHAPE_TEXT];
        mlrt_shape_text(&alongs[t].x, text, sizeof text);
        ok(took, "%s: take %ld along axis %d of %s", mlrt__level_name(level), (long)taken, axis, text);
        ok(added, "%s: add %ld along axis %d of %s", mlrt__level_name(level), (long)taken, axis, text);
        free(sum), free(b.out.data), free(b.in[1].data), free_call(&c);
    }
}

/* ---- wrong indices ---- */

/* Inputs of one op: a value tensor [4, 3] and an index, one of whose elements is wrong. */
static void test_outside(int32_t level) {
    static const struct {
        const char *op;
        int32_t index; /* which input it is */
    } ops[] = {{"gather", 1}, {"scatter_add", 0}, {"take_along", 1}, {"add_along", 0}};
    static const int32_t wrong[] = {-1, 4, INT32_MAX, INT32_MIN};
    const union {
        mlrt__rows_attr rows;
        mlrt__axis_attr axis;
        mlrt__add_along_attr add;
    } attr[] = {{.rows = {0}}, {.rows = {4}}, {.axis = {0, 0}}, {.add = {.axis = 0, .size = 4}}};
    const mlrt_shape value = MLRT_SHAPE_OF(4, 3), row = MLRT_SHAPE_OF(4);
    for (int o = 0; o < 4; o++) {
        bool good = true;
        for (int w = 0; w < 4; w++) {
            call c = {ops[o].op, level, &attr[o], tensor(MLRT_F32, value), .inputs = 2};
            c.in[ops[o].index] = integers(o < 2 ? row : value, 0, 4);
            c.in[!ops[o].index] = uniform(value, -1, 1);
            ((int32_t *)c.in[ops[o].index].data)[2] = wrong[w];
            char want[64];
            snprintf(want, sizeof want, "index %d is outside 0 .. 3", wrong[w]);
            good &= run_call(&c) == MLRT_RANGE && strcmp(c.error.message, want) == 0;
            for (int64_t i = 0; i < 12; i++) good &= isfinite(f32(&c.out, i));
            free_call(&c);
        }
        ok(good, "%s: %s tells the index that is outside", mlrt__level_name(level), ops[o].op);
    }
}

/* A table without rows has no right index; zeros come out. */
static void test_empty_table(int32_t level) {
    const mlrt_shape none = MLRT_SHAPE_OF(0), three = MLRT_SHAPE_OF(3);
    call c = {"gather",   level, NULL, uniform(three, 1, 2), {tensor(MLRT_F32, none), integers(three, 0, 1)},
              .inputs = 2};
    ok(run_call(&c) == MLRT_RANGE && f32(&c.out, 0) == 0 && f32(&c.out, 2) == 0, "%s: gather from an empty table",
       mlrt__level_name(level));
    free_call(&c);
}

int main(void) {
    for
        EACH_LEVEL(level) {
            test_gather(level);
            test_scatter(level);
            test_along(level);
            test_outside(level);
            test_empty_table(level);
        }
    return done_testing();
}
