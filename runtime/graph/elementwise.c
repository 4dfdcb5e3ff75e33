/* elementwise.c - arithmetic, comparisons and functions of one number, with gradients built from the same. */
#include "graph/build.h"
#include <math.h>
#include <stdio.h>

/* ---- shape rules ---- */

bool mlrt__broadcast_shapes(mlrt_shape *s, const mlrt_shape *b) {
    mlrt_shape out = {.rank = s->rank > b->rank ? s->rank : b->rank};
    for (int32_t i = 0; i < out.rank; i++) {
        const int32_t ia = i - (out.rank - s->rank), ib = i - (out.rank - b->rank);
        const int64_t da = ia < 0 ? 1 : s->dim[ia], db = ib < 0 ? 1 : b->dim[ib];
        if (da != db && da != 1 && db != 1) return false;
        out.dim[i] = da == 1 ? db : da;
    }
    *s = out;
    return true;
}

mlrt_status mlrt__misfit(const mlrt_node *n, mlrt_error *err, const char *why) {
    char text[512], one[MLRT_SHAPE_TEXT];
    size_t used = 0;
    text[0] = 0;
    for (int32_t i = 0; i < n->inputs && used < sizeof text - MLRT_SHAPE_TEXT; i++) {
        const char *join = i == 0 ? "" : i + 1 == n->inputs ? " and " : ", ";
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", join,
                                 mlrt_shape_text(&n->in[i]->shape, one, sizeof one));
    }
    return mlrt_fail(err, MLRT_SHAPE, "%s: shapes %s do not fit: %s", n->op->name, text, why);
}

mlrt_status mlrt__need_dtype(const mlrt_node *n, int32_t i, mlrt_dtype dtype, mlrt_error *err) {
    if (n->in[i]->dtype == dtype) return MLRT_OK;
    return mlrt_fail(err, MLRT_TYPE, "%s: input %d must be %s, got %s", n->op->name, i + 1, mlrt_dtype_name(dtype),
                     mlrt_dtype_name(n->in[i]->dtype));
}

mlrt_status mlrt__need_f32(const mlrt_node *n, mlrt_error *err) {
    for (int32_t i = 0; i < n->inputs; i++)
        if (mlrt__need_dtype(n, i, MLRT_F32, err) != MLRT_OK) return err->status;
    return MLRT_OK;
}

static mlrt_status infer_shape(const mlrt_node *n, mlrt_shape *shape, mlrt_error *err) {
    *shape = n->in[0]->shape;
    for (int32_t i = 1; i < n->inputs; i++)
        if (!mlrt__broadcast_shapes(shape, &n->in[i]->shape))
            return mlrt__misfit(n, err, "dimensions must be equal, or 1");
    return MLRT_OK;
}

/* Functions of real numbers. */
static mlrt_status infer_real(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    *dtype = MLRT_F32;
    return mlrt__need_f32(n, err) == MLRT_OK ? infer_shape(n, shape, err) : err->status;
}

static mlrt_status same_dtypes(const mlrt_node *n, int32_t from, mlrt_error *err) {
    const mlrt_dtype dtype = n->in[from]->dtype;
    if (dtype != MLRT_F32 && dtype != MLRT_I32)
        return mlrt_fail(err, MLRT_TYPE, "%s takes f32 or i32, got %s", n->op->name, mlrt_dtype_name(dtype));
    for (int32_t i = from + 1; i < n->inputs; i++)
        if (mlrt__need_dtype(n, i, dtype, err) != MLRT_OK) return err->status;
    return MLRT_OK;
}

/* Arithmetic on f32 or i32 (exact below 2^24: registers are f32). */
static mlrt_status infer_number(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    *dtype = n->in[0]->dtype;
    return same_dtypes(n, 0, err) == MLRT_OK ? infer_shape(n, shape, err) : err->status;
}

static mlrt_status infer_compare(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    *dtype = MLRT_F32;
    return same_dtypes(n, 0, err) == MLRT_OK ? infer_shape(n, shape, err) : err->status;
}

