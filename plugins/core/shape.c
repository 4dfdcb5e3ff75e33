/* shape.c - what the classes ask of the shapes they are given. */
#include "core.h"

mlrt_node *core_expect_rank(mlrt_node *x, int32_t rank, const char *shape) {
    char got[MLRT_SHAPE_TEXT];
    if (mlrt_failed(x) || mlrt_rank(x) == rank) return x;
    return mlrt_graph_fail(mlrt_node_graph(x), MLRT_SHAPE, "expected %s, got %s", shape,
                           mlrt_shape_text(mlrt_node_shape(x), got, sizeof got));
}

/* The shape of x without a last dimension of 1. */
static mlrt_shape squeezed(const mlrt_node *x) {
    mlrt_shape s = *mlrt_node_shape(x);
    if (s.rank && s.dim[s.rank - 1] == 1) s.dim[--s.rank] = 0;
    return s;
}

bool core_match(mlrt_node **prediction, mlrt_node **target) {
    mlrt_node *p = *prediction, *t = *target;
    if (mlrt_failed(p) || mlrt_failed(t)) return false;
    if (mlrt_node_dtype(t) == MLRT_I32) t = mlrt_cast(t, MLRT_F32);
    if (!mlrt_shape_equal(mlrt_node_shape(p), mlrt_node_shape(t))) {
        const mlrt_shape a = squeezed(p), b = squeezed(t);
        if (!mlrt_shape_equal(&a, &b)) {
            char got[MLRT_SHAPE_TEXT], want[MLRT_SHAPE_TEXT];
            mlrt_graph_fail(mlrt_node_graph(p), MLRT_SHAPE, "prediction %s and target %s have different shapes",
                            mlrt_shape_text(mlrt_node_shape(p), got, sizeof got),
                            mlrt_shape_text(mlrt_node_shape(t), want, sizeof want));
            return false;
        }
        p = mlrt_reshape(p, a);
        t = mlrt_reshape(t, a);
    }
    *prediction = p;
    *target = t;
    return true;
}
