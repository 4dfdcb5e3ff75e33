/* run.c - what a compiled program promises when it runs: constants once, fields kept, random numbers from (seed, step)
 * alone, kernels that complain, values that are not finite, and the schedule for people. */
#include "program/calls.h"
#include "tap.h"

static mlrt_graph *g;
static mlrt__params params;
static mlrt__program *p;

static mlrt_node *field(const char *name, mlrt_dtype dtype, mlrt_shape shape) {
    return mlrt__graph_input(g, name, dtype, shape, NULL);
}

static void begin(void) {
    mlrt__program_free(p);
    mlrt__graph_free(g);
    mlrt__params_free(&params);
    p = NULL;
    g = mlrt__graph_new(&params, true);
}

/* What went wrong, or "". */
static const char *line(const mlrt_error *err) {
    static char text[2048];
    return err->status == MLRT_OK ? "" : mlrt_error_text(err, text, sizeof text);
}

static void compile(mlrt_node *const *node, int32_t count, float *buffer) {
    mlrt__want want[8];
    mlrt_error err = {0};
    mlrt__program_free(p);
    for (int32_t i = 0; i < count; i++) want[i] = (mlrt__want){node[i], NULL};
    mlrt__program_new(g, want, count, buffer, &p, &err);
    if (!p) ok(false, "it compiles: %s", line(&err));
}

static float *values(const char *name) { return mlrt__program_input(p, name).data; }
static const float *result(int32_t i) { return mlrt__program_result(p, i).data; }

static const char *run(uint64_t seed, uint64_t step) {
    mlrt_error err = {0};
    mlrt__program_run(p, seed, step, &err);
    return line(&err);
}

static const char *find(void) {
    mlrt_error err = {0};
    mlrt__program_find_nonfinite(p, 1, 1, &err);
    return line(&err);
}

static char *explained(int32_t runs) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    mlrt__program_explain(p, runs, out);
    fclose(out);
    return text;
}

/* ---- constants, fields, parameters ---- */

static int32_t counted;

static void run_counting(const mlrt_call *c) {
    counted++;
    memcpy(c->out.data, c->in[0].data, mlrt_tensor_bytes(&c->out));
}

static mlrt_status same_shape(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    (void)err;
    *dtype = n->in[0]->dtype, *shape = n->in[0]->shape;
    return MLRT_OK;
}

static const mlrt_op counting = {
    .name = "counting", .min_inputs = 1, .max_inputs = 1, .infer = same_shape, .run = run_counting};

static mlrt_node *count(mlrt_node *x) { return mlrt_apply(g, &counting, &x, 1, NULL); }

static int32_t runs_of(mlrt_node *x, float *buffer) {
    counted = 0;
    compile((mlrt_node *[]){count(x)}, 1, buffer);
    for (uint64_t step = 1; step <= 3; step++) run(1, step);
    return counted;
}

static void test_constants(void) {
    float buffer[16] = {0}, data[] = {1, 2, 3};
    begin();
    mlrt_node *x = field("x", MLRT_F32, MLRT_SHAPE_OF(3));
    mlrt_node *w = mlrt__parameter(g, "w", MLRT_SHAPE_OF(3), MLRT_ZEROS, true);
    mlrt_node *c = mlrt_constant(g, &(mlrt_tensor){MLRT_F32, MLRT_SHAPE_OF(3), data});
    mlrt__params_layout(&params);
    is_int(runs_of(mlrt_exp(mlrt_cast(mlrt_arange(g, 3), MLRT_F32)), buffer), 1, "constants are computed once");
    is_int(runs_of(mlrt_mul(c, mlrt_reshape(mlrt_scalar(g, 2), MLRT_SHAPE_OF(1))), buffer), 1, "also those of data");
    is_int(runs_of(x, buffer), 3, "what depends on a field is computed each time");
    is_int(runs_of(w, buffer), 3, "so is what depends on a parameter");
    is_int(runs_of(mlrt_random_normal(g, MLRT_SHAPE_OF(3), 0, 1), buffer), 3, "and on random numbers");

    compile((mlrt_node *[]){mlrt_mul(c, x), mlrt_mul_scalar(c, 2), c}, 3, buffer);
    values("x")[2] = 10;
    for (uint64_t step = 1; step <= 3; step++) run(1, step);
    ok(result(0)[2] == 30 && result(1)[1] == 4 && result(2)[0] == 1, "constants stay what they are");
    compile((mlrt_node *[]){mlrt_add(x, w)}, 1, buffer);
    buffer[params.param[0]->offset + 1] = 5;
    run(1, 1);
    is_close((double)result(0)[1], 5, 0, "a parameter is read where the caller has it");
}

