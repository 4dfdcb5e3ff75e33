/* reduce.c - sums, maxima and running sums along axes.
 *
 * The kernels reduce one run of neighbouring axes; other sets of axes are taken one run at a time, from the last. */
#include "graph/build.h"

static mlrt_status infer_reduce(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt__axis_attr *a = n->attr;
    const mlrt_shape *in = &n->in[0]->shape;
    *dtype = n->op == &mlrt__op_argmax ? MLRT_I32 : MLRT_F32;
    *shape = (mlrt_shape){.rank = 0};
    for (int32_t i = 0; i < in->rank; i++)
        if (i < a->axis || i >= a->axis + a->option) shape->dim[shape->rank++] = in->dim[i];
    if (n->op != &mlrt__op_sum)
        for (int32_t i = a->axis; i < a->axis + a->option; i++)
            if (in->dim[i] == 0)
                return mlrt_fail(err, MLRT_SHAPE, "%s: nothing to choose from along axis %d", n->op->name, i);
    return mlrt__need_f32(n, err);
}

/* The result of a reduction with its axes back as ones, ready to broadcast against the input. */
static mlrt_node *with_axes(mlrt_node *r, const mlrt_node *y) {
    const mlrt__axis_attr *a = y->attr;
    mlrt_shape s = y->in[0]->shape;
    for (int32_t i = a->axis; i < a->axis + a->option; i++) s.dim[i] = 1;
    return mlrt_reshape(r, s);
}

static void vjp_sum(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    dx[0] = mlrt_broadcast(with_axes(dy, y), y->in[0]->shape);
}

/* Ties share the gradient equally, in each run of axes. */
static void vjp_max(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    const mlrt__axis_attr *a = y->attr;
    mlrt_node *hit = mlrt_eq(y->in[0], with_axes(y, y));
    uint32_t axes = 0;
    for (int32_t i = 0; i < a->option; i++) axes |= MLRT_AXIS(a->axis + i);
    dx[0] = mlrt_mul(with_axes(dy, y), mlrt_div(hit, mlrt_sum(hit, axes, true)));
}

#define REDUCE(id, text, gradient)                                                                                     \
    const mlrt_op mlrt__op_##id = {.name = text,                                                                       \
                                   .min_inputs = 1,                                                                    \
                                   .max_inputs = 1,                                                                    \
                                   .attr_size = sizeof(mlrt__axis_attr),                                               \
                                   .infer = infer_reduce,                                                              \
                                   .vjp = gradient}
REDUCE(sum, "sum", vjp_sum);
REDUCE(max, "max_reduce", vjp_max);
REDUCE(argmax, "argmax", NULL);

static mlrt_node *reduce(const mlrt_op *op, mlrt_node *x, uint32_t axes, bool keep) {
    mlrt_shape kept = x->shape;
    mlrt_node *y = x;
    if (axes != MLRT_ALL_AXES && axes >> x->shape.rank) {
        mlrt__axis_of(x, 31 - __builtin_clz(axes));
        return x->graph->failed;
    }
    for (int32_t last = x->shape.rank; last > 0; last--) {
        int32_t first = last;
        while (first > 0 && axes & MLRT_AXIS(first - 1)) kept.dim[--first] = 1;
        if (first == last) continue;
        const mlrt__axis_attr attr = {.axis = first, .option = last - first};
        y = MLRT__APPLY(op, &attr, y);
        last = first + 1;
    }
    return keep ? mlrt_reshape(y, kept) : y;
}

uint32_t mlrt_axis(const mlrt_node *x, int32_t axis) {
    const int32_t a = mlrt__axis_of(x, axis);
    return MLRT_AXIS(a < 0 ? 31 : a); /* an axis that no tensor has: the reduction fails as well */
}

