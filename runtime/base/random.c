/* random.c - random numbers for tasks and initial values, one at a time. */
#include "base/random.h"
#include <math.h>
#include <mlrt/plugin.h>

uint32_t mlrt_random_u32(uint64_t seed, uint64_t stream, uint64_t index) {
    uint32_t out[4];
    mlrt__philox(mlrt__philox_begin(seed, stream, 0), index / 4, out);
    return out[index % 4];
}

static uint64_t random_u64(uint64_t seed, uint64_t stream, uint64_t index) {
    uint32_t out[4];
    mlrt__philox(mlrt__philox_begin(seed, stream, 1), index / 2, out);
    const uint32_t *pair = out + 2 * (index % 2);
    return (uint64_t)pair[0] << 32 | pair[1];
}

double mlrt_random_f64(uint64_t seed, uint64_t stream, uint64_t index) {
    return (double)(random_u64(seed, stream, index) >> 11) * 0x1p-53;
}

void mlrt__random_pair(uint64_t seed, uint64_t stream, uint64_t block, double pair[2]) {
    uint32_t out[4];
    mlrt__philox(mlrt__philox_begin(seed, stream, 1), block, out);
    pair[0] = (double)(((uint64_t)out[0] << 32 | out[1]) >> 11) * 0x1p-53;
    pair[1] = (double)(((uint64_t)out[2] << 32 | out[3]) >> 11) * 0x1p-53;
}

/* Box and Muller 1958; 1 - u keeps the logarithm finite. */
double mlrt_random_gauss(uint64_t seed, uint64_t stream, uint64_t index) {
    double u[2];
    mlrt__random_pair(seed, stream, index, u);
    return sqrt(-2 * log(1 - u[0])) * cos(6.283185307179586476925 * u[1]);
}

/* The high half of a 64 x 64-bit product; its bias, below n / 2^64, cannot be seen. */
uint64_t mlrt_random_below(uint64_t seed, uint64_t stream, uint64_t index, uint64_t n) {
    return (uint64_t)(((unsigned __int128)random_u64(seed, stream, index) * n) >> 64);
}

void mlrt_random_shuffle(uint64_t seed, uint64_t stream, int64_t *items, int64_t count) {
    for (int64_t i = count - 1; i > 0; i--) {
        const int64_t j = (int64_t)mlrt_random_below(seed, stream, (uint64_t)i, (uint64_t)i + 1), swap = items[i];
        items[i] = items[j];
        items[j] = swap;
    }
}

/* FNV-1a. */
uint64_t mlrt_stream(const char *name) {
    uint64_t h = 0xcbf29ce484222325u;
    for (; *name; name++) h = (h ^ (uint8_t)*name) * 0x100000001b3u;
    return h;
}
