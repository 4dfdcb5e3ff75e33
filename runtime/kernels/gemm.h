/* gemm.h - matrix products in registers, on one thread: b is laid out in panels of COLUMNS columns, and tiles of ROWS x
 * COLUMNS results stay in registers while the rows of a panel go by.
 *
 * Operands have strides in elements, so any of them may be a transpose or a part of something larger. */
#ifndef MLRT__GEMM_H
#define MLRT__GEMM_H

#include "kernels/lanes.h"
#include <stdbool.h>

enum { MLRT__COLUMNS = 2 * MLRT__LANES, MLRT__ROWS = MLRT__LANES == 16 ? 12 : 6 };

/* A read-only matrix. */
typedef struct mlrt__operand {
    const float *data;
    int64_t row, column;
} mlrt__operand;

/* How a product is begun and ended. */
typedef struct mlrt__finish {
    const float *bias;     /* added to every row; NULL: none */
    const float *row_bias; /* or to every column */
    bool add;              /* to what y holds, instead of a bias or 0 */
    bool relu;
} mlrt__finish;

typedef struct mlrt__tile {
    mlrt__operand a;
    const float *b; /* rows of a panel */
    float *y;
    int64_t depth, columns, b_row, y_row;
    mlrt__finish finish;
} mlrt__tile;

/* Lanes of vector v that are results: all of them when the tile is whole. */
MLRT__INLINE mlrt__lanes mlrt__tile_load(const float *p, bool whole, int64_t left) {
    return whole ? mlrt__load(p) : mlrt__load_part(p, left);
}
MLRT__INLINE void mlrt__tile_store(float *p, mlrt__lanes x, bool whole, int64_t left) {
    if (whole)
        mlrt__store(p, x);
    else
        mlrt__store_part(p, x, left);
}

/* rows, vectors and whole are constants at every call, so that the sums are registers. */
MLRT__INLINE void mlrt__run_tile(const mlrt__tile *t, int rows, int vectors, bool whole) {
    mlrt__lanes sum[MLRT__ROWS][2] = {0};
    const int64_t left[2] = {t->columns < MLRT__LANES ? t->columns : MLRT__LANES, t->columns - MLRT__LANES};
    const mlrt__finish finish = t->finish;
    float *const y = t->y;
    const int64_t y_row = t->y_row;
    if (finish.add) {
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++)
                sum[r][v] = mlrt__tile_load(y + r * y_row + v * MLRT__LANES, whole, left[v]);
    } else if (finish.bias) {
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) {
            const mlrt__lanes bias = mlrt__tile_load(finish.bias + v * MLRT__LANES, whole, left[v]);
#pragma GCC unroll 12
            for (int r = 0; r < rows; r++) sum[r][v] = bias;
        }
    } else if (finish.row_bias) {
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) sum[r][v] += finish.row_bias[r];
    }
    const float *a = t->a.data, *b = t->b;
    for (int64_t k = 0; k < t->depth; k++, a += t->a.column, b += t->b_row) {
        mlrt__lanes x[2];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) x[v] = mlrt__load(b + v * MLRT__LANES);
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) sum[r][v] += a[r * t->a.row] * x[v];
    }
    if (finish.relu) {
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) sum[r][v] = mlrt__relu_lanes(sum[r][v]);
    }
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) mlrt__tile_store(y + r * y_row + v * MLRT__LANES, sum[r][v], whole, left[v]);
}

#if MLRT__LANES == 16
#    define MLRT__TILES(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#else
#    define MLRT__TILES(X) X(1) X(2) X(3) X(4) X(5) X(6)
#endif

#define MLRT__TILE(rows)                                                                                               \
    static void mlrt__tile_##rows(const mlrt__tile *t) {                                                               \
        if (t->columns == MLRT__COLUMNS)                                                                               \
            mlrt__run_tile(t, rows, 2, true);                                                                          \
        else if (t->columns > MLRT__LANES)                                                                             \
            mlrt__run_tile(t, rows, 2, false);                                                                         \
        else                                                                                                           \
            mlrt__run_tile(t, rows, 1, false);                                                                         \
    }
MLRT__TILES(MLRT__TILE)

#define MLRT__TILE_NAME(rows) mlrt__tile_##rows,
static void (*const mlrt__tile_of[])(const mlrt__tile *) = {NULL, MLRT__TILES(MLRT__TILE_NAME)};

/* All m rows of the results that t->b, t->y and the rest of t describe. */
static inline void mlrt__run_panel(mlrt__tile *t, int64_t m) {
    const mlrt__tile whole = *t;
    for (int64_t i = 0; i < m; i += MLRT__ROWS) {
        t->a.data = whole.a.data + i * t->a.row;
        t->y = whole.y + i * t->y_row;
        if (whole.finish.row_bias) t->finish.row_bias = whole.finish.row_bias + i;
        mlrt__tile_of[m - i < MLRT__ROWS ? m - i : MLRT__ROWS](t);
    }
    *t = whole;
}

/* depth rows and up to COLUMNS columns of b, filled up with zeros to whole vectors. */
static inline void mlrt__pack_panel(mlrt__operand b, int64_t depth, int64_t columns, float *panel) {
    if (b.column != 1) {
        mlrt__transpose(b.data, b.column, panel, MLRT__COLUMNS, columns, depth);
        return;
    }
    for (int64_t k = 0; k < depth; k++)
        for (int64_t j = 0; j < columns; j += MLRT__LANES)
            mlrt__store(panel + k * MLRT__COLUMNS + j, mlrt__load_some(b.data + k * b.row + j, columns - j));
}

#endif
