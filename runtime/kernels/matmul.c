/* matmul.c - matrix products: small ones by our own kernel, the others by oneDNN. */
#include "kernels/matmul.h"
#include "kernels/onednn.h"
#include <stdlib.h>

/* Multiplications below which a product is faster on our own kernel, and below which oneDNN is faster on one thread. */
enum { SMALL = 64 * 64 * 64, TEAM = 128 * 128 * 128 };

typedef struct state {
    mlrt__product product;
    void (*small)(const mlrt_call *c);
    mlrt__dnnl *call;
} state;

mlrt__product mlrt__product_of(const mlrt_node *n) {
    const mlrt__matmul_attr *attr = n->attr;
    const mlrt_shape *a = &n->in[0]->shape, *b = &n->in[1]->shape, *y = &n->shape;
    const bool trans_a = attr->flags & MLRT_TRANS_A, trans_b = attr->flags & MLRT_TRANS_B;
    mlrt__product p = {.batch = 1, .m = y->dim[y->rank - 2], .n = y->dim[y->rank - 1]};
    p.k = a->dim[a->rank - (trans_a ? 2 : 1)];
    for (int32_t i = 0; i < y->rank - 2; i++) *(b->rank == 2 ? &p.m : &p.batch) *= y->dim[i];
    p.a = (mlrt__matrix){p.m * p.k, trans_a ? 1 : p.k, trans_a ? p.m : 1};
    p.b = (mlrt__matrix){p.k * p.n, trans_b ? 1 : p.n, trans_b ? p.k : 1};
    p.relu = attr->activation == MLRT__ACT_RELU;
    return p;
}

static double work(const mlrt__product *p) { return (double)p->m * (double)p->n * (double)p->k; }

static mlrt__dnnl_view view(const mlrt__product *p, mlrt_dtype dtype, int64_t rows, int64_t columns,
                            const mlrt__matrix *at) {
    mlrt__dnnl_view v = {.dtype = dtype, .axes = 2, .dim = {rows, columns}, .stride = {at->row, at->column}};
    if (p->batch != 1)
        v = (mlrt__dnnl_view){
            .dtype = dtype, .axes = 3, .dim = {p->batch, rows, columns}, .stride = {at->batch, at->row, at->column}};
    return v;
}

static mlrt_status prepare_large(const mlrt_call *c, state *s, mlrt_error *err) {
    const mlrt__product *p = &s->product;
    const mlrt_node *n = c->node;
    const bool has_bias = n->inputs > 2;
    const mlrt__matrix contiguous = {p->m * p->n, p->n, 1};
    const mlrt__dnnl_view a = view(p, n->in[0]->dtype, p->m, p->k, &p->a),
                          b = view(p, n->in[1]->dtype, p->k, p->n, &p->b),
                          y = view(p, n->dtype, p->m, p->n, &contiguous);
    mlrt__dnnl_view bias = view(p, has_bias ? n->in[2]->dtype : n->dtype, 1, p->n, &contiguous);
    bias.dim[0] = 1;
    const int32_t threads = work(p) * (double)p->batch < TEAM ? 1 : mlrt__threads();
    return mlrt__dnnl_matmul(&a, &b, has_bias ? &bias : NULL, &y, threads, &s->call, err);
}

static mlrt_status prepare_matmul(mlrt_call *c, mlrt_error *err) {
    state *s = calloc(1, sizeof *s);
    if (!s) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    c->state = s;
    s->product = mlrt__product_of(c->node);
    if (c->node->in[0]->dtype == MLRT_F32 && work(&s->product) <= SMALL) {
        s->small = mlrt__kernel_find(MLRT__SMALL_MATMUL)->run;
        return MLRT_OK;
    }
    return s->product.batch ? prepare_large(c, s, err) : MLRT_OK;
}

MLRT_VECTORISED static void relu(float *y, int64_t n) {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] = y[i] < 0.0f ? 0.0f : y[i];
}

enum { CHUNK = 16384 };

static void relu_chunk(void *out, int64_t i) {
    const mlrt_tensor *y = out;
    const int64_t first = i * CHUNK, left = mlrt_shape_count(&y->shape) - first;
    relu((float *)y->data + first, left < CHUNK ? left : CHUNK);
}

/* A pass of our own: oneDNN's ReLU would turn NaN into 0 and hide it. */
static void relu_all(mlrt_tensor y) {
    const int64_t n = mlrt_shape_count(&y.shape);
    mlrt__each((n + CHUNK - 1) / CHUNK, (double)n, relu_chunk, &y);
}

static void run_large(const mlrt_call *c, const state *s) {
    void *data[MLRT__DNNL_OPERANDS];
    for (int32_t i = 0; i < c->inputs; i++) data[i] = c->in[i].data;
    data[c->inputs] = c->out.data;
    mlrt__dnnl_run(s->call, data, c->err);
    if (s->product.relu) relu_all(c->out);
}

static void run_matmul(const mlrt_call *c) {
    const state *s = c->state;
    if (s->small)
        s->small(c);
    else if (s->call)
        run_large(c, s);
}

static void release_matmul(mlrt_call *c) {
    state *s = c->state;
    if (s) mlrt__dnnl_free(s->call);
    free(s);
    c->state = NULL;
}

static double flops_matmul(const mlrt_node *n) {
    const mlrt__product p = mlrt__product_of(n);
    return 2 * (double)p.batch * work(&p);
}

const mlrt__kernel MLRT_KERNELS(matmul)[] = {
    {"matmul", .prepare = prepare_matmul, .run = run_matmul, .release = release_matmul, .flops = flops_matmul},
    {0},
};
