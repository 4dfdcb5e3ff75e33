/* unpad.c - steps without padding: the same loss and the same gradients, from fewer rows, and nothing of what lies behind
 * them is ever read. */
#include "graph/unpad.h"
#include "program/calls.h"
#include "tap.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PAD = 1, CLASSES = 11, MOST = 64 };

typedef struct net net;

typedef struct shape {
    const char *name;
    int64_t batch, source, target, dim;
    int32_t heads;
    mlrt_node *(*model)(net *n); /* logits */
    int32_t found, first, count; /* paddings that there are, and those that are left out */
    bool full;                   /* nothing is padded */
    bool bf16;
    double tolerance, dropout;
    mlrt__elementwise code; /* of a function, and how its last operand is broadcast */
    mlrt_shape operand;
} shape;

struct net {
    const shape *shape;
    mlrt_graph *graph;
    mlrt_node *source, *target, *w[MOST], *dw[MOST], *loss;
    int32_t count;
};

static mlrt_node *weight(net *n, mlrt_shape s) {
    char name[16];
    snprintf(name, sizeof name, "w%d", n->count);
    return n->w[n->count++] = mlrt__graph_input(n->graph, name, MLRT_F32, s, NULL);
}

static mlrt_node *affine(net *n, mlrt_node *x, int64_t out) {
    return mlrt_add(mlrt_matmul(x, weight(n, MLRT_SHAPE_OF(out, mlrt_dim(x, -1))), MLRT_TRANS_B),
                    weight(n, MLRT_SHAPE_OF(out)));
}

static mlrt_node *attend(net *n, mlrt_node *x, mlrt_node *memory, mlrt_node *mask, bool causal) {
    const int64_t d = n->shape->dim;
    mlrt_node *q = affine(n, x, d), *k = affine(n, memory, d), *v = affine(n, memory, d);
    const mlrt_attention_options options = {
        .heads = n->shape->heads, .causal = causal, .mask = mask, .dropout = n->shape->dropout};
    mlrt_node *y = affine(n, mlrt_attention_with(q, k, v, &options), d);
    mlrt_node *gain = weight(n, MLRT_SHAPE_OF(d));
    return causal ? mlrt_rms_norm(mlrt_add(x, y), gain, 1e-5)
                  : mlrt_layer_norm(mlrt_add(x, y), gain, weight(n, MLRT_SHAPE_OF(d)), 1e-5);
}

/* Attention to itself that knows positions by vectors for distances and angles. */
static mlrt_node *attend_by_distance(net *n, mlrt_node *x, mlrt_node *mask, bool causal) {
    const int64_t d = n->shape->dim, width = d / n->shape->heads, length = mlrt_dim(x, 1);
    mlrt_node *q = affine(n, x, d), *k = affine(n, x, d), *table = weight(n, MLRT_SHAPE_OF(length, width / 2, 2));
    const mlrt_attention_options shared = {.heads = n->shape->heads,
                                           .causal = causal,
                                           .mask = mask,
                                           .far_k = weight(n, MLRT_SHAPE_OF(7, width)),
                                           .far_v = weight(n, MLRT_SHAPE_OF(7, width))};
    const mlrt_attention_options own = {.heads = n->shape->heads,
                                        .causal = causal,
                                        .mask = mask,
                                        .far_q = affine(n, x, d),
                                        .far_k = weight(n, MLRT_SHAPE_OF(2 * length - 1, d))};
    table = mlrt_stop_gradient(table);
    mlrt_node *y = mlrt_attention_with(mlrt_rotate(q, table), mlrt_rotate(k, table), affine(n, x, d), &shared);
    return mlrt_add(y, mlrt_attention_with(q, k, affine(n, y, d), &own));
}

static mlrt_node *embed(net *n, mlrt_node *tokens) {
    const int64_t d = n->shape->dim;
    mlrt_node *place = weight(n, MLRT_SHAPE_OF(mlrt_dim(tokens, 1), d));
    return mlrt_dropout(mlrt_add(mlrt_gather(weight(n, MLRT_SHAPE_OF(CLASSES, d)), tokens), place), n->shape->dropout);
}

static mlrt_node *feed_forward(net *n, mlrt_node *x) {
    return mlrt_add(x, affine(n, mlrt_relu(affine(n, x, 3 * n->shape->dim)), n->shape->dim));
}

