/* denormals.c - a step takes denormal numbers for zeros, on each of its threads, and nobody else does. */
#include "base/float_mode.h"
#include "kernels/kernel.h"
#include "program/calls.h"
#include "tap.h"
#include "tiny.h"
#include "train/optimize.h"
#include <omp.h>

enum { MANY = 1 << 18, SIDE = 256, THREADS = 3 };

static const volatile float tiny_number = 1e-30f;

/* Not on every processor, and not under valgrind. */
static bool can_flush(void) {
    const mlrt__float_mode before = mlrt__flush_denormals();
    volatile const float product = tiny_number * 1e-10f;
    mlrt__set_float_mode(before);
    return product == 0;
}

/* How many of a team's threads compute 1e-40. */
static int exact_threads(void) {
    int count = 0;
#pragma omp parallel num_threads(THREADS) reduction(+ : count)
    count += tiny_number * 1e-10f > 0;
    return count;
}

/* ---- programs ---- */

static mlrt_graph *g;
static mlrt__params params;
static mlrt__program *p;

static void begin(void) {
    mlrt__program_free(p);
    mlrt__graph_free(g);
    mlrt__params_free(&params);
    p = NULL;
    g = mlrt__graph_new(&params, true);
}

/* Results for fields "x" and "w" of numbers between -scale and scale. */
static void run(mlrt_node *const *node, int32_t count, float scale) {
    mlrt__want want[4];
    mlrt_error err = {0};
    mlrt__program_free(p);
    p = NULL;
    for (int32_t i = 0; i < count; i++) want[i] = (mlrt__want){node[i], NULL};
    if (mlrt__program_new(g, want, count, NULL, &p, &err) != MLRT_OK) diag("%s", err.message);
    for (const char *const *name = (const char *const[]){"x", "w", NULL}; *name; name++) {
        const mlrt_tensor t = mlrt__program_input(p, *name);
        for (int64_t i = 0; t.data && i < mlrt_shape_count(&t.shape); i++)
            ((float *)t.data)[i] = scale * (float)(2 * mlrt_random_f64(1, **name, (uint64_t)i) - 1);
    }
    if (mlrt__program_run(p, 1, 1, &err) != MLRT_OK) diag("%s", err.message);
}

static int64_t nonzeros(int32_t result) {
    const mlrt_tensor t = mlrt__program_result(p, result);
    int64_t count = 0;
    for (int64_t i = 0; i < mlrt_shape_count(&t.shape); i++) count += ((const float *)t.data)[i] != 0;
    return count;
}

static mlrt_node *field(const char *name, mlrt_shape shape) {
    return mlrt__graph_input(g, name, MLRT_F32, shape, NULL);
}

static void test_kernels(int32_t threads) {
    mlrt__set_threads(threads);
    begin();
    mlrt_node *x = field("x", MLRT_SHAPE_OF(MANY));
    run(&(mlrt_node *){mlrt_square(x)}, 1, 1e-20f);
    is_int(nonzeros(0), 0, "%d threads: what is too small for a normal number becomes zero", threads);
    run(&(mlrt_node *){mlrt_mul_scalar(x, 1.5)}, 1, 1e-39f);
    is_int(nonzeros(0), 0, "%d threads: and what was too small is one", threads);
    run((mlrt_node *[]){mlrt_sum(mlrt_square(x), MLRT_ALL_AXES, false)}, 1, 1e-20f);
    is_int(nonzeros(0), 0, "%d threads: sums, too", threads);
    begin();
    x = field("x", MLRT_SHAPE_OF(SIDE, SIDE));
    run(&(mlrt_node *){mlrt_matmul(x, field("w", MLRT_SHAPE_OF(SIDE, SIDE)), 0)}, 1, 1e-21f);
    is_int(nonzeros(0), 0, "%d threads: and products", threads);
    ok(mlrt__get_float_mode() == mlrt__keep_denormals(), "%d threads: afterwards denormals are numbers again", threads);
    is_int(exact_threads(), THREADS, "%d threads: on all of them", threads);
}

