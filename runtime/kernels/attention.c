/* attention.c - softmax(q k^T * scale) v a head at a time, in cache: Vaswani et al., arXiv:1706.03762, Eq. 1.
 *
 * The backward pass finds the probabilities p again; with o = p v it has
 *     dv = p^T do,   ds = p (do v^T - <p, do v^T>) * scale,   dq = ds k,   dk = ds^T q.
 * A head belongs to one thread and its blocks are added in order; what all batch elements add to, the gradients of the
 * vectors for distances, is summed in fixed chunks of the batch. So results do not depend on the number of threads. */
#include "kernels/distance.h"
#include "kernels/few.h"
#include "kernels/philox.h"

/* The pieces of scratch memory that a thread works with. */
typedef struct room {
    float *turned, *p, *inverse; /* queries [width, lanes], scores [keys, lanes], 1 / the sums of their columns */
    float *ds, *kept;            /* [keys, lanes]; dropout's factors */
    float *by_distance;          /* [distances, lanes] */
    float *k, *v, *q, *dy;       /* copies */
    float *far_q, *far_k, *far_v;
    float *dk, *dv; /* sums over several blocks of queries */
    float *wide[MLRT__ATT_PARTS],
        *out[MLRT__ATT_PARTS]; /* copies of bf16 inputs, and of results before they are bf16 */
    float *packed_a, *packed_b;
} room;

static bool is_summed(const attention *a) { return a->most[QUERIES] > BLOCK; }

/* Room for a copy of some rows; inputs that are bf16 are copied as a whole. */
static float *take_rows(const attention *a, space *s, mlrt__attention_part p, int64_t rows, int64_t width) {
    return a->narrow[p] ? NULL : take(s, copy_size(rows, width));
}

/* What a head has of the part, f32. */
static int64_t head_size(const attention *a, mlrt__attention_part p) {
    const bool is_key = p == MLRT__ATT_Q || p == MLRT__ATT_K;
    const int64_t rows = a->most[p == MLRT__ATT_Q || p == MLRT__ATT_DY ? QUERIES : KEYS];
    return rows * whole_lanes(is_key ? a->key_width : a->value_width);
}

static void take_wide(const attention *a, space *s, bool backward, room *r) {
    for (mlrt__attention_part p = MLRT__ATT_Q; p <= MLRT__ATT_DY; p++)
        r->wide[p] = a->narrow[p] && !a->format ? take(s, head_size(a, p)) : NULL;
    if (!a->narrow_out) return;
    if (!backward) r->out[MLRT__ATT_DY] = take(s, head_size(a, MLRT__ATT_DY)); /* y is as dy */
    for (mlrt__attention_part p = MLRT__ATT_Q; backward && p <= MLRT__ATT_V; p++) r->out[p] = take(s, head_size(a, p));
}

static room room_of(const attention *a, space *s, bool backward) {
    const int64_t keys = a->most[KEYS], block = at_most(a->most[QUERIES], BLOCK), scores = keys * a->lanes;
    const int64_t sums = backward && is_summed(a) ? keys : 0;
    room r = {0};
    r.turned = take(s, at_least(at_least(a->key_width, a->value_width), a->far_width) * a->lanes);
    r.p = take(s, scores);
    r.inverse = take(s, a->lanes);
    r.ds = take(s, backward ? scores : 0);
    r.kept = take(s, a->dropout > 0 ? scores : 0);
    r.by_distance = take(s, reach_size(a) * a->lanes);
    r.k = take_rows(a, s, MLRT__ATT_K, keys, a->key_width);
    r.v = take_rows(a, s, MLRT__ATT_V, keys, a->value_width);
    r.q = take_rows(a, s, MLRT__ATT_Q, backward ? block : 0, a->key_width);
    r.dy = take_rows(a, s, MLRT__ATT_DY, backward ? block : 0, a->value_width);
    r.far_q = take(s, backward ? copy_size(block, a->far_width) : 0);
    r.far_k = take(s, copy_size(a->distances, a->far_width));
    r.far_v = take(s, copy_size(a->distances, a->value_width));
    r.dk = take(s, a->narrow_out ? 0 : sums * whole_lanes(a->key_width));
    r.dv = take(s, a->narrow_out ? 0 : sums * whole_lanes(a->value_width));
    take_wide(a, s, backward, &r);
    const int64_t widest = at_least(at_least(a->key_width, a->value_width), a->far_width);
    const int64_t packed = a->format ? packed_size(at_least(keys, reach_size(a)), widest) : 0;
    r.packed_a = take(s, packed);
    r.packed_b = take(s, packed);
    return r;
}

