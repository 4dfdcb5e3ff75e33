/* params.c - the parameter buffer: who lies where, and what each initialiser draws. */
#include "program/program.h"
#include "tap.h"

enum { SIZE = 1 << 18 };

static mlrt__params params;
static mlrt_graph *g;
static float buffer[SIZE];

static void begin(void) {
    mlrt__graph_free(g);
    mlrt__params_free(&params);
    g = mlrt__graph_new(&params, true);
}

static void add(const char *name, mlrt_shape shape, mlrt_init init, bool trained) {
    mlrt__parameter(g, name, shape, init, trained);
}

static const mlrt__param *find(const char *name) { return params.param[mlrt__params_find(&params, name)]; }
static int64_t offset(const char *name) { return find(name)->offset; }

static void test_layout(void) {
    int64_t from, to;
    begin();
    add("a", MLRT_SHAPE_OF(3, 7), MLRT_ZEROS, true);
    add("mean", MLRT_SHAPE_OF(5), MLRT_ZEROS, false);
    add("b", MLRT_SHAPE_OF(16), MLRT_ZEROS, true);
    add("c", MLRT_SCALAR, MLRT_ZEROS, true);
    params.param[0]->group = 1;
    mlrt__params_layout(&params);
    ok(params.closed, "after the layout no parameter is added");
    ok(offset("b") == 0 && offset("c") == 16 && offset("a") == 32, "by group, each at a multiple of 16");
    is_int(offset("mean"), 64, "what is kept but not trained comes last");
    is_int(mlrt__params_trained(&params), 64, "the trained part ends where it begins");
    is_int(mlrt__params_size(&params), 80, "the size is padded");
    is_int(mlrt__params_count(&params), 21 + 16 + 1, "the count of what is learned is not");
    mlrt__params_group(&params, 0, &from, &to);
    ok(from == 0 && to == 32, "a group is a range");
    mlrt__params_group(&params, 1, &from, &to);
    ok(from == 32 && to == 64, "so is the next");
    mlrt__params_group(&params, 2, &from, &to);
    ok(from == 0 && to == 0, "a group of nobody is empty");
}

typedef struct moments {
    double mean, deviation, low, high;
} moments;

static moments draw(mlrt_shape shape, mlrt_init init) {
    moments m = {.low = INFINITY, .high = -INFINITY};
    mlrt_error err = {0};
    begin();
    add("w", shape, init, true);
    mlrt__params_layout(&params);
    if (mlrt__params_init(&params, 1, buffer, &err) != MLRT_OK) ok(false, "it starts: %s", err.message);
    const int64_t n = mlrt_shape_count(&shape);
    double square = 0;
    for (int64_t i = 0; i < n; i++) {
        const double x = (double)buffer[i];
        m.mean += x / (double)n, square += x * x / (double)n;
        m.low = fmin(m.low, x), m.high = fmax(m.high, x);
    }
    m.deviation = sqrt(square - m.mean * m.mean);
    return m;
}

static void test_initialisers(void) {
    static const struct row {
        const char *what;
        mlrt_init init;
        double mean, deviation, bound; /* bound: of the distance from the mean */
    } rows[] = {
        {"uniform", {.kind = MLRT_INIT_UNIFORM, .a = 1, .b = 3}, 2, 0.57735026918962576, 1},
        {"normal", {.kind = MLRT_INIT_NORMAL, .a = 1, .b = 2}, 1, 2, 0},
        /* of a weight [out 200, in 50, 2, 1]: fan-in 100, fan-out 400 */
        {"xavier_uniform", {.kind = MLRT_INIT_XAVIER_UNIFORM}, 0, 0.063245553203367587, 0.10954451150103323},
        {"xavier_normal", {.kind = MLRT_INIT_XAVIER_NORMAL}, 0, 0.063245553203367587, 0},
        {"kaiming_uniform", {.kind = MLRT_INIT_KAIMING_UNIFORM}, 0, 0.14142135623730951, 0.24494897427831780},
        {"kaiming_normal", {.kind = MLRT_INIT_KAIMING_NORMAL}, 0, 0.14142135623730951, 0},
        {"fan_in", {.kind = MLRT_INIT_FAN_IN}, 0, 0.057735026918962574, 0.1},
        {"fan_in of a bias", {.kind = MLRT_INIT_FAN_IN, .a = 25}, 0, 0.11547005383792515, 0.2},
        {"a scale", {.kind = MLRT_INIT_NORMAL, .b = 2, .scale = 0.25f}, 0, 0.5, 0},
    };
    for (const struct row *r = rows; r < rows + sizeof rows / sizeof *rows; r++) {
        const moments m = draw(MLRT_SHAPE_OF(200, 50, 2, 1), r->init);
        ok(fabs(m.mean - r->mean) < 0.03 * r->deviation, "%s: the mean", r->what);
        ok(fabs(m.deviation / r->deviation - 1) < 0.02, "%s: the standard deviation", r->what);
        if (r->bound > 0) ok(m.low >= r->mean - r->bound && m.high <= r->mean + r->bound, "%s: the bounds", r->what);
    }
    const moments m = draw(MLRT_SHAPE_OF(4, 4), (mlrt_init){.kind = MLRT_INIT_CONSTANT, .a = 3, .scale = 2});
    ok(m.low == 6 && m.high == 6, "a constant, scaled");
}

