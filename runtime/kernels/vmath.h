/* vmath.h - elementary functions that vectorise: static inline, no branch, no table, no call.
 *
 * Within 2.5 ulp of the exact result for every f32, denormals included, where nothing else is said (tests/kernels/vmath.c
 * holds them to it). NaN gives NaN; infinities, zeros and poles are as in C. Put them in a loop under `#pragma omp simd`.
 * Where a polynomial stands, its coefficients are a minimax fit of what the leading terms leave on the reduced interval:
 * vmath.py finds them.
 */
#ifndef MLRT__VMATH_H
#define MLRT__VMATH_H

#include <stdint.h>
#include <string.h>

#define MLRT__INF __builtin_inff()
#define MLRT__NAN __builtin_nanf("")

static inline int32_t mlrt__bits(float x) {
    int32_t i;
    memcpy(&i, &x, sizeof i);
    return i;
}

static inline float mlrt__from_bits(int32_t i) {
    float x;
    memcpy(&x, &i, sizeof x);
    return x;
}

static inline int64_t mlrt__bits64(double x) {
    int64_t i;
    memcpy(&i, &x, sizeof i);
    return i;
}

static inline double mlrt__from_bits64(int64_t i) {
    double x;
    memcpy(&x, &i, sizeof x);
    return x;
}

static inline float mlrt__abs(float x) { return mlrt__from_bits(mlrt__bits(x) & 0x7fffffff); }
static inline float mlrt__copysign(float x, float sign) {
    return mlrt__from_bits((mlrt__bits(x) & 0x7fffffff) | (mlrt__bits(sign) & INT32_MIN));
}

/* 2^k, -127 < k < 128. */
static inline float mlrt__pow2(int32_t k) { return mlrt__from_bits((int32_t)((uint32_t)(k + 127) << 23)); }

/* Adding this rounds to the nearest integer, which then stands in the low bits of the sum. */
#define MLRT__ROUND   0x1.8p23f
#define MLRT__ROUND64 0x1.8p52

/* x = k log 2 + r with |r| <= log(2) / 2; log 2 in two parts, so that k times the first is exact. Returns e^r - 1. */
static inline float mlrt__exp_reduced(float x, int32_t *k) {
    const float t = x * 0x1.715476p0f + MLRT__ROUND, n = t - MLRT__ROUND;
    const float r = (x - n * 0x1.63p-1f) - n * -0x1.bd0106p-13f;
    float p = 0x1.9f08p-13f;
    p = p * r + 0x1.6d8db0p-10f;
    p = p * r + 0x1.111272p-7f;
    p = p * r + 0x1.55548ep-5f;
    p = p * r + 0x1.555554p-3f;
    p = p * r + 0.5f;
    *k = mlrt__bits(t) - mlrt__bits(MLRT__ROUND);
    return r + r * r * p;
}

/* 2^k by two factors, because the result may be denormal. */
static inline float mlrt__exp(float x) {
    int32_t k;
    const float low = -104.0f > x ? -104.0f : x; /* written so that NaN stays */
    const float p = 1.0f + mlrt__exp_reduced(89.0f < low ? 89.0f : low, &k);
    return p * mlrt__pow2(k >> 1) * mlrt__pow2(k - (k >> 1));
}

/* e^x for -87 < x <= 0 by one factor. */
static inline float mlrt__decay(float x) {
    int32_t k;
    const float p = 1.0f + mlrt__exp_reduced(x, &k);
    return p * mlrt__pow2(k);
}

/* For 0 < x < inf. x = 2^e (1 + f), 1 + f in [sqrt(1/2), sqrt(2)). */
static inline float mlrt__log_inside(float x) {
    const uint32_t half = 0x3f3504f3; /* sqrt(1/2) */
    const int32_t small = x < 0x1p-126f;
    const int32_t i = (int32_t)((uint32_t)mlrt__bits(small ? x * 0x1p23f : x) - half);
    const float e = (float)((i >> 23) - (small ? 23 : 0));
    const float f = mlrt__from_bits((i & 0x7fffff) + (int32_t)half) - 1.0f;
    float p = 0x1.145794p-4f;
    p = p * f - 0x1.de3bf8p-4f;
    p = p * f + 0x1.e6f064p-4f;
    p = p * f - 0x1.fc220cp-4f;
    p = p * f + 0x1.233768p-3f;
    p = p * f - 0x1.555c4ep-3f;
    p = p * f + 0x1.99a4b6p-3f;
    p = p * f - 0x1.000006p-2f;
    p = p * f + 0x1.555548p-2f;
    return ((p * f * f * f + e * -0x1.bd0106p-13f) - 0.5f * f * f) + f + e * 0x1.63p-1f;
}

