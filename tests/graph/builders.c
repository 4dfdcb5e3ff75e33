/* builders.c - what shape and dtype every builder gives, and the line it fails with.
 *
 * Each row is an expression in a graph of its own, inside the layer encoder.2 of line 14 of x.lua. */
#include "graph/node.h"
#include "tap.h"

static mlrt_graph *g;
static mlrt__params params;

static void begin(void) {
    mlrt__graph_free(g);
    mlrt__params_free(&params);
    g = mlrt__graph_new(&params, true);
    mlrt__enter(g, "encoder.2", true, "x.lua:14");
}

static mlrt_node *input(mlrt_dtype dtype, mlrt_shape shape) { return mlrt__graph_input(g, "x", dtype, shape, NULL); }

#define F(...) input(MLRT_F32, MLRT_SHAPE_OF(__VA_ARGS__))
#define I(...) input(MLRT_I32, MLRT_SHAPE_OF(__VA_ARGS__))
#define U(...) input(MLRT_U8, MLRT_SHAPE_OF(__VA_ARGS__))
#define H(...) input(MLRT_BF16, MLRT_SHAPE_OF(__VA_ARGS__))
#define SCALAR input(MLRT_F32, MLRT_SCALAR)
#define PERM   (const int32_t[])

static void gives(const char *expression, const mlrt_node *n, const char *want) {
    char shape[MLRT_SHAPE_TEXT], got[256], line[2048] = "";
    snprintf(got, sizeof got, "%s %s", mlrt_dtype_name(mlrt_node_dtype(n)),
             mlrt_shape_text(mlrt_node_shape(n), shape, sizeof shape));
    is_str(mlrt_failed(n) ? mlrt_error_text(&g->error, line, sizeof line) : got, want, "%s", expression);
}

static void fails(const char *expression, const mlrt_node *n, const char *want) {
    char got[2048], line[1024];
    snprintf(line, sizeof line, "x.lua:14: encoder.2: %s", want);
    is_str(mlrt_failed(n) ? mlrt_error_text(&g->error, got, sizeof got) : "no failure", line, "%s", expression);
}

#define GIVES(expression, want) gives(#expression, (begin(), (expression)), want)
#define FAILS(expression, want) fails(#expression, (begin(), (expression)), want)

static void test_sources(void) {
    GIVES(mlrt_scalar(g, 2), "f32 []");
    GIVES(mlrt_full(g, MLRT_SHAPE_OF(2, 3), 1), "f32 [2, 3]");
    GIVES(mlrt_full_i32(g, MLRT_SHAPE_OF(2, 0), 1), "i32 [2, 0]");
    GIVES(mlrt_arange(g, 5), "i32 [5]");
    GIVES(mlrt_constant(g, &(mlrt_tensor){MLRT_U8, MLRT_SHAPE_OF(3), "abc"}), "u8 [3]");
    GIVES(mlrt_random_uniform(g, MLRT_SHAPE_OF(4), 0, 1), "f32 [4]");
    GIVES(mlrt_random_normal(g, MLRT_SCALAR, 0, 1), "f32 []");
    GIVES(mlrt_random_bernoulli(g, MLRT_SHAPE_OF(1, 2, 3, 4, 5, 6, 7, 8), 0.5), "f32 [1, 2, 3, 4, 5, 6, 7, 8]");
    FAILS(mlrt_full(g, MLRT_SHAPE_OF(2, -3), 1), "a dimension is negative: [2, -3]");
    FAILS(mlrt_random_normal(g, MLRT_SHAPE_OF(-1), 0, 1), "a dimension is negative: [-1]");
    FAILS(mlrt_arange(g, -1), "a dimension is negative: [-1]");
    FAILS(mlrt_full(g, (mlrt_shape){.rank = 9}, 1), "a tensor has at most 8 dimensions, got 9");
    FAILS(mlrt_constant(g, &(mlrt_tensor){.shape.rank = -1}), "a tensor has at most 8 dimensions, got -1");
}

