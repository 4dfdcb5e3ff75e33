/* random_graph.h - graphs made at random from a number, to compare ways of compiling them.
 *
 * A graph has fields and parameters, then nodes of all sorts over them: chains, views, candidates for writing in place,
 * shared inputs. Values stay bounded enough to be compared. The same number makes the same graph.
 */
#ifndef MLRT_TESTS_RANDOM_GRAPH_H
#define MLRT_TESTS_RANDOM_GRAPH_H

#include "graph/build.h"
#include "program/calls.h"
#include "tap.h"

enum { ROWS = 4, COLUMNS = 6, POOL = 256 };

typedef struct random_graph {
    uint64_t seed, drawn;
    mlrt__params params;
    mlrt_graph *graph;
    mlrt_node *pool[POOL]; /* f32 */
    int32_t count;
    mlrt_node *index; /* i32 [3], below ROWS */
    float *buffer;    /* the parameters */
} random_graph;

/* 0 .. n - 1 */
static inline int32_t pick(random_graph *r, int32_t n) {
    return (int32_t)mlrt_random_below(r->seed, 1, r->drawn++, (uint64_t)n);
}

/* One of the pool, rather a late one. */
static inline mlrt_node *pick_node(random_graph *r) {
    const int32_t late = r->count > 6 && pick(r, 3) ? r->count - 6 : 0;
    return r->pool[late + pick(r, r->count - late)];
}

static inline void put(random_graph *r, mlrt_node *n) {
    if (r->count < POOL && !mlrt_failed(n)) r->pool[r->count++] = n;
}

static inline bool fit(const mlrt_node *a, const mlrt_node *b) {
    mlrt_shape s = *mlrt_node_shape(a);
    return mlrt__broadcast_shapes(&s, mlrt_node_shape(b)) && mlrt_shape_count(&s) <= 4096;
}

/* One that broadcasts with a. */
static inline mlrt_node *pick_partner(random_graph *r, const mlrt_node *a) {
    for (int32_t i = 0; i < 8; i++) {
        mlrt_node *b = pick_node(r);
        if (fit(a, b)) return b;
    }
    return mlrt_scalar(r->graph, 0.25 * (1 + pick(r, 7)));
}

/* ---- elementwise ---- */

static inline mlrt_node *tamed(mlrt_node *a, mlrt_node *(*f)(mlrt_node *)) { return f(mlrt_tanh(a)); }

static inline mlrt_node *random_unary(random_graph *r, mlrt_node *a) {
    static mlrt_node *(*const bounded[])(mlrt_node *) = {mlrt_tanh,     mlrt_sigmoid, mlrt_sin, mlrt_cos,
                                                         mlrt_erf,      mlrt_relu,    mlrt_abs, mlrt_neg,
                                                         mlrt_softplus, mlrt_gelu,    mlrt_silu};
    static mlrt_node *(*const wild[])(mlrt_node *) = {mlrt_exp, mlrt_square, mlrt_log1p};
    const int32_t all = sizeof bounded / sizeof *bounded, i = pick(r, all + 3);
    return i < all ? bounded[i](a) : tamed(a, wild[i - all]);
}

static inline mlrt_node *random_binary(random_graph *r, mlrt_node *a, mlrt_node *b) {
    switch (pick(r, 8)) {
    case 0: return mlrt_sub(a, b);
    case 1: return mlrt_mul(a, mlrt_tanh(b));
    case 2: return mlrt_maximum(a, b);
    case 3: return mlrt_minimum(b, a);
    case 4: return mlrt_div(a, mlrt_add_scalar(mlrt_square(b), 1));
    case 5: return mlrt_mul_scalar(mlrt_mul(a, mlrt_sigmoid(b)), 1.5);
    default: return mlrt_add(a, b);
    }
}

/* What jumps: comparisons, choices, roundings. */
static inline mlrt_node *random_choice(random_graph *r, mlrt_node *a, mlrt_node *b) {
    mlrt_node *hit = pick(r, 2) ? mlrt_lt(a, b) : mlrt_ge(a, b);
    switch (pick(r, 6)) {
    case 0: return mlrt_where(hit, a, b);
    case 1: return mlrt_mul(hit, a);
    case 3: return mlrt_sign(a);
    case 4: return mlrt_floor(a);
    case 2: return mlrt_where(mlrt_ne(a, b), mlrt_full(r->graph, *mlrt_node_shape(a), 0.5), b);
    default: return mlrt_cast(mlrt_cast(mlrt_mul_scalar(mlrt_tanh(a), 9), MLRT_I32), MLRT_F32);
    }
}