static int64_t room_size(const attention *a, bool backward) {
    space count = {0};
    room_of(a, &count, backward);
    return count.used;
}

/* The gradients of the vectors for distances are summed over chunks of the batch, each in memory of its own. */
enum { CHUNKS = 16 };
static int64_t chunks_of(const attention *a) { return at_most(a->batch, CHUNKS); }
static int64_t sums_size(const attention *a) { return (chunks_of(a) * a->far_count + 15) / 16 * 16; }

static room thread_room(const mlrt_call *c, const attention *a, bool backward) {
    const int64_t first = backward ? sums_size(a) : 0;
    float *memory = (float *)c->scratch + first + omp_get_thread_num() * room_size(a, backward);
    return room_of(a, &(space){.memory = memory}, backward);
}

static attention node_attention(const mlrt_node *n) {
    const mlrt_shape *in[MLRT__ATT_PARTS];
    bool narrow[MLRT__ATT_PARTS];
    for (int32_t p = 0; p < MLRT__ATT_PARTS; p++) {
        const int32_t i = mlrt__attention_input(n->attr, (mlrt__attention_part)p);
        in[p] = i < 0 ? NULL : &n->in[i]->shape;
        narrow[p] = i >= 0 && n->in[i]->dtype == MLRT_BF16;
    }
    attention a = attention_of(n->attr, in);
    memcpy(a.narrow, narrow, sizeof narrow);
    a.narrow_out = n->dtype == MLRT_BF16;
    a.format = format_of(&a);
    return a;
}

static mlrt_status prepare(mlrt_call *c, mlrt_error *err) {
    const attention a = node_attention(c->node);
    (void)err;
    c->state = (void *)a.format;
    return MLRT_OK;
}

static worker begin_work(const attention *a, const room *s) {
    if (a->format && a->format->begin) a->format->begin();
    return (worker){.format = a->format, .a = s->packed_a, .b = s->packed_b};
}

static void end_work(const worker *w) {
    if (w->format && w->format->end) w->format->end();
}

/* ---- what both passes do for a block of queries ---- */

/* A head's operands, at hand. */
typedef struct head {
    int64_t batch, number, keys;
    matrix q, k, v, far_q, far_k, far_v;
} head;

static head take_head(const attention *a, const room *s, int64_t number, const worker *w) {
    const mlrt_tensor *far_q = a->in[MLRT__ATT_FAR_Q], *far_k = a->in[MLRT__ATT_FAR_K], *far_v = a->in[MLRT__ATT_FAR_V];
    head h = {.batch = number / a->heads, .number = number};
    h.keys = keys_of(a, h.batch);
    h.q = operand_of(a->in[MLRT__ATT_Q], a, QUERIES, number, s->wide[MLRT__ATT_Q]);
    h.k = at_hand(w, operand_of(a->in[MLRT__ATT_K], a, KEYS, number, s->wide[MLRT__ATT_K]), h.keys, s->k);
    h.v = at_hand(w, operand_of(a->in[MLRT__ATT_V], a, KEYS, number, s->wide[MLRT__ATT_V]), h.keys, s->v);
    h.far_q = far_q ? head_of(far_q, a, QUERIES, number) : h.q;
    if (far_k) h.far_k = at_hand(w, far_head(far_k, number % a->heads, a->far_width), a->distances, s->far_k);
    if (far_v) h.far_v = at_hand(w, far_head(far_v, number % a->heads, a->value_width), a->distances, s->far_v);
    return h;
}

/* The queries i .. i + rows - 1, which see at most the first n keys. */
typedef struct block {
    int64_t i, rows, n;
    reach d;
} block;

static block block_of(const attention *a, const head *h, int64_t i) {
    block b = {.i = i, .rows = at_most(a->queries - i, BLOCK)};
    b.n = visible(a, i + b.rows - 1, h->keys);
    if (a->distances) b.d = reach_of(a, i, b.rows, b.n);
    return b;
}

