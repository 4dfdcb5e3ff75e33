/* recompute.c - embeddings, norms and attention computed again for the backward pass: less memory, and the same numbers. */
#include "graph/ops.h"
#include "program/calls.h"
#include "tap.h"
#include <stdlib.h>
#include <string.h>

enum { BATCH = 4, ROWS = 24, TOKENS = 7, SIZE = 16, BLOCKS = 5 };

typedef struct net {
    mlrt_graph *graph;
    mlrt_node *w[BLOCKS], *dw[BLOCKS];
} net;

static mlrt_node *input(net *n, const char *name, mlrt_shape shape) {
    return mlrt__graph_input(n->graph, name, MLRT_F32, shape, NULL);
}

/* What is between two products: a norm; a part of it, which is a view; attention of a few sequences to themselves; nothing. */
typedef enum middle { NORM, VIEW, ATTENTION, NOTHING } middle;

/* x + tanh(norm(x) w), again and again, or with attention to x w in the norm's place, and the gradients of each w. */
static void build(net *n, size_t enough, middle m) {
    static const char *const name[BLOCKS] = {"w0", "w1", "w2", "w3", "w4"};
    *n = (net){.graph = mlrt__graph_new(NULL, true)};
    n->graph->enough = enough;
    mlrt_node *token = mlrt__graph_input(n->graph, "token", MLRT_I32, MLRT_SHAPE_OF(ROWS), NULL);
    mlrt_node *x = mlrt_gather(input(n, "table", MLRT_SHAPE_OF(TOKENS, SIZE)), token);
    x = mlrt_add(x, input(n, "position", MLRT_SHAPE_OF(ROWS, SIZE)));
    if (m == ATTENTION) x = mlrt_reshape(x, MLRT_SHAPE_OF(BATCH, ROWS / BATCH, SIZE));
    mlrt_node *gain = input(n, "gain", MLRT_SHAPE_OF(SIZE)), *bias = input(n, "bias", MLRT_SHAPE_OF(SIZE));
    for (int32_t i = 0; i < BLOCKS; i++) {
        n->w[i] = input(n, name[i], MLRT_SHAPE_OF(SIZE, SIZE));
        mlrt_node *q = m == ATTENTION ? mlrt_matmul(x, n->w[i], 0) : NULL;
        mlrt_node *y = q              ? mlrt_attention(q, q, q, NULL, 2, false, 0)
                       : m == NOTHING ? x
                                      : mlrt_layer_norm(x, gain, bias, 1e-5);
        if (m == VIEW) x = mlrt_slice(x, 0, 1, ROWS - i, 1), y = mlrt_slice(y, 0, 1, ROWS - i, 1);
        x = mlrt_add(x, mlrt_tanh(mlrt_matmul(y, n->w[i], 0)));
    }
    mlrt_grad(mlrt_mean(mlrt_square(x), MLRT_ALL_AXES, false), n->w, BLOCKS, n->dw);
}

typedef struct outcome {
    int32_t norms, gathers, attentions; /* calls */
    size_t alive;
    float dw[BLOCKS][SIZE * SIZE];
} outcome;

static outcome run(size_t enough, middle m) {
    outcome o = {0};
    net n;
    mlrt__program *p;
    mlrt__want want[BLOCKS];
    build(&n, enough, m);
    for (int32_t i = 0; i < BLOCKS; i++) want[i] = (mlrt__want){n.dw[i], o.dw[i]};
    if (!ok(mlrt__program_new(n.graph, want, BLOCKS, NULL, &p, NULL) == MLRT_OK, "the net compiles")) exit(1);
    for (int32_t i = 0; i < p->steps; i++) {
        o.norms += strcmp(p->step[i].kernel->op, "layer_norm") == 0;
        o.attentions += strcmp(p->step[i].kernel->op, "attention") == 0;
        o.gathers += strcmp(p->step[i].kernel->op, "gather") == 0;
    }
    for (int32_t i = 0; i < p->inputs; i++) {
        const mlrt_tensor t = p->input[i].tensor;
        for (int64_t k = 0; k < mlrt_shape_count(&t.shape); k++)
            if (t.dtype == MLRT_I32)
                ((int32_t *)t.data)[k] = (int32_t)(k % TOKENS);
            else
                ((float *)t.data)[k] = (float)mlrt_random_gauss(1, (uint64_t)i, (uint64_t)k);
    }
    ok(mlrt__program_run(p, 1, 1, NULL) == MLRT_OK, "and runs");
    o.alive = mlrt__program_alive(p);
    mlrt__program_free(p);
    mlrt__graph_free(n.graph);
    return o;
}

int main(void) {
    const outcome kept = run(SIZE_MAX, NORM), again = run(0, NORM);
    const outcome kept_view = run(SIZE_MAX, VIEW), view = run(0, VIEW);
    const outcome attended = run(SIZE_MAX, ATTENTION), twice = run(0, ATTENTION);
    is_int(kept.norms, BLOCKS, "each norm once where memory is enough");
    is_int(kept.gathers, 1, "and so the embedding");
    ok(again.norms > BLOCKS, "some twice where it is not: %d calls", again.norms);
    is_int(again.gathers, 2, "and the embedding");
    ok(again.alive < kept.alive, "which takes less memory: %zu of %zu bytes", again.alive, kept.alive);
    ok(memcmp(again.dw, kept.dw, sizeof kept.dw) == 0, "and the gradients have the same bits");
    const outcome plain = run(SIZE_MAX, NOTHING), light = run(2 * plain.alive, NOTHING);
    is_int(light.gathers, 2, "the embedding twice where half of what is enough is in use");
    is_int(run(2 * kept.alive, NORM).norms, BLOCKS, "and each norm once");
    ok(light.alive < plain.alive, "which takes less memory: %zu of %zu bytes", light.alive, plain.alive);
    ok(memcmp(light.dw, plain.dw, sizeof plain.dw) == 0, "and the gradients have the same bits");
    is_int(view.norms, BLOCKS, "what a view from the forward pass needs is kept");
    ok(memcmp(view.dw, kept_view.dw, sizeof view.dw) == 0, "with the same gradients");
    is_int(attended.attentions, BLOCKS, "attention once where memory is enough");
    ok(twice.attentions > BLOCKS, "some twice where norms and embeddings are not: %d calls", twice.attentions);
    ok(twice.alive < attended.alive, "which takes less memory: %zu of %zu bytes", twice.alive, attended.alive);
    ok(memcmp(twice.dw, attended.dw, sizeof attended.dw) == 0, "and the gradients have the same bits");
    return done_testing();
}
