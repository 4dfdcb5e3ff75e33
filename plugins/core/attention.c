/* attention.c - multi-head attention: each token looks at others.
 *
 *   q = Wq x, k = Wk m, v = Wv m, each split in heads of dim / heads features
 *   y = Wo concat over heads of softmax(q k^T / sqrt(dim / heads)) v
 *
 * m is `memory` (cross-attention) or x itself (self-attention). A mask of zeros hides keys; causal hides the future.
 * Vaswani et al., arXiv:1706.03762, Sec. 3.2.
 *
 * Dropout on the attention weights needs the weights themselves, so training with it takes elementary ops instead of the
 * fused one.
 */
#include "core.h"
#include <math.h>

static const mlrt_prop attention_props[] = {
    MLRT_PROP_INT(attention, heads, .init = 1, .range = "[1, inf)", .doc = "number of heads"),
    MLRT_PROP_INT(attention, dim, .init = 0, .range = "[0, inf)",
                  .doc = "features of all heads together; 0 for those of the input"),
    MLRT_PROP_BOOL(attention, causal, .init = false, .doc = "a token sees only itself and what is before it"),
    MLRT_PROP_BOOL(attention, bias, .init = true, .doc = "add a learned bias to each projection"),
    MLRT_PROP_F32(attention, dropout, .init = 0, .range = "[0, 1)", .doc = "on the attention weights"),
    MLRT_PROP_INIT(attention, init, .init_value = {.kind = MLRT_INIT_FAN_IN}, .doc = "initial weights"),
    {0}};

static mlrt_node *project(const mlrt_layer *self, const char *name, int64_t features, mlrt_node *x) {
    const attention *p = mlrt_props(self);
    return mlrt_child(self, name, &linear_class,
                      &(linear){.out = (int32_t)features, .bias = p->bias, .init = p->init, .scale = 1}, &x);
}

/* [batch, tokens, heads * n] -> [batch, heads, tokens, n] */
static mlrt_node *split(mlrt_node *x, int32_t heads) {
    const mlrt_shape by_head = MLRT_SHAPE_OF(mlrt_dim(x, 0), mlrt_dim(x, 1), heads, CORE_LAST(x) / heads);
    return mlrt_swap_axes(mlrt_reshape(x, by_head), 1, 2);
}

/* One where query i may see key j, j <= i + keys - queries: [queries, keys]. */
static mlrt_node *past(mlrt_graph *g, int64_t queries, int64_t keys) {
    mlrt_node *i = mlrt_add_scalar(mlrt_cast(mlrt_arange(g, queries), MLRT_F32), (double)(keys - queries));
    mlrt_node *j = mlrt_cast(mlrt_arange(g, keys), MLRT_F32);
    return mlrt_le(mlrt_reshape(j, MLRT_SHAPE_OF(1, keys)), mlrt_reshape(i, MLRT_SHAPE_OF(queries, 1)));
}

/* A mask [batch, keys] or [batch, queries, keys] with room for the heads. */
static mlrt_node *over_heads(mlrt_node *mask) {
    const mlrt_shape *s = mlrt_node_shape(mask);
    return mlrt_reshape(mask, s->rank == 2 ? MLRT_SHAPE_OF(s->dim[0], 1, 1, s->dim[1])
                                           : MLRT_SHAPE_OF(s->dim[0], 1, s->dim[1], s->dim[2]));
}

