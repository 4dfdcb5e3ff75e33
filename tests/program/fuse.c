/* fuse.c - a fused program gives the bits of one that computes every node by itself; and what fuses with what. */
#include "random_graph.h"

enum { GRAPHS = 300, NODES = 40 };

/* ---- at random ---- */

static int32_t calls(const mlrt__program *p) { return p->steps - p->first; }

static bool compare(uint64_t seed, double *fused_calls, double *plain_calls) {
    random_graph r;
    random_begin(&r, seed);
    for (int32_t i = 0; i < NODES; i++) put(&r, random_elementwise(&r, true));
    random_end(&r);
    const int32_t last = r.pool[r.count - 1]->id, middle = r.pool[r.count / 2]->id;
    const mlrt__want want[] = {{r.graph->node[last], NULL}, {r.graph->node[middle], NULL}};
    mlrt__program *fused = random_compile(&r, want, 2), *plain = random_plain(&r);
    bool same = fused && plain;
    if (same) {
        random_fill(&r, fused);
        random_fill(&r, plain);
        same = mlrt__program_run(fused, 1, 1, NULL) == MLRT_OK && mlrt__program_run(plain, 1, 1, NULL) == MLRT_OK;
        for (int32_t i = 0; i < 2; i++) {
            const mlrt_tensor a = mlrt__program_result(fused, i), b = mlrt__program_result(plain, i ? middle : last);
            same = same && same_bits(&a, &b);
        }
        *fused_calls += calls(fused), *plain_calls += calls(plain);
    }
    mlrt__program_free(fused);
    mlrt__program_free(plain);
    random_free(&r);
    return same;
}

static void test_random(void) {
    double fused = 0, plain = 0;
    int32_t wrong = 0;
    for (uint64_t seed = 1; seed <= GRAPHS; seed++)
        if (!compare(seed, &fused, &plain) && wrong++ < 5) diag("graph %d differs", (int)seed);
    is_int(wrong, 0, "%d graphs of %d elementwise nodes have the bits of their nodes one by one", GRAPHS, NODES);
    ok(fused < plain / 3, "in far fewer calls");
    diag("%.1f calls instead of %.1f", fused / GRAPHS, plain / GRAPHS);
}

/* ---- row by row: what a graph of x [4, 6], y [4, 6], w [6, 6], b [6], c [4, 1] is compiled to ---- */

static mlrt_node *x, *y, *w, *b, *c;

static const char *schedule(mlrt_graph *g, mlrt_node *const *wanted, int32_t count) {
    static char text[1024];
    mlrt__want want[4];
    mlrt__program *p;
    for (int32_t i = 0; i < count; i++) want[i] = (mlrt__want){wanted[i], NULL};
    text[0] = 0;
    if (mlrt__program_new(g, want, count, NULL, &p, NULL) != MLRT_OK) return g->error.message;
    for (int32_t i = p->first; i < p->steps; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", text[0] ? ", " : "",
                 mlrt__step_text(&p->step[i]));
    mlrt__program_free(p);
    return text;
}

static mlrt_graph *begin(void) {
    mlrt_graph *g = mlrt__graph_new(NULL, true);
    x = mlrt__graph_input(g, "x", MLRT_F32, MLRT_SHAPE_OF(ROWS, COLUMNS), NULL);
    y = mlrt__graph_input(g, "y", MLRT_F32, MLRT_SHAPE_OF(ROWS, COLUMNS), NULL);
    w = mlrt__graph_input(g, "w", MLRT_F32, MLRT_SHAPE_OF(COLUMNS, COLUMNS), NULL);
    b = mlrt__graph_input(g, "b", MLRT_F32, MLRT_SHAPE_OF(COLUMNS), NULL);
    c = mlrt__graph_input(g, "c", MLRT_F32, MLRT_SHAPE_OF(ROWS, 1), NULL);
    return g;
}

