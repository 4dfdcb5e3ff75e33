/* memory.c - the plan of a training step needs hardly more memory than what is alive at once, and what is alive at once
 * is what the backward pass has to find. */
#include "fixture.h"
#include "plugin/layer.h"
#include "tap.h"

enum { MOST = 256 };

typedef struct step_case {
    const char *name, *props, *inputs;
} step_case;

static const step_case cases[] = {
    {"an encoder-decoder", "layers = 2, dim = 32, heads = 4, ffn = 128", "i32[16,10]<7, i32[16,4]<100(end)"},
    {"one with padding and more layers", "layers = 4, dim = 32, heads = 4, ffn = 128, activation = gelu, norm = pre",
     "i32[8,70]<9(pad), i32[8,5]<90(pad end)"},
    {"one with dropout", "layers = 1, dim = 32, heads = 4, ffn = 64, dropout = 0.1, attention_dropout = 0.1",
     "i32[32,12]<7, i32[32,4]<300(end)"},
};

/* The loss, and the gradient of every parameter laid out as the parameters, as a trainer wants them. */
static bool build_step(fixture *f, const step_case *c) {
    mlrt_node *x[MOST], *dx[MOST];
    mlrt__want want[MOST + 1];
    int64_t at[MOST + 1] = {-1};
    fixture_build(f, fixture_class(MLRT_KIND_LAYER, "seq2seq"), c->props, c->inputs, true);
    const mlrt_class *loss = fixture_class(MLRT_KIND_LOSS, "cross_entropy");
    f->y = mlrt__loss_build(f->graph, (mlrt_loss *)fixture_object(f, loss, ""), f->y, f->x[1]);
    const int32_t count = f->params.count;
    if (count > MOST) return false;
    for (int32_t i = 0; i < count; i++) {
        const mlrt__param *p = f->params.param[i];
        x[i] = mlrt__parameter(f->graph, p->name, p->shape, p->init, true);
    }
    mlrt_grad(f->y, x, count, dx);
    mlrt__params_layout(&f->params);
    want[0] = (mlrt__want){f->y, NULL};
    for (int32_t i = 0; i < count; i++) {
        want[i + 1] = (mlrt__want){dx[i], NULL};
        at[i + 1] = f->params.param[i]->offset * (int64_t)sizeof(float);
    }
    return fixture_compile_at(f, want, count + 1, &(mlrt__home){.at = at});
}

static void test_steps(void) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f = {0};
        if (!ok(build_step(&f, &cases[i]), "%s compiles", cases[i].name)) {
            diag("%s", fixture_error(&f));
            continue;
        }
        const double planned = (double)mlrt__program_planned(f.program), alive = (double)mlrt__program_alive(f.program);
        ok(alive > 0 && planned >= alive && planned <= 1.03 * alive, "the plan of %s is within 3%% of the bound",
           cases[i].name);
        diag("%.0f KB planned, %.3f of what is alive at once", planned / 1024, planned / alive);
        fixture_free(&f);
    }
}

/* x W1 .. Wn: each result is read by the next product and by the gradient of its weight. */
static void test_order(void) {
    enum { LAYERS = 8, WIDTH = 64 };
    const size_t result = WIDTH * WIDTH * sizeof(float);
    fixture f = {0};
    mlrt_node *w[LAYERS], *dw[LAYERS];
    mlrt__want want[LAYERS];
    fixture_begin(&f, "f32[64,64]", true);
    mlrt_node *y = f.x[0];
    for (int32_t i = 0; i < LAYERS; i++) {
        const char *name = mlrt__arena_printf(&f.arena, "w%d", i);
        w[i] = mlrt__parameter(f.graph, name, MLRT_SHAPE_OF(WIDTH, WIDTH), (mlrt_init){0}, true);
        y = mlrt_matmul(y, w[i], 0);
    }
    mlrt_grad(mlrt_sum(y, MLRT_ALL_AXES, false), w, LAYERS, dw);
    for (int32_t i = 0; i < LAYERS; i++) want[i] = (mlrt__want){dw[i], mlrt__arena_alloc(&f.arena, result)};
    fixture_compile(&f, want, LAYERS);
    is_int((int64_t)(mlrt__program_alive(f.program) / result), LAYERS - 1,
           "a layer's input is gone before the gradient of its input is computed");
    fixture_free(&f);
}

int main(void) {
    test_steps();
    test_order();
    return done_testing();
}
