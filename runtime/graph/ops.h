/* ops.h - mlrt's own ops: their names and attributes, as the kernels see them.
 *
 * The op rows themselves (shape rules and gradients) are in the .c files of this folder; the kernels find a row by the
 * op's name. Where a kernel is said to see [outer, n, inner], the axis of the attribute is n.
 */
#ifndef MLRT__OPS_H
#define MLRT__OPS_H

#include "graph/node.h"

/* Elementwise ops: name, inputs. All take f32 (comparisons and cast also i32, bf16) and broadcast. Gradients ask for a "slope"
 * of x, and for "tanh_grad": dy, y -> dy (1 - y^2). */
/* clang-format off */
#define MLRT__ELEMENTWISE(X) \
    X(add, 2) X(sub, 2) X(mul, 2) X(div, 2) X(pow, 2) X(maximum, 2) X(minimum, 2) X(eq, 2) X(ne, 2) X(lt, 2) \
    X(le, 2) X(where, 3) X(neg, 1) X(abs, 1) X(sign, 1) X(floor, 1) X(square, 1) X(reciprocal, 1) X(sqrt, 1) \
    X(rsqrt, 1) X(exp, 1) X(log, 1) X(log1p, 1) X(sin, 1) X(cos, 1) X(tanh, 1) X(sigmoid, 1) X(erf, 1) X(relu, 1) \
    X(softplus, 1) X(gelu, 1) X(gelu_slope, 1) X(silu, 1) X(silu_slope, 1) X(tanh_grad, 2) X(cast, 1) X(dropout, 1)
/* clang-format on */

typedef enum mlrt__elementwise {
#define X(name, inputs) MLRT__EW_##name,
    MLRT__ELEMENTWISE(X)
#undef X
        MLRT__EW_COUNT
} mlrt__elementwise;

extern const mlrt_op mlrt__ew_op[MLRT__EW_COUNT];  /* one row each, named as above */
int32_t mlrt__elementwise_code(const mlrt_op *op); /* or -1 */

/* "dropout": x -> x * keep / (1 - p), where p is rounded to a multiple of 2^-16: element i is kept when the i-th 16 bits of
 * the stream say so. The gradient is a "dropout" of dy with the attribute's `stream` of the forward node, so the mask is
 * drawn again instead of stored. stream 0: the node's own. */
typedef struct mlrt__dropout_attr {
    double p;
    uint64_t stream;
} mlrt__dropout_attr;

/* "fused": a chain of elementwise ops run tile by tile in cache. Registers 0 .. inputs-1 are the node's inputs,
 * broadcast to the node's shape; step s writes register inputs + s; the last step is the result. The compiler turns
 * every elementwise node into this form, a chain of one where nothing can be fused. */
enum { MLRT__FUSED_INPUTS = 8, MLRT__FUSED_STEPS = 16 };
typedef struct mlrt__fused_attr {
    int32_t steps;
    struct {
        uint8_t code;  /* mlrt__elementwise */
        uint8_t in[3]; /* registers */
    } step[MLRT__FUSED_STEPS];
    mlrt__dropout_attr dropout; /* of the one step that is one; p is 0 where none is */
} mlrt__fused_attr;
extern const mlrt_op mlrt__op_fused;

/* Products. "matmul": a [..., M, K], b [K, N] or [..., K, N] with equal leading dimensions; the compiler may give it a
 * bias [N] as a third input and an activation to apply last. */
typedef enum mlrt__activation { MLRT__ACT_NONE, MLRT__ACT_RELU } mlrt__activation;
typedef struct mlrt__matmul_attr {
    int32_t flags;      /* MLRT_TRANS_A | MLRT_TRANS_B; a shared two-dimensional b implies that a is not transposed */
    int32_t activation; /* mlrt__activation */
    int32_t bf16;       /* 1: operands are rounded to bf16 where the CPU multiplies that; sums stay f32 */
    int32_t residual;   /* 1: the last input, of the result's shape, is added to the sums */
    int32_t mask; /* 1: the result is 0 where the last input, of its shape, is not above 0: a gradient before a ReLU */
} mlrt__matmul_attr;
extern const mlrt_op mlrt__op_matmul;

