/* graph.c - what a graph keeps: the first error, one of equal nodes, folded constants, names, parameters; and what
 * mlrt_grad answers at the edges. */
#include "graph/build.h"
#include "tap.h"

static mlrt__params params;
static mlrt_graph *g;
static mlrt_node *x, *y; /* fields [2, 3] */

static void begin(void) {
    mlrt__graph_free(g);
    g = mlrt__graph_new(&params, true);
    x = mlrt__graph_input(g, "x", MLRT_F32, MLRT_SHAPE_OF(2, 3), NULL);
    y = mlrt__graph_input(g, "y", MLRT_F32, MLRT_SHAPE_OF(2, 3), NULL);
}

static const char *line(void) {
    static char text[2048];
    return mlrt_error_text(&g->error, text, sizeof text);
}

static double full_value(const mlrt_node *n) {
    double value = NAN;
    mlrt__is_full(n, &value);
    return value;
}

/* ---- errors ---- */

static void test_errors(void) {
    begin();
    mlrt__enter(g, "encoder", true, "x.lua:14");
    mlrt__enter(g, "2", false, "");
    mlrt__enter(g, "ffn", false, "x.lua:9");
    mlrt__leave(g);
    mlrt_node *bad = mlrt_add(x, mlrt_full(g, MLRT_SHAPE_OF(4), 1));
    ok(mlrt_failed(bad), "a builder fails");
    is_str(line(), "x.lua:14: encoder.2: add: shapes [2, 3] and [4] do not fit: dimensions must be equal, or 1",
           "with the line and the layer that are open");
    const int32_t nodes = g->nodes;
    mlrt_node *later = mlrt_tanh(mlrt_matmul(mlrt_reshape(bad, MLRT_SHAPE_OF(7)), x, 0)), *dx;
    later = mlrt_sum(mlrt_concat((mlrt_node *[]){x, later}, 2, 5), MLRT_AXIS(7), true);
    later = mlrt_slice(mlrt_transpose(mlrt_pow(later, y), (const int32_t[]){1, 0}), 3, 0, 1, 1);
    mlrt_grad(later, &x, 1, &dx);
    mlrt_graph_fail(g, MLRT_NAME, "something else");
    ok(mlrt_failed(later) && mlrt_failed(dx) && mlrt_failed(mlrt_name(bad, "bad")),
       "all that is built of it has failed");
    is_int(g->nodes, nodes, "and adds nothing to the graph");
    is_int(g->error.status, MLRT_SHAPE, "the first failure keeps its status");
    is_str(g->error.message, "add: shapes [2, 3] and [4] do not fit: dimensions must be equal, or 1",
           "and its message");
    ok(mlrt_failed(mlrt_scalar(g, 1)), "even a constant has failed then");

    begin();
    mlrt_add(x, mlrt_full(g, MLRT_SHAPE_OF(4), 1));
    is_str(line(), "add: shapes [2, 3] and [4] do not fit: dimensions must be equal, or 1",
           "outside of layers: no place");
    begin();
    mlrt__leave(g);
    mlrt__enter(g, "a", false, NULL);
    mlrt_graph_fail(g, MLRT_NAME, "no %s", "way");
    is_str(line(), "a: no way", "one leaves the outermost layer for nothing");
}

static void test_apply(void) {
    mlrt_graph *other = mlrt__graph_new(NULL, true);
    mlrt_node *stranger = mlrt_scalar(other, 2), *dx;
    begin();
    mlrt_apply(g, &mlrt__op_sum, (mlrt_node *[]){x, y}, 2, NULL);
    is_str(line(), "op 'sum' takes 1 to 1 inputs, got 2", "the number of inputs is checked");
    begin();
    mlrt_apply(g, &mlrt__op_gather, (mlrt_node *[]){x, NULL}, 2, NULL);
    is_str(line(), "input 2 of op 'gather' is missing", "and that they are there");
    begin();
    mlrt_mul(x, stranger);
    is_str(line(), "input 2 of op 'mul' belongs to another graph", "and that they are of this graph");
    begin();
    mlrt_grad(x, &stranger, 1, &dx);
    is_str(line(), "a gradient with respect to a node of another graph", "so are the variables of a gradient");
    mlrt__graph_free(other);
}

