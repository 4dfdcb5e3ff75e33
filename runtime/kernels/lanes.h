/* lanes.h - the vectors of the CPU level that a kernel is compiled for. */
#ifndef MLRT__LANES_H
#define MLRT__LANES_H

#include <stdint.h>
#include <string.h>
#ifdef __AVX2__
#    include <immintrin.h>
#endif

#if defined __AVX512F__
#    define MLRT__LANES 16
#elif defined __AVX2__
#    define MLRT__LANES 8
#else
#    define MLRT__LANES 4
#endif

typedef float mlrt__lanes __attribute__((vector_size(4 * MLRT__LANES)));

typedef int32_t mlrt__int_lanes __attribute__((vector_size(4 * MLRT__LANES)));

#define MLRT__INLINE static inline __attribute__((always_inline))

MLRT__INLINE mlrt__lanes mlrt__load(const float *p) {
    mlrt__lanes v;
    memcpy(&v, p, sizeof v);
    return v;
}

MLRT__INLINE void mlrt__store(float *p, mlrt__lanes v) { memcpy(p, &v, sizeof v); }

#if MLRT__LANES == 8
MLRT__INLINE __m256i mlrt__lane_mask(int64_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
#endif

/* The first n <= MLRT__LANES elements; the other lanes are zero, and nothing past the n-th is touched. */
MLRT__INLINE mlrt__lanes mlrt__load_part(const float *p, int64_t n) {
#if defined __AVX512F__
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif defined __AVX2__
    return _mm256_maskload_ps(p, mlrt__lane_mask(n));
#else
    mlrt__lanes v = {0};
    for (int i = 0; i < MLRT__LANES; i++) v[i] = i < n ? p[i] : 0.0f;
    return v;
#endif
}

MLRT__INLINE void mlrt__store_part(float *p, mlrt__lanes v, int64_t n) {
#if defined __AVX512F__
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v);
#elif defined __AVX2__
    _mm256_maskstore_ps(p, mlrt__lane_mask(n), v);
#else
    for (int i = 0; i < MLRT__LANES; i++)
        if (i < n) p[i] = v[i];
#endif
}

#ifdef __AVX512BW__
MLRT__INLINE __mmask16 mlrt__lane_mask(int64_t n) { return (__mmask16)(n >= MLRT__LANES ? 0xffff : (1u << n) - 1); }
#endif

/* As many of n > 0 bf16 numbers as there are lanes, as f32. */
MLRT__INLINE mlrt__lanes mlrt__load_bf16(const uint16_t *p, int64_t n) {
#ifdef __AVX512BW__
    const __m256i v =
        n >= MLRT__LANES ? _mm256_loadu_si256((const void *)p) : _mm256_maskz_loadu_epi16(mlrt__lane_mask(n), p);
    return (mlrt__lanes)_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16);
#else
    typedef uint16_t halves __attribute__((vector_size(2 * MLRT__LANES)));
    typedef uint32_t words __attribute__((vector_size(4 * MLRT__LANES)));
    halves v = {0};
    memcpy(&v, p, n >= MLRT__LANES ? sizeof v : sizeof *p * (size_t)n);
    return (mlrt__lanes)(__builtin_convertvector(v, words) << 16);
#endif
}

/* The other way round, as mlrt__to_bf16 rounds. */
MLRT__INLINE void mlrt__store_bf16(uint16_t *p, mlrt__lanes x, int64_t n) {
    typedef uint32_t words __attribute__((vector_size(4 * MLRT__LANES)));
    const words i = (words)x, nan = (words)(x != x);
    const words rounded = (((i | 0x400000) & nan) | ((i + 0x7fff + (i >> 16 & 1)) & ~nan)) >> 16;
#ifdef __AVX512BW__
    _mm256_mask_storeu_epi16(p, mlrt__lane_mask(n), _mm512_cvtepi32_epi16((__m512i)rounded));
#else
    typedef uint16_t halves __attribute__((vector_size(2 * MLRT__LANES)));
    const halves v = __builtin_convertvector(rounded, halves);
    memcpy(p, &v, n >= MLRT__LANES ? sizeof v : sizeof *p * (size_t)n);
#endif
}

/* As many of n > 0 elements as there are lanes. */
MLRT__INLINE mlrt__lanes mlrt__load_some(const float *p, int64_t n) {
    return n >= MLRT__LANES ? mlrt__load(p) : mlrt__load_part(p, n);
}

MLRT__INLINE void mlrt__store_some(float *p, mlrt__lanes v, int64_t n) {
    if (n >= MLRT__LANES)
        mlrt__store(p, v);
    else
        mlrt__store_part(p, v, n);
}

