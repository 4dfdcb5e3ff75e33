/* plan.c - memory that is used again never changes a result: random graphs against programs that use nothing twice.
 *
 * Some nodes are wanted, some of them in memory of the test's own or at fixed places of the arena, some with gradients of
 * the parameters, as a training step wants them. The program runs with other numbers first, so that its memory is full of
 * what may not be read, and shares that memory with another, as an evaluation does. */
#include "random_graph.h"

enum { GRAPHS = 1000, NODES = 30, MOST = 12, GUARD = 16 };

static const unsigned char guard_byte = 0xa5;

typedef struct wanted {
    mlrt__want want[MOST];
    int64_t at[MOST]; /* fixed places, a line apart */
    int32_t count;
} wanted;

enum { LINE = 64 };

/* Memory of exactly the node's size, with a fence behind it. */
static void *outside(const mlrt_node *n) {
    const size_t bytes = (size_t)mlrt_count(n) * mlrt_dtype_size(mlrt_node_dtype(n));
    unsigned char *p = malloc(bytes + GUARD);
    memset(p, guard_byte, bytes + GUARD);
    return p;
}

static bool fence_stands(const mlrt__want *w) {
    const unsigned char *p = w->into;
    const size_t bytes = (size_t)mlrt_count(w->node) * mlrt_dtype_size(mlrt_node_dtype(w->node));
    for (size_t i = 0; p && i < GUARD; i++)
        if (p[bytes + i] != guard_byte) return false;
    return true;
}

static void want_some(random_graph *r, wanted *w) {
    const int32_t some = 1 + pick(r, 6);
    for (int32_t i = 0; i < some; i++) w->want[w->count++].node = i ? pick_node(r) : r->pool[r->count - 1];
    if (pick(r, 2)) { /* gradients of the first parameters that the graph has */
        mlrt_node *x[MOST], *dx[MOST], *loss = mlrt_mean(mlrt_square(mlrt_sin(pick_node(r))), MLRT_ALL_AXES, false);
        int32_t n = 0;
        for (int32_t i = 0; i < r->graph->nodes && n < 4; i++)
            if (r->graph->node[i]->op == &mlrt__op_param) x[n++] = r->graph->node[i];
        mlrt_grad(loss, x, n, dx);
        for (int32_t i = 0; i < n; i++) w->want[w->count++].node = dx[i];
    }
    int64_t end = pick(r, 2) * LINE;
    for (int32_t i = 0; i < w->count; i++) {
        const int64_t bytes = mlrt_count(w->want[i].node) * 4;
        const int32_t where = pick(r, 3);
        w->want[i].into = where == 0 ? outside(w->want[i].node) : NULL;
        w->at[i] = where == 1 ? end : -1;
        if (where == 1) end += (bytes + LINE - 1) / LINE * LINE;
    }
}

static bool run(random_graph *r, mlrt__program *p, uint64_t step) {
    char text[2048];
    mlrt_error err = {0};
    if (mlrt__program_run(p, 5, step, &err) == MLRT_OK) return true;
    diag("graph %d: %s", (int)r->seed, mlrt_error_text(&err, text, sizeof text));
    return false;
}

/* A bias that a product has taken in is added in another order: then all that follows may differ by rounding. */
static bool rounds(const mlrt__program *p) {
    for (int32_t i = 0; i < p->steps; i++)
        if (p->step[i].call.node->op == &mlrt__op_matmul && p->step[i].call.inputs == 3) return true;
    return false;
}

static bool equal(const mlrt_tensor *a, const mlrt_tensor *b, bool rounded) {
    if (!rounded) return same_bits(a, b);
    for (int64_t i = 0; i < mlrt_shape_count(&a->shape); i++)
        if (!tap_close((double)((float *)a->data)[i], (double)((float *)b->data)[i], 1e-4)) return false;
    return true;
}

/* What a fixed place leaves of its last line is never written. */
static bool rest_is_zero(const mlrt__program *p, const wanted *w, int32_t i) {
    const int64_t bytes = mlrt_count(w->want[i].node) * 4;
    const char *memory = mlrt__program_memory(p);
    for (int64_t k = bytes; w->at[i] >= 0 && k % LINE; k++)
        if (memory[w->at[i] + k]) return false;
    return true;
}

/* Two runs from one filling, one of another program in the same memory between them, then the same of the program that
 * keeps everything. */