/* One axis of [outer, n, inner]. */
typedef struct mlrt__axis_attr {
    int32_t axis;
    int32_t option; /* reductions: how many neighbouring axes from `axis` on; cumsum: 1 = reverse */
} mlrt__axis_attr;
/* "sum", "max_reduce": x -> without `option` axes from `axis` on; "argmax": i32. "cumsum", "argsort". */
extern const mlrt_op mlrt__op_sum, mlrt__op_max, mlrt__op_argmax, mlrt__op_cumsum, mlrt__op_argsort;
/* "order_pairs": u, x, whose axis is 2 long -> u with the two swapped where x is not in order: sort(x) is order_pairs(x, x),
 * and its gradient order_pairs(dy, x), for a swap undoes itself. */
extern const mlrt_op mlrt__op_order_pairs;
/* "take_along": x, index i32 (the shape of x but for the axis) -> the shape of index. */
extern const mlrt_op mlrt__op_take_along;
/* "add_along": index i32, update -> zeros with `size` along `axis`, update added at index. */
typedef struct mlrt__add_along_attr {
    int32_t axis;
    int32_t pad;
    int64_t size;
} mlrt__add_along_attr;
extern const mlrt_op mlrt__op_add_along;

/* "gather": table [V, rest], index I -> I + rest. "scatter_add": index I, update I + rest -> [rows, rest]. */
typedef struct mlrt__rows_attr {
    int64_t rows;
} mlrt__rows_attr;
extern const mlrt_op mlrt__op_gather, mlrt__op_scatter_add;
/* Rows without padding. "row_starts": mask [B, T] -> i32 [B + 1], the sums of the lengths before each sequence, where a
 * length goes up to the last number that is not 0 (that of the first sequence is 1 at least, so that there are rows).
 * "rows_kept": starts -> i32 [1, B T], the numbers b T + t of the rows t < length, in order; those behind the last, of
 * which there are B T less starts[B], are never read: every op computes the rows that there are (program/ragged.c). */
typedef struct mlrt__kept_attr {
    int64_t length; /* T */
} mlrt__kept_attr;
extern const mlrt_op mlrt__op_row_starts, mlrt__op_rows_kept;

/* Shape ops with a copy. "broadcast": to the node's shape (NumPy rules). "transpose": out axis i is in axis perm[i]. */
typedef struct mlrt__shape_attr {
    mlrt_shape shape;
} mlrt__shape_attr;
typedef struct mlrt__perm_attr {
    int32_t perm[MLRT_MAX_RANK];
} mlrt__perm_attr;
typedef struct mlrt__slice_attr {
    int32_t axis;
    int32_t pad;
    int64_t start, stop, step;
} mlrt__slice_attr;
/* "pad": `before` and `after` elements of `value`, and `step` - 1 of them between neighbours (the transpose of slice). */
typedef struct mlrt__pad_attr {
    int32_t axis;
    float value;
    int64_t before, after, step;
} mlrt__pad_attr;
extern const mlrt_op mlrt__op_broadcast, mlrt__op_transpose, mlrt__op_slice, mlrt__op_pad;
extern const mlrt_op mlrt__op_concat; /* mlrt__axis_attr */
/* Views: no kernel, the program gives them the memory of their input. "reshape" (mlrt__shape_attr), "stop_gradient",
 * and a "slice" of step 1 of a one-dimensional node. */
extern const mlrt_op mlrt__op_reshape, mlrt__op_stop_gradient;
bool mlrt__is_view(const mlrt_node *n);
int64_t mlrt__view_offset(const mlrt_node *n); /* in elements of its input */

/* Sources that are computed. "full": value; "arange": i32. Random: "random_uniform" a..b, "random_normal" mean a, std b,
 * "random_bernoulli" probability a of 1. Element i of the node uses philox block i / 4, lane i % 4; a normal pair (i, i+1)
 * comes from one block's lanes by Box-Muller. */
typedef struct mlrt__full_attr {
    mlrt_shape shape;
    double value;
    int32_t dtype;
    int32_t pad;
} mlrt__full_attr;
typedef struct mlrt__random_attr {
    mlrt_shape shape;
    double a, b;
} mlrt__random_attr;
extern const mlrt_op mlrt__op_full, mlrt__op_arange, mlrt__op_uniform, mlrt__op_normal, mlrt__op_bernoulli;

