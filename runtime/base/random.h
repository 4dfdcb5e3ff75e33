/* random.h - counter-based random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011).
 *
 * A number is a function of (seed, stream, step, element): no state, so the order of computation and the number of
 * threads cannot change it, and resuming needs nothing but the step.
 */
#ifndef MLRT__RANDOM_H
#define MLRT__RANDOM_H

#include <stdint.h>

typedef struct mlrt__philox_key {
    uint32_t k0, k1, step0, step1;
} mlrt__philox_key;

/* SplitMix64's finaliser (Steele, Lea, Flood 2014): spreads the stream over the key. */
static inline uint64_t mlrt__mix64(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline mlrt__philox_key mlrt__philox_begin(uint64_t seed, uint64_t stream, uint64_t step) {
    const uint64_t key = mlrt__mix64(seed ^ mlrt__mix64(stream));
    return (mlrt__philox_key){(uint32_t)key, (uint32_t)(key >> 32), (uint32_t)step, (uint32_t)(step >> 32)};
}

/* The four numbers of block `block`: elements 4 * block .. 4 * block + 3. */
static inline void mlrt__philox(mlrt__philox_key key, uint64_t block, uint32_t out[4]) {
    uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32), c2 = key.step0, c3 = key.step1;
    uint32_t k0 = key.k0, k1 = key.k1;
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/* mlrt_random_f64 of 2 * block and 2 * block + 1, at the price of one. */
void mlrt__random_pair(uint64_t seed, uint64_t stream, uint64_t block, double pair[2]);

/* 24 random bits in [0, 1). */
static inline float mlrt__unit_f32(uint32_t u) { return (float)(u >> 8) * 0x1p-24f; }

#endif