/* y where 0 < x < inf, else what the logarithm of x is. */
static inline float mlrt__log_of(float x, float y) {
    const float edge = x == 0.0f ? -MLRT__INF : x > 0.0f ? x : MLRT__NAN;
    return ((x > 0.0f) & (x < MLRT__INF)) ? y : edge;
}

static inline float mlrt__log(float x) { return mlrt__log_of(x, mlrt__log_inside(x)); }

/* log(u) with u = 1 + x rounded, and to first order what the rounding lost. */
static inline float mlrt__log1p(float x) {
    const float u = 1.0f + x;
    return mlrt__log_of(u, mlrt__log_inside(u) + (x - (u - 1.0f)) / u);
}

/* e / (e + 1) with e = (e^2a - 1) / 2, a = |x|: without cancellation near zero, and within 2.6 ulp. a = k log(2)/2 + r, and
 * e = 2^k (r + r^2 p(r)) + (2^k - 1) / 2, where p is what (e^2r - 1) / 2 leaves. Behind ROUND, k is where a shift wants it. */
static inline float mlrt__tanh(float x) {
    const float whole = mlrt__abs(x), a = 10.0f < whole ? 10.0f : whole;
    const float t = a * 0x1.715476p1f + MLRT__ROUND, r = a - (t - MLRT__ROUND) * 0x1.62e43p-2f;
    const uint32_t k = (uint32_t)mlrt__bits(t) << 23; /* anything where x is NaN */
    float p = 0x1.6d0fa2p-5f;
    p = p * r + 0x1.121b2ap-3f;
    p = p * r + 0x1.5554e2p-2f;
    p = p * r + 0x1.5554c6p-1f;
    p = p * r + 1.0f;
    p = p * (r * r) + r;
    const float power = mlrt__from_bits((int32_t)(0x3f800000 + k)), half = mlrt__from_bits((int32_t)(0x3f000000 + k));
    const float e = power * p + (half - 0.5f);
    return mlrt__copysign(e / (e + 1.0f), x);
}

