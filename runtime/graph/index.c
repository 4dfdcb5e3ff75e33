/* index.c - looking elements up by number; each look-up is the gradient of an addition, and the other way round. */
#include "graph/build.h"
#include "graph/unpad.h"
#include <inttypes.h>

/* ---- rows of a table ---- */

static mlrt_status infer_gather(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt_shape *table = &n->in[0]->shape, *index = &n->in[1]->shape;
    if (mlrt__need_dtype(n, 1, MLRT_I32, err) != MLRT_OK) return err->status;
    if (table->rank < 1 || index->rank + table->rank - 1 > MLRT_MAX_RANK)
        return mlrt__misfit(n, err, "the table needs rows, and the result at most 8 dimensions");
    *dtype = n->in[0]->dtype;
    *shape = *index;
    for (int32_t i = 1; i < table->rank; i++) shape->dim[shape->rank++] = table->dim[i];
    return MLRT_OK;
}

static void vjp_gather(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    dx[0] = mlrt_scatter_add(y->in[1], dy, y->in[0]->shape.dim[0]);
}

const mlrt_op mlrt__op_gather = {
    .name = "gather", .min_inputs = 2, .max_inputs = 2, .infer = infer_gather, .vjp = vjp_gather};

mlrt_node *mlrt_gather(mlrt_node *table, mlrt_node *index) { return MLRT__APPLY(&mlrt__op_gather, NULL, table, index); }

static mlrt_status infer_scatter(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt_shape *index = &n->in[0]->shape, *update = &n->in[1]->shape;
    if (mlrt__need_dtype(n, 0, MLRT_I32, err) != MLRT_OK || mlrt__need_dtype(n, 1, MLRT_F32, err) != MLRT_OK)
        return err->status;
    mlrt_shape front = *update;
    front.rank = index->rank < update->rank ? index->rank : update->rank;
    const int64_t rows = ((const mlrt__rows_attr *)n->attr)->rows;
    if (!mlrt_shape_equal(&front, index)) return mlrt__misfit(n, err, "the update begins with the shape of the index");
    if (update->rank - index->rank >= MLRT_MAX_RANK) return mlrt__misfit(n, err, "the result has at most 8 dimensions");
    if (rows < 0) return mlrt_fail(err, MLRT_RANGE, "scatter_add: %" PRId64 " rows", rows);
    *dtype = MLRT_F32;
    *shape = (mlrt_shape){.rank = 1, .dim = {rows}};
    for (int32_t i = index->rank; i < update->rank; i++) shape->dim[shape->rank++] = update->dim[i];
    return MLRT_OK;
}

static void vjp_scatter(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) { dx[1] = mlrt_gather(dy, y->in[0]); }

const mlrt_op mlrt__op_scatter_add = {.name = "scatter_add",
                                      .min_inputs = 2,
                                      .max_inputs = 2,
                                      .attr_size = sizeof(mlrt__rows_attr),
                                      .infer = infer_scatter,
                                      .vjp = vjp_scatter};

mlrt_node *mlrt_scatter_add(mlrt_node *index, mlrt_node *update, int64_t rows) {
    const mlrt__rows_attr attr = {rows};
    return MLRT__APPLY(&mlrt__op_scatter_add, &attr, index, update);
}

/* ---- rows without padding ---- */

static mlrt_status infer_starts(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    if (mlrt__need_f32(n, err) != MLRT_OK) return err->status;
    if (n->in[0]->shape.rank != 2) return mlrt__misfit(n, err, "a mask is [B, T]");
    *dtype = MLRT_I32, *shape = MLRT_SHAPE_OF(mlrt_dim(n->in[0], 0) + 1);
    return MLRT_OK;
}

static mlrt_status infer_kept(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const int64_t length = ((const mlrt__kept_attr *)n->attr)->length, batch = mlrt_dim(n->in[0], 0) - 1;
    if (mlrt__need_dtype(n, 0, MLRT_I32, err) != MLRT_OK) return err->status;
    if (n->in[0]->shape.rank != 1 || batch < 0) return mlrt__misfit(n, err, "starts are [B + 1]");
    *dtype = MLRT_I32, *shape = MLRT_SHAPE_OF(1, batch * length);
    return MLRT_OK;
}

