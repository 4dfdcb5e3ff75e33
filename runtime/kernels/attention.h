/* attention.h - what the two passes of attention share: heads, products, masks and the softmax of a block of queries.
 *
 * Queries are lanes: a block of them is transposed once, and then scores [keys, queries] are products of the keys as they
 * lie in memory with it. So a softmax runs down the columns without sums across lanes, a hidden key costs nothing, and
 * the products with scores take keys, values, queries and results where they lie: nothing is packed.
 *
 * A head's rows are short pieces a whole row of the tensor apart, which no prefetcher of the CPU follows: while one head
 * is computed, the next one's rows are fetched, some with each tile. */
#ifndef MLRT__ATTENTION_H
#define MLRT__ATTENTION_H

#include "kernels/blocks.h"
#include "kernels/gemm.h"
#include "kernels/softmax.h"
#include "kernels/team.h"
#include <math.h>

enum { BLOCK = 64 }; /* queries taken together: a multiple of the lanes */

/* A tensor's rows are queries or keys. */
typedef enum side { QUERIES, KEYS } side;

typedef struct attention {
    int64_t batch, heads, key_width, value_width; /* widths of one head */
    int64_t queries, keys;                        /* of the batch element at hand: see enter_batch */
    int64_t most[2];                              /* queries and keys of any batch element */
    int64_t distances, far_width;                 /* vectors for them, 0 without; width of a head's keys */
    int64_t far_count;                            /* numbers in all vectors for distances */
    int64_t lanes;                                /* stride of the scores: queries of a block, rounded */
    bool causal;
    float scale, dropout;
    bool narrow[MLRT__ATT_PARTS], narrow_out; /* inputs and results that are bf16 */
    const mlrt__format *format;               /* of the products; NULL: f32, where the operands lie */
    const mlrt_tensor *in[MLRT__ATT_PARTS];   /* NULL when there is none */
    const int32_t *starts[2];                 /* of queries and keys in [1, rows, D]; NULL: all have the most */
} attention;

static inline int64_t whole_lanes(int64_t n) { return (n + MLRT__LANES - 1) / MLRT__LANES * MLRT__LANES; }
static inline int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t at_least(int64_t a, int64_t b) { return a > b ? a : b; }

static inline attention attention_of(const mlrt__attention_attr *attr, const mlrt_shape *const in[MLRT__ATT_PARTS]) {
    const mlrt_shape *q = in[MLRT__ATT_Q], *k = in[MLRT__ATT_K], *v = in[MLRT__ATT_V];
    const mlrt_shape *far_q = in[MLRT__ATT_FAR_Q], *far_k = in[MLRT__ATT_FAR_K], *far_v = in[MLRT__ATT_FAR_V];
    const mlrt_shape *starts = in[MLRT__ATT_Q_STARTS];
    attention a = {.batch = starts ? starts->dim[0] - 1 : q->dim[0], .heads = attr->heads};
    a.most[QUERIES] = a.queries = starts ? attr->queries : q->dim[1];
    a.most[KEYS] = a.keys = starts ? attr->keys : k->dim[1];
    a.key_width = q->dim[2] / a.heads, a.value_width = v->dim[2] / a.heads;
    a.far_width = far_q ? far_q->dim[2] / a.heads : a.key_width;
    a.distances = far_k ? far_k->dim[0] : far_v ? far_v->dim[0] : 0;
    a.far_count = a.distances * ((far_k ? far_k->dim[1] : 0) + (far_v ? far_v->dim[1] : 0));
    a.lanes = whole_lanes(at_most(a.queries, BLOCK));
    a.causal = attr->causal;
    a.scale = (float)(attr->scale != 0 ? attr->scale : 1 / sqrt((double)a.key_width));
    a.dropout = (float)attr->dropout;
    return a;
}

/* Products of bf16 operands that are worth packing. */
static inline const mlrt__format *format_of(const attention *a) {
    enum { LEAST = 32 };
    const bool narrow = a->narrow[MLRT__ATT_Q] && a->narrow[MLRT__ATT_K] && a->narrow[MLRT__ATT_V];
    return narrow && a->distances == 0 && a->most[QUERIES] >= LEAST && a->most[KEYS] >= LEAST
               ? mlrt__format_bf16(mlrt__cpu_level(), 0)
               : NULL;
}

