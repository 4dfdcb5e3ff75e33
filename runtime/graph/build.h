/* build.h - what the op files of this room share while they write shape rules and gradients. */
#ifndef MLRT__BUILD_H
#define MLRT__BUILD_H

#include "graph/ops.h"

/* Apply an op to one, two, three or four inputs. */
#define MLRT__APPLY(op, attr, ...)                                                                                     \
    mlrt_apply(mlrt__first((mlrt_node *[]){__VA_ARGS__})->graph, (op), (mlrt_node *[]){__VA_ARGS__},                   \
               (int32_t)(sizeof((mlrt_node *[]){__VA_ARGS__}) / sizeof(mlrt_node *)), (attr))
static inline mlrt_node *mlrt__first(mlrt_node **n) { return n[0]; }

/* A shape to put into attributes, which are compared as bytes: dimensions that are not in use are zero. */
static inline mlrt_shape mlrt__clean(mlrt_shape s) {
    for (int32_t i = s.rank < 0 ? 0 : s.rank; i < MLRT_MAX_RANK; i++) s.dim[i] = 0;
    return s;
}

/* NumPy broadcasting of b into shape; false when they do not fit. */
bool mlrt__broadcast_shapes(mlrt_shape *shape, const mlrt_shape *b);
/* Sum dy over the axes along which `shape` was broadcast: the gradient of broadcasting. */
mlrt_node *mlrt__sum_to(mlrt_node *dy, const mlrt_shape *shape);
/* An axis of x, negative ones resolved; fails the graph and returns -1 for one that x does not have. */
int32_t mlrt__axis_of(const mlrt_node *x, int32_t axis);
/* The constant value of a "full" node. */
bool mlrt__is_full(const mlrt_node *n, double *value);
mlrt_status mlrt__need_f32(const mlrt_node *n, mlrt_error *err);
mlrt_status mlrt__need_dtype(const mlrt_node *n, int32_t i, mlrt_dtype dtype, mlrt_error *err);
/* "op 'x': shapes [2, 3] and [4] do not fit" with why. */
mlrt_status mlrt__misfit(const mlrt_node *n, mlrt_error *err, const char *why);

#endif
