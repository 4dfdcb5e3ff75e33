/* conv.c - convolutions, pooling and their gradients against their definitions in double. */
#include "compare.h"

/* Images [batch, channels, height, width] under windows of kh x kw. */
typedef struct form {
    int64_t batch, channels, height, width, filters, kh, kw;
    int32_t stride, padding;
} form;

static int64_t windows(int64_t size, int64_t window, const form *f) {
    return (size + 2 * f->padding - window) / f->stride + 1;
}

static mlrt_shape x_shape(const form *f) { return MLRT_SHAPE_OF(f->batch, f->channels, f->height, f->width); }
static mlrt_shape w_shape(const form *f) { return MLRT_SHAPE_OF(f->filters, f->channels, f->kh, f->kw); }
static mlrt_shape y_shape(const form *f, int64_t channels) {
    return MLRT_SHAPE_OF(f->batch, channels, windows(f->height, f->kh, f), windows(f->width, f->kw, f));
}

static const char *text(const form *f) {
    static char line[160];
    snprintf(line, sizeof line, "[%d, %d, %d, %d] under %d of %d x %d, stride %d, padding %d", (int)f->batch,
             (int)f->channels, (int)f->height, (int)f->width, (int)f->filters, (int)f->kh, (int)f->kw, f->stride,
             f->padding);
    return line;
}

/* All that a product of a pixel with a weight takes part in: its places in x, weight and y. */
typedef void meet(void *context, int64_t x, int64_t w, int64_t y);

static void each_meeting(const form *f, meet *visit, void *context) {
    const mlrt_shape y = y_shape(f, f->filters);
    for (int64_t i = 0; i < mlrt_shape_count(&y); i++) {
        const int64_t column = i % y.dim[3], row = i / y.dim[3] % y.dim[2];
        const int64_t filter = i / (y.dim[3] * y.dim[2]) % f->filters, b = i / (y.dim[3] * y.dim[2]) / f->filters;
        for (int64_t c = 0; c < f->channels; c++)
            for (int64_t u = 0; u < f->kh; u++)
                for (int64_t v = 0; v < f->kw; v++) {
                    const int64_t r = row * f->stride - f->padding + u, s = column * f->stride - f->padding + v;
                    if (r < 0 || s < 0 || r >= f->height || s >= f->width) continue;
                    visit(context, ((b * f->channels + c) * f->height + r) * f->width + s,
                          ((filter * f->channels + c) * f->kh + u) * f->kw + v, i);
                }
    }
}

typedef struct sums {
    const double *x, *w, *dy;
    double *y, *dx, *dw;
} sums;

static void add(void *context, int64_t x, int64_t w, int64_t y) {
    const sums *s = context;
    s->y[y] += s->x[x] * s->w[w];
    s->dx[x] += s->dy[y] * s->w[w];
    s->dw[w] += s->dy[y] * s->x[x];
}

static double *zeros(mlrt_shape s) { return calloc((size_t)mlrt_shape_count(&s) + 1, sizeof(double)); }

/* op's result must be `want`; x and y are only borrowed. */
static void check_op(const char *op, const form *f, mlrt_shape out, mlrt_tensor a, mlrt_tensor b, mlrt_tensor bias,
                     const double *want) {
    mlrt__conv_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.stride = f->stride, attr.padding = f->padding, attr.shape = out;
    call c = {.op = op, .level = mlrt__cpu_level(), .attr = &attr, .in = {a, b, bias}, .inputs = bias.data ? 3 : 2};
    c.out = tensor(MLRT_F32, out);
    run_call(&c);
    is_near(&c, want, 1e-5, "%s%s: %s", op, bias.data ? " with bias" : "", text(f));
    free(c.out.data);
}

static void check_conv(const form *f) {
    const mlrt_shape ys = y_shape(f, f->filters);
    const mlrt_tensor x = uniform(x_shape(f), -1, 1), w = uniform(w_shape(f), -1, 1), dy = uniform(ys, -1, 1);
    const mlrt_tensor bias = uniform(MLRT_SHAPE_OF(f->filters), -1, 1), none = {0};
    double *xd = doubles(&x), *wd = doubles(&w), *dyd = doubles(&dy);
    sums s = {xd, wd, dyd, zeros(ys), zeros(x_shape(f)), zeros(w_shape(f))};
    each_meeting(f, add, &s);
    check_op("conv2d", f, ys, x, w, none, s.y);
    check_op("conv2d_grad_x", f, x_shape(f), w, dy, none, s.dx);
    check_op("conv2d_grad_w", f, w_shape(f), x, dy, none, s.dw);
    for (int64_t i = 0; i < mlrt_shape_count(&ys); i++)
        s.y[i] += (double)((float *)bias.data)[i / (ys.dim[2] * ys.dim[3]) % f->filters];
    check_op("conv2d", f, ys, x, w, bias, s.y);
    free(x.data), free(w.data), free(dy.data), free(bias.data);
    free(xd), free(wd), free(dyd), free(s.y), free(s.dx), free(s.dw);
}

/* ---- pooling ---- */

typedef struct pool {
    const double *x, *dy;
    double *y, *dx;
    int64_t *best;
    bool mean;
    double share;
} pool;