/* Row ops over the last axis. "softmax", "log_softmax": [rows, n]. */
extern const mlrt_op mlrt__op_softmax, mlrt__op_log_softmax;
/* "layer_norm": x, gain [n], bias [n]. "layer_norm_grad": x, gain, dy -> pack(dx, dgain, dbias).
 * "rms_norm": x, gain. "rms_norm_grad": x, gain, dy -> pack(dx, dgain). Statistics are computed again, not stored. */
typedef struct mlrt__norm_attr {
    double eps;
} mlrt__norm_attr;
extern const mlrt_op mlrt__op_layer_norm, mlrt__op_layer_norm_grad, mlrt__op_rms_norm, mlrt__op_rms_norm_grad;
/* "attention": those of the inputs below that `parts` has a bit for, in this order, as in graph.h.
 * "attention_grad": the same with dy -> pack of the gradients of all but dy and the mask. With dropout they are
 * "attention_dropout" and "attention_dropout_grad", which draws with the `stream` of the forward node. Query i of
 * head h (of batch * heads) keeps key j when number ((h Tk + j) Tq' + i) of the stream is not below `dropout`, Tq' being
 * Tq rounded up to a multiple of 4. With starts, i32 [B + 1] each, q is [1, rows, D] and k and v are [1, keys, D], of which
 * batch element b has the rows starts[b] .. starts[b + 1] - 1, at most `queries` and `keys` (Tq and Tk) of them. */
typedef enum mlrt__attention_part {
    MLRT__ATT_Q,
    MLRT__ATT_K,
    MLRT__ATT_V,
    MLRT__ATT_DY,
    MLRT__ATT_MASK,
    MLRT__ATT_FAR_Q, /* without it far_k is for q */
    MLRT__ATT_FAR_K,
    MLRT__ATT_FAR_V,
    MLRT__ATT_Q_STARTS,
    MLRT__ATT_K_STARTS,
    MLRT__ATT_PARTS
} mlrt__attention_part;
typedef struct mlrt__attention_attr {
    int32_t heads, causal;
    uint32_t parts, pad;
    double scale, dropout;
    uint64_t stream;
    int64_t queries, keys;
} mlrt__attention_attr;
extern const mlrt_op mlrt__op_attention, mlrt__op_attention_grad, mlrt__op_attention_dropout,
    mlrt__op_attention_dropout_grad;
/* The number of the input that is `part`, or -1. */
static inline int32_t mlrt__attention_input(const mlrt__attention_attr *a, mlrt__attention_part part) {
    return a->parts >> part & 1 ? __builtin_popcount(a->parts & ((1u << part) - 1)) : -1;
}
/* Whether the part has a gradient. */
static inline bool mlrt__attention_learns(mlrt__attention_part part) {
    return part != MLRT__ATT_DY && part != MLRT__ATT_MASK && part < MLRT__ATT_Q_STARTS;
}
/* "rotate": x [..., T, H * 2 n], table [T, n, 2]. transposed: by the transposes of the table's matrices. */
typedef struct mlrt__rotate_attr {
    int32_t transposed;
} mlrt__rotate_attr;
extern const mlrt_op mlrt__op_rotate;
/* "cross_entropy": logits [..., V], targets i32 [...] -> []. "cross_entropy_grad": logits, targets, dy [] -> [..., V]. */
typedef struct mlrt__cross_entropy_attr {
    int32_t ignore;
    int32_t pad;
    double smoothing;
} mlrt__cross_entropy_attr;
extern const mlrt_op mlrt__op_cross_entropy, mlrt__op_cross_entropy_grad;

/* "conv2d": x, weight [, bias]. "conv2d_grad_x": weight, dy -> x_shape. "conv2d_grad_w": x, dy -> w_shape. */
typedef struct mlrt__conv_attr {
    int32_t stride, padding;
    mlrt_shape shape;
} mlrt__conv_attr; /* shape: of grad results */
extern const mlrt_op mlrt__op_conv2d, mlrt__op_conv2d_grad_x, mlrt__op_conv2d_grad_w;
/* "max_pool2d", "avg_pool2d": x. "max_pool2d_grad": x, dy -> dx (the first maximum of a window gets it).
 * "avg_pool2d_grad": dy -> shape. */
typedef struct mlrt__pool_attr {
    int32_t size, stride, padding, pad;
    mlrt_shape shape;
} mlrt__pool_attr;
extern const mlrt_op mlrt__op_max_pool2d, mlrt__op_avg_pool2d, mlrt__op_max_pool2d_grad, mlrt__op_avg_pool2d_grad;

#endif
