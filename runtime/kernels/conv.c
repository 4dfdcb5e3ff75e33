/* conv.c - convolutions and their gradients, through oneDNN. */
#include "kernels/kernel.h"
#include "kernels/onednn.h"
#include <string.h>

/* The shapes of x, weight and y that an op of each kind speaks about. */
static mlrt__dnnl_conv_shape shape_of(const mlrt_node *n, mlrt__dnnl_conv_kind kind) {
    const mlrt__conv_attr *attr = n->attr;
    const mlrt_shape *first = &n->in[0]->shape, *second = &n->in[1]->shape;
    mlrt__dnnl_conv_shape s = {.stride = attr->stride, .padding = attr->padding};
    s.x = kind == MLRT__CONV_GRAD_X ? n->shape : *first;
    s.weight = kind == MLRT__CONV_GRAD_W ? n->shape : kind == MLRT__CONV_GRAD_X ? *first : *second;
    s.y = kind == MLRT__CONV_FORWARD ? n->shape : *second;
    s.bias = kind == MLRT__CONV_FORWARD && n->inputs > 2;
    return s;
}

static double flops_of(const mlrt_node *n, mlrt__dnnl_conv_kind kind) {
    const mlrt__dnnl_conv_shape s = shape_of(n, kind);
    const double window = (double)(s.weight.dim[1] * s.weight.dim[2] * s.weight.dim[3]);
    return 2 * (double)mlrt_shape_count(&s.y) * window;
}

/* Without anything to add up there is no call: the result is the bias or zero. */
static mlrt_status prepare(mlrt_call *c, mlrt__dnnl_conv_kind kind, mlrt_error *err) {
    const mlrt__dnnl_conv_shape s = shape_of(c->node, kind);
    if (flops_of(c->node, kind) == 0 || mlrt_shape_count(&s.x) == 0) return MLRT_OK;
    mlrt__dnnl *call = NULL;
    const mlrt_status status = mlrt__dnnl_conv(kind, &s, mlrt__threads(), &call, err);
    c->state = call;
    return status;
}

static void run_empty(const mlrt_call *c) {
    const mlrt_shape *s = &c->out.shape;
    const int64_t channel = s->dim[2] * s->dim[3], count = mlrt_shape_count(s);
    float *y = c->out.data;
    for (int64_t i = 0; i < count; i++)
        y[i] = c->inputs > 2 ? ((const float *)c->in[2].data)[i / channel % s->dim[1]] : 0;
}

static void run(const mlrt_call *c) {
    if (!c->state) {
        run_empty(c);
        return;
    }
    void *data[MLRT__DNNL_OPERANDS];
    for (int32_t i = 0; i < c->inputs; i++) data[i] = c->in[i].data;
    data[c->inputs] = c->out.data;
    mlrt__dnnl_run(c->state, data, c->err);
}

static void release(mlrt_call *c) {
    mlrt__dnnl_free(c->state);
    c->state = NULL;
}

#define CONV(name, kind)                                                                                               \
    static mlrt_status prepare_##name(mlrt_call *c, mlrt_error *err) { return prepare(c, kind, err); }                 \
    static double flops_##name(const mlrt_node *n) { return flops_of(n, kind); }
CONV(conv2d, MLRT__CONV_FORWARD)
CONV(conv2d_grad_x, MLRT__CONV_GRAD_X)
CONV(conv2d_grad_w, MLRT__CONV_GRAD_W)

#define ROW(name)                                                                                                      \
    { #name, .prepare = prepare_##name, .run = run, .release = release, .flops = flops_##name }
const mlrt__kernel MLRT_KERNELS(conv)[] = {
    ROW(conv2d),
    ROW(conv2d_grad_x),
    ROW(conv2d_grad_w),
    {0},
};
