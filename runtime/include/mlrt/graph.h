/* graph.h - building computations out of nodes.
 *
 * A node is an immutable value-to-be: an op applied to other nodes, with a dtype and a shape known at once. Nodes belong
 * to their graph and live as long as it does; nobody frees one.
 *
 * Errors are sticky. The first builder that fails leaves its message on the graph and returns the graph's failed node;
 * every builder given a failed node returns it. So a layer reads like mathematics and is checked once, at the end.
 *
 * Gradients are nodes too (mlrt_grad), built from elementary ops wherever possible, so they can be differentiated again;
 * an op with a hand-written backward kernel says so when a second derivative is asked of it.
 *
 * Conventions: an axis may be negative (-1 is the last). Masks and conditions are f32: zero is false, anything else
 * true, and comparisons give exactly 0 or 1. Unless said otherwise operands are f32 and the result is f32.
 */
#ifndef MLRT_GRAPH_H
#define MLRT_GRAPH_H

#include <mlrt/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlrt_graph mlrt_graph;
typedef struct mlrt_node mlrt_node;
typedef struct mlrt_op mlrt_op;

/* What the numbers of an integer field stand for. Static or owned by the task that describes the field. */
typedef struct mlrt_vocabulary {
    int32_t size;
    const char *const *token; /* `size` names, or NULL for plain class numbers */
} mlrt_vocabulary;

/* ---- reading a node ---- */
MLRT_API mlrt_graph *mlrt_node_graph(const mlrt_node *n);
MLRT_API mlrt_dtype mlrt_node_dtype(const mlrt_node *n);
MLRT_API const mlrt_shape *mlrt_node_shape(const mlrt_node *n);
MLRT_API int32_t mlrt_rank(const mlrt_node *n);
MLRT_API int64_t mlrt_dim(const mlrt_node *n, int32_t axis); /* 0 for an axis it does not have */
MLRT_API int64_t mlrt_count(const mlrt_node *n);             /* elements */
MLRT_API bool mlrt_failed(const mlrt_node *n);
MLRT_API const mlrt_vocabulary *mlrt_node_vocabulary(const mlrt_node *n); /* of a task's field, or NULL */
MLRT_API int32_t mlrt_token(const mlrt_vocabulary *v, const char *name);  /* its number, or -1 */
MLRT_API int32_t mlrt_node_inputs(const mlrt_node *n);
MLRT_API mlrt_node *mlrt_node_input(const mlrt_node *n, int32_t i);
MLRT_API const void *mlrt_node_attr(const mlrt_node *n); /* the attributes given to mlrt_apply */

/* ---- the graph ---- */
MLRT_API bool mlrt_graph_training(mlrt_graph *g); /* true while the training step is built, false for evaluation */
/* Fail the graph (first failure wins) and get its failed node. The layer path and the script's line are added. */
MLRT_API mlrt_node *mlrt_graph_fail(mlrt_graph *g, mlrt_status status, const char *format, ...) MLRT_PRINTF(3, 4);
/* Name a node, so that it can be read after a run ("attention.weights"); the layer path is put in front. Returns n. */
MLRT_API mlrt_node *mlrt_name(mlrt_node *n, const char *name);

/* ---- sources ---- */
MLRT_API mlrt_node *mlrt_scalar(mlrt_graph *g, double value);                 /* [] */
MLRT_API mlrt_node *mlrt_full(mlrt_graph *g, mlrt_shape shape, double value); /* f32 */
MLRT_API mlrt_node *mlrt_full_i32(mlrt_graph *g, mlrt_shape shape, int32_t value);
MLRT_API mlrt_node *mlrt_arange(mlrt_graph *g, int64_t n);              /* i32 [n]: 0 .. n-1 */
MLRT_API mlrt_node *mlrt_constant(mlrt_graph *g, const mlrt_tensor *t); /* copies the data */
/* Random numbers of the step: they depend on (seed, this node's stream, step, element) and on nothing else. */
MLRT_API mlrt_node *mlrt_random_uniform(mlrt_graph *g, mlrt_shape shape, double low, double high);
MLRT_API mlrt_node *mlrt_random_normal(mlrt_graph *g, mlrt_shape shape, double mean, double std);
MLRT_API mlrt_node *mlrt_random_bernoulli(mlrt_graph *g, mlrt_shape shape, double p);

