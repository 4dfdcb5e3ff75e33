/* attention.c - softmax(q k^T * scale) v a head at a time, in cache: Vaswani et al., arXiv:1706.03762, Eq. 1.
 *
 * A head lays out its keys and values for the matrix kernel once and then takes a block of queries after the other:
 * scores, softmax, product with the values. The backward pass finds the probabilities p again; with o = p v it has
 *     dv = p^T do,   ds = p (do v^T - <p, do v^T>) * scale,   dq = ds k,   dk = ds^T q.
 * A head belongs to one thread and each block is added in order, so results do not depend on the number of threads. */
#include "kernels/gemm.h"
#include "kernels/softmax.h"
#include "kernels/team.h"
#include <math.h>

enum { BLOCK = 4 * MLRT__ROWS }; /* queries */

typedef struct attention {
    int64_t batch, heads, queries, keys, key_width, value_width; /* widths of one head */
    int64_t score_row;                                           /* stride of the scores */
    bool causal;
    float scale;
    const mlrt_tensor *mask; /* or NULL */
} attention;

static attention attention_of(const mlrt_shape *q, const mlrt_shape *k, const mlrt_shape *v,
                              const mlrt__attention_attr *attr) {
    attention a = {.batch = q->dim[0], .heads = attr->heads, .queries = q->dim[1], .keys = k->dim[1]};
    a.key_width = q->dim[2] / a.heads, a.value_width = v->dim[2] / a.heads;
    a.score_row = (a.keys + MLRT__LANES - 1) / MLRT__LANES * MLRT__LANES;
    a.causal = attr->causal;
    a.scale = (float)(attr->scale != 0 ? attr->scale : 1 / sqrt((double)a.key_width));
    return a;
}

static attention call_attention(const mlrt_call *c, int32_t inputs) {
    attention a = attention_of(&c->in[0].shape, &c->in[1].shape, &c->in[2].shape, c->attr);
    a.mask = c->inputs > inputs ? &c->in[inputs] : NULL;
    return a;
}

/* Keys that query i may look at: 0 .. visible - 1. */
static int64_t visible(const attention *a, int64_t i) {
    const int64_t n = a->causal ? i + a->keys - a->queries + 1 : a->keys;
    return n < 0 ? 0 : n < a->keys ? n : a->keys;
}

/* The mask's row for query i, or NULL. */
static const float *mask_row(const attention *a, int64_t batch, int64_t i) {
    if (!a->mask) return NULL;
    const float *mask = a->mask->data;
    if (a->mask->shape.rank == 2) return mask + batch * a->keys;
    return mask + ((a->mask->shape.dim[0] > 1 ? batch : 0) * a->queries + i) * a->keys;
}

/* Scores to probabilities; those from n on are zero, and all of them when there is nothing to attend. */
static void softmax_row(float *s, const float *mask, int64_t n, int64_t width, float scale) {
    const float sum = mask ? mlrt__exp_row(s, mask, scale, s, n).sum : mlrt__exp_row(s, NULL, scale, s, n).sum;
    if (sum != 0) mlrt__scale_row(s, 1 / sum, n);
    for (int64_t j = n; j < width; j++) s[j] = 0;
}

/* The probabilities of `rows` queries from query i on, for the first n keys. */
static void probabilities(const attention *a, const float *q, const float *packed_keys, float *p, int64_t batch,
                          int64_t i, int64_t rows, int64_t n) {
    const mlrt__operand queries = {q, a->heads * a->key_width, 1};
    mlrt__multiply(queries, packed_keys, a->key_width, p, a->score_row, rows, n, a->key_width, false);
    for (int64_t r = 0; r < rows; r++)
        softmax_row(p + r * a->score_row, mask_row(a, batch, i + r), visible(a, i + r), n, a->scale);
}

/* One head's matrices: [row, heads, width] in memory. */
static float *head(const mlrt_tensor *t, int64_t batch, int64_t h, int64_t width) {
    return (float *)t->data + batch * t->shape.dim[1] * t->shape.dim[2] + h * width;
}

/* ---- scratch memory: the pieces that a thread works with, one after the other ---- */

static int64_t packed_size(int64_t k, int64_t n) { return mlrt__panels(n) * MLRT__COLUMNS * k; }

/* Hands out pieces one after the other; with no memory it only counts. */
typedef struct space {
    float *memory;
    int64_t used;
} space;

