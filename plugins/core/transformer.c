/* transformer.c - the two blocks of a transformer.
 *
 *   encoder: x <- x + attention(x);                            x <- x + ffn(x),   ffn(x) = W2 f(W1 x + b1) + b2
 *   decoder: x <- x + attention(x), causal;  x <- x + attention(x, memory);  x <- x + ffn(x)
 *
 * norm = post puts a layer norm after each sum (Vaswani et al., arXiv:1706.03762, Sec. 3.1), norm = pre puts it on what
 * enters each part (Xiong et al., arXiv:2002.04745, Fig. 1b). Dropout acts on what each part gives, and inside the
 * feed-forward part after f.
 */
#include "core.h"

const char *const core_norms[] = {"post", "pre", NULL};

#define SHARED_PROPS                                                                                                   \
    MLRT_PROP_INT(transformer_layer, heads, .init = 1, .range = "[1, inf)", .doc = "number of attention heads"),       \
        MLRT_PROP_INT(transformer_layer, ffn, .init = 0, .range = "[0, inf)",                                          \
                      .doc = "hidden features of the feed-forward part; 0 for 4 dim"),                                 \
        MLRT_PROP_F32(transformer_layer, dropout, .init = 0, .range = "[0, 1)", .doc = "on what each part gives"),     \
        MLRT_PROP_F32(transformer_layer, attention_dropout, .init = 0, .range = "[0, 1)",                              \
                      .doc = "on the attention weights"),                                                              \
        MLRT_PROP_ENUM(transformer_layer, activation, .init = CORE_RELU, .choices = core_activations,                  \
                       .doc = "function of the feed-forward part"),                                                    \
        MLRT_PROP_ENUM(transformer_layer, norm, .init = CORE_POST_NORM, .choices = core_norms,                         \
                       .doc = "layer norm after each sum, or before each part"),                                       \
        MLRT_PROP_ENUM(transformer_layer, position, .init = CORE_NOWHERE, .choices = core_schemes,                     \
                       .doc = "how tokens know where they stand, in the attention to itself"),                         \
        MLRT_PROP_INT(transformer_layer, distance, .init = CORE_DISTANCE, .range = "[0, inf)",                         \
                      .doc = "relative positions: tokens further away count as this far"),                             \
        MLRT_PROP_INIT(transformer_layer, init, .init_value = {.kind = MLRT_INIT_FAN_IN}, .doc = "initial weights")

static const mlrt_prop encoder_props[] = {
    SHARED_PROPS,
    MLRT_PROP_BOOL(transformer_layer, causal, .init = false, .doc = "a token sees only itself and what is before it"),
    {0}};
static const mlrt_prop decoder_props[] = {SHARED_PROPS, {0}};

static mlrt_node *normalise(const mlrt_layer *self, const char *name, mlrt_node *x) {
    return mlrt_child(self, name, &layer_norm_class, &(norm){.eps = 1e-5f}, &x);
}

/* What enters a part, and the sum that follows it. */
static mlrt_node *enter(const mlrt_layer *self, const char *name, mlrt_node *x) {
    const transformer_layer *p = mlrt_props(self);
    return p->norm == CORE_PRE_NORM ? normalise(self, name, x) : x;
}

static mlrt_node *sum(const mlrt_layer *self, const char *name, mlrt_node *x, mlrt_node *y) {
    const transformer_layer *p = mlrt_props(self);
    x = mlrt_add(x, mlrt_dropout(y, (double)p->dropout));
    return p->norm == CORE_POST_NORM ? normalise(self, name, x) : x;
}

static mlrt_node *attend(const mlrt_layer *self, const char *name, bool causal, mlrt_node *x, mlrt_node *memory,
                         mlrt_node *mask) {
    const transformer_layer *p = mlrt_props(self);
    const attention props = {.heads = p->heads,
                             .causal = causal,
                             .bias = true,
                             .dropout = p->attention_dropout,
                             .position = memory ? CORE_NOWHERE : p->position,
                             .distance = p->distance,
                             .init = p->init};
    return mlrt_child(self, name, &attention_class, &props, (mlrt_node *[]){x, memory, mask});
}

static mlrt_node *affine(const mlrt_layer *self, const char *name, int64_t out, mlrt_node *x) {
    const transformer_layer *p = mlrt_props(self);
    const linear props = {.out = (int32_t)out, .bias = true, .init = p->init, .scale = 1};
    return mlrt_child(self, name, &linear_class, &props, &x);
}