/* Several wanted nodes are separated by commas. */
#define COMPILES(want, ...)                                                                                            \
    do {                                                                                                               \
        mlrt_graph *g = begin();                                                                                       \
        mlrt_node *wanted[] = {__VA_ARGS__};                                                                           \
        is_str(schedule(g, wanted, (int32_t)(sizeof wanted / sizeof *wanted)), want, "%s", #__VA_ARGS__);              \
        mlrt__graph_free(g);                                                                                           \
    } while (0)

static void test_rows(void) {
    COMPILES("add", mlrt_add(x, y));
    COMPILES("mul+add+tanh", mlrt_tanh(mlrt_add(mlrt_mul(x, y), c)));
    COMPILES("add+mul+sub", mlrt_sub(mlrt_mul(mlrt_add_scalar(x, 1), y), x));
    COMPILES("exp, add+tanh", mlrt_tanh(mlrt_add(mlrt_exp(x), y)), mlrt_exp(x));
    COMPILES("exp, mul+add", mlrt_add(mlrt_mul(mlrt_exp(x), y), mlrt_exp(x)));
    COMPILES("exp, add", mlrt_add(x, mlrt_exp(c)));
    COMPILES("cast, cast", mlrt_cast(mlrt_cast(x, MLRT_I32), MLRT_F32));
    COMPILES("lt+where", mlrt_where(mlrt_lt(x, c), y, mlrt_scalar(mlrt_node_graph(x), 0)));
    COMPILES("matmul", mlrt_matmul(x, w, 0));
    COMPILES("matmul+bias", mlrt_add(mlrt_matmul(x, w, 0), b));
    COMPILES("matmul+bias", mlrt_add(b, mlrt_matmul(x, w, 0)));
    COMPILES("matmul+relu", mlrt_relu(mlrt_matmul(x, w, 0)));
    COMPILES("matmul+bias+relu", mlrt_relu(mlrt_add(mlrt_matmul(x, w, MLRT_TRANS_B), b)));
    COMPILES("matmul+bias, tanh", mlrt_tanh(mlrt_add(mlrt_matmul(x, w, 0), b)));
    COMPILES("matmul, add", mlrt_add(mlrt_matmul(x, w, 0), c));
    COMPILES("matmul, add", mlrt_add(mlrt_matmul(x, w, 0), y));
    COMPILES("matmul, add", mlrt_add(mlrt_matmul(x, w, 0), mlrt_slice(b, 0, 0, 1, 1)));
    COMPILES("matmul, add", mlrt_add(mlrt_matmul(y, c, MLRT_TRANS_A), b));
    COMPILES("matmul+bias+relu, add", mlrt_add(mlrt_relu(mlrt_add(mlrt_matmul(x, w, 0), b)), b));
    COMPILES("matmul+relu, add", mlrt_add(mlrt_relu(mlrt_matmul(x, w, 0)), b));
    COMPILES("matmul, add", mlrt_add(mlrt_matmul(x, w, 0), b), mlrt_matmul(x, w, 0));
    COMPILES("matmul+bias, relu", mlrt_relu(mlrt_add(mlrt_matmul(x, w, 0), b)), mlrt_add(mlrt_matmul(x, w, 0), b));
    COMPILES("sum", mlrt_reshape(mlrt_sum(x, MLRT_AXIS(1), true), MLRT_SHAPE_OF(ROWS)));
    COMPILES("", mlrt_reshape(x, MLRT_SHAPE_OF(-1)), mlrt_stop_gradient(y));
    COMPILES("", mlrt_exp(mlrt_full(mlrt_node_graph(x), MLRT_SHAPE_OF(2), 1)));
    COMPILES("softmax", (mlrt_exp(y), mlrt_matmul(x, w, 0), mlrt_softmax(x)));
}

/* Large products begin with what is added to them: relu(x w + b + x v + x), where the sums overwrite each other; and end
 * where a mask is 0. */
static void test_residual(void) {
    enum { SIZE = 144 };
    mlrt_graph *g = mlrt__graph_new(NULL, true);
    mlrt_node *in[4];
    static const char *const name[] = {"x", "w", "v", "b"};
    for (int32_t i = 0; i < 4; i++)
        in[i] = mlrt__graph_input(g, name[i], MLRT_F32, i < 3 ? MLRT_SHAPE_OF(SIZE, SIZE) : MLRT_SHAPE_OF(SIZE), NULL);
    mlrt_node *first = mlrt_add(mlrt_matmul(in[0], in[1], 0), in[3]), *second = mlrt_matmul(in[0], in[2], 0);
    mlrt_node *sum = mlrt_relu(mlrt_add(mlrt_add(first, second), in[0]));
    is_str(schedule(g, &sum, 1), "matmul+bias, matmul+residual, add+relu", "a sum of products is one result");
    mlrt_node *z = mlrt_relu(mlrt_add(in[0], mlrt_add(mlrt_matmul(in[0], in[1], 0), in[3])));
    is_str(schedule(g, &z, 1), "matmul+bias+residual+relu", "x + f(x), to its end");
    mlrt_node *product = mlrt_matmul(in[0], in[2], 0), *none = mlrt_full(g, product->shape, 0);
    mlrt_node *masked = mlrt_where(mlrt_gt(in[0], none), product, none);
    is_str(schedule(g, &masked, 1), "matmul+mask", "a gradient before a ReLU");

    const mlrt__want want[] = {{sum, NULL}, {z, NULL}, {masked, NULL}};
    mlrt__program *p;
    double worst = 0;
    if (!ok(mlrt__program_new(g, want, 3, NULL, &p, NULL) == MLRT_OK, "all compile")) return;
    float *data[4];
    for (int32_t i = 0; i < 4; i++) {
        const mlrt_tensor t = mlrt__program_input(p, name[i]);
        data[i] = t.data;
        for (int64_t k = 0; k < mlrt_shape_count(&t.shape); k++) data[i][k] = (float)((k * 7 + i) % 11 - 5);
    }
    const mlrt_status status = mlrt__program_run(p, 1, 1, NULL);
    const float *got_y = mlrt__program_result(p, 0).data, *got_z = mlrt__program_result(p, 1).data;
    const float *got_masked = mlrt__program_result(p, 2).data;
    for (int32_t i = 0; i < SIZE; i++)
        for (int32_t j = 0; j < SIZE; j++) {
            double xw = data[3][j] + data[0][i * SIZE + j], xv = 0;
            for (int32_t k = 0; k < SIZE; k++) {
                xw += data[0][i * SIZE + k] * data[1][k * SIZE + j];
                xv += data[0][i * SIZE + k] * data[2][k * SIZE + j];
            }
            worst = fmax(worst, fabs(fmax(0, xw + xv) - (double)got_y[i * SIZE + j]));
            worst = fmax(worst, fabs(fmax(0, xw) - (double)got_z[i * SIZE + j]));
            xv = data[0][i * SIZE + j] > 0 ? xv : 0;
            worst = fmax(worst, fabs(xv - (double)got_masked[i * SIZE + j]));
        }
    ok(status == MLRT_OK && worst == 0, "the sums of whole numbers are exact (%g)", worst);
    mlrt__program_free(p);
    mlrt__graph_free(g);
}

/* A chain longer than one call may be, and one with more inputs. */
static void test_limits(void) {
    mlrt_graph *g = begin();
    mlrt_node *deep = x, *wide = x;
    for (int32_t i = 0; i < 34; i++) deep = mlrt_sin(deep);
    for (int32_t i = 0; i < 20; i++) {
        char name[8];
        snprintf(name, sizeof name, "x%d", i);
        wide = mlrt_add(wide, mlrt__graph_input(g, name, MLRT_F32, MLRT_SHAPE_OF(ROWS, COLUMNS), NULL));
    }
    const mlrt__want want[] = {{deep, NULL}, {wide, NULL}};
    mlrt__program *p;
    mlrt__program_new(g, want, 2, NULL, &p, NULL);
    is_int(calls(p), 6, "34 functions are 3 calls of at most 16, 21 inputs 3 calls of at most 8");
    mlrt__program_free(p);
    mlrt__graph_free(g);
}

static void test_inputs(void) {
    mlrt_graph *g = begin();
    mlrt_node *half = mlrt_full(g, MLRT_SHAPE_OF(ROWS, COLUMNS), 0.5);
    mlrt_node *z = mlrt_add(mlrt_mul(x, y), mlrt_mul(x, half));
    const mlrt__want want[] = {{z, NULL}, {mlrt_add(b, half), NULL}};
    mlrt__program *p;
    mlrt__program_new(g, want, 2, NULL, &p, NULL);
    const mlrt_call *first = &p->step[p->first].call, *second = &p->step[p->first + 1].call;
    is_int(first->inputs, 3, "a call reads each of its inputs once");
    is_int(first->in[2].shape.rank, 0, "a constant is read as one number");
    ok(second->in[1].data == first->in[2].data, "the same one everywhere");
    is_int(p->first, 1, "and is made once");
    mlrt__program_free(p);
    mlrt__graph_free(g);
}

int main(void) {
    test_random();
    test_rows();
    test_residual();
    test_limits();
    test_inputs();
    return done_testing();
}
