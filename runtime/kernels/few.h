/* few.h - attention of few queries to few keys: the scores of several queries lie side by side in one vector.
 *
 * With K keys, rounded up to a power of two, a vector holds the scores of a group of LANES / K queries, K for each. They are
 * sums of products of whole rows, added up by a tree; a softmax runs across K lanes. Nothing is transposed. */
#ifndef MLRT__FEW_H
#define MLRT__FEW_H

#include "kernels/attention.h"

typedef struct few {
    const attention *a;
    int64_t keys, group;               /* K; queries in a group */
    int64_t batch;                     /* whose masks are in `seen`, or -1 */
    mlrt__int_lanes seen[MLRT__LANES]; /* by the first query of a group: -1 where a query may look, else 0 */
    matrix q, k, v;
} few;

/* Of more, fewer than half a vector's lanes would be of use, or sums would take longer than what they save. */
static inline bool is_few(const attention *a) {
    return a->most[KEYS] <= MLRT__LANES / 2 && a->most[QUERIES] <= MLRT__LANES / 2 && a->distances == 0 &&
           a->dropout == 0 && a->key_width % MLRT__LANES == 0 && a->value_width % MLRT__LANES == 0;
}

static inline const float *row(matrix m, int64_t i) { return m.data + i * m.row; }

/* Lane g K + j: row i + g of x times row j of y, or 0. */
MLRT__INLINE mlrt__lanes group_products(matrix x, matrix y, int64_t i, int keys) {
    mlrt__lanes sum[MLRT__LANES] = {0};
    const int group = MLRT__LANES / keys;
    for (int64_t w = 0; w < x.width; w += MLRT__LANES)
#pragma GCC unroll 16
        for (int j = 0; j < keys; j++) {
            if (j >= y.rows) break;
            const mlrt__lanes k = mlrt__load(row(y, j) + w);
#pragma GCC unroll 4
            for (int g = 0; g < group; g++)
                if (i + g < x.rows) sum[g * keys + j] += k * mlrt__load(row(x, i + g) + w);
        }
    return mlrt__sums_of(sum);
}

static mlrt__lanes products(const few *f, matrix x, matrix y, int64_t i) {
    return f->keys == MLRT__LANES / 2 ? group_products(x, y, i, MLRT__LANES / 2)
                                      : group_products(x, y, i, MLRT__LANES / 4);
}

/* Every lane gets its group's sum, or most: the lanes that differ in one bit of their number are joined, bit by bit. */
MLRT__INLINE mlrt__lanes partner(mlrt__lanes v, int bit) {
    mlrt__int_lanes lane;
    for (int i = 0; i < MLRT__LANES; i++) lane[i] = i ^ bit;
    return __builtin_shuffle(v, lane);
}

static inline mlrt__lanes group_sum(mlrt__lanes v, int64_t keys) {
#pragma GCC unroll 4
    for (int bit = 1; bit < MLRT__LANES; bit *= 2)
        if (bit < keys) v += partner(v, bit);
    return v;
}

static inline mlrt__lanes group_most(mlrt__lanes v, int64_t keys) {
#pragma GCC unroll 4
    for (int bit = 1; bit < MLRT__LANES; bit *= 2)
        if (bit < keys) {
            const mlrt__lanes w = partner(v, bit);
            v = mlrt__select(w > v, w, v);
        }
    return v;
}

/* Whether query i may look at key j. */
static inline bool sees(const attention *a, int64_t batch, int64_t i, int64_t j) {
    const mlrt_tensor *mask = a->in[MLRT__ATT_MASK];
    if (i >= a->queries || j >= visible(a, i, a->keys)) return false;
    if (!mask) return true;
    if (mask->shape.rank == 2) return ((const float *)mask->data)[batch * a->most[KEYS] + j] != 0;
    const int64_t plane = mask->shape.dim[0] > 1 ? batch : 0;
    return ((const float *)mask->data)[(plane * a->queries + i) * a->keys + j] != 0;
}

