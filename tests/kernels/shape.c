/* shape.c - tests of the ops that move elements. */
#include "call.h"

/* Elements are compared as bytes: every dtype moves alike. */
static mlrt_tensor numbered(mlrt_dtype dtype, mlrt_shape shape) {
    mlrt_tensor t = tensor(dtype, shape);
    uint8_t *bytes = t.data;
    for (size_t i = 0; i < mlrt_tensor_bytes(&t); i++) bytes[i] = (uint8_t)(draw(0, 256));
    return t;
}

static bool equal_at(const mlrt_tensor *a, int64_t i, const mlrt_tensor *b, int64_t j) {
    const size_t size = mlrt_dtype_size(a->dtype);
    return memcmp((const char *)a->data + (size_t)i * size, (const char *)b->data + (size_t)j * size, size) == 0;
}

static void unravel(const mlrt_shape *s, int64_t i, int64_t *index) {
    for (int32_t axis = s->rank - 1; axis >= 0; i /= s->dim[axis--]) index[axis] = i % s->dim[axis];
}

static int64_t ravel(const mlrt_shape *s, const int64_t *index) {
    int64_t at = 0;
    for (int32_t axis = 0; axis < s->rank; axis++) at = at * s->dim[axis] + index[axis];
    return at;
}

static const mlrt_dtype dtypes[] = {MLRT_F32, MLRT_BF16, MLRT_I32, MLRT_U8};
#define EACH_DTYPE(d) (size_t d = 0; d < 4; d++)

/* ---- transpose ---- */

static const struct {
    mlrt_shape shape;
    mlrt__perm_attr perm;
} turns[] = {
    {{1, {5}}, {{0}}},
    {{2, {1, 1}}, {{1, 0}}},
    {{2, {3, 5}}, {{1, 0}}},
    {{2, {300, 3}}, {{1, 0}}},
    {{2, {3, 300}}, {{1, 0}}},
    {{2, {16, 16}}, {{1, 0}}},
    {{2, {129, 515}}, {{1, 0}}},
    {{3, {5, 33, 17}}, {{0, 2, 1}}},
    {{3, {5, 33, 17}}, {{2, 1, 0}}},
    {{3, {20, 30, 40}}, {{1, 2, 0}}},
    {{4, {3, 10, 4, 16}}, {{0, 2, 1, 3}}},
    {{4, {3, 4, 10, 16}}, {{0, 2, 3, 1}}},
    {{8, {2, 3, 1, 2, 3, 2, 1, 5}}, {{7, 2, 4, 0, 6, 5, 1, 3}}},
    {{3, {4, 0, 6}}, {{2, 1, 0}}},
};

static bool turned(const call *c) {
    const mlrt__perm_attr *perm = c->attr;
    for (int64_t i = 0; i < count_of(&c->out); i++) {
        int64_t to[MLRT_MAX_RANK], from[MLRT_MAX_RANK];
        unravel(&c->out.shape, i, to);
        for (int32_t axis = 0; axis < c->out.shape.rank; axis++) from[perm->perm[axis]] = to[axis];
        if (!equal_at(&c->out, i, &c->in[0], ravel(&c->in[0].shape, from))) return false;
    }
    return true;
}

static void test_transpose(int32_t level) {
    for (size_t t = 0; t < sizeof turns / sizeof *turns; t++) {
        char text[MLRT_SHAPE_TEXT];
        bool good = true;
        for
            EACH_DTYPE(d) {
                mlrt_shape out = turns[t].shape;
                for (int32_t i = 0; i < out.rank; i++) out.dim[i] = turns[t].shape.dim[turns[t].perm.perm[i]];
                call c = {"transpose", level, &turns[t].perm, tensor(dtypes[d], out), .inputs = 1};
                c.in[0] = numbered(dtypes[d], turns[t].shape);
                good &= run_call(&c) == MLRT_OK && turned(&c);
                free_call(&c);
            }
        ok(good, "%s: %s transposed", mlrt__level_name(level), mlrt_shape_text(&turns[t].shape, text, sizeof text));
    }
}