/* ---- equal nodes ---- */

static void test_merging(void) {
    begin();
    ok(mlrt_add(x, y) == mlrt_add(x, y), "equal nodes are one");
    ok(mlrt_add(x, y) != mlrt_add(y, x), "inputs in another order are not equal");
    ok(mlrt_sum(x, MLRT_AXIS(0), false) == mlrt_sum(x, mlrt_axis(x, -2), false), "equal attributes are equal");
    ok(mlrt_sum(x, MLRT_AXIS(0), false) != mlrt_sum(x, MLRT_AXIS(1), false), "others are not");
    ok(mlrt_scalar(g, 0.5) == mlrt_full(g, MLRT_SCALAR, 0.5), "so are constants");
    ok(mlrt_full_i32(g, MLRT_SCALAR, 1) != mlrt_scalar(g, 1), "of one dtype");
    mlrt_shape a = MLRT_SHAPE_OF(2, 3), b = MLRT_SHAPE_OF(2, 3);
    b.dim[5] = 77;
    ok(mlrt_full(g, a, 1) == mlrt_full(g, b, 1), "dimensions that are not in use do not count");
    ok(mlrt_reshape(x, MLRT_SHAPE_OF(6)) == mlrt_reshape(mlrt_reshape(x, MLRT_SHAPE_OF(3, 2)), MLRT_SHAPE_OF(6)),
       "a reshape of a reshape is one reshape");
    ok(mlrt_random_normal(g, a, 0, 1) != mlrt_random_normal(g, a, 0, 1), "random numbers are never equal");
    ok(mlrt_dropout(x, 0.5) != mlrt_dropout(x, 0.5), "nor are dropouts");
    ok(mlrt_random_normal(g, a, 0, 1)->stream != mlrt_random_normal(g, a, 0, 1)->stream,
       "each has a stream of its own");

    mlrt_node *first = mlrt_exp(x), *last = x;
    for (int32_t i = 0; i < 3000; i++) last = mlrt_add_scalar(last, i + 1);
    const int32_t nodes = g->nodes;
    mlrt_node *again = x;
    for (int32_t i = 0; i < 3000; i++) again = mlrt_add_scalar(again, i + 1);
    ok(g->nodes == nodes && again == last && first == mlrt_exp(x), "equal nodes are found among thousands");
}