static void test_elementwise(void) {
    GIVES(mlrt_add(F(2, 3), F(2, 3)), "f32 [2, 3]");
    GIVES(mlrt_sub(F(2, 1, 3), F(4, 1)), "f32 [2, 4, 3]");
    GIVES(mlrt_mul(I(2, 3), I(3)), "i32 [2, 3]");
    GIVES(mlrt_div(SCALAR, F(0, 3)), "f32 [0, 3]");
    GIVES(mlrt_maximum(I(2), I(1)), "i32 [2]");
    GIVES(mlrt_lt(I(2), I(2)), "f32 [2]");
    GIVES(mlrt_where(F(2, 1), I(3), I(1)), "i32 [2, 3]");
    GIVES(mlrt_add_scalar(F(2), 1), "f32 [2]");
    GIVES(mlrt_exp(F(2, 3)), "f32 [2, 3]");
    GIVES(mlrt_cast(U(2, 3), MLRT_F32), "f32 [2, 3]");
    GIVES(mlrt_cast(F(2), MLRT_BF16), "bf16 [2]");
    GIVES(mlrt_stop_gradient(I(2)), "i32 [2]");
    FAILS(mlrt_add(F(2, 3), F(4)), "add: shapes [2, 3] and [4] do not fit: dimensions must be equal, or 1");
    FAILS(mlrt_where(F(2), F(3), F(4)), "where: shapes [2], [3] and [4] do not fit: dimensions must be equal, or 1");
    FAILS(mlrt_gt(F(2, 3), F(3, 2)), "lt: shapes [3, 2] and [2, 3] do not fit: dimensions must be equal, or 1");
    FAILS(mlrt_add(F(2), I(2)), "add: input 2 must be f32, got i32");
    FAILS(mlrt_add(I(2), mlrt_scalar(g, 0)), "add: input 2 must be i32, got f32");
    FAILS(mlrt_mul_scalar(I(2), 1), "mul: input 2 must be i32, got f32");
    FAILS(mlrt_mul(U(2), U(2)), "mul takes f32 or i32, got u8");
    FAILS(mlrt_eq(H(2), H(2)), "eq takes f32 or i32, got bf16");
    FAILS(mlrt_div(I(2), I(2)), "div: input 1 must be f32, got i32");
    FAILS(mlrt_pow(F(2), I(2)), "pow: input 2 must be f32, got i32");
    FAILS(mlrt_where(I(2), F(2), F(2)), "where: input 1 must be f32, got i32");
    FAILS(mlrt_where(F(2), F(2), I(2)), "where: input 3 must be f32, got i32");
    FAILS(mlrt_neg(I(2)), "neg: input 1 must be f32, got i32");
    FAILS(mlrt_tanh(I(2)), "tanh: input 1 must be f32, got i32");
}

static void test_reductions(void) {
    GIVES(mlrt_sum(F(2, 3, 4), MLRT_ALL_AXES, false), "f32 []");
    GIVES(mlrt_sum(F(2, 3, 4), MLRT_AXIS(0) | MLRT_AXIS(2), false), "f32 [3]");
    GIVES(mlrt_sum(F(2, 3, 4), MLRT_AXIS(0) | MLRT_AXIS(2), true), "f32 [1, 3, 1]");
    GIVES(mlrt_sum(SCALAR, MLRT_ALL_AXES, true), "f32 []");
    GIVES(mlrt_mean(F(2, 3), mlrt_axis(F(2, 3), -1), true), "f32 [2, 1]");
    GIVES(mlrt_variance(F(2, 3), 0, false), "f32 [2, 3]");
    GIVES(mlrt_max(F(2, 3), MLRT_AXIS(1), false), "f32 [2]");
    GIVES(mlrt_min(F(2, 3), MLRT_ALL_AXES, true), "f32 [1, 1]");
    GIVES(mlrt_sum(F(0, 3), MLRT_AXIS(0), false), "f32 [3]");
    GIVES(mlrt_argmax(F(2, 3), -1), "i32 [2]");
    GIVES(mlrt_cumsum(F(2, 3), -1, true), "f32 [2, 3]");
    GIVES(mlrt_argsort(F(2, 3), 0), "i32 [2, 3]");
    GIVES(mlrt_sort(F(2, 3), 0), "f32 [2, 3]");
    FAILS(mlrt_sum(F(2, 3), MLRT_AXIS(2), false), "there is no axis 2 in [2, 3]");
    FAILS(mlrt_mean(F(2, 3), MLRT_AXIS(1) | MLRT_AXIS(5), true), "there is no axis 5 in [2, 3]");
    FAILS(mlrt_max(F(2, 3), mlrt_axis(F(2, 3), -3), true), "there is no axis -3 in [2, 3]");
    FAILS(mlrt_max(F(2, 0), MLRT_AXIS(1), false), "max_reduce: nothing to choose from along axis 1");
    FAILS(mlrt_argmax(F(0), 0), "argmax: nothing to choose from along axis 0");
    FAILS(mlrt_argmax(F(2, 3), 2), "there is no axis 2 in [2, 3]");
    FAILS(mlrt_cumsum(SCALAR, 0, false), "there is no axis 0 in []");
    FAILS(mlrt_argsort(F(2), -2), "there is no axis -2 in [2]");
    FAILS(mlrt_sort(F(2), 1), "there is no axis 1 in [2]");
    FAILS(mlrt_sum(I(2), MLRT_ALL_AXES, false), "sum: input 1 must be f32, got i32");
    FAILS(mlrt_argmax(I(2), 0), "argmax: input 1 must be f32, got i32");
    FAILS(mlrt_cumsum(I(2), 0, false), "cumsum: input 1 must be f32, got i32");
    FAILS(mlrt_sort(I(2), 0), "argsort: input 1 must be f32, got i32");
}

