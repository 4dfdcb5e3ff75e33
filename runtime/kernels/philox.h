/* philox.h - random numbers by counter, as base/random.h has them, in the vectors of a CPU level. */
#ifndef MLRT__PHILOX_H
#define MLRT__PHILOX_H

#include "base/random.h"
#include "kernels/lanes.h"
#ifdef __SSE2__
#    include <immintrin.h>
#endif

enum { MLRT__WIDE = MLRT__LANES / 2 }; /* blocks at a time */

/* A counter of one block is the lower half of a lane, the upper half is whatever it happens to be. */
typedef uint64_t mlrt__wide __attribute__((vector_size(8 * MLRT__WIDE)));

MLRT__INLINE mlrt__wide mlrt__wide_multiply(mlrt__wide a, uint32_t b) {
#if defined __AVX512F__
    return (mlrt__wide)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi64(b));
#elif defined __AVX2__
    return (mlrt__wide)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(b));
#elif defined __SSE2__
    return (mlrt__wide)_mm_mul_epu32((__m128i)a, _mm_set1_epi64x(b));
#else
    return (a & UINT32_MAX) * b;
#endif
}

/* The numbers of the blocks block .. block + MLRT__WIDE - 1. */
static inline void mlrt__philox_wide(mlrt__philox_key key, uint64_t block, uint32_t *bits) {
    mlrt__wide place = {0};
#pragma GCC unroll 8
    for (int i = 0; i < MLRT__WIDE; i++) place[i] = (uint64_t)i;
    mlrt__wide c0 = place + block, c1 = c0 >> 32, c2 = (mlrt__wide){0} + key.step0, c3 = (mlrt__wide){0} + key.step1;
#pragma GCC unroll 10
    for (uint32_t round = 0; round < 10; round++) {
        const mlrt__wide p0 = mlrt__wide_multiply(c0, 0xD2511F53u), p1 = mlrt__wide_multiply(c2, 0xCD9E8D57u);
        c0 = (p1 >> 32) ^ c1 ^ (key.k0 + round * 0x9E3779B9u);
        c1 = p1;
        c2 = (p0 >> 32) ^ c3 ^ (key.k1 + round * 0xBB67AE85u);
        c3 = p0;
    }
    const mlrt__wide low = (c0 & UINT32_MAX) | c1 << 32, high = (c2 & UINT32_MAX) | c3 << 32;
    uint64_t both[2 * MLRT__WIDE];
#pragma GCC unroll 8
    for (int i = 0; i < MLRT__WIDE; i++) both[2 * i] = low[i], both[2 * i + 1] = high[i];
    memcpy(bits, both, sizeof both);
}

#endif