/* s += the products of `far` with the block's rows that are in s->turned. */
static void add_distances(const attention *a, const room *s, const block *b, matrix far, float *scores, worker *w) {
    const matrix turned = matrix_of(s->turned, far.width, a->lanes, whole_lanes(b->rows));
    multiply((mlrt__operand){far.data + b->d.first * far.row, far.row, 1}, turned, s->by_distance, a->lanes, b->d.count,
             far.width, false, w);
    spread_distances(scores, s->by_distance, b->n, a->lanes, b->rows, b->d);
}

/* s->p: the exponentials of the scores; s->inverse: what makes them probabilities. */
static void attend(const attention *a, const room *s, const head *h, const block *b, worker *w) {
    turned_product(h->k, rows_from(h->q, b->i, b->rows), b->n, s->turned, s->p, a->lanes, w);
    if (h->far_k.data) {
        const matrix q = rows_from(h->far_q, b->i, b->rows);
        mlrt__transpose(q.data, q.row, s->turned, a->lanes, q.rows, q.width);
        add_distances(a, s, b, h->far_k, s->p, w);
    }
    hide(a, h->batch, s->p, b->i, b->rows, b->n);
    exp_block(a, s->p, b->rows, b->n, s->inverse);
}

/* s->kept: 1 / (1 - p) for a key that a query keeps, 0 for another. */
static void draw_kept(const mlrt_call *c, const attention *a, const room *s, const head *h, const block *b) {
    const uint64_t forward = ((const mlrt__attention_attr *)c->attr)->stream, stream = forward ? forward : c->stream;
    const mlrt__philox_key key = mlrt__philox_begin(c->seed, stream, c->step);
    const uint64_t row = ((uint64_t)a->most[QUERIES] + 3) / 4;
    const float factor = 1 / (1 - a->dropout);
    for (int64_t j = 0; j < b->n; j++)
        for (int64_t r = 0; r < b->rows; r += 4 * MLRT__WIDE) {
            uint32_t bits[4 * MLRT__WIDE];
            const int64_t left = at_most(whole_lanes(b->rows) - r, 4 * MLRT__WIDE);
            float *kept = s->kept + j * a->lanes + r;
            mlrt__philox_wide(key, (uint64_t)(h->number * a->most[KEYS] + j) * row + (uint64_t)(b->i + r) / 4, bits);
#pragma omp simd
            for (int64_t k = 0; k < left; k++) kept[k] = mlrt__unit_f32(bits[k]) >= a->dropout ? factor : 0.0f;
        }
}

static void drop(const attention *a, const room *s, const block *b, float *scores) {
    for (int64_t j = 0; j < b->n; j++)
        for (int64_t r = j * a->lanes; r < j * a->lanes + b->rows; r += MLRT__LANES)
            mlrt__store(scores + r, mlrt__load(scores + r) * mlrt__load(s->kept + r));
}

/* ---- forward ---- */

static void forward_block(const mlrt_call *c, const attention *a, const room *s, const head *h, const block *b,
                          matrix y, worker *w) {
    float *to = y.data + b->i * y.row;
    attend(a, s, h, b, w);
    if (a->dropout > 0) draw_kept(c, a, s, h, b), drop(a, s, b, s->p);
    multiply((mlrt__operand){s->p, 1, a->lanes}, h->v, to, y.row, b->rows, b->n, false, w);
    if (h->far_v.data) {
        collect_distances(s->p, s->by_distance, b->n, a->lanes, b->rows, b->d);
        multiply((mlrt__operand){s->by_distance, 1, a->lanes}, rows_from(h->far_v, b->d.first, b->d.count), to, y.row,
                 b->rows, b->d.count, true, w);
    }
    for (int64_t r = 0; r < b->rows; r++) mlrt__scale_row(to + r * y.row, s->inverse[r], y.width);
}

static void forward_head(const mlrt_call *c, const attention *a, const room *s, few *f, int64_t number, worker *w) {
    const head h = take_head(a, s, number, w);
    const matrix y = wide_place(&c->out, a, QUERIES, number, s->out[MLRT__ATT_DY]);
    if (is_few(a)) {
        fetch_all(&w->next);
        few_take(f, h.batch, h.q, h.k, h.v);
        few_forward(f, y);
    } else
        for (int64_t i = 0; i < a->queries; i += BLOCK) {
            const block b = block_of(a, &h, i);
            forward_block(c, a, s, &h, &b, y, w);
        }
    put_narrow(&c->out, a, QUERIES, number, y);
}

