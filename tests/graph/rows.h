/* rows.h - one row for each way to use a builder: its inputs, the expression in C, the same in PyTorch.
 *
 * A row serves every check of ops.c. In an expression, g is the graph and x[i] are the inputs; in PyTorch's, x is the list
 * of the same and T, attention and mean_loss are functions of make_ops_golden.py. "" where PyTorch has no such function.
 */
#ifndef MLRT_TESTS_ROWS_H
#define MLRT_TESTS_ROWS_H

#include "derivative.h"
#include "graph/unpad.h"

/* Which numbers the real inputs take, and what is asked of the derivatives. */
#define ROW_KINDS(X)                                                                                                   \
    X(SMOOTH, "normal numbers; differentiable twice")                                                                  \
    X(POSITIVE, "in [0.5, 2]; differentiable twice")                                                                   \
    X(APART, "distinct and not zero, so that no step of a difference crosses a kink; differentiable twice")            \
    X(TIES, "small integers, for equal numbers: no differences")                                                       \
    X(ONCE, "normal numbers; the gradient is a kernel and must refuse a second derivative")                            \
    X(ONCE_APART, "as ONCE, of numbers that are apart")

typedef enum row_kind {
#define X(name, text) name,
    ROW_KINDS(X)
#undef X
} row_kind;

typedef struct row {
    const char *name, *inputs;
    row_kind kind;
    mlrt_node *(*build)(mlrt_graph *g, mlrt_node *const *x);
    const char *torch;
} row;

#define ALL  MLRT_ALL_AXES
#define X01  MLRT_AXIS(0) | MLRT_AXIS(1)
#define X02  MLRT_AXIS(0) | MLRT_AXIS(2)
#define X023 MLRT_AXIS(0) | MLRT_AXIS(2) | MLRT_AXIS(3)
#define F(x) mlrt_cast(x, MLRT_F32)

/* clang-format off */

