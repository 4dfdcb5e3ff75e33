/* matmul.c - matrix products: small ones where they lie, the others by blocks. */
#include "kernels/blocks.h"
#include <stdlib.h>

/* Multiplications below which packing does not pay; of bf16 numbers, which are multiplied faster, sooner. */
enum { SMALL = 128 * 128 * 128, SMALL_BF16 = 64 * 64 * 64 };

typedef struct state {
    mlrt__product product; /* with the rows that there are; the first, where small_matmul.c looks for it */
    mlrt__product room;    /* with as many as there may be */
    void (*small)(const mlrt_call *c);
    const mlrt__format *format;
    bool bias, residual, mask; /* the inputs behind a and b */
} state;

mlrt__product mlrt__product_of(const mlrt_node *n) {
    const mlrt__matmul_attr *attr = n->attr;
    const mlrt_shape *a = &n->in[0]->shape, *b = &n->in[1]->shape, *y = &n->shape;
    const bool trans_a = attr->flags & MLRT_TRANS_A, trans_b = attr->flags & MLRT_TRANS_B;
    mlrt__product p = {.batch = 1, .m = y->dim[y->rank - 2], .n = y->dim[y->rank - 1]};
    p.k = a->dim[a->rank - (trans_a ? 2 : 1)];
    for (int32_t i = 0; i < y->rank - 2; i++) *(b->rank == 2 ? &p.m : &p.batch) *= y->dim[i];
    p.a = (mlrt__matrix){.batch = p.m * p.k, .row = trans_a ? 1 : p.k, .column = trans_a ? p.m : 1};
    p.b = (mlrt__matrix){.batch = p.k * p.n, .row = trans_b ? 1 : p.n, .column = trans_b ? p.k : 1};
    p.relu = attr->activation == MLRT__ACT_RELU;
    p.a.narrow = n->in[0]->dtype == MLRT_BF16;
    p.b.narrow = n->in[1]->dtype == MLRT_BF16;
    p.narrow_y = n->dtype == MLRT_BF16;
    p.narrow_mask = attr->mask && n->in[n->inputs - 1]->dtype == MLRT_BF16;
    return p;
}

static double work(const mlrt__product *p) { return (double)p->m * (double)p->n * (double)p->k; }

const mlrt__format *mlrt__product_format(const mlrt_node *n) {
    const mlrt__matmul_attr *attr = n->attr;
    const mlrt__product p = mlrt__product_of(n);
    const int32_t level = mlrt__cpu_level();
    const mlrt__format *bf16 = attr->bf16 ? mlrt__format_bf16(level, 0) : NULL;
    if (bf16) return work(&p) > SMALL_BF16 ? bf16 : NULL;
    return work(&p) > SMALL ? mlrt__format_f32(level) : NULL;
}

static size_t scratch_matmul(const mlrt_node *n, int32_t threads) {
    const mlrt__product p = mlrt__product_of(n);
    const mlrt__format *f = mlrt__product_format(n);
    if (!f) return mlrt__kernel_find(MLRT__SMALL_MATMUL)->scratch(n, threads);
    return p.batch ? mlrt__blocks_scratch(&p, f, threads) : 0;
}

static mlrt_status prepare_matmul(mlrt_call *c, mlrt_error *err) {
    state *s = calloc(1, sizeof *s);
    if (!s) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    c->state = s;
    s->product = s->room = mlrt__product_of(c->node);
    s->format = mlrt__product_format(c->node);
    s->residual = ((const mlrt__matmul_attr *)c->node->attr)->residual;
    s->mask = ((const mlrt__matmul_attr *)c->node->attr)->mask;
    s->bias = c->inputs > 2 + s->residual + s->mask;
    s->small = mlrt__kernel_find(MLRT__SMALL_MATMUL)->run;
    return MLRT_OK;
}

/* Rows of a, of which there is one matrix: m, or k where it is transposed. */
static void resize_matmul(mlrt_call *c) {
    mlrt__product *p = &((state *)c->state)->product;
    p->m = mlrt_shape_count(&c->out.shape) / p->n;
    p->k = mlrt_shape_count(&c->in[0].shape) / p->m;
}

static void run_matmul(const mlrt_call *c) {
    const state *s = c->state;
    if (!s->format)
        s->small(c);
    else if (s->product.batch) {
        const mlrt__operands o = {.a = c->in[0].data,
                                  .b = c->in[1].data,
                                  .bias = s->bias ? c->in[2].data : NULL,
                                  .start = s->residual ? c->in[c->inputs - 1].data : NULL,
                                  .mask = s->mask ? c->in[c->inputs - 1].data : NULL,
                                  .y = c->out.data};
        mlrt__blocks_run(&s->product, &s->room, s->format, &o, c->scratch);
    }
}

static void release_matmul(mlrt_call *c) {
    free(c->state);
    c->state = NULL;
}

static double flops_matmul(const mlrt_node *n) {
    const mlrt__product p = mlrt__product_of(n);
    return 2 * (double)p.batch * work(&p);
}

const mlrt__kernel MLRT_KERNELS(matmul)[] = {
    {"matmul", .scratch = scratch_matmul, .prepare = prepare_matmul, .resize = resize_matmul, .run = run_matmul,
     .release = release_matmul, .flops = flops_matmul},
    {0},
};
