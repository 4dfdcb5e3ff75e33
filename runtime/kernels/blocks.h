/* blocks.h - large matrix products: blocks of both operands are laid out in panels that stay in cache, and a tile of results
 * stays in registers while a panel of each goes by.
 *
 *     y [m, n] = a [m, k] b [k, n]
 *
 * What the registers hold at once is a lane of 32 bits: one f32 number, or a pair of bf16 numbers that are neighbours along
 * k. A format says how large its tiles are, how it packs and how it multiplies; the order of the blocks is the same for all
 * (blocks.c). An element is summed in chunks of k that depend on k and the format alone, so results do not depend on the
 * number of threads.
 * Van Zee and van de Geijn, ACM Trans. Math. Softw. 41 (2015) 14, Fig. 1. */
#ifndef MLRT__BLOCKS_H
#define MLRT__BLOCKS_H

#include "kernels/matmul.h"

/* An operand: a with its rows, or b with its columns, as `outer`; strides in elements, one of which is 1. Pairs may be packed
 * from bf16 numbers: narrow ones. */
typedef struct mlrt__side {
    const void *data;
    int64_t outer, depth;
    bool narrow;
} mlrt__side;

/* What becomes of a sum when it is complete: y = activation(sum + bias). */
typedef struct mlrt__ending {
    const float *bias; /* of the tile's first column; NULL: none */
    const void *mask;  /* where it is not above 0, y is 0; as y lies; NULL: none */
    bool relu, narrow_mask;
} mlrt__ending;

typedef struct mlrt__tile_job {
    const void *a; /* a panel, or where it lies in memory */
    int64_t a_row; /* 0: a panel; else bytes from row to row */
    const float *b;
    int64_t lanes; /* of k */
    void *y;
    int64_t y_row;
    bool narrow_y;
    int32_t rows, columns;      /* that are there; the panels are filled up with zeros */
    const float *start;         /* added to the sums, row by row as y lies: NULL for nothing */
    const mlrt__ending *ending; /* NULL: the sum goes on */
} mlrt__tile_job;

typedef struct mlrt__format {
    const char *name;
    int32_t rows, columns; /* of a tile */
    int32_t pair;          /* elements of k in a lane: 1 or 2 */
    int32_t step;          /* lanes of k come in multiples of it */
    int32_t lanes;         /* of k in a block, at most */
    bool in_place;         /* narrow rows of a that lie along k need no panel, in whole tiles and steps */
    void (*begin)(void);   /* before and after a thread's work; may be NULL */
    void (*end)(void);
    /* `outers` rows or columns and `depth` elements of k, into panels of `lanes` lanes of k each. */
    void (*pack_a)(mlrt__side a, int64_t outers, int64_t depth, int64_t lanes, float *panels);
    void (*pack_b)(mlrt__side b, int64_t outers, int64_t depth, int64_t lanes, float *panels);
    void (*tile)(const mlrt__tile_job *t);
} mlrt__format;

/* f32 at a level of the CPU; bf16 as the CPU multiplies it, the fastest way first, NULL after the last. */
const mlrt__format *mlrt__format_f32(int32_t level);
const mlrt__format *mlrt__format_bf16(int32_t level, int32_t choice);

/* How a "matmul" node is multiplied; NULL: small enough to be left where it lies. */
const mlrt__format *mlrt__product_format(const mlrt_node *n);

/* Whether sums are complete when they are first written: only then may the results be narrow. */
bool mlrt__blocks_write_once(const mlrt__product *p, const mlrt__format *f);

/* A product of at least one element each way, by blocks. */
size_t mlrt__blocks_scratch(const mlrt__product *p, const mlrt__format *f, int32_t threads); /* bytes */
typedef struct mlrt__operands {
    const void *a, *b;
    const float *bias, *start; /* or NULL; start [batch, m, n] is added too, and may be y */
    const void *mask;          /* [batch, m, n], or NULL */
    void *y;
} mlrt__operands;

/* `room` is what the scratch memory is for: p, or the same with more rows of a, or more of what is summed. */
void mlrt__blocks_run(const mlrt__product *p, const mlrt__product *room, const mlrt__format *f, const mlrt__operands *o,
                      void *scratch);

#endif
