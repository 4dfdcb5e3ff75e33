/* narrow.c - what a graph of bf16 products keeps in bf16, and what it does not. */
#include "graph/ops.h"
#include "kernels/blocks.h"
#include "random_graph.h"

enum { SIZE = 96 };

/* The schedule: each call with its result's dtype where that is bf16. */
static const char *schedule(mlrt_graph *g, mlrt_node *const *wanted, int32_t count) {
    static char text[1024];
    mlrt__want want[4];
    mlrt__program *p;
    for (int32_t i = 0; i < count; i++) want[i] = (mlrt__want){wanted[i], NULL};
    text[0] = 0;
    if (mlrt__program_new(g, want, count, NULL, &p, NULL) != MLRT_OK) return g->error.message;
    for (int32_t i = p->first; i < p->steps; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s%s", text[0] ? ", " : "", p->step[i].kernel->op,
                 p->step[i].call.out.dtype == MLRT_BF16 ? " bf16" : "");
    mlrt__program_free(p);
    return text;
}

static mlrt_graph *g;
static mlrt_node *x, *w, *v, *gain;

static mlrt_node *input(const char *name) {
    return mlrt__graph_input(g, name, MLRT_F32, MLRT_SHAPE_OF(SIZE, SIZE), NULL);
}

static void begin(bool bf16) {
    g = mlrt__graph_new(NULL, true);
    g->bf16 = bf16;
    x = input("x"), w = input("w"), v = input("v");
    gain = mlrt__graph_input(g, "gain", MLRT_F32, MLRT_SHAPE_OF(SIZE), NULL);
}

static mlrt_node *times(mlrt_node *a, mlrt_node *b) { return mlrt_matmul(a, b, 0); }
static mlrt_node *norm(mlrt_node *a) { return mlrt_rms_norm(a, gain, 1e-5); }

#define COMPILES(bf16, want, why, ...)                                                                                 \
    do {                                                                                                               \
        begin(bf16);                                                                                                   \
        mlrt_node *wanted[] = {__VA_ARGS__};                                                                           \
        is_str(schedule(g, wanted, (int32_t)(sizeof wanted / sizeof *wanted)), want, "%s", why);                       \
        mlrt__graph_free(g);                                                                                           \
    } while (0)

static void test_rows(void) {
    mlrt_node *h, *flat;
    COMPILES(true, "matmul bf16, matmul", "a product's operand", times(times(x, w), v));
    COMPILES(false, "matmul, matmul", "not in f32", times(times(x, w), v));
    COMPILES(true, "matmul bf16, matmul, matmul", "of two products",
             (h = times(x, w), mlrt_add(times(h, v), times(h, h))));
    COMPILES(true, "fused bf16, matmul", "elementwise", times(mlrt_tanh(x), w));
    COMPILES(true, "rms_norm bf16, matmul", "a norm", times(norm(x), w));
    COMPILES(true, "matmul, fused, matmul", "what an elementwise op reads, too, and one product",
             (h = times(x, w), mlrt_add(mlrt_tanh(h), times(h, v))));
    COMPILES(true, "matmul, matmul", "what is wanted", h = times(x, w), times(h, v));
    COMPILES(true, "matmul, fused bf16, matmul, matmul, fused", "a twin for two products",
             (h = times(x, w), mlrt_mul(mlrt_tanh(h), mlrt_mul(times(h, v), times(h, h)))));
    COMPILES(true, "matmul bf16, matmul", "through a view",
             (flat = mlrt_reshape(times(x, w), MLRT_SHAPE_OF(2 * SIZE, SIZE / 2)),
              times(flat, mlrt_reshape(v, MLRT_SHAPE_OF(SIZE / 2, 2 * SIZE)))));
    COMPILES(true, "matmul bf16, sum, matmul", "and its sum",
             (h = times(x, w), mlrt_add(times(h, v), mlrt_sum(h, MLRT_AXIS(0), false))));
}

/* One head of attention between products, and its gradients: nothing is f32 in between. */
static void test_attention(void) {
    begin(true);
    mlrt_node *const in[] = {x, w, v};
    mlrt_node *q[3], *dx[3];
    for (int32_t i = 0; i < 3; i++)
        q[i] = mlrt_reshape(times(in[i], in[(i + 1) % 3]), MLRT_SHAPE_OF(2, SIZE / 2, SIZE));
    mlrt_node *y = mlrt_reshape(mlrt_attention(q[0], q[1], q[2], NULL, 3, true, 0), MLRT_SHAPE_OF(SIZE, SIZE));
    mlrt_node *loss = mlrt_sum(mlrt_square(times(y, w)), MLRT_ALL_AXES, false);
    mlrt_grad(loss, in, 3, dx);
    int32_t wide = 0, attended = 0;
    mlrt__program *p;
    const mlrt__want want[] = {{dx[0], NULL}};
    if (ok(mlrt__program_new(g, want, 1, NULL, &p, NULL) == MLRT_OK, "attention compiles"))
        for (int32_t i = p->first; i < p->steps; i++) {
            const mlrt_call *c = &p->step[i].call;
            const bool attention = strncmp(p->step[i].kernel->op, "attention", 9) == 0;
            attended += attention;
            for (int32_t k = 0; k < c->inputs; k++) wide += attention && c->in[k].dtype != MLRT_BF16;
            wide += attention && c->out.dtype != MLRT_BF16;
        }
    is_int(attended, 2, "forward and backward");
    is_int(wide, 0, "and all that they read and write is bf16");
    mlrt__program_free(p);
    mlrt__graph_free(g);
}

/* The first NaN is found in bf16, too. */
static void test_nonfinite(void) {
    begin(true);
    mlrt__program *p;
    mlrt_error err = {0};
    const mlrt__want want[] = {{times(mlrt_log(x), w), NULL}};
    if (!ok(mlrt__program_new(g, want, 1, NULL, &p, NULL) == MLRT_OK, "log(x) w compiles")) return;
    const mlrt_tensor t = mlrt__program_input(p, "x"), u = mlrt__program_input(p, "w");
    for (int64_t i = 0; i < SIZE * SIZE; i++) ((float *)t.data)[i] = -1, ((float *)u.data)[i] = 1;
    mlrt__program_find_nonfinite(p, 1, 1, &err);
    is_str(err.message, "NaN first appears in the result of log", "a NaN is found in bf16");
    mlrt__program_free(p);
    mlrt__graph_free(g);
}

int main(void) {
    if (!mlrt__format_bf16(mlrt__cpu_level(), 0)) return skip_all("this CPU does not multiply bf16");
    test_rows();
    test_attention();
    test_nonfinite();
    return done_testing();
}