static inline float mlrt__sigmoid(float x) {
    const float e = mlrt__exp(-mlrt__abs(x));
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

/* log(1 + e) of 0 <= e <= 1 is not near an edge, and NaN stays through the correction. */
static inline float mlrt__softplus(float x) {
    const float e = mlrt__exp(-mlrt__abs(x)), u = 1.0f + e;
    return (x > 0.0f ? x : 0.0f) + (mlrt__log_inside(u) + (e - (u - 1.0f)) / u);
}

/* An odd polynomial near zero; further out 1 - e^-q(|x|), which is 1 from 4 on. */
static inline float mlrt__erf(float x) {
    const float s = x * x;
    float p = -0x1.3825e8p-11f;
    p = p * s + 0x1.46c23cp-8f;
    p = p * s - 0x1.b676ccp-6f;
    p = p * s + 0x1.ce1904p-4f;
    p = p * s - 0x1.8126dcp-2f;
    p = p * s + 0x1.06eba6p-3f;
    const float a = mlrt__abs(x), t = 4.0f < a ? 4.0f : a;
    float q = -0x1.c208fap-13f;
    q = q * t + 0x1.a60c0cp-9f;
    q = q * t - 0x1.774ab6p-6f;
    q = q * t + 0x1.af4138p-4f;
    q = q * t + 0x1.457a64p-1f;
    q = q * t + 0x1.073576p-3f;
    const float far = mlrt__copysign(1.0f - mlrt__exp(-(t + q * t)), x);
    return a < 0.92f ? x + x * p : far;
}

/* Phi(-a) of the normal distribution for 0 <= a <= 8, within 2^-24: e^-p(a) / 2. */
static inline float mlrt__normal_tail(float a) {
    float p = 0x1.b6a624p-20f;
    p = p * a - 0x1.8a35b2p-16f;
    p = p * a + 0x1.d54c2ep-14f;
    p = p * a + 0x1.18ec18p-13f;
    p = p * a - 0x1.43f7fap-8f;
    p = p * a + 0x1.2a54e8p-5f;
    p = p * a + 0x1.45eddep-2f;
    p = p * a + 0x1.988488p-1f;
    return 0.5f * mlrt__decay(-(p * a));
}

/* sin(x + quarter * pi / 2), in f64 with pi / 2 in three parts, the first two exact times n. NaN from 2^30 on: such
 * numbers are further apart than the period. */
static inline float mlrt__sine(float x, int64_t quarter) {
    const double t = (double)x * 0x1.45f306dc9c883p-1 + MLRT__ROUND64, n = t - MLRT__ROUND64;
    const double r = (((double)x - n * 0x1.921fbp0) - n * 0x1.5110bp-22) - n * 0x1.18469898cc517p-44;
    const int64_t q = mlrt__bits64(t) + quarter;
    const double s = r * r;
    double sine = 2.718114108374751e-06;
    sine = sine * s - 0.00019839311483077512;
    sine = sine * s + 0.0083333293024041;
    sine = sine * s - 0.16666666640776046;
    double cosine = 2.4433083379667016e-05;
    cosine = cosine * s - 0.0013887315622766292;
    cosine = cosine * s + 0.041666645670285565;
    cosine = cosine * s - 0.5;
    const double y = q & 1 ? 1.0 + cosine * s : r + r * s * sine;
    const float z = (float)(q & 2 ? -y : y);
    return mlrt__abs(x) < 0x1p30f ? z : MLRT__NAN;
}

static inline float mlrt__sin(float x) { return mlrt__sine(x, 0); }
static inline float mlrt__cos(float x) { return mlrt__sine(x, 1); }

/* log2 of 0 <= x <= inf, in f64: 2 atanh(s) / log 2 of s = (m - 1) / (m + 1), m in [sqrt(1/2), sqrt(2)). */
static inline double mlrt__log2_f64(double x) {
    const int64_t half = 0x3fe6a09e667f3bcd, i = mlrt__bits64(x) - half;
    const double e = mlrt__from_bits64((i >> 52) + mlrt__bits64(MLRT__ROUND64)) - MLRT__ROUND64;
    const double m = mlrt__from_bits64((i & 0xfffffffffffff) + half), s = (m - 1.0) / (m + 1.0), z = s * s;
    double p = 0.28290235984957485;
    p = p * z + 0.31990554148537464;
    p = p * z + 0.41220925620665083;
    p = p * z + 0.5770779423286594;
    p = p * z + 0.9617966941134054;
    p = p * z + 2.8853900817778504;
    const double y = e + s * p;
    return x == 0.0 ? -__builtin_inf() : x < __builtin_inf() ? y : x;
}

/* 2^x to f32, in f64. */
static inline float mlrt__exp2_f64(double x) {
    const double low = -200.0 > x ? -200.0 : x, clamped = 200.0 < low ? 200.0 : low;
    const double t = clamped + MLRT__ROUND64, r = clamped - (t - MLRT__ROUND64);
    double p = 1.5196129545171699e-05;
    p = p * r + 0.000154667813967129;
    p = p * r + 0.001333393538397451;
    p = p * r + 0.009618038060024396;
    p = p * r + 0.055504103653440745;
    p = p * r + 0.24022651066999284;
    p = p * r + 0.6931471807047791;
    p = p * r + 1.0;
    const int64_t k = mlrt__bits64(t) - mlrt__bits64(MLRT__ROUND64);
    return (float)(p * mlrt__from_bits64((int64_t)((uint64_t)(k + 1023) << 52)));
}

/* As C's: a negative base needs an integer exponent, odd ones keep the sign; x^0 = 1^y = 1, even of NaN. */
static inline float mlrt__pow(float x, float y) {
    const float magnitude = mlrt__exp2_f64((double)y * mlrt__log2_f64((double)mlrt__abs(x)));
    const float half = 0.5f * y;
    const int32_t integer = __builtin_floorf(y) == y, odd = integer & (__builtin_floorf(half) != half);
    const float z = odd ? mlrt__copysign(magnitude, x) : magnitude;
    const int32_t invalid = (x < 0.0f) & (x > -MLRT__INF) & !integer;
    const int32_t one = (y == 0.0f) | (x == 1.0f) | ((x == -1.0f) & (mlrt__abs(y) == MLRT__INF));
    return one ? 1.0f : invalid ? MLRT__NAN : z;
}

/* bf16 is the upper half of f32. To nearest, ties to even; NaN stays NaN. */
static inline float mlrt__from_bf16(uint16_t x) { return mlrt__from_bits((int32_t)((uint32_t)x << 16)); }
static inline uint16_t mlrt__to_bf16(float x) {
    const uint32_t i = (uint32_t)mlrt__bits(x);
    return (uint16_t)((x != x ? i | 0x400000 : i + 0x7fff + (i >> 16 & 1)) >> 16);
}

#endif
