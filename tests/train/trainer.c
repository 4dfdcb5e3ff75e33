/* trainer.c - the loop: it learns, says what happens, stops when it should, and goes on as if it had not stopped. */
#include "base/interrupt.h"
#include "kernels/kernel.h"
#include "scratch.h"
#include "tap.h"
#include "tiny.h"

/* ---- an observer that counts ---- */

typedef struct log {
    int32_t evaluated, saving, saved, best;
    int64_t step, epoch;
    double loss, accuracy;
    bool fail, interrupt;
} log_t;

static mlrt_status on_evaluated(void *context, const mlrt__report *r, mlrt_error *err) {
    log_t *l = context;
    l->evaluated++, l->best += r->best;
    l->step = r->step, l->epoch = r->epoch, l->loss = r->loss;
    for (int32_t i = 0; i < r->measures; i++)
        if (strcmp(r->measure[i].name, "accuracy") == 0) l->accuracy = r->measure[i].value;
    if (l->interrupt) mlrt__interrupt();
    return l->fail ? mlrt_fail(err, MLRT_FILE, "the disk is full") : MLRT_OK;
}

static mlrt_status on_saving(void *context, mlrt_error *err) {
    (void)err;
    ((log_t *)context)->saving++;
    return MLRT_OK;
}

static mlrt_status on_saved(void *context, const char *path, const char *kind, mlrt_error *err) {
    (void)path, (void)kind, (void)err;
    ((log_t *)context)->saved++;
    return MLRT_OK;
}

static mlrt_status run(mlrt__trainer *trainer, log_t *l, mlrt_error *err) {
    const mlrt__observer observer = {.context = l, .evaluated = on_evaluated, .saving = on_saving, .saved = on_saved};
    return mlrt__trainer_run(trainer, &observer, err);
}

static void expect_ok(mlrt__trainer *trainer, log_t *l, const char *name) {
    mlrt_error err = {0};
    if (!ok(run(trainer, l, &err) == MLRT_OK, "%s", name)) diag("%s", tiny_error(&err));
}

/* ---- learning ---- */

static void test_learning(void) {
    tiny t;
    log_t l = {0};
    tiny_open(&t, "adam", "lr = 0.03");
    t.recipe.folder = scratch("");
    mlrt__trainer *trainer = tiny_trainer(&t);
    expect_ok(trainer, &l, "60 steps are trained");
    is_int(mlrt__trainer_step(trainer), 60, "no more and no less");
    is_int(l.evaluated, 6, "with an evaluation every ten");
    is_int(l.epoch, 6, "in six epochs");
    ok(l.accuracy > 0.9, "the task is learned (%.2f)", l.accuracy);
    ok(l.loss < 0.5, "the training loss falls (%.3f)", l.loss);
    ok(l.saved == 2 && l.saving == 1, "evaluations within a second share the checkpoints of the end");
    ok(scratch_exists("last.safetensors") && scratch_exists("best.safetensors"), "last and best");
    mlrt__trainer_free(trainer);
    tiny_close(&t);
}

/* ---- the same bits ---- */

/* Train to the end with a stop after `step`: a second trainer goes on from a file. */
static mlrt__trainer *in_two_parts(tiny *t, int64_t step) {
    const int64_t steps = t->recipe.steps;
    t->recipe.steps = step;
    mlrt__trainer *first = tiny_trainer(t);
    mlrt__trainer_run(first, NULL, NULL);
    t->recipe.steps = steps;
    mlrt__trainer *second = tiny_trainer(t);
    mlrt_error err = {0};
    if (mlrt__trainer_save(first, scratch("part"), &err) != MLRT_OK ||
        mlrt__trainer_resume(second, scratch("part"), &err) != MLRT_OK || run(second, &(log_t){0}, &err) != MLRT_OK)
        diag("%s", tiny_error(&err));
    mlrt__trainer_free(first);
    return second;
}

static void test_resuming(const char *optimizer, int64_t batch) {
    static const int64_t stops[] = {1, 9, 10, 11, 35, 59};
    tiny t;
    log_t l = {0};
    tiny_open(&t, optimizer, "lr = 0.01");
    t.recipe.batch = batch;
    t.recipe.optimizer.schedule = (mlrt_schedule *)tiny_object(&t, MLRT_KIND_SCHEDULE, "cosine", "");
    mlrt__trainer *whole = tiny_trainer(&t), *again = tiny_trainer(&t);
    expect_ok(whole, &l, "a run in one piece");
    expect_ok(again, &l, "another");
    ok(tiny_equal(whole, again), "has the same bits");
    mlrt__trainer_free(again);
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        mlrt__trainer *parts = in_two_parts(&t, stops[i]);
        ok(tiny_equal(whole, parts), "so has one in two, %s, batch %d, step %d", optimizer, (int)batch, (int)stops[i]);
        mlrt__trainer_free(parts);
    }
    mlrt__trainer_free(whole);
    tiny_close(&t);
}

/* ---- stopping early ---- */

static void test_stop_at(void) {
    tiny t;
    log_t l = {0};
    tiny_open(&t, "adam", "lr = 0.03");
    t.recipe.stop_metric = "accuracy";
    t.recipe.stop_at = 0.8;
    t.recipe.folder = scratch("");
    mlrt__trainer *trainer = tiny_trainer(&t), *later = tiny_trainer(&t);
    expect_ok(trainer, &l, "a run with a goal");
    ok(l.accuracy >= 0.8 && l.step < 60, "ends when it is reached (%.2f after step %d)", l.accuracy, (int)l.step);
    mlrt__trainer_resume(later, scratch("last.safetensors"), NULL);
    l = (log_t){0};
    expect_ok(later, &l, "resumed");
    ok(l.evaluated == 0 && tiny_equal(trainer, later), "it stays ended");
    mlrt__trainer_free(trainer);
    mlrt__trainer_free(later);

    t.recipe.stop_metric = "loss"; /* which falls */
    t.recipe.stop_at = 0.3;
    t.recipe.folder = NULL;
    trainer = tiny_trainer(&t);
    expect_ok(trainer, &l, "a goal for the loss");
    ok(l.step > 10 && l.step < 60, "is reached from above (step %d)", (int)l.step);
    mlrt__trainer_free(trainer);
    tiny_close(&t);
}