static mlrt_node *tokens_of(net *n, const char *name, int64_t length) {
    return mlrt__graph_input(n->graph, name, MLRT_I32, MLRT_SHAPE_OF(n->shape->batch, length), NULL);
}

/* ---- models ---- */

static mlrt_node *seq2seq(net *n) {
    mlrt_node *mask = mlrt_ne(n->source, mlrt_full_i32(n->graph, MLRT_SCALAR, PAD)), *h = embed(n, n->source);
    mlrt_node *memory = feed_forward(n, attend(n, h, h, mask, false));
    h = feed_forward(n, embed(n, n->target));
    return affine(n, attend(n, attend(n, h, h, NULL, true), memory, mask, false), CLASSES);
}

static mlrt_node *by_distance(net *n) {
    mlrt_node *mask = mlrt_ne(n->source, mlrt_full_i32(n->graph, MLRT_SCALAR, PAD)), *h = embed(n, n->source);
    mlrt_node *memory = feed_forward(n, attend_by_distance(n, h, mask, false));
    h = attend_by_distance(n, embed(n, n->target), NULL, true);
    return affine(n, attend(n, h, memory, mask, false), CLASSES);
}

/* Tokens say themselves what comes next. */
static mlrt_node *decoder(net *n) {
    mlrt_node *h = embed(n, n->target);
    return affine(n, attend(n, h, h, NULL, true), CLASSES);
}

/* An elementwise function of positive numbers between two products. */
static mlrt_node *function(net *n) {
    static const int32_t of_two = MLRT__EW_le, of_three = MLRT__EW_where;
    const shape *s = n->shape;
    mlrt_node *x = mlrt_add(mlrt_sigmoid(affine(n, embed(n, n->target), s->dim)), mlrt_scalar(n->graph, 0.5));
    mlrt_node *other = mlrt_exp(weight(n, s->operand)), *in[] = {x, other, mlrt_neg(x)};
    const int32_t inputs = (int32_t)s->code <= of_two ? 2 : (int32_t)s->code == of_three ? 3 : 1;
    if (inputs == 1) in[0] = mlrt_mul(x, other);
    x = mlrt_add(x, mlrt_apply(n->graph, &mlrt__ew_op[s->code], in, inputs, NULL));
    return affine(n, mlrt_matmul(x, mlrt_tanh(weight(n, MLRT_SHAPE_OF(s->dim, s->dim))), 0), CLASSES);
}

static void build(net *n, const shape *s, bool without) {
    *n = (net){.shape = s, .graph = mlrt__graph_new(NULL, true)};
    n->graph->bf16 = s->bf16;
    n->source = tokens_of(n, "source", s->source), n->target = tokens_of(n, "target", s->target);
    n->loss = mlrt_cross_entropy(s->model(n), n->target, PAD, 0.1);
    mlrt__padding p[MLRT__PADDINGS];
    if (without) {
        is_int(mlrt__find_padding(n->loss, p), s->found, "%s: the paddings are found", s->name);
        n->loss = mlrt__leave_out_padding(n->loss, p + s->first, s->count);
    }
    mlrt_grad(n->loss, n->w, n->count, n->dw);
}

/* ---- checks ---- */

/* Lengths from nothing to all, and some padding in the middle of what is kept. */
static void fill_tokens(const mlrt_tensor *t, const shape *s, uint64_t seed) {
    const int64_t batch = t->shape.dim[0], length = t->shape.dim[1];
    for (int64_t b = 0; b < batch; b++) {
        const uint64_t drawn = mlrt_random_below(seed, 7, (uint64_t)b, (uint64_t)length + 1);
        const int64_t own = s->full ? length : b == 1 ? 0 : b == 2 ? length : (int64_t)drawn;
        for (int64_t i = 0; i < length; i++) {
            const uint64_t token = mlrt_random_below(seed, 8, (uint64_t)(b * length + i), CLASSES);
            ((int32_t *)t->data)[b * length + i] = i < own ? (int32_t)token : PAD;
        }
    }
}

static void fill_weights(mlrt__program *p) {
    for (int32_t i = 0; i < p->inputs; i++) {
        const mlrt_tensor t = p->input[i].tensor;
        const uint64_t stream = mlrt_stream(p->input[i].name);
        const double scale = t.shape.rank == 2 ? 1 / sqrt((double)t.shape.dim[1]) : 0.3;
        for (int64_t k = 0; t.dtype == MLRT_F32 && k < mlrt_shape_count(&t.shape); k++)
            ((float *)t.data)[k] = (float)(scale * mlrt_random_gauss(1, stream, (uint64_t)k));
    }
}