/* A function of two numbers: equal shapes, both operands broadcast, a scalar on each side. */
#define ROWS_OF_TWO(X, id, kind, f, torch) \
    X(id, "f32[2,3], f32[2,3]", kind, f(x[0], x[1]), torch) \
    X(id##_each, "f32[2,1,3], f32[4,1]", kind, f(x[0], x[1]), torch) \
    X(id##_of_scalar, "f32[2,3], f32[]", kind, f(x[0], x[1]), torch) \
    X(id##_with_scalar, "f32[], f32[3,2]", kind, f(x[0], x[1]), torch)

#define ROWS_OF_COMPARISON(X, id, f, torch) \
    X(id, "f32[4,3], f32[3]", TIES, f(x[0], x[1]), "(" torch ").float()") \
    X(id##_i32, "i32[4,3]<3, i32[4,1]<3", TIES, f(x[0], x[1]), "(" torch ").float()")

#define ROWS_OF_ONE(X, id, kind, torch) \
    X(id, "f32[3,5]", kind, mlrt_##id(x[0]), torch)

/* Every transposition of [front a, 2, 3] x [front b, 3, 4]. */
#define ROWS_OF_MATMUL(X, id, a, b) \
    X(matmul_##id, "f32[" a "2,3], f32[" b "3,4]", SMOOTH, mlrt_matmul(x[0], x[1], 0), "x[0] @ x[1]") \
    X(matmul_##id##_ta, "f32[" a "3,2], f32[" b "3,4]", SMOOTH, mlrt_matmul(x[0], x[1], MLRT_TRANS_A), "T(x[0]) @ x[1]") \
    X(matmul_##id##_tb, "f32[" a "2,3], f32[" b "4,3]", SMOOTH, mlrt_matmul(x[0], x[1], MLRT_TRANS_B), "x[0] @ T(x[1])") \
    X(matmul_##id##_tab, "f32[" a "3,2], f32[" b "4,3]", SMOOTH, \
      mlrt_matmul(x[0], x[1], MLRT_TRANS_A | MLRT_TRANS_B), "T(x[0]) @ T(x[1])")

/* Every set of axes that differs: all, none, ends, middle, neighbours, two runs; kept or not. */
#define ROWS_OF_REDUCTION(X, id, kind, torch) \
    X(id##_all, "f32[2,3,4]", kind, mlrt_##id(x[0], ALL, false), torch ".reduce(x[0], (0, 1, 2), False)") \
    X(id##_first, "f32[3,4]", kind, mlrt_##id(x[0], MLRT_AXIS(0), false), torch ".reduce(x[0], 0, False)") \
    X(id##_last, "f32[3,4]", kind, mlrt_##id(x[0], mlrt_axis(x[0], -1), true), torch ".reduce(x[0], 1, True)") \
    X(id##_middle, "f32[2,5,3]", kind, mlrt_##id(x[0], MLRT_AXIS(1), false), torch ".reduce(x[0], 1, False)") \
    X(id##_front, "f32[2,3,4]", kind, mlrt_##id(x[0], X01, true), torch ".reduce(x[0], (0, 1), True)") \
    X(id##_ends, "f32[2,3,4]", kind, mlrt_##id(x[0], X02, false), torch ".reduce(x[0], (0, 2), False)") \
    X(id##_runs, "f32[2,3,2,3]", kind, mlrt_##id(x[0], X023, true), torch ".reduce(x[0], (0, 2, 3), True)") \
    X(id##_none, "f32[2,3]", kind, mlrt_##id(x[0], 0, false), torch ".reduce(x[0], (), False)") \
    X(id##_long, "f32[300,2]", kind, mlrt_##id(x[0], MLRT_AXIS(0), false), torch ".reduce(x[0], 0, False)")

#define ROWS_ELEMENTWISE(X) \
    ROWS_OF_TWO(X, add, SMOOTH, mlrt_add, "x[0] + x[1]") \
    ROWS_OF_TWO(X, sub, SMOOTH, mlrt_sub, "x[0] - x[1]") \
    ROWS_OF_TWO(X, mul, SMOOTH, mlrt_mul, "x[0] * x[1]") \
    ROWS_OF_TWO(X, div, POSITIVE, mlrt_div, "x[0] / x[1]") \
    ROWS_OF_TWO(X, pow, POSITIVE, mlrt_pow, "x[0] ** x[1]") \
    ROWS_OF_TWO(X, maximum, APART, mlrt_maximum, "x[0].maximum(x[1])") \
    ROWS_OF_TWO(X, minimum, APART, mlrt_minimum, "x[0].minimum(x[1])") \
    ROWS_OF_COMPARISON(X, eq, mlrt_eq, "x[0] == x[1]") \
    ROWS_OF_COMPARISON(X, ne, mlrt_ne, "x[0] != x[1]") \
    ROWS_OF_COMPARISON(X, lt, mlrt_lt, "x[0] < x[1]") \
    ROWS_OF_COMPARISON(X, le, mlrt_le, "x[0] <= x[1]") \
    ROWS_OF_COMPARISON(X, gt, mlrt_gt, "x[0] > x[1]") \
    ROWS_OF_COMPARISON(X, ge, mlrt_ge, "x[0] >= x[1]") \
    X(where, "f32[2,3]<2, f32[2,3], f32[2,3]", SMOOTH, mlrt_where(x[0], x[1], x[2]), "torch.where(x[0] > 0, x[1], x[2])") \
    X(where_each, "f32[3]<2, f32[2,1], f32[]", SMOOTH, mlrt_where(x[0], x[1], x[2]), "torch.where(x[0] > 0, x[1], x[2])") \
    X(where_enlarges, "f32[2,1]<2, f32[3], f32[3]", SMOOTH, mlrt_where(x[0], x[1], x[2]), "torch.where(x[0] > 0, x[1], x[2])") \
    X(where_i32, "f32[2,3]<2, i32[3]<5, i32[2,1]<5", TIES, F(mlrt_where(x[0], x[1], x[2])), \
      "torch.where(x[0] > 0, x[1], x[2]).float()") \
    X(add_scalar, "f32[2,3]", SMOOTH, mlrt_add_scalar(x[0], 1.25), "x[0] + 1.25") \
    X(mul_scalar, "f32[2,3]", SMOOTH, mlrt_mul_scalar(x[0], -2.5), "x[0] * -2.5") \
    X(pow_0, "f32[2,3]", SMOOTH, mlrt_pow_scalar(x[0], 0), "x[0] ** 0") \
    X(pow_1, "f32[2,3]", SMOOTH, mlrt_pow_scalar(x[0], 1), "x[0] ** 1") \
    X(pow_2, "f32[2,3]", SMOOTH, mlrt_pow_scalar(x[0], 2), "x[0] ** 2") \
    X(pow_3, "f32[2,3]", SMOOTH, mlrt_pow_scalar(x[0], 3), "x[0] ** 3") \
    X(pow_half, "f32[2,3]", POSITIVE, mlrt_pow_scalar(x[0], 0.5), "x[0] ** 0.5") \
    X(pow_minus_1, "f32[2,3]", POSITIVE, mlrt_pow_scalar(x[0], -1), "x[0] ** -1") \
    X(pow_minus_half, "f32[2,3]", POSITIVE, mlrt_pow_scalar(x[0], -0.5), "x[0] ** -0.5") \
    X(pow_fraction, "f32[2,3]", POSITIVE, mlrt_pow_scalar(x[0], 1.7), "x[0] ** 1.7") \
    X(pow_of_zero, "f32[2,3]<2, f32[2,3]", POSITIVE, mlrt_pow(x[0], x[1]), "x[0] ** x[1]") \
    ROWS_OF_ONE(X, neg, SMOOTH, "-x[0]") \
    ROWS_OF_ONE(X, abs, APART, "x[0].abs()") \
    ROWS_OF_ONE(X, sign, TIES, "x[0].sign()") \
    ROWS_OF_ONE(X, floor, TIES, "x[0].floor()") \
    ROWS_OF_ONE(X, square, SMOOTH, "x[0].square()") \
    ROWS_OF_ONE(X, reciprocal, POSITIVE, "x[0].reciprocal()") \
    ROWS_OF_ONE(X, sqrt, POSITIVE, "x[0].sqrt()") \
    ROWS_OF_ONE(X, rsqrt, POSITIVE, "x[0].rsqrt()") \
    ROWS_OF_ONE(X, exp, SMOOTH, "x[0].exp()") \
    ROWS_OF_ONE(X, log, POSITIVE, "x[0].log()") \
    ROWS_OF_ONE(X, log1p, POSITIVE, "x[0].log1p()") \
    ROWS_OF_ONE(X, sin, SMOOTH, "x[0].sin()") \
    ROWS_OF_ONE(X, cos, SMOOTH, "x[0].cos()") \
    ROWS_OF_ONE(X, tanh, SMOOTH, "x[0].tanh()") \
    ROWS_OF_ONE(X, sigmoid, SMOOTH, "x[0].sigmoid()") \
    ROWS_OF_ONE(X, erf, SMOOTH, "x[0].erf()") \
    ROWS_OF_ONE(X, relu, APART, "x[0].relu()") \
    ROWS_OF_ONE(X, softplus, SMOOTH, "F.softplus(x[0])") \
    ROWS_OF_ONE(X, gelu, SMOOTH, "F.gelu(x[0])") \
    ROWS_OF_ONE(X, silu, SMOOTH, "F.silu(x[0])") \
    X(cast_i32, "f32[2,3]", TIES, F(mlrt_cast(mlrt_mul_scalar(x[0], 0.7), MLRT_I32)), "(x[0] * 0.7).int().float()") \
    X(arithmetic_i32, "i32[2,3]<9, i32[3]<9", TIES, F(mlrt_sub(mlrt_mul(x[0], x[1]), mlrt_maximum(x[0], x[1]))), \
      "(x[0] * x[1] - x[0].maximum(x[1])).float()") \
    X(stop_gradient, "f32[2,3]", TIES, mlrt_mul(x[0], mlrt_stop_gradient(mlrt_square(x[0]))), "x[0] * x[0].square().detach()")

#define ROWS_REDUCE(X) \
    ROWS_OF_REDUCTION(X, sum, SMOOTH, "Sum") \
    ROWS_OF_REDUCTION(X, mean, SMOOTH, "Mean") \
    ROWS_OF_REDUCTION(X, variance, SMOOTH, "Variance") \
    ROWS_OF_REDUCTION(X, max, APART, "Max") \
    ROWS_OF_REDUCTION(X, min, APART, "Min") \
    X(max_ties, "f32[3,8]", TIES, mlrt_max(x[0], MLRT_AXIS(1), false), "x[0].amax(1)") \
    X(min_ties, "f32[3,8]", TIES, mlrt_min(x[0], ALL, false), "x[0].amin()") \
    X(argmax, "f32[5,7]", TIES, F(mlrt_argmax(x[0], 1)), "first_max(x[0], 1)") \
    X(argmax_first, "f32[5,7]", TIES, F(mlrt_argmax(x[0], -2)), "first_max(x[0], 0)") \
    X(cumsum, "f32[3,4,2]", SMOOTH, mlrt_cumsum(x[0], 1, false), "x[0].cumsum(1)") \
    X(cumsum_last, "f32[3,4]", SMOOTH, mlrt_cumsum(x[0], -1, false), "x[0].cumsum(1)") \
    X(cumsum_reverse, "f32[3,4,2]", SMOOTH, mlrt_cumsum(x[0], 1, true), "x[0].flip(1).cumsum(1).flip(1)") \
    X(sort, "f32[3,5]", APART, mlrt_sort(x[0], 1), "x[0].sort(1).values") \
    X(sort_first, "f32[5,3]", APART, mlrt_sort(x[0], 0), "x[0].sort(0).values") \
    X(sort_ties, "f32[3,9]", TIES, mlrt_sort(x[0], -1), "x[0].sort(dim=1, stable=True).values") \
    X(sort_pairs, "f32[3,4,2]", APART, mlrt_sort(x[0], -1), "x[0].sort(2).values") \
    X(sort_pairs_first, "f32[2,5]", APART, mlrt_sort(x[0], 0), "x[0].sort(0).values") \
    X(sort_pairs_ties, "f32[9,2]", TIES, mlrt_sort(x[0], -1), "x[0].sort(dim=1, stable=True).values") \
    X(argsort, "f32[3,9]", TIES, F(mlrt_argsort(x[0], 1)), "x[0].sort(dim=1, stable=True).indices.float()") \
    X(softmax, "f32[2,3,5]", SMOOTH, mlrt_softmax(x[0]), "x[0].softmax(-1)") \
    X(softmax_vector, "f32[7]", SMOOTH, mlrt_softmax(x[0]), "x[0].softmax(-1)") \
    X(log_softmax, "f32[2,3,5]", SMOOTH, mlrt_log_softmax(x[0]), "x[0].log_softmax(-1)")

#define ROWS_SHAPE(X) \
    X(reshape, "f32[2,3,4]", SMOOTH, mlrt_reshape(x[0], MLRT_SHAPE_OF(4, -1)), "x[0].reshape(4, 6)") \
    X(reshape_view, "f32[2,6]", SMOOTH, mlrt_square(mlrt_reshape(mlrt_sin(x[0]), MLRT_SHAPE_OF(3, 4))), \
      "x[0].sin().reshape(3, 4).square()") \
    X(transpose, "f32[2,3,4]", SMOOTH, mlrt_transpose(x[0], (const int32_t[]){2, 0, 1}), "x[0].permute(2, 0, 1)") \
    X(transpose_4, "f32[2,3,1,2]", SMOOTH, mlrt_transpose(x[0], (const int32_t[]){3, 1, 0, 2}), "x[0].permute(3, 1, 0, 2)") \
    X(swap_axes, "f32[2,3,4]", SMOOTH, mlrt_swap_axes(x[0], 0, -1), "x[0].transpose(0, 2)") \
    X(broadcast, "f32[3,1]", SMOOTH, mlrt_broadcast(x[0], MLRT_SHAPE_OF(2, 3, 4)), "x[0].expand(2, 3, 4)") \
    X(broadcast_scalar, "f32[]", SMOOTH, mlrt_broadcast(x[0], MLRT_SHAPE_OF(2, 3)), "x[0].expand(2, 3)") \
    X(slice, "f32[3,9]", SMOOTH, mlrt_slice(x[0], 1, 1, 8, 3), "x[0][:, 1:8:3]") \
    X(slice_first, "f32[5,2]", SMOOTH, mlrt_slice(x[0], 0, 2, 4, 1), "x[0][2:4]") \
    X(slice_vector, "f32[9]", SMOOTH, mlrt_square(mlrt_slice(x[0], -1, 3, 7, 1)), "x[0][3:7].square()") \
    X(slice_of_slice, "f32[9]", SMOOTH, mlrt_square(mlrt_slice(mlrt_slice(mlrt_sin(x[0]), 0, 2, 9, 1), 0, 1, 6, 2)), \
      "x[0].sin()[2:9][1:6:2].square()") \
    X(pad, "f32[2,3]", SMOOTH, mlrt_pad(x[0], 1, 2, 1, -1.5), "F.pad(x[0], (2, 1), value=-1.5)") \
    X(pad_first, "f32[2,3]", SMOOTH, mlrt_pad(x[0], 0, 0, 2, 0), "F.pad(x[0], (0, 0, 0, 2))") \
    X(pad_i32, "i32[2,3]<9", TIES, F(mlrt_pad(x[0], 1, 1, 1, 7)), "F.pad(x[0], (1, 1), value=7).float()") \
    X(concat, "f32[2,3], f32[2,1], f32[2,2]", SMOOTH, mlrt_concat(x, 3, 1), "torch.cat(x, 1)") \
    X(concat_first, "f32[2,3], f32[1,3]", SMOOTH, mlrt_concat(x, 2, -2), "torch.cat(x, 0)") \
    X(concat_twice, "f32[2,3]", SMOOTH, mlrt_concat((mlrt_node *[]){x[0], mlrt_square(x[0]), x[0]}, 3, 1), \
      "torch.cat([x[0], x[0].square(), x[0]], 1)") \
    X(row_starts, "f32[4,5]", TIES, F(mlrt__row_starts(x[0])), "row_starts(x[0]).float()") \
    X(rows_kept, "f32[4,5]", TIES, mlrt_sum(F(mlrt__rows_kept(mlrt__row_starts(x[0]), 5)), ALL, false), \
      "rows_kept(x[0]).float().sum()") \
    X(gather, "f32[5,2], i32[2,3]<5", SMOOTH, mlrt_gather(x[0], x[1]), "x[0][x[1]]") \
    X(gather_vector, "f32[4], i32[7]<4", SMOOTH, mlrt_square(mlrt_gather(x[0], x[1])), "x[0][x[1]].square()") \
    X(gather_scalar, "f32[4,3], i32[]<4", SMOOTH, mlrt_gather(x[0], x[1]), "x[0][x[1]]") \
    X(scatter_add, "i32[2,3]<5, f32[2,3,2]", SMOOTH, mlrt_square(mlrt_scatter_add(x[0], x[1], 6)), \
      "torch.zeros(6, 2).index_add(0, x[0].flatten(), x[1].flatten(0, 1)).square()") \
    X(take_along, "f32[3,4], i32[3,6]<4", SMOOTH, mlrt_square(mlrt_take_along(x[0], x[1], 1)), \
      "x[0].gather(1, x[1]).square()") \
    X(take_along_first, "f32[3,4], i32[2,4]<3", SMOOTH, mlrt_take_along(x[0], x[1], 0), "x[0].gather(0, x[1])") \
    X(add_along, "i32[3,6]<4, f32[3,6]", SMOOTH, mlrt_square(mlrt_add_along(x[0], x[1], -1, 4)), \
      "torch.zeros(3, 4).scatter_add(1, x[0], x[1]).square()") \
    X(add_along_first, "i32[3,2]<4, f32[3,2]", SMOOTH, mlrt_square(mlrt_add_along(x[0], x[1], 0, 5)), \
      "torch.zeros(5, 2).scatter_add(0, x[0], x[1]).square()")

#define ROWS_PRODUCT(X) \
    ROWS_OF_MATMUL(X, plain, "", "") \
    ROWS_OF_MATMUL(X, shared, "2,3,", "") \
    ROWS_OF_MATMUL(X, batch, "2,", "2,") \
    ROWS_OF_MATMUL(X, spread, "2,1,", "3,") \
    ROWS_OF_MATMUL(X, spread_both, "2,1,", "1,3,") \
    ROWS_OF_MATMUL(X, spread_a, "", "3,") \
    X(linear_relu, "f32[4,3], f32[5,3], f32[5]", TIES, \
      mlrt_relu(mlrt_add(mlrt_matmul(x[0], x[1], MLRT_TRANS_B), x[2])), "F.linear(x[0], x[1], x[2]).relu()") \
    X(conv2d, "f32[2,3,5,4], f32[2,3,3,2]", SMOOTH, mlrt_conv2d(x[0], x[1], NULL, 1, 0), "F.conv2d(x[0], x[1])") \
    X(conv2d_bias, "f32[1,2,4,4], f32[3,2,3,3], f32[3]", SMOOTH, mlrt_conv2d(x[0], x[1], x[2], 1, 1), \
      "F.conv2d(x[0], x[1], x[2], padding=1)") \
    X(conv2d_stride, "f32[1,2,6,5], f32[2,2,3,3], f32[2]", SMOOTH, mlrt_conv2d(x[0], x[1], x[2], 2, 1), \
      "F.conv2d(x[0], x[1], x[2], stride=2, padding=1)") \
    X(conv2d_pixel, "f32[2,3,2,3], f32[4,3,1,1]", SMOOTH, mlrt_conv2d(x[0], x[1], NULL, 1, 0), "F.conv2d(x[0], x[1])") \
    X(avg_pool2d, "f32[1,2,4,6]", SMOOTH, mlrt_avg_pool2d(x[0], 2, 2, 0), "F.avg_pool2d(x[0], 2, 2)") \
    X(avg_pool2d_padded, "f32[1,2,5,5]", SMOOTH, mlrt_avg_pool2d(x[0], 3, 2, 1), "F.avg_pool2d(x[0], 3, 2, 1)") \
    X(max_pool2d, "f32[1,2,4,6]", ONCE_APART, mlrt_max_pool2d(x[0], 2, 2, 0), "F.max_pool2d(x[0], 2, 2)") \
    X(max_pool2d_padded, "f32[1,2,5,5]", ONCE_APART, mlrt_max_pool2d(x[0], 3, 2, 1), "F.max_pool2d(x[0], 3, 2, 1)") \
    X(max_pool2d_ties, "f32[1,1,6,6]", TIES, mlrt_max_pool2d(x[0], 3, 1, 0), "F.max_pool2d(x[0], 3, 1)")

#define QKV "f32[2,3,4], f32[2,5,4], f32[2,5,6]"
#define WITH(...) mlrt_attention_with(x[0], x[1], x[2], &(mlrt_attention_options){__VA_ARGS__})
#define ROWS_FUSED(X) \
    X(layer_norm, "f32[2,3,5], f32[5], f32[5]", ONCE, mlrt_layer_norm(x[0], x[1], x[2], 1e-3), \
      "F.layer_norm(x[0], (5,), x[1], x[2], 1e-3)") \
    X(rms_norm, "f32[2,3,5], f32[5]", ONCE, mlrt_rms_norm(x[0], x[1], 1e-3), \
      "x[0] * (x[0].square().mean(-1, True) + 1e-3).rsqrt() * x[1]") \
    X(attention, QKV, ONCE, mlrt_attention(x[0], x[1], x[2], NULL, 1, false, 0), "attention(*x, None, 1)") \
    X(attention_heads, QKV, ONCE, mlrt_attention(x[0], x[1], x[2], NULL, 2, false, 0.7), "attention(*x, None, 2, scale=0.7)") \
    X(attention_causal, QKV, ONCE, mlrt_attention(x[0], x[1], x[2], NULL, 2, true, 0), "attention(*x, None, 2, True)") \
    X(attention_ahead, "f32[2,5,4], f32[2,3,4], f32[2,3,4]", ONCE, mlrt_attention(x[0], x[1], x[2], NULL, 2, true, 0), \
      "attention(*x, None, 2, True)") \
    X(attention_keys, QKV ", f32[2,5]<2", ONCE, mlrt_attention(x[0], x[1], x[2], x[3], 2, false, 0), "attention(*x, 2)") \
    X(attention_pairs, QKV ", f32[2,3,5]<2", ONCE, mlrt_attention(x[0], x[1], x[2], x[3], 2, false, 0), "attention(*x, 2)") \
    X(attention_shared, QKV ", f32[1,3,5]<2", ONCE, mlrt_attention(x[0], x[1], x[2], x[3], 1, false, 0), "attention(*x, 1)") \
    X(attention_both, QKV ", f32[2,5]<2", ONCE, mlrt_attention(x[0], x[1], x[2], x[3], 2, true, 0), "attention(*x, 2, True)") \
    X(attention_nothing, QKV ", f32[2,5]<1", ONCE, mlrt_attention(x[0], x[1], x[2], x[3], 2, false, 0), "attention(*x, 2)") \
    X(attention_far, QKV ", f32[5,2], f32[5,3]", ONCE, WITH(.heads = 2, .far_k = x[3], .far_v = x[4]), \
      "attention(*x[:3], None, 2, far_k=x[3], far_v=x[4])") \
    X(attention_far_heads, QKV ", f32[3,4], f32[3,6]", ONCE, WITH(.heads = 2, .causal = true, .far_k = x[3], .far_v = x[4]), \
      "attention(*x[:3], None, 2, True, far_k=x[3], far_v=x[4])") \
    X(attention_far_queries, QKV ", f32[2,3,6], f32[9,3]", ONCE, WITH(.heads = 2, .scale = 0.5, .far_q = x[3], .far_k = x[4]), \
      "attention(*x[:3], None, 2, scale=0.5, far_q=x[3], far_k=x[4])") \
    X(attention_far_all, QKV ", f32[2,5]<2, f32[2,3,2], f32[7,1], f32[7,6]", ONCE, \
      WITH(.heads = 2, .mask = x[3], .far_q = x[4], .far_k = x[5], .far_v = x[6]), \
      "attention(*x[:4], 2, far_q=x[4], far_k=x[5], far_v=x[6])") \
    X(rotate, "f32[2,3,8], f32[3,2,2]<9", SMOOTH, mlrt_rotate(x[0], x[1]), "rotate(*x)") \
    X(attention_dropout, QKV, ONCE, WITH(.heads = 2, .dropout = 0.4), "") \
    X(cross_entropy, "f32[2,3,5], i32[2,3]<5", ONCE, mlrt_cross_entropy(x[0], x[1], -1, 0), "mean_loss(*x)") \
    X(cross_entropy_ignore, "f32[7,4], i32[7]<4", ONCE, mlrt_cross_entropy(x[0], x[1], 0, 0), "mean_loss(*x, ignore_index=0)") \
    X(cross_entropy_smooth, "f32[7,4], i32[7]<4", ONCE, mlrt_cross_entropy(x[0], x[1], -1, 0.1), \
      "mean_loss(*x, label_smoothing=0.1)") \
    X(cross_entropy_both, "f32[7,4], i32[7]<4", ONCE, mlrt_cross_entropy(x[0], x[1], 2, 0.2), \
      "mean_loss(*x, ignore_index=2, label_smoothing=0.2)") \
    X(cross_entropy_nothing, "f32[7,4], i32[7]<1", ONCE, mlrt_cross_entropy(x[0], x[1], 0, 0.1), "") \
    X(dropout, "f32[4,6]", SMOOTH, mlrt_dropout(mlrt_sin(x[0]), 0.4), "") \
    X(random, "f32[4,5]", SMOOTH, \
      mlrt_mul(mlrt_square(x[0]), mlrt_add(mlrt_random_normal(g, MLRT_SHAPE_OF(4, 5), 1, 2), \
                                           mlrt_mul(mlrt_random_uniform(g, MLRT_SHAPE_OF(5), -1, 1), \
                                                    mlrt_random_bernoulli(g, MLRT_SHAPE_OF(4, 1), 0.5)))), "") \
    X(constants, "f32[4]", SMOOTH, \
      mlrt_mul(mlrt_sin(x[0]), mlrt_add(F(mlrt_arange(g, 4)), \
                                        mlrt_mul(mlrt_full(g, MLRT_SHAPE_OF(4), 2), F(mlrt_full_i32(g, MLRT_SCALAR, 3))))), \
      "x[0].sin() * (torch.arange(4) + 6)")

#define ROWS(X) ROWS_ELEMENTWISE(X) ROWS_REDUCE(X) ROWS_SHAPE(X) ROWS_PRODUCT(X) ROWS_FUSED(X)
/* clang-format on */

#endif
