/* rewrite.c - from graph to items: what is wanted, fused.
 *
 * Nodes are visited in order, so a node's inputs are already rewritten when it comes. A producer is taken into its only
 * reader: elementwise ops join into one chain that runs tile by tile in cache, and a bias and an activation become the
 * end of the product that feeds them. What has been taken in loses its last use and is dropped.
 */
#include "graph/build.h"
#include "kernels/blocks.h"
#include "program/compile.h"
#include <string.h>

typedef struct rewriter {
    mlrt__compiler *c;
    int32_t *uses;      /* by graph id: live readers and wants */
    mlrt_node **made;   /* by graph id: the rewritten node */
    mlrt_node **scalar; /* by graph id: the one number that stands for a "full" node in chains */
    bool *live;         /* by graph id, two each: is made, is scalar read? */
} rewriter;

static void count_uses(rewriter *r) {
    const mlrt__compiler *c = r->c;
    for (int32_t i = 0; i < c->wants; i++) r->uses[c->want[i].node->id]++;
    for (int32_t i = c->graph->nodes - 1; i >= 0; i--) {
        const mlrt_node *n = c->graph->node[i];
        for (int32_t k = 0; k < n->inputs && r->uses[i]; k++) r->uses[n->in[k]->id]++;
    }
}

static mlrt_node *copy_of(rewriter *r, const mlrt_node *n) {
    mlrt_node *m = mlrt__arena_copy(r->c->arena, n, sizeof *n);
    m->in = MLRT__NEWS(r->c->arena, mlrt_node *, n->inputs);
    for (int32_t k = 0; k < n->inputs; k++) m->in[k] = r->made[n->in[k]->id];
    return m;
}

static bool only_reader(const rewriter *r, const mlrt_node *n) { return r->uses[n->id] == 1; }

/* ---- products take in a bias and an activation ---- */

static const mlrt__matmul_attr *product_attr(const mlrt_node *product) { return product->attr; }

/* A product that its only reader may become the end of. */
static bool open_product(const rewriter *r, const mlrt_node *n, const mlrt_node *reader) {
    return n->op == &mlrt__op_matmul && only_reader(r, n) && mlrt_shape_equal(&n->shape, &reader->shape) &&
           product_attr(n)->activation == MLRT__ACT_NONE && !product_attr(n)->mask;
}

/* The product in the place of its reader, with one more input, or none, and other attributes. */
static mlrt_node *extended(rewriter *r, const mlrt_node *product, const mlrt_node *reader, mlrt_node *more,
                           mlrt__matmul_attr attr) {
    mlrt_node *m = mlrt__arena_copy(r->c->arena, product, sizeof *product);
    m->in = MLRT__NEWS(r->c->arena, mlrt_node *, product->inputs + (more != NULL));
    memcpy(m->in, product->in, sizeof *m->in * (size_t)product->inputs);
    if (more) m->in[m->inputs++] = more;
    m->attr = mlrt__arena_copy(r->c->arena, &attr, sizeof attr);
    m->id = reader->id, m->name = reader->name;
    return m;
}

static mlrt_node *with_bias(rewriter *r, const mlrt_node *product, const mlrt_node *sum, mlrt_node *bias) {
    const bool takes = open_product(r, product, sum) && product->inputs == 2 && bias->shape.rank == 1 &&
                       bias->shape.dim[0] == mlrt_dim(sum, -1);
    return takes ? extended(r, product, sum, bias, *product_attr(product)) : NULL;
}

/* What is added to a large product is where its sums begin: a sum of products is one result, that each adds to. */
static mlrt_node *with_residual(rewriter *r, const mlrt_node *product, const mlrt_node *sum, mlrt_node *residual) {
    if (!open_product(r, product, sum) || product_attr(product)->residual || product == residual ||
        !mlrt_shape_equal(&residual->shape, &sum->shape) || !mlrt__product_format(product))
        return NULL;
    mlrt__matmul_attr attr = *product_attr(product);
    attr.residual = 1;
    return extended(r, product, sum, residual, attr);
}

static mlrt_node *with_relu(rewriter *r, const mlrt_node *product, const mlrt_node *relu) {
    if (!open_product(r, product, relu)) return NULL;
    mlrt__matmul_attr attr = *product_attr(product);
    attr.activation = MLRT__ACT_RELU;
    return extended(r, product, relu, NULL, attr);
}

static bool is_zero(const mlrt_node *n) {
    double value;
    return mlrt__is_full(n, &value) && value == 0;
}