static void forward_heads(const mlrt_call *c, int64_t first, int64_t last) {
    attention a = call_attention(c);
    const room s = thread_room(c, &a, false);
    const touched rows[] = {
        {a.in[MLRT__ATT_Q], QUERIES}, {a.in[MLRT__ATT_K], KEYS}, {a.in[MLRT__ATT_V], KEYS}, {&c->out, QUERIES}};
    few f = few_of(&a);
    worker w = begin_work(&a, &s);
    for (int64_t i = first; i < last; i++) {
        enter_batch(&a, i / a.heads);
        w.next = ahead_of(&a, rows, i + 1 < last ? 4 : 0, i + 1, 2);
        forward_head(c, &a, &s, &f, i, &w);
    }
    end_work(&w);
}

static void run_attention(const mlrt_call *c) {
    const attention a = call_attention(c);
    mlrt__share(c, a.batch * a.heads, work_of(&a), forward_heads);
}

static size_t forward_scratch(const mlrt_node *n, int32_t threads) {
    const attention a = node_attention(n);
    return sizeof(float) * (size_t)(threads * room_size(&a, false));
}

/* ---- backward: one block ---- */

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

static void score_block(const attention *a, const room *s, const block *b) {
    int64_t i = 0;
    for (; i + 3 * MLRT__LANES < b->rows; i += 4 * MLRT__LANES)
        score_columns(s->p + i, s->ds + i, b->n, a->lanes, a->scale, s->inverse + i, 4);
    for (; i < b->rows; i += MLRT__LANES)
        score_columns(s->p + i, s->ds + i, b->n, a->lanes, a->scale, s->inverse + i, 1);
}

/* Where a head's gradients go. */
typedef struct gradients {
    matrix q, k, v, far_q, far_k, far_v;
} gradients;

/* y (+)= the transpose of s [n, lanes] times x. */
static void sum_over_keys(const attention *a, const float *s, matrix x, matrix y, const block *b, int64_t n, bool add,
                          worker *w) {
    multiply((mlrt__operand){s, 1, a->lanes}, x, y.data + b->i * y.row, y.row, b->rows, n, add, w);
}

/* y [n, width] (+)= s [n, lanes] x. */
static void sum_over_queries(const attention *a, const float *s, matrix x, matrix y, int64_t n, bool add, worker *w) {
    multiply((mlrt__operand){s, a->lanes, 1}, x, y.data, y.row, n, x.rows, add, w);
}

static void backward_far_k(const attention *a, const room *s, const head *h, const block *b, const gradients *g,
                           worker *w) {
    const matrix q = rows_from(h->far_q, b->i, b->rows), far = rows_from(h->far_k, b->d.first, b->d.count);
    const bool own = a->in[MLRT__ATT_FAR_Q] != NULL;
    collect_distances(s->ds, s->by_distance, b->n, a->lanes, b->rows, b->d);
    sum_over_keys(a, s->by_distance, far, own ? g->far_q : g->q, b, b->d.count, !own, w);
    sum_over_queries(a, s->by_distance, at_hand(w, q, q.rows, s->far_q), rows_from(g->far_k, b->d.first, b->d.count),
                     b->d.count, true, w);
}

static void backward_block(const mlrt_call *c, const attention *a, const room *s, const head *h, const block *b,
                           matrix dy, const gradients *g, worker *w) {
    const matrix q = rows_from(h->q, b->i, b->rows);
    attend(a, s, h, b, w);
    turned_product(h->v, dy, b->n, s->turned, s->ds, a->lanes, w);
    if (h->far_v.data) add_distances(a, s, b, h->far_v, s->ds, w);
    if (a->dropout > 0) draw_kept(c, a, s, h, b), drop(a, s, b, s->ds);
    score_block(a, s, b);
    sum_over_keys(a, s->ds, h->k, g->q, b, b->n, false, w);
    sum_over_queries(a, s->ds, at_hand(w, q, q.rows, s->q), g->k, b->n, b->i > 0, w);
    if (h->far_k.data) backward_far_k(a, s, h, b, g, w);
    if (a->dropout > 0) drop(a, s, b, s->p);
    dy = at_hand(w, dy, dy.rows, s->dy);
    sum_over_queries(a, s->p, dy, g->v, b->n, b->i > 0, w);
    if (!h->far_v.data) return;
    collect_distances(s->p, s->by_distance, b->n, a->lanes, b->rows, b->d);
    sum_over_queries(a, s->by_distance, dy, rows_from(g->far_v, b->d.first, b->d.count), b->d.count, true, w);
}

