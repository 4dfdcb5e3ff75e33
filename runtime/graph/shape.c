/* shape.c - nodes that move elements without changing them. */
#include "graph/build.h"
#include <inttypes.h>
#include <string.h>

int32_t mlrt__axis_of(const mlrt_node *x, int32_t axis) {
    const int32_t rank = x->shape.rank, a = axis < 0 ? axis + rank : axis;
    char text[MLRT_SHAPE_TEXT];
    if (a >= 0 && a < rank) return a;
    if (!mlrt_failed(x))
        mlrt_graph_fail(x->graph, MLRT_SHAPE, "there is no axis %d in %s", axis,
                        mlrt_shape_text(&x->shape, text, sizeof text));
    return -1;
}

static mlrt_status keep_dtype(const mlrt_node *n, mlrt_dtype *dtype) {
    *dtype = n->in[0]->dtype;
    return MLRT_OK;
}

/* ---- reshape: a view ---- */

static mlrt_status infer_reshape(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    *shape = ((const mlrt__shape_attr *)n->attr)->shape;
    const int64_t count = mlrt_shape_count(&n->in[0]->shape);
    int64_t known = 1;
    int32_t open = -1, opens = 0;
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] == -1)
            open = i, opens++;
        else
            known *= shape->dim[i];
    if (opens == 1 && known > 0 && count % known == 0) shape->dim[open] = count / known;
    bool fits = opens <= 1 && mlrt_shape_count(shape) == count;
    for (int32_t i = 0; i < shape->rank; i++) fits = fits && shape->dim[i] >= 0;
    if (fits) return keep_dtype(n, dtype);
    char a[MLRT_SHAPE_TEXT], b[MLRT_SHAPE_TEXT];
    return mlrt_fail(err, MLRT_SHAPE, "reshape: %s has %" PRId64 " elements and cannot become %s",
                     mlrt_shape_text(&n->in[0]->shape, a, sizeof a), count,
                     mlrt_shape_text(&((const mlrt__shape_attr *)n->attr)->shape, b, sizeof b));
}

static void vjp_reshape(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) { dx[0] = mlrt_reshape(dy, y->in[0]->shape); }

const mlrt_op mlrt__op_reshape = {.name = "reshape",
                                  .min_inputs = 1,
                                  .max_inputs = 1,
                                  .attr_size = sizeof(mlrt__shape_attr),
                                  .infer = infer_reshape,
                                  .vjp = vjp_reshape};

/* One number everywhere, in whatever shape. */
static bool is_number(const mlrt_node *x, double *value) { return mlrt__is_full(x, value) && x->dtype == MLRT_F32; }

mlrt_node *mlrt_reshape(mlrt_node *x, mlrt_shape shape) {
    const mlrt__shape_attr attr = {mlrt__clean(shape)};
    double value;
    if (mlrt_failed(x) || mlrt_shape_equal(&x->shape, &shape)) return x;
    if (x->op == &mlrt__op_reshape && !x->name) x = x->in[0];
    if (mlrt_shape_equal(&x->shape, &shape)) return x;
    if (is_number(x, &value) && mlrt_shape_count(&shape) == mlrt_shape_count(&x->shape))
        return mlrt_full(x->graph, shape, value);
    return MLRT__APPLY(&mlrt__op_reshape, &attr, x);
}

static mlrt_status infer_same(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    (void)err;
    *shape = n->in[0]->shape;
    return keep_dtype(n, dtype);
}

const mlrt_op mlrt__op_stop_gradient = {.name = "stop_gradient", .min_inputs = 1, .max_inputs = 1, .infer = infer_same};

mlrt_node *mlrt_stop_gradient(mlrt_node *x) { return MLRT__APPLY(&mlrt__op_stop_gradient, NULL, x); }

bool mlrt__is_view(const mlrt_node *n) {
    if (n->op == &mlrt__op_reshape || n->op == &mlrt__op_stop_gradient) return true;
    if (n->op != &mlrt__op_slice) return false;
    const mlrt__slice_attr *a = n->attr;
    return a->step == 1 && n->shape.rank == 1;
}

int64_t mlrt__view_offset(const mlrt_node *n) {
    return n->op == &mlrt__op_slice ? ((const mlrt__slice_attr *)n->attr)->start : 0;
}

/* ---- transpose ---- */

static mlrt_status infer_transpose(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt__perm_attr *a = n->attr;
    const mlrt_shape *in = &n->in[0]->shape;
    uint32_t used = 0;
    *shape = *in;
    for (int32_t i = 0; i < in->rank; i++) {
        const int32_t p = a->perm[i];
        if (p < 0 || p >= in->rank || used & MLRT_AXIS(p))
            return mlrt_fail(err, MLRT_ARGUMENT, "transpose: not a permutation of %d axes", in->rank);
        used |= MLRT_AXIS(p);
        shape->dim[i] = in->dim[p];
    }
    return keep_dtype(n, dtype);
}