static float *take(space *s, int64_t floats) {
    float *p = s->memory ? s->memory + s->used : NULL;
    s->used += (floats + 15) / 16 * 16;
    return p;
}

typedef struct forward_space {
    float *keys, *values, *p;
} forward_space;

static forward_space forward_layout(const attention *a, space *s) {
    return (forward_space){.keys = take(s, packed_size(a->key_width, a->keys)),
                           .values = take(s, packed_size(a->keys, a->value_width)),
                           .p = take(s, BLOCK * a->score_row)};
}

typedef struct backward_space {
    float *keys, *keys_back, *values, *q, *dy, *p, *ds;
} backward_space;

static backward_space backward_layout(const attention *a, space *s) {
    return (backward_space){.keys = take(s, packed_size(a->key_width, a->keys)),
                            .keys_back = take(s, packed_size(a->keys, a->key_width)),
                            .values = take(s, packed_size(a->value_width, a->keys)),
                            .q = take(s, packed_size(BLOCK, a->key_width)),
                            .dy = take(s, packed_size(BLOCK, a->value_width)),
                            .p = take(s, BLOCK * a->score_row),
                            .ds = take(s, BLOCK * a->score_row)};
}

/* Floats of one thread. */
static int64_t space_of(const attention *a, bool backward) {
    space s = {0};
    if (backward)
        backward_layout(a, &s);
    else
        forward_layout(a, &s);
    return s.used;
}

static space thread_space(const mlrt_call *c, const attention *a, bool backward) {
    return (space){.memory = (float *)c->scratch + omp_get_thread_num() * space_of(a, backward)};
}

static size_t scratch_of(const mlrt_node *n, int32_t threads, bool backward) {
    const attention a = attention_of(&n->in[0]->shape, &n->in[1]->shape, &n->in[2]->shape, n->attr);
    return sizeof(float) * (size_t)(threads * space_of(&a, backward));
}

static size_t forward_scratch(const mlrt_node *n, int32_t threads) { return scratch_of(n, threads, false); }
static size_t backward_scratch(const mlrt_node *n, int32_t threads) { return scratch_of(n, threads, true); }

/* ---- forward ---- */

static void forward_head(const mlrt_call *c, const attention *a, const forward_space *s, int64_t batch, int64_t h) {
    const int64_t dk = a->key_width, dv = a->value_width, q_row = a->heads * dk, v_row = a->heads * dv;
    const float *q = head(&c->in[0], batch, h, dk);
    float *y = head(&c->out, batch, h, dv);
    mlrt__pack((mlrt__operand){head(&c->in[1], batch, h, dk), 1, q_row}, dk, a->keys, s->keys);
    mlrt__pack((mlrt__operand){head(&c->in[2], batch, h, dv), v_row, 1}, a->keys, dv, s->values);
    for (int64_t i = 0; i < a->queries; i += BLOCK) {
        const int64_t rows = a->queries - i < BLOCK ? a->queries - i : BLOCK, n = visible(a, i + rows - 1);
        probabilities(a, q + i * q_row, s->keys, s->p, batch, i, rows, n);
        mlrt__multiply((mlrt__operand){s->p, a->score_row, 1}, s->values, a->keys, y + i * v_row, v_row, rows, dv, n,
                       false);
    }
}

static void forward_heads(const mlrt_call *c, int64_t first, int64_t last) {
    const attention a = call_attention(c, 3);
    space memory = thread_space(c, &a, false);
    const forward_space s = forward_layout(&a, &memory);
    for (int64_t i = first; i < last; i++) forward_head(c, &a, &s, i / a.heads, i % a.heads);
}

static double work_of(const attention *a) {
    return 2 * (double)(a->batch * a->heads * a->queries) * (double)a->keys * (double)(a->key_width + a->value_width);
}

static void run_attention(const mlrt_call *c) {
    const attention a = call_attention(c, 3);
    mlrt__share(c, a.batch * a.heads, work_of(&a), forward_heads);
}

/* ---- backward ---- */

typedef struct gradients {
    float *dq, *dk, *dv;
} gradients;

/* dp becomes ds. */
static void score_gradient(const attention *a, const float *p, float *dp, int64_t rows, int64_t n) {
    for (int64_t r = 0; r < rows; r++, p += a->score_row, dp += a->score_row) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t j = 0; j < n; j++) sum += p[j] * dp[j];
