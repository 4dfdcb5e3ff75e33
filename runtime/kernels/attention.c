/* attention.c - softmax(q k^T * scale) v a head at a time, in cache: Vaswani et al., arXiv:1706.03762, Eq. 1.
 *
 * The backward pass finds the probabilities p again; with o = p v it has
 *     dv = p^T do,   ds = p (do v^T - <p, do v^T>) * scale,   dq = ds k,   dk = ds^T q.
 * A head belongs to one thread and its blocks are added in order, so results do not depend on the number of threads. */
#include "kernels/attention.h"

/* The pieces of scratch memory that a thread works with. */
typedef struct room {
    float *turned, *p, *inverse; /* queries [width, lanes], scores [keys, lanes], 1 / the sums of their columns */
    float *ds;                   /* [keys, lanes] */
    float *k, *v, *q, *dy;       /* copies */
    float *dk, *dv;              /* sums over several blocks of queries */
} room;

static room forward_room(const attention *a, space *s) {
    return (room){.turned = take(s, a->key_width * a->lanes),
                  .p = take(s, a->keys * a->lanes),
                  .inverse = take(s, a->lanes),
                  .k = take(s, copy_size(a->keys, a->key_width)),
                  .v = take(s, copy_size(a->keys, a->value_width))};
}

static bool is_summed(const attention *a) { return a->queries > BLOCK; }

static room backward_room(const attention *a, space *s) {
    const int64_t wider = a->key_width > a->value_width ? a->key_width : a->value_width;
    return (room){.turned = take(s, wider * a->lanes),
                  .p = take(s, a->keys * a->lanes),
                  .inverse = take(s, a->lanes),
                  .ds = take(s, a->keys * a->lanes),
                  .k = take(s, copy_size(a->keys, a->key_width)),
                  .v = take(s, copy_size(a->keys, a->value_width)),
                  .q = take(s, copy_size(at_most(a->queries, BLOCK), a->key_width)),
                  .dy = take(s, copy_size(at_most(a->queries, BLOCK), a->value_width)),
                  .dk = take(s, is_summed(a) ? a->keys * whole_lanes(a->key_width) : 0),
                  .dv = take(s, is_summed(a) ? a->keys * whole_lanes(a->value_width) : 0)};
}

typedef room room_of(const attention *a, space *s);

static room thread_room(const mlrt_call *c, const attention *a, room_of *layout) {
    space count = {0};
    layout(a, &count);
    return layout(a, &(space){.memory = (float *)c->scratch + omp_get_thread_num() * count.used});
}

static size_t scratch_of(const mlrt_node *n, int32_t threads, room_of *layout) {
    const attention a = attention_of(&n->in[0]->shape, &n->in[1]->shape, &n->in[2]->shape, n->attr);
    space count = {0};
    layout(&a, &count);
    return sizeof(float) * (size_t)(threads * count.used);
}

static size_t forward_scratch(const mlrt_node *n, int32_t threads) { return scratch_of(n, threads, forward_room); }
static size_t backward_scratch(const mlrt_node *n, int32_t threads) { return scratch_of(n, threads, backward_room); }

/* ---- forward ---- */

static void forward_head(const mlrt_call *c, const attention *a, const room *s, int64_t head, ahead *next) {
    const int64_t batch = head / a->heads, keys = keys_of(a, batch);
    const matrix q = head_of(&c->in[0], a, head), y = head_of(&c->out, a, head);
    const matrix k = at_hand(head_of(&c->in[1], a, head), keys, s->k);
    const matrix v = at_hand(head_of(&c->in[2], a, head), keys, s->v);
    for (int64_t i = 0; i < a->queries; i += BLOCK) {
        const int64_t rows = at_most(a->queries - i, BLOCK), n = visible(a, i + rows - 1, keys);
        float *to = y.data + i * y.row;
        attend(a, batch, rows_from(q, i, rows), k, i, n, s->turned, s->p, s->inverse, next);
        multiply((mlrt__operand){s->p, 1, a->lanes}, v, to, y.row, rows, n, false, next);
        for (int64_t r = 0; r < rows; r++) mlrt__scale_row(to + r * y.row, s->inverse[r], y.width);
    }
}

static void forward_heads(const mlrt_call *c, int64_t first, int64_t last) {
    const attention a = call_attention(c, 3);
    const room s = thread_room(c, &a, forward_room);
    const mlrt_tensor *const touched[] = {&c->in[0], &c->in[1], &c->in[2], &c->out};
    for (int64_t i = first; i < last; i++) {
        ahead next = ahead_of(&a, touched, i + 1 < last ? 4 : 0, i + 1, 2);
        forward_head(c, &a, &s, i, &next);
    }
}

static void run_attention(const mlrt_call *c) {
    const attention a = call_attention(c, 3);
    mlrt__share(c, a.batch * a.heads, work_of(&a), forward_heads);
}

/* ---- backward ---- */

/* p becomes probabilities, and ds, which is do v^T before, the gradient of the scores. */
MLRT__INLINE void score_columns(float *p, float *ds, int64_t n, int64_t lanes, float scale, const float *inverse,
                                int vectors) {
    mlrt__lanes sum[4] = {0};
    for (int64_t j = 0; j < n; j++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            const int64_t at = j * lanes + v * MLRT__LANES;
            const mlrt__lanes x = mlrt__load(p + at) * mlrt__load(inverse + v * MLRT__LANES);
            mlrt__store(p + at, x);
            sum[v] += x * mlrt__load(ds + at);
        }
    for (int64_t j = 0; j < n; j++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            const int64_t at = j * lanes + v * MLRT__LANES;
            mlrt__store(ds + at, mlrt__load(p + at) * (mlrt__load(ds + at) - sum[v]) * scale);
        }
}

