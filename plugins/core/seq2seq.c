/* seq2seq.c - an encoder-decoder transformer from source tokens to target tokens.
 *
 *   memory = encoder(source),   logits_t = decoder(start, target_1 .. target_t-1; memory) W^T + b
 *
 * Token and position embeddings start normal(0, 1 / sqrt(dim)) and their sum goes through a layer norm, as in the
 * transformers of Charton et al. (XLM, Lample and Conneau, arXiv:1901.07291, and its descendants) that learned the
 * scattering amplitudes of arXiv:2405.06107; with norm = pre the last layer's output is normalised too.
 *
 * Training reads the true target (teacher forcing); prediction decodes greedily: the decoder runs on 1, 2, ..
 * tokens of its own answer, and after "end" every token is "pad". The start token is "begin" if the target's
 * vocabulary has it, else "end". Tokens named "pad" in the source are hidden from both attentions.
 */
#include "core.h"
#include <math.h>
#include <stdio.h>

/* Those of the position layer, and those of an attention. */
static const char *const positions[] = {"learned",        "sinusoidal", "none", "relative",
                                        "transformer_xl", "rotary",     "xpos", NULL};
enum { NOWHERE = 2 }; /* from here on in the order of core_schemes */

typedef struct seq2seq {
    int32_t layers, encoder_layers, decoder_layers, dim, heads, ffn, activation, norm, position, distance, max_length;
    float dropout, attention_dropout;
    bool share_output;
    mlrt_init init, embedding_init;
} seq2seq;

static const mlrt_prop seq2seq_props[] = {
    MLRT_PROP_INT(seq2seq, layers, .init = 1, .range = "[1, inf)", .doc = "layers of the encoder and of the decoder"),
    MLRT_PROP_INT(seq2seq, encoder_layers, .init = 0, .range = "[0, inf)", .doc = "0 for `layers`"),
    MLRT_PROP_INT(seq2seq, decoder_layers, .init = 0, .range = "[0, inf)", .doc = "0 for `layers`"),
    MLRT_PROP_INT(seq2seq, dim, .init = 256, .range = "[1, inf)", .doc = "features of a token"),
    MLRT_PROP_INT(seq2seq, heads, .init = 8, .range = "[1, inf)", .doc = "attention heads; they divide `dim`"),
    MLRT_PROP_INT(seq2seq, ffn, .init = 0, .range = "[0, inf)",
                  .doc = "hidden features of the feed-forward parts; 0 for 4 dim"),
    MLRT_PROP_F32(seq2seq, dropout, .init = 0, .range = "[0, 1)", .doc = "on embeddings and on what each part gives"),
    MLRT_PROP_F32(seq2seq, attention_dropout, .init = 0, .range = "[0, 1)", .doc = "on the attention weights"),
    MLRT_PROP_ENUM(seq2seq, activation, .init = CORE_RELU, .choices = core_activations,
                   .doc = "function of the feed-forward parts"),
    MLRT_PROP_ENUM(seq2seq, norm, .init = CORE_POST_NORM, .choices = core_norms,
                   .doc = "layer norm after each sum, or before each part"),
    MLRT_PROP_ENUM(seq2seq, position, .init = CORE_LEARNED, .choices = positions,
                   .doc = "of layer.position, added to the tokens, or of layer.attention"),
    MLRT_PROP_INT(seq2seq, distance, .init = CORE_DISTANCE, .range = "[0, inf)",
                  .doc = "relative positions: tokens further away count as this far"),
    MLRT_PROP_INT(seq2seq, max_length, .init = 0, .range = "[0, inf)",
                  .doc = "longest source or target; 0 for the lengths of the task"),
    MLRT_PROP_BOOL(seq2seq, share_output, .init = true,
                   .doc = "the output weight is the decoder's token embedding, Press and Wolf, arXiv:1608.05859"),
    MLRT_PROP_INIT(seq2seq, init, .init_value = {.kind = MLRT_INIT_FAN_IN},
                   .doc = "initial weights of the attentions and feed-forward parts"),
    MLRT_PROP_INIT(seq2seq, embedding_init,
                   .doc = "initial token and learned position vectors, if not normal(0, 1 / sqrt(dim))"),
    {0}};

static mlrt_node *normalise(const mlrt_layer *self, const char *name, mlrt_node *x) {
    return mlrt_child(self, name, &layer_norm_class, &(norm){.eps = 1e-5f}, &x);
}

/* The token embedding [tokens, dim] of the part being built. */
static mlrt_node *token_table(const mlrt_layer *self, const mlrt_node *tokens) {
    const seq2seq *p = mlrt_props(self);
    const mlrt_init narrow = {.kind = MLRT_INIT_NORMAL, .b = 1 / sqrtf((float)p->dim)};
    const mlrt_init init = p->embedding_init.given ? p->embedding_init : narrow;
    mlrt_enter(self, "embedding");
    mlrt_node *table = mlrt_param(self, "weight", MLRT_SHAPE_OF(mlrt_node_vocabulary(tokens)->size, p->dim), init);
    mlrt_leave(self);
    return table;
}