static void vjp_transpose(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    const mlrt__perm_attr *a = y->attr;
    int32_t inverse[MLRT_MAX_RANK] = {0};
    for (int32_t i = 0; i < y->shape.rank; i++) inverse[a->perm[i]] = i;
    dx[0] = mlrt_transpose(dy, inverse);
}

const mlrt_op mlrt__op_transpose = {.name = "transpose",
                                    .min_inputs = 1,
                                    .max_inputs = 1,
                                    .attr_size = sizeof(mlrt__perm_attr),
                                    .infer = infer_transpose,
                                    .vjp = vjp_transpose};

mlrt_node *mlrt_transpose(mlrt_node *x, const int32_t *permutation) {
    mlrt__perm_attr attr = {{0}};
    bool moves = false;
    for (int32_t i = 0; i < x->shape.rank; i++) {
        attr.perm[i] = permutation[i];
        moves = moves || permutation[i] != i;
    }
    return moves ? MLRT__APPLY(&mlrt__op_transpose, &attr, x) : x;
}

mlrt_node *mlrt_swap_axes(mlrt_node *x, int32_t a, int32_t b) {
    int32_t perm[MLRT_MAX_RANK];
    const int32_t first = mlrt__axis_of(x, a), second = mlrt__axis_of(x, b);
    if (first < 0 || second < 0) return x->graph->failed;
    for (int32_t i = 0; i < x->shape.rank; i++) perm[i] = i;
    perm[first] = second, perm[second] = first;
    return mlrt_transpose(x, perm);
}

/* ---- broadcast, and its gradient ---- */

static mlrt_status infer_broadcast(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt_shape *wanted = &((const mlrt__shape_attr *)n->attr)->shape;
    *shape = n->in[0]->shape;
    if (mlrt__broadcast_shapes(shape, wanted) && mlrt_shape_equal(shape, wanted)) return keep_dtype(n, dtype);
    char a[MLRT_SHAPE_TEXT], b[MLRT_SHAPE_TEXT];
    return mlrt_fail(err, MLRT_SHAPE, "broadcast: %s does not broadcast to %s",
                     mlrt_shape_text(&n->in[0]->shape, a, sizeof a), mlrt_shape_text(wanted, b, sizeof b));
}

static void vjp_broadcast(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) { dx[0] = mlrt__sum_to(dy, &y->in[0]->shape); }

const mlrt_op mlrt__op_broadcast = {.name = "broadcast",
                                    .min_inputs = 1,
                                    .max_inputs = 1,
                                    .attr_size = sizeof(mlrt__shape_attr),
                                    .infer = infer_broadcast,
                                    .vjp = vjp_broadcast};

mlrt_node *mlrt_broadcast(mlrt_node *x, mlrt_shape shape) {
    const mlrt__shape_attr attr = {mlrt__clean(shape)};
    mlrt_shape whole = x->shape;
    double value;
    if (mlrt_failed(x) || mlrt_shape_equal(&x->shape, &shape)) return x;
    if (is_number(x, &value) && mlrt__broadcast_shapes(&whole, &shape) && mlrt_shape_equal(&whole, &shape))
        return mlrt_full(x->graph, shape, value);
    return MLRT__APPLY(&mlrt__op_broadcast, &attr, x);
}

mlrt_node *mlrt__sum_to(mlrt_node *dy, const mlrt_shape *shape) {
    if (mlrt_failed(dy) || mlrt_shape_equal(&dy->shape, shape)) return dy;
    mlrt_shape full = dy->shape;
    if (!mlrt__broadcast_shapes(&full, shape)) return mlrt_graph_fail(dy->graph, MLRT_SHAPE, "gradient does not fit");
    if (!mlrt_shape_equal(&full, &dy->shape)) return mlrt_broadcast(dy, full); /* dy itself is a broadcast scalar */
    const int32_t extra = dy->shape.rank - shape->rank;
    uint32_t axes = 0;
    for (int32_t i = 0; i < dy->shape.rank; i++)
        if (i < extra || (shape->dim[i - extra] == 1 && dy->shape.dim[i] != 1)) axes |= MLRT_AXIS(i);
    return mlrt_reshape(mlrt_sum(dy, axes, true), *shape);
}

/* ---- slice and pad, each the other's gradient ---- */

static mlrt_status infer_slice(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt__slice_attr *a = n->attr;
    *shape = n->in[0]->shape;
    const int64_t size = shape->dim[a->axis];
    if (a->start < 0 || a->stop < a->start || a->stop > size || a->step < 1)
        return mlrt_fail(err, MLRT_RANGE,
                         "slice: %" PRId64 " to %" PRId64 " by %" PRId64 " does not lie in an axis of %" PRId64,
                         a->start, a->stop, a->step, size);
    shape->dim[a->axis] = (a->stop - a->start + a->step - 1) / a->step;
    return keep_dtype(n, dtype);
}

static mlrt_node *pad(mlrt_node *x, mlrt__pad_attr attr) { return MLRT__APPLY(&mlrt__op_pad, &attr, x); }

