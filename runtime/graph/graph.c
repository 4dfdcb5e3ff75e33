/* graph.c - making nodes: one way in (mlrt_apply), equal nodes merged, the first error kept. */
#include "graph/ops.h"
#include "base/random.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

mlrt_graph *mlrt__graph_new(mlrt__params *params, bool training) {
    mlrt_graph *g = calloc(1, sizeof *g);
    if (!g) return NULL;
    g->training = training;
    g->enough = 512u << 20;
    g->params = params;
    g->path = g->where = "";
    g->failed = MLRT__NEW(&g->arena, mlrt_node);
    *g->failed = (mlrt_node){.graph = g, .id = -1, .path = "", .where = ""};
    return g;
}

void mlrt__graph_free(mlrt_graph *g) {
    if (!g) return;
    mlrt__arena_free(&g->arena);
    free(g->node);
    free(g->seen);
    free(g->update);
    free(g->tap);
    free(g);
}

/* ---- reading ---- */

mlrt_graph *mlrt_node_graph(const mlrt_node *n) { return n->graph; }
mlrt_dtype mlrt_node_dtype(const mlrt_node *n) { return n->dtype; }
const mlrt_shape *mlrt_node_shape(const mlrt_node *n) { return &n->shape; }
int32_t mlrt_rank(const mlrt_node *n) { return n->shape.rank; }
int64_t mlrt_count(const mlrt_node *n) { return mlrt_shape_count(&n->shape); }
bool mlrt_failed(const mlrt_node *n) { return n == n->graph->failed; }
const mlrt_vocabulary *mlrt_node_vocabulary(const mlrt_node *n) { return n->vocabulary; }
int32_t mlrt_node_inputs(const mlrt_node *n) { return n->inputs; }
mlrt_node *mlrt_node_input(const mlrt_node *n, int32_t i) { return n->in[i]; }
const void *mlrt_node_attr(const mlrt_node *n) { return n->attr; }
bool mlrt_graph_training(mlrt_graph *g) {
    g->asked = true;
    return g->training;
}

int64_t mlrt_dim(const mlrt_node *n, int32_t axis) {
    if (axis < 0) axis += n->shape.rank;
    return axis >= 0 && axis < n->shape.rank ? n->shape.dim[axis] : 0;
}

int32_t mlrt_token(const mlrt_vocabulary *v, const char *name) {
    for (int32_t i = 0; v && v->token && i < v->size; i++)
        if (strcmp(v->token[i], name) == 0) return i;
    return -1;
}

mlrt_node *mlrt_name(mlrt_node *n, const char *name) {
    if (mlrt_failed(n)) return n;
    mlrt_graph *g = n->graph;
    /* An equal node may already have a name elsewhere in the model: a view of it carries the second one. */
    if (n->name) {
        mlrt_node *view = MLRT__NEW(&g->arena, mlrt_node);
        const mlrt__shape_attr attr = {n->shape};
        *view = *n;
        view->op = &mlrt__op_reshape;
        view->in = mlrt__arena_copy(&g->arena, &n, sizeof n);
        view->inputs = 1;
        view->attr = mlrt__arena_copy(&g->arena, &attr, sizeof attr);
        view->id = g->nodes;
        MLRT__ROOM(g->node, g->nodes, g->capacity);
        g->node[g->nodes++] = view;
        n = view;
    }
    n->name = mlrt__arena_printf(&g->arena, g->path[0] ? "%s.%s" : "%s%s", g->path, name);
    return n;
}

/* ---- scopes ---- */

void mlrt__enter(mlrt_graph *g, const char *name, bool absolute, const char *where) {
    mlrt__scope *scope = MLRT__NEW(&g->arena, mlrt__scope);
    *scope = (mlrt__scope){g->scope, g->path, g->where};
    g->scope = scope;
    g->path = absolute || !g->path[0] ? mlrt__arena_string(&g->arena, name)
                                      : mlrt__arena_printf(&g->arena, "%s.%s", g->path, name);
    if (where && where[0]) g->where = mlrt__arena_string(&g->arena, where);
}

void mlrt__leave(mlrt_graph *g) {
    if (!g->scope) return;
    g->path = g->scope->path, g->where = g->scope->where;
    g->scope = g->scope->outer;
}