static void test_shapes(void) {
    GIVES(mlrt_reshape(F(2, 3, 4), MLRT_SHAPE_OF(4, -1)), "f32 [4, 6]");
    GIVES(mlrt_reshape(I(1, 1), MLRT_SCALAR), "i32 []");
    GIVES(mlrt_reshape(U(0, 3), MLRT_SHAPE_OF(5, 0)), "u8 [5, 0]");
    GIVES(mlrt_transpose(F(2, 3, 4), PERM{2, 0, 1}), "f32 [4, 2, 3]");
    GIVES(mlrt_swap_axes(F(2, 3, 4), 0, -1), "f32 [4, 3, 2]");
    GIVES(mlrt_broadcast(F(3, 1), MLRT_SHAPE_OF(2, 3, 4)), "f32 [2, 3, 4]");
    GIVES(mlrt_slice(F(3, 9), 1, 1, 8, 3), "f32 [3, 3]");
    GIVES(mlrt_slice(I(9), -1, 4, 4, 1), "i32 [0]");
    GIVES(mlrt_pad(F(2, 3), 1, 2, 1, 0), "f32 [2, 6]");
    GIVES(mlrt_concat((mlrt_node *[]){F(2, 3), F(2, 1)}, 2, 1), "f32 [2, 4]");
    GIVES(mlrt_concat((mlrt_node *[]){I(2), I(0), I(3)}, 3, -1), "i32 [5]");
    FAILS(mlrt_reshape(F(2, 3), MLRT_SHAPE_OF(4, 2)), "reshape: [2, 3] has 6 elements and cannot become [4, 2]");
    FAILS(mlrt_reshape(F(2, 3), MLRT_SHAPE_OF(4, -1)), "reshape: [2, 3] has 6 elements and cannot become [4, -1]");
    FAILS(mlrt_reshape(F(2, 3), MLRT_SHAPE_OF(-1, -1)), "reshape: [2, 3] has 6 elements and cannot become [-1, -1]");
    FAILS(mlrt_reshape(F(2, 3), MLRT_SHAPE_OF(-2, -3)), "reshape: [2, 3] has 6 elements and cannot become [-2, -3]");
    FAILS(mlrt_reshape(F(0), MLRT_SHAPE_OF(0, -1)), "reshape: [0] has 0 elements and cannot become [0, -1]");
    FAILS(mlrt_transpose(F(2, 3), PERM{0, 2}), "transpose: not a permutation of 2 axes");
    FAILS(mlrt_transpose(F(2, 3), PERM{1, 1}), "transpose: not a permutation of 2 axes");
    FAILS(mlrt_swap_axes(F(2, 3), 0, 2), "there is no axis 2 in [2, 3]");
    FAILS(mlrt_broadcast(F(3), MLRT_SHAPE_OF(2, 4)), "broadcast: [3] does not broadcast to [2, 4]");
    FAILS(mlrt_broadcast(F(2, 3), MLRT_SHAPE_OF(3)), "broadcast: [2, 3] does not broadcast to [3]");
    FAILS(mlrt_slice(F(3, 9), 2, 0, 1, 1), "there is no axis 2 in [3, 9]");
    FAILS(mlrt_slice(F(3, 9), 1, 1, 10, 3), "slice: 1 to 10 by 3 does not lie in an axis of 9");
    FAILS(mlrt_slice(F(9), 0, 5, 4, 1), "slice: 5 to 4 by 1 does not lie in an axis of 9");
    FAILS(mlrt_slice(F(9), 0, -1, 4, 1), "slice: -1 to 4 by 1 does not lie in an axis of 9");
    FAILS(mlrt_slice(F(9), 0, 0, 4, 0), "slice: 0 to 4 by 0 does not lie in an axis of 9");
    FAILS(mlrt_pad(F(2), 1, 0, 0, 0), "there is no axis 1 in [2]");
    FAILS(mlrt_pad(F(2), 0, -1, 2, 0), "pad: -1 before and 2 after must not be negative");
    FAILS(mlrt_concat((mlrt_node *[]){F(2, 3), F(3, 3)}, 2, 1),
          "concat: shapes [2, 3] and [3, 3] do not fit: all axes but the joined one must be equal");
    FAILS(mlrt_concat((mlrt_node *[]){F(2), F(1, 2)}, 2, 0),
          "concat: shapes [2] and [1, 2] do not fit: all axes but the joined one must be equal");
    FAILS(mlrt_concat((mlrt_node *[]){F(2), I(2)}, 2, 0), "concat: input 2 must be f32, got i32");
    FAILS(mlrt_concat((mlrt_node *[]){F(2), F(2)}, 2, 1), "there is no axis 1 in [2]");
}