static void test_folding(void) {
    begin();
    mlrt_node *two = mlrt_scalar(g, 2), *zeros = mlrt_full(g, MLRT_SHAPE_OF(2, 3), 0);
    is_close(full_value(mlrt_add(two, mlrt_scalar(g, 3))), 5, 0, "2 + 3 is a constant");
    is_close(full_value(mlrt_sub(two, mlrt_scalar(g, 3))), -1, 0, "2 - 3 is");
    is_close(full_value(mlrt_mul(two, mlrt_scalar(g, 3))), 6, 0, "2 * 3 is");
    is_close(full_value(mlrt_div(two, mlrt_scalar(g, 4))), 0.5, 0, "2 / 4 is");
    is_close(full_value(mlrt_neg(two)), -2, 0, "-2 is");
    mlrt_node *twos = mlrt_broadcast(two, MLRT_SHAPE_OF(3));
    is_close(full_value(twos), 2, 0, "2 broadcast is");
    is_close(full_value(mlrt_broadcast(twos, MLRT_SHAPE_OF(2, 3))), 2, 0, "and broadcast again");
    is_close(full_value(mlrt_reshape(twos, MLRT_SHAPE_OF(3, 1))), 2, 0, "and in another shape");
    mlrt_node *sixes = mlrt_mul(mlrt_full(g, MLRT_SHAPE_OF(2, 1), 3), twos);
    is_close(full_value(sixes), 6, 0, "so are numbers of different shapes");
    ok(sixes->shape.rank == 2 && sixes->shape.dim[0] == 2 && sixes->shape.dim[1] == 3, "in the shape of both");
    ok(mlrt_reshape(mlrt_full_i32(g, MLRT_SHAPE_OF(4), 1), MLRT_SHAPE_OF(2, 2))->dtype == MLRT_I32,
       "whole numbers stay whole");
    ok(isnan(full_value(mlrt_div(two, mlrt_scalar(g, 0)))), "2 / 0 is left to the kernel");
    ok(mlrt_add_scalar(x, 0) == x && mlrt_add(zeros, x) == x && mlrt_sub(x, zeros) == x, "x + 0 is x");
    ok(mlrt_mul_scalar(x, 1) == x && mlrt_div(x, mlrt_scalar(g, 1)) == x, "x * 1 is x");
    ok(mlrt_add(mlrt_slice(x, 0, 0, 1, 1), zeros) != x && mlrt_dim(mlrt_add(mlrt_slice(x, 0, 0, 1, 1), zeros), 0) == 2,
       "but zeros that enlarge x are added");
    ok(mlrt_pow_scalar(x, 1) == x && mlrt_pow_scalar(x, 2) == mlrt_square(x) &&
           mlrt_pow_scalar(x, 0.5) == mlrt_sqrt(x) && mlrt_pow_scalar(x, -1) == mlrt_reciprocal(x) &&
           mlrt_pow_scalar(x, -0.5) == mlrt_rsqrt(x),
       "easy powers have easy functions");
    is_close(full_value(mlrt_pow_scalar(x, 0)), 1, 0, "x^0 is 1");
    ok(mlrt_cast(x, MLRT_F32) == x && mlrt_reshape(x, x->shape) == x && mlrt_broadcast(x, x->shape) == x &&
           mlrt_slice(x, 1, 0, 3, 1) == x && mlrt_concat(&x, 1, 0) == x &&
           mlrt_transpose(x, (const int32_t[]){0, 1}) == x && mlrt_sum(x, 0, true) == x,
       "what changes nothing is no node");
    ok(mlrt_dropout(x, 0) == x, "nor is a dropout of nothing");
    mlrt_graph *evaluation = mlrt__graph_new(NULL, false);
    mlrt_node *input = mlrt__graph_input(evaluation, "x", MLRT_F32, MLRT_SHAPE_OF(2), NULL);
    ok(mlrt_dropout(input, 0.5) == input, "nor any dropout in evaluation");
    ok(!mlrt_graph_training(evaluation) && mlrt_graph_training(g), "a graph knows which it is");
    mlrt__graph_free(evaluation);
}

static void test_constants(void) {
    float data[] = {1, 2};
    begin();
    const mlrt_tensor t = {MLRT_F32, MLRT_SHAPE_OF(2), data};
    mlrt_node *n = mlrt_constant(g, &t);
    data[0] = 7;
    is_close((double)*(const float *)((const mlrt__constant_attr *)n->attr)->data, 1, 0,
             "a constant has a copy of its data");
}

/* ---- reading ---- */

static void test_reading(void) {
    static const char *const token[] = {"pad", "end", "+"};
    static const mlrt_vocabulary v = {3, token}, plain = {3, NULL};
    begin();
    mlrt_node *s = mlrt_sum(x, MLRT_AXIS(1), true);
    ok(mlrt_node_graph(s) == g && mlrt_rank(s) == 2 && mlrt_count(s) == 2, "a node has a graph, a rank and a count");
    ok(mlrt_dim(s, 0) == 2 && mlrt_dim(s, -1) == 1 && mlrt_dim(s, 2) == 0 && mlrt_dim(s, -3) == 0, "and dimensions");
    ok(mlrt_node_inputs(s) == 1 && mlrt_node_inputs(mlrt_node_input(s, 0)) == 1 && mlrt_node_inputs(x) == 0,
       "and inputs");
    ok(mlrt_node_attr(s) && !mlrt_node_vocabulary(s), "and attributes");
    mlrt_node *tokens = mlrt__graph_input(g, "tokens", MLRT_I32, MLRT_SHAPE_OF(4), &v);
    ok(mlrt_node_vocabulary(tokens) == &v, "a field has a vocabulary");
    is_int(mlrt_token(&v, "end"), 1, "in which a token has a number");
    ok(mlrt_token(&v, "-") == -1 && mlrt_token(&plain, "end") == -1 && mlrt_token(NULL, "end") == -1, "or none");
}

