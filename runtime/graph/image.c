/* image.c - convolutions and pooling of [B, C, H, W]. */
#include "graph/build.h"
#include <string.h>

static int64_t windows(int64_t size, int64_t window, int64_t stride, int64_t padding) {
    return size + 2 * padding < window ? 0 : (size + 2 * padding - window) / stride + 1;
}

static mlrt_status check_window(const mlrt_node *n, int32_t stride, int32_t padding, int64_t least, mlrt_error *err) {
    if (stride < 1) return mlrt_fail(err, MLRT_RANGE, "%s: the stride must be at least 1, got %d", n->op->name, stride);
    if (padding < 0 || padding >= least)
        return mlrt_fail(err, MLRT_RANGE, "%s: the padding must lie in 0 .. %lld, got %d", n->op->name,
                         (long long)least - 1, padding);
    return MLRT_OK;
}

/* ---- convolution ---- */

static mlrt_status infer_conv(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt__conv_attr *a = n->attr;
    const mlrt_node *x = n->in[0], *w = n->in[1];
    if (mlrt__need_f32(n, err) != MLRT_OK) return err->status;
    if (x->shape.rank != 4 || w->shape.rank != 4 || mlrt_dim(x, 1) != mlrt_dim(w, 1) ||
        (n->inputs == 3 && (n->in[2]->shape.rank != 1 || mlrt_dim(n->in[2], 0) != mlrt_dim(w, 0))))
        return mlrt__misfit(n, err, "conv2d takes x [B, C, H, W], weight [F, C, kh, kw] and bias [F]");
    const int64_t least = mlrt_dim(w, 2) < mlrt_dim(w, 3) ? mlrt_dim(w, 2) : mlrt_dim(w, 3);
    if (check_window(n, a->stride, a->padding, least, err) != MLRT_OK) return err->status;
    *dtype = MLRT_F32;
    *shape =
        MLRT_SHAPE_OF(mlrt_dim(x, 0), mlrt_dim(w, 0), windows(mlrt_dim(x, 2), mlrt_dim(w, 2), a->stride, a->padding),
                      windows(mlrt_dim(x, 3), mlrt_dim(w, 3), a->stride, a->padding));
    if (shape->dim[2] > 0 && shape->dim[3] > 0) return MLRT_OK;
    return mlrt__misfit(n, err, "the window is larger than the padded image");
}

static mlrt_status infer_conv_grad(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    (void)err;
    *dtype = MLRT_F32, *shape = ((const mlrt__conv_attr *)n->attr)->shape;
    return MLRT_OK;
}

static mlrt__conv_attr with_shape(const mlrt__conv_attr *a, const mlrt_node *of) {
    mlrt__conv_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.stride = a->stride, attr.padding = a->padding, attr.shape = mlrt__clean(of->shape);
    return attr;
}

static mlrt_node *grad_x(mlrt_node *w, mlrt_node *dy, mlrt__conv_attr attr) {
    return MLRT__APPLY(&mlrt__op_conv2d_grad_x, &attr, w, dy);
}
static mlrt_node *grad_w(mlrt_node *x, mlrt_node *dy, mlrt__conv_attr attr) {
    return MLRT__APPLY(&mlrt__op_conv2d_grad_w, &attr, x, dy);
}
static mlrt_node *conv(mlrt_node *x, mlrt_node *w, const mlrt__conv_attr *a) {
    return mlrt_conv2d(x, w, NULL, a->stride, a->padding);
}

/* A convolution is bilinear, so its gradients are convolutions of the same family and can be differentiated again. */
static void vjp_conv(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    mlrt_node *x = y->in[0], *w = y->in[1];
    dx[0] = grad_x(w, dy, with_shape(y->attr, x));
    dx[1] = grad_w(x, dy, with_shape(y->attr, w));
    if (y->inputs == 3) dx[2] = mlrt_sum(dy, MLRT_AXIS(0) | MLRT_AXIS(2) | MLRT_AXIS(3), false);
}
static void vjp_grad_x(mlrt_node *y, mlrt_node *d, mlrt_node **dx) {
    dx[0] = grad_w(d, y->in[1], with_shape(y->attr, y->in[0]));
    dx[1] = conv(d, y->in[0], y->attr);
}
static void vjp_grad_w(mlrt_node *y, mlrt_node *d, mlrt_node **dx) {
    dx[0] = grad_x(d, y->in[1], with_shape(y->attr, y->in[0]));
    dx[1] = conv(y->in[0], d, y->attr);
}

const mlrt_op mlrt__op_conv2d = {.name = "conv2d",
                                 .min_inputs = 2,
                                 .max_inputs = 3,
                                 .attr_size = sizeof(mlrt__conv_attr),
                                 .infer = infer_conv,
                                 .vjp = vjp_conv};