static void test_products(void) {
    GIVES(mlrt_matmul(F(2, 3), F(3, 4), 0), "f32 [2, 4]");
    GIVES(mlrt_matmul(F(3, 2), F(4, 3), MLRT_TRANS_A | MLRT_TRANS_B), "f32 [2, 4]");
    GIVES(mlrt_matmul(F(5, 6, 2, 3), F(4, 3), MLRT_TRANS_B), "f32 [5, 6, 2, 4]");
    GIVES(mlrt_matmul(F(5, 1, 3, 2), F(6, 3, 4), MLRT_TRANS_A), "f32 [5, 6, 2, 4]");
    GIVES(mlrt_matmul(F(2, 3), F(7, 3, 4), 0), "f32 [7, 2, 4]");
    GIVES(mlrt_matmul(F(0, 3), F(3, 4), 0), "f32 [0, 4]");
    GIVES(mlrt_conv2d(F(2, 3, 8, 9), F(4, 3, 3, 2), F(4), 2, 1), "f32 [2, 4, 4, 5]");
    GIVES(mlrt_conv2d(F(2, 3, 3, 3), F(4, 3, 3, 3), NULL, 1, 0), "f32 [2, 4, 1, 1]");
    GIVES(mlrt_max_pool2d(F(2, 3, 8, 9), 2, 2, 1), "f32 [2, 3, 5, 5]");
    GIVES(mlrt_avg_pool2d(F(2, 3, 8, 9), 3, 1, 0), "f32 [2, 3, 6, 7]");
    FAILS(mlrt_matmul(F(2, 3), F(4, 5), 0), "matmul: [2, 3] and [4, 5] do not fit: the inner dimensions are 3 and 4");
    FAILS(mlrt_matmul(F(7, 2, 3), F(4, 5), MLRT_TRANS_A | MLRT_TRANS_B),
          "matmul: [7, 2, 3] transposed and [7, 4, 5] transposed do not fit: the inner dimensions are 2 and 5");
    FAILS(mlrt_matmul(F(5, 2, 3), F(6, 3, 4), 0),
          "matmul: the leading dimensions of [5, 2, 3] and [6, 3, 4] do not broadcast");
    FAILS(mlrt_matmul(F(3), F(3, 4), 0),
          "matmul: shapes [3] and [3, 4] do not fit: a matrix has at least two dimensions");
    FAILS(mlrt_matmul(F(2, 3), I(3, 4), 0), "matmul: input 2 must be f32, got i32");
    FAILS(
        mlrt_conv2d(F(2, 3, 8), F(4, 3, 3, 2), NULL, 1, 0),
        "conv2d: shapes [2, 3, 8] and [4, 3, 3, 2] do not fit: conv2d takes x [B, C, H, W], weight [F, C, kh, kw] and "
        "bias [F]");
    FAILS(mlrt_conv2d(F(2, 3, 8, 8), F(4, 5, 3, 2), NULL, 1, 0),
          "conv2d: shapes [2, 3, 8, 8] and [4, 5, 3, 2] do not fit: conv2d takes x [B, C, H, W], weight [F, C, kh, kw] "
          "and bias [F]");
    FAILS(
        mlrt_conv2d(F(2, 3, 8, 8), F(4, 3, 3, 2), F(3), 1, 0),
        "conv2d: shapes [2, 3, 8, 8], [4, 3, 3, 2] and [3] do not fit: conv2d takes x [B, C, H, W], weight [F, C, kh, "
        "kw] and bias [F]");
    FAILS(mlrt_conv2d(F(1, 1, 8, 8), F(1, 1, 3, 2), NULL, 0, 0), "conv2d: the stride must be at least 1, got 0");
    FAILS(mlrt_conv2d(F(1, 1, 8, 8), F(1, 1, 3, 2), NULL, 1, 2), "conv2d: the padding must lie in 0 .. 1, got 2");
    FAILS(mlrt_conv2d(F(1, 1, 2, 8), F(1, 1, 3, 2), NULL, 1, 0),
          "conv2d: shapes [1, 1, 2, 8] and [1, 1, 3, 2] do not fit: the window is larger than the padded image");
    FAILS(mlrt_max_pool2d(F(2, 3, 4), 2, 2, 0), "max_pool2d: shapes [2, 3, 4] do not fit: pooling takes [B, C, H, W]");
    FAILS(mlrt_max_pool2d(F(1, 1, 4, 4), 0, 2, 0), "max_pool2d: the size must be at least 1, got 0");
    FAILS(mlrt_avg_pool2d(F(1, 1, 4, 4), 3, 1, 2), "avg_pool2d: the padding must lie in 0 .. 1, got 2");
    FAILS(mlrt_avg_pool2d(F(1, 1, 4, 1), 2, 1, 0),
          "avg_pool2d: shapes [1, 1, 4, 1] do not fit: the window is larger than the padded image");
    FAILS(mlrt_max_pool2d(I(1, 1, 4, 4), 2, 2, 0), "max_pool2d: input 1 must be f32, got i32");
}