mlrt_node *mlrt__offer(mlrt_graph *g, mlrt_node *n) {
    for (int32_t i = 0; i < g->taps; i++)
        if (strcmp(g->tap[i].path, g->path) == 0) return n;
    MLRT__ROOM(g->tap, g->taps, g->tap_capacity);
    g->tap[g->taps++] = (mlrt__tap){g->path, n};
    return n;
}

/* ---- errors ---- */

static mlrt_node *add_place(mlrt_graph *g) {
    if (g->path[0]) mlrt_at(&g->error, "%s", g->path);
    if (g->where[0]) mlrt_at(&g->error, "%s", g->where);
    return g->failed;
}

mlrt_node *mlrt_graph_fail(mlrt_graph *g, mlrt_status status, const char *format, ...) {
    if (g->error.status != MLRT_OK) return g->failed;
    char text[MLRT_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mlrt_fail(&g->error, status, "%s", text);
    return add_place(g);
}

/* ---- merging equal nodes ---- */

static uint64_t hash_bytes(uint64_t h, const void *data, size_t bytes) {
    const unsigned char *p = data;
    for (size_t i = 0; i < bytes; i++) h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

static uint64_t hash_node(const mlrt_node *n) {
    uint64_t h = mlrt__mix64((uint64_t)(uintptr_t)n->op);
    for (int32_t i = 0; i < n->inputs; i++) h = mlrt__mix64(h ^ (uint64_t)n->in[i]->id);
    return hash_bytes(h, n->attr, n->op->attr_size);
}

static bool same_node(const mlrt_node *a, const mlrt_node *b) {
    if (a->op != b->op || a->inputs != b->inputs) return false;
    for (int32_t i = 0; i < a->inputs; i++)
        if (a->in[i] != b->in[i]) return false;
    return !a->op->attr_size || memcmp(a->attr, b->attr, a->op->attr_size) == 0;
}

static void grow_table(mlrt_graph *g) {
    g->seen_size = g->seen_size ? 2 * g->seen_size : 1024;
    free(g->seen);
    g->seen = mlrt__grow(NULL, sizeof *g->seen * (size_t)g->seen_size);
    memset(g->seen, 0, sizeof *g->seen * (size_t)g->seen_size);
    for (int32_t i = 0; i < g->nodes; i++) {
        uint64_t slot = hash_node(g->node[i]);
        while (g->seen[slot % (uint64_t)g->seen_size]) slot++;
        g->seen[slot % (uint64_t)g->seen_size] = i + 1;
    }
}

/* The node equal to n that the graph already has, or n itself, now in the graph. */
static mlrt_node *intern(mlrt_graph *g, mlrt_node *n) {
    if (2 * (g->nodes + 1) > g->seen_size) grow_table(g);
    uint64_t slot = hash_node(n);
    for (;; slot++) {
        int32_t *entry = &g->seen[slot % (uint64_t)g->seen_size];
        if (*entry == 0) {
            n->id = g->nodes;
            MLRT__ROOM(g->node, g->nodes, g->capacity);
            g->node[g->nodes++] = n;
            *entry = n->id + 1;
            return n;
        }
        mlrt_node *old = g->node[*entry - 1];
        if (!(n->op->flags & MLRT_OP_RANDOM) && same_node(old, n)) return old;
    }
}

/* ---- the one way in ---- */

mlrt_node *mlrt_apply(mlrt_graph *g, const mlrt_op *op, mlrt_node *const *in, int32_t count, const void *attr) {
    if (g->error.status != MLRT_OK) return g->failed;
    if (count < op->min_inputs || count > op->max_inputs)
        return mlrt_graph_fail(g, MLRT_ARGUMENT, "op '%s' takes %d to %d inputs, got %d", op->name, op->min_inputs,
                               op->max_inputs, count);
    for (int32_t i = 0; i < count; i++) {
        if (!in[i]) return mlrt_graph_fail(g, MLRT_ARGUMENT, "input %d of op '%s' is missing", i + 1, op->name);
        if (mlrt_failed(in[i])) return g->failed;
        if (in[i]->graph != g)
            return mlrt_graph_fail(g, MLRT_ARGUMENT, "input %d of op '%s' belongs to another graph", i + 1, op->name);
    }
    mlrt_node *n = MLRT__NEW(&g->arena, mlrt_node);
    *n = (mlrt_node){.graph = g, .op = op, .inputs = count, .path = g->path, .where = g->where};
    n->in = mlrt__arena_copy(&g->arena, in, sizeof *in * (size_t)count);
    n->attr = mlrt__arena_copy(&g->arena, attr, op->attr_size);
    mlrt_error err = {0};
    if (op->infer(n, &n->dtype, &n->shape, &err) != MLRT_OK) {
        g->error = err;
        return add_place(g);
    }
    if (op->flags & MLRT_OP_RANDOM) n->stream = mlrt__mix64(mlrt_stream("graph") + ++g->streams);
    return intern(g, n);
}

void mlrt_no_second_derivative(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    (void)dy, (void)dx;
    mlrt_graph_fail(y->graph, MLRT_UNSUPPORTED,
                    "op '%s' has no second derivative: its gradient is a hand-written kernel (build the same from "
                    "elementary ops)",
                    y->op->name);
}

/* ---- inputs and parameters ---- */

mlrt_node *mlrt__graph_input(mlrt_graph *g, const char *name, mlrt_dtype dtype, mlrt_shape shape,
                             const mlrt_vocabulary *v) {
    const mlrt__input_attr attr = {mlrt__arena_string(&g->arena, name)};
    mlrt_node *n = MLRT__NEW(&g->arena, mlrt_node);
    *n = (mlrt_node){.graph = g,
                     .op = &mlrt__op_input,
                     .dtype = dtype,
                     .shape = shape,
                     .vocabulary = v,
                     .path = "",
                     .where = "",
                     .name = attr.name};
    n->attr = mlrt__arena_copy(&g->arena, &attr, sizeof attr);
    return intern(g, n);
}

int32_t mlrt__params_find(const mlrt__params *p, const char *name) {
    for (int32_t i = 0; i < p->count; i++)
        if (strcmp(p->param[i]->name, name) == 0) return i;
    return -1;
}

static int32_t new_param(mlrt__params *all, const char *name, mlrt_shape shape, mlrt_init init, bool trained) {
    mlrt__param *p = MLRT__NEW(&all->arena, mlrt__param);
    *p = (mlrt__param){.name = mlrt__arena_string(&all->arena, name), .shape = shape, .init = init, .trained = trained};
    MLRT__ROOM(all->param, all->count, all->capacity);
    all->param[all->count] = p;
    return all->count++;
}

mlrt_node *mlrt__parameter(mlrt_graph *g, const char *name, mlrt_shape shape, mlrt_init init, bool trained) {
    char a[MLRT_SHAPE_TEXT], b[MLRT_SHAPE_TEXT];
    if (g->error.status != MLRT_OK) return g->failed;
    for (int32_t i = 0; i < shape.rank; i++)
        if (shape.dim[i] < 1)
            return mlrt_graph_fail(g, MLRT_SHAPE, "parameter '%s' would be empty: %s", name,
                                   mlrt_shape_text(&shape, a, sizeof a));
    int32_t i = mlrt__params_find(g->params, name);
    if (i < 0 && g->params->closed)
        return mlrt_graph_fail(g, MLRT_NAME, "parameter '%s' appears in evaluation but not in training", name);
    if (i < 0) i = new_param(g->params, name, shape, init, trained);
    const mlrt__param *p = g->params->param[i];
    if (!mlrt_shape_equal(&p->shape, &shape))
        return mlrt_graph_fail(g, MLRT_SHAPE, "parameter '%s' is %s, and %s is asked of it here", name,
                               mlrt_shape_text(&p->shape, a, sizeof a), mlrt_shape_text(&shape, b, sizeof b));
    const mlrt__param_attr attr = {.index = i};
    mlrt_node *n = MLRT__NEW(&g->arena, mlrt_node);
    *n = (mlrt_node){.graph = g,
                     .op = &mlrt__op_param,
                     .dtype = MLRT_F32,
                     .shape = shape,
                     .name = p->name,
                     .path = g->path,
                     .where = g->where};
    n->attr = mlrt__arena_copy(&g->arena, &attr, sizeof attr);
    return intern(g, n);
}

void mlrt__params_free(mlrt__params *p) {
    mlrt__arena_free(&p->arena);
    free(p->param);
    *p = (mlrt__params){0};
}

const mlrt_op mlrt__op_input = {.name = "input", .attr_size = sizeof(mlrt__input_attr)};
const mlrt_op mlrt__op_param = {.name = "param", .attr_size = sizeof(mlrt__param_attr)};
