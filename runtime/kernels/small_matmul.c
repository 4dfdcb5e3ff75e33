/* small_matmul.c - matrix products that are over before a library call or a team of threads has begun. */
#include "kernels/gemm.h"
#include "kernels/matmul.h"
#include "kernels/team.h"

enum { DEPTH = 256 }; /* rows of a panel that stay in the first-level cache */

/* May a panel of b be read where it lies? Rows that are far apart by a multiple of this share few sets of the cache, and
 * a panel that is read again and again then does not stay in it. */
static bool lies_well(const mlrt__product *p, const mlrt__operand *b) {
    enum { APART = 64 };
    return b->column == 1 && (b->row % APART != 0 || p->m <= 2 * MLRT__ROWS);
}

/* The results in some columns, one part of the sum after the other. */
static void run_columns(const mlrt__product *p, mlrt__tile *t, mlrt__operand b, float *panel) {
    const mlrt__tile whole = *t;
    const bool in_place = t->columns == MLRT__COLUMNS && lies_well(p, &b);
    for (int64_t k = 0; k == 0 || k < p->k; k += DEPTH) {
        t->depth = p->k - k < DEPTH ? p->k - k : DEPTH;
        t->finish.add = whole.finish.add || k > 0;
        t->finish.relu = whole.finish.relu && k + t->depth == p->k;
        t->a.data = whole.a.data + k * p->a.column;
        const mlrt__operand part = {b.data + k * b.row, b.row, b.column};
        if (!in_place) mlrt__pack_panel(part, t->depth, t->columns, panel);
        t->b = in_place ? part.data : panel;
        t->b_row = in_place ? b.row : MLRT__COLUMNS;
        mlrt__run_panel(t, p->m);
    }
    *t = whole;
}

static void run_product(const mlrt__product *p, const float *a, const float *b, mlrt__finish finish, float *y) {
    _Alignas(64) float panel[DEPTH * MLRT__COLUMNS];
    mlrt__tile t = {.a = {a, p->a.row, p->a.column}, .y_row = p->n, .finish = finish};
    for (int64_t j = 0; j < p->n; j += MLRT__COLUMNS) {
        t.columns = p->n - j < MLRT__COLUMNS ? p->n - j : MLRT__COLUMNS;
        t.finish.bias = finish.bias ? finish.bias + j : NULL;
        t.y = y + j;
        run_columns(p, &t, (mlrt__operand){b + j * p->b.column, p->b.row, p->b.column}, panel);
    }
}

/* A column of results is the row of the transposed product, where all lanes have something to do. */
static void run_column(const mlrt__product *p, const float *a, const float *b, mlrt__finish finish, float *y) {
    const mlrt__product turned = {.m = 1, .n = p->m, .k = p->k, .a = {0, 0, p->b.row}, .b = {0, p->a.column, p->a.row}};
    for (int64_t i = 0; finish.bias && i < p->m; i++) y[i] = *finish.bias;
    finish.add = finish.bias;
    finish.bias = NULL;
    run_product(&turned, b, a, finish, y);
}

static void run_batch(const mlrt_call *c, int64_t first, int64_t last) {
    const mlrt__product *p = c->state;
    const float *a = c->in[0].data, *b = c->in[1].data, *bias = c->inputs > 2 ? c->in[2].data : NULL;
    const mlrt__finish finish = {.bias = bias, .relu = p->relu};
    for (int64_t i = first; i < last; i++)
        (p->n == 1 ? run_column : run_product)(p, a + i * p->a.batch, b + i * p->b.batch, finish,
                                               (float *)c->out.data + i * p->m * p->n);
}

static void run_small_matmul(const mlrt_call *c) {
    const mlrt__product *p = c->state;
    mlrt__share(c, p->batch, (double)mlrt_shape_count(&c->out.shape) * (double)(p->k + 1), run_batch);
}

const mlrt__kernel MLRT_KERNELS(small_matmul)[] = {
    {MLRT__SMALL_MATMUL, .run = run_small_matmul},
    {0},
};
