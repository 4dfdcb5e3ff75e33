/* norm.c - layer norm (Ba, Kiros, Hinton, arXiv:1607.06450) and RMS norm (Zhang, Sennrich, arXiv:1910.07467).
 *
 * Both are y = (x - mean) * scale * gain + bias along the last axis; RMS norm has neither mean nor bias. */
#include "kernels/lanes.h"
#include "kernels/team.h"
#include "kernels/vmath.h"
#include <math.h>
#include <string.h>

typedef struct moments {
    float mean, scale;
} moments;

/* Sums run in WAYS vectors side by side, because one addition waits for the one before. */
enum { WAYS = 4, STEP = WAYS * MLRT__LANES };

static inline float sum_of_ways(const mlrt__lanes s[WAYS]) { return mlrt__sum_lanes((s[0] + s[1]) + (s[2] + s[3])); }

static inline float sum_of(const float *x, int64_t n) {
    mlrt__lanes s[WAYS] = {0};
    int64_t i = 0;
    for (; i + STEP <= n; i += STEP)
#pragma GCC unroll 4
        for (int w = 0; w < WAYS; w++) s[w] += mlrt__load(x + i + w * MLRT__LANES);
    for (; i < n; i += MLRT__LANES) s[0] += mlrt__load_some(x + i, n - i);
    return sum_of_ways(s);
}

/* Of x - mean. */
static inline float squares_of(const float *x, float mean, int64_t n) {
    mlrt__lanes s[WAYS] = {0};
    int64_t i = 0;
    for (; i + STEP <= n; i += STEP)
#pragma GCC unroll 4
        for (int w = 0; w < WAYS; w++) {
            const mlrt__lanes d = mlrt__load(x + i + w * MLRT__LANES) - mean;
            s[w] += d * d;
        }
    for (; i < n; i += MLRT__LANES) {
        const mlrt__lanes d = mlrt__where(mlrt__live(n - i), mlrt__load_some(x + i, n - i) - mean);
        s[0] += d * d;
    }
    return sum_of_ways(s);
}

static inline moments moments_of(const float *x, int64_t n, double eps, bool centred) {
    const float mean = centred ? sum_of(x, n) / (float)n : 0.0f;
    return (moments){mean, 1.0f / sqrtf(squares_of(x, mean, n) / (float)n + (float)eps)};
}

static int64_t width_of(const mlrt_tensor *x) { return x->shape.dim[x->shape.rank - 1]; }
static int64_t rows_of(const mlrt_tensor *x) { return width_of(x) ? mlrt_shape_count(&x->shape) / width_of(x) : 0; }

/* ---- forward ---- */

/* Without centring there is no bias. */
static inline float element(const float *x, const float *gain, const float *bias, int64_t i, const moments *m) {
    return (x[i] - m->mean) * m->scale * gain[i] + (bias ? bias[i] : 0.0f);
}

static inline void forward_rows(const mlrt_call *c, int64_t first, int64_t last, bool centred) {
    const int64_t n = width_of(&c->in[0]);
    const double eps = ((const mlrt__norm_attr *)c->attr)->eps;
    const float *gain = c->in[1].data, *bias = centred ? c->in[2].data : NULL;
    const bool narrow = c->out.dtype == MLRT_BF16;
    for (int64_t r = first; r < last; r++) {
        const float *x = (const float *)c->in[0].data + r * n;
        const moments m = moments_of(x, n, eps, centred);
        float *y = (float *)c->out.data + r * n;
        uint16_t *z = (uint16_t *)c->out.data + r * n;
        if (narrow)
#pragma omp simd
            for (int64_t i = 0; i < n; i++) z[i] = mlrt__to_bf16(element(x, gain, bias, i, &m));
        else
#pragma omp simd
            for (int64_t i = 0; i < n; i++) y[i] = element(x, gain, bias, i, &m);
    }
}

static void layer_norm_rows(const mlrt_call *c, int64_t first, int64_t last) { forward_rows(c, first, last, true); }
static void rms_norm_rows(const mlrt_call *c, int64_t first, int64_t last) { forward_rows(c, first, last, false); }

static double work_of(const mlrt_call *c) { return 8 * (double)mlrt_shape_count(&c->in[0].shape); }

static void run_layer_norm(const mlrt_call *c) { mlrt__share(c, rows_of(&c->in[0]), work_of(c), layer_norm_rows); }
static void run_rms_norm(const mlrt_call *c) { mlrt__share(c, rows_of(&c->in[0]), work_of(c), rms_norm_rows); }

/* ---- backward: with h = gain * dy and z = (x - mean) * scale,
 *      dx = scale (h - <h> - z <h z>),  dgain = sum over rows of dy z,  dbias = sum over rows of dy,
 * where <h> is the mean along the axis (0 in RMS norm). The sums over rows are taken in fixed chunks, so that they do not
 * depend on the number of threads. ---- */

enum { CHUNK_ROWS = 16, MAX_CHUNKS = 32, ALIGN = 16 };