/* The largest difference of the vectors' products to those of an orthonormal set. */
static double skew(int64_t vectors, int64_t length, int64_t step, int64_t stride) {
    double worst = 0;
    for (int64_t a = 0; a < vectors; a++)
        for (int64_t b = 0; b <= a; b++) {
            double dot = a == b ? -1 : 0;
            for (int64_t i = 0; i < length; i++)
                dot += (double)buffer[a * step + i * stride] * (double)buffer[b * step + i * stride];
            worst = fmax(worst, fabs(dot));
        }
    return worst;
}

static void test_orthogonal(void) {
    const mlrt_init init = {.kind = MLRT_INIT_ORTHOGONAL};
    draw(MLRT_SHAPE_OF(6, 5, 4), init);
    ok(skew(6, 20, 20, 1) < 1e-6, "the rows of a wide weight are orthonormal");
    draw(MLRT_SHAPE_OF(30, 7), init);
    ok(skew(7, 30, 1, 7) < 1e-6, "so are the columns of a tall one");
    draw(MLRT_SHAPE_OF(1), init);
    is_close(fabs((double)buffer[0]), 1, 1e-6, "a single number is 1 or -1");
}

static void test_dependence(void) {
    const mlrt_init init = {.kind = MLRT_INIT_NORMAL, .b = 1};
    static float alone[SIZE];
    draw(MLRT_SHAPE_OF(33), init);
    memcpy(alone, buffer, sizeof alone);
    begin();
    add("before", MLRT_SHAPE_OF(50), init, true);
    add("w", MLRT_SHAPE_OF(33), init, true);
    add("v", MLRT_SHAPE_OF(33), init, true);
    mlrt__params_layout(&params);
    mlrt__params_init(&params, 1, buffer, NULL);
    ok(memcmp(alone, buffer + offset("w"), 33 * sizeof *alone) == 0,
       "values do not depend on a parameter's neighbours");
    ok(memcmp(alone, buffer + offset("v"), 33 * sizeof *alone) != 0, "but on its name");
    mlrt__params_init(&params, 2, buffer, NULL);
    ok(memcmp(alone, buffer + offset("w"), 33 * sizeof *alone) != 0, "and on the seed");
    const bool same =
        (mlrt__set_threads(1), draw(MLRT_SHAPE_OF(150000), init), memcpy(alone, buffer, sizeof alone),
         mlrt__set_threads(3), draw(MLRT_SHAPE_OF(150000), init), memcmp(alone, buffer, sizeof alone) == 0);
    mlrt__set_threads(0);
    ok(same, "not on the number of threads");

    mlrt_error err = {0};
    begin();
    add("w", MLRT_SHAPE_OF(3), (mlrt_init){.kind = 99}, true);
    mlrt__params_layout(&params);
    mlrt__params_init(&params, 1, buffer, &err);
    is_str(err.message, "parameter 'w' has an unknown initialiser", "an unknown initialiser is told");
}

int main(void) {
    test_layout();
    test_initialisers();
    test_orthogonal();
    test_dependence();
    mlrt__graph_free(g);
    mlrt__params_free(&params);
    return done_testing();
}