/* ---- elementwise; shapes broadcast as in NumPy ---- */
MLRT_API mlrt_node *mlrt_add(mlrt_node *a, mlrt_node *b);
MLRT_API mlrt_node *mlrt_sub(mlrt_node *a, mlrt_node *b);
MLRT_API mlrt_node *mlrt_mul(mlrt_node *a, mlrt_node *b);
MLRT_API mlrt_node *mlrt_div(mlrt_node *a, mlrt_node *b);
MLRT_API mlrt_node *mlrt_pow(mlrt_node *a, mlrt_node *b);
MLRT_API mlrt_node *mlrt_maximum(mlrt_node *a, mlrt_node *b); /* the gradient of a tie goes to a */
MLRT_API mlrt_node *mlrt_minimum(mlrt_node *a, mlrt_node *b);
MLRT_API mlrt_node *mlrt_add_scalar(mlrt_node *a, double b);
MLRT_API mlrt_node *mlrt_mul_scalar(mlrt_node *a, double b);
MLRT_API mlrt_node *mlrt_pow_scalar(mlrt_node *a, double b);
MLRT_API mlrt_node *mlrt_eq(mlrt_node *a, mlrt_node *b); /* comparisons take f32 or i32 */
MLRT_API mlrt_node *mlrt_ne(mlrt_node *a, mlrt_node *b);
MLRT_API mlrt_node *mlrt_lt(mlrt_node *a, mlrt_node *b);
MLRT_API mlrt_node *mlrt_le(mlrt_node *a, mlrt_node *b);
MLRT_API mlrt_node *mlrt_gt(mlrt_node *a, mlrt_node *b);
MLRT_API mlrt_node *mlrt_ge(mlrt_node *a, mlrt_node *b);
MLRT_API mlrt_node *mlrt_where(mlrt_node *condition, mlrt_node *a, mlrt_node *b);
MLRT_API mlrt_node *mlrt_neg(mlrt_node *x);
MLRT_API mlrt_node *mlrt_abs(mlrt_node *x);
MLRT_API mlrt_node *mlrt_sign(mlrt_node *x);
MLRT_API mlrt_node *mlrt_floor(mlrt_node *x);
MLRT_API mlrt_node *mlrt_square(mlrt_node *x);
MLRT_API mlrt_node *mlrt_reciprocal(mlrt_node *x);
MLRT_API mlrt_node *mlrt_sqrt(mlrt_node *x);
MLRT_API mlrt_node *mlrt_rsqrt(mlrt_node *x);
MLRT_API mlrt_node *mlrt_exp(mlrt_node *x);
MLRT_API mlrt_node *mlrt_log(mlrt_node *x);
MLRT_API mlrt_node *mlrt_log1p(mlrt_node *x);
MLRT_API mlrt_node *mlrt_sin(mlrt_node *x);
MLRT_API mlrt_node *mlrt_cos(mlrt_node *x);
MLRT_API mlrt_node *mlrt_tanh(mlrt_node *x);
MLRT_API mlrt_node *mlrt_sigmoid(mlrt_node *x);
MLRT_API mlrt_node *mlrt_erf(mlrt_node *x);
MLRT_API mlrt_node *mlrt_relu(mlrt_node *x);
MLRT_API mlrt_node *mlrt_softplus(mlrt_node *x); /* log(1 + e^x) without overflow */
MLRT_API mlrt_node *mlrt_gelu(mlrt_node *x);     /* x (1 + erf(x / sqrt 2)) / 2 */
MLRT_API mlrt_node *mlrt_silu(mlrt_node *x);     /* x / (1 + e^-x) */
MLRT_API mlrt_node *mlrt_cast(mlrt_node *x, mlrt_dtype dtype);
MLRT_API mlrt_node *mlrt_stop_gradient(mlrt_node *x);

/* ---- reductions. `axes` is a bit mask of axes (MLRT_AXIS(0) | MLRT_AXIS(2)), or MLRT_ALL_AXES ---- */
#define MLRT_AXIS(i)  (1u << (i))
#define MLRT_ALL_AXES (~0u)
MLRT_API uint32_t mlrt_axis(const mlrt_node *x, int32_t axis); /* the mask of one axis, negative too */
MLRT_API mlrt_node *mlrt_sum(mlrt_node *x, uint32_t axes, bool keep);
MLRT_API mlrt_node *mlrt_mean(mlrt_node *x, uint32_t axes, bool keep);
MLRT_API mlrt_node *mlrt_variance(mlrt_node *x, uint32_t axes, bool keep); /* biased: divides by the count */
MLRT_API mlrt_node *mlrt_max(mlrt_node *x, uint32_t axes, bool keep);      /* ties share the gradient */
MLRT_API mlrt_node *mlrt_min(mlrt_node *x, uint32_t axes, bool keep);
MLRT_API mlrt_node *mlrt_argmax(mlrt_node *x, int32_t axis); /* i32, the first of equals; no gradient */