static inline attention call_attention(const mlrt_call *c) {
    const mlrt_tensor *in[MLRT__ATT_PARTS];
    const mlrt_shape *shape[MLRT__ATT_PARTS];
    for (int32_t p = 0; p < MLRT__ATT_PARTS; p++) {
        const int32_t i = mlrt__attention_input(c->attr, (mlrt__attention_part)p);
        in[p] = i < 0 ? NULL : &c->in[i], shape[p] = i < 0 ? NULL : &c->in[i].shape;
    }
    attention a = attention_of(c->attr, shape);
    memcpy(a.in, in, sizeof in);
    if (in[MLRT__ATT_Q_STARTS]) {
        a.starts[QUERIES] = in[MLRT__ATT_Q_STARTS]->data;
        a.starts[KEYS] = in[MLRT__ATT_K_STARTS]->data;
    }
    for (int32_t p = 0; p < MLRT__ATT_PARTS; p++) a.narrow[p] = in[p] && in[p]->dtype == MLRT_BF16;
    a.narrow_out = c->out.dtype == MLRT_BF16;
    a.format = c->state;
    return a;
}

static inline double work_of(const attention *a) {
    const double rows = (double)(a->most[KEYS] + a->distances);
    return 2 * (double)(a->batch * a->heads * a->most[QUERIES]) * rows * (double)(a->key_width + a->value_width);
}

/* Of f32 numbers; or of bf16 ones, narrow, where products pack them. */
typedef struct matrix {
    float *data;
    int64_t rows, row, width;
    bool narrow;
} matrix;

static inline matrix matrix_of(float *data, int64_t rows, int64_t row, int64_t width) {
    return (matrix){data, rows, row, width, false};
}

/* Rows of a batch element. */
static inline int64_t first_row(const attention *a, side s, int64_t batch) {
    return a->starts[s] ? a->starts[s][batch] : batch * a->most[s];
}
static inline int64_t rows_in(const attention *a, side s, int64_t batch) {
    return a->starts[s] ? a->starts[s][batch + 1] - a->starts[s][batch] : a->most[s];
}

static inline void enter_batch(attention *a, int64_t batch) {
    a->queries = rows_in(a, QUERIES, batch);
    a->keys = rows_in(a, KEYS, batch);
}

/* Where one head's matrix begins in a tensor [batch, rows, heads * width], in elements. */
static inline int64_t head_start(const mlrt_tensor *t, const attention *a, side s, int64_t i) {
    const int64_t row = t->shape.dim[2], width = row / a->heads;
    return first_row(a, s, i / a->heads) * row + i % a->heads * width;
}

static inline matrix head_of(const mlrt_tensor *t, const attention *a, side s, int64_t i) {
    const int64_t row = t->shape.dim[2], width = row / a->heads;
    return matrix_of((float *)t->data + head_start(t, a, s, i), rows_in(a, s, i / a->heads), row, width);
}

static inline matrix rows_from(matrix m, int64_t first, int64_t rows) {
    float *const data = m.narrow ? (float *)((uint16_t *)m.data + first * m.row) : m.data + first * m.row;
    return (matrix){data, rows, m.row, m.width, m.narrow};
}

/* ---- scratch memory: the pieces that a thread works with, one after the other ---- */

/* With no memory it only counts. */
typedef struct space {
    float *memory;
    int64_t used;
} space;

static inline float *take(space *s, int64_t floats) {
    float *p = s->memory ? s->memory + s->used : NULL;
    s->used += (floats + 15) / 16 * 16;
    return p;
}

/* ---- fetching ahead ---- */

enum { PARTS = 8 };

/* A head's rows, in bytes. */
typedef struct lines {
    const char *data;
    int64_t rows, row, width;
} lines;

/* A tensor of which every head has rows. */
typedef struct touched {
    const mlrt_tensor *tensor;
    side side;
} touched;

