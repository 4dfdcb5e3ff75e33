/* op.c - the op that the plugin ecdf.so brings: its value, its gradient, and what is said when it is used wrongly. */
#include "plugin/layer.h"
#include "plugin/loader.h"
#include "plugin/props.h"
#include "program/program.h"
#include "tap.h"

enum { SAMPLES = 12, GROUPS = 3 };

/* Group 2 of 0 .. 2 has one sample; no two scores are near each other, compared with the step of the differences. */
static const float scores[SAMPLES] = {0.9f, 0.1f, 0.35f, -0.4f, 0.6f, 1.3f, 0.2f, 0.75f, -1.0f, 0.5f, 1.1f, -0.2f};
static const int32_t groups[SAMPLES] = {0, 1, 0, 1, 1, 0, 0, 1, 2, 0, 1, 0};

static mlrt__registry registry;
static mlrt__arena arena;

/* A loss of the plugin on inputs of the given shapes, in a graph of its own. */
typedef struct fixture {
    mlrt__params params;
    mlrt_graph *graph;
    mlrt_node *score, *loss;
} fixture;

static fixture fixture_new(mlrt_shape score, mlrt_shape group, mlrt_dtype dtype) {
    fixture f = {0};
    mlrt_error err = {0};
    const mlrt__entry *entry = mlrt__registry_find(&registry, MLRT_KIND_LOSS, "ecdf", &err);
    mlrt_object *object = mlrt__object_new(&arena, entry->cls, NULL, "x.lua:3");
    mlrt__object_set_text(&arena, object, "groups = 3", &err);
    f.graph = mlrt__graph_new(NULL, true);
    f.score = mlrt__graph_input(f.graph, "score", MLRT_F32, score, NULL);
    f.loss = mlrt__loss_build(f.graph, (const mlrt_loss *)object, f.score,
                              mlrt__graph_input(f.graph, "group", dtype, group, NULL));
    return f;
}

static fixture fixture_samples(void) { return fixture_new(MLRT_SHAPE_OF(SAMPLES), MLRT_SHAPE_OF(SAMPLES), MLRT_I32); }

/* The definition, on a grid of its own: no sorting. */
static double expected(const float *score) {
    enum { STEPS = 200000 };
    const double low = -2, high = 2, width = (high - low) / STEPS;
    double n[GROUPS] = {0}, integral = 0;
    for (int i = 0; i < SAMPLES; i++) n[groups[i]]++;
    for (int k = 0; k < STEPS; k++) {
        const double s = low + (k + 0.5) * width;
        double f[GROUPS] = {0}, mean = 0;
        for (int i = 0; i < SAMPLES; i++) f[groups[i]] += s > (double)score[i] ? 1 / n[groups[i]] : 0;
        for (int m = 0; m < GROUPS; m++) mean += f[m] / GROUPS;
        for (int m = 0; m < GROUPS; m++) integral += (f[m] - mean) * (f[m] - mean) * width;
    }
    return integral;
}

static mlrt_status run(mlrt__program *p, const float *score, const int32_t *group, mlrt_error *err) {
    memcpy(mlrt__program_input(p, "score").data, score, SAMPLES * sizeof *score);
    memcpy(mlrt__program_input(p, "group").data, group, SAMPLES * sizeof *group);
    return mlrt__program_run(p, 0, 1, err);
}

static double value(mlrt__program *p, const float *score) {
    run(p, score, groups, NULL);
    return (double)*(const float *)mlrt__program_result(p, 0).data;
}

static void test_gradient(void) {
    mlrt_error err = {0};
    mlrt__program *p = NULL;
    fixture f = fixture_samples();
    mlrt_node *gradient;
    mlrt_grad(mlrt_mul_scalar(f.loss, 3), &f.score, 1, &gradient);
    const mlrt__want want[] = {{f.loss, NULL}, {gradient, NULL}};
    if (!ok(mlrt__program_new(f.graph, want, 2, NULL, &p, &err) == MLRT_OK, "the op compiles")) {
        diag("%s: %s", err.where, err.message);
        return;
    }
    is_close(value(p, scores), expected(scores), 1e-4, "its value is the integral");

    float got[SAMPLES];
    memcpy(got, mlrt__program_result(p, 1).data, sizeof got);
    for (int i = 0; i < SAMPLES; i++) {
        const float h = 1e-2f;
        float up[SAMPLES], down[SAMPLES];
        memcpy(up, scores, sizeof up);
        memcpy(down, scores, sizeof down);
        up[i] += h, down[i] -= h;
        const double difference = (value(p, up) - value(p, down)) / ((double)up[i] - (double)down[i]);
        is_close((double)got[i], 3 * difference, 1e-4, "the gradient of sample %d", i);
    }

    int32_t wrong[SAMPLES];
    memcpy(wrong, groups, sizeof wrong);
    wrong[5] = 3;
    ok(run(p, scores, wrong, &err) == MLRT_RANGE, "a group out of range stops the step");
    has_str(err.message, "group 3 of sample 5 is not in 0 .. 2", "and says which");
    mlrt__program_free(p);
    mlrt__graph_free(f.graph);
}

static void test_mistakes(void) {
    fixture f = fixture_new(MLRT_SHAPE_OF(4), MLRT_SHAPE_OF(5), MLRT_I32);
    ok(mlrt_failed(f.loss), "shapes that do not fit fail the graph");
    has_str(f.graph->error.message, "expected a group for each score, got scores [4] and groups [5]",
            "with the op's words");
    has_str(f.graph->error.where, "x.lua:3", "and the script's line");
    mlrt__graph_free(f.graph);

    f = fixture_new(MLRT_SHAPE_OF(4), MLRT_SHAPE_OF(4), MLRT_F32);
    has_str(f.graph->error.message, "expected scores f32 and groups i32, got f32 and f32", "so do dtypes");
    mlrt__graph_free(f.graph);

    f = fixture_samples();
    mlrt_node *once, *twice;
    mlrt_grad(f.loss, &f.score, 1, &once);
    mlrt_grad(mlrt_sum(mlrt_square(once), MLRT_ALL_AXES, false), &f.score, 1, &twice);
    ok(mlrt_failed(twice), "a second derivative fails the graph");
    has_str(f.graph->error.message, "op 'ecdf_grad' has no second derivative", "and says why");
    mlrt__graph_free(f.graph);
}

int main(void) {
    mlrt_error err = {0};
    const char *folder = "tests/plugin/.libs";
    ok(mlrt__plugins_load(&registry, &folder, 1, &err) == MLRT_OK, "the folder loads");
    for (int32_t i = 0; i < registry.refusals; i++)
        diag("%s: %s", registry.refused[i].path, registry.refused[i].reason);
    if (!ok(mlrt__registry_find(&registry, MLRT_KIND_LOSS, "ecdf", &err) != NULL, "the loss is there")) {
        diag("%s (%s)", err.message, err.hint);
        return done_testing();
    }
    test_gradient();
    test_mistakes();
    mlrt__arena_free(&arena);
    mlrt__registry_free(&registry);
    return done_testing();
}