/* ---- names ---- */

static void test_names(void) {
    begin();
    mlrt__enter(g, "encoder.1", true, "");
    mlrt_node *n = mlrt_exp(x), *same = mlrt_name(n, "hidden");
    ok(same == n, "a name leaves a node as it is");
    is_str(n->name, "encoder.1.hidden", "and begins with the layer's path");
    mlrt__leave(g);
    mlrt_node *second = mlrt_name(mlrt_exp(x), "again");
    ok(second != n && mlrt_node_input(second, 0) == n && mlrt__is_view(second), "a second name gets a view");
    is_str(second->name, "again", "of its own");
    is_str(n->name, "encoder.1.hidden", "and the first one stays");
    ok(mlrt_shape_equal(mlrt_node_shape(second), mlrt_node_shape(n)), "of the same shape");
    ok(mlrt_name(x, "source") != x && strcmp(x->name, "x") == 0, "a field keeps its name too");
    mlrt_node *flat = mlrt_reshape(second, MLRT_SHAPE_OF(6));
    ok(mlrt_node_input(flat, 0) == second, "what is built of a named view keeps it in the graph");
}

/* ---- parameters ---- */

static void test_parameters(void) {
    mlrt__params all = {0};
    mlrt_graph *train = mlrt__graph_new(&all, true), *eval = mlrt__graph_new(&all, false);
    mlrt_node *w = mlrt__parameter(train, "ffn.weight", MLRT_SHAPE_OF(3, 4), MLRT_ZEROS, true);
    mlrt_node *m = mlrt__parameter(train, "norm.mean", MLRT_SHAPE_OF(3), MLRT_ONES, false);
    ok(mlrt__parameter(train, "ffn.weight", MLRT_SHAPE_OF(3, 4), MLRT_ONES, true) == w, "a parameter is found again");
    ok(mlrt__params_find(&all, "ffn.weight") == 0 && mlrt__params_find(&all, "ffn") == -1, "by its whole name");
    ok(all.param[0]->trained && !all.param[1]->trained && m != w, "trained or kept");
    all.closed = true;
    mlrt_node *again = mlrt__parameter(eval, "ffn.weight", MLRT_SHAPE_OF(3, 4), MLRT_ZEROS, true);
    ok(again->graph == eval && !mlrt_failed(again) && all.count == 2, "another graph finds the same ones");

    char text[1024];
    mlrt__parameter(eval, "ffn.bias", MLRT_SHAPE_OF(4), MLRT_ZEROS, true);
    is_str(mlrt_error_text(&eval->error, text, sizeof text),
           "parameter 'ffn.bias' appears in evaluation but not in training",
           "no other is added once they are laid out");
    mlrt__enter(train, "head", true, "x.lua:3");
    mlrt__parameter(train, "ffn.weight", MLRT_SHAPE_OF(4, 3), MLRT_ZEROS, true);
    is_str(mlrt_error_text(&train->error, text, sizeof text),
           "x.lua:3: head: parameter 'ffn.weight' is [3, 4], and [4, 3] is asked of it here", "another shape is told");
    mlrt__graph_free(train);
    train = mlrt__graph_new(&all, true);
    mlrt__parameter(train, "void", MLRT_SHAPE_OF(4, 0), MLRT_ZEROS, true);
    is_str(mlrt_error_text(&train->error, text, sizeof text), "parameter 'void' would be empty: [4, 0]", "so is none");
    mlrt__graph_free(train);
    mlrt__graph_free(eval);
    mlrt__params_free(&all);
}

/* ---- gradients at the edges ---- */

static void half_gradient(mlrt_node *n, mlrt_node *dy, mlrt_node **dx) { (void)n, dx[0] = mlrt_slice(dy, 0, 0, 1, 1); }