static void fill_batch(mlrt__program *p, const shape *s, uint64_t seed) {
    for (int32_t i = 0; i < p->inputs; i++)
        if (p->input[i].tensor.dtype == MLRT_I32)
            fill_tokens(&p->input[i].tensor, s, seed + (p->input[i].name[0] == 's'));
}

static mlrt__program *compile(net *n, const char *name) {
    mlrt__program *p;
    mlrt_error err = {0};
    mlrt__want want[MOST + 1] = {{n->loss, NULL}};
    for (int32_t i = 0; i < n->count; i++) want[i + 1].node = n->dw[i];
    if (mlrt__program_new(n->graph, want, n->count + 1, NULL, &p, &err) == MLRT_OK) {
        fill_weights(p);
        return p;
    }
    ok(false, "%s: compiles (%s)", name, err.message);
    exit(done_testing());
}

/* The difference over the norm, the worst of all gradients. Those of the keys' biases are zero but for rounding. */
static double distance(const mlrt__program *a, const mlrt__program *b, int32_t count) {
    double worst = 0;
    for (int32_t i = 0; i <= count; i++) {
        const mlrt_tensor x = mlrt__program_result(a, i), y = mlrt__program_result(b, i);
        double difference = 0, norm = 0;
        for (int64_t k = 0; k < mlrt_shape_count(&x.shape); k++) {
            const double u = (double)((const float *)x.data)[k], v = (double)((const float *)y.data)[k];
            difference += (u - v) * (u - v), norm += u * u;
        }
        const double d = sqrt(difference / (norm > 1e-8 ? norm : 1e-8));
        if (!(d <= worst)) worst = d;
    }
    return worst;
}

static void check(const shape *s) {
    net with, without;
    build(&with, s, false);
    build(&without, s, true);
    mlrt__program *a = compile(&with, s->name), *b = compile(&without, s->name);
    int32_t ragged = 0;
    for (int32_t i = 0; i < b->steps; i++) ragged += b->step[i].rows != NULL;
    ok(ragged > 9, "%s: %d of %d calls take the rows that there are", s->name, ragged, b->steps);
    for (uint64_t seed = 1; seed <= (s->model == function ? 1 : 2); seed++) {
        fill_batch(a, s, seed), fill_batch(b, s, seed);
        memset(b->memory, 0xff, b->arena_bytes); /* NaN, wherever something is read that was not written */
        if (b->scratch_bytes) memset(b->scratch, 0xff, b->scratch_bytes);
        const bool runs = mlrt__program_run(a, 1, 1, NULL) == MLRT_OK && mlrt__program_run(b, 1, 1, NULL) == MLRT_OK;
        const double d = distance(a, b, with.count);
        ok(runs && d < s->tolerance, "%s: the loss and all gradients are the same, batch %d (%.1e)", s->name, (int)seed,
           d);
    }
    mlrt__program_free(a), mlrt__program_free(b);
    mlrt__graph_free(with.graph), mlrt__graph_free(without.graph);
}

/* Two threads, and a batch that comes after others, give the same bits. */
static void check_bits(const shape *s) {
    net n[2];
    mlrt__program *p[2];
    for (int32_t i = 0; i < 2; i++) {
        mlrt__set_threads(1 + i);
        build(&n[i], s, true);
        p[i] = compile(&n[i], s->name);
        for (uint64_t seed = i ? 1 : 2; seed <= 2; seed++)
            fill_batch(p[i], s, seed), mlrt__program_run(p[i], 1, 1, NULL);
    }
    is_close(distance(p[0], p[1], n[0].count), 0, 0, "%s: the same bits by two threads, whatever the batch before",
             s->name);
    for (int32_t i = 0; i < 2; i++) mlrt__program_free(p[i]), mlrt__graph_free(n[i].graph);
    mlrt__set_threads(0);
}

/* Rows that are not there may hold anything: what is not finite is found where it begins all the same. */
static void check_blame(const shape *s) {
    net n;
    mlrt_error err = {0};
    char says[32];
    build(&n, s, true);
    mlrt__program *p = compile(&n, s->name);
    fill_batch(p, s, 1);
    const mlrt_node *last = n.w[n.count - 2];
    *(float *)mlrt__program_input(p, last->name).data = NAN;
    memset(p->memory, 0xff, p->arena_bytes);
    mlrt__program_run(p, 1, 1, NULL);
    is_int(mlrt__program_find_nonfinite(p, 1, 1, &err), MLRT_NUMERIC, "%s: a weight that is not a number", s->name);
    snprintf(says, sizeof says, "NaN in '%s'", last->name);
    has_str(err.message, says, "is named");
    mlrt__program_free(p), mlrt__graph_free(n.graph);
}