/* Pooling is a convolution with one filter a channel: here the channels are put into the batch. */
static void put(void *context, int64_t x, int64_t w, int64_t y) {
    pool *p = context;
    (void)w;
    if (p->mean) {
        p->y[y] += p->x[x] * p->share;
        p->dx[x] += p->dy[y] * p->share;
    } else if (p->best[y] < 0 || p->x[x] > p->x[p->best[y]]) {
        p->best[y] = x;
    }
}

static call pool_call(int32_t level, const form *f, bool mean, bool gradient, const mlrt__pool_attr *attr) {
    static const char *const name[2][2] = {{"max_pool2d", "max_pool2d_grad"}, {"avg_pool2d", "avg_pool2d_grad"}};
    call c = {.op = name[mean][gradient], .level = level, .attr = attr};
    const mlrt_shape x = x_shape(f), y = y_shape(f, f->channels);
    /* Few different values, so that there are ties. */
    if (!mean || !gradient) {
        c.in[c.inputs] = uniform(x, -8, 8);
        for (int64_t i = 0; i < mlrt_shape_count(&x); i++)
            ((float *)c.in[c.inputs].data)[i] = floorf(((float *)c.in[c.inputs].data)[i]);
        c.inputs++;
    }
    if (gradient) c.in[c.inputs++] = uniform(y, -1, 1);
    c.out = tensor(MLRT_F32, gradient ? x : y);
    return c;
}

static mlrt__pool_attr pool_attr(const form *f) {
    mlrt__pool_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.size = (int32_t)f->kh, attr.stride = f->stride, attr.padding = f->padding, attr.shape = x_shape(f);
    return attr;
}

static void check_pool(int32_t level, const form *f, bool mean) {
    const mlrt__pool_attr attr = pool_attr(f);
    call forward = pool_call(level, f, mean, false, &attr), backward = pool_call(level, f, mean, true, &attr);
    if (!mean) memcpy(backward.in[0].data, forward.in[0].data, mlrt_tensor_bytes(&forward.in[0]));
    run_call(&forward);
    run_call(&backward);
    const int64_t results = count_of(&forward.out);
    double *x = doubles(&forward.in[0]), *dy = doubles(&backward.in[backward.inputs - 1]);
    pool p = {x, dy, zeros(forward.out.shape), zeros(backward.out.shape), NULL, mean, 1.0 / (double)(f->kh * f->kh)};
    p.best = malloc(sizeof *p.best * (size_t)(results + 1));
    for (int64_t i = 0; i < results; i++) p.best[i] = -1;
    form flat = *f;
    flat.batch *= flat.channels, flat.channels = flat.filters = 1;
    each_meeting(&flat, put, &p);
    for (int64_t i = 0; i < results && !mean; i++) p.y[i] = x[p.best[i]], p.dx[p.best[i]] += dy[i];
    is_near(&forward, p.y, 1e-6, "%s: %s: %s", mlrt__level_name(level), forward.op, text(f));
    is_near(&backward, p.dx, 1e-6, "%s: %s", mlrt__level_name(level), backward.op);
    free_call(&forward), free_call(&backward);
    free(x), free(dy), free(p.y), free(p.dx), free(p.best);
}

static void check_nan(void) {
    const form f = {1, 1, 6, 6, 1, 2, 2, 2, 0};
    const mlrt__pool_attr attr = pool_attr(&f);
    for (int mean = 0; mean < 2; mean++) {
        call c = pool_call(mlrt__cpu_level(), &f, mean, false, &attr);
        ((float *)c.in[0].data)[7] = NAN;
        run_call(&c);
        int wrong = 0;
        for (int i = 0; i < 9; i++) wrong += isnan(((float *)c.out.data)[i]) != (i == 0);
        is_int(wrong, 0, "%s: NaN fills its window", c.op);
        free_call(&c);
    }
}

int main(void) {
    static const form conv[] = {
        {1, 1, 1, 1, 1, 1, 1, 1, 0},     {2, 3, 5, 7, 4, 3, 3, 1, 1},   {2, 3, 8, 9, 5, 3, 2, 2, 1},
        {3, 16, 14, 14, 32, 3, 3, 1, 1}, {1, 1, 28, 28, 6, 5, 5, 1, 0}, {2, 4, 6, 6, 3, 6, 6, 1, 0},
        {2, 5, 9, 9, 7, 1, 1, 3, 0},     {0, 3, 5, 5, 4, 3, 3, 1, 1},   {2, 0, 5, 5, 4, 3, 3, 1, 1}};
    for (size_t i = 0; i < sizeof conv / sizeof *conv; i++) check_conv(&conv[i]);
    static const form pools[] = {{1, 1, 1, 1, 1, 1, 1, 1, 0}, {2, 3, 6, 8, 1, 2, 2, 2, 0}, {2, 3, 7, 9, 1, 3, 3, 2, 1},
                                 {2, 3, 7, 7, 1, 3, 3, 1, 2}, {1, 2, 5, 5, 1, 2, 2, 3, 1}, {0, 3, 5, 5, 1, 2, 2, 1, 0}};
    for
        EACH_LEVEL(level)
    for (size_t i = 0; i < sizeof pools / sizeof *pools; i++)
        for (int mean = 0; mean < 2; mean++) check_pool(level, &pools[i], mean);
    check_nan();
    return done_testing();
}