static mlrt_status infer_where(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    *dtype = n->in[1]->dtype;
    if (mlrt__need_dtype(n, 0, MLRT_F32, err) != MLRT_OK || same_dtypes(n, 1, err) != MLRT_OK) return err->status;
    return infer_shape(n, shape, err);
}

typedef struct cast_attr {
    int32_t dtype;
} cast_attr;

static mlrt_status infer_cast(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    *dtype = (mlrt_dtype)((const cast_attr *)n->attr)->dtype;
    return infer_shape(n, shape, err);
}

/* ---- gradients: dx of y = f(x), by the chain rule ---- */

static mlrt_node *to(mlrt_node *dy, const mlrt_node *x) { return mlrt__sum_to(dy, &x->shape); }
static mlrt_node *zero(mlrt_node *like) { return mlrt_scalar(like->graph, 0); }
static mlrt_node *ew1(mlrt__elementwise code, mlrt_node *x) { return MLRT__APPLY(&mlrt__ew_op[code], NULL, x); }

#define VJP(name) static void vjp_##name(__attribute__((unused)) mlrt_node *y, mlrt_node *dy, mlrt_node **dx)
#define A         y->in[0]
#define B         y->in[1]
#define VJP1(name, expression)                                                                                         \
    VJP(name) { dx[0] = (expression); }

VJP(add) { dx[0] = to(dy, A), dx[1] = to(dy, B); }
VJP(sub) { dx[0] = to(dy, A), dx[1] = to(mlrt_neg(dy), B); }
VJP(mul) { dx[0] = to(mlrt_mul(dy, B), A), dx[1] = to(mlrt_mul(dy, A), B); }
VJP(div) {
    mlrt_node *da = mlrt_div(dy, B);
    dx[0] = to(da, A), dx[1] = to(mlrt_neg(mlrt_mul(da, y)), B);
}
VJP(pow) {
    dx[0] = to(mlrt_mul(dy, mlrt_mul(B, mlrt_pow(A, mlrt_add_scalar(B, -1)))), A);
    if (mlrt__is_full(B, NULL)) return;
    mlrt_node *base = mlrt_where(mlrt_eq(A, zero(y)), mlrt_scalar(y->graph, 1), A); /* 0^b is flat in b: 0 log 0 is 0 */
    dx[1] = to(mlrt_mul(dy, mlrt_mul(y, mlrt_log(base))), B);
}
VJP(maximum) {
    dx[0] = to(mlrt_where(mlrt_ge(A, B), dy, zero(y)), A), dx[1] = to(mlrt_where(mlrt_lt(A, B), dy, zero(y)), B);
}
VJP(minimum) {
    dx[0] = to(mlrt_where(mlrt_le(A, B), dy, zero(y)), A), dx[1] = to(mlrt_where(mlrt_gt(A, B), dy, zero(y)), B);
}
VJP(where) { dx[1] = to(mlrt_where(A, dy, zero(y)), B), dx[2] = to(mlrt_where(A, zero(y), dy), y->in[2]); }
VJP1(neg, mlrt_neg(dy))
VJP1(abs, mlrt_mul(dy, mlrt_sign(A)))
VJP1(square, mlrt_mul(mlrt_mul_scalar(dy, 2), A))
VJP1(reciprocal, mlrt_neg(mlrt_mul(dy, mlrt_square(y))))
VJP1(sqrt, mlrt_mul_scalar(mlrt_div(dy, y), 0.5))
VJP1(rsqrt, mlrt_mul_scalar(mlrt_mul(dy, mlrt_mul(y, mlrt_square(y))), -0.5))
VJP1(exp, mlrt_mul(dy, y))
VJP1(log, mlrt_div(dy, A))
VJP1(log1p, mlrt_div(dy, mlrt_add_scalar(A, 1)))
VJP1(sin, mlrt_mul(dy, mlrt_cos(A)))
VJP1(cos, mlrt_neg(mlrt_mul(dy, mlrt_sin(A))))
VJP1(tanh, MLRT__APPLY(&mlrt__ew_op[MLRT__EW_tanh_grad], NULL, dy, y))
VJP(tanh_grad) { /* A (1 - B^2) */
    dx[0] = to(MLRT__APPLY(y->op, NULL, dy, B), A);
    dx[1] = to(mlrt_mul(dy, mlrt_mul_scalar(mlrt_mul(A, B), -2)), B);
}
VJP1(sigmoid, mlrt_mul(dy, mlrt_mul(y, mlrt_sub(mlrt_scalar(y->graph, 1), y))))
VJP1(erf, mlrt_mul(dy, mlrt_mul_scalar(mlrt_exp(mlrt_neg(mlrt_square(A))), 1.12837916709551257390))) /* 2 / sqrt(pi) */
VJP1(relu, mlrt_where(mlrt_gt(y, zero(y)), dy, zero(y)))
VJP1(softplus, mlrt_mul(dy, mlrt_sigmoid(A)))
VJP1(gelu, mlrt_mul(dy, ew1(MLRT__EW_gelu_slope, A)))
VJP1(silu, mlrt_mul(dy, ew1(MLRT__EW_silu_slope, A)))
VJP(gelu_slope) { /* e^(-x^2 / 2) (2 - x^2) / sqrt(2 pi) */
    mlrt_node *square = mlrt_square(A), *density = mlrt_exp(mlrt_mul_scalar(square, -0.5));
    dx[0] = mlrt_mul(dy, mlrt_mul(density, mlrt_mul_scalar(mlrt_add_scalar(square, -2), -0.39894228040143267794)));
}
VJP(silu_slope) { /* s(x) s(-x) (2 + x (1 - 2 s(x))), and 1 - 2 s(x) is -tanh(x / 2) */
    mlrt_node *bell = mlrt_mul(mlrt_sigmoid(A), mlrt_sigmoid(mlrt_neg(A)));
    mlrt_node *bend = mlrt_mul(A, mlrt_tanh(mlrt_mul_scalar(A, 0.5)));
    dx[0] = mlrt_mul(dy, mlrt_mul(bell, mlrt_sub(mlrt_scalar(y->graph, 2), bend)));
}
VJP(cast) {
    if (A->dtype != MLRT_I32 && y->dtype != MLRT_I32) dx[0] = mlrt_cast(dy, A->dtype);
}

