/* shape.c - ops that move elements without changing them, and constant sources. All dtypes. */
#include "kernels/axis.h"
#include "kernels/move.h"
#include "kernels/team.h"
#include "kernels/vmath.h"
#include <stdlib.h>

enum { VALUE = -1 }; /* the source of a move that is a value, not an input */

/* What one op does: moves from its inputs to its output. */
typedef struct moves {
    int32_t count;
    int64_t pieces;
    union {
        uint32_t u32;
        uint16_t bf16;
        float f32;
        int32_t i32;
        uint8_t u8;
    } value;
    struct {
        int32_t input;
        move move;
    } item[];
} moves;

static moves *moves_new(mlrt_call *c, int32_t capacity, mlrt_error *err) {
    c->state = calloc(1, sizeof(moves) + (size_t)capacity * sizeof(((moves *)0)->item[0]));
    if (!c->state) mlrt_fail(err, MLRT_MEMORY, "out of memory");
    return c->state;
}

static void set_value(moves *m, mlrt_dtype dtype, double value) {
    switch (dtype) {
    case MLRT_F32: m->value.f32 = (float)value; break;
    case MLRT_BF16: m->value.bf16 = mlrt__to_bf16((float)value); break;
    case MLRT_I32: m->value.i32 = (int32_t)value; break;
    case MLRT_U8: m->value.u8 = (uint8_t)value; break;
    }
}

static void add(moves *m, const mlrt_call *c, int32_t input, int64_t to_first, int64_t from_first, mlrt__nest nest) {
    for (int32_t axis = 0; axis < nest.rank; axis++)
        if (nest.dim[axis] == 0) return;
    nest.operands = 2;
    move *item = &m->item[m->count].move;
    *item = (move){.nest = nest, .to_first = to_first, .from_first = from_first, .size = mlrt_dtype_size(c->out.dtype)};
    move_plan(item);
    m->item[m->count++].input = input;
    m->pieces += item->pieces;
}

static void contiguous(int64_t *stride, const mlrt_shape *shape) { mlrt__broadcast_strides(shape, shape, stride); }

/* ---- prepare ---- */

static mlrt_status prepare_broadcast(mlrt_call *c, mlrt_error *err) {
    moves *m = moves_new(c, 1, err);
    if (!m) return MLRT_MEMORY;
    mlrt__nest t = {.rank = c->out.shape.rank};
    memcpy(t.dim, c->out.shape.dim, sizeof t.dim);
    contiguous(t.stride[TO], &c->out.shape);
    mlrt__broadcast_strides(&c->in[0].shape, &c->out.shape, t.stride[FROM]);
    add(m, c, 0, 0, 0, t);
    return MLRT_OK;
}

static mlrt_status prepare_transpose(mlrt_call *c, mlrt_error *err) {
    const mlrt__perm_attr *attr = c->attr;
    moves *m = moves_new(c, 1, err);
    if (!m) return MLRT_MEMORY;
    mlrt__nest t = {.rank = c->out.shape.rank};
    int64_t stride[MLRT_MAX_RANK] = {0};
    memcpy(t.dim, c->out.shape.dim, sizeof t.dim);
    contiguous(t.stride[TO], &c->out.shape);
    contiguous(stride, &c->in[0].shape);
    for (int32_t i = 0; i < t.rank; i++) t.stride[FROM][i] = stride[attr->perm[i]];
    add(m, c, 0, 0, 0, t);
    return MLRT_OK;
}

static mlrt_status prepare_slice(mlrt_call *c, mlrt_error *err) {
    const mlrt__slice_attr *attr = c->attr;
    moves *m = moves_new(c, 1, err);
    if (!m) return MLRT_MEMORY;
    const mlrt__around x = mlrt__around_axis(&c->in[0].shape, attr->axis, 1);
    const int64_t n = c->out.shape.dim[attr->axis];
    add(m, c, 0, 0, attr->start * x.inner,
        (mlrt__nest){.rank = 3,
                     .dim = {x.outer, n, x.inner},
                     .stride = {{n * x.inner, x.inner, 1}, {x.n * x.inner, attr->step * x.inner, 1}}});
    return MLRT_OK;
}

