/* speed.c - how fast the kernels are, each as a fraction of copying its bytes; not a test. Arguments: level, threads. */
#include "call.h"

enum { RUNS = 40, OPERANDS = 4 };

static const mlrt__fused_attr one[MLRT__EW_COUNT] = {
#define X(name, inputs) [MLRT__EW_##name] = {.steps = 1, .step = {{MLRT__EW_##name, {0, 1, 2}}}},
    MLRT__ELEMENTWISE(X)
#undef X
};

/* relu(x + bias). */
static const mlrt__fused_attr bias_relu = {.steps = 2, .step = {{MLRT__EW_add, {0, 1}}, {MLRT__EW_relu, {2}}}};

static const mlrt__fused_attr dropping = {.steps = 1, .step = {{.code = MLRT__EW_dropout}}, .dropout = {.p = 0.1}};

#define ROWS(r, c)                                                                                                     \
    {                                                                                                                  \
        2, { r, c }                                                                                                    \
    }
enum { BIG = 1 << 20 };

static const struct row {
    const char *name, *op;
    const void *attr;
    mlrt_dtype dtype; /* of the result */
    mlrt_shape out, in[OPERANDS];
    int32_t inputs, index, range; /* input `index` - 1 has integers below `range` */
} rows[] = {
    {"x + y", "fused", &one[MLRT__EW_add], MLRT_F32, {1, {BIG}}, {{1, {BIG}}, {1, {BIG}}}, 2, 0, 0},
    {"x + y, 64 kB", "fused", &one[MLRT__EW_add], MLRT_F32, {1, {16384}}, {{1, {16384}}, {1, {16384}}}, 2, 0, 0},
    {"x + y, 4 kB", "fused", &one[MLRT__EW_add], MLRT_F32, {1, {1024}}, {{1, {1024}}, {1, {1024}}}, 2, 0, 0},
    {"relu(x + bias)", "fused", &bias_relu, MLRT_F32, ROWS(2048, 512), {ROWS(2048, 512), {1, {512}}}, 2, 0, 0},
    {"x * column", "fused", &one[MLRT__EW_mul], MLRT_F32, ROWS(16384, 64), {ROWS(16384, 64), ROWS(16384, 1)}, 2, 0, 0},
    {"x * column of 8",
     "fused",
     &one[MLRT__EW_mul],
     MLRT_F32,
     ROWS(131072, 8),
     {ROWS(131072, 8), ROWS(131072, 1)},
     2,
     0,
     0},
    {"gelu", "fused", &one[MLRT__EW_gelu], MLRT_F32, {1, {BIG}}, {{1, {BIG}}}, 1, 0, 0},
    {"gelu_slope", "fused", &one[MLRT__EW_gelu_slope], MLRT_F32, {1, {BIG}}, {{1, {BIG}}}, 1, 0, 0},
    {"silu_slope", "fused", &one[MLRT__EW_silu_slope], MLRT_F32, {1, {BIG}}, {{1, {BIG}}}, 1, 0, 0},
    {"where", "fused", &one[MLRT__EW_where], MLRT_F32, {1, {BIG}}, {{1, {BIG}}, {1, {BIG}}, {1, {BIG}}}, 3, 0, 0},
    {"exp", "fused", &one[MLRT__EW_exp], MLRT_F32, {1, {BIG}}, {{1, {BIG}}}, 1, 0, 0},
    {"log", "fused", &one[MLRT__EW_log], MLRT_F32, {1, {BIG}}, {{1, {BIG}}}, 1, 0, 0},
    {"tanh", "fused", &one[MLRT__EW_tanh], MLRT_F32, {1, {BIG}}, {{1, {BIG}}}, 1, 0, 0},
    {"sigmoid", "fused", &one[MLRT__EW_sigmoid], MLRT_F32, {1, {BIG}}, {{1, {BIG}}}, 1, 0, 0},
    {"softplus", "fused", &one[MLRT__EW_softplus], MLRT_F32, {1, {BIG}}, {{1, {BIG}}}, 1, 0, 0},
    {"erf", "fused", &one[MLRT__EW_erf], MLRT_F32, {1, {BIG}}, {{1, {BIG}}}, 1, 0, 0},
    {"sin", "fused", &one[MLRT__EW_sin], MLRT_F32, {1, {BIG}}, {{1, {BIG}}}, 1, 0, 0},
    {"pow", "fused", &one[MLRT__EW_pow], MLRT_F32, {1, {BIG}}, {{1, {BIG}}, {1, {BIG}}}, 2, 0, 0},
    {"i32 to f32", "fused", &one[MLRT__EW_cast], MLRT_F32, {1, {BIG}}, {{1, {BIG}}}, 1, 1, 100},
    {"sum of all", "sum", &(mlrt__axis_attr){0, 1}, MLRT_F32, {0}, {{1, {BIG}}}, 1, 0, 0},
    {"sum of rows of 1024", "sum", &(mlrt__axis_attr){1, 1}, MLRT_F32, {1, {1024}}, {ROWS(1024, 1024)}, 1, 0, 0},
    {"sum of rows of 64", "sum", &(mlrt__axis_attr){1, 1}, MLRT_F32, {1, {16384}}, {ROWS(16384, 64)}, 1, 0, 0},
    {"sum of rows of 8", "sum", &(mlrt__axis_attr){1, 1}, MLRT_F32, {1, {131072}}, {ROWS(131072, 8)}, 1, 0, 0},
    {"sum of 512 columns", "sum", &(mlrt__axis_attr){0, 1}, MLRT_F32, {1, {512}}, {ROWS(2048, 512)}, 1, 0, 0},
    {"sum of 16 columns", "sum", &(mlrt__axis_attr){0, 1}, MLRT_F32, {1, {16}}, {ROWS(65536, 16)}, 1, 0, 0},
    {"sum of 3 columns", "sum", &(mlrt__axis_attr){0, 1}, MLRT_F32, {1, {3}}, {ROWS(300000, 3)}, 1, 0, 0},
    {"max of rows of 1024", "max_reduce", &(mlrt__axis_attr){1, 1}, MLRT_F32, {1, {1024}}, {ROWS(1024, 1024)}, 1, 0, 0},
    {"argmax of rows of 1024", "argmax", &(mlrt__axis_attr){1, 1}, MLRT_I32, {1, {1024}}, {ROWS(1024, 1024)}, 1, 0, 0},
    {"transpose 1024 x 1024",
     "transpose",
     &(mlrt__perm_attr){{1, 0}},
     MLRT_F32,
     ROWS(1024, 1024),
     {ROWS(1024, 1024)},
     1,
     0,
     0},
    {"transpose 512 x 128",
     "transpose",
     &(mlrt__perm_attr){{1, 0}},
     MLRT_F32,
     ROWS(128, 512),
     {ROWS(512, 128)},
     1,
     0,
     0},
    {"transpose 300000 x 3",
     "transpose",
     &(mlrt__perm_attr){{1, 0}},
     MLRT_F32,
     ROWS(3, 300000),
     {ROWS(300000, 3)},
     1,
     0,
     0},
    {"heads",
     "transpose",
     &(mlrt__perm_attr){{0, 2, 1, 3}},
     MLRT_F32,
     {4, {16, 8, 128, 64}},
     {{4, {16, 128, 8, 64}}},
     1,
     0,
     0},
    {"heads of 16",
     "transpose",
     &(mlrt__perm_attr){{0, 2, 1, 3}},
     MLRT_F32,
     {4, {16, 8, 512, 16}},
     {{4, {16, 512, 8, 16}}},
     1,
     0,
     0},
    {"slice", "slice", &(mlrt__slice_attr){1, 0, 256, 512, 1}, MLRT_F32, ROWS(2048, 256), {ROWS(2048, 768)}, 1, 0, 0},
    {"concat",
     "concat",
     &(mlrt__axis_attr){1, 0},
     MLRT_F32,
     ROWS(2048, 512),
     {ROWS(2048, 256), ROWS(2048, 256)},
     2,
     0,
     0},
    {"gather rows of 128", "gather", NULL, MLRT_F32, ROWS(8192, 128), {ROWS(10000, 128), {1, {8192}}}, 2, 2, 10000},
    {"gather numbers", "gather", NULL, MLRT_F32, {1, {BIG}}, {{1, {10000}}, {1, {BIG}}}, 2, 2, 10000},
    {"scatter rows of 128",
     "scatter_add",
     &(mlrt__rows_attr){10000},
     MLRT_F32,
     ROWS(10000, 128),
     {{1, {8192}}, ROWS(8192, 128)},
     2,
     1,
     10000},
    {"take along rows",
     "take_along",
     &(mlrt__axis_attr){1, 0},
     MLRT_F32,
     ROWS(1024, 1024),
     {ROWS(1024, 1024), ROWS(1024, 1024)},
     2,
     2,
     1024},
    {"argsort rows of 1024",
     "argsort",
     &(mlrt__axis_attr){1, 0},
     MLRT_I32,
     ROWS(1024, 1024),
     {ROWS(1024, 1024)},
     1,
     0,
     0},
    {"cumsum rows of 1024",
     "cumsum",
     &(mlrt__axis_attr){1, 0},
     MLRT_F32,
     ROWS(1024, 1024),
     {ROWS(1024, 1024)},
     1,
     0,
     0},
    {"uniform", "random_uniform", &(mlrt__random_attr){.a = 0, .b = 1}, MLRT_F32, {1, {BIG}}, {{0}}, 0, 0, 0},
    {"normal", "random_normal", &(mlrt__random_attr){.a = 0, .b = 1}, MLRT_F32, {1, {BIG}}, {{0}}, 0, 0, 0},
    {"dropout", "fused", &dropping, MLRT_F32, {1, {BIG}}, {{1, {BIG}}}, 1, 0, 0},
};