static void score_block(const attention *a, const room *s, int64_t rows, int64_t n) {
    int64_t i = 0;
    for (; i + 3 * MLRT__LANES < rows; i += 4 * MLRT__LANES)
        score_columns(s->p + i, s->ds + i, n, a->lanes, a->scale, s->inverse + i, 4);
    for (; i < rows; i += MLRT__LANES) score_columns(s->p + i, s->ds + i, n, a->lanes, a->scale, s->inverse + i, 1);
}

static void clear(matrix m, int64_t first) {
    for (int64_t r = first; r < m.rows; r++) memset(m.data + r * m.row, 0, sizeof(float) * (size_t)m.width);
}

typedef struct gradients {
    mlrt_tensor q, k, v;
} gradients;

/* What a block adds to the gradients of keys and values. */
static void backward_block(const attention *a, const room *s, matrix q, matrix dy, matrix dk, matrix dv, int64_t n,
                           bool add, ahead *next) {
    const matrix qs = at_hand(q, q.rows, s->q), dys = at_hand(dy, dy.rows, s->dy);
    multiply((mlrt__operand){s->ds, a->lanes, 1}, qs, dk.data, dk.row, n, q.rows, add, next);
    multiply((mlrt__operand){s->p, a->lanes, 1}, dys, dv.data, dv.row, n, q.rows, add, next);
}

static void backward_head(const mlrt_call *c, const attention *a, const room *s, const gradients *g, int64_t head,
                          ahead *next) {
    const int64_t batch = head / a->heads, keys = keys_of(a, batch);
    const matrix q = head_of(&c->in[0], a, head), dq = head_of(&g->q, a, head), dy = head_of(&c->in[3], a, head);
    const matrix k = at_hand(head_of(&c->in[1], a, head), keys, s->k), dk = head_of(&g->k, a, head);
    const matrix v = at_hand(head_of(&c->in[2], a, head), keys, s->v), dv = head_of(&g->v, a, head);
    const matrix dk_sum = is_summed(a) ? place_for(dk, s->dk) : dk, dv_sum = is_summed(a) ? place_for(dv, s->dv) : dv;
    const int64_t begun = a->queries ? visible(a, at_most(a->queries, BLOCK) - 1, keys) : 0;
    clear(dk_sum, begun), clear(dv_sum, begun); /* what the first block does not write */
    for (int64_t i = 0; i < a->queries; i += BLOCK) {
        const int64_t rows = at_most(a->queries - i, BLOCK), n = visible(a, i + rows - 1, keys);
        const matrix qs = rows_from(q, i, rows), dys = rows_from(dy, i, rows);
        attend(a, batch, qs, k, i, n, s->turned, s->p, s->inverse, next);
        turned_product(v, dys, n, s->turned, s->ds, a->lanes, next);
        score_block(a, s, rows, n);
        multiply((mlrt__operand){s->ds, 1, a->lanes}, k, dq.data + i * dq.row, dq.row, rows, n, false, next);
        backward_block(a, s, qs, dys, dk_sum, dv_sum, n, i > 0, next);
    }
    if (is_summed(a)) copy_rows(dk_sum, dk, dk.rows), copy_rows(dv_sum, dv, dv.rows);
}

static void backward_heads(const mlrt_call *c, int64_t first, int64_t last) {
    const attention a = call_attention(c, 4);
    const room s = thread_room(c, &a, backward_room);
    const mlrt_shape *const parts[] = {&c->in[0].shape, &c->in[1].shape, &c->in[2].shape};
    mlrt_tensor d[3];
    for (int i = 0; i < 3; i++)
        d[i] = (mlrt_tensor){MLRT_F32, *parts[i], (float *)c->out.data + mlrt_pack_offset(parts, i)};
    const gradients g = {d[0], d[1], d[2]};
    const mlrt_tensor *const touched[] = {&c->in[0], &c->in[1], &c->in[2], &c->in[3], &d[0], &d[1], &d[2]};
    for (int64_t i = first; i < last; i++) {
        ahead next = ahead_of(&a, touched, i + 1 < last ? 7 : 0, i + 1, 5);
        backward_head(c, &a, &s, &g, i, &next);
    }
}

static void run_attention_grad(const mlrt_call *c) {
    const attention a = call_attention(c, 4);
    const mlrt_shape *const parts[] = {&c->in[0].shape, &c->in[1].shape, &c->in[2].shape};
    for (int i = 0; i < 3; i++) { /* zeros between the parts */
        const int64_t end = mlrt_pack_offset(parts, i) + mlrt_shape_count(parts[i]);
        memset((float *)c->out.data + end, 0, sizeof(float) * (size_t)(mlrt_pack_offset(parts, i + 1) - end));
    }
    mlrt__share(c, a.batch * a.heads, 3 * work_of(&a), backward_heads);
}

const mlrt__kernel MLRT_KERNELS(attention)[] = {
    {"attention", .scratch = forward_scratch, .run = run_attention},
    {"attention_grad", .scratch = backward_scratch, .run = run_attention_grad},
    {0},
};
