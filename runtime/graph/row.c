/* row.c - fused ops over the last axis: softmax, norms, cross-entropy.
 *
 * Softmax has a gradient made of elementary ops. The others have a backward kernel, which computes what it needs of the
 * forward pass again (it is in cache) instead of storing it, and returns its gradients in one pack. */
#include "graph/build.h"

static mlrt_status infer_rows(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    *dtype = MLRT_F32, *shape = n->in[0]->shape;
    if (mlrt__need_f32(n, err) != MLRT_OK) return err->status;
    return shape->rank > 0 ? MLRT_OK : mlrt_fail(err, MLRT_SHAPE, "%s needs at least one axis", n->op->name);
}

/* ---- softmax ---- */

static mlrt_node *sum_last(mlrt_node *x) { return mlrt_sum(x, mlrt_axis(x, -1), true); }

static void vjp_softmax(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    dx[0] = mlrt_mul(y, mlrt_sub(dy, sum_last(mlrt_mul(dy, y))));
}

static void vjp_log_softmax(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    dx[0] = mlrt_sub(dy, mlrt_mul(mlrt_exp(y), sum_last(dy)));
}

const mlrt_op mlrt__op_softmax = {
    .name = "softmax", .min_inputs = 1, .max_inputs = 1, .infer = infer_rows, .vjp = vjp_softmax};
const mlrt_op mlrt__op_log_softmax = {
    .name = "log_softmax", .min_inputs = 1, .max_inputs = 1, .infer = infer_rows, .vjp = vjp_log_softmax};

mlrt_node *mlrt_softmax(mlrt_node *x) { return MLRT__APPLY(&mlrt__op_softmax, NULL, x); }
mlrt_node *mlrt_log_softmax(mlrt_node *x) { return MLRT__APPLY(&mlrt__op_log_softmax, NULL, x); }

/* ---- layer norm and RMS norm ---- */

static mlrt_status infer_norm(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    if (infer_rows(n, dtype, shape, err) != MLRT_OK) return err->status;
    for (int32_t i = 1; i < n->inputs; i++)
        if (n->in[i]->shape.rank != 1 || n->in[i]->shape.dim[0] != mlrt_dim(n->in[0], -1))
            return mlrt__misfit(n, err, "gain and bias have the length of the last axis");
    return MLRT_OK;
}

static mlrt_status infer_pack(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    (void)err;
    *dtype = MLRT_F32;
    const mlrt_shape *x = &n->in[0]->shape, *gain = &n->in[1]->shape;
    const int32_t parts = n->op == &mlrt__op_layer_norm_grad ? 3 : 2;
    *shape = MLRT_SHAPE_OF(mlrt_pack_size((const mlrt_shape *[]){x, gain, gain}, parts));
    return MLRT_OK;
}

static void vjp_norm(mlrt_node *y, mlrt_node *dy, mlrt_node **dx, const mlrt_op *grad) {
    mlrt_node *x = y->in[0], *gain = y->in[1], *pack = MLRT__APPLY(grad, y->attr, x, gain, dy);
    const mlrt_shape *parts[] = {&x->shape, &gain->shape, &gain->shape};
    for (int32_t i = 0; i < y->inputs; i++) dx[i] = mlrt_unpack(pack, parts, i);
}

static void vjp_layer_norm(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    vjp_norm(y, dy, dx, &mlrt__op_layer_norm_grad);
}
static void vjp_rms_norm(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) { vjp_norm(y, dy, dx, &mlrt__op_rms_norm_grad); }

#define NORM(id, n, rule, gradient)                                                                                    \
    const mlrt_op mlrt__op_##id = {.name = #id,                                                                        \
                                   .min_inputs = n,                                                                    \
                                   .max_inputs = n,                                                                    \
                                   .attr_size = sizeof(mlrt__norm_attr),                                               \
                                   .infer = rule,                                                                      \
                                   .vjp = gradient}
NORM(layer_norm, 3, infer_norm, vjp_layer_norm);
NORM(layer_norm_grad, 3, infer_pack, mlrt_no_second_derivative);
NORM(rms_norm, 2, infer_norm, vjp_rms_norm);
NORM(rms_norm_grad, 3, infer_pack, mlrt_no_second_derivative);

mlrt_node *mlrt_layer_norm(mlrt_node *x, mlrt_node *gain, mlrt_node *bias, double eps) {
    return MLRT__APPLY(&mlrt__op_layer_norm, &(mlrt__norm_attr){eps}, x, gain, bias);
}
mlrt_node *mlrt_rms_norm(mlrt_node *x, mlrt_node *gain, double eps) {
    return MLRT__APPLY(&mlrt__op_rms_norm, &(mlrt__norm_attr){eps}, x, gain);
}

/* ---- cross-entropy ---- */

static mlrt_status infer_cross_entropy(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt_shape *logits = &n->in[0]->shape, *targets = &n->in[1]->shape;
    if (mlrt__need_dtype(n, 0, MLRT_F32, err) != MLRT_OK || mlrt__need_dtype(n, 1, MLRT_I32, err) != MLRT_OK)
        return err->status;
    mlrt_shape rows = *logits;
    rows.rank = logits->rank > 0 ? logits->rank - 1 : 0;
    if (logits->rank < 1 || !mlrt_shape_equal(&rows, targets))
        return mlrt__misfit(n, err, "logits are the shape of the targets and one more axis of classes");
    *dtype = MLRT_F32;
    *shape = n->op == &mlrt__op_cross_entropy ? MLRT_SCALAR : *logits;
    return MLRT_OK;
}

static void vjp_cross_entropy(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    dx[0] = MLRT__APPLY(&mlrt__op_cross_entropy_grad, y->attr, y->in[0], y->in[1], dy);
}

const mlrt_op mlrt__op_cross_entropy = {.name = "cross_entropy",
                                        .min_inputs = 2,
                                        .max_inputs = 2,
                                        .attr_size = sizeof(mlrt__cross_entropy_attr),
                                        .infer = infer_cross_entropy,
                                        .vjp = vjp_cross_entropy};
const mlrt_op mlrt__op_cross_entropy_grad = {.name = "cross_entropy_grad",
                                             .min_inputs = 3,
                                             .max_inputs = 3,
                                             .attr_size = sizeof(mlrt__cross_entropy_attr),
                                             .infer = infer_cross_entropy,
                                             .vjp = mlrt_no_second_derivative};

mlrt_node *mlrt_cross_entropy(mlrt_node *logits, mlrt_node *targets, int32_t ignore, double smoothing) {
    const mlrt__cross_entropy_attr attr = {.ignore = ignore, .smoothing = smoothing};
    return MLRT__APPLY(&mlrt__op_cross_entropy, &attr, logits, targets);
}