/* Token plus position, if one is added, normalised; `length` is that of the longest sequence. */
static mlrt_node *embed(const mlrt_layer *self, mlrt_node *table, mlrt_node *tokens, int64_t length) {
    const seq2seq *p = mlrt_props(self);
    mlrt_node *h = mlrt_gather(table, tokens);
    const position props = {
        .kind = p->position, .length = p->max_length ? p->max_length : (int32_t)length, .init = p->embedding_init};
    if (p->position < NOWHERE) h = mlrt_child(self, "position", &position_class, &props, &h);
    return mlrt_dropout(normalise(self, "embedding_norm", h), (double)p->dropout);
}

/* Layers "1", "2", .. of the part being built; memory is NULL in the encoder. */
static mlrt_node *stack(const mlrt_layer *self, int32_t layers, mlrt_node *h, mlrt_node *memory, mlrt_node *mask) {
    const seq2seq *p = mlrt_props(self);
    const transformer_layer props = {.heads = p->heads,
                                     .ffn = p->ffn,
                                     .dropout = p->dropout,
                                     .attention_dropout = p->attention_dropout,
                                     .activation = p->activation,
                                     .norm = p->norm,
                                     .position = p->position < NOWHERE ? CORE_NOWHERE : p->position - NOWHERE,
                                     .distance = p->distance,
                                     .init = p->init};
    for (int32_t i = 1; i <= (layers ? layers : p->layers); i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        h = memory ? mlrt_child(self, name, &transformer_decoder_layer_class, &props, (mlrt_node *[]){h, memory, mask})
                   : mlrt_child(self, name, &transformer_encoder_layer_class, &props, (mlrt_node *[]){h, mask});
    }
    return p->norm == CORE_PRE_NORM ? normalise(self, "norm", h) : h;
}

/* One where a source token is not "pad", or NULL when there is no such token. */
static mlrt_node *padding_mask(mlrt_node *source) {
    const int32_t pad = mlrt_token(mlrt_node_vocabulary(source), "pad");
    return pad < 0 ? NULL : mlrt_ne(source, mlrt_full_i32(mlrt_node_graph(source), MLRT_SCALAR, pad));
}

static mlrt_node *encode(const mlrt_layer *self, mlrt_node *source, mlrt_node *mask) {
    const seq2seq *p = mlrt_props(self);
    mlrt_enter(self, "encoder");
    mlrt_node *h = embed(self, token_table(self, source), source, mlrt_dim(source, 1));
    h = stack(self, p->encoder_layers, h, NULL, mask);
    mlrt_leave(self);
    return h;
}

/* Logits [batch, tokens - from, vocabulary] for what follows each of `tokens`, those before `from` left out. The target
 * gives the vocabulary and the longest length. */
static mlrt_node *decode(const mlrt_layer *self, mlrt_node *tokens, int64_t from, const mlrt_node *target,
                         mlrt_node *memory, mlrt_node *mask) {
    const seq2seq *p = mlrt_props(self);
    mlrt_enter(self, "decoder");
    mlrt_node *table = token_table(self, target);
    mlrt_node *h = embed(self, table, tokens, mlrt_dim(target, 1));
    h = stack(self, p->decoder_layers, h, memory, mask);
    if (from) h = mlrt_slice(h, 1, from, mlrt_dim(tokens, 1), 1);
    mlrt_enter(self, "output");
    const int64_t classes = mlrt_dim(table, 0);
    mlrt_node *w = table, *b = mlrt_param(self, "bias", MLRT_SHAPE_OF(classes), CORE_BIAS_INIT(p->dim));
    if (!p->share_output) w = mlrt_param(self, "weight", MLRT_SHAPE_OF(classes, p->dim), CORE_FAN_IN);
    mlrt_leave(self);
    mlrt_leave(self);
    return mlrt_add(mlrt_matmul(h, w, MLRT_TRANS_B), b);
}

/* A column of start tokens, [batch, 1], or the failed node. */
static mlrt_node *start(mlrt_node *target) {
    const mlrt_vocabulary *v = mlrt_node_vocabulary(target);
    const int32_t begin = mlrt_token(v, "begin"), end = mlrt_token(v, "end");
    mlrt_graph *g = mlrt_node_graph(target);
    if (begin < 0 && end < 0)
        return mlrt_graph_fail(g, MLRT_NAME, "the target's vocabulary has no token 'begin' or 'end' to start from");
    return mlrt_full_i32(g, MLRT_SHAPE_OF(mlrt_dim(target, 0), 1), begin < 0 ? end : begin);
}