static void vjp_slice(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    const mlrt__slice_attr *a = y->attr;
    const int64_t size = y->in[0]->shape.dim[a->axis], kept = y->shape.dim[a->axis];
    const int64_t last = kept ? a->start + (kept - 1) * a->step + 1 : a->start;
    dx[0] = pad(dy, (mlrt__pad_attr){.axis = a->axis, .before = a->start, .after = size - last, .step = a->step});
}

const mlrt_op mlrt__op_slice = {.name = "slice",
                                .min_inputs = 1,
                                .max_inputs = 1,
                                .attr_size = sizeof(mlrt__slice_attr),
                                .infer = infer_slice,
                                .vjp = vjp_slice};

mlrt_node *mlrt_slice(mlrt_node *x, int32_t axis, int64_t start, int64_t stop, int64_t step) {
    const mlrt__slice_attr attr = {.axis = mlrt__axis_of(x, axis), .start = start, .stop = stop, .step = step};
    if (attr.axis < 0) return x->graph->failed;
    if (start == 0 && step == 1 && stop == x->shape.dim[attr.axis]) return x;
    return MLRT__APPLY(&mlrt__op_slice, &attr, x);
}

static mlrt_status infer_pad(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt__pad_attr *a = n->attr;
    *shape = n->in[0]->shape;
    if (a->before < 0 || a->after < 0)
        return mlrt_fail(err, MLRT_RANGE, "pad: %" PRId64 " before and %" PRId64 " after must not be negative",
                         a->before, a->after);
    const int64_t size = shape->dim[a->axis];
    shape->dim[a->axis] = a->before + (size ? (size - 1) * a->step + 1 : 0) + a->after;
    return keep_dtype(n, dtype);
}

static void vjp_pad(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    const mlrt__pad_attr *a = y->attr;
    dx[0] = mlrt_slice(dy, a->axis, a->before, y->shape.dim[a->axis] - a->after, a->step);
}

const mlrt_op mlrt__op_pad = {.name = "pad",
                              .min_inputs = 1,
                              .max_inputs = 1,
                              .attr_size = sizeof(mlrt__pad_attr),
                              .infer = infer_pad,
                              .vjp = vjp_pad};

mlrt_node *mlrt_pad(mlrt_node *x, int32_t axis, int64_t before, int64_t after, double value) {
    const int32_t a = mlrt__axis_of(x, axis);
    if (a < 0) return x->graph->failed;
    return pad(x, (mlrt__pad_attr){.axis = a, .value = (float)value, .before = before, .after = after, .step = 1});
}

/* ---- concat ---- */

static mlrt_status infer_concat(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const int32_t axis = ((const mlrt__axis_attr *)n->attr)->axis;
    *shape = n->in[0]->shape;
    for (int32_t i = 1; i < n->inputs; i++) {
        mlrt_shape other = n->in[i]->shape;
        if (mlrt__need_dtype(n, i, n->in[0]->dtype, err) != MLRT_OK) return err->status;
        const int64_t more = other.rank == shape->rank ? other.dim[axis] : -1;
        other.dim[axis] = shape->dim[axis];
        if (more < 0 || !mlrt_shape_equal(&other, shape))
            return mlrt__misfit(n, err, "all axes but the joined one must be equal");
        shape->dim[axis] += more;
    }
    return keep_dtype(n, dtype);
}

static void vjp_concat(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    const int32_t axis = ((const mlrt__axis_attr *)y->attr)->axis;
    int64_t at = 0;
    for (int32_t i = 0; i < y->inputs; i++) {
        const int64_t size = y->in[i]->shape.dim[axis];
        dx[i] = mlrt_slice(dy, axis, at, at + size, 1);
        at += size;
    }
}

const mlrt_op mlrt__op_concat = {.name = "concat",
                                 .min_inputs = 1,
                                 .max_inputs = INT32_MAX,
                                 .attr_size = sizeof(mlrt__axis_attr),
                                 .infer = infer_concat,
                                 .vjp = vjp_concat};

mlrt_node *mlrt_concat(mlrt_node *const *x, int32_t count, int32_t axis) {
    const mlrt__axis_attr attr = {.axis = mlrt__axis_of(x[0], axis)};
    if (attr.axis < 0) return x[0]->graph->failed;
    return count == 1 ? x[0] : mlrt_apply(x[0]->graph, &mlrt__op_concat, x, count, &attr);
}

/* ---- packs: several tensors in one vector ---- */

enum { PACK_ALIGN = 16 };

int64_t mlrt_pack_offset(const mlrt_shape *const *shape, int32_t i) {
    int64_t at = 0;
    for (int32_t k = 0; k < i; k++) at += (mlrt_shape_count(shape[k]) + PACK_ALIGN - 1) / PACK_ALIGN * PACK_ALIGN;
    return at;
}

int64_t mlrt_pack_size(const mlrt_shape *const *shape, int32_t count) { return mlrt_pack_offset(shape, count); }

mlrt_node *mlrt_unpack(mlrt_node *p, const mlrt_shape *const *shape, int32_t i) {
    const int64_t start = mlrt_pack_offset(shape, i);
    return mlrt_reshape(mlrt_slice(p, 0, start, start + mlrt_shape_count(shape[i]), 1), *shape[i]);
}