static void test_patience(void) {
    tiny t;
    log_t l = {0};
    tiny_open(&t, "sgd", "lr = 0"); /* nothing gets better */
    t.recipe.monitor = "index";
    t.recipe.patience = 3;
    mlrt__trainer *trainer = tiny_trainer(&t);
    expect_ok(trainer, &l, "a run without progress");
    is_int(l.evaluated, 4, "ends after three evaluations that are no better than the first");
    is_int(l.best, 1, "which was the best");
    mlrt__trainer_free(trainer);
    tiny_close(&t);
}

/* ---- what goes wrong ---- */

static void fails(tiny *t, log_t *l, mlrt_status status, const char *says, const char *name) {
    mlrt_error err = {0};
    mlrt__trainer *trainer = tiny_trainer(t);
    is_int(run(trainer, l, &err), status, "%s: %s", name, mlrt_status_name(status));
    is_str(tiny_error(&err), says, "%s", name);
    mlrt__trainer_free(trainer);
}

static void test_failures(void) {
    tiny t;
    tiny_open(&t, "adam", "lr = 0.01");
    fails(&t, &(log_t){.fail = true}, MLRT_FILE, "the disk is full", "an observer that fails ends the run");
    t.spoiled = true;
    fails(&t, &(log_t){0}, MLRT_NUMERIC, "NaN first appears in the result of log (in step 1)",
          "a loss that is not a number");
    tiny_close(&t);
    tiny_open(&t, "sgd", "lr = 1e38");
    fails(&t, &(log_t){0}, MLRT_NUMERIC, "norm: inf first appears in the result of square (in step 3)",
          "a learning rate that is too large");
    tiny_close(&t);
}

static mlrt_node *first_field(void *context, mlrt_graph *g, mlrt_node *const *field) {
    (void)context, (void)g;
    return field[TINY_X];
}
static mlrt_node *mean_of_field(void *context, mlrt_graph *g, mlrt_node *const *field) {
    return mlrt_mean(first_field(context, g, field), MLRT_ALL_AXES, false);
}

static void test_models(void) {
    tiny t;
    mlrt__trainer *trainer;
    mlrt_error err = {0};
    tiny_open(&t, "adam", "lr = 0.01");
    t.recipe.model = (mlrt__model){.loss = first_field, .predict = first_field};
    mlrt__trainer_new(&t.recipe, &trainer, &err);
    is_str(tiny_error(&err), "the loss must be one f32 number, got f32 [7, 4]", "a loss for each example");
    err = (mlrt_error){0};
    t.recipe.model = (mlrt__model){.loss = mean_of_field, .predict = first_field};
    mlrt__trainer_new(&t.recipe, &trainer, &err);
    is_str(tiny_error(&err), "the model has no parameters to train", "nothing to train");
    ok(trainer == NULL, "and there is no trainer");
    tiny_close(&t);
}

static void test_threads(void) {
    mlrt__trainer *trainer[4];
    tiny t[4];
    for (int32_t i = 0; i < 4; i++) {
        mlrt__set_threads(1 + i / 2);
        tiny_open(&t[i], "adam", "lr = 0.01");
        trainer[i] = tiny_trainer(&t[i]);
        mlrt__trainer_run(trainer[i], NULL, NULL);
    }
    ok(tiny_equal(trainer[0], trainer[1]), "one thread gives the same bits as one thread");
    ok(tiny_equal(trainer[2], trainer[3]), "and two the same as two");
    for (int32_t i = 0; i < 4; i++) {
        mlrt__trainer_free(trainer[i]);
        tiny_close(&t[i]);
    }
}

/* The last one: nothing takes an interruption back. */
static void test_interruption(void) {
    tiny t;
    log_t l = {0};
    mlrt_error err = {0};
    tiny_open(&t, "adam", "lr = 0.01");
    mlrt__trainer *whole = tiny_trainer(&t);
    expect_ok(whole, &l, "a run that is not interrupted");
    t.recipe.folder = scratch("");
    mlrt__trainer *first = tiny_trainer(&t), *second = tiny_trainer(&t);
    l.interrupt = true;
    is_int(run(first, &l, &err), MLRT_STOPPED, "a run that is");
    is_str(tiny_error(&err), "interrupted after step 10 of 60", "says after which step");
    mlrt__trainer_resume(second, scratch("last.safetensors"), NULL);
    int32_t parts = 1;
    while (run(second, &l, NULL) == MLRT_STOPPED && parts < 100) parts++;
    is_int(parts, 50, "interrupted all the time, it goes on by a step at a time");
    ok(tiny_equal(whole, second), "to the same bits");
    mlrt__trainer_free(whole);
    mlrt__trainer_free(first);
    mlrt__trainer_free(second);
    tiny_close(&t);
}

int main(void) {
    test_learning();
    test_resuming("adam", 7);
    test_resuming("rmsprop", TINY_TRAIN);
    test_stop_at();
    test_patience();
    test_failures();
    test_models();
    test_threads();
    test_interruption();
    return done_testing();
}