/* ---- shape ---- */
MLRT_API mlrt_node *mlrt_reshape(mlrt_node *x, mlrt_shape shape); /* one dimension may be -1 */
MLRT_API mlrt_node *mlrt_transpose(mlrt_node *x, const int32_t *permutation);
MLRT_API mlrt_node *mlrt_swap_axes(mlrt_node *x, int32_t a, int32_t b);
MLRT_API mlrt_node *mlrt_broadcast(mlrt_node *x, mlrt_shape shape);
MLRT_API mlrt_node *mlrt_slice(mlrt_node *x, int32_t axis, int64_t start, int64_t stop, int64_t step); /* step > 0 */
MLRT_API mlrt_node *mlrt_pad(mlrt_node *x, int32_t axis, int64_t before, int64_t after, double value);
MLRT_API mlrt_node *mlrt_concat(mlrt_node *const *x, int32_t count, int32_t axis);

/* ---- products ---- */
enum { MLRT_TRANS_A = 1, MLRT_TRANS_B = 2 };
/* [..., M, K] x [..., K, N] -> [..., M, N]. A two-dimensional b is shared by every leading dimension of a; otherwise the
 * leading dimensions broadcast. The flags take the last two axes of an operand as transposed. */
MLRT_API mlrt_node *mlrt_matmul(mlrt_node *a, mlrt_node *b, int32_t flags);

/* ---- indexing; indices are i32. An index outside the range makes the step stop with an error, not a crash ---- */
MLRT_API mlrt_node *mlrt_gather(mlrt_node *table, mlrt_node *index); /* [V, ...], any I -> I + [...] */
MLRT_API mlrt_node *mlrt_scatter_add(mlrt_node *index, mlrt_node *update,
                                     int64_t rows);                                /* I, I + [...] -> [rows, ...] */
MLRT_API mlrt_node *mlrt_take_along(mlrt_node *x, mlrt_node *index, int32_t axis); /* as numpy.take_along_axis */
/* The transpose of take_along: zeros of `size` along the axis, update added at index. */
MLRT_API mlrt_node *mlrt_add_along(mlrt_node *index, mlrt_node *update, int32_t axis, int64_t size);
MLRT_API mlrt_node *mlrt_argsort(mlrt_node *x, int32_t axis); /* ascending and stable, i32; no gradient */
MLRT_API mlrt_node *mlrt_sort(mlrt_node *x, int32_t axis);
MLRT_API mlrt_node *mlrt_cumsum(mlrt_node *x, int32_t axis, bool reverse);

/* ---- fused: one kernel forward and one backward ---- */
MLRT_API mlrt_node *mlrt_softmax(mlrt_node *x);           /* over the last axis */
MLRT_API mlrt_node *mlrt_log_softmax(mlrt_node *x);       /* over the last axis */
MLRT_API mlrt_node *mlrt_dropout(mlrt_node *x, double p); /* x unless training; the kept are scaled by 1/(1-p) */
MLRT_API mlrt_node *mlrt_layer_norm(mlrt_node *x, mlrt_node *gain, mlrt_node *bias, double eps); /* last axis */
MLRT_API mlrt_node *mlrt_rms_norm(mlrt_node *x, mlrt_node *gain, double eps);                    /* last axis */
/* Multi-head attention softmax(q k^T * scale) v over heads that lie side by side in the last axis.
 * q [B, Tq, H*dk], k [B, Tk, H*dk], v [B, Tk, H*dv] -> [B, Tq, H*dv]. mask, which may be NULL: [B, Tk] (keys that may be
 * attended) or [1 or B, Tq, Tk]; causal: query i sees keys up to i + Tk - Tq. scale 0 means 1/sqrt(dk). A query with
 * nothing to attend gives zeros. Vaswani et al., arXiv:1706.03762, Eq. 1. */
MLRT_API mlrt_node *mlrt_attention(mlrt_node *q, mlrt_node *k, mlrt_node *v, mlrt_node *mask, int32_t heads,
                                   bool causal, double scale);
/* The same with more that may be asked of it; what is left out is 0 or NULL.
 * With vectors for N = 2 c + 1 distances, those of key j and query i being number clip(j - i - (Tk - Tq), -c, c) + c:
 *     score = (q_i . k_j + far_q_i . far_k) * scale,   y_i = sum over j of softmax(score)_ij (v_j + far_v).
 * far_k and far_v are [N, width of a head], shared by the heads, or [N, H * width]; far_q is [B, Tq, H * width], and q
 * when not given. Dropout on the softmax acts in training only. */
typedef struct mlrt_attention_options {
    int32_t heads;
    bool causal;
    double scale, dropout;
    mlrt_node *mask, *far_q, *far_k, *far_v;
} mlrt_attention_options;
MLRT_API mlrt_node *mlrt_attention_with(mlrt_node *q, mlrt_node *k, mlrt_node *v, const mlrt_attention_options *o);
/* Pairs of neighbours of the last axis turned by an angle of their position: x [..., T, H * 2 n] and a table [T, n, 2] of
 * (c, s), the same for all H heads: (x_0, x_1) -> (c x_0 - s x_1, s x_0 + c x_1). The table has no gradient. */
