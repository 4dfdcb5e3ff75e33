/* attention.c - multi-head attention: each token looks at others.
 *
 *   q = Wq x, k = Wk m, v = Wv m, each split in heads of dim / heads features
 *   y = Wo concat over heads of softmax(q k^T / sqrt(dim / heads)) v
 *
 * m is `memory` (cross-attention) or x itself (self-attention). A mask of zeros hides keys; causal hides the future.
 * Vaswani et al., arXiv:1706.03762, Sec. 3.2.
 *
 * Positions may be part of it: scheme.c.
 */
#include "core.h"

static const mlrt_prop attention_props[] = {
    MLRT_PROP_INT(attention, heads, .init = 1, .range = "[1, inf)", .doc = "number of heads"),
    MLRT_PROP_INT(attention, dim, .init = 0, .range = "[0, inf)",
                  .doc = "features of all heads together; 0 for those of the input"),
    MLRT_PROP_BOOL(attention, causal, .init = false, .doc = "a token sees only itself and what is before it"),
    MLRT_PROP_BOOL(attention, bias, .init = true, .doc = "add a learned bias to each projection"),
    MLRT_PROP_F32(attention, dropout, .init = 0, .range = "[0, 1)", .doc = "on the attention weights"),
    MLRT_PROP_ENUM(attention, position, .init = CORE_NOWHERE, .choices = core_schemes,
                   .doc = "how queries and keys know where they stand, in attention to itself"),
    MLRT_PROP_INT(attention, distance, .init = CORE_DISTANCE, .range = "[0, inf)",
                  .doc = "relative positions: keys further away count as this far"),
    MLRT_PROP_INIT(attention, init, .init_value = {.kind = MLRT_INIT_FAN_IN}, .doc = "initial weights"),
    {0}};

static mlrt_node *project(const mlrt_layer *self, const char *name, int64_t features, mlrt_node *x) {
    const attention *p = mlrt_props(self);
    return mlrt_child(self, name, &linear_class,
                      &(linear){.out = (int32_t)features, .bias = p->bias, .init = p->init, .scale = 1}, &x);
}

static mlrt_node *attention_build(const mlrt_layer *self, mlrt_node *const in[]) {
    const attention *p = mlrt_props(self);
    mlrt_node *x = core_expect_rank(in[0], 3, "[batch, tokens, dim]");
    mlrt_node *memory = in[1] ? core_expect_rank(in[1], 3, "[batch, tokens, dim]") : x;
    const int64_t dim = p->dim ? p->dim : CORE_LAST(x);
    if (dim % p->heads)
        return mlrt_graph_fail(self->graph, MLRT_SHAPE, "%lld features cannot be split in %d heads", (long long)dim,
                               p->heads);
    if (p->position != CORE_NOWHERE && in[1])
        return mlrt_graph_fail(self->graph, MLRT_ARGUMENT, "position '%s' is for attention to itself, not to a memory",
                               core_schemes[p->position]);
    mlrt_attention_options options = {
        .heads = p->heads, .causal = p->causal, .dropout = (double)p->dropout, .mask = in[2]};
    mlrt_node *q = project(self, "query", dim, x);
    mlrt_node *k = project(self, "key", dim, memory), *v = project(self, "value", dim, memory);
    core_place(self, x, &q, &k, &options);
    return project(self, "output", CORE_LAST(x), mlrt_attention_with(q, k, v, &options));
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
    /* Dropout that never drops. */
    {"heads = 2, causal = true, dropout = 1e-12", "f32[2,4,6]", "attention(p, '', 2, x[0], causal=True)", false},
    {"heads = 2, position = relative, distance = 2", "f32[2,5,8]", "attention(p, '', 2, x[0], position='relative')",
     false},
    {"heads = 2, position = transformer_xl, causal = true", "f32[2,5,8]",
     "attention(p, '', 2, x[0], causal=True, position='transformer_xl')", false},
    {"heads = 2, position = rotary", "f32[2,5,8]", "attention(p, '', 2, x[0], position='rotary')", false},
    {"heads = 2, position = xpos, causal = true", "f32[2,5,12]",
     "attention(p, '', 2, x[0], causal=True, position='xpos')", false},
    {0}};

MLRT_LAYER(
    attention, .summary = "multi-head attention, to itself or to a memory",
    .doc =
        "y = Wo concat over heads of softmax(q k^T / sqrt(dim / heads)) v, with q = Wq x, k = Wk memory and v = Wv memory. Positions: relative adds a learned vector of the distance to keys and values (Shaw et al., arXiv:1803.02155); transformer_xl adds to the score q with a bias times a projected sinusoid of the distance (Dai et al., arXiv:1901.02860); rotary turns pairs of features of queries and keys by their position (Su et al., arXiv:2104.09864); xpos also scales them (Sun et al., arXiv:2212.10554).",
    .source = "arXiv:1706.03762, Sec. 3.2", .props = attention_props, .positional = "heads", .cases = attention_cases,
    .min_inputs = 1, .max_inputs = 3, .inputs = attention_inputs, .output = &attention_output,
    .build = attention_build);