static inline mlrt_node *random_elementwise(random_graph *r, bool choices) {
    mlrt_node *a = pick_node(r), *b = pick_partner(r, a);
    const int32_t kind = pick(r, choices ? 6 : 5);
    return kind < 2 ? random_unary(r, a) : kind < 5 ? random_binary(r, a, b) : random_choice(r, a, b);
}

/* ---- everything else ---- */

static inline mlrt_node *flat(mlrt_node *a) { return mlrt_reshape(a, MLRT_SHAPE_OF(-1)); }

static inline mlrt_node *random_view(random_graph *r, mlrt_node *a) {
    const int64_t n = mlrt_count(a);
    switch (pick(r, 3)) {
    case 0: return flat(a);
    case 1: return mlrt_stop_gradient(a);
    default: return n > 2 ? mlrt_slice(flat(a), 0, n / 3, n - 1, 1) : mlrt_reshape(a, MLRT_SHAPE_OF(1, 1, -1));
    }
}

static inline mlrt_node *random_move(random_graph *r, mlrt_node *a) {
    const int32_t axis = mlrt_rank(a) ? pick(r, mlrt_rank(a)) : 0;
    if (mlrt_rank(a) == 0) return mlrt_broadcast(a, MLRT_SHAPE_OF(2, 3));
    switch (pick(r, 6)) {
    case 0: return mlrt_swap_axes(a, 0, -1);
    case 1: return mlrt_slice(a, axis, 0, mlrt_dim(a, axis), 2);
    case 2: return mlrt_dim(a, axis) < 12 ? mlrt_pad(a, axis, 1, 0, 0.5) : a;
    case 3: return mlrt_dim(a, axis) < 12 ? mlrt_concat((mlrt_node *[]){a, a}, 2, axis) : a;
    case 4: return mlrt_sort(a, axis);
    default: return mlrt_cumsum(a, axis, pick(r, 2));
    }
}

static inline mlrt_node *random_reduction(random_graph *r, mlrt_node *a) {
    const uint32_t axes = (uint32_t)pick(r, 1 << mlrt_rank(a));
    switch (pick(r, 4)) {
    case 0: return mlrt_sum(a, axes, pick(r, 2));
    case 1: return mlrt_max(a, axes, pick(r, 2));
    case 2: return mlrt_variance(a, axes, true);
    default: return mlrt_mean(a, axes, pick(r, 2));
    }
}

static inline mlrt_node *parameter(random_graph *r, const char *name, mlrt_shape shape) {
    return mlrt__parameter(r->graph, name, shape, (mlrt_init){.kind = MLRT_INIT_NORMAL, .b = 0.5f}, true);
}

static inline mlrt_node *random_layer(random_graph *r, mlrt_node *a) {
    mlrt_graph *g = r->graph;
    if (mlrt_count(a) % COLUMNS || !mlrt_count(a)) return mlrt_tanh(a);
    a = mlrt_reshape(a, MLRT_SHAPE_OF(-1, COLUMNS));
    mlrt_node *gain = parameter(r, "gain", MLRT_SHAPE_OF(COLUMNS)),
              *bias = parameter(r, "bias", MLRT_SHAPE_OF(COLUMNS));
    switch (pick(r, 6)) {
    case 0: return mlrt_softmax(a);
    case 1: return mlrt_layer_norm(a, gain, bias, 1e-2);
    case 2: return mlrt_rms_norm(a, gain, 1e-2);
    case 3: return mlrt_dropout(a, 0.25);
    case 4: return mlrt_gather(a, mlrt_minimum(r->index, mlrt_full_i32(g, MLRT_SCALAR, (int32_t)mlrt_dim(a, 0) - 1)));
    default: return mlrt_add(a, mlrt_random_normal(g, MLRT_SHAPE_OF(COLUMNS), 0, 1));
    }
}

/* A product, often with the bias and the activation that compilers look for. */
static inline mlrt_node *random_product(random_graph *r, mlrt_node *a) {
    mlrt_node *w = parameter(r, pick(r, 2) ? "weight" : "other weight", MLRT_SHAPE_OF(COLUMNS, COLUMNS));
    if (mlrt_count(a) % COLUMNS || !mlrt_count(a)) return mlrt_sigmoid(a);
    mlrt_node *y = mlrt_matmul(mlrt_reshape(a, MLRT_SHAPE_OF(-1, COLUMNS)), w, pick(r, 2) ? MLRT_TRANS_B : 0);
    if (pick(r, 2)) put(r, y);
    if (pick(r, 3)) y = mlrt_add(y, parameter(r, "bias", MLRT_SHAPE_OF(COLUMNS)));
    return pick(r, 3) ? mlrt_relu(y) : y;
}

