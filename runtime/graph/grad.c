/* grad.c - reverse-mode differentiation: walks the graph backwards and lets each op build its own gradient.
 *
 * Only nodes that lie on a path from one of the x to y are visited; contributions to one node are added. */
#include "graph/build.h"
#include <stdlib.h>

/* need[i]: node i depends on one of the x. */
static void mark(const mlrt_graph *g, int32_t nodes, mlrt_node *const *x, int32_t count, bool *need) {
    for (int32_t i = 0; i < count; i++)
        if (x[i]->id < nodes) need[x[i]->id] = true;
    for (int32_t i = 0; i < nodes; i++) {
        const mlrt_node *n = g->node[i];
        for (int32_t k = 0; k < n->inputs && !need[i]; k++) need[i] = need[n->in[k]->id];
    }
}

/* Ops of plugins bring gradients of their own. */
static void check(const mlrt_node *n, int32_t k, const mlrt_node *dx) {
    char a[MLRT_SHAPE_TEXT], b[MLRT_SHAPE_TEXT];
    if (mlrt_failed(dx) || mlrt_shape_equal(&dx->shape, &n->in[k]->shape)) return;
    mlrt_graph_fail(n->graph, MLRT_SHAPE, "op '%s' gives a gradient %s for input %d, which is %s", n->op->name,
                    mlrt_shape_text(&dx->shape, a, sizeof a), k + 1, mlrt_shape_text(&n->in[k]->shape, b, sizeof b));
}

static void pull(mlrt_node *n, mlrt_node *dy, const bool *need, mlrt_node **adjoint) {
    mlrt_graph *g = n->graph;
    const char *path = g->path, *where = g->where;
    mlrt_node **dx = MLRT__NEWS(&g->arena, mlrt_node *, n->inputs);
    g->path = n->path, g->where = n->where; /* a gradient belongs to the layer of what it differentiates */
    n->op->vjp(n, dy, dx);
    for (int32_t k = 0; k < n->inputs; k++) {
        mlrt_node **slot = &adjoint[n->in[k]->id];
        if (!dx[k] || !need[n->in[k]->id]) continue;
        check(n, k, dx[k]);
        *slot = *slot ? mlrt_add(*slot, dx[k]) : dx[k];
    }
    g->path = path, g->where = where;
}

void mlrt_grad(mlrt_node *y, mlrt_node *const *x, int32_t count, mlrt_node **dx) {
    mlrt_graph *g = y->graph;
    for (int32_t i = 0; i < count; i++) dx[i] = g->failed;
    if (mlrt_failed(y)) return;
    for (int32_t i = 0; i < count; i++) {
        if (mlrt_failed(x[i])) return;
        if (x[i]->graph == g) continue;
        mlrt_graph_fail(g, MLRT_ARGUMENT, "a gradient with respect to a node of another graph");
        return;
    }
    if (y->dtype != MLRT_F32) {
        mlrt_graph_fail(g, MLRT_TYPE, "the gradient of a node needs f32, got %s", mlrt_dtype_name(y->dtype));
        return;
    }
    const int32_t nodes = g->nodes;
    bool *need = mlrt__grow(NULL, (size_t)nodes * sizeof *need);
    mlrt_node **adjoint = mlrt__grow(NULL, (size_t)nodes * sizeof *adjoint);
    for (int32_t i = 0; i < nodes; i++) need[i] = false, adjoint[i] = NULL;
    mark(g, nodes, x, count, need);
    adjoint[y->id] = mlrt_full(g, y->shape, 1);
    for (int32_t i = y->id; i >= 0; i--) {
        mlrt_node *n = g->node[i];
        if (adjoint[i] && need[i] && n->op->vjp && n->inputs) pull(n, adjoint[i], need, adjoint);
    }
    for (int32_t i = 0; i < count; i++)
        dx[i] = x[i]->id < nodes && adjoint[x[i]->id] ? adjoint[x[i]->id] : mlrt_full(g, x[i]->shape, 0);
    free(need);
    free(adjoint);
    if (g->error.status != MLRT_OK)
        for (int32_t i = 0; i < count; i++) dx[i] = g->failed;
}
