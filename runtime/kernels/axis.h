/* axis.h - a tensor seen as [outer, n, inner] around some of its axes. */
#ifndef MLRT__AXIS_H
#define MLRT__AXIS_H

#include <mlrt/tensor.h>

typedef struct mlrt__around {
    int64_t outer, n, inner;
} mlrt__around;

/* n: `axes` axes from `axis` on. */
static inline mlrt__around mlrt__around_axis(const mlrt_shape *s, int32_t axis, int32_t axes) {
    mlrt__around a = {1, 1, 1};
    for (int32_t i = 0; i < axis; i++) a.outer *= s->dim[i];
    for (int32_t i = axis; i < axis + axes; i++) a.n *= s->dim[i];
    for (int32_t i = axis + axes; i < s->rank; i++) a.inner *= s->dim[i];
    return a;
}

#endif
