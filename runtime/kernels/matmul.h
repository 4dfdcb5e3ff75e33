/* matmul.h - what a matrix product is made of, between the files that run it. */
#ifndef MLRT__MATMUL_H
#define MLRT__MATMUL_H

#include "kernels/kernel.h"

/* Where the elements of an operand lie, strides in elements, and what they are: f32, or narrow ones, bf16. */
typedef struct mlrt__matrix {
    int64_t batch, row, column;
    bool narrow;
} mlrt__matrix;

/* `batch` products y [m, n] = a [m, k] b [k, n] (+ bias [n]); the results are contiguous. */
typedef struct mlrt__product {
    int64_t batch, m, n, k;
    mlrt__matrix a, b;
    bool relu;
    bool narrow_y, narrow_mask; /* results, or the numbers that mask them, are bf16 */
} mlrt__product;

/* Of a "matmul" node. A shared b makes one long product of all rows of a. */
mlrt__product mlrt__product_of(const mlrt_node *n);

/* c->state of "matmul" begins with the product; this row runs it without oneDNN, each product on one thread. */
#define MLRT__SMALL_MATMUL "small_matmul"

#endif