/* where(0 < y, product, 0): the gradient before a ReLU, where a large product ends. */
static mlrt_node *with_mask(rewriter *r, const mlrt_node *where) {
    const mlrt_node *test = where->in[0], *product = r->made[where->in[1]->id];
    if (mlrt__elementwise_code(test->op) != MLRT__EW_lt || !is_zero(test->in[0]) || !is_zero(where->in[2]) ||
        !mlrt_shape_equal(&test->in[1]->shape, &where->shape) || test->in[1]->dtype != MLRT_F32)
        return NULL;
    if (!open_product(r, product, where) || product->inputs > 2 || !mlrt__product_format(product)) return NULL;
    mlrt__matmul_attr attr = *product_attr(product);
    attr.mask = 1;
    return extended(r, product, where, r->made[test->in[1]->id], attr);
}

static mlrt_node *into_product(rewriter *r, const mlrt_node *n) {
    const int32_t code = mlrt__elementwise_code(n->op);
    mlrt_node *m = NULL;
    if (code == MLRT__EW_relu) return with_relu(r, r->made[n->in[0]->id], n);
    if (code == MLRT__EW_where) return with_mask(r, n);
    if (code != MLRT__EW_add) return NULL;
    for (int32_t k = 0; k < 2 && !m; k++) m = with_bias(r, r->made[n->in[k]->id], n, r->made[n->in[1 - k]->id]);
    for (int32_t k = 1; k >= 0 && !m; k--) m = with_residual(r, r->made[n->in[k]->id], n, r->made[n->in[1 - k]->id]);
    return m;
}

/* ---- elementwise chains ---- */

typedef struct chain {
    mlrt__fused_attr attr;
    mlrt_node *in[MLRT__FUSED_INPUTS + MLRT__FUSED_STEPS];
    int32_t inputs;
} chain;

static int32_t chain_input(chain *c, mlrt_node *n) {
    for (int32_t i = 0; i < c->inputs; i++)
        if (c->in[i] == n) return i;
    c->in[c->inputs] = n;
    return c->inputs++;
}

/* A constant of any shape that broadcasts is as good as one number. */
static mlrt_node *as_scalar(rewriter *r, mlrt_node *n) {
    if (n->op != &mlrt__op_full || n->shape.rank == 0) return n;
    mlrt__full_attr attr = *(const mlrt__full_attr *)n->attr;
    if (r->scalar[n->id]) return r->scalar[n->id];
    attr.shape = MLRT_SCALAR;
    mlrt_node *m = mlrt__arena_copy(r->c->arena, n, sizeof *n);
    m->attr = mlrt__arena_copy(r->c->arena, &attr, sizeof attr);
    m->shape = MLRT_SCALAR;
    return r->scalar[n->id] = m;
}

static bool joins(const rewriter *r, const mlrt_node *producer, const mlrt_node *n) {
    return producer->op == &mlrt__op_fused && only_reader(r, producer) && producer->dtype == MLRT_F32 &&
           mlrt_shape_equal(&producer->shape, &n->shape);
}

/* Room for a producer: its inputs and steps in place of one input, and one dropout in all. Before numbering, registers of
 * steps are written as STEP + s. */
enum { STEP = 128 };

static bool drops(const mlrt__fused_attr *a) { return a->dropout.p > 0; }

static bool fits(const chain *c, const mlrt_node *producer, int32_t still) {
    const mlrt__fused_attr *a = producer->attr;
    return !(drops(&c->attr) && drops(a)) && c->attr.steps + a->steps + 1 <= MLRT__FUSED_STEPS &&
           c->inputs + producer->inputs + still <= MLRT__FUSED_INPUTS;
}

static uint8_t take_in(chain *c, const mlrt_node *producer) {
    const mlrt__fused_attr *a = producer->attr;
    const int32_t base = c->attr.steps;
    int32_t map[MLRT__FUSED_INPUTS] = {0};
    for (int32_t i = 0; i < producer->inputs; i++) map[i] = chain_input(c, producer->in[i]);
    for (int32_t s = 0; s < a->steps; s++) {
        c->attr.step[base + s] = a->step[s];
        for (int32_t k = 0; k < 3; k++) {
            const int32_t reg = a->step[s].in[k];
            c->attr.step[base + s].in[k] =
                (uint8_t)(reg < producer->inputs ? map[reg] : STEP + base + reg - producer->inputs);
        }
    }
    c->attr.steps += a->steps;
    if (drops(a)) c->attr.dropout = a->dropout;
    return (uint8_t)(STEP + c->attr.steps - 1);
}

static mlrt__dropout_attr dropout_of(const mlrt_node *n) {
    mlrt__dropout_attr attr = *(const mlrt__dropout_attr *)n->attr;
    if (!attr.stream) attr.stream = n->stream;
    return attr;
}