const mlrt_op mlrt__op_row_starts = {.name = "row_starts", .min_inputs = 1, .max_inputs = 1, .infer = infer_starts};
const mlrt_op mlrt__op_rows_kept = {
    .name = "rows_kept", .min_inputs = 1, .max_inputs = 1, .attr_size = sizeof(mlrt__kept_attr), .infer = infer_kept};

mlrt_node *mlrt__row_starts(mlrt_node *mask) { return MLRT__APPLY(&mlrt__op_row_starts, NULL, mask); }

mlrt_node *mlrt__rows_kept(mlrt_node *starts, int64_t length) {
    return MLRT__APPLY(&mlrt__op_rows_kept, &(mlrt__kept_attr){length}, starts);
}

/* ---- along an axis ---- */

static bool same_but(const mlrt_shape *a, const mlrt_shape *b, int32_t axis) {
    mlrt_shape s = *a;
    if (a->rank != b->rank) return false;
    s.dim[axis] = b->dim[axis];
    return mlrt_shape_equal(&s, b);
}

static mlrt_status infer_take(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const int32_t axis = ((const mlrt__axis_attr *)n->attr)->axis;
    if (mlrt__need_dtype(n, 1, MLRT_I32, err) != MLRT_OK) return err->status;
    *dtype = n->in[0]->dtype, *shape = n->in[1]->shape;
    return same_but(shape, &n->in[0]->shape, axis) ? MLRT_OK
                                                   : mlrt__misfit(n, err, "they may differ along the axis only");
}

static void vjp_take(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    const int32_t axis = ((const mlrt__axis_attr *)y->attr)->axis;
    dx[0] = mlrt_add_along(y->in[1], dy, axis, y->in[0]->shape.dim[axis]);
}

const mlrt_op mlrt__op_take_along = {.name = "take_along",
                                     .min_inputs = 2,
                                     .max_inputs = 2,
                                     .attr_size = sizeof(mlrt__axis_attr),
                                     .infer = infer_take,
                                     .vjp = vjp_take};

mlrt_node *mlrt_take_along(mlrt_node *x, mlrt_node *index, int32_t axis) {
    const mlrt__axis_attr attr = {.axis = mlrt__axis_of(x, axis)};
    return attr.axis < 0 ? x->graph->failed : MLRT__APPLY(&mlrt__op_take_along, &attr, x, index);
}

static mlrt_status infer_add_along(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt__add_along_attr *a = n->attr;
    if (mlrt__need_dtype(n, 0, MLRT_I32, err) != MLRT_OK || mlrt__need_dtype(n, 1, MLRT_F32, err) != MLRT_OK)
        return err->status;
    if (!mlrt_shape_equal(&n->in[0]->shape, &n->in[1]->shape)) return mlrt__misfit(n, err, "they must be equal");
    if (a->size < 0) return mlrt_fail(err, MLRT_RANGE, "add_along: an axis of %" PRId64, a->size);
    *dtype = MLRT_F32, *shape = n->in[1]->shape;
    shape->dim[a->axis] = a->size;
    return MLRT_OK;
}

static void vjp_add_along(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    dx[1] = mlrt_take_along(dy, y->in[0], ((const mlrt__add_along_attr *)y->attr)->axis);
}

const mlrt_op mlrt__op_add_along = {.name = "add_along",
                                    .min_inputs = 2,
                                    .max_inputs = 2,
                                    .attr_size = sizeof(mlrt__add_along_attr),
                                    .infer = infer_add_along,
                                    .vjp = vjp_add_along};

mlrt_node *mlrt_add_along(mlrt_node *index, mlrt_node *update, int32_t axis, int64_t size) {
    const mlrt__add_along_attr attr = {.axis = mlrt__axis_of(update, axis), .size = size};
    return attr.axis < 0 ? update->graph->failed : MLRT__APPLY(&mlrt__op_add_along, &attr, index, update);
}
