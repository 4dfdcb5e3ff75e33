/* move.h - copies elements from one strided place to another: all that shape ops do.
 *
 * A move is a nest of two operands, the destination first, cut into pieces that threads share. A piece is a plane: its
 * columns are the axis along which the destination lies in order, its rows the axis beside it, or the one along which
 * the source lies in order when that is another (a transposition, done in small squares that fit the registers).
 */
#ifndef MLRT__MOVE_H
#define MLRT__MOVE_H

#include "kernels/lanes.h"
#include "kernels/nest.h"

enum { TO, FROM };
enum { PIECE = 16384, TURNED_ROWS = 64, TURNED_COLUMNS = 256 }; /* elements */

typedef struct plane {
    int64_t rows, columns;
    int64_t to_row, to_column, from_row, from_column; /* strides */
} plane;

typedef void move_plane(void *to, const void *from, const plane *p);

/* The four ways through a plane, for elements of a size. */
#define MOVES(bits)                                                                                                    \
    static void copy_##bits(void *to, const void *from, const plane *p) {                                              \
        for (int64_t r = 0; r < p->rows; r++) {                                                                        \
            uint##bits##_t *y = (uint##bits##_t *)to + r * p->to_row;                                                  \
            const uint##bits##_t *x = (const uint##bits##_t *)from + r * p->from_row;                                  \
            _Pragma("omp simd") for (int64_t i = 0; i < p->columns; i++) y[i] = x[i];                                  \
        }                                                                                                              \
    }                                                                                                                  \
    static void repeat_##bits(void *to, const void *from, const plane *p) {                                            \
        for (int64_t r = 0; r < p->rows; r++) {                                                                        \
            uint##bits##_t *y = (uint##bits##_t *)to + r * p->to_row;                                                  \
            const uint##bits##_t x = ((const uint##bits##_t *)from)[r * p->from_row];                                  \
            _Pragma("omp simd") for (int64_t i = 0; i < p->columns; i++) y[i] = x;                                     \
        }                                                                                                              \
    }                                                                                                                  \
    static void stride_##bits(void *to, const void *from, const plane *p) {                                            \
        for (int64_t r = 0; r < p->rows; r++) {                                                                        \
            uint##bits##_t *y = (uint##bits##_t *)to + r * p->to_row;                                                  \
            const uint##bits##_t *x = (const uint##bits##_t *)from + r * p->from_row;                                  \
            for (int64_t i = 0; i < p->columns; i++) y[i * p->to_column] = x[i * p->from_column];                      \
        }                                                                                                              \
    }

MOVES(8)
MOVES(16)
MOVES(32)

