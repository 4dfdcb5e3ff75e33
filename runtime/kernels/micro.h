/* micro.h - the elementwise ops on one tile of f32 registers, and the conversions between registers and tensors. */
#ifndef MLRT__MICRO_H
#define MLRT__MICRO_H

#include "graph/ops.h"
#include "kernels/vmath.h"
#include <math.h>

/* y[i] = op(in[0][i], ...) for i < n; y may be one of the inputs. */
typedef void micro(float *y, const float *const *in, int64_t n);

/* x Phi(x) = max(x, 0) - a Phi(-a), a = |x| */
static inline float gelu(float x) {
    const float a = mlrt__abs(x), near = 8.0f < a ? 8.0f : a;
    return (0.0f > x ? 0.0f : x) - near * mlrt__normal_tail(near);
}

/* (x Phi(x))' = Phi(x) + x e^(-x^2 / 2) / sqrt(2 pi), from one side of zero to the other by symmetry. */
static inline float gelu_slope(float x) {
    const float a = mlrt__abs(x), near = 8.0f < a ? 8.0f : a;
    const float s = mlrt__normal_tail(near) - near * (mlrt__decay(-0.5f * near * near) * 0x1.988454p-2f);
    return x < 0.0f ? s : 1.0f - s;
}

/* (x s(x))' = s(x) + x s(x) s(-x), s the sigmoid */
static inline float silu_slope(float x) {
    const float s = mlrt__sigmoid(x);
    const float near = x > 100.0f ? 100.0f : x < -100.0f ? -100.0f : x;
    return s + near * (s * mlrt__sigmoid(-x));
}

#define UNARY(name, expression)                                                                                        \
    static void ew_##name(float *y, const float *const *in, int64_t n) {                                               \
        const float *xs = in[0];                                                                                       \
        _Pragma("omp simd") for (int64_t i = 0; i < n; i++) {                                                          \
            const float x = xs[i];                                                                                     \
            y[i] = expression;                                                                                         \
        }                                                                                                              \
    }

#define BINARY(name, expression)                                                                                       \
    static void ew_##name(float *y, const float *const *in, int64_t n) {                                               \
        const float *as = in[0], *bs = in[1];                                                                          \
        _Pragma("omp simd") for (int64_t i = 0; i < n; i++) {                                                          \
            const float a = as[i], b = bs[i];                                                                          \
            y[i] = expression;                                                                                         \
        }                                                                                                              \
    }

BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(mul, a *b)
BINARY(div, a / b)
BINARY(pow, mlrt__pow(a, b))
BINARY(maximum, ((a > b) | (a != a)) ? a : b)
BINARY(minimum, ((a < b) | (a != a)) ? a : b)
BINARY(eq, a == b ? 1.0f : 0.0f)
BINARY(ne, a != b ? 1.0f : 0.0f)
BINARY(lt, a < b ? 1.0f : 0.0f)
BINARY(le, a <= b ? 1.0f : 0.0f)
BINARY(tanh_grad, a *((1.0f - b) * (1.0f + b))) /* exact where b is near 1, too */
UNARY(neg, -x)
UNARY(abs, mlrt__abs(x))
UNARY(sign, x != x ? x : (float)((x > 0.0f) - (x < 0.0f)))
UNARY(floor, __builtin_floorf(x))
UNARY(square, x *x)
UNARY(reciprocal, 1.0f / x)
UNARY(sqrt, __builtin_sqrtf(x))
UNARY(rsqrt, 1.0f / __builtin_sqrtf(x))
UNARY(exp, mlrt__exp(x))
UNARY(log, mlrt__log(x))
UNARY(log1p, mlrt__log1p(x))
UNARY(tanh, mlrt__tanh(x))
UNARY(sigmoid, mlrt__sigmoid(x))
UNARY(erf, mlrt__erf(x))
UNARY(relu, 0.0f > x ? 0.0f : x) /* written so that NaN stays */
UNARY(softplus, mlrt__softplus(x))
UNARY(gelu, gelu(x))
UNARY(gelu_slope, gelu_slope(x))
UNARY(silu, x *mlrt__sigmoid(x))
UNARY(silu_slope, silu_slope(x))
UNARY(cast, x)        /* loading and storing convert */
BINARY(dropout, a *b) /* b is the mask */