mlrt_node *mlrt_sum(mlrt_node *x, uint32_t axes, bool keep) { return reduce(&mlrt__op_sum, x, axes, keep); }
mlrt_node *mlrt_max(mlrt_node *x, uint32_t axes, bool keep) { return reduce(&mlrt__op_max, x, axes, keep); }
mlrt_node *mlrt_min(mlrt_node *x, uint32_t axes, bool keep) { return mlrt_neg(mlrt_max(mlrt_neg(x), axes, keep)); }

mlrt_node *mlrt_mean(mlrt_node *x, uint32_t axes, bool keep) {
    mlrt_node *s = mlrt_sum(x, axes, keep);
    const int64_t from = mlrt_count(x), to = mlrt_count(s);
    return mlrt_mul_scalar(s, from ? (double)to / (double)from : 0);
}

mlrt_node *mlrt_variance(mlrt_node *x, uint32_t axes, bool keep) {
    return mlrt_mean(mlrt_square(mlrt_sub(x, mlrt_mean(x, axes, true))), axes, keep);
}

mlrt_node *mlrt_argmax(mlrt_node *x, int32_t axis) {
    const mlrt__axis_attr attr = {.axis = mlrt__axis_of(x, axis), .option = 1};
    return attr.axis < 0 ? x->graph->failed : MLRT__APPLY(&mlrt__op_argmax, &attr, x);
}

/* ---- running sums ---- */

static mlrt_status infer_along(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    *dtype = n->op == &mlrt__op_argsort ? MLRT_I32 : MLRT_F32;
    *shape = n->in[0]->shape;
    return mlrt__need_f32(n, err);
}

static void vjp_cumsum(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    const mlrt__axis_attr *a = y->attr;
    dx[0] = mlrt_cumsum(dy, a->axis, !a->option);
}

const mlrt_op mlrt__op_cumsum = {.name = "cumsum",
                                 .min_inputs = 1,
                                 .max_inputs = 1,
                                 .attr_size = sizeof(mlrt__axis_attr),
                                 .infer = infer_along,
                                 .vjp = vjp_cumsum};
const mlrt_op mlrt__op_argsort = {
    .name = "argsort", .min_inputs = 1, .max_inputs = 1, .attr_size = sizeof(mlrt__axis_attr), .infer = infer_along};

mlrt_node *mlrt_cumsum(mlrt_node *x, int32_t axis, bool reverse) {
    const mlrt__axis_attr attr = {.axis = mlrt__axis_of(x, axis), .option = reverse};
    return attr.axis < 0 ? x->graph->failed : MLRT__APPLY(&mlrt__op_cumsum, &attr, x);
}

mlrt_node *mlrt_argsort(mlrt_node *x, int32_t axis) {
    const mlrt__axis_attr attr = {.axis = mlrt__axis_of(x, axis)};
    return attr.axis < 0 ? x->graph->failed : MLRT__APPLY(&mlrt__op_argsort, &attr, x);
}

static mlrt_status infer_pairs(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    *dtype = MLRT_F32, *shape = n->in[0]->shape;
    return mlrt__need_f32(n, err);
}

static void vjp_pairs(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    dx[0] = MLRT__APPLY(&mlrt__op_order_pairs, y->attr, dy, y->in[1]);
}

const mlrt_op mlrt__op_order_pairs = {.name = "order_pairs",
                                      .min_inputs = 2,
                                      .max_inputs = 2,
                                      .attr_size = sizeof(mlrt__axis_attr),
                                      .flags = MLRT_OP_INPLACE,
                                      .infer = infer_pairs,
                                      .vjp = vjp_pairs};

/* Pairs, of which many networks are made (GroupSort), need no index. */
mlrt_node *mlrt_sort(mlrt_node *x, int32_t axis) {
    const mlrt__axis_attr attr = {.axis = mlrt__axis_of(x, axis)};
    if (attr.axis >= 0 && x->dtype == MLRT_F32 && x->shape.dim[attr.axis] == 2)
        return MLRT__APPLY(&mlrt__op_order_pairs, &attr, x, x);
    return mlrt_take_along(x, mlrt_argsort(x, axis), axis);
}