#define TRANSPOSE(bits)                                                                                                \
    static void transpose_##bits(void *to, const void *from, const plane *p) {                                         \
        for (int64_t r = 0; r < p->rows; r++)                                                                          \
            for (int64_t i = 0; i < p->columns; i++)                                                                   \
                ((uint##bits##_t *)to)[r * p->to_row + i] = ((const uint##bits##_t *)from)[r + i * p->from_column];    \
    }
TRANSPOSE(8)
TRANSPOSE(16)

/* Squares of lanes; f32 stands for any four bytes. The next squares are fetched ahead, because no prefetcher sees that
 * they lie side by side. */
static void transpose_32(void *to, const void *from, const plane *p) {
    for (int64_t i = 0; i < p->columns; i += MLRT__LANES)
        for (int64_t r = 0; r < p->rows; r += MLRT__LANES) {
            const float *x = (const float *)from + r + i * p->from_column;
            float *y = (float *)to + r * p->to_row + i;
            const int64_t rows = p->rows - r, columns = p->columns - i;
            mlrt__lanes square[MLRT__LANES];
            for (int k = MLRT__LANES; k < 2 * MLRT__LANES; k++) {
                __builtin_prefetch(x + k * p->from_column);
                __builtin_prefetch(y + k * p->to_row, 1);
            }
#pragma GCC unroll 16
            for (int k = 0; k < MLRT__LANES; k++)
                square[k] = k < columns ? mlrt__load_some(x + k * p->from_column, rows) : (mlrt__lanes){0};
            mlrt__transpose_square(square);
#pragma GCC unroll 16
            for (int k = 0; k < MLRT__LANES; k++)
                if (k < rows) mlrt__store_some(y + k * p->to_row, square[k], columns);
        }
}

enum way { COPY, REPEAT, STRIDE, TRANSPOSE };
#define WAYS(bits)                                                                                                     \
    { copy_##bits, repeat_##bits, stride_##bits, transpose_##bits }
static move_plane *const move_of[5][4] = {[1] = WAYS(8), [2] = WAYS(16), [4] = WAYS(32)}; /* by bytes of an element */

typedef struct move {
    mlrt__nest nest; /* the last axis are the columns of a plane, the one before it the rows */
    int64_t to_first, from_first;
    int64_t rows, columns;                     /* of a whole piece */
    int64_t row_pieces, column_pieces, pieces; /* along the rows, along the columns, in all */
    size_t size;                               /* of an element, in bytes */
    move_plane *run;
} move;

/* The axis along which the source lies in order, when that is not the last, where the destination does. */
static inline int32_t turned_axis(const mlrt__nest *t) {
    const int32_t last = t->rank - 1;
    if (t->stride[TO][last] == 1 && t->stride[FROM][last] > 1)
        for (int32_t axis = 0; axis < last; axis++)
            if (t->stride[FROM][axis] == 1) return axis;
    return -1;
}

static inline int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }

static inline void move_plan(move *m) {
    mlrt__nest *t = &m->nest;
    mlrt__nest_collapse(t);
    if (t->rank == 1) mlrt__nest_copy_axis(t, t->rank++, 0), t->dim[0] = 1;
    const int32_t last = t->rank - 1, turned = turned_axis(t);
    if (turned >= 0) mlrt__nest_swap_axes(t, turned, last - 1);
    const enum way way = turned >= 0                  ? TRANSPOSE
                         : t->stride[TO][last] != 1   ? STRIDE
                         : t->stride[FROM][last] == 1 ? COPY
                         : t->stride[FROM][last] == 0 ? REPEAT
                                                      : STRIDE;
    m->run = move_of[m->size][way];
    m->columns = at_most(t->dim[last], way == TRANSPOSE ? TURNED_COLUMNS : PIECE);
    m->rows = at_most(t->dim[last - 1], way == TRANSPOSE ? TURNED_ROWS : 1 + (PIECE - 1) / m->columns);
    m->column_pieces = (t->dim[last] + m->columns - 1) / m->columns;
    m->row_pieces = (t->dim[last - 1] + m->rows - 1) / m->rows;
    m->pieces = m->row_pieces * m->column_pieces;
    for (int32_t axis = 0; axis < last - 1; axis++) m->pieces *= t->dim[axis];
}

static inline void move_piece(const move *m, void *to, const void *from, int64_t piece) {
    const mlrt__nest *t = &m->nest;
    const int32_t last = t->rank - 1;
    const int64_t column = piece % m->column_pieces * m->columns;
    const int64_t row = piece / m->column_pieces % m->row_pieces * m->rows;
    const plane p = {.rows = at_most(m->rows, t->dim[last - 1] - row),
                     .columns = at_most(m->columns, t->dim[last] - column),
                     .to_row = t->stride[TO][last - 1],
                     .to_column = t->stride[TO][last],
                     .from_row = t->stride[FROM][last - 1],
                     .from_column = t->stride[FROM][last]};
    int64_t to_at = m->to_first + row * p.to_row + column * p.to_column;
    int64_t from_at = m->from_first + row * p.from_row + column * p.from_column;
    int64_t outer = piece / m->column_pieces / m->row_pieces;
    for (int32_t axis = last - 2; axis >= 0; outer /= t->dim[axis--]) {
        to_at += outer % t->dim[axis] * t->stride[TO][axis];
        from_at += outer % t->dim[axis] * t->stride[FROM][axis];
    }
    m->run((char *)to + to_at * (int64_t)m->size, (const char *)from + from_at * (int64_t)m->size, &p);
}

#endif
