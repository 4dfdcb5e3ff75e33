/* lanes.c - bf16 by vectors: the same bits as one by one, whole vectors and parts of them. */
#include "kernels/lanes.h"
#include "kernels/vmath.h"
#include "tap.h"
#include <string.h>

/* Lower halves around a tie, and a few others. */
static const uint32_t lower[] = {0, 1, 0x7fff, 0x8000, 0x8001, 0x3039, 0xffff};
enum { LOWER = sizeof lower / sizeof *lower };

static float number(uint32_t bits) { return mlrt__from_bits((int32_t)bits); }

/* All upper halves, of NaN and infinities and denormals too, with some lower ones. */
static void test_store(void) {
    int32_t wrong = 0;
    for (uint32_t upper = 0; upper <= 0xffff; upper += MLRT__LANES)
        for (int32_t k = 0; k < LOWER; k++) {
            float x[MLRT__LANES];
            uint16_t y[MLRT__LANES];
            for (uint32_t i = 0; i < MLRT__LANES; i++) x[i] = number((upper + i) << 16 | lower[k]);
            mlrt__store_bf16(y, mlrt__load(x), MLRT__LANES);
            for (uint32_t i = 0; i < MLRT__LANES; i++) wrong += y[i] != mlrt__to_bf16(x[i]);
        }
    is_int(wrong, 0, "f32 to bf16 has the bits of mlrt__to_bf16");
}

static void test_load(void) {
    int32_t wrong = 0;
    for (uint32_t upper = 0; upper <= 0xffff; upper += MLRT__LANES) {
        uint16_t x[MLRT__LANES];
        float y[MLRT__LANES];
        for (uint32_t i = 0; i < MLRT__LANES; i++) x[i] = (uint16_t)(upper + i);
        mlrt__store(y, mlrt__load_bf16(x, MLRT__LANES));
        for (uint32_t i = 0; i < MLRT__LANES; i++) wrong += mlrt__bits(y[i]) != mlrt__bits(mlrt__from_bf16(x[i]));
    }
    is_int(wrong, 0, "and bf16 to f32 those of mlrt__from_bf16");
}

static void test_parts(void) {
    float x[MLRT__LANES];
    for (int32_t i = 0; i < MLRT__LANES; i++) x[i] = (float)(i + 1);
    for (int64_t n = 1; n <= MLRT__LANES; n++) {
        uint16_t y[MLRT__LANES + 1], z[MLRT__LANES + 1];
        memset(y, 0x5a, sizeof y), memset(z, 0x5a, sizeof z);
        mlrt__store_bf16(y, mlrt__load(x), n);
        for (int64_t i = 0; i < n; i++) z[i] = mlrt__to_bf16(x[i]);
        ok(memcmp(y, z, sizeof y) == 0, "%d numbers are stored, and nothing behind them", (int)n);
    }
}

int main(void) {
    test_store();
    test_load();
    test_parts();
    return done_testing();
}