static void test_indexing(void) {
    GIVES(mlrt_gather(F(5, 2, 3), I(4, 6)), "f32 [4, 6, 2, 3]");
    GIVES(mlrt_gather(U(5), I(2)), "u8 [2]");
    GIVES(mlrt_scatter_add(I(4, 6), F(4, 6, 2), 7), "f32 [7, 2]");
    GIVES(mlrt_scatter_add(I(4), F(4), 0), "f32 [0]");
    GIVES(mlrt_take_along(F(3, 4), I(3, 6), 1), "f32 [3, 6]");
    GIVES(mlrt_take_along(I(3, 4), I(2, 4), -2), "i32 [2, 4]");
    GIVES(mlrt_add_along(I(3, 6), F(3, 6), 1, 4), "f32 [3, 4]");
    FAILS(mlrt_gather(F(5, 2), F(4)), "gather: input 2 must be i32, got f32");
    FAILS(mlrt_gather(SCALAR, I(4)),
          "gather: shapes [] and [4] do not fit: the table needs rows, and the result at most 8 dimensions");
    FAILS(
        mlrt_gather(F(1, 2, 3, 4, 5), I(1, 2, 3, 4, 5)),
        "gather: shapes [1, 2, 3, 4, 5] and [1, 2, 3, 4, 5] do not fit: the table needs rows, and the result at most 8 "
        "dimensions");
    FAILS(mlrt_scatter_add(F(4), F(4), 5), "scatter_add: input 1 must be i32, got f32");
    FAILS(mlrt_scatter_add(I(4), I(4), 5), "scatter_add: input 2 must be f32, got i32");
    FAILS(mlrt_scatter_add(I(4, 6), F(4, 5, 2), 5),
          "scatter_add: shapes [4, 6] and [4, 5, 2] do not fit: the update begins with the shape of the index");
    FAILS(mlrt_scatter_add(input(MLRT_I32, MLRT_SCALAR), F(1, 1, 1, 1, 1, 1, 1, 2), 5),
          "scatter_add: shapes [] and [1, 1, 1, 1, 1, 1, 1, 2] do not fit: the result has at most 8 dimensions");
    FAILS(mlrt_scatter_add(I(4), F(4), -1), "scatter_add: -1 rows");
    FAILS(mlrt_take_along(F(3, 4), F(3, 6), 1), "take_along: input 2 must be i32, got f32");
    FAILS(mlrt_take_along(F(3, 4), I(2, 6), 1),
          "take_along: shapes [3, 4] and [2, 6] do not fit: they may differ along the axis only");
    FAILS(mlrt_take_along(F(3, 4), I(6), 1),
          "take_along: shapes [3, 4] and [6] do not fit: they may differ along the axis only");
    FAILS(mlrt_take_along(F(3, 4), I(3, 6), 2), "there is no axis 2 in [3, 4]");
    FAILS(mlrt_add_along(I(3, 6), F(3, 5), 1, 4), "add_along: shapes [3, 6] and [3, 5] do not fit: they must be equal");
    FAILS(mlrt_add_along(I(3, 6), I(3, 6), 1, 4), "add_along: input 2 must be f32, got i32");
    FAILS(mlrt_add_along(I(3, 6), F(3, 6), 1, -4), "add_along: an axis of -4");
    FAILS(mlrt_add_along(I(3, 6), F(3, 6), -3, 4), "there is no axis -3 in [3, 6]");
}

