/* source.c - nodes that come from nowhere: constants, ranges, random numbers. */
#include "graph/build.h"
#include <string.h>

static mlrt_status check_shape(const mlrt_shape *s, mlrt_error *err) {
    char text[MLRT_SHAPE_TEXT];
    bool fine = s->rank >= 0 && s->rank <= MLRT_MAX_RANK;
    for (int32_t i = 0; fine && i < s->rank; i++) fine = s->dim[i] >= 0;
    if (fine) return MLRT_OK;
    if (s->rank < 0 || s->rank > MLRT_MAX_RANK)
        return mlrt_fail(err, MLRT_SHAPE, "a tensor has at most %d dimensions, got %d", MLRT_MAX_RANK, s->rank);
    return mlrt_fail(err, MLRT_SHAPE, "a dimension is negative: %s", mlrt_shape_text(s, text, sizeof text));
}

static mlrt_status infer_full(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt__full_attr *a = n->attr;
    *dtype = (mlrt_dtype)a->dtype, *shape = a->shape;
    return check_shape(shape, err);
}

static mlrt_status infer_random(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt__random_attr *a = n->attr;
    *dtype = MLRT_F32, *shape = a->shape;
    return check_shape(shape, err);
}

const mlrt_op mlrt__op_full = {.name = "full", .attr_size = sizeof(mlrt__full_attr), .infer = infer_full};
const mlrt_op mlrt__op_arange = {.name = "arange", .attr_size = sizeof(mlrt__full_attr), .infer = infer_full};
const mlrt_op mlrt__op_constant = {.name = "constant", .attr_size = sizeof(mlrt__constant_attr)};

#define RANDOM(id, text)                                                                                               \
    const mlrt_op mlrt__op_##id = {                                                                                    \
        .name = text, .attr_size = sizeof(mlrt__random_attr), .flags = MLRT_OP_RANDOM, .infer = infer_random}
RANDOM(uniform, "random_uniform");
RANDOM(normal, "random_normal");
RANDOM(bernoulli, "random_bernoulli");

static mlrt_node *full(mlrt_graph *g, const mlrt_op *op, mlrt_shape shape, double value, mlrt_dtype dtype) {
    mlrt__full_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.shape = mlrt__clean(shape), attr.value = value, attr.dtype = (int32_t)dtype;
    return mlrt_apply(g, op, NULL, 0, &attr);
}

mlrt_node *mlrt_full(mlrt_graph *g, mlrt_shape shape, double value) {
    return full(g, &mlrt__op_full, shape, value, MLRT_F32);
}
mlrt_node *mlrt_full_i32(mlrt_graph *g, mlrt_shape shape, int32_t value) {
    return full(g, &mlrt__op_full, shape, value, MLRT_I32);
}
mlrt_node *mlrt_scalar(mlrt_graph *g, double value) { return mlrt_full(g, MLRT_SCALAR, value); }
mlrt_node *mlrt_arange(mlrt_graph *g, int64_t n) { return full(g, &mlrt__op_arange, MLRT_SHAPE_OF(n), 0, MLRT_I32); }

bool mlrt__is_full(const mlrt_node *n, double *value) {
    if (n->op != &mlrt__op_full) return false;
    if (value) *value = ((const mlrt__full_attr *)n->attr)->value;
    return true;
}

mlrt_node *mlrt_constant(mlrt_graph *g, const mlrt_tensor *t) {
    if (g->error.status != MLRT_OK) return g->failed;
    mlrt_error err = {0};
    if (check_shape(&t->shape, &err) != MLRT_OK) return mlrt_graph_fail(g, err.status, "%s", err.message);
    const mlrt__constant_attr attr = {mlrt__arena_copy(&g->arena, t->data, mlrt_tensor_bytes(t))};
    mlrt_node *n = MLRT__NEW(&g->arena, mlrt_node);
    *n = (mlrt_node){.graph = g,
                     .op = &mlrt__op_constant,
                     .dtype = t->dtype,
                     .shape = mlrt__clean(t->shape),
                     .path = g->path,
                     .where = g->where,
                     .id = g->nodes};
    n->attr = mlrt__arena_copy(&g->arena, &attr, sizeof attr);
    MLRT__ROOM(g->node, g->nodes, g->capacity);
    return g->node[g->nodes++] = n;
}

static mlrt_node *random_node(mlrt_graph *g, const mlrt_op *op, mlrt_shape shape, double a, double b) {
    mlrt__random_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.shape = mlrt__clean(shape), attr.a = a, attr.b = b;
    return mlrt_apply(g, op, NULL, 0, &attr);
}

mlrt_node *mlrt_random_uniform(mlrt_graph *g, mlrt_shape shape, double low, double high) {
    return random_node(g, &mlrt__op_uniform, shape, low, high);
}
mlrt_node *mlrt_random_normal(mlrt_graph *g, mlrt_shape shape, double mean, double std) {
    return random_node(g, &mlrt__op_normal, shape, mean, std);
}
mlrt_node *mlrt_random_bernoulli(mlrt_graph *g, mlrt_shape shape, double p) {
    return random_node(g, &mlrt__op_bernoulli, shape, p, 0);
}