/* ---- broadcast ---- */

static const mlrt_shape broadcasts[][2] = {
    {MLRT_SCALAR, MLRT_SCALAR},        {MLRT_SCALAR, {2, {3, 40000}}},
    {{1, {7}}, {3, {3, 5, 7}}},        {{2, {700, 1}}, {2, {700, 9}}},
    {{3, {3, 1, 5}}, {3, {3, 11, 5}}}, {{8, {1, 3, 1, 1, 3, 1, 1, 5}}, {8, {2, 3, 1, 2, 3, 2, 1, 5}}},
    {{2, {3, 1}}, {2, {3, 0}}},
};

static void test_broadcast(int32_t level) {
    for (size_t t = 0; t < sizeof broadcasts / sizeof *broadcasts; t++) {
        char text[MLRT_SHAPE_TEXT];
        bool good = true;
        for
            EACH_DTYPE(d) {
                const mlrt__shape_attr attr = {broadcasts[t][1]};
                call c = {"broadcast", level, &attr, tensor(dtypes[d], attr.shape), .inputs = 1};
                c.in[0] = numbered(dtypes[d], broadcasts[t][0]);
                good &= run_call(&c) == MLRT_OK;
                for (int64_t i = 0; i < count_of(&c.out); i++)
                    good &= equal_at(&c.out, i, &c.in[0], broadcast_index(&attr.shape, &c.in[0].shape, i));
                free_call(&c);
            }
        ok(good, "%s: broadcast to %s", mlrt__level_name(level), mlrt_shape_text(&broadcasts[t][1], text, sizeof text));
    }
}

/* ---- slice and pad ---- */

static const struct {
    mlrt_shape shape;
    mlrt__slice_attr slice;
} slices[] = {
    {{1, {10}}, {0, 0, 2, 9, 3}},          {{2, {7, 50}}, {1, 0, 3, 40, 1}},   {{2, {7, 50}}, {1, 0, 0, 50, 2}},
    {{2, {700, 5}}, {0, 0, 1, 699, 7}},    {{3, {4, 9, 5}}, {1, 0, 8, 9, 1}},  {{3, {4, 9, 5}}, {1, 0, 3, 3, 1}},
    {{3, {100, 2, 300}}, {1, 0, 1, 2, 1}}, {{3, {3, 5, 40}}, {0, 0, 0, 3, 2}},
};

static bool sliced(const mlrt_tensor *small, const mlrt_tensor *large, const mlrt__slice_attr *a) {
    for (int64_t i = 0; i < count_of(small); i++) {
        int64_t index[MLRT_MAX_RANK];
        unravel(&small->shape, i, index);
        index[a->axis] = a->start + index[a->axis] * a->step;
        if (!equal_at(small, i, large, ravel(&large->shape, index))) return false;
    }
    return true;
}

/* How many elements are the value, which the data never is by chance. */
static int64_t padded(const mlrt_tensor *y) {
    int64_t count = 0;
    for (int64_t i = 0; i < count_of(y); i++)
        count += y->dtype == MLRT_F32    ? ((const float *)y->data)[i] == -1.5f
                 : y->dtype == MLRT_BF16 ? ((const uint16_t *)y->data)[i] == 0xbfc0
                                         : ((const int32_t *)y->data)[i] == -1;
    return count;
}