MLRT_API mlrt_node *mlrt_rotate(mlrt_node *x, mlrt_node *table);
/* Mean over targets that are not `ignore` (-1: none are) of the cross-entropy of softmax(logits), in nats.
 * logits [..., V], targets i32 [...] -> []. smoothing mixes the target with the uniform distribution. */
MLRT_API mlrt_node *mlrt_cross_entropy(mlrt_node *logits, mlrt_node *targets, int32_t ignore, double smoothing);
/* x [B, C, H, W], weight [F, C, kh, kw], bias [F] or NULL -> [B, F, H', W']; cross-correlation, as in every framework. */
MLRT_API mlrt_node *mlrt_conv2d(mlrt_node *x, mlrt_node *weight, mlrt_node *bias, int32_t stride, int32_t padding);
MLRT_API mlrt_node *mlrt_max_pool2d(mlrt_node *x, int32_t size, int32_t stride, int32_t padding);
MLRT_API mlrt_node *mlrt_avg_pool2d(mlrt_node *x, int32_t size, int32_t stride, int32_t padding); /* padding counts */

/* ---- gradients ---- */
/* dx[i] = d(sum of y) / d x[i], of x[i]'s shape; zeros where y does not depend on it. */
MLRT_API void mlrt_grad(mlrt_node *y, mlrt_node *const *x, int32_t count, mlrt_node **dx);

/* ---- ops of your own ----
 *
 * An op is a row: how its shape follows from its inputs, its kernel, and its gradient. The gradient builds nodes; an op
 * whose backward pass is a kernel makes it a second op and applies that. Packing several gradients in one node: see
 * mlrt_pack.
 */
typedef struct mlrt_call {
    const mlrt_node *node;
    mlrt_tensor out;       /* write every element: the memory is not zeroed */
    const mlrt_tensor *in; /* read only */
    int32_t inputs;
    const void *attr;
    void *scratch;       /* the bytes asked for by the op's `scratch`, 64-byte aligned, shared between calls */
    void *state;         /* what the kernel's preparation left, or NULL */
    uint64_t seed, step; /* for random ops, with `stream` */
    uint64_t stream;
    mlrt_error *err; /* mlrt_fail on it stops the training after this kernel */
} mlrt_call;

enum {
    MLRT_OP_RANDOM = 1,  /* draws random numbers: is never merged with an equal node; gets a stream of its own */
    MLRT_OP_INPLACE = 2, /* may write its result over its first input when they have the same size */
};

struct mlrt_op {
    const char *name, *summary;
    int32_t min_inputs, max_inputs;
    size_t attr_size; /* bytes of attributes, compared and copied as they are: zero the padding */
    uint32_t flags;
    /* Shape and dtype of the result. On failure mlrt_fail on err; path and line are added by the graph. */
    mlrt_status (*infer)(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err);
    /* dx[i] = gradient for input i given dy, that of the result; leave NULL where there is none. NULL vjp: the op stops
     * gradients (argmax); see mlrt_no_second_derivative for one that must not be differentiated again. */
    void (*vjp)(mlrt_node *y, mlrt_node *dy, mlrt_node **dx);
    size_t (*scratch)(const mlrt_node *n, int32_t threads); /* bytes, or NULL for none */
    void (*run)(const mlrt_call *c);     /* NULL for mlrt's own ops, whose kernels are rows elsewhere */
    double (*flops)(const mlrt_node *n); /* for --explain, or NULL */
};

/* Apply an op. `attr` points to op->attr_size bytes (NULL when that is 0); inputs may not be NULL. */
MLRT_API mlrt_node *mlrt_apply(mlrt_graph *g, const mlrt_op *op, mlrt_node *const *in, int32_t count, const void *attr);
/* A vjp that fails the graph with "op 'x' has no second derivative (...)". */
MLRT_API void mlrt_no_second_derivative(mlrt_node *y, mlrt_node *dy, mlrt_node **dx);

/* One f32 vector that holds several tensors one after the other, each starting at a multiple of 16 elements: how a
 * backward kernel returns several gradients. */
MLRT_API int64_t mlrt_pack_size(const mlrt_shape *const *shape, int32_t count); /* elements in all */
MLRT_API int64_t mlrt_pack_offset(const mlrt_shape *const *shape, int32_t i);   /* first element of the i-th */
MLRT_API mlrt_node *mlrt_unpack(mlrt_node *pack, const mlrt_shape *const *shape, int32_t i); /* a view, no copy */

#ifdef __cplusplus
}
#endif
#endif
