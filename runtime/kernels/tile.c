/* tile.c - the tiles of f32 products at each CPU level. */
#include "kernels/tile.h"

static void pack_a(mlrt__side a, int64_t outers, int64_t depth, int64_t lanes, float *panels) {
    pack_panels(a, outers, depth, lanes, panels, TILE_ROWS);
}

static void pack_b(mlrt__side b, int64_t outers, int64_t depth, int64_t lanes, float *panels) {
    pack_panels(b, outers, depth, lanes, panels, TILE_COLUMNS);
}

#define FORMAT_(level) mlrt__format_f32##level
#define FORMAT(level)  FORMAT_(level)

const mlrt__format FORMAT(MLRT_LEVEL) = {.name = "f32",
                                         .rows = TILE_ROWS,
                                         .columns = TILE_COLUMNS,
                                         .pair = 1,
                                         .step = 1,
                                         .lanes = TILE_LANES,
                                         .pack_a = pack_a,
                                         .pack_b = pack_b,
                                         .tile = run_tile};