/* ---- backward: a head ---- */

static void clear(matrix m, int64_t first) {
    for (int64_t r = first; r < m.rows; r++) memset(m.data + r * m.row, 0, sizeof(float) * (size_t)m.width);
}

/* Gradients of keys and values that are summed over several blocks are summed in a place of their own. */
static void backward_blocks(const mlrt_call *c, const attention *a, const room *s, const head *h, matrix dy,
                            gradients g, worker *w) {
    const matrix dk = g.k, dv = g.v;
    const int64_t begun = a->queries ? block_of(a, h, 0).n : 0;
    const bool summed = is_summed(a) && !a->narrow_out;
    if (summed) g.k = place_for(dk, s->dk), g.v = place_for(dv, s->dv);
    clear(g.k, begun), clear(g.v, begun); /* what the first block does not write */
    for (int64_t i = 0; i < a->queries; i += BLOCK) {
        const block b = block_of(a, h, i);
        backward_block(c, a, s, h, &b, rows_from(dy, i, b.rows), &g, w);
    }
    if (summed) copy_rows(g.k, dk, dk.rows), copy_rows(g.v, dv, dv.rows);
}

/* `d` are the gradients of all heads, by part. */
static void backward_head(const mlrt_call *c, const attention *a, const room *s, few *f, const mlrt_tensor *d,
                          int64_t number, worker *w) {
    const head h = take_head(a, s, number, w);
    const matrix dy = operand_of(a->in[MLRT__ATT_DY], a, QUERIES, number, s->wide[MLRT__ATT_DY]);
    gradients g = {.q = wide_place(&d[MLRT__ATT_Q], a, QUERIES, number, s->out[MLRT__ATT_Q]),
                   .k = wide_place(&d[MLRT__ATT_K], a, KEYS, number, s->out[MLRT__ATT_K]),
                   .v = wide_place(&d[MLRT__ATT_V], a, KEYS, number, s->out[MLRT__ATT_V])};
    if (a->in[MLRT__ATT_FAR_Q]) g.far_q = head_of(&d[MLRT__ATT_FAR_Q], a, QUERIES, number);
    if (a->in[MLRT__ATT_FAR_K]) g.far_k = far_head(&d[MLRT__ATT_FAR_K], number % a->heads, a->far_width);
    if (a->in[MLRT__ATT_FAR_V]) g.far_v = far_head(&d[MLRT__ATT_FAR_V], number % a->heads, a->value_width);
    if (is_few(a)) {
        fetch_all(&w->next);
        few_take(f, h.batch, h.q, h.k, h.v);
        few_backward(f, dy, g.q, g.k, g.v);
    } else
        backward_blocks(c, a, s, &h, dy, g, w);
    put_narrow(&d[MLRT__ATT_Q], a, QUERIES, number, g.q);
    put_narrow(&d[MLRT__ATT_K], a, KEYS, number, g.k);
    put_narrow(&d[MLRT__ATT_V], a, KEYS, number, g.v);
}

static void backward_range(const mlrt_call *c, attention *a, const mlrt_tensor *d, int64_t first, int64_t last) {
    const room s = thread_room(c, a, true);
    const touched rows[] = {{a->in[MLRT__ATT_Q], QUERIES},  {a->in[MLRT__ATT_K], KEYS}, {a->in[MLRT__ATT_V], KEYS},
                            {a->in[MLRT__ATT_DY], QUERIES}, {&d[MLRT__ATT_Q], QUERIES}, {&d[MLRT__ATT_K], KEYS},
                            {&d[MLRT__ATT_V], KEYS}};
    few f = few_of(a);
    worker w = begin_work(a, &s);
    for (int64_t i = first; i < last; i++) {
        enter_batch(a, i / a->heads);
        w.next = ahead_of(a, rows, i + 1 < last ? 7 : 0, i + 1, 5);
        backward_head(c, a, &s, &f, d, i, &w);
    }
    end_work(&w);
}

/* ---- backward: all heads ---- */

