/* nest.h - loop nests over operands with strides, collapsed to as few axes as possible. */
#ifndef MLRT__NEST_H
#define MLRT__NEST_H

#include "graph/ops.h"
#include <string.h>

enum { MLRT__NEST_OPERANDS = MLRT__FUSED_INPUTS };

/* Strides are in elements; 0 repeats an operand along the axis. */
typedef struct mlrt__nest {
    int32_t rank, operands;
    int64_t dim[MLRT_MAX_RANK];
    int64_t stride[MLRT__NEST_OPERANDS][MLRT_MAX_RANK];
} mlrt__nest;

/* Strides of a contiguous tensor seen through a larger shape, by NumPy's broadcasting rules. */
static inline void mlrt__broadcast_strides(const mlrt_shape *from, const mlrt_shape *to, int64_t *stride) {
    int64_t step = 1;
    for (int32_t to_axis = to->rank - 1, axis = from->rank - 1; to_axis >= 0; to_axis--, axis--) {
        const int64_t dim = axis >= 0 ? from->dim[axis] : 1;
        stride[to_axis] = dim == 1 ? 0 : step;
        step *= dim;
    }
}

static inline bool mlrt__nest_joins(const mlrt__nest *t, int32_t outer, int32_t inner) {
    for (int32_t i = 0; i < t->operands; i++)
        if (t->stride[i][outer] != t->stride[i][inner] * t->dim[inner]) return false;
    return true;
}

static inline void mlrt__nest_copy_axis(mlrt__nest *t, int32_t to, int32_t from) {
    t->dim[to] = t->dim[from];
    for (int32_t i = 0; i < t->operands; i++) t->stride[i][to] = t->stride[i][from];
}

static inline void mlrt__nest_swap_axes(mlrt__nest *t, int32_t a, int32_t b) {
    const mlrt__nest old = *t;
    for (int32_t i = 0; i < t->operands; i++) t->stride[i][a] = old.stride[i][b], t->stride[i][b] = old.stride[i][a];
    t->dim[a] = old.dim[b], t->dim[b] = old.dim[a];
}

/* Drop axes of one element and join neighbours that every operand passes through as one. At least one axis is left. */
static inline void mlrt__nest_collapse(mlrt__nest *t) {
    int32_t rank = 0;
    for (int32_t axis = 0; axis < t->rank; axis++) {
        if (t->dim[axis] == 1) continue;
        if (rank > 0 && mlrt__nest_joins(t, rank - 1, axis)) {
            const int64_t outer = t->dim[rank - 1];
            mlrt__nest_copy_axis(t, rank - 1, axis);
            t->dim[rank - 1] *= outer;
        } else
            mlrt__nest_copy_axis(t, rank++, axis);
    }
    if (rank == 0) {
        t->dim[rank++] = 1;
        for (int32_t i = 0; i < t->operands; i++) t->stride[i][0] = 0;
    }
    t->rank = rank;
}

#endif