/* x if it is tokens, else the failed node. */
static mlrt_node *expect_tokens(mlrt_node *x, const char *name) {
    x = core_expect_rank(x, 2, "[batch, tokens]");
    if (mlrt_failed(x) || (mlrt_node_dtype(x) == MLRT_I32 && mlrt_node_vocabulary(x))) return x;
    return mlrt_graph_fail(mlrt_node_graph(x), MLRT_TYPE, "the %s must be tokens: i32 with a vocabulary", name);
}

static mlrt_node *seq2seq_build(const mlrt_layer *self, mlrt_node *const in[]) {
    mlrt_node *source = expect_tokens(in[0], "source"), *target = expect_tokens(in[1], "target");
    if (mlrt_failed(source) || mlrt_failed(target)) return mlrt_failed(source) ? source : target;
    mlrt_node *mask = padding_mask(source), *answer[] = {start(target), target};
    mlrt_node *shifted = mlrt_slice(mlrt_concat(answer, 2, 1), 1, 0, mlrt_dim(target, 1), 1);
    return decode(self, shifted, 0, target, encode(self, source, mask), mask);
}

/* The likeliest token of each row, [batch, 1]; "pad" in rows that have ended, where `done` is 1. */
static mlrt_node *next_token(mlrt_node *logits, const mlrt_vocabulary *v, mlrt_node **done) {
    const int32_t end = mlrt_token(v, "end"), pad = mlrt_token(v, "pad");
    mlrt_graph *g = mlrt_node_graph(logits);
    mlrt_node *token = mlrt_argmax(logits, -1);
    if (end < 0) return token;
    if (*done) token = mlrt_where(*done, mlrt_full_i32(g, MLRT_SCALAR, pad < 0 ? end : pad), token);
    mlrt_node *ended = mlrt_eq(token, mlrt_full_i32(g, MLRT_SCALAR, end));
    *done = *done ? mlrt_maximum(*done, ended) : ended;
    return token;
}

static mlrt_node *seq2seq_predict(const mlrt_layer *self, mlrt_node *const in[]) {
    mlrt_node *source = expect_tokens(in[0], "source"), *target = expect_tokens(in[1], "target");
    if (mlrt_failed(source) || mlrt_failed(target)) return mlrt_failed(source) ? source : target;
    mlrt_node *mask = padding_mask(source);
    mlrt_node *memory = encode(self, source, mask), *done = NULL;
    mlrt_node *tokens = start(target);
    const int64_t length = mlrt_dim(target, 1);
    for (int64_t t = 0; t < length; t++) {
        mlrt_node *logits = decode(self, tokens, t, target, memory, mask);
        mlrt_node *answer[] = {tokens, next_token(logits, mlrt_node_vocabulary(target), &done)};
        tokens = mlrt_concat(answer, 2, 1);
    }
    return mlrt_slice(tokens, 1, 1, length + 1, 1);
}

static const mlrt_port seq2seq_inputs[] = {
    {"source", "i32 [batch, tokens]", "tokens; \"pad\" is hidden"},
    {"target", "i32 [batch, answer]", "the true answer; prediction reads its length and vocabulary only"}};
static const mlrt_port seq2seq_output = {"logits", "[batch, answer, vocabulary]",
                                         "of each answer token; prediction gives tokens, i32 [batch, answer]"};

static const mlrt_case seq2seq_cases[] = {
    {"layers = 1, dim = 8, heads = 2", "i32[3,5]<9(pad), i32[3,4]<7(pad end)",
     "seq2seq(p, 2, x[0], x[1], start=1, pad=0)", true},
    {"encoder_layers = 1, decoder_layers = 2, dim = 8, heads = 2, ffn = 12, activation = gelu, norm = pre, "
     "position = sinusoidal, share_output = false",
     "i32[2,5]<9, i32[2,3]<7(pad begin end)", "seq2seq(p, 2, x[0], x[1], start=1, activation='gelu', norm='pre')",
     false},
    {"layers = 1, dim = 8, heads = 2, activation = gelu, position = transformer_xl",
     "i32[2,5]<9(pad), i32[2,3]<7(pad begin end)",
     "seq2seq(p, 2, x[0], x[1], start=1, pad=0, activation='gelu', position='transformer_xl')", false},
    {0}};

MLRT_LAYER(
    seq2seq, .summary = "an encoder-decoder transformer from tokens to tokens",
    .doc =
        "Training reads the true target, shifted right behind the token \"begin\" or, without one, \"end\" (teacher forcing). Prediction decodes greedily; after \"end\" every token is \"pad\". Source tokens named \"pad\" are hidden from both attentions. The sum of token and position goes through a layer norm; with norm = pre the last output does too.",
    .source = "arXiv:1706.03762, arXiv:1901.07291", .props = seq2seq_props, .cases = seq2seq_cases, .min_inputs = 2,
    .max_inputs = 2, .inputs = seq2seq_inputs, .output = &seq2seq_output, .build = seq2seq_build,
    .predict = seq2seq_predict, .first_target = 1);