/* Sums of products some of which are denormal: where a thread kept them, other bits would come out. */
static void test_bits(void) {
    static float kept[2][SIDE * SIDE];
    bool same = true;
    begin();
    mlrt_node *x = field("x", MLRT_SHAPE_OF(SIDE, SIDE)), *w = field("w", MLRT_SHAPE_OF(SIDE, SIDE));
    mlrt_node *y = mlrt_matmul(x, w, 0), *z = mlrt_mul(mlrt_tanh(y), y);
    for (int32_t threads = 1; threads <= THREADS; threads++) {
        mlrt__set_threads(threads);
        run((mlrt_node *[]){y, mlrt_softmax(z)}, 2, 3e-19f);
        for (int32_t i = 0; i < 2; i++) {
            const float *now = mlrt__program_result(p, i).data;
            if (threads == 1) memcpy(kept[i], now, sizeof kept[i]);
            same = same && memcmp(kept[i], now, sizeof kept[i]) == 0;
        }
    }
    ok(nonzeros(0) > 0, "some sums are not zero");
    ok(same, "and have the same bits from one, two and three threads");
}

/* ---- what plugins bring ---- */

static void run_exact(const mlrt_call *c) { *(float *)c->out.data = (float)exact_threads(); }

static mlrt_status infer_scalar(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    (void)n, (void)err;
    *dtype = MLRT_F32, *shape = MLRT_SCALAR;
    return MLRT_OK;
}

static const mlrt_op exact = {
    .name = "exact", .min_inputs = 1, .max_inputs = 1, .infer = infer_scalar, .run = run_exact};

static void test_plugins(void) {
    begin();
    mlrt_node *x = mlrt_square(field("x", MLRT_SHAPE_OF(MANY)));
    run((mlrt_node *[]){mlrt_apply(g, &exact, &x, 1, NULL)}, 1, 1);
    is_close((double)*(float *)mlrt__program_result(p, 0).data, THREADS, 0,
             "a plugin's kernel keeps them, with the threads that it asks for");
}

/* ---- the optimizer ---- */

static void test_optimizer(tiny *t, int32_t threads) {
    mlrt__set_threads(threads);
    mlrt__params own = {0};
    mlrt_graph *graph = mlrt__graph_new(&own, true);
    mlrt__group group = {.optimizer =
                             (mlrt_optimizer *)tiny_object(t, MLRT_KIND_OPTIMIZER, "adamw", "weight_decay = 1")};
    mlrt__optimizer o = {.group = &group, .groups = 1};
    mlrt__parameter(graph, "w", MLRT_SHAPE_OF(MANY), MLRT_ZEROS, true);
    mlrt__params_layout(&own);
    mlrt__optimizer_bind(&o, &own, NULL);
    float *param = mlrt__alloc_large(sizeof(float) * MANY), *grad = mlrt__alloc_large(sizeof(float) * MANY);
    for (int32_t i = 0; i < MANY; i++) param[i] = 1e-39f, o.slot[0][i] = 1e-38f, o.slot[1][i] = 1e-39f;
    mlrt__optimizer_step(&o, param, grad, mlrt__gradient_norm(grad, MANY), 1000);
    int64_t left = 0;
    for (int32_t i = 0; i < MANY; i++) left += param[i] != 0 || o.slot[0][i] != 0 || o.slot[1][i] != 0;
    is_int(left, 0, "%d threads: what decays ends at zero", threads);
    is_int(exact_threads(), THREADS, "%d threads: and other work keeps what is small", threads);
    mlrt__free_large(param);
    mlrt__free_large(grad);
    mlrt__optimizer_free(&o);
    mlrt__graph_free(graph);
    mlrt__params_free(&own);
}

int main(void) {
    tiny t;
    if (!can_flush()) return skip_all("denormals are numbers here, whatever is asked for");
    tiny_open(&t, "sgd", "lr = 1");
    is_int(exact_threads(), THREADS, "at first denormals are numbers");
    for (int32_t threads = 1; threads <= THREADS; threads++) test_kernels(threads), test_optimizer(&t, threads);
    test_bits();
    test_plugins();
    begin();
    mlrt__graph_free(g);
    tiny_close(&t);
    return done_testing();
}
