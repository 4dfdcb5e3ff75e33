/* rotate.c - pairs of features turned by their position's angle: Su et al., arXiv:2104.09864, Eq. 34. */
#include "kernels/team.h"

/* One head; x may be y. */
static inline void rotate(const float *x, const float *table, float *y, int64_t pairs, float sign) {
#pragma omp simd
    for (int64_t i = 0; i < pairs; i++) {
        const float x0 = x[2 * i], x1 = x[2 * i + 1], c = table[2 * i], s = sign * table[2 * i + 1];
        y[2 * i] = c * x0 - s * x1;
        y[2 * i + 1] = s * x0 + c * x1;
    }
}

static void rotate_rows(const mlrt_call *c, int64_t first, int64_t last) {
    const mlrt_shape *shape = &c->out.shape, *table = &c->in[1].shape;
    const int64_t width = shape->dim[shape->rank - 1], rows = shape->dim[shape->rank - 2], head = 2 * table->dim[1];
    const float sign = ((const mlrt__rotate_attr *)c->attr)->transposed ? -1.0f : 1.0f;
    for (int64_t r = first; r < last; r++)
        for (int64_t h = r * width; h < (r + 1) * width; h += head)
            rotate((const float *)c->in[0].data + h, (const float *)c->in[1].data + r % rows * head,
                   (float *)c->out.data + h, head / 2, sign);
}

static void run_rotate(const mlrt_call *c) {
    const mlrt_shape *shape = &c->out.shape;
    const int64_t count = mlrt_shape_count(shape);
    if (count > 0) mlrt__share(c, count / shape->dim[shape->rank - 1], 2 * (double)count, rotate_rows);
}

const mlrt__kernel MLRT_KERNELS(rotate)[] = {
    {"rotate", .run = run_rotate},
    {0},
};
