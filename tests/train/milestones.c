/* milestones.c - the first step after which a metric is good enough: exact, through checkpoints too, and harmless. */
#include "plugin/layer.h"
#include "scratch.h"
#include "tap.h"
#include "tiny.h"

enum { STEPS = 120, GOALS = 4 };

/* Two that are reached at different times, one at once, one never. */
static const mlrt__milestone goals[GOALS] = {
    {"accuracy", MLRT_TEST, 0.9}, {"loss", MLRT_TRAIN, 0.3}, {"index", MLRT_VALID, 0}, {"loss", MLRT_TEST, -1}};

static void run(mlrt__trainer *trainer) {
    mlrt_error err = {0};
    if (mlrt__trainer_run(trainer, NULL, &err) != MLRT_OK) diag("%s", tiny_error(&err));
}

static void begin(tiny *t, int64_t steps, int32_t milestones) {
    tiny_open(t, "adam", "lr = 0.02");
    t->recipe.steps = steps;
    t->recipe.evaluate = 1000;
    t->recipe.eval_size[MLRT_TRAIN] = TINY_TRAIN, t->recipe.eval_size[MLRT_VALID] = TINY_VALID;
    t->recipe.milestone = goals;
    t->recipe.milestones = milestones;
}

/* The same from evaluations after each step. */
static int64_t found[GOALS];

static mlrt_status look(void *context, const mlrt__report *r, mlrt_error *err) {
    (void)context, (void)err;
    for (int32_t i = 0; i < GOALS; i++)
        for (int32_t k = 0; k < r->measures; k++) {
            const mlrt__measure *m = &r->measure[k];
            if (found[i] || m->split != goals[i].split || strcmp(m->name, goals[i].metric) != 0) continue;
            if (strcmp(m->name, "loss") == 0 ? m->value <= goals[i].at : m->value >= goals[i].at) found[i] = r->step;
        }
    return MLRT_OK;
}

/* Two recipes, and whether the step of the first gives what it predicts, too. */
static void check_exact(tiny *t, tiny *seen, bool tells) {
    const mlrt__observer observer = {.evaluated = look};
    mlrt__trainer *trainer = tiny_trainer(t);
    run(trainer);
    seen->recipe.evaluate = 1, seen->recipe.milestones = 0;
    mlrt__trainer *watched = tiny_trainer(seen);
    memset(found, 0, sizeof found);
    mlrt__trainer_run(watched, &observer, NULL);
    const mlrt_shape second = mlrt__program_result(mlrt__trainer_program(trainer), 1).shape;
    const mlrt_shape predicted = MLRT_SHAPE_OF(t->recipe.batch, TINY_CLASSES);
    ok(mlrt_shape_equal(&second, &predicted) == tells, "a step %s", tells ? "tells what it predicts" : "is a step");
    for (int32_t i = 0; i < GOALS; i++)
        is_int(mlrt__trainer_milestone(trainer, i), found[i], "%s is reached in the step that evaluations tell",
               goals[i].metric);
    ok(found[0] > 1 && found[1] > 1 && found[0] != found[1], "which is not the first one");
    is_int(found[2], 1, "what is good from the beginning is reached in step 1");
    is_int(found[3], 0, "what is impossible never");
    ok(tiny_equal(trainer, watched), "looking changes no parameter");
    mlrt__trainer_free(trainer);
    mlrt__trainer_free(watched);
    tiny_close(t);
    tiny_close(seen);
}

static void test_exact(void) {
    tiny t, seen;
    begin(&t, STEPS, GOALS);
    begin(&seen, STEPS, 0);
    check_exact(&t, &seen, false);
}

/* ---- where a step computes what an evaluation does ---- */

static mlrt_node *plain(void *context, mlrt_graph *g, mlrt_node *const *field) {
    const tiny *t = context;
    mlrt_node *h = mlrt_tanh(mlrt__layer_build(g, t->in, "in", &field[TINY_X], 1, false));
    return mlrt__layer_build(g, t->out, "out", &h, 1, false);
}