static void test_fields(void) {
    begin();
    mlrt_node *x = field("x", MLRT_F32, MLRT_SHAPE_OF(100)), *unread = field("unread", MLRT_F32, MLRT_SHAPE_OF(2));
    mlrt_node *i = field("i", MLRT_I32, MLRT_SHAPE_OF(2));
    mlrt_exp(unread);
    mlrt_node *y = x;
    for (int32_t k = 0; k < 12; k++) y = mlrt_tanh(mlrt_cumsum(mlrt_reshape(y, MLRT_SHAPE_OF(10, 10)), k % 2, false));
    compile((mlrt_node *[]){y, mlrt_gather(mlrt_exp(x), i)}, 2, NULL);
    for (int32_t k = 0; k < 100; k++) values("x")[k] = 0.01f * (float)k;
    ((int32_t *)mlrt__program_input(p, "i").data)[1] = 99;
    run(1, 1);
    float first[100];
    memcpy(first, result(0), sizeof first);
    bool same = true;
    for (uint64_t step = 2; step < 10; step++) {
        run(1, step);
        same = same && memcmp(first, result(0), sizeof first) == 0;
    }
    ok(same && values("x")[99] == 0.01f * 99, "fields that are filled once stay as they are");
    const mlrt_tensor t = mlrt__program_input(p, "i");
    ok(t.dtype == MLRT_I32 && t.shape.dim[0] == 2, "a field has its dtype and shape");
    ok(!mlrt__program_input(p, "unread").data && !mlrt__program_input(p, "nothing").data,
       "a field that nobody reads has no memory");
}

/* The results of a sum over a part of x, of x itself, and of x + 1, from data that starts with `first`. */
static bool reads(float first) {
    run(1, 1);
    return result(0)[0] == 2 * first + 3 && result(1)[0] == first && result(1)[2] == first + 2 &&
           result(2)[3] == first + 4;
}

static void test_feed(void) {
    begin();
    mlrt_node *x = field("x", MLRT_F32, MLRT_SHAPE_OF(4));
    mlrt_node *tail = mlrt_sum(mlrt_slice(x, 0, 1, 3, 1), MLRT_AXIS(0), false);
    compile((mlrt_node *[]){tail, x, mlrt_add(x, mlrt_full(g, MLRT_SCALAR, 1))}, 3, NULL);
    const int32_t number = mlrt__program_field(p, "x");
    ok(number >= 0 && mlrt__program_field(p, "y") == -1, "a field has a number, and nothing else has");
    const float one[] = {10, 11, 12, 13}, other[] = {20, 21, 22, 23};
    memcpy(values("x"), (float[]){1, 2, 3, 4}, sizeof one);
    ok(reads(1), "a field is read in the program's memory");
    mlrt__program_feed(p, number, one);
    ok(reads(10), "or where it is fed from, whole and in part");
    mlrt__program_feed(p, number, other);
    ok(reads(20) && values("x")[0] == 1, "from run to run elsewhere");
    mlrt__program_feed(p, number, NULL);
    ok(reads(1), "and in the program's memory again");
}

/* ---- random numbers ---- */