/* Seconds to copy so many bytes, read and written, on one thread. */
static double copy_seconds(size_t bytes) {
    char *from = mlrt__alloc_large(bytes / 2 + 64), *to = mlrt__alloc_large(bytes / 2 + 64);
    double best = INFINITY;
    for (int i = 0; i < RUNS; i++) {
        const double before = thread_seconds();
        memcpy(to, from, bytes / 2);
        best = fmin(best, thread_seconds() - before);
        from[i] = to[i + 1];
    }
    mlrt__free_large(from), mlrt__free_large(to);
    return best;
}

int main(int argc, char **argv) {
    const int32_t level = argc > 1 ? atoi(argv[1]) : mlrt__cpu_level();
    mlrt__set_threads(argc > 2 ? atoi(argv[2]) : 1);
    printf("%s, %d threads\n%-24s %10s %8s %12s\n", mlrt__level_name(level), mlrt__threads(), "kernel", "us", "ns/elt",
           "of a copy");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        call c = {r->op, level, r->attr, tensor(r->dtype, r->out), .inputs = r->inputs, .runs = RUNS};
        size_t bytes = mlrt_tensor_bytes(&c.out), elements = (size_t)count_of(&c.out);
        for (int32_t k = 0; k < r->inputs; k++) {
            c.in[k] = r->index == k + 1 ? integers(r->in[k], 0, r->range) : uniform(r->in[k], 0, 2);
            bytes += mlrt_tensor_bytes(&c.in[k]);
            if ((size_t)count_of(&c.in[k]) > elements) elements = (size_t)count_of(&c.in[k]);
        }
        run_call(&c);
        printf("%-24s %10.1f %8.3f %11.2f\n", r->name, 1e6 * c.seconds, 1e9 * c.seconds / (double)elements,
               copy_seconds(bytes) / c.seconds);
        free_call(&c);
    }
    return 0;
}