/* The gradients in the pack, by part. */
static void find_gradients(const mlrt_call *c, const attention *a, mlrt_tensor d[MLRT__ATT_PARTS]) {
    const mlrt_shape *shape[MLRT__ATT_PARTS];
    for (int32_t p = 0, count = 0; p < MLRT__ATT_PARTS; p++) {
        if (!a->in[p] || !mlrt__attention_learns((mlrt__attention_part)p)) continue;
        shape[count++] = &a->in[p]->shape;
        char *const data = c->out.data;
        const size_t size = mlrt_dtype_size(c->out.dtype);
        d[p] = (mlrt_tensor){c->out.dtype, a->in[p]->shape, data + size * (size_t)mlrt_pack_offset(shape, count - 1)};
    }
}

static void backward_heads(const mlrt_call *c, int64_t first, int64_t last) {
    attention a = call_attention(c);
    mlrt_tensor d[MLRT__ATT_PARTS] = {0};
    find_gradients(c, &a, d);
    backward_range(c, &a, d, first, last);
}

/* The heads of some chunks of the batch, with sums of each chunk's own for the vectors of distances. */
static void backward_chunks(const mlrt_call *c, int64_t first, int64_t last) {
    attention a = call_attention(c);
    const int64_t chunks = chunks_of(&a);
    mlrt_tensor d[MLRT__ATT_PARTS] = {0};
    find_gradients(c, &a, d);
    for (int64_t k = first; k < last; k++) {
        float *sums = (float *)c->scratch + k * a.far_count;
        memset(sums, 0, sizeof(float) * (size_t)a.far_count);
        d[MLRT__ATT_FAR_K].data = sums;
        d[MLRT__ATT_FAR_V].data = sums + mlrt_shape_count(&d[MLRT__ATT_FAR_K].shape) * (a.in[MLRT__ATT_FAR_K] != NULL);
        backward_range(c, &a, d, a.batch * k / chunks * a.heads, a.batch * (k + 1) / chunks * a.heads);
    }
}

/* Items are numbers of the gradients of the vectors for distances, the sums of all chunks. */
static void add_chunks(const mlrt_call *c, int64_t first, int64_t last) {
    const attention a = call_attention(c);
    mlrt_tensor d[MLRT__ATT_PARTS] = {0};
    find_gradients(c, &a, d);
    const int64_t count_k = a.in[MLRT__ATT_FAR_K] ? mlrt_shape_count(&d[MLRT__ATT_FAR_K].shape) : 0;
    for (int64_t i = first; i < last; i++) {
        const float *sums = (const float *)c->scratch + i;
        float sum = 0;
        for (int64_t k = 0; k < chunks_of(&a); k++) sum += sums[k * a.far_count];
        *((float *)d[i < count_k ? MLRT__ATT_FAR_K : MLRT__ATT_FAR_V].data + (i < count_k ? i : i - count_k)) = sum;
    }
}

static void run_attention_grad(const mlrt_call *c) {
    const attention a = call_attention(c);
    mlrt_tensor d[MLRT__ATT_PARTS] = {0};
    find_gradients(c, &a, d);
    for (int32_t p = 0; p < MLRT__ATT_PARTS; p++) { /* zeros between the parts */
        const int64_t count = d[p].data ? mlrt_shape_count(&d[p].shape) : 0;
        const size_t size = mlrt_dtype_size(c->out.dtype);
        if (count % 16) memset((char *)d[p].data + size * (size_t)count, 0, size * (size_t)(16 - count % 16));
    }
    if (a.distances == 0) {
        mlrt__share(c, a.batch * a.heads, 3 * work_of(&a), backward_heads);
        return;
    }
    mlrt__share(c, chunks_of(&a), 3 * work_of(&a), backward_chunks);
    mlrt__share(c, a.far_count, (double)(a.far_count * chunks_of(&a)), add_chunks);
}

static size_t backward_scratch(const mlrt_node *n, int32_t threads) {
    const attention a = node_attention(n);
    return sizeof(float) * (size_t)(sums_size(&a) + threads * room_size(&a, true));
}

const mlrt__kernel MLRT_KERNELS(attention)[] = {
    {"attention", .scratch = forward_scratch, .prepare = prepare, .run = run_attention},
    {"attention_grad", .scratch = backward_scratch, .prepare = prepare, .run = run_attention_grad},
    {"attention_dropout", .scratch = forward_scratch, .prepare = prepare, .run = run_attention},
    {"attention_dropout_grad", .scratch = backward_scratch, .prepare = prepare, .run = run_attention_grad},
    {0},
};