const mlrt_op mlrt__op_conv2d_grad_x = {.name = "conv2d_grad_x",
                                        .min_inputs = 2,
                                        .max_inputs = 2,
                                        .attr_size = sizeof(mlrt__conv_attr),
                                        .infer = infer_conv_grad,
                                        .vjp = vjp_grad_x};
const mlrt_op mlrt__op_conv2d_grad_w = {.name = "conv2d_grad_w",
                                        .min_inputs = 2,
                                        .max_inputs = 2,
                                        .attr_size = sizeof(mlrt__conv_attr),
                                        .infer = infer_conv_grad,
                                        .vjp = vjp_grad_w};

mlrt_node *mlrt_conv2d(mlrt_node *x, mlrt_node *weight, mlrt_node *bias, int32_t stride, int32_t padding) {
    mlrt__conv_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.stride = stride, attr.padding = padding;
    mlrt_node *in[] = {x, weight, bias};
    return mlrt_apply(x->graph, &mlrt__op_conv2d, in, bias ? 3 : 2, &attr);
}

/* ---- pooling ---- */

static mlrt_status infer_pool(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt__pool_attr *a = n->attr;
    const mlrt_node *x = n->in[0];
    *dtype = MLRT_F32;
    if (mlrt__need_f32(n, err) != MLRT_OK) return err->status;
    if (x->shape.rank != 4) return mlrt__misfit(n, err, "pooling takes [B, C, H, W]");
    if (a->size < 1) return mlrt_fail(err, MLRT_RANGE, "%s: the size must be at least 1, got %d", n->op->name, a->size);
    if (check_window(n, a->stride, a->padding, a->size / 2 + 1, err) != MLRT_OK) return err->status;
    *shape = MLRT_SHAPE_OF(mlrt_dim(x, 0), mlrt_dim(x, 1), windows(mlrt_dim(x, 2), a->size, a->stride, a->padding),
                           windows(mlrt_dim(x, 3), a->size, a->stride, a->padding));
    if (shape->dim[2] > 0 && shape->dim[3] > 0) return MLRT_OK;
    return mlrt__misfit(n, err, "the window is larger than the padded image");
}

static mlrt_status infer_pool_grad(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    (void)err;
    *dtype = MLRT_F32, *shape = ((const mlrt__pool_attr *)n->attr)->shape;
    return MLRT_OK;
}

static mlrt__pool_attr pool_attr(int32_t size, int32_t stride, int32_t padding, const mlrt_shape *shape) {
    mlrt__pool_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.size = size, attr.stride = stride, attr.padding = padding;
    if (shape) attr.shape = mlrt__clean(*shape);
    return attr;
}

static void vjp_max_pool(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    const mlrt__pool_attr *a = y->attr, attr = pool_attr(a->size, a->stride, a->padding, &y->in[0]->shape);
    dx[0] = MLRT__APPLY(&mlrt__op_max_pool2d_grad, &attr, y->in[0], dy);
}
static void vjp_avg_pool(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    const mlrt__pool_attr *a = y->attr, attr = pool_attr(a->size, a->stride, a->padding, &y->in[0]->shape);
    dx[0] = MLRT__APPLY(&mlrt__op_avg_pool2d_grad, &attr, dy);
}
static void vjp_avg_pool_grad(mlrt_node *y, mlrt_node *d, mlrt_node **dx) {
    const mlrt__pool_attr *a = y->attr;
    dx[0] = mlrt_avg_pool2d(d, a->size, a->stride, a->padding);
}

#define POOL(id, n, rule, gradient)                                                                                    \
    const mlrt_op mlrt__op_##id = {.name = #id,                                                                        \
                                   .min_inputs = n,                                                                    \
                                   .max_inputs = n,                                                                    \
                                   .attr_size = sizeof(mlrt__pool_attr),                                               \
                                   .infer = rule,                                                                      \
                                   .vjp = gradient}
POOL(max_pool2d, 1, infer_pool, vjp_max_pool);
POOL(avg_pool2d, 1, infer_pool, vjp_avg_pool);
POOL(max_pool2d_grad, 2, infer_pool_grad, mlrt_no_second_derivative);
POOL(avg_pool2d_grad, 1, infer_pool_grad, vjp_avg_pool_grad);

mlrt_node *mlrt_max_pool2d(mlrt_node *x, int32_t size, int32_t stride, int32_t padding) {
    const mlrt__pool_attr attr = pool_attr(size, stride, padding, NULL);
    return MLRT__APPLY(&mlrt__op_max_pool2d, &attr, x);
}
mlrt_node *mlrt_avg_pool2d(mlrt_node *x, int32_t size, int32_t stride, int32_t padding) {
    const mlrt__pool_attr attr = pool_attr(size, stride, padding, NULL);
    return MLRT__APPLY(&mlrt__op_avg_pool2d, &attr, x);
}