static inline mlrt_node *random_node(random_graph *r) {
    mlrt_node *a = pick_node(r);
    switch (pick(r, 9)) {
    case 0: return random_view(r, a);
    case 1: return random_move(r, a);
    case 2: return random_reduction(r, a);
    case 3: return random_layer(r, a);
    case 4: return random_product(r, a);
    default: return random_elementwise(r, false);
    }
}

/* ---- the whole ---- */

static inline void random_begin(random_graph *r, uint64_t seed) {
    *r = (random_graph){.seed = seed};
    r->graph = mlrt__graph_new(&r->params, true);
    if (seed % 2) r->graph->enough = 0; /* norms may be computed twice */
    put(r, mlrt__graph_input(r->graph, "x", MLRT_F32, MLRT_SHAPE_OF(ROWS, COLUMNS), NULL));
    put(r, mlrt__graph_input(r->graph, "row", MLRT_F32, MLRT_SHAPE_OF(COLUMNS), NULL));
    put(r, mlrt__graph_input(r->graph, "column", MLRT_F32, MLRT_SHAPE_OF(ROWS, 1), NULL));
    put(r, mlrt__graph_input(r->graph, "one", MLRT_F32, MLRT_SCALAR, NULL));
    put(r, parameter(r, "kept", MLRT_SHAPE_OF(ROWS, COLUMNS)));
    r->index = mlrt__graph_input(r->graph, "index", MLRT_I32, MLRT_SHAPE_OF(3), NULL);
}

/* After the last node: the parameters have their values. */
static inline void random_end(random_graph *r) {
    mlrt__params_layout(&r->params);
    r->buffer = mlrt__alloc_large(sizeof(float) * (size_t)mlrt__params_size(&r->params));
    mlrt__params_init(&r->params, r->seed, r->buffer, NULL);
}

static inline void random_free(random_graph *r) {
    mlrt__graph_free(r->graph);
    mlrt__params_free(&r->params);
    mlrt__free_large(r->buffer);
}

/* The same values in every program of the graph. */
static inline void random_fill(const random_graph *r, mlrt__program *p) {
    static const char *const field[] = {"x", "row", "column", "one"};
    for (uint64_t f = 0; f < 4; f++) {
        const mlrt_tensor t = mlrt__program_input(p, field[f]);
        for (int64_t i = 0; t.data && i < mlrt_shape_count(&t.shape); i++)
            ((float *)t.data)[i] = (float)mlrt_random_gauss(r->seed, 2 + f, (uint64_t)i);
    }
    const mlrt_tensor t = mlrt__program_input(p, "index");
    for (uint64_t i = 0; t.data && i < 3; i++) ((int32_t *)t.data)[i] = (int32_t)mlrt_random_below(r->seed, 6, i, ROWS);
}

/* A program of it; NULL after a failed check that says why. */
static inline mlrt__program *random_compile_at(random_graph *r, const mlrt__want *want, int32_t count,
                                               const mlrt__home *home) {
    mlrt__program *p = NULL;
    mlrt_error err = {0};
    char text[2048];
    if (mlrt__program_new_at(r->graph, want, count, r->buffer, home, &p, &err) != MLRT_OK)
        ok(false, "graph %d compiles: %s", (int)r->seed, mlrt_error_text(&err, text, sizeof text));
    return p;
}

static inline mlrt__program *random_compile(random_graph *r, const mlrt__want *want, int32_t count) {
    return random_compile_at(r, want, count, NULL);
}

/* Every node of the graph is wanted, so that nothing is fused and no memory is used twice. */
static inline mlrt__program *random_plain(random_graph *r) {
    mlrt__want *want = mlrt__arena_alloc(&r->graph->arena, sizeof *want * (size_t)r->graph->nodes);
    for (int32_t i = 0; i < r->graph->nodes; i++) want[i].node = r->graph->node[i];
    return random_compile(r, want, r->graph->nodes);
}

static inline bool same_bits(const mlrt_tensor *a, const mlrt_tensor *b) {
    return memcmp(a->data, b->data, mlrt_tensor_bytes(a)) == 0;
}

#endif