/* The same mask on dy: it is drawn again from the forward node's stream instead of being stored. */
VJP(dropout) {
    mlrt__dropout_attr attr = *(const mlrt__dropout_attr *)y->attr;
    if (!attr.stream) attr.stream = y->stream;
    dx[0] = MLRT__APPLY(y->op, &attr, dy);
}

/* ---- the rows ---- */

#define ROW(text, n, rule, gradient)                                                                                   \
    [MLRT__EW_##text] = {                                                                                              \
        .name = #text, .min_inputs = n, .max_inputs = n, .flags = MLRT_OP_INPLACE, .infer = rule, .vjp = gradient}
#define REAL(text) ROW(text, 1, infer_real, vjp_##text)

const mlrt_op mlrt__ew_op[MLRT__EW_COUNT] = {
    ROW(add, 2, infer_number, vjp_add),
    ROW(sub, 2, infer_number, vjp_sub),
    ROW(mul, 2, infer_number, vjp_mul),
    ROW(div, 2, infer_real, vjp_div),
    ROW(pow, 2, infer_real, vjp_pow),
    ROW(maximum, 2, infer_number, vjp_maximum),
    ROW(minimum, 2, infer_number, vjp_minimum),
    ROW(eq, 2, infer_compare, NULL),
    ROW(ne, 2, infer_compare, NULL),
    ROW(lt, 2, infer_compare, NULL),
    ROW(le, 2, infer_compare, NULL),
    ROW(where, 3, infer_where, vjp_where),
    REAL(neg),
    REAL(abs),
    ROW(sign, 1, infer_real, NULL),
    ROW(floor, 1, infer_real, NULL),
    REAL(square),
    REAL(reciprocal),
    REAL(sqrt),
    REAL(rsqrt),
    REAL(exp),
    REAL(log),
    REAL(log1p),
    REAL(sin),
    REAL(cos),
    REAL(tanh),
    REAL(sigmoid),
    REAL(erf),
    REAL(relu),
    REAL(softplus),
    REAL(gelu),
    REAL(gelu_slope),
    REAL(silu),
    REAL(silu_slope),
    ROW(tanh_grad, 2, infer_real, vjp_tanh_grad),
    [MLRT__EW_cast] = {.name = "cast",
                       .min_inputs = 1,
                       .max_inputs = 1,
                       .attr_size = sizeof(cast_attr),
                       .infer = infer_cast,
                       .vjp = vjp_cast},
    [MLRT__EW_dropout] = {.name = "dropout",
                          .min_inputs = 1,
                          .max_inputs = 1,
                          .attr_size = sizeof(mlrt__dropout_attr),
                          .flags = MLRT_OP_RANDOM | MLRT_OP_INPLACE,
                          .infer = infer_real,
                          .vjp = vjp_dropout},
};

int32_t mlrt__elementwise_code(const mlrt_op *op) {
    return op >= mlrt__ew_op && op < mlrt__ew_op + MLRT__EW_COUNT ? (int32_t)(op - mlrt__ew_op) : -1;
}

/* Chains are made by the compiler after every gradient is taken: no shape rule, no vjp. */
const mlrt_op mlrt__op_fused = {.name = "fused", .attr_size = sizeof(mlrt__fused_attr)};

/* ---- builders, with the simplifications that gradients ask for ---- */

/* Two constants: their numbers, and the shape of what is computed from them. */
static bool both_full(const mlrt_node *a, const mlrt_node *b, double *x, double *y, mlrt_shape *shape) {
    *shape = a->shape;
    return mlrt__is_full(a, x) && mlrt__is_full(b, y) && a->dtype == MLRT_F32 && b->dtype == MLRT_F32 &&
           mlrt__broadcast_shapes(shape, &b->shape);
}

/* a, when b is `value` everywhere and broadcasting b would not enlarge a. */
static bool neutral(const mlrt_node *a, const mlrt_node *b, double value) {
    double v;
    mlrt_shape s = a->shape;
    return mlrt__is_full(b, &v) && v == value && a->dtype == b->dtype && mlrt__broadcast_shapes(&s, &b->shape) &&
           mlrt_shape_equal(&s, &a->shape);
}

static mlrt_node *ew2(mlrt__elementwise code, mlrt_node *a, mlrt_node *b) {
    return MLRT__APPLY(&mlrt__ew_op[code], NULL, a, b);
}

mlrt_node *mlrt_add(mlrt_node *a, mlrt_node *b) {
    double x, y;
    mlrt_shape s;
    if (both_full(a, b, &x, &y, &s)) return mlrt_full(a->graph, s, x + y);
    return neutral(a, b, 0) ? a : neutral(b, a, 0) ? b : ew2(MLRT__EW_add, a, b);
}

mlrt_node *mlrt_sub(mlrt_node *a, mlrt_node *b) {
    double x, y;
    mlrt_shape s;
    if (both_full(a, b, &x, &y, &s)) return mlrt_full(a->graph, s, x - y);
    return neutral(a, b, 0) ? a : ew2(MLRT__EW_sub, a, b);
}

mlrt_node *mlrt_mul(mlrt_node *a, mlrt_node *b) {
    double x, y;
    mlrt_shape s;
    if (both_full(a, b, &x, &y, &s)) return mlrt_full(a->graph, s, x * y);
    return neutral(a, b, 1) ? a : neutral(b, a, 1) ? b : ew2(MLRT__EW_mul, a, b);
}

mlrt_node *mlrt_div(mlrt_node *a, mlrt_node *b) {
    double x, y;
    mlrt_shape s;
    if (both_full(a, b, &x, &y, &s) && y != 0) return mlrt_full(a->graph, s, x / y);
    return neutral(a, b, 1) ? a : ew2(MLRT__EW_div, a, b);
}

mlrt_node *mlrt_pow(mlrt_node *a, mlrt_node *b) {
    double e;
    if (mlrt__is_full(b, &e) && b->shape.rank == 0) {
        if (e == 0) return mlrt_full(a->graph, a->shape, 1);
        if (e == 1) return a;
        if (e == 2) return mlrt_square(a);
        if (e == 0.5) return mlrt_sqrt(a);
        if (e == -1) return mlrt_reciprocal(a);
        if (e == -0.5) return mlrt_rsqrt(a);
    }
    return ew2(MLRT__EW_pow, a, b);
}

mlrt_node *mlrt_maximum(mlrt_node *a, mlrt_node *b) { return ew2(MLRT__EW_maximum, a, b); }
mlrt_node *mlrt_minimum(mlrt_node *a, mlrt_node *b) { return ew2(MLRT__EW_minimum, a, b); }
mlrt_node *mlrt_add_scalar(mlrt_node *a, double b) { return mlrt_add(a, mlrt_scalar(a->graph, b)); }
mlrt_node *mlrt_mul_scalar(mlrt_node *a, double b) { return mlrt_mul(a, mlrt_scalar(a->graph, b)); }
mlrt_node *mlrt_pow_scalar(mlrt_node *a, double b) { return mlrt_pow(a, mlrt_scalar(a->graph, b)); }
mlrt_node *mlrt_eq(mlrt_node *a, mlrt_node *b) { return ew2(MLRT__EW_eq, a, b); }
mlrt_node *mlrt_ne(mlrt_node *a, mlrt_node *b) { return ew2(MLRT__EW_ne, a, b); }
mlrt_node *mlrt_lt(mlrt_node *a, mlrt_node *b) { return ew2(MLRT__EW_lt, a, b); }
mlrt_node *mlrt_le(mlrt_node *a, mlrt_node *b) { return ew2(MLRT__EW_le, a, b); }
mlrt_node *mlrt_gt(mlrt_node *a, mlrt_node *b) { return ew2(MLRT__EW_lt, b, a); }
mlrt_node *mlrt_ge(mlrt_node *a, mlrt_node *b) { return ew2(MLRT__EW_le, b, a); }
mlrt_node *mlrt_where(mlrt_node *c, mlrt_node *a, mlrt_node *b) {
    return MLRT__APPLY(&mlrt__ew_op[MLRT__EW_where], NULL, c, a, b);
}

#define EW1(name)                                                                                                      \
    mlrt_node *mlrt_##name(mlrt_node *x) { return ew1(MLRT__EW_##name, x); }
EW1(abs)
EW1(sign)
EW1(floor)
EW1(square)
EW1(reciprocal)
EW1(sqrt)
EW1(rsqrt)
EW1(exp)
EW1(log)
EW1(log1p)
EW1(sin)
EW1(cos)
EW1(tanh)
EW1(sigmoid)
EW1(erf)
EW1(relu)
EW1(softplus)
EW1(gelu)
EW1(silu)

mlrt_node *mlrt_neg(mlrt_node *x) {
    double v;
    if (mlrt__is_full(x, &v) && x->dtype == MLRT_F32) return mlrt_full(x->graph, x->shape, -v);
    return MLRT__APPLY(&mlrt__ew_op[MLRT__EW_neg], NULL, x);
}

mlrt_node *mlrt_cast(mlrt_node *x, mlrt_dtype dtype) {
    const cast_attr attr = {(int32_t)dtype};
    return x->dtype == dtype ? x : MLRT__APPLY(&mlrt__ew_op[MLRT__EW_cast], &attr, x);
}

mlrt_node *mlrt_dropout(mlrt_node *x, double p) {
    const mlrt__dropout_attr attr = {.p = p};
    return p > 0 && mlrt_graph_training(x->graph) ? MLRT__APPLY(&mlrt__ew_op[MLRT__EW_dropout], &attr, x) : x;
}