static inline lines lines_of(const touched *t, const attention *a, int64_t head) {
    const int64_t size = (int64_t)mlrt_dtype_size(t->tensor->dtype), row = size * t->tensor->shape.dim[2];
    return (lines){(const char *)t->tensor->data + size * head_start(t->tensor, a, t->side, head),
                   rows_in(a, t->side, head / a->heads), row, row / a->heads};
}

/* The rows of the next head, and how many of them to fetch with each tile of this one. */
typedef struct ahead {
    lines part[PARTS];
    int32_t parts, at;
    int64_t row, step;
} ahead;

/* All rows of the tensors' heads by the end of `products` products of scores with keys or values. */
static inline ahead ahead_of(const attention *a, const touched *t, int32_t count, int64_t head, int64_t products) {
    ahead f = {0};
    int64_t rows = 0;
    for (int32_t i = 0; i < count; i++) {
        f.part[f.parts] = lines_of(&t[i], a, head);
        rows += f.part[f.parts].rows;
        f.parts += f.part[f.parts].rows > 0;
    }
    const mlrt__format *format = a->format;
    const int64_t columns = format ? 2 * format->columns : MLRT__COLUMNS, high = format ? format->rows : MLRT__ROWS;
    const int64_t tiles = products * (1 + a->queries / columns) * (1 + a->keys / high);
    f.step = (rows + tiles - 1) / tiles;
    return f;
}

static inline void fetch(ahead *f) {
    for (int64_t k = 0; k < f->step && f->at < f->parts; k++) {
        const lines *m = &f->part[f->at];
        const char *p = m->data + f->row * m->row;
        for (int64_t i = 0; i < m->width; i += 64) __builtin_prefetch(p + i);
        if (++f->row >= m->rows) f->row = 0, f->at++;
    }
}

static inline void fetch_all(ahead *f) {
    f->step = INT32_MAX;
    fetch(f);
}

/* ---- products ---- */

/* How a thread multiplies: in f32 where operands lie, or in a format for which it packs them. */
typedef struct worker {
    ahead next;
    const mlrt__format *format; /* or NULL */
    float *a, *b;               /* for packed operands */
} worker;

/* Floats of a packed operand: one of its sides is keys or distances, the other the width of a head or a block. */
static inline int64_t packed_size(int64_t longest, int64_t widest) {
    enum { ROUNDING = 32 };
    return (longest + ROUNDING) * (at_least(widest, BLOCK) + ROUNDING) / 2;
}

/* y [m, n] = a [m, k] b [k, n], or added to it, by packed panels. */
static inline void multiply_packed(mlrt__side a, mlrt__side b, float *y, int64_t y_row, int64_t m, int64_t n, int64_t k,
                                   bool add, worker *w) {
    const mlrt__format *f = w->format;
    const int64_t lanes = ((k + f->pair - 1) / f->pair + f->step - 1) / f->step * f->step;
    const mlrt__ending ending = {0};
    mlrt__tile_job t = {.lanes = lanes, .y_row = y_row, .ending = &ending};
    f->pack_a(a, m, k, lanes, w->a);
    f->pack_b(b, n, k, lanes, w->b);
    for (int64_t j = 0; j < n; j += f->columns)
        for (int64_t i = 0; i < m; i += f->rows) {
            float *const to = y + i * y_row + j;
            t.a = w->a + i * lanes, t.b = w->b + j * lanes;
            t.y = to, t.start = add ? to : NULL;
            t.rows = (int32_t)at_most(m - i, f->rows), t.columns = (int32_t)at_most(n - j, f->columns);
            f->tile(&t);
            fetch(&w->next);
        }
}

/* y [m, n] = a [m, k] b [k, n]; in f32 whole vectors of b's rows are read. */
static inline void multiply(mlrt__operand a, matrix b, float *y, int64_t y_row, int64_t m, int64_t k, bool add,
                            worker *w) {
    if (w->format) {
        const mlrt__side rows = {a.data, a.row, a.column, false}, columns = {b.data, 1, b.row, b.narrow};
        multiply_packed(rows, columns, y, y_row, m, b.width, k, add, w);
        return;
    }
    mlrt__tile t = {.depth = k, .b_row = b.row, .y_row = y_row, .a = a, .finish.add = add};
    for (int64_t j = 0; j < b.width; j += MLRT__COLUMNS)
        for (int64_t i = 0; i < m; i += MLRT__ROWS) {
            t.a.data = a.data + i * a.row;
            t.b = b.data + j;
            t.y = y + i * y_row + j;
            t.columns = at_most(b.width - j, MLRT__COLUMNS);
            mlrt__tile_of[at_most(m - i, MLRT__ROWS)](&t);
            fetch(&w->next);
        }
}