static bool same_results(random_graph *r, const wanted *w, mlrt__program *packed, mlrt__program *beside,
                         mlrt__program *plain) {
    const uint64_t seed = r->seed;
    r->seed += 1000;
    random_fill(r, packed);
    random_fill(r, beside);
    bool same = run(r, packed, 1);
    r->seed = seed;
    random_fill(r, packed);
    random_fill(r, plain);
    same = same && run(r, packed, 2) && run(r, beside, 2) && run(r, packed, 3) && run(r, plain, 3);
    for (int32_t i = 0; same && i < w->count; i++) {
        const mlrt_tensor a = mlrt__program_result(packed, i);
        const mlrt_tensor b = mlrt__program_result(plain, w->want[i].node->id);
        same = equal(&a, &b, rounds(packed)) && fence_stands(&w->want[i]);
        if (w->want[i].into) same = same && a.data == w->want[i].into;
        if (w->at[i] >= 0) same = same && a.data == (char *)mlrt__program_memory(packed) + w->at[i];
        same = same && rest_is_zero(packed, w, i);
    }
    same = same && run(r, beside, 4);
    for (int32_t i = 0; same && i < w->count; i++) { /* fixed places outlast the other program */
        const mlrt_tensor a = mlrt__program_result(packed, i), b = mlrt__program_result(plain, w->want[i].node->id);
        same = w->at[i] < 0 || equal(&a, &b, rounds(packed));
    }
    return same;
}

/* In tiny arenas, fixed places may leave gaps that fit nothing. */
static bool is_tight(const mlrt__program *p) {
    const size_t planned = mlrt__program_planned(p), alive = mlrt__program_alive(p);
    return (double)planned <= 1.04 * (double)alive || planned <= alive + p->fixed_bytes;
}

static bool compare(uint64_t seed, double *packed_bytes, double *plain_bytes) {
    random_graph r;
    wanted w = {0};
    random_begin(&r, seed);
    for (int32_t i = 0; i < NODES; i++) put(&r, random_node(&r));
    want_some(&r, &w);
    random_end(&r);
    mlrt__program *packed = random_compile_at(&r, w.want, w.count, &(mlrt__home){.at = w.at});
    mlrt__program *beside =
        random_compile_at(&r, &(mlrt__want){r.pool[r.count - 1], NULL}, 1, &(mlrt__home){packed, NULL});
    mlrt__program *plain = random_plain(&r);
    bool same = packed && plain && same_results(&r, &w, packed, beside, plain);
    if (same) *packed_bytes += (double)packed->arena_bytes, *plain_bytes += (double)plain->arena_bytes;
    for (int32_t i = 0; i < w.count; i++) free(w.want[i].into);
    const bool tight = packed && is_tight(packed);
    mlrt__program_free(beside);
    mlrt__program_free(packed);
    mlrt__program_free(plain);
    random_free(&r);
    return same && tight;
}

static void test_random(void) {
    double packed = 0, plain = 0;
    int32_t wrong = 0;
    for (uint64_t seed = 1; seed <= GRAPHS; seed++)
        if (!compare(seed, &packed, &plain) && wrong++ < 5) diag("graph %d differs", (int)seed);
    is_int(wrong, 0, "%d random graphs give the bits of their nodes kept apart, in 1.04 of what is alive", GRAPHS);
    ok(packed < plain / 2, "in far less memory");
    diag("%.0f%% of the memory", 100 * packed / plain);
}

/* ---- what is planned for given graphs ---- */

typedef struct planned {
    mlrt_graph *graph;
    mlrt_node *x;
    mlrt__program *program;
} planned;

enum { N = 64 }; /* elements of x: 256 bytes */

static planned begin(void) {
    planned p = {.graph = mlrt__graph_new(NULL, true)};
    p.x = mlrt__graph_input(p.graph, "x", MLRT_F32, MLRT_SHAPE_OF(N), NULL);
    return p;
}

static int64_t bytes_of(planned *p, const mlrt__want *want, int32_t count) {
    mlrt__program_new(p->graph, want, count, NULL, &p->program, NULL);
    return (int64_t)p->program->arena_bytes;
}

static void end(planned *p) {
    mlrt__program_free(p->program);
    mlrt__graph_free(p->graph);
}