#pragma omp simd
        for (int64_t j = 0; j < n; j++) dp[j] = p[j] * (dp[j] - sum) * a->scale;
    }
}

static void clear(float *y, int64_t row, int64_t rows, int64_t width) {
    for (int64_t r = 0; r < rows; r++) memset(y + r * row, 0, sizeof(float) * (size_t)width);
}

static void backward_head(const mlrt_call *c, const attention *a, const backward_space *s, const gradients *g,
                          int64_t batch, int64_t h) {
    const int64_t dk = a->key_width, dv = a->value_width, q_row = a->heads * dk, v_row = a->heads * dv;
    const float *q = head(&c->in[0], batch, h, dk), *k = head(&c->in[1], batch, h, dk);
    const float *v = head(&c->in[2], batch, h, dv), *dy = head(&c->in[3], batch, h, dv);
    mlrt__pack((mlrt__operand){k, 1, q_row}, dk, a->keys, s->keys);
    mlrt__pack((mlrt__operand){k, q_row, 1}, a->keys, dk, s->keys_back);
    mlrt__pack((mlrt__operand){v, 1, v_row}, dv, a->keys, s->values);
    clear(g->dk, q_row, a->keys, dk);
    clear(g->dv, v_row, a->keys, dv);
    for (int64_t i = 0; i < a->queries; i += BLOCK) {
        const int64_t rows = a->queries - i < BLOCK ? a->queries - i : BLOCK, n = visible(a, i + rows - 1);
        const mlrt__operand qs = {q + i * q_row, q_row, 1}, dys = {dy + i * v_row, v_row, 1};
        const mlrt__operand ds = {s->ds, a->score_row, 1};
        const mlrt__operand p_back = {s->p, 1, a->score_row}, ds_back = {s->ds, 1, a->score_row};
        probabilities(a, qs.data, s->keys, s->p, batch, i, rows, n);
        mlrt__multiply(dys, s->values, dv, s->ds, a->score_row, rows, n, dv, false);
        score_gradient(a, s->p, s->ds, rows, n);
        mlrt__multiply(ds, s->keys_back, a->keys, g->dq + i * q_row, q_row, rows, dk, n, false);
        mlrt__pack(qs, rows, dk, s->q);
        mlrt__pack(dys, rows, dv, s->dy);
        mlrt__multiply(ds_back, s->q, rows, g->dk, q_row, n, dk, rows, true);
        mlrt__multiply(p_back, s->dy, rows, g->dv, v_row, n, dv, rows, true);
    }
}

static void backward_heads(const mlrt_call *c, int64_t first, int64_t last) {
    const attention a = call_attention(c, 4);
    space memory = thread_space(c, &a, true);
    float *pack = c->out.data;
    const backward_space s = backward_layout(&a, &memory);
    const mlrt_shape *const parts[] = {&c->in[0].shape, &c->in[1].shape, &c->in[2].shape};
    mlrt_tensor d[3];
    for (int i = 0; i < 3; i++) d[i] = (mlrt_tensor){MLRT_F32, *parts[i], pack + mlrt_pack_offset(parts, i)};
    for (int64_t i = first; i < last; i++) {
        const int64_t batch = i / a.heads, h = i % a.heads;
        const gradients g = {head(&d[0], batch, h, a.key_width), head(&d[1], batch, h, a.key_width),
                             head(&d[2], batch, h, a.value_width)};
        backward_head(c, &a, &s, &g, batch, h);
    }
}

static void run_attention_grad(const mlrt_call *c) {
    const attention a = call_attention(c, 4);
    const mlrt_shape *const parts[] = {&c->in[0].shape, &c->in[1].shape, &c->in[2].shape};
    float *pack = c->out.data;
    for (int i = 0; i < 3; i++) {
        const int64_t end = mlrt_pack_offset(parts, i) + mlrt_shape_count(parts[i]);
        clear(pack + end, 0, 1, mlrt_pack_offset(parts, i + 1) - end);
    }
    mlrt__share(c, a.batch * a.heads, 3 * work_of(&a), backward_heads);
}

const mlrt__kernel MLRT_KERNELS(attention)[] = {
    {"attention", .scratch = forward_scratch, .run = run_attention},
    {"attention_grad", .scratch = backward_scratch, .run = run_attention_grad},
    {0},
};