static mlrt_node *fuse(rewriter *r, const mlrt_node *n) {
    chain c = {0};
    uint8_t reg[3] = {0};
    mlrt_node *m = copy_of(r, n);
    if (mlrt__elementwise_code(n->op) == MLRT__EW_dropout) c.attr.dropout = dropout_of(n);
    for (int32_t k = 0; k < n->inputs; k++) {
        mlrt_node *in = m->in[k];
        if (joins(r, in, n) && fits(&c, in, n->inputs - 1 - k))
            reg[k] = take_in(&c, in);
        else
            reg[k] = (uint8_t)chain_input(&c, as_scalar(r, in));
    }
    c.attr.step[c.attr.steps].code = (uint8_t)mlrt__elementwise_code(n->op);
    memcpy(c.attr.step[c.attr.steps++].in, reg, sizeof reg);
    for (int32_t s = 0; s < c.attr.steps; s++)
        for (int32_t k = 0; k < 3; k++)
            if (c.attr.step[s].in[k] >= STEP) c.attr.step[s].in[k] = (uint8_t)(c.attr.step[s].in[k] - STEP + c.inputs);
    m->op = &mlrt__op_fused;
    m->inputs = c.inputs;
    m->in = mlrt__arena_copy(r->c->arena, c.in, sizeof *c.in * (size_t)c.inputs);
    m->attr = mlrt__arena_copy(r->c->arena, &c.attr, sizeof c.attr);
    return m;
}

static mlrt_node *copy_of_product(rewriter *r, const mlrt_node *n) {
    mlrt__matmul_attr attr = *(const mlrt__matmul_attr *)n->attr;
    mlrt_node *m = copy_of(r, n);
    attr.bf16 = r->c->graph->bf16;
    m->attr = mlrt__arena_copy(r->c->arena, &attr, sizeof attr);
    return m;
}

static mlrt_node *rewrite(rewriter *r, const mlrt_node *n) {
    if (n->op == &mlrt__op_matmul) return copy_of_product(r, n);
    if (mlrt__elementwise_code(n->op) < 0) return copy_of(r, n);
    mlrt_node *product = into_product(r, n);
    return product ? product : fuse(r, n);
}

/* ---- items: what is still read, renumbered ---- */

static bool *live_flag(rewriter *r, const mlrt_node *n) { return &r->live[2 * n->id + (r->scalar[n->id] == n)]; }

static bool is_random(const mlrt_node *n) {
    return n->op->flags & MLRT_OP_RANDOM || (n->op == &mlrt__op_fused && drops(n->attr));
}

static void add_item(rewriter *r, mlrt_node *n) {
    mlrt__compiler *c = r->c;
    if (!n || !*live_flag(r, n)) return;
    bool constant = !is_random(n) && n->op != &mlrt__op_input && n->op != &mlrt__op_param;
    for (int32_t k = 0; k < n->inputs; k++) constant = constant && c->item[n->in[k]->id].constant;
    mlrt__add_item(c, n, constant);
}

static void collect(rewriter *r) {
    mlrt__compiler *c = r->c;
    const int32_t nodes = c->graph->nodes;
    for (int32_t i = 0; i < c->wants; i++) *live_flag(r, r->made[c->want[i].node->id]) = true;
    for (int32_t i = nodes - 1; i >= 0; i--)
        for (int32_t k = 0; r->live[2 * i] && k < r->made[i]->inputs; k++) *live_flag(r, r->made[i]->in[k]) = true;
    c->item = MLRT__NEWS(c->arena, mlrt__item, 2 * nodes);
    for (int32_t i = 0; i < nodes; i++) {
        mlrt_node *scalar = r->scalar[i];
        add_item(r, r->made[i]);
        add_item(r, scalar == r->made[i] ? NULL : scalar);
    }
    for (int32_t i = 0; i < c->wants; i++) c->wanted[i] = r->made[c->want[i].node->id]->id;
}

void mlrt__rewrite(mlrt__compiler *c) {
    const size_t nodes = (size_t)c->graph->nodes;
    rewriter r = {.c = c};
    r.uses = MLRT__NEWS(c->arena, int32_t, nodes);
    r.made = MLRT__NEWS(c->arena, mlrt_node *, nodes);
    r.scalar = MLRT__NEWS(c->arena, mlrt_node *, nodes);
    r.live = MLRT__NEWS(c->arena, bool, 2 * nodes);
    c->wanted = MLRT__NEWS(c->arena, int32_t, c->wants);
    count_uses(&r);
    for (int32_t i = 0; i < c->graph->nodes; i++)
        if (r.uses[i]) r.made[i] = rewrite(&r, c->graph->node[i]);
    collect(&r);
}
