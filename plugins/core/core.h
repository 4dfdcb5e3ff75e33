/* core.h - the classes of this plugin, and what its files share.
 *
 * A class that others build on (mlrt_child) has its properties here; a parent fills every member itself, since defaults
 * come from scripts only. Functions are named core_ and stay inside core.so.
 */
#ifndef CORE_H
#define CORE_H

#include <mlrt/mlrt.h>
#include <string.h>

/* kind, name: the order of the documentation */
#define CORE_CLASSES(X)                                                                                                \
    X(layer, linear)                                                                                                   \
    X(layer, embedding)                                                                                                \
    X(layer, position)                                                                                                 \
    X(layer, layer_norm)                                                                                               \
    X(layer, rms_norm)                                                                                                 \
    X(layer, batch_norm)                                                                                               \
    X(layer, dropout)                                                                                                  \
    X(layer, relu)                                                                                                     \
    X(layer, gelu)                                                                                                     \
    X(layer, silu)                                                                                                     \
    X(layer, tanh)                                                                                                     \
    X(layer, sigmoid)                                                                                                  \
    X(layer, softmax)                                                                                                  \
    X(layer, softplus)                                                                                                 \
    X(layer, conv2d)                                                                                                   \
    X(layer, max_pool2d)                                                                                               \
    X(layer, avg_pool2d)                                                                                               \
    X(layer, flatten)                                                                                                  \
    X(layer, parameter)                                                                                                \
    X(layer, attention)                                                                                                \
    X(layer, transformer_encoder_layer)                                                                                \
    X(layer, transformer_decoder_layer)                                                                                \
    X(layer, seq2seq)                                                                                                  \
    X(loss, cross_entropy)                                                                                             \
    X(loss, mse)                                                                                                       \
    X(loss, l1)                                                                                                        \
    X(loss, huber)                                                                                                     \
    X(loss, bce_with_logits)                                                                                           \
    X(loss, hinge)                                                                                                     \
    X(optimizer, sgd)                                                                                                  \
    X(optimizer, adam)                                                                                                 \
    X(optimizer, adamw)                                                                                                \
    X(optimizer, rmsprop)                                                                                              \
    X(optimizer, lion)                                                                                                 \
    X(schedule, constant)                                                                                              \
    X(schedule, linear_warmup)                                                                                         \
    X(schedule, inverse_sqrt)                                                                                          \
    X(schedule, cosine)                                                                                                \
    X(schedule, one_cycle)                                                                                             \
    X(schedule, exponential)                                                                                           \
    X(schedule, step)

#define X(kind, name) extern const mlrt_##kind##_class name##_class;
CORE_CLASSES(X)
#undef X

/* The last dimension of a node. */
#define CORE_LAST(x) mlrt_dim((x), -1)

/* x if it has this rank, else the failed node: "expected [batch, tokens, dim], got [2, 3]". */
mlrt_node *core_expect_rank(mlrt_node *x, int32_t rank, const char *shape);
/* Prediction and target of an elementwise loss brought to one shape: either may leave out a last dimension of 1, and an
 * i32 target is cast. False, with the graph failed, when they do not fit. */
bool core_match(mlrt_node **prediction, mlrt_node **target);

/* What feed-forward parts choose from. */
enum { CORE_RELU, CORE_GELU };
extern const char *const core_activations[];
mlrt_node *core_activate(mlrt_node *x, int32_t activation);

/* PyTorch's default for weights: uniform in +-1 / sqrt(fan_in). */
#define CORE_FAN_IN ((mlrt_init){.kind = MLRT_INIT_FAN_IN})
/* Its companion for the bias of a weight with this fan-in. */
#define CORE_BIAS_INIT(fan_in) ((mlrt_init){.kind = MLRT_INIT_FAN_IN, .a = (float)(fan_in)})

/* 1 / d for optimizers, 0 < d < 2^126, within 1.5 ulp: an estimate q by the bits of d, then 1 / d = q / (1 - x) as the
 * series in x up to its fifth power. A CPU's divider is slow, and busy with their roots. */
static inline float core_reciprocal(float d) {
    uint32_t bits;
    float q;
    memcpy(&bits, &d, sizeof bits);
    bits = 0x7ef311c3 - bits; /* |x| < 0.051 */
    memcpy(&q, &bits, sizeof q);
    const float x = 1 - d * q, square = x * x, y = q + q * x;
    return y + y * square * (1 + square);
}

typedef struct linear {
    int32_t out;
    bool bias;
    mlrt_init init;
    float scale;
} linear;

/* Vectors added to tokens, and schemes inside an attention. */
enum { CORE_LEARNED, CORE_SINUSOIDAL };
extern const char *const core_positions[];
enum { CORE_NOWHERE, CORE_RELATIVE, CORE_TRANSFORMER_XL, CORE_ROTARY, CORE_XPOS };
extern const char *const core_schemes[];
#define CORE_DISTANCE                                                                                                  \
    16 /* where relative positions end when nothing is said: Shaw et al., arXiv:1803.02155, Sec. 4.1 */

/* Sinusoids [count, dim] of the positions first, first + step, ..; Vaswani et al., arXiv:1706.03762, Sec. 3.5. */
mlrt_node *core_sinusoids(mlrt_graph *g, int64_t first, int64_t step, int64_t count, int64_t dim);
/* What an attention's scheme makes of the queries and keys of x, and asks of mlrt_attention_with. */
void core_place(const mlrt_layer *self, const mlrt_node *x, mlrt_node **q, mlrt_node **k, mlrt_attention_options *o);

typedef struct position {
    int32_t kind, length;
    mlrt_init init;
} position;

typedef struct norm { /* of layer_norm and rms_norm */
    float eps;
} norm;

typedef struct attention {
    int32_t heads, dim;
    bool causal, bias;
    float dropout;
    int32_t position, distance;
    mlrt_init init;
} attention;

enum { CORE_POST_NORM, CORE_PRE_NORM };
extern const char *const core_norms[];

typedef struct transformer_layer { /* of the encoder's and the decoder's */
    int32_t heads, ffn;
    float dropout, attention_dropout;
    int32_t activation, norm;
    bool causal;
    int32_t position, distance; /* of attentions to itself */
    mlrt_init init;
} transformer_layer;

#endif
