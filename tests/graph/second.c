/* second.c - derivatives of derivatives of a small network in its input, as differential equations ask for them.
 *
 *     u(x) = sum_j v_j tanh(w_j x + b_j) + c,    u^(n)(x) = sum_j v_j w_j^n tanh^(n)(w_j x + b_j)
 *
 * built from two linear layers, whose bias the compiler takes into the product. */
#include "fixture.h"
#include "tap.h"

enum { POINTS = 9, WIDTH = 5, ORDERS = 4 };

static float w[WIDTH], b[WIDTH], v[WIDTH], c = 0.25f, x[POINTS];

static double draw(uint64_t stream, int64_t i) { return mlrt_random_gauss(3, stream, (uint64_t)i); }

/* tanh^(n), by t' = 1 - t^2. */
static double tanh_derivative(double z, int n) {
    const double t = tanh(z), s = 1 - t * t;
    return n == 0 ? t : n == 1 ? s : n == 2 ? -2 * t * s : s * (6 * t * t - 2);
}

static double expected(double at, int n) {
    double sum = n == 0 ? (double)c : 0;
    for (int j = 0; j < WIDTH; j++)
        sum += (double)v[j] * pow((double)w[j], n) * tanh_derivative((double)w[j] * at + (double)b[j], n);
    return sum;
}

static mlrt_node *linear(mlrt_node *in, const char *name, int64_t outputs) {
    char weight[64], bias[64];
    mlrt_graph *g = mlrt_node_graph(in);
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    mlrt_node *y = mlrt_matmul(
        in, mlrt__parameter(g, weight, MLRT_SHAPE_OF(outputs, mlrt_dim(in, -1)), MLRT_ZEROS, true), MLRT_TRANS_B);
    return mlrt_add(y, mlrt__parameter(g, bias, MLRT_SHAPE_OF(outputs), MLRT_ZEROS, true));
}

static void set(fixture *f, const char *name, const float *values, int32_t count) {
    memcpy(fixture_param(f, name), values, sizeof *values * (size_t)count);
}

int main(void) {
    fixture f = {0};
    mlrt__want want[ORDERS + 1];
    double worst = 0;
    for (int j = 0; j < WIDTH; j++) w[j] = (float)draw(1, j), b[j] = (float)draw(2, j), v[j] = (float)draw(4, j);
    for (int i = 0; i < POINTS; i++) x[i] = (float)i / 4 - 1;

    fixture_begin(&f, "f32[9,1]", true);
    mlrt_node *u[ORDERS] = {linear(mlrt_tanh(linear(f.x[0], "hidden", WIDTH)), "output", 1)};
    for (int n = 1; n < ORDERS; n++) mlrt_grad(u[n - 1], f.x, 1, &u[n]);
    for (int n = 0; n < ORDERS; n++) want[n] = (mlrt__want){u[n], NULL};

    /* d/dv_j of the residual's sum of squares: a gradient through a second derivative. */
    mlrt_node *loss = mlrt_sum(mlrt_square(u[2]), MLRT_ALL_AXES, false);
    mlrt_node *weight = mlrt__parameter(f.graph, "output.weight", MLRT_SHAPE_OF(1, WIDTH), MLRT_ZEROS, true);
    mlrt_grad(loss, &weight, 1, &want[ORDERS].node);
    want[ORDERS].into = NULL;
    f.err = f.graph->error;
    fixture_compile(&f, want, ORDERS + 1);
    if (!ok(f.program != NULL, "third derivatives compile")) {
        diag("%s", fixture_error(&f));
        return done_testing();
    }
    set(&f, "hidden.weight", w, WIDTH);
    set(&f, "hidden.bias", b, WIDTH);
    set(&f, "output.weight", v, WIDTH);
    set(&f, "output.bias", &c, 1);
    fixture_fill(&f, "x0", x);
    ok(fixture_run(&f), "and run");
    for (int n = 0; n < ORDERS; n++) {
        float values[POINTS];
        for (int i = 0; i < POINTS; i++) values[i] = (float)expected((double)x[i], n);
        is_close_all(fixture_result(&f, n), values, POINTS, 1e-5, "derivative %d of the network is the formula's", n);
        for (int i = 0; i < POINTS; i++) worst = fmax(worst, fabs((double)(fixture_result(&f, n)[i] - values[i])));
    }
    float slope[WIDTH];
    for (int j = 0; j < WIDTH; j++) {
        double sum = 0;
        for (int i = 0; i < POINTS; i++) {
            const double at = (double)x[i];
            sum += 2 * expected(at, 2) * pow((double)w[j], 2) * tanh_derivative((double)w[j] * at + (double)b[j], 2);
        }
        slope[j] = (float)sum;
    }
    is_close_all(fixture_result(&f, ORDERS), slope, WIDTH, 1e-4,
                 "so is the gradient of a loss made of second derivatives");
    diag("largest error of derivatives 0 to 3: %.2g", worst);
    fixture_free(&f);
    return done_testing();
}