static mlrt_status prepare_concat(mlrt_call *c, mlrt_error *err) {
    const int32_t axis = ((const mlrt__axis_attr *)c->attr)->axis;
    moves *m = moves_new(c, c->inputs, err);
    if (!m) return MLRT_MEMORY;
    const mlrt__around y = mlrt__around_axis(&c->out.shape, axis, 1);
    int64_t first = 0;
    for (int32_t i = 0; i < c->inputs; i++) {
        const int64_t row = c->in[i].shape.dim[axis] * y.inner;
        add(m, c, i, first, 0,
            (mlrt__nest){.rank = 2, .dim = {y.outer, row}, .stride = {{y.n * y.inner, 1}, {row, 1}}});
        first += row;
    }
    return MLRT_OK;
}

/* The elements, and the value before, after and between them. */
static mlrt_status prepare_pad(mlrt_call *c, mlrt_error *err) {
    const mlrt__pad_attr *attr = c->attr;
    moves *m = moves_new(c, 4, err);
    if (!m) return MLRT_MEMORY;
    set_value(m, c->out.dtype, (double)attr->value);
    const mlrt__around x = mlrt__around_axis(&c->in[0].shape, attr->axis, 1);
    const int64_t row = c->out.shape.dim[attr->axis] * x.inner, step = attr->step * x.inner;
    const int64_t before = attr->before * x.inner, after = attr->after * x.inner, gap = step - x.inner;
    add(m, c, 0, before, 0,
        (mlrt__nest){
            .rank = 3, .dim = {x.outer, x.n, x.inner}, .stride = {{row, step, 1}, {x.n * x.inner, x.inner, 1}}});
    add(m, c, VALUE, 0, 0, (mlrt__nest){.rank = 2, .dim = {x.outer, before}, .stride = {{row, 1}}});
    add(m, c, VALUE, row - after, 0, (mlrt__nest){.rank = 2, .dim = {x.outer, after}, .stride = {{row, 1}}});
    if (x.n > 1)
        add(m, c, VALUE, before + x.inner, 0,
            (mlrt__nest){.rank = 3, .dim = {x.outer, x.n - 1, gap}, .stride = {{row, step, 1}}});
    return MLRT_OK;
}

static mlrt_status prepare_full(mlrt_call *c, mlrt_error *err) {
    moves *m = moves_new(c, 1, err);
    if (!m) return MLRT_MEMORY;
    set_value(m, c->out.dtype, ((const mlrt__full_attr *)c->attr)->value);
    add(m, c, VALUE, 0, 0, (mlrt__nest){.rank = 1, .dim = {mlrt_shape_count(&c->out.shape)}, .stride = {{1}}});
    return MLRT_OK;
}

/* ---- run ---- */

static void run_pieces(const mlrt_call *c, int64_t first, int64_t last) {
    const moves *m = c->state;
    for (int32_t i = 0; i < m->count && last > 0; i++) {
        const move *item = &m->item[i].move;
        const void *from = m->item[i].input == VALUE ? &m->value : c->in[m->item[i].input].data;
        for (int64_t piece = first > 0 ? first : 0; piece < last && piece < item->pieces; piece++)
            move_piece(item, c->out.data, from, piece);
        first -= item->pieces;
        last -= item->pieces;
    }
}

static void run_moves(const mlrt_call *c) {
    mlrt__share(c, ((const moves *)c->state)->pieces, (double)mlrt_shape_count(&c->out.shape), run_pieces);
}

static void release(mlrt_call *c) {
    free(c->state);
    c->state = NULL;
}

static void run_arange(const mlrt_call *c) {
    int32_t *y = c->out.data;
    const int64_t n = mlrt_shape_count(&c->out.shape);
    for (int64_t i = 0; i < n; i++) y[i] = (int32_t)i;
}

const mlrt__kernel MLRT_KERNELS(shape)[] = {
    {"broadcast", .prepare = prepare_broadcast, .run = run_moves, .release = release},
    {"transpose", .prepare = prepare_transpose, .run = run_moves, .release = release},
    {"slice", .prepare = prepare_slice, .run = run_moves, .release = release},
    {"concat", .prepare = prepare_concat, .run = run_moves, .release = release},
    {"pad", .prepare = prepare_pad, .run = run_moves, .release = release},
    {"full", .prepare = prepare_full, .run = run_moves, .release = release},
    {"arange", .run = run_arange},
    {0},
};