static void ew_where(float *y, const float *const *in, int64_t n) {
    const float *condition = in[0], *as = in[1], *bs = in[2];
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
        const float a = as[i], b = bs[i];
        y[i] = condition[i] != 0.0f ? a : b;
    }
}

/* Our sine ends at 2^30; a tile that goes beyond is left to libm, which knows pi to enough digits. */
#define TRIGONOMETRIC(name, libm)                                                                                      \
    UNARY(near_##name, mlrt__##name(x))                                                                                \
    static void ew_##name(float *y, const float *const *in, int64_t n) {                                               \
        const float *x = in[0];                                                                                        \
        int32_t far = 0;                                                                                               \
        _Pragma("omp simd reduction(| : far)") for (int64_t i = 0; i < n; i++) far |= !(mlrt__abs(x[i]) < 0x1p30f);    \
        if (!far) {                                                                                                    \
            ew_near_##name(y, in, n);                                                                                  \
            return;                                                                                                    \
        }                                                                                                              \
        for (int64_t i = 0; i < n; i++) y[i] = libm(x[i]);                                                             \
    }
TRIGONOMETRIC(sin, sinf)
TRIGONOMETRIC(cos, cosf)

static micro *const micro_of[MLRT__EW_COUNT] = {
#define X(name, inputs) ew_##name,
    MLRT__ELEMENTWISE(X)
#undef X
};

static const int32_t micro_inputs[MLRT__EW_COUNT] = {
#define X(name, inputs) inputs,
    MLRT__ELEMENTWISE(X)
#undef X
};

/* ---- between tensors and registers ---- */

static inline float from_f32(float x) { return x; }
static inline float from_i32(int32_t x) { return (float)x; } /* exact up to 2^24 */
static inline float from_u8(uint8_t x) { return (float)x; }
static inline float from_bf16(uint16_t x) { return mlrt__from_bf16(x); }

static inline float to_f32(float x) { return x; }
/* Towards zero, to the nearest end when out of range; NaN is 0. */
static inline int32_t to_i32(float x) {
    const float y = x != x ? 0.0f : x < -0x1p31f ? -0x1p31f : x;
    return y < 0x1p31f ? (int32_t)y : INT32_MAX;
}
static inline uint8_t to_u8(float x) {
    const float y = x > 0.0f ? x : 0.0f;
    return (uint8_t)(int32_t)(y < 255.0f ? y : 255.0f);
}
static inline uint16_t to_bf16(float x) { return mlrt__to_bf16(x); }

/* From element `first` on; the columns of a row are the same element when `stride` is 0, else one after the other. */
typedef struct region {
    int64_t first, rows, columns, row_stride, stride;
} region;

typedef void load_region(float *y, const void *data, const region *r);
typedef void store_row(void *data, int64_t first, const float *x, int64_t n);

#define CONVERT(dtype, type)                                                                                           \
    static void load_##dtype(float *y, const void *data, const region *r) {                                            \
        for (int64_t row = 0; row < r->rows; row++, y += r->columns) {                                                 \
            const type *x = (const type *)data + r->first + row * r->row_stride;                                       \
            const float value = from_##dtype(*x);                                                                      \
            if (r->stride) {                                                                                           \
                _Pragma("omp simd") for (int64_t i = 0; i < r->columns; i++) y[i] = from_##dtype(x[i]);                \
            } else {                                                                                                   \
                _Pragma("omp simd") for (int64_t i = 0; i < r->columns; i++) y[i] = value;                             \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static void store_##dtype(void *data, int64_t first, const float *x, int64_t n) {                                  \
        type *y = (type *)data + first;                                                                                \
        _Pragma("omp simd") for (int64_t i = 0; i < n; i++) y[i] = to_##dtype(x[i]);                                   \
    }
CONVERT(f32, float)
CONVERT(bf16, uint16_t)
CONVERT(i32, int32_t)
CONVERT(u8, uint8_t)

static load_region *const load_of[] = {
    [MLRT_F32] = load_f32, [MLRT_BF16] = load_bf16, [MLRT_I32] = load_i32, [MLRT_U8] = load_u8};
static store_row *const store_of[] = {
    [MLRT_F32] = store_f32, [MLRT_BF16] = store_bf16, [MLRT_I32] = store_i32, [MLRT_U8] = store_u8};

#endif
