/* tile_bf16.c - the tiles of bf16 products: by dot products of pairs (AVX512_BF16), or by tile registers (AMX). */
#define PAIR 2
#include "kernels/tile.h"
#include <sys/syscall.h>
#include <unistd.h>

static void pack_a(mlrt__side a, int64_t outers, int64_t depth, int64_t lanes, float *panels) {
    pack_panels(a, outers, depth, lanes, panels, TILE_ROWS);
}

static void pack_b(mlrt__side b, int64_t outers, int64_t depth, int64_t lanes, float *panels) {
    pack_panels(b, outers, depth, lanes, panels, TILE_COLUMNS);
}

static const mlrt__format dot_products = {.name = "bf16",
                                          .rows = TILE_ROWS,
                                          .columns = TILE_COLUMNS,
                                          .pair = 2,
                                          .step = 1,
                                          .lanes = TILE_LANES,
                                          .pack_a = pack_a,
                                          .pack_b = pack_b,
                                          .tile = run_tile};

/* ---- AMX: registers of 16 rows of 16 lanes. Two by two of them hold 32 x 32 results; panels of a are made of blocks of
 * 32 rows by 16 lanes. ---- */

enum { SQUARE = 16, AMX_ROWS = 2 * SQUARE, AMX_COLUMNS = 2 * SQUARE, ROW_BYTES = 4 * SQUARE };
enum { SHORT = 4 * SQUARE }; /* lanes of k that are over before anything can be fetched */

/* The two squares of a panel at its row `first` and lane k. */
MLRT__INLINE void pack_squares(mlrt__side a, bool by_depth, int64_t first, int64_t outers, int64_t k, int64_t depth,
                               float *to) {
    for (int64_t o = first; o < first + AMX_ROWS; o += SQUARE, to += SQUARE * SQUARE) {
        mlrt__lanes v[SQUARE];
        load_square(a, by_depth, o, outers, k, depth, false, v);
#pragma GCC unroll 16
        for (int i = 0; i < SQUARE; i++) mlrt__store(to + i * SQUARE, v[i]);
    }
}

/* Both ways a is read as it lies in memory. */
MLRT__INLINE void pack_a_kind(mlrt__side a, int64_t outers, int64_t depth, int64_t lanes, float *to) {
    if (a.depth == 1)
        for (int64_t first = 0; first < outers; first += AMX_ROWS)
            for (int64_t k = 0; k < lanes; k += SQUARE)
                pack_squares(a, true, first, outers, k, depth, to + first * lanes + k * AMX_ROWS);
    else
        for (int64_t k = 0; k < lanes; k += SQUARE)
            for (int64_t first = 0; first < outers; first += AMX_ROWS)
                pack_squares(a, false, first, outers, k, depth, to + first * lanes + k * AMX_ROWS);
}

static void pack_a_amx(mlrt__side a, int64_t outers, int64_t depth, int64_t lanes, float *to) {
    if (a.narrow)
        pack_a_kind(kind_of(a, true), outers, depth, lanes, to);
    else
        pack_a_kind(kind_of(a, false), outers, depth, lanes, to);
}

static void begin_amx(void) {
    _Alignas(64) static const struct {
        uint8_t palette, start, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } layout = {.palette = 1, .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};
    _tile_loadconfig(&layout);
}

static void end_amx(void) { _tile_release(); }

/* A whole tile. */
MLRT__INLINE void end_whole(const mlrt__tile_job *t, const float (*sum)[AMX_COLUMNS], int kind) {
    for (int v = 0; v < 2; v++)
        for (int r = 0; r < AMX_ROWS; r++) put(t, r, v, mlrt__load(&sum[r][v * SQUARE]), SQUARE, kind);
}

/* Whole tiles of nothing but sums go straight to memory. */
MLRT__INLINE bool is_plain(const mlrt__tile_job *t) {
    return t->rows == AMX_ROWS && t->columns == AMX_COLUMNS && kind_of_end(t) == 0;
}

#define WHOLE_SQUARES(kind)                                                                                            \
    case kind: end_whole(t, sum, kind); return;

static void end_tile(const mlrt__tile_job *t, const float (*sum)[AMX_COLUMNS]) {
    if (t->rows == AMX_ROWS && t->columns == AMX_COLUMNS) switch (kind_of_end(t)) {
            EACH_END(WHOLE_SQUARES)
        }
    for (int r = 0; r < t->rows; r++)
        for (int v = 0; v < 2; v++) put_part(t, r, v, mlrt__load(&sum[r][v * SQUARE]));
}

/* Half a square of the next step's b, between loads of tiles. */
MLRT__INLINE void fetch_half(const char *b, int first) {
#pragma GCC unroll 8
    for (int line = first; line < first + 8; line++) _mm_prefetch(b + line * ROW_BYTES, _MM_HINT_T0);
}

static void run_tile_amx(const mlrt__tile_job *t) {
    _Alignas(64) float sum[AMX_ROWS][AMX_COLUMNS];
    enum { B_ROW = AMX_COLUMNS * 4 };
    const char *a = t->a, *b = (const char *)t->b;
    const int64_t a_row = t->a_row ? t->a_row : ROW_BYTES, a_next = t->a_row ? ROW_BYTES : 2 * SQUARE * ROW_BYTES;
    const bool plain = is_plain(t);
    float *const to = plain ? t->y : &sum[0][0];
    const int64_t to_row = plain ? t->y_row : AMX_COLUMNS;
    if (t->lanes > SHORT) fetch_results(t, AMX_COLUMNS);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t k = 0; k < t->lanes; k += SQUARE, a += a_next, b += SQUARE * B_ROW) {
        const char *ahead = b + SQUARE * B_ROW;
        fetch_half(ahead, 0);
        _tile_loadd(4, a, a_row);
        fetch_half(ahead, 8);
        _tile_loadd(6, b, B_ROW);
        fetch_half(ahead, 16);
        _tile_loadd(5, a + SQUARE * a_row, a_row);
        fetch_half(ahead, 24);
        _tile_loadd(7, b + ROW_BYTES, B_ROW);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, to, to_row * 4);
    _tile_stored(1, to + SQUARE, to_row * 4);
    _tile_stored(2, to + SQUARE * to_row, to_row * 4);
    _tile_stored(3, to + SQUARE * to_row + SQUARE, to_row * 4);
    if (!plain) end_tile(t, sum);
}

static const mlrt__format tile_registers = {.name = "amx",
                                            .rows = AMX_ROWS,
                                            .columns = AMX_COLUMNS,
                                            .pair = 2,
                                            .step = SQUARE,
                                            .lanes = 512,
                                            .in_place = true,
                                            .begin = begin_amx,
                                            .end = end_amx,
                                            .pack_a = pack_a_amx,
                                            .pack_b = pack_b,
                                            .tile = run_tile_amx};

/* Linux gives tile registers to processes that ask for them. */
static bool may_use_tiles(void) {
    enum { REQUEST = 0x1023, TILE_DATA = 18 };
    return syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0;
}

extern const mlrt__format *mlrt__format_bf16_x86(int32_t choice);

const mlrt__format *mlrt__format_bf16_x86(int32_t choice) {
    const bool tiles = __builtin_cpu_supports("amx-bf16") && __builtin_cpu_supports("amx-tile") && may_use_tiles();
    if (tiles && choice-- == 0) return &tile_registers;
    return __builtin_cpu_supports("avx512bf16") && choice == 0 ? &dot_products : NULL;
}