static void test_random(void) {
    enum { MANY = 150000, KINDS = 5 };
    const mlrt_shape shape = MLRT_SHAPE_OF(MANY);
    float *kept = malloc(sizeof(float) * KINDS * MANY);
    begin();
    mlrt_node *x = mlrt_broadcast(field("x", MLRT_F32, MLRT_SCALAR), shape);
    mlrt_node *dropped = mlrt_dropout(x, 0.3), *dx, *all[KINDS];
    mlrt_grad(dropped, &x, 1, &dx);
    all[0] = mlrt_random_uniform(g, shape, -1, 1), all[1] = mlrt_random_normal(g, shape, 0, 1);
    all[2] = mlrt_random_bernoulli(g, shape, 0.25), all[3] = dropped, all[4] = mlrt_random_normal(g, shape, 0, 1);
    bool same = true, other_step = true, other_seed = true;
    for (int32_t threads = 1; threads <= 2; threads++) {
        mlrt__set_threads(threads);
        compile((mlrt_node *[]){all[0], all[1], all[2], all[3], all[4], dx}, KINDS + 1, NULL);
        *values("x") = 1;
        run(7, 3);
        for (int32_t k = 0; k < KINDS; k++) {
            float *to = kept + k * MANY;
            if (threads == 1) memcpy(to, result(k), sizeof(float) * MANY);
            same = same && memcmp(to, result(k), sizeof(float) * MANY) == 0;
        }
    }
    ok(same, "the same numbers from one thread and from two");
    ok(memcmp(result(3), result(5), sizeof(float) * MANY) == 0, "the gradient of dropout has the mask of dropout");
    ok(memcmp(result(1), result(4), sizeof(float) * MANY) != 0, "two nodes draw other numbers");
    run(7, 4);
    for (int32_t k = 0; k < KINDS; k++) other_step = other_step && memcmp(kept + k * MANY, result(k), 4 * MANY) != 0;
    run(8, 3);
    for (int32_t k = 0; k < KINDS; k++) other_seed = other_seed && memcmp(kept + k * MANY, result(k), 4 * MANY) != 0;
    ok(other_step, "another step draws other numbers");
    ok(other_seed, "so does another seed");
    run(7, 3);
    for (int32_t k = 0; k < KINDS; k++) same = same && memcmp(kept + k * MANY, result(k), 4 * MANY) == 0;
    ok(same, "and the first ones come back");
    mlrt__set_threads(0);
    free(kept);
}

/* ---- threads ---- */

static mlrt_node *weights(const char *name, int64_t rows, int64_t columns) {
    const mlrt_init init = {.kind = MLRT_INIT_NORMAL, .b = 0.1f};
    return mlrt__parameter(g, name, rows ? MLRT_SHAPE_OF(rows, columns) : MLRT_SHAPE_OF(columns), init, true);
}

/* Work enough for a team in each of our own kernels, forward and backward. (oneDNN promises the same bits for the same
 * number of threads only.) */
static mlrt_node *large_loss(void) {
    enum { TOKENS = 2048, DIM = 64 };
    mlrt_node *tokens = field("tokens", MLRT_I32, MLRT_SHAPE_OF(4, TOKENS / 4));
    mlrt_node *x = mlrt_gather(weights("table", DIM, DIM), tokens);
    x = mlrt_add(x, mlrt_attention(mlrt_square(x), x, x, NULL, 4, true, 0));
    x = mlrt_layer_norm(x, weights("gain", 0, DIM), weights("bias", 0, DIM), 1e-5);
    x = mlrt_dropout(mlrt_tanh(mlrt_cumsum(mlrt_softmax(x), -1, false)), 0.1);
    return mlrt_cross_entropy(x, tokens, -1, 0.1);
}

static void test_threads(void) {
    static float kept[64 * 64], buffer[5000];
    bool same = true;
    begin();
    mlrt_node *loss = large_loss(), *dx[2];
    mlrt_grad(loss, (mlrt_node *[]){weights("table", 64, 64), weights("bias", 0, 64)}, 2, dx);
    mlrt__params_layout(&params);
    mlrt__params_init(&params, 1, buffer, NULL);
    for (int32_t threads = 1; threads <= 3; threads++) {
        mlrt__set_threads(threads);
        compile((mlrt_node *[]){loss, dx[0], dx[1]}, 3, buffer);
        const mlrt_tensor t = mlrt__program_input(p, "tokens");
        for (int32_t i = 0; i < 2048; i++) ((int32_t *)t.data)[i] = i * 37 % 64;
        run(1, 1);
        if (threads == 1) memcpy(kept, result(1), sizeof kept);
        same = same && memcmp(kept, result(1), sizeof kept) == 0;
    }
    mlrt__set_threads(0);
    ok(same && kept[0] != 0, "a large step has the same gradients from one, two and three threads");
}

/* ---- complaints ---- */