static void test_slice_and_pad(int32_t level) {
    for (size_t t = 0; t < sizeof slices / sizeof *slices; t++) {
        const mlrt__slice_attr *a = &slices[t].slice;
        const int64_t size = slices[t].shape.dim[a->axis];
        mlrt_shape out = slices[t].shape;
        const int64_t kept = out.dim[a->axis] = (a->stop - a->start + a->step - 1) / a->step;
        const mlrt__pad_attr pad = {.axis = a->axis,
                                    .value = -1.5f,
                                    .before = a->start,
                                    .after = size - (kept ? a->start + (kept - 1) * a->step + 1 : a->start),
                                    .step = a->step};
        char text[MLRT_SHAPE_TEXT];
        bool good = true, back = true;
        for
            EACH_DTYPE(d) {
                call c = {"slice",    level, a, tensor(dtypes[d], out), {numbered(dtypes[d], slices[t].shape)},
                          .inputs = 1};
                good &= run_call(&c) == MLRT_OK && sliced(&c.out, &c.in[0], a);
                call p = {"pad", level, &pad, tensor(dtypes[d], slices[t].shape), {c.out}, .inputs = 1};
                back &= run_call(&p) == MLRT_OK && sliced(&p.in[0], &p.out, a);
                if (dtypes[d] != MLRT_U8)
                    back &= padded(&p.out) - padded(&c.out) == count_of(&p.out) - count_of(&c.out);
                free(p.out.data);
                free_call(&c);
            }
        mlrt_shape_text(&slices[t].shape, text, sizeof text);
        ok(good, "%s: slice of %s", mlrt__level_name(level), text);
        ok(back, "%s: pad to %s", mlrt__level_name(level), text);
    }
}

/* ---- concat ---- */

static void test_concat(int32_t level) {
    const mlrt_shape shape = MLRT_SHAPE_OF(6, 5, 40);
    static const int64_t sizes[] = {1, 0, 7, 3};
    for (int32_t axis = 0; axis < 3; axis++) {
        const mlrt__axis_attr attr = {.axis = axis};
        bool good = true;
        for
            EACH_DTYPE(d) {
                mlrt_shape part = shape;
                call c = {"concat", level, &attr, .inputs = 4};
                for (int32_t i = 0; i < 4; i++) {
                    part.dim[axis] = sizes[i];
                    c.in[i] = numbered(dtypes[d], part);
                }
                part.dim[axis] = 11;
                c.out = tensor(dtypes[d], part);
                good &= run_call(&c) == MLRT_OK;
                int64_t start = 0;
                for (int32_t i = 0; i < 4; start += sizes[i++])
                    good &= sliced(&c.in[i], &c.out, &(mlrt__slice_attr){.axis = axis, .start = start, .step = 1});
                free_call(&c);
            }
        ok(good, "%s: concat along axis %d", mlrt__level_name(level), axis);
    }
}

/* ---- sources ---- */

static void test_sources(int32_t level) {
    const mlrt__full_attr attr = {.value = -3};
    const mlrt_shape shape = MLRT_SHAPE_OF(3, 50);
    call f = {"full", level, &attr, tensor(MLRT_F32, shape), .inputs = 0};
    call i = {"full", level, &attr, tensor(MLRT_I32, shape), .inputs = 0};
    call a = {"arange", level, &attr, tensor(MLRT_I32, MLRT_SHAPE_OF(150)), .inputs = 0};
    bool good = run_call(&f) == MLRT_OK && run_call(&i) == MLRT_OK && run_call(&a) == MLRT_OK;
    for (int32_t k = 0; k < 150; k++)
        good &= ((float *)f.out.data)[k] == -3 && ((int32_t *)i.out.data)[k] == -3 && ((int32_t *)a.out.data)[k] == k;
    ok(good, "%s: full and arange", mlrt__level_name(level));
    free_call(&f), free_call(&i), free_call(&a);
}

static void test_threads(int32_t level) {
    const mlrt__perm_attr perm = {{2, 0, 1}};
    const mlrt_shape in = MLRT_SHAPE_OF(37, 50, 61), out = MLRT_SHAPE_OF(61, 37, 50);
    call c = {"transpose", level, &perm, tensor(MLRT_F32, out), {numbered(MLRT_F32, in)}, .inputs = 1};
    ok(same_for_threads(&c) && turned(&c), "%s: threads share a transposition", mlrt__level_name(level));
    free_call(&c);
}

int main(void) {
    for
        EACH_LEVEL(level) {
            test_transpose(level);
            test_broadcast(level);
            test_slice_and_pad(level);
            test_concat(level);
            test_sources(level);
            test_threads(level);
        }
    return done_testing();
}