static void test_places(void) {
    planned p = begin();
    mlrt_node *y = p.x;
    for (int32_t i = 0; i < 10; i++) y = mlrt_tanh(mlrt_cumsum(y, 0, i % 2));
    is_int(bytes_of(&p, &(mlrt__want){y, NULL}, 1), 2 * 256, "a chain needs two results beside its field");
    end(&p);

    p = begin();
    y = mlrt_tanh(mlrt_cumsum(p.x, 0, false));
    bytes_of(&p, &(mlrt__want){y, NULL}, 1);
    const mlrt__step *tanh_step = &p.program->step[p.program->steps - 1];
    ok(tanh_step->call.out.data == tanh_step->call.in[0].data,
       "an elementwise call writes over what nobody reads again");
    end(&p);

    p = begin();
    y = mlrt_cumsum(p.x, 0, false);
    bytes_of(&p, (mlrt__want[]){{mlrt_tanh(y), NULL}, {y, NULL}}, 2);
    ok(mlrt__program_result(p.program, 0).data != mlrt__program_result(p.program, 1).data,
       "but not over what is wanted");
    end(&p);

    p = begin();
    bytes_of(&p, &(mlrt__want){mlrt_tanh(p.x), NULL}, 1);
    ok(mlrt__program_result(p.program, 0).data != mlrt__program_input(p.program, "x").data, "nor over a field");
    end(&p);

    p = begin();
    y = mlrt_cumsum(p.x, 0, false);
    mlrt_node *view = mlrt_reshape(y, MLRT_SHAPE_OF(8, 8)), *z = mlrt_tanh(y);
    bytes_of(&p, &(mlrt__want){mlrt_matmul(view, mlrt_reshape(z, MLRT_SHAPE_OF(8, 8)), 0), NULL}, 1);
    tanh_step = &p.program->step[1];
    ok(tanh_step->call.out.data != tanh_step->call.in[0].data, "nor over what a view is still read of");
    end(&p);

    p = begin();
    y = mlrt_cumsum(p.x, 0, false);
    bytes_of(&p, &(mlrt__want){mlrt_add(y, mlrt_reshape(mlrt_slice(y, 0, 0, 1, 1), MLRT_SCALAR)), NULL}, 1);
    const mlrt__step *add_step = &p.program->step[p.program->steps - 1];
    ok(add_step->call.out.data != add_step->call.in[0].data, "nor over what the same call reads in another order");
    end(&p);

    p = begin();
    y = mlrt_reshape(mlrt_slice(mlrt_cumsum(p.x, 0, false), 0, 16, 48, 1), MLRT_SHAPE_OF(4, 8));
    bytes_of(&p, &(mlrt__want){mlrt_softmax(y), NULL}, 1);
    is_int(p.program->steps, 2, "a slice of a vector and a reshape are no calls");
    is_int((char *)p.program->step[1].call.in[0].data - (char *)p.program->step[0].call.out.data, 64, "but offsets");
    end(&p);
}

static void test_wants(void) {
    float a[N], b[N], view[N / 2], x[N];
    planned p = begin();
    mlrt_node *y = mlrt_cumsum(p.x, 0, false), *half = mlrt_slice(y, 0, N / 2, N, 1);
    const mlrt__want want[] = {{y, a}, {y, NULL}, {y, b}, {half, view}, {p.x, x}, {mlrt_exp(half), NULL}};
    bytes_of(&p, want, 6);
    float *field = mlrt__program_input(p.program, "x").data;
    for (int32_t i = 0; i < N; i++) field[i] = 1;
    mlrt__program_run(p.program, 1, 1, NULL);
    ok(mlrt__program_result(p.program, 0).data == a && mlrt__program_result(p.program, 1).data == a &&
           mlrt__program_result(p.program, 2).data == b && mlrt__program_result(p.program, 3).data == view,
       "one node can be wanted in several places");
    ok(a[N - 1] == N && memcmp(a, b, sizeof a) == 0 && memcmp(a + N / 2, view, sizeof view) == 0,
       "and is in all of them");
    ok(memcmp(x, field, sizeof x) == 0, "a field can be wanted");
    ok(!mlrt__program_result(p.program, 6).data && !mlrt__program_result(p.program, -1).data,
       "there is no result that was not wanted");
    end(&p);
}

int main(void) {
    test_random();
    test_places();
    test_wants();
    return done_testing();
}