static mlrt_node *plain_loss(void *context, mlrt_graph *g, mlrt_node *const *field) {
    return mlrt_mean(mlrt_cross_entropy(plain(context, g, field), field[TINY_CLASS], -1, 0), MLRT_ALL_AXES, false);
}

static void begin_full(tiny *t, int64_t steps, int32_t milestones) {
    begin(t, steps, milestones);
    t->recipe.model = (mlrt__model){t, plain_loss, plain, NULL, NULL};
    t->recipe.batch = TINY_TRAIN;
}

/* Looked at after each step, but for those that are evaluated anyway; those of other recipes have to evaluate. */
static void test_full(void) {
    static const int64_t evaluate[] = {1000, 7};
    for (int32_t i = 0; i < 2; i++) {
        tiny t, seen;
        begin_full(&t, STEPS, GOALS);
        begin_full(&seen, STEPS, 0);
        t.recipe.evaluate = evaluate[i];
        check_exact(&t, &seen, true);
    }
    tiny small, dropped;
    begin_full(&small, STEPS, GOALS), begin_full(&dropped, STEPS, 0);
    small.recipe.batch = dropped.recipe.batch = TINY_TRAIN - 1;
    check_exact(&small, &dropped, false);
    begin(&small, STEPS, GOALS), begin(&dropped, STEPS, 0);
    small.recipe.batch = dropped.recipe.batch = TINY_TRAIN;
    check_exact(&small, &dropped, false);
}

/* The last milestone is one of the training split, after the step that reached it, and no step later. */
static void test_full_end(void) {
    static const mlrt__milestone last = {"loss", MLRT_TRAIN, 0.2};
    tiny t, longer;
    begin_full(&t, STEPS, 1), begin_full(&longer, STEPS, 0);
    t.recipe.milestone = &last;
    t.recipe.stop_at_milestones = true;
    mlrt__trainer *trainer = tiny_trainer(&t);
    run(trainer);
    longer.recipe.steps = mlrt__trainer_milestone(trainer, 0);
    mlrt__trainer *other = tiny_trainer(&longer);
    run(other);
    ok(longer.recipe.steps > 1 && longer.recipe.steps < STEPS, "a run ends early");
    is_int(mlrt__trainer_step(trainer), longer.recipe.steps, "with the step that reached it");
    ok(tiny_equal(trainer, other), "and the parameters of that step");
    mlrt__trainer_free(trainer);
    mlrt__trainer_free(other);
    tiny_close(&t);
    tiny_close(&longer);
}

/* ---- ends and checkpoints ---- */

static void test_end(void) {
    tiny t;
    begin(&t, STEPS, 2);
    t.recipe.stop_at_milestones = true;
    mlrt__trainer *trainer = tiny_trainer(&t);
    run(trainer);
    is_int(mlrt__trainer_step(trainer), found[0] > found[1] ? found[0] : found[1], "a run may end with the last one");
    mlrt__trainer_free(trainer);
    tiny_close(&t);
}

/* Killed after the first of them, and resumed. */
static void test_resumed(void) {
    tiny t, rest;
    const int64_t half = found[0] < found[1] ? found[0] : found[1];
    begin(&t, half, GOALS);
    mlrt__trainer *first = tiny_trainer(&t);
    run(first);
    mlrt__trainer_save(first, scratch("half"), NULL);
    begin(&rest, STEPS, GOALS);
    mlrt__trainer *second = tiny_trainer(&rest);
    ok(mlrt__trainer_resume(second, scratch("half"), NULL) == MLRT_OK, "a run goes on after one of them");
    run(second);
    for (int32_t i = 0; i < GOALS; i++)
        is_int(mlrt__trainer_milestone(second, i), found[i], "and knows both what it passed and what it passes");
    mlrt__trainer_free(first);
    mlrt__trainer_free(second);
    tiny_close(&t);
    tiny_close(&rest);
}

int main(void) {
    test_exact();
    test_end();
    test_resumed();
    test_full();
    test_full_end();
    return done_testing();
}