#define ATTENTION(...)                                                                                                 \
    mlrt_attention_with(F(2, 3, 8), F(2, 5, 8), F(2, 5, 6), &(mlrt_attention_options){.heads = 2, __VA_ARGS__})
#define FAR "vectors for distances are [an odd number, the width of one head or of all]"

static void test_fused(void) {
    GIVES(mlrt_softmax(F(2, 3)), "f32 [2, 3]");
    GIVES(mlrt_log_softmax(F(3)), "f32 [3]");
    GIVES(mlrt_dropout(F(2, 3), 0.5), "f32 [2, 3]");
    GIVES(mlrt_layer_norm(F(2, 3), F(3), F(3), 1e-5), "f32 [2, 3]");
    GIVES(mlrt_rms_norm(F(2, 3), F(3), 1e-5), "f32 [2, 3]");
    GIVES(mlrt_attention(F(2, 3, 8), F(2, 5, 8), F(2, 5, 6), NULL, 2, true, 0), "f32 [2, 3, 6]");
    GIVES(mlrt_attention(F(2, 3, 8), F(2, 5, 8), F(2, 5, 6), F(2, 5), 2, true, 0), "f32 [2, 3, 6]");
    GIVES(mlrt_attention(F(2, 3, 8), F(2, 5, 8), F(2, 5, 6), F(1, 3, 5), 2, true, 0), "f32 [2, 3, 6]");
    GIVES(ATTENTION(.far_k = F(7, 4), .far_v = F(7, 6)), "f32 [2, 3, 6]");
    GIVES(ATTENTION(.far_q = F(2, 3, 10), .far_k = F(1, 5), .dropout = 0.5), "f32 [2, 3, 6]");
    GIVES(mlrt_cross_entropy(F(2, 3, 5), I(2, 3), -1, 0), "f32 []");
    FAILS(mlrt_softmax(SCALAR), "softmax needs at least one axis");
    FAILS(mlrt_softmax(I(2)), "softmax: input 1 must be f32, got i32");
    FAILS(mlrt_dropout(I(2), 0.5), "dropout: input 1 must be f32, got i32");
    FAILS(mlrt_layer_norm(F(2, 3), F(3), F(2), 1e-5),
          "layer_norm: shapes [2, 3], [3] and [2] do not fit: gain and bias have the length of the last axis");
    FAILS(mlrt_rms_norm(F(2, 3), F(1, 3), 1e-5),
          "rms_norm: shapes [2, 3] and [1, 3] do not fit: gain and bias have the length of the last axis");
    FAILS(
        mlrt_attention(F(2, 3, 8), F(2, 5, 7), F(2, 5, 6), NULL, 2, true, 0),
        "attention: shapes [2, 3, 8], [2, 5, 7] and [2, 5, 6] do not fit: attention takes q [B, Tq, D], k [B, Tk, D], v "
        "[B, Tk, E]");
    FAILS(
        mlrt_attention(F(2, 3, 8), F(2, 5, 8), F(2, 4, 6), NULL, 2, true, 0),
        "attention: shapes [2, 3, 8], [2, 5, 8] and [2, 4, 6] do not fit: attention takes q [B, Tq, D], k [B, Tk, D], v "
        "[B, Tk, E]");
    FAILS(mlrt_attention(F(2, 3, 8), F(2, 5, 8), F(2, 5, 6), NULL, 4, true, 0),
          "attention: 4 heads do not divide the widths 8 and 6");
    FAILS(mlrt_attention(F(2, 3, 8), F(2, 5, 8), F(2, 5, 6), NULL, 0, true, 0),
          "attention: 0 heads do not divide the widths 8 and 6");
    FAILS(
        mlrt_attention(F(2, 3, 8), F(2, 5, 8), F(2, 5, 6), F(2, 3), 2, true, 0),
        "attention: shapes [2, 3, 8], [2, 5, 8], [2, 5, 6] and [2, 3] do not fit: the mask is [B, Tk] or [1 or B, Tq, "
        "Tk]");
    FAILS(mlrt_attention(F(2, 3, 8), F(2, 5, 8), F(2, 5, 6), F(3, 3, 5), 2, true, 0),
          "attention: shapes [2, 3, 8], [2, 5, 8], [2, 5, 6] and [3, 3, 5] do not fit: the mask is [B, Tk] or [1 or B, "
          "Tq, Tk]");
    FAILS(ATTENTION(.far_k = F(6, 4)), "attention: shapes [2, 3, 8], [2, 5, 8], [2, 5, 6] and [6, 4] do not fit: " FAR);
    FAILS(ATTENTION(.far_k = F(7, 6)), "attention: shapes [2, 3, 8], [2, 5, 8], [2, 5, 6] and [7, 6] do not fit: " FAR);
    FAILS(ATTENTION(.far_k = F(7, 4), .far_v = F(5, 6)),
          "attention: shapes [2, 3, 8], [2, 5, 8], [2, 5, 6], [7, 4] and [5, 6] do not fit: " FAR);
    FAILS(ATTENTION(.far_q = F(2, 3, 8)), "attention: shapes [2, 3, 8], [2, 5, 8], [2, 5, 6] and [2, 3, 8] do not fit: "
                                          "queries for distances are [B, Tq, F], and there are keys for them");
    FAILS(
        ATTENTION(.far_q = F(2, 4, 8), .far_k = F(7, 4)),
        "attention: shapes [2, 3, 8], [2, 5, 8], [2, 5, 6], [2, 4, 8] and [7, 4] do not fit: queries for distances are "
        "[B, Tq, F], and there are keys for them");
    FAILS(ATTENTION(.dropout = 1), "attention: the dropout is 1, expected a number in [0, 1)");
    GIVES(mlrt_rotate(F(2, 3, 8), F(3, 2, 2)), "f32 [2, 3, 8]");
    FAILS(mlrt_rotate(F(2, 3, 8), F(3, 3, 2)),
          "rotate: shapes [2, 3, 8] and [3, 3, 2] do not fit: rotate takes x [..., T, H * 2 n] and a table [T, n, 2]");
    FAILS(
        mlrt_cross_entropy(F(2, 3, 5), I(2, 5), -1, 0),
        "cross_entropy: shapes [2, 3, 5] and [2, 5] do not fit: logits are the shape of the targets and one more axis "
        "of classes");
    FAILS(mlrt_cross_entropy(F(2, 5), F(2), -1, 0), "cross_entropy: input 2 must be i32, got f32");
}

int main(void) {
    test_sources();
    test_elementwise();
    test_reductions();
    test_shapes();
    test_products();
    test_indexing();
    test_fused();
    mlrt__graph_free(g);
    mlrt__params_free(&params);
    return done_testing();
}
