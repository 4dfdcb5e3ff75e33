/* random.c - random numbers of the step, drawn by counter: see base/random.h. */
#include "kernels/philox.h"
#include "kernels/team.h"
#include "kernels/vmath.h"

enum { BLOCKS = 128, TILE = 4 * BLOCKS };

static void draw(mlrt__philox_key key, int64_t first, uint32_t *bits) {
    for (int i = 0; i < BLOCKS; i += MLRT__WIDE)
        mlrt__philox_wide(key, (uint64_t)first / 4 + (uint64_t)i, bits + 4 * i);
}

/* Turns the random bits of one tile into `n` results. */
typedef void transform(const mlrt_call *c, const uint32_t *bits, int64_t first, int64_t n);

/* Tiles start at multiples of four elements, so any thread may take any of them. */
static inline void run_tiles(const mlrt_call *c, int64_t first, int64_t last, transform *f) {
    const int64_t count = mlrt_shape_count(&c->out.shape);
    const mlrt__philox_key key = mlrt__philox_begin(c->seed, c->stream, c->step);
    for (int64_t at = first * TILE; at < last * TILE && at < count; at += TILE) {
        uint32_t bits[TILE];
        draw(key, at, bits);
        f(c, bits, at, count - at < TILE ? count - at : TILE);
    }
}

static void uniform(const mlrt_call *c, const uint32_t *bits, int64_t first, int64_t n) {
    const mlrt__random_attr *attr = c->attr;
    const float low = (float)attr->a, width = (float)(attr->b - attr->a);
    float *y = (float *)c->out.data + first;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] = low + width * mlrt__unit_f32(bits[i]);
}

static void bernoulli(const mlrt_call *c, const uint32_t *bits, int64_t first, int64_t n) {
    const float p = (float)((const mlrt__random_attr *)c->attr)->a;
    float *y = (float *)c->out.data + first;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] = mlrt__unit_f32(bits[i]) < p ? 1.0f : 0.0f;
}

/* Box and Muller 1958; 1 - u keeps the logarithm finite. */
static void normal(const mlrt_call *c, const uint32_t *bits, int64_t first, int64_t n) {
    const mlrt__random_attr *attr = c->attr;
    const float mean = (float)attr->a, std = (float)attr->b;
    float *y = (float *)c->out.data + first, z[TILE];
#pragma omp simd
    for (int i = 0; i < TILE; i += 2) {
        const float radius = __builtin_sqrtf(-2.0f * mlrt__log(1.0f - mlrt__unit_f32(bits[i])));
        const float angle = 6.2831853f * mlrt__unit_f32(bits[i + 1]);
        z[i] = radius * mlrt__cos(angle);
        z[i + 1] = radius * mlrt__sin(angle);
    }
#pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] = mean + std * z[i];
}

static void uniform_tiles(const mlrt_call *c, int64_t first, int64_t last) { run_tiles(c, first, last, uniform); }

static void normal_tiles(const mlrt_call *c, int64_t first, int64_t last) { run_tiles(c, first, last, normal); }

static void bernoulli_tiles(const mlrt_call *c, int64_t first, int64_t last) { run_tiles(c, first, last, bernoulli); }

static void share_tiles(const mlrt_call *c, mlrt__part *part) {
    const int64_t count = mlrt_shape_count(&c->out.shape);
    mlrt__share(c, (count + TILE - 1) / TILE, 10 * (double)count, part);
}

static void run_uniform(const mlrt_call *c) { share_tiles(c, uniform_tiles); }
static void run_normal(const mlrt_call *c) { share_tiles(c, normal_tiles); }
static void run_bernoulli(const mlrt_call *c) { share_tiles(c, bernoulli_tiles); }

const mlrt__kernel MLRT_KERNELS(random)[] = {
    {"random_uniform", .run = run_uniform},
    {"random_normal", .run = run_normal},
    {"random_bernoulli", .run = run_bernoulli},
    {0},
};