static few few_of(const attention *a) {
    few f = {.a = a, .keys = MLRT__LANES / 4, .batch = -1};
    while (f.keys < a->most[KEYS]) f.keys *= 2;
    f.group = MLRT__LANES / f.keys;
    return f;
}

/* A head's operands; what a batch element sees is found out once. */
static void few_take(few *f, int64_t batch, matrix q, matrix k, matrix v) {
    const bool same = !f->a->in[MLRT__ATT_MASK] && !f->a->starts[KEYS]; /* for all batch elements */
    const bool known = f->batch == batch || (f->batch >= 0 && same);
    for (int64_t i = 0; i < f->a->queries && !known; i += f->group)
        for (int l = 0; l < MLRT__LANES; l++) f->seen[i][l] = -sees(f->a, batch, i + l / f->keys, l % f->keys);
    f->batch = batch, f->q = q, f->k = k, f->v = v;
}

/* The probabilities of a group from query i on; none where there is nothing to be seen. */
static inline mlrt__lanes probabilities(const few *f, int64_t i) {
    const mlrt__lanes least = (mlrt__lanes){0} - 0x1.fffffep127f;
    const mlrt__lanes x = mlrt__select(f->seen[i], products(f, f->q, f->k, i) * f->a->scale, least + least);
    const mlrt__lanes most = group_most(mlrt__select(x > least, x, least), f->keys);
    const mlrt__lanes e = mlrt__exp_lanes(x - most), sum = group_sum(e, f->keys);
    return mlrt__where(sum != 0, e / sum);
}

/* Row i of y = the sum over j of p[i step + j down] times row j of x; four rows at a time. */
static inline void sum_rows(const float *p, int64_t step, int64_t down, matrix x, matrix y) {
    enum { ROWS = 4 };
    for (int64_t i = 0; i < y.rows; i += ROWS)
        for (int64_t w = 0; w < x.width; w += MLRT__LANES) {
            mlrt__lanes sum[ROWS] = {0};
            for (int64_t j = 0; j < x.rows; j++) {
                const mlrt__lanes v = mlrt__load(row(x, j) + w);
#pragma GCC unroll 4
                for (int r = 0; r < ROWS; r++) sum[r] += p[(i + r) * step + j * down] * v;
            }
#pragma GCC unroll 4
            for (int r = 0; r < ROWS; r++)
                if (i + r < y.rows) mlrt__store(y.data + (i + r) * y.row + w, sum[r]);
        }
}

/* Scores of all queries, and of those that fill up the last group or four rows. */
enum { FEW = (MLRT__LANES / 2 + 3) * MLRT__LANES };

/* Scores of the queries that are missing in the last four. */
static inline void clear_rest(const few *f, float *p) {
    for (int64_t i = f->a->queries; i % 4; i++)
        for (int64_t j = 0; j < f->keys; j++) p[i * f->keys + j] = 0;
}

static inline void few_forward(const few *f, matrix y) {
    float p[FEW];
    for (int64_t i = 0; i < f->a->queries; i += f->group) mlrt__store(p + i * f->keys, probabilities(f, i));
    clear_rest(f, p);
    sum_rows(p, f->keys, 1, f->v, y);
}

/* The gradients, all of which are written. */
static inline void few_backward(const few *f, matrix dy, matrix dq, matrix dk, matrix dv) {
    float p[FEW], ds[FEW];
    for (int64_t i = 0; i < f->a->queries; i += f->group) {
        const mlrt__lanes x = probabilities(f, i), d = products(f, dy, f->v, i);
        mlrt__store(p + i * f->keys, x);
        mlrt__store(ds + i * f->keys, mlrt__where(x != 0, x * (d - group_sum(x * d, f->keys)) * f->a->scale));
    }
    clear_rest(f, ds);
    sum_rows(ds, f->keys, 1, f->k, dq);
    sum_rows(ds, 1, f->keys, f->q, dk);
    sum_rows(p, 1, f->keys, dy, dv);
}

#endif