static mlrt_status same_shape(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    (void)err;
    *dtype = MLRT_F32, *shape = n->in[0]->shape;
    return MLRT_OK;
}

static void test_gradients(void) {
    begin();
    mlrt_node *loss = mlrt_sum(mlrt_square(x), MLRT_ALL_AXES, false), *late, *dx[4];
    late = mlrt_exp(y);
    mlrt_grad(loss, (mlrt_node *[]){x, y, late, loss}, 4, dx);
    ok(full_value(dx[1]) == 0 && full_value(dx[2]) == 0 && mlrt_shape_equal(&dx[1]->shape, &y->shape),
       "zeros where nothing depends on it");
    is_close(full_value(dx[3]), 1, 0, "one for itself");
    const int32_t nodes = g->nodes;
    mlrt_grad(loss, &x, 1, dx);
    is_int(g->nodes, nodes, "the same gradient again adds no node");

    mlrt_grad(mlrt_argmax(x, 0), &x, 1, dx);
    is_str(line(), "the gradient of a node needs f32, got i32", "integers have no gradient");
    begin();
    mlrt_grad(mlrt_mul(x, mlrt_cast(mlrt_argsort(x, 0), MLRT_F32)), &x, 1, dx);
    ok(!mlrt_failed(dx[0]), "and stop those of what is behind them");

    begin();
    mlrt__enter(g, "encoder.1", true, "x.lua:5");
    mlrt_node *norm = mlrt_layer_norm(x, mlrt_full(g, MLRT_SHAPE_OF(3), 1), mlrt_full(g, MLRT_SHAPE_OF(3), 0), 1e-5);
    mlrt__leave(g);
    mlrt_grad(norm, &x, 1, dx);
    is_str(dx[0]->path, "encoder.1", "a gradient belongs to the layer of what it differentiates");
    is_str(g->path, "", "and the layer that is open stays open");
    mlrt_grad(dx[0], &x, 1, dx);
    is_str(line(),
           "x.lua:5: encoder.1: op 'layer_norm_grad' has no second derivative: its gradient is a hand-written kernel "
           "(build the same from elementary ops)",
           "a second derivative that there is not names the layer");

    static const mlrt_op half = {"half", NULL, 1, 1, 0, 0, same_shape, half_gradient, NULL, NULL, NULL};
    begin();
    mlrt_grad(mlrt_apply(g, &half, &x, 1, NULL), &x, 1, dx);
    is_str(line(), "op 'half' gives a gradient [1, 3] for input 1, which is [2, 3]",
           "a gradient of another shape is refused");
}

static void test_packs(void) {
    const mlrt_shape a = MLRT_SHAPE_OF(3, 7), b = MLRT_SHAPE_OF(5), c = MLRT_SCALAR, *parts[] = {&a, &b, &c};
    is_int(mlrt_pack_offset(parts, 0), 0, "a pack begins with its first part");
    is_int(mlrt_pack_offset(parts, 1), 32, "each part begins at a multiple of 16");
    is_int(mlrt_pack_size(parts, 3), 64, "and the pack ends at one");
    begin();
    mlrt_node *pack =
        mlrt_broadcast(mlrt_reshape(mlrt_slice(x, 0, 0, 1, 3), MLRT_SHAPE_OF(3, 1)), MLRT_SHAPE_OF(3, 22));
    mlrt_node *part = mlrt_unpack(mlrt_reshape(pack, MLRT_SHAPE_OF(66)), parts, 1);
    ok(mlrt_shape_equal(mlrt_node_shape(part), &b), "a part has its shape");
    ok(mlrt__view_offset(part) == 32 && mlrt__is_view(part), "and is a view");
}

int main(void) {
    test_errors();
    test_apply();
    test_merging();
    test_folding();
    test_constants();
    test_reading();
    test_names();
    test_parameters();
    test_gradients();
    test_packs();
    mlrt__graph_free(g);
    mlrt__params_free(&params);
    return done_testing();
}