/* y [m, lanes] = the first m rows of a times the transpose of b, for which there is room in `turned`. */
static inline void turned_product(matrix a, matrix b, int64_t m, float *turned, float *y, int64_t lanes, worker *w) {
    if (w->format) {
        const mlrt__side rows = {a.data, a.row, 1, a.narrow}, columns = {b.data, b.row, 1, b.narrow};
        multiply_packed(rows, columns, y, lanes, m, b.rows, b.width, false, w);
        return;
    }
    mlrt__transpose(b.data, b.row, turned, lanes, b.rows, b.width);
    multiply((mlrt__operand){a.data, a.row, 1}, matrix_of(turned, b.width, lanes, whole_lanes(b.rows)), y, lanes, m,
             b.width, false, w);
}

/* ---- copies ---- */

/* Rows of many heads beside each other, a power of two apart, compete for a few places in the caches: heads with more
 * than a block of rows are copied. So are those whose rows do not end with a vector, which `multiply` would read past. */
static inline bool is_copied(int64_t rows, int64_t width) { return rows > BLOCK || width % MLRT__LANES; }

static inline int64_t copy_size(int64_t rows, int64_t width) {
    return is_copied(rows, width) ? rows * whole_lanes(width) : 0;
}

/* The first n rows. */
static inline void copy_rows(matrix from, matrix to, int64_t n) {
    for (int64_t r = 0; r < n; r++)
        for (int64_t i = 0; i < from.width; i += MLRT__LANES)
            mlrt__store_some(to.data + r * to.row + i, mlrt__load_some(from.data + r * from.row + i, from.width - i),
                             to.width - i);
}

static inline matrix place_for(matrix m, float *copy) { return matrix_of(copy, m.rows, whole_lanes(m.width), m.width); }

/* m, or a copy of its first n rows, unless it is one. What is packed need not be copied. */
static inline matrix at_hand(const worker *w, matrix m, int64_t n, float *copy) {
    const matrix to = place_for(m, copy);
    if (!is_copied(m.rows, m.width) || !copy || w->format) return m;
    copy_rows(m, matrix_of(to.data, n, to.row, to.row), n); /* with zeros to the end of a row */
    return to;
}

/* One head's matrix of a tensor that may be bf16: then a copy of it, unless it will be packed. */
static inline matrix operand_of(const mlrt_tensor *t, const attention *a, side s, int64_t i, float *copy) {
    const matrix m = head_of(t, a, s, i), to = place_for(m, copy);
    uint16_t *from = (uint16_t *)t->data + head_start(t, a, s, i);
    if (t->dtype != MLRT_BF16) return m;
    if (a->format) return (matrix){(float *)from, m.rows, m.row, m.width, true};
    for (int64_t r = 0; r < m.rows; r++)
        for (int64_t k = 0; k < m.width; k += MLRT__LANES)
            mlrt__store(to.data + r * to.row + k, mlrt__load_bf16(from + r * m.row + k, m.width - k));
    return to;
}

/* Where one head's results go: when they are to be bf16, to a place of their own first. */
static inline matrix wide_place(const mlrt_tensor *t, const attention *a, side s, int64_t i, float *own) {
    const matrix m = head_of(t, a, s, i);
    return t->dtype == MLRT_BF16 ? place_for(m, own) : m;
}

/* From there to the tensor. */
static inline void put_narrow(const mlrt_tensor *t, const attention *a, side s, int64_t i, matrix from) {
    const matrix m = head_of(t, a, s, i);
    uint16_t *to = (uint16_t *)t->data + head_start(t, a, s, i);
    if (t->dtype != MLRT_BF16) return;
    for (int64_t r = 0; r < m.rows; r++)
        for (int64_t k = 0; k < m.width; k += MLRT__LANES)
            mlrt__store_bf16(to + r * m.row + k, mlrt__load(from.data + r * from.row + k), m.width - k);
}

