/* pool.c - maximum and mean over windows of an image [B, C, H, W], and their gradients.
 *
 * The padding is smaller than the window, so each window holds a part of the image. In a maximum the padding does not
 * count; in a mean it counts as zeros. */
#include "kernels/team.h"
#include <string.h>

/* The part of a window that lies on the image. */
typedef struct window {
    int64_t top, bottom, left, right;
} window;

/* One channel of one image. A forward pass goes from x to out, a backward pass from dy (and x) to out. */
typedef struct plane {
    const float *x, *dy;
    float *out;
    int64_t width;
    float share; /* of an element in a mean */
} plane;

/* What is done for the i-th window of a plane. */
typedef void visit(const plane *p, window w, int64_t i);

static inline int64_t clamp(int64_t i, int64_t n) { return i < 0 ? 0 : i < n ? i : n; }

static inline void each_window(const plane *p, const mlrt_shape *image, const mlrt_shape *windows,
                               const mlrt__pool_attr *attr, visit *f) {
    for (int64_t row = 0, i = 0; row < windows->dim[2]; row++)
        for (int64_t column = 0; column < windows->dim[3]; column++, i++) {
            const int64_t top = row * attr->stride - attr->padding, left = column * attr->stride - attr->padding;
            f(p,
              (window){clamp(top, image->dim[2]), clamp(top + attr->size, image->dim[2]), clamp(left, p->width),
                       clamp(left + attr->size, p->width)},
              i);
        }
}

/* x or dy is NULL where a kernel has none. */
static inline void each_plane(const mlrt_call *c, const mlrt_tensor *x, const mlrt_tensor *dy, int64_t first,
                              int64_t last, visit *f) {
    const mlrt__pool_attr *attr = c->attr;
    const mlrt_shape *image = x ? &x->shape : &c->out.shape, *windows = dy ? &dy->shape : &c->out.shape;
    const int64_t pixels = image->dim[2] * image->dim[3], results = windows->dim[2] * windows->dim[3];
    plane p = {.width = image->dim[3], .share = 1.0f / (float)(attr->size * attr->size)};
    for (int64_t k = first; k < last; k++) {
        p.x = x ? (const float *)x->data + k * pixels : NULL;
        p.dy = dy ? (const float *)dy->data + k * results : NULL;
        p.out = (float *)c->out.data + k * (dy ? pixels : results);
        if (dy) memset(p.out, 0, sizeof(float) * (size_t)pixels);
        each_window(&p, image, windows, attr, f);
    }
}

/* Where the first maximum of a window is; the first NaN, if there is one. */
static inline int64_t argmax(const plane *p, window w) {
    int64_t best = w.top * p->width + w.left;
    for (int64_t i = w.top; i < w.bottom; i++)
        for (int64_t j = w.left; j < w.right; j++) {
            const float v = p->x[i * p->width + j], most = p->x[best];
            if (v > most || (v != v && most == most)) best = i * p->width + j;
        }
    return best;
}

static inline void take_max(const plane *p, window w, int64_t i) { p->out[i] = p->x[argmax(p, w)]; }
static inline void give_max(const plane *p, window w, int64_t i) { p->out[argmax(p, w)] += p->dy[i]; }

static inline void take_mean(const plane *p, window w, int64_t i) {
    float sum = 0;
    for (int64_t row = w.top; row < w.bottom; row++)
        for (int64_t column = w.left; column < w.right; column++) sum += p->x[row * p->width + column];
    p->out[i] = sum * p->share;
}

static inline void give_mean(const plane *p, window w, int64_t i) {
    for (int64_t row = w.top; row < w.bottom; row++)
        for (int64_t column = w.left; column < w.right; column++)
            p->out[row * p->width + column] += p->dy[i] * p->share;
}

static void max_planes(const mlrt_call *c, int64_t first, int64_t last) {
    each_plane(c, &c->in[0], NULL, first, last, take_max);
}
static void avg_planes(const mlrt_call *c, int64_t first, int64_t last) {
    each_plane(c, &c->in[0], NULL, first, last, take_mean);
}
static void max_grad_planes(const mlrt_call *c, int64_t first, int64_t last) {
    each_plane(c, &c->in[0], &c->in[1], first, last, give_max);
}
static void avg_grad_planes(const mlrt_call *c, int64_t first, int64_t last) {
    each_plane(c, NULL, &c->in[0], first, last, give_mean);
}

/* windows: the tensor that has an element for each. */
static void run(const mlrt_call *c, const mlrt_tensor *windows, mlrt__part *part) {
    const mlrt__pool_attr *attr = c->attr;
    const mlrt_shape *s = &c->out.shape;
    mlrt__share(c, s->dim[0] * s->dim[1], (double)mlrt_shape_count(&windows->shape) * attr->size * attr->size, part);
}

static void run_max(const mlrt_call *c) { run(c, &c->out, max_planes); }
static void run_avg(const mlrt_call *c) { run(c, &c->out, avg_planes); }
static void run_max_grad(const mlrt_call *c) { run(c, &c->in[1], max_grad_planes); }
static void run_avg_grad(const mlrt_call *c) { run(c, &c->in[0], avg_grad_planes); }

const mlrt__kernel MLRT_KERNELS(pool)[] = {
    {"max_pool2d", .run = run_max},
    {"avg_pool2d", .run = run_avg},
    {"max_pool2d_grad", .run = run_max_grad},
    {"avg_pool2d_grad", .run = run_avg_grad},
    {0},
};