/* What mlrt_attention computes, with dropout on the weights. */
static mlrt_node *dropped(const attention *p, mlrt_node *q, mlrt_node *k, mlrt_node *v, mlrt_node *mask) {
    mlrt_graph *g = mlrt_node_graph(q);
    const mlrt_shape out = MLRT_SHAPE_OF(mlrt_dim(q, 0), mlrt_dim(q, 1), CORE_LAST(v));
    const double scale = 1 / sqrt((double)(CORE_LAST(q) / p->heads));
    mlrt_node *visible = p->causal ? past(g, mlrt_dim(q, 1), mlrt_dim(k, 1)) : NULL;
    if (mask) visible = visible ? mlrt_mul(visible, over_heads(mask)) : over_heads(mask);

    mlrt_node *score = mlrt_mul_scalar(mlrt_matmul(split(q, p->heads), split(k, p->heads), MLRT_TRANS_B), scale);
    if (visible) score = mlrt_where(visible, score, mlrt_scalar(g, -1e30));
    mlrt_node *weight = mlrt_dropout(mlrt_softmax(score), (double)p->dropout);
    if (visible) weight = mlrt_where(visible, weight, mlrt_scalar(g, 0));
    return mlrt_reshape(mlrt_swap_axes(mlrt_matmul(weight, split(v, p->heads), 0), 1, 2), out);
}

static mlrt_node *attention_build(const mlrt_layer *self, mlrt_node *const in[]) {
    const attention *p = mlrt_props(self);
    mlrt_node *x = core_expect_rank(in[0], 3, "[batch, tokens, dim]"), *mask = in[2];
    mlrt_node *memory = in[1] ? core_expect_rank(in[1], 3, "[batch, tokens, dim]") : x;
    const int64_t dim = p->dim ? p->dim : CORE_LAST(x);
    if (dim % p->heads)
        return mlrt_graph_fail(self->graph, MLRT_SHAPE, "%lld features cannot be split in %d heads", (long long)dim,
                               p->heads);
    mlrt_node *q = project(self, "query", dim, x);
    mlrt_node *k = project(self, "key", dim, memory), *v = project(self, "value", dim, memory);
    const bool fused = p->dropout <= 0 || !mlrt_graph_training(self->graph);
    mlrt_node *y = fused ? mlrt_attention(q, k, v, mask, p->heads, p->causal, 0) : dropped(p, q, k, v, mask);
    return project(self, "output", CORE_LAST(x), y);
}

static const mlrt_port attention_inputs[] = {
    {"x", "[batch, tokens, in]", "what asks"},
    {"memory", "[batch, keys, in']", "what is looked at; x itself when not given"},
    {"mask", "[batch, keys] or [batch, tokens, keys]", "zero hides a key"},
};
static const mlrt_port attention_output = {"y", "[batch, tokens, in]", "what was found"};

static const mlrt_case attention_cases[] = {
    {"heads = 2", "f32[2,5,8]", "attention(p, '', 2, x[0])", false},
    {"heads = 2, causal = true, bias = false", "f32[2,5,8]", "attention(p, '', 2, x[0], causal=True)", false},
    {"heads = 3, dim = 6", "f32[2,4,5], f32[2,6,7]", "attention(p, '', 3, x[0], x[1])", false},
    {"heads = 2", "f32[2,3,4], f32[2,5,4], f32[2,5]<2", "attention(p, '', 2, x[0], x[1], x[2])", false},
    /* Dropout that never drops: the same from elementary ops. */
    {"heads = 2, causal = true, dropout = 1e-12", "f32[2,4,6]", "attention(p, '', 2, x[0], causal=True)", false},
    {"heads = 2, dropout = 1e-12", "f32[2,3,4], f32[2,5,4], f32[2,5]<2", "attention(p, '', 2, x[0], x[1], x[2])",
     false},
    {0}};

MLRT_LAYER(
    attention, .summary = "multi-head attention, to itself or to a memory",
    .doc =
        "y = Wo concat over heads of softmax(q k^T / sqrt(dim / heads)) v, with q = Wq x, k = Wk memory and v = Wv memory.",
    .source = "arXiv:1706.03762, Sec. 3.2", .props = attention_props, .positional = "heads", .cases = attention_cases,
    .min_inputs = 1, .max_inputs = 3, .inputs = attention_inputs, .output = &attention_output,
    .build = attention_build);