/* ---- who sees whom ---- */

/* Keys that query i may look at: 0 .. visible - 1. */
static inline int64_t visible(const attention *a, int64_t i, int64_t keys) {
    const int64_t n = a->causal ? i + a->most[KEYS] - a->most[QUERIES] + 1 : keys;
    return n < 0 ? 0 : at_most(n, keys);
}

/* The keys of a batch element up to the last that anybody may see. */
static inline int64_t keys_of(const attention *a, int64_t batch) {
    const mlrt_tensor *t = a->in[MLRT__ATT_MASK];
    if (!t || t->shape.rank != 2) return a->keys;
    const float *mask = (const float *)t->data + batch * a->most[KEYS];
    int64_t n = a->keys;
    while (n > 0 && mask[n - 1] == 0) n--;
    return n;
}

static inline void hide_keys(const float *mask, float *s, int64_t n, int64_t lanes) {
    for (int64_t j = 0; j < n; j++)
        if (mask[j] == 0)
            for (int64_t i = 0; i < lanes; i++) s[j * lanes + i] = -MLRT__INF;
}

static inline void hide_pairs(const float *mask, int64_t row, float *s, int64_t rows, int64_t n, int64_t lanes) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < n; j++)
            if (mask[r * row + j] == 0) s[j * lanes + r] = -MLRT__INF;
}

/* Scores [n, lanes] of the queries i .. i + rows - 1: minus infinity where the key is not for the query. */
static inline void hide(const attention *a, int64_t batch, float *s, int64_t i, int64_t rows, int64_t n) {
    const int64_t past = a->most[KEYS] - a->most[QUERIES] + i; /* the last key that the first query sees */
    for (int64_t j = past + 1 < 0 ? 0 : past + 1; a->causal && j < n; j++)
        for (int64_t r = 0; r < at_most(j - past, rows); r++) s[j * a->lanes + r] = -MLRT__INF;
    const mlrt_tensor *mask = a->in[MLRT__ATT_MASK];
    if (mask && mask->shape.rank == 2)
        hide_keys((const float *)mask->data + batch * a->most[KEYS], s, n, a->lanes);
    else if (mask)
        hide_pairs((const float *)mask->data + ((mask->shape.dim[0] > 1 ? batch : 0) * a->queries + i) * a->keys,
                   a->keys, s, rows, n, a->lanes);
}

/* ---- softmax down the columns ---- */

/* Scores of `vectors` vectors of queries become e^(score * scale - most); inverse: 1 / the sum of them, or 0. */
MLRT__INLINE void exp_columns(float *s, int64_t n, int64_t lanes, float scale, float *inverse, int vectors) {
    mlrt__lanes most[4], sum[4];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) most[v] = (mlrt__lanes){0} - 0x1.fffffep127f, sum[v] = (mlrt__lanes){0};
    for (int64_t j = 0; j < n; j++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            const mlrt__lanes x = mlrt__load(s + j * lanes + v * MLRT__LANES) * scale;
            most[v] = mlrt__select(x > most[v], x, most[v]);
        }
    for (int64_t j = 0; j < n; j++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            float *at = s + j * lanes + v * MLRT__LANES;
            const mlrt__lanes e = mlrt__exp_lanes(mlrt__load(at) * scale - most[v]);
            mlrt__store(at, e);
            sum[v] += e;
        }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) mlrt__store(inverse + v * MLRT__LANES, mlrt__where(sum[v] != 0, 1.0f / sum[v]));
}

static inline void exp_block(const attention *a, float *s, int64_t rows, int64_t n, float *inverse) {
    int64_t i = 0;
    for (; i + 3 * MLRT__LANES < rows; i += 4 * MLRT__LANES) exp_columns(s + i, n, a->lanes, a->scale, inverse + i, 4);
    for (; i < rows; i += MLRT__LANES) exp_columns(s + i, n, a->lanes, a->scale, inverse + i, 1);
}

#endif