static int64_t chunks_of(int64_t rows) {
    const int64_t chunks = (rows + CHUNK_ROWS - 1) / CHUNK_ROWS;
    return chunks < MAX_CHUNKS ? chunks : MAX_CHUNKS;
}

static int64_t stride_of(int64_t n) { return (n + ALIGN - 1) / ALIGN * ALIGN; }

static inline void backward_row(const float *x, const float *gain, const float *dy, float *dx, float *dgain,
                                float *dbias, int64_t n, double eps, bool centred) {
    const moments m = moments_of(x, n, eps, centred);
    mlrt__lanes h_sum[2] = {0}, hz_sum[2] = {0};
    for (int64_t i = 0, way = 0; i < n; i += MLRT__LANES, way = !way) {
        const mlrt__lanes h = mlrt__load_some(gain + i, n - i) * mlrt__load_some(dy + i, n - i);
        h_sum[way] += h;
        hz_sum[way] += h * ((mlrt__load_some(x + i, n - i) - m.mean) * m.scale);
    }
    const float mean_h = centred ? mlrt__sum_lanes(h_sum[0] + h_sum[1]) / (float)n : 0.0f;
    const float mean_hz = mlrt__sum_lanes(hz_sum[0] + hz_sum[1]) / (float)n;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
        const float z = (x[i] - m.mean) * m.scale;
        dx[i] = m.scale * (gain[i] * dy[i] - mean_h - z * mean_hz);
        dgain[i] += dy[i] * z;
        if (centred) dbias[i] += dy[i];
    }
}

/* Chunks first .. last - 1: dx into the pack, the sums of each chunk into its place in the scratch memory. */
static inline void backward_chunks(const mlrt_call *c, int64_t first, int64_t last, bool centred) {
    const int64_t n = width_of(&c->in[0]), rows = rows_of(&c->in[0]), chunks = chunks_of(rows), stride = stride_of(n);
    const double eps = ((const mlrt__norm_attr *)c->attr)->eps;
    const float *x = c->in[0].data, *gain = c->in[1].data, *dy = c->in[2].data;
    for (int64_t k = first; k < last; k++) {
        float *dgain = (float *)c->scratch + 2 * k * stride, *dbias = dgain + stride;
        memset(dgain, 0, sizeof(float) * (size_t)(2 * stride));
        for (int64_t r = rows * k / chunks; r < rows * (k + 1) / chunks; r++)
            backward_row(x + r * n, gain, dy + r * n, (float *)c->out.data + r * n, dgain, dbias, n, eps, centred);
    }
}

static void layer_norm_chunks(const mlrt_call *c, int64_t first, int64_t last) {
    backward_chunks(c, first, last, true);
}
static void rms_norm_chunks(const mlrt_call *c, int64_t first, int64_t last) { backward_chunks(c, first, last, false); }

static void add_up(const float *partial, int64_t chunks, int64_t stride, float *sum) {
    memset(sum, 0, sizeof(float) * (size_t)stride);
    for (int64_t k = 0; k < chunks; k++)
#pragma omp simd
        for (int64_t i = 0; i < stride; i++) sum[i] += partial[2 * k * stride + i];
}

/* The parts of the pack start at multiples of ALIGN elements, as the partial sums do. */
static void run_backward(const mlrt_call *c, bool centred, mlrt__part *part) {
    const int64_t count = mlrt_shape_count(&c->node->in[0]->shape); /* there may be fewer rows than there is room for */
    const int64_t chunks = chunks_of(rows_of(&c->in[0]));
    const int64_t stride = stride_of(width_of(&c->in[0])), start = stride_of(count);
    float *pack = c->out.data;
    mlrt__share(c, chunks, 2 * work_of(c), part);
    memset(pack + count, 0, sizeof(float) * (size_t)(start - count));
    for (int i = 0; i < 1 + centred; i++)
        add_up((const float *)c->scratch + i * stride, chunks, stride, pack + start + i * stride);
}

static void run_layer_norm_grad(const mlrt_call *c) { run_backward(c, true, layer_norm_chunks); }
static void run_rms_norm_grad(const mlrt_call *c) { run_backward(c, false, rms_norm_chunks); }

static size_t backward_scratch(const mlrt_node *n, int32_t threads) {
    (void)threads;
    const mlrt_shape *x = &n->in[0]->shape;
    const int64_t width = x->dim[x->rank - 1], rows = width ? mlrt_shape_count(x) / width : 0;
    return sizeof(float) * (size_t)(2 * stride_of(width) * chunks_of(rows));
}

const mlrt__kernel MLRT_KERNELS(norm)[] = {
    {"layer_norm", .run = run_layer_norm},
    {"layer_norm_grad", .scratch = backward_scratch, .run = run_layer_norm_grad},
    {"rms_norm", .run = run_rms_norm},
    {"rms_norm_grad", .scratch = backward_scratch, .run = run_rms_norm_grad},
    {0},
};