/* a where the mask's lanes are all ones, b where they are zero. */
MLRT__INLINE mlrt__lanes mlrt__select(mlrt__int_lanes mask, mlrt__lanes a, mlrt__lanes b) {
    return (mlrt__lanes)((mask & (mlrt__int_lanes)a) | (~mask & (mlrt__int_lanes)b));
}

/* Which lanes hold one of the n elements that are left. */
MLRT__INLINE mlrt__int_lanes mlrt__live(int64_t n) {
    mlrt__int_lanes lane;
    for (int i = 0; i < MLRT__LANES; i++) lane[i] = i;
    return lane < (int32_t)(n < MLRT__LANES ? n : MLRT__LANES);
}

/* x where the mask's lanes are all ones, else 0. */
MLRT__INLINE mlrt__lanes mlrt__where(mlrt__int_lanes mask, mlrt__lanes x) {
    return (mlrt__lanes)(mask & (mlrt__int_lanes)x);
}

/* max(x, 0); NaN stays. */
MLRT__INLINE mlrt__lanes mlrt__relu_lanes(mlrt__lanes x) { return mlrt__where(~(x < 0), x); }

/* a0 b0 a1 b1 ... of the lower and of the upper halves. */
#if MLRT__LANES == 16
#    define MLRT__ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#    define MLRT__ZIP_HIGH(a, b)                                                                                       \
        __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif MLRT__LANES == 8
#    define MLRT__ZIP_LOW(a, b)  __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#    define MLRT__ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#    define MLRT__ZIP_LOW(a, b)  __builtin_shufflevector(a, b, 0, 4, 1, 5)
#    define MLRT__ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif

/* Each turn folds the upper half onto the lower, and every element stands twice as often. */
MLRT__INLINE float mlrt__sum_lanes(mlrt__lanes v) {
#pragma GCC unroll 4
    for (int n = MLRT__LANES; n > 1; n /= 2) v = MLRT__ZIP_LOW(v, v) + MLRT__ZIP_HIGH(v, v);
    return v[0];
}

/* Lane j is the sum of the lanes of v[j]: each turn adds the halves of two vectors, and interleaves them. */
MLRT__INLINE mlrt__lanes mlrt__sums_of(mlrt__lanes v[MLRT__LANES]) {
#pragma GCC unroll 4
    for (int n = MLRT__LANES / 2; n > 0; n /= 2)
#pragma GCC unroll 8
        for (int i = 0; i < n; i++) v[i] = MLRT__ZIP_LOW(v[i], v[i + n]) + MLRT__ZIP_HIGH(v[i], v[i + n]);
    return v[0];
}

MLRT__INLINE float mlrt__max_lanes(mlrt__lanes v) {
#pragma GCC unroll 4
    for (int n = MLRT__LANES; n > 1; n /= 2) {
        const mlrt__lanes low = MLRT__ZIP_LOW(v, v), high = MLRT__ZIP_HIGH(v, v);
        v = mlrt__select(high > low, high, low);
    }
    return v[0];
}

/* Transpose a square of lanes: each perfect shuffle of all elements turns the index bits by one place, so log2(lanes)
 * of them exchange row and column. */
MLRT__INLINE void mlrt__transpose_square(mlrt__lanes v[MLRT__LANES]) {
    enum { HALF = MLRT__LANES / 2 };
#pragma GCC unroll 4
    for (int turn = MLRT__LANES; turn > 1; turn /= 2) {
        mlrt__lanes w[MLRT__LANES];
#pragma GCC unroll 8
        for (int i = 0; i < HALF; i++) {
            w[2 * i] = MLRT__ZIP_LOW(v[i], v[i + HALF]);
            w[2 * i + 1] = MLRT__ZIP_HIGH(v[i], v[i + HALF]);
        }
#pragma GCC unroll 16
        for (int i = 0; i < MLRT__LANES; i++) v[i] = w[i];
    }
}

/* to[c * to_stride + r] = from[r * from_stride + c] for r < rows, c < columns; zeros for r up to the next multiple of
 * the lanes. */
MLRT__INLINE void mlrt__transpose(const float *from, int64_t from_stride, float *to, int64_t to_stride, int64_t rows,
                                  int64_t columns) {
    for (int64_t r = 0; r < rows; r += MLRT__LANES)
        for (int64_t c = 0; c < columns; c += MLRT__LANES) {
            const float *x = from + r * from_stride + c;
            float *y = to + c * to_stride + r;
            mlrt__lanes v[MLRT__LANES];
#pragma GCC unroll 16
            for (int i = 0; i < MLRT__LANES; i++)
                v[i] = r + i < rows ? mlrt__load_some(x + i * from_stride, columns - c) : (mlrt__lanes){0};
            mlrt__transpose_square(v);
#pragma GCC unroll 16
            for (int i = 0; i < MLRT__LANES; i++)
                if (c + i < columns) mlrt__store(y + i * to_stride, v[i]);
        }
}

#endif