static void test_complaints(void) {
    begin();
    mlrt_node *i = field("i", MLRT_I32, MLRT_SHAPE_OF(3)), *x = field("x", MLRT_F32, MLRT_SHAPE_OF(5, 2));
    mlrt__enter(g, "encoder.embedding", true, "x.lua:7");
    mlrt_node *y = mlrt_gather(x, i);
    mlrt__leave(g);
    counted = 0;
    compile((mlrt_node *[]){count(y)}, 1, NULL);
    int32_t *index = mlrt__program_input(p, "i").data;
    index[1] = 5;
    is_str(run(1, 1), "x.lua:7: encoder.embedding: index 5 is outside 0 .. 4", "a kernel's complaint names the layer");
    is_int(counted, 0, "and stops the run there");
    ok(mlrt__program_run(p, 1, 1, NULL) == MLRT_RANGE, "its status is told to who wants no words");
    index[1] = 4;
    is_str(run(1, 2), "", "a right index runs again");
    index[1] = -1;
    free(explained(1));
    index[1] = 0;
    is_str(run(1, 3), "", "what a timed run complained of is forgotten");

    static const mlrt_op nothing = {.name = "nothing", .min_inputs = 1, .max_inputs = 1, .infer = same_shape};
    mlrt_error err = {0};
    begin();
    x = field("x", MLRT_F32, MLRT_SHAPE_OF(2));
    mlrt__enter(g, "head", true, "x.lua:9");
    y = mlrt_apply(g, &nothing, &x, 1, NULL);
    ok(mlrt__program_new(g, &(mlrt__want){y, NULL}, 1, NULL, &p, &err) == MLRT_UNSUPPORTED && !p, "an op has a kernel");
    is_str(line(&err), "x.lua:9: head: op 'nothing' has no kernel", "or is named");

    err = (mlrt_error){0};
    begin();
    mlrt_node *bad = mlrt_add(field("x", MLRT_F32, MLRT_SHAPE_OF(2)), mlrt_full(g, MLRT_SHAPE_OF(3), 1));
    ok(mlrt__program_new(g, &(mlrt__want){bad, NULL}, 1, NULL, &p, &err) == MLRT_SHAPE && !p,
       "a failed graph compiles not");
    is_str(line(&err), "add: shapes [2] and [3] do not fit: dimensions must be equal, or 1", "with its own error");
    err = (mlrt_error){0};
    begin();
    mlrt__program_new(g, &(mlrt__want){NULL, NULL}, 1, NULL, &p, &err);
    is_str(line(&err), "a wanted node is missing", "a node that is wanted must be there");
}

/* ---- values that are not finite ---- */

static void test_nonfinite(void) {
    float buffer[32] = {0}, copy[4];
    begin();
    mlrt_node *x = field("x", MLRT_F32, MLRT_SHAPE_OF(4)), *w, *y;
    mlrt__enter(g, "encoder.1", true, "x.lua:3");
    w = mlrt__parameter(g, "encoder.1.w", MLRT_SHAPE_OF(4), MLRT_ONES, true);
    y = mlrt_log(mlrt_cumsum(mlrt_mul(x, w), 0, false));
    mlrt__leave(g);
    mlrt_node *z = mlrt_name(mlrt_exp(mlrt_cumsum(y, 0, false)), "tail"), *sum = mlrt_sum(z, MLRT_ALL_AXES, false);
    mlrt__params_layout(&params);
    compile((mlrt_node *[]){sum}, 1, buffer);
    float *in = values("x"), *weight = buffer + params.param[0]->offset;
    for (int32_t i = 0; i < 4; i++) in[i] = 1, weight[i] = 1;
    run(1, 1);
    is_str(find(), "", "all is finite");
    in[0] = -1;
    is_str(find(), "x.lua:3: encoder.1: NaN first appears in the result of log", "a NaN is found where it begins");
    in[0] = 0;
    is_str(find(), "x.lua:3: encoder.1: -inf first appears in the result of log", "so is an infinity");
    in[0] = 1, in[1] = 1e30f, in[2] = 1e30f, in[3] = 1e30f;
    is_str(find(), "tail: inf first appears in the result of exp", "a named node is called by its name");
    in[1] = NAN;
    is_str(find(), "x.lua:3: encoder.1: NaN in 'x'", "a field that came in bad is told");
    in[1] = 1, weight[2] = INFINITY;
    is_str(find(), "x.lua:3: encoder.1: inf in 'encoder.1.w'", "so is a parameter");
    ok(mlrt__program_find_nonfinite(p, 1, 1, NULL) == MLRT_NUMERIC, "also to who wants no words");
    mlrt__program_free(p);
    p = NULL;
    mlrt__program_new(g, &(mlrt__want){w, copy}, 1, buffer, &p, NULL);
    is_str(find(), "x.lua:3: encoder.1.w: inf in 'encoder.1.w'", "even when all that is done is to copy it");

    begin();
    x = field("x", MLRT_F32, MLRT_SHAPE_OF(2, 2));
    mlrt_node *product = mlrt_name(mlrt_relu(mlrt_matmul(x, x, 0)), "hidden");
    compile((mlrt_node *[]){mlrt_sum(product, MLRT_ALL_AXES, false)}, 1, NULL);
    for (int32_t i = 0; i < 4; i++) values("x")[i] = 1e30f;
    is_str(find(), "hidden: inf first appears in the result of matmul+relu", "a fused product has its reader's name");

    begin();
    x = field("x", MLRT_F32, MLRT_SHAPE_OF(3));
    mlrt_node *masked = mlrt_where(mlrt_gt(x, mlrt_scalar(g, 0)), x, mlrt_scalar(g, -INFINITY));
    compile((mlrt_node *[]){mlrt_max(masked, MLRT_ALL_AXES, false)}, 1, NULL);
    for (int32_t i = 0; i < 3; i++) values("x")[i] = 1;
    is_str(find(), "", "a constant may be infinite where nobody chooses it");
}