/* Dropout draws other numbers in fewer rows, and no more than that is different. */
static void check_dropout(shape s) {
    net n;
    s.dropout = 0.3;
    build(&n, &s, true);
    mlrt__program *p = compile(&n, s.name);
    fill_batch(p, &s, 1);
    memset(p->memory, 0xff, p->arena_bytes);
    ok(mlrt__program_run(p, 1, 1, NULL) == MLRT_OK, "%s: runs with dropout", s.name);
    is_close(distance(p, p, n.count), 0, 0, "everything is finite");
    mlrt__program_free(p), mlrt__graph_free(n.graph);
}

/* A function with an operand for each feature, for each place, for each token, and for all. */
static void check_function(mlrt__elementwise code, int64_t batch, int64_t length, int64_t dim) {
    const mlrt_shape operand[] = {MLRT_SHAPE_OF(dim), MLRT_SHAPE_OF(length, dim), MLRT_SHAPE_OF(batch, length, 1),
                                  MLRT_SCALAR};
    for (size_t k = 0; k < sizeof operand / sizeof *operand; k++)
        check(&(shape){.name = mlrt__ew_op[code].name,
                       .batch = batch,
                       .source = 1,
                       .target = length,
                       .dim = dim,
                       .model = function,
                       .found = 1,
                       .count = 1,
                       .tolerance = 1e-5,
                       .code = code,
                       .operand = operand[k]});
}

static void check_functions(void) {
    for (int32_t code = 0; code < MLRT__EW_COUNT; code++)
        if (code != MLRT__EW_cast && code != MLRT__EW_gelu_slope && code != MLRT__EW_silu_slope &&
            code != MLRT__EW_tanh_grad && code != MLRT__EW_dropout)
            check_function((mlrt__elementwise)code, 5, 6, 8);
    check_function(MLRT__EW_mul, 6, 6, 6); /* weights and operands look as if they had rows */
}

int main(void) {
    static const shape shapes[] = {
        {"few", 5, 7, 4, 32, 2, seq2seq, 2, 0, 2, .tolerance = 1e-5},
        {"odd widths", 4, 9, 11, 15, 3, seq2seq, 2, 0, 2, .tolerance = 1e-5},
        {"blocks of queries", 3, 70, 90, 32, 2, seq2seq, 2, 0, 2, .tolerance = 1e-5},
        {"large products", 6, 40, 33, 64, 2, seq2seq, 2, 0, 2, .tolerance = 1e-5},
        {"the source alone", 5, 30, 7, 32, 2, seq2seq, 2, 0, 1, .tolerance = 1e-5},
        {"the target alone", 5, 30, 7, 32, 2, seq2seq, 2, 1, 1, .tolerance = 1e-5},
        {"nothing padded", 6, 10, 9, 32, 2, seq2seq, 2, 0, 2, .full = true, .tolerance = 1e-5},
        {"tokens alone", 6, 12, 30, 32, 2, decoder, 1, 0, 1, .tolerance = 1e-5},
        {"distances and angles", 5, 12, 9, 32, 2, by_distance, 2, 0, 2, .tolerance = 1e-5},
        {"distances and angles in blocks", 3, 70, 80, 24, 2, by_distance, 2, 0, 2, .tolerance = 1e-5},
        {"bf16, distances and angles", 3, 40, 36, 64, 2, by_distance, 2, 0, 2, .bf16 = true, .tolerance = 3e-2},
        {"bf16", 3, 40, 36, 64, 2, seq2seq, 2, 0, 2, .bf16 = true, .tolerance = 3e-2},
        {"bf16, few", 12, 8, 5, 64, 2, seq2seq, 2, 0, 2, .bf16 = true, .tolerance = 3e-2},
        {"bf16, the source alone", 3, 40, 5, 64, 2, seq2seq, 2, 0, 1, .bf16 = true, .tolerance = 3e-2},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) check(&shapes[i]), check_bits(&shapes[i]);
    check_dropout(shapes[0]), check_dropout(shapes[2]);
    check_blame(&shapes[0]);
    check_functions();
    return done_testing();
}