static mlrt_node *feed_forward(const mlrt_layer *self, mlrt_node *x) {
    const transformer_layer *p = mlrt_props(self);
    const int64_t dim = CORE_LAST(x);
    mlrt_enter(self, "ffn");
    mlrt_node *h = core_activate(affine(self, "inner", p->ffn ? p->ffn : 4 * dim, x), p->activation);
    mlrt_node *y = affine(self, "outer", dim, mlrt_dropout(h, (double)p->dropout));
    mlrt_leave(self);
    return y;
}

static mlrt_node *encoder_build(const mlrt_layer *self, mlrt_node *const in[]) {
    const transformer_layer *p = mlrt_props(self);
    mlrt_node *x = in[0];
    mlrt_node *y = attend(self, "attention", p->causal, enter(self, "attention_norm", x), NULL, in[1]);
    x = sum(self, "attention_norm", x, y);
    return sum(self, "ffn_norm", x, feed_forward(self, enter(self, "ffn_norm", x)));
}

static mlrt_node *decoder_build(const mlrt_layer *self, mlrt_node *const in[]) {
    mlrt_node *x = in[0], *memory = in[1], *mask = in[2];
    x = sum(self, "attention_norm", x, attend(self, "attention", true, enter(self, "attention_norm", x), NULL, NULL));
    mlrt_node *query = enter(self, "cross_attention_norm", x);
    x = sum(self, "cross_attention_norm", x, attend(self, "cross_attention", false, query, memory, mask));
    return sum(self, "ffn_norm", x, feed_forward(self, enter(self, "ffn_norm", x)));
}

static const mlrt_port encoder_inputs[] = {{"x", "[batch, tokens, dim]", "vectors"},
                                           {"mask", "[batch, tokens]", "zero hides a token"}};
static const mlrt_port decoder_inputs[] = {{"x", "[batch, tokens, dim]", "vectors"},
                                           {"memory", "[batch, keys, dim]", "what the encoder gave"},
                                           {"mask", "[batch, keys]", "zero hides a part of the memory"}};
static const mlrt_port layer_output = {"y", "[batch, tokens, dim]", "vectors"};

static const mlrt_case encoder_cases[] = {
    {"heads = 2", "f32[2,4,8]", "encoder_layer(p, '', 2, x[0])", true},
    {"heads = 2, ffn = 12, activation = gelu, norm = pre, causal = true", "f32[2,4,8]",
     "encoder_layer(p, '', 2, x[0], activation='gelu', norm='pre', causal=True)", false},
    {"heads = 2, ffn = 12, activation = gelu, position = rotary", "f32[2,4,8], f32[2,4]<2",
     "encoder_layer(p, '', 2, x[0], x[1], activation='gelu', position='rotary')", false},
    {0}};
static const mlrt_case decoder_cases[] = {
    {"heads = 2, ffn = 12", "f32[2,3,8], f32[2,5,8]", "decoder_layer(p, '', 2, x[0], x[1])", true},
    {"heads = 2, activation = gelu, norm = pre", "f32[2,3,8], f32[2,5,8]",
     "decoder_layer(p, '', 2, x[0], x[1], activation='gelu', norm='pre')", false},
    {"heads = 2, activation = gelu, position = relative, distance = 1", "f32[2,3,8], f32[2,5,8]",
     "decoder_layer(p, '', 2, x[0], x[1], activation='gelu', position='relative')", false},
    {0}};

MLRT_LAYER(
    transformer_encoder_layer, .summary = "self-attention and a feed-forward part, each with a residual sum",
    .doc =
        "x <- x + attention(x), then x <- x + ffn(x) with ffn(x) = W2 f(W1 x + b1) + b2. With norm = post each sum is normalised (Vaswani et al.), with norm = pre what enters each part (Xiong et al., arXiv:2002.04745). Positions are those of layer.attention.",
    .source = "arXiv:1706.03762, Sec. 3.1", .props = encoder_props, .positional = "heads", .cases = encoder_cases,
    .min_inputs = 1, .max_inputs = 2, .inputs = encoder_inputs, .output = &layer_output, .build = encoder_build);
MLRT_LAYER(transformer_decoder_layer, .summary = "causal self-attention, attention to a memory and a feed-forward part",
           .doc = "As the encoder layer, with attention to a memory between its parts.",
           .source = "arXiv:1706.03762, Sec. 3.1", .props = decoder_props, .positional = "heads",
           .cases = decoder_cases, .min_inputs = 2, .max_inputs = 3, .inputs = decoder_inputs, .output = &layer_output,
           .build = decoder_build);