/* ---- the schedule for people ---- */

static void test_explain(void) {
    float other[6 * 4];
    begin();
    mlrt_node *x = field("x", MLRT_F32, MLRT_SHAPE_OF(6, 8)), *w = field("w", MLRT_F32, MLRT_SHAPE_OF(8, 4));
    mlrt_node *b = field("b", MLRT_F32, MLRT_SHAPE_OF(4));
    mlrt__enter(g, "head.ffn", true, "x.lua:2");
    mlrt_node *y = mlrt_relu(mlrt_add(mlrt_matmul(x, w, 0), b));
    mlrt__leave(g);
    mlrt_node *z = mlrt_softmax(mlrt_mul(y, mlrt_exp(mlrt_full(g, MLRT_SHAPE_OF(4), 1))));
    const mlrt__want want[] = {{z, NULL}, {y, NULL}, {y, other}};
    mlrt__program_new(g, want, 3, NULL, &p, NULL);
    char *text = explained(3);
    int32_t lines = 0;
    for (const char *c = text; *c; c++) lines += *c == '\n';
    is_int(lines, 1 + (p->steps - p->first) + 2, "a heading, every call, an empty line and the sum");
    has_str(text, "matmul+bias+relu", "a product with what it has taken in");
    has_str(text, "head.ffn", "its layer");
    has_str(text, "[6, 8] [8, 4] [4]", "its inputs");
    has_str(text, "softmax", "a row op");
    has_str(text, "\n3 calls, ", "the number of calls");
    has_str(text, " GFLOP/s", "and the speed, after timed runs");
    ok(!strstr(text, "exp"), "what is computed once is not of the schedule");
    free(text);
    text = explained(0);
    ok(!strstr(text, "GFLOP/s"), "no speed without timed runs");
    free(text);
    const double flops = mlrt__program_flops(p);
    mlrt__program_free(p);
    mlrt__program_new(g, want, 2, NULL, &p, NULL);
    is_close(mlrt__program_flops(p), flops, 0, "a copy has no FLOPs");
    ok(mlrt__program_bytes(p) >= p->arena_bytes && p->arena_bytes > 0, "a program has bytes");
}

static void test_dead_code(void) {
    begin();
    mlrt_node *x = field("x", MLRT_F32, MLRT_SHAPE_OF(6));
    count(mlrt_exp(x));
    mlrt_cumsum(x, 0, true);
    compile((mlrt_node *[]){mlrt_sin(x)}, 1, NULL);
    is_int(p->steps, 1, "what nobody wants is not computed");
    is_str(mlrt__step_text(&p->step[0]), "sin", "what is wanted is");
    compile((mlrt_node *[]){x}, 1, NULL);
    is_int(p->steps, 0, "a field takes no call");
    is_str(run(1, 1), "", "and an empty program runs");
    ok(mlrt__program_result(p, 0).data == values("x"), "its result is the field");
}

int main(void) {
    test_constants();
    test_fields();
    test_feed();
    test_random();
    test_threads();
    test_complaints();
    test_nonfinite();
    test_explain();
    test_dead_code();
    begin();
    mlrt__graph_free(g);
    return done_testing();
}
