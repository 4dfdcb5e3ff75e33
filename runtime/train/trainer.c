/* trainer.c - the loop: steps, reports, evaluations, checkpoints and the end. */
#include "base/interrupt.h"
#include "base/text.h"
#include "train/best.h"
#include "train/checkpoint.h"
#include "train/milestones.h"
#include "train/step.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct mlrt__trainer {
    const mlrt__recipe *recipe;
    mlrt__train_step step;
    mlrt__evaluator evaluator;
    mlrt__progress progress;
    mlrt__best best;
    bool unsaved; /* an evaluation is not in a checkpoint yet */
    bool is_best; /* the parameters are the best, and will be saved before the next step */
    double started, last_report, last_checkpoint;
    int64_t rate_step; /* step and time since which the rate is measured */
    double rate_time;
};

static mlrt_status build(mlrt__trainer *t, mlrt_error *err) {
    mlrt__train_step *s = &t->step;
    if (mlrt__train_step_open(s, t->recipe, err) != MLRT_OK) return err->status;
    return mlrt__evaluator_open(&t->evaluator, t->recipe, &s->params, s->buffer, s->program, err);
}

mlrt_status mlrt__trainer_new(const mlrt__recipe *recipe, mlrt__trainer **out, mlrt_error *err) {
    mlrt_error local = {0};
    if (!err) err = &local;
    mlrt__trainer *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    t->recipe = recipe;
    t->progress.best = NAN;
    if (build(t, err) != MLRT_OK) {
        mlrt__trainer_free(t);
        return err->status;
    }
    *out = t;
    return MLRT_OK;
}

void mlrt__trainer_free(mlrt__trainer *t) {
    if (!t) return;
    mlrt__evaluator_close(&t->evaluator);
    mlrt__best_free(&t->best);
    mlrt__train_step_close(&t->step);
    free(t);
}

/* ---- checkpoints ---- */

static mlrt__recipe with_slots(const mlrt__trainer *t) {
    mlrt__recipe r = *t->recipe;
    r.optimizer = t->step.optimizer;
    return r;
}

static mlrt__progress progress_now(const mlrt__trainer *t) {
    mlrt__progress progress = t->progress;
    if (t->started > 0) progress.seconds += mlrt__now() - t->started;
    return progress;
}

mlrt_status mlrt__trainer_save(mlrt__trainer *t, const char *path, mlrt_error *err) {
    const mlrt__recipe r = with_slots(t);
    const mlrt__progress progress = progress_now(t);
    return mlrt__checkpoint_write(path, &r, &t->step.params, t->step.buffer, &progress, err);
}

mlrt_status mlrt__trainer_resume(mlrt__trainer *t, const char *path, mlrt_error *err) {
    mlrt_error local = {0};
    if (!err) err = &local;
    const mlrt__recipe r = with_slots(t);
    return mlrt__checkpoint_read(path, &r, &t->step.params, t->step.buffer, &t->progress, err);
}

mlrt_status mlrt__trainer_load(mlrt__trainer *t, const char *path, mlrt_error *err) {
    mlrt_error local = {0};
    if (!err) err = &local;
    return mlrt__checkpoint_read(path, t->recipe, &t->step.params, t->step.buffer, NULL, err);
}

static const char *path_of(const mlrt__trainer *t, const char *kind, char *path, size_t size) {
    snprintf(path, size, "%s/%s.safetensors", t->recipe->folder, kind);
    return path;
}

static mlrt_status tell_saved(const mlrt__observer *o, const char *path, const char *kind, mlrt_error *err) {
    return o && o->saved ? o->saved(o->context, path, kind, err) : MLRT_OK;
}

/* The best parameters, where they are newer than their file: these, or those of an evaluation before. */
static mlrt_status save_best(mlrt__trainer *t, const mlrt__observer *o, mlrt_error *err) {
    char path[4096];
    const mlrt__recipe r = with_slots(t);
    if (!t->is_best && !t->best.waits) return MLRT_OK;
    path_of(t, "best", path, sizeof path);
    const mlrt_status status =
        t->is_best ? mlrt__trainer_save(t, path, err) : mlrt__best_write(&t->best, path, &r, &t->step.params, err);
    t->is_best = t->best.waits = false;
    return status == MLRT_OK ? tell_saved(o, path, "best", err) : status;
}

/* What was reported is kept first, then the best parameters: the last ones go on from both. */
static mlrt_status checkpoint(mlrt__trainer *t, const mlrt__observer *o, mlrt_error *err) {
    char path[4096];
    t->unsaved = false;
    t->last_checkpoint = mlrt__now();
    if (o && o->saving && o->saving(o->context, err) != MLRT_OK) return err->status;
    if (!t->recipe->folder) return MLRT_OK;
    if (save_best(t, o, err) != MLRT_OK) return err->status;
    if (mlrt__trainer_save(t, path_of(t, "last", path, sizeof path), err) != MLRT_OK) return err->status;
    t->last_checkpoint = mlrt__now();
    return tell_saved(o, path, "last", err);
}

/* An evaluation is kept at once, but where they follow each other quickly, files are not written all the time. */
static bool is_checkpoint_due(const mlrt__trainer *t) {
    const double seconds = t->recipe->checkpoint_seconds;
    return mlrt__now() - t->last_checkpoint >= (t->unsaved && seconds > 1 ? 1 : seconds);
}

/* ---- reports ---- */

static mlrt__report report_of(const mlrt__trainer *t) {
    const mlrt__recipe *r = t->recipe;
    const int64_t step = t->progress.step, in_epoch = step ? (step - 1) % r->epoch_steps + 1 : 0;
    const double now = mlrt__now(), since = now - t->rate_time;
    mlrt__report report = {.step = step,
                           .steps = r->steps,
                           .epoch = step ? (step - 1) / r->epoch_steps + 1 : 1,
                           .epochs = (r->steps + r->epoch_steps - 1) / r->epoch_steps,
                           .epoch_step = in_epoch,
                           .epoch_steps = r->epoch_steps,
                           .loss = in_epoch ? t->progress.loss_sum / (double)in_epoch : NAN,
                           .grad_norm = t->step.grad_norm,
                           .lr = (double)t->step.optimizer.group[0].lr *
                                 mlrt__schedule_factor(&t->step.optimizer, step ? step : 1),
                           .seconds = t->progress.seconds + now - t->started,
                           .remaining = NAN};
    const double steps = (double)(step - t->rate_step);
    if (since > 0) report.rate = steps * (double)r->batch / since;
    if (steps > 0) report.remaining = (double)(r->steps - step) * since / steps;
    return report;
}

static void progress(mlrt__trainer *t, const mlrt__observer *o) {
    const double now = mlrt__now();
    if (!o || !o->progress || now - t->last_report < 0.1) return;
    t->last_report = now;
    const mlrt__report report = report_of(t);
    o->progress(o->context, &report);
}

static mlrt_split monitored(const mlrt__recipe *r) {
    return r->eval_size[MLRT_VALID] && r->task->size[MLRT_VALID] ? MLRT_VALID : MLRT_TEST;
}

static bool at_end(const mlrt__trainer *t) { return t->progress.ended || t->progress.step >= t->recipe->steps; }

static mlrt_status evaluate(mlrt__trainer *t, const mlrt__observer *o, mlrt_error *err) {
    const mlrt__recipe *r = t->recipe;
    mlrt__report report = report_of(t);
    if (mlrt__evaluator_run(&t->evaluator, err) != MLRT_OK) return err->status;
    const double value = mlrt__evaluator_value(&t->evaluator, r->monitor, monitored(r));
    report.best = mlrt__better(r->monitor, value, t->progress.best);
    report.measure = t->evaluator.measure, report.measures = t->evaluator.measures;
    if (report.best)
        t->progress.best = value, t->progress.stale = 0;
    else
        t->progress.stale++;
    const double stop = r->stop_metric ? mlrt__evaluator_value(&t->evaluator, r->stop_metric, monitored(r)) : NAN;
    t->progress.ended = t->progress.ended || (r->patience && t->progress.stale >= r->patience) ||
                        (r->stop_metric && !isnan(stop) && !mlrt__better(r->stop_metric, r->stop_at, stop));
    if (o && o->evaluated && o->evaluated(o->context, &report, err) != MLRT_OK) return err->status;
    if (t->progress.step % r->epoch_steps == 0) t->progress.loss_sum = 0;
    t->rate_step = t->progress.step, t->rate_time = mlrt__now();
    t->unsaved = true;
    if (!report.best || !r->folder) return MLRT_OK;
    t->is_best = is_checkpoint_due(t) || at_end(t);
    t->best.waits = false;
    const mlrt__progress progress = progress_now(t);
    return t->is_best ? MLRT_OK
                      : mlrt__best_hold(&t->best, &t->step.optimizer, &t->step.params, t->step.buffer, &progress, err);
}

/* ---- the loop ---- */

/* The training split at no cost, where the program of the next step, whose gradients are needed then, tells all. */
static mlrt_status look_at(void *trainer, mlrt_split split, mlrt_error *err) {
    mlrt__trainer *t = trainer;
    const mlrt__recipe *r = t->recipe;
    const bool is_evaluated = t->progress.step % r->evaluate == 0 || at_end(t); /* next, in the same memory */
    if (split != MLRT_TRAIN || !t->step.as_evaluation.size || is_evaluated)
        return mlrt__evaluator_split(&t->evaluator, split, err);
    return mlrt__train_step_look(&t->step, t->progress.step + 1, &t->evaluator, err);
}

/* The next step; `phase` as of mlrt__train_step_run. */
static mlrt_status one_step(mlrt__trainer *t, mlrt__batches *batches, double *phase, mlrt_error *err) {
    if (mlrt__train_step_run(&t->step, batches, t->progress.step + 1, phase, err) != MLRT_OK) return err->status;
    t->progress.step++;
    t->progress.loss_sum += (double)*t->step.loss;
    return MLRT_OK;
}

static mlrt_status loop(mlrt__trainer *t, mlrt__batches *batches, const mlrt__observer *o, mlrt_error *err) {
    const mlrt__recipe *r = t->recipe;
    while (!at_end(t)) {
        if (one_step(t, batches, NULL, err) != MLRT_OK) return err->status;
        if (mlrt__milestones_look(r, &t->evaluator, &t->progress, look_at, t, err) != MLRT_OK) return err->status;
        const bool epoch_end = t->progress.step % r->epoch_steps == 0;
        progress(t, o);
        if (t->progress.step % r->evaluate == 0 || at_end(t)) {
            if (evaluate(t, o, err) != MLRT_OK) return err->status;
        } else if (epoch_end) {
            t->progress.loss_sum = 0;
        }
        const bool stop = mlrt__interrupted();
        if ((at_end(t) || stop || is_checkpoint_due(t)) && checkpoint(t, o, err) != MLRT_OK) return err->status;
        if (stop && !at_end(t))
            return mlrt_fail(err, MLRT_STOPPED, "interrupted after step %" PRId64 " of %" PRId64, t->progress.step,
                             r->steps);
    }
    return MLRT_OK;
}

mlrt_status mlrt__trainer_run(mlrt__trainer *t, const mlrt__observer *observer, mlrt_error *err) {
    mlrt_error local = {0};
    if (!err) err = &local;
    mlrt__batches *batches;
    if (mlrt__batches_open(t->recipe->task, t->recipe->batch, t->recipe->seed, t->progress.step, &batches, err) !=
        MLRT_OK)
        return err->status;
    t->started = t->rate_time = t->last_checkpoint = mlrt__now();
    t->rate_step = t->progress.step;
    t->step.ahead = false;
    const mlrt_status status = loop(t, batches, observer, err);
    mlrt_error ignored = {0};
    if (status != MLRT_OK) save_best(t, observer, &ignored); /* what has failed is said already */
    mlrt__train_step_leave(&t->step, batches);
    return status;
}

/* ---- measuring the loop ---- */

static mlrt_status time_windows(mlrt__trainer *t, mlrt__batches *batches, mlrt__timing *timing, mlrt_error *err) {
    for (int32_t w = 0; w < timing->windows; w++) {
        const double start = mlrt__now();
        t->progress.loss_sum = 0;
        for (int64_t i = 0; i < timing->steps; i++)
            if (one_step(t, batches, timing->phase, err) != MLRT_OK) return err->status;
        timing->window[w] = (mlrt__now() - start) / (double)timing->steps;
        if (timing->loss) timing->loss[w] = t->progress.loss_sum / (double)timing->steps;
    }
    for (int32_t i = 0; i < MLRT__PHASES; i++) timing->phase[i] /= (double)(timing->steps * timing->windows);
    return MLRT_OK;
}

mlrt_status mlrt__trainer_time(mlrt__trainer *t, mlrt__timing *timing, mlrt_error *err) {
    mlrt_error local = {0};
    if (!err) err = &local;
    mlrt__batches *batches;
    const mlrt__recipe *r = t->recipe;
    if (mlrt__batches_open(r->task, r->batch, r->seed, t->progress.step, &batches, err) != MLRT_OK) return err->status;
    const mlrt_status status = time_windows(t, batches, timing, err);
    mlrt__train_step_leave(&t->step, batches);
    return status;
}

mlrt_status mlrt__trainer_take_batch(mlrt__trainer *t, mlrt_error *err) {
    mlrt_error local = {0};
    if (!err) err = &local;
    mlrt__batches *batches;
    const mlrt__recipe *r = t->recipe;
    if (mlrt__batches_open(r->task, r->batch, r->seed, t->progress.step, &batches, err) != MLRT_OK) return err->status;
    mlrt__train_step_take(&t->step, batches);
    mlrt__train_step_leave(&t->step, batches);
    return MLRT_OK;
}

mlrt_status mlrt__trainer_evaluate(mlrt__trainer *t, const mlrt__measure **measure, int32_t *count, mlrt_error *err) {
    mlrt_error local = {0};
    if (!err) err = &local;
    if (mlrt__evaluator_run(&t->evaluator, err) != MLRT_OK) return err->status;
    *measure = t->evaluator.measure, *count = t->evaluator.measures;
    return MLRT_OK;
}

mlrt_status mlrt__trainer_tap(mlrt__trainer *t, const char *name, const mlrt__view *view, mlrt_tensor *out,
                              mlrt_error *err) {
    mlrt_error local = {0};
    if (!err) err = &local;
    return mlrt__evaluator_tap(&t->evaluator, name, view, out, err);
}

const mlrt__params *mlrt__trainer_params(const mlrt__trainer *t) { return &t->step.params; }
const mlrt__recipe *mlrt__trainer_recipe(const mlrt__trainer *t) { return t->recipe; }
float *mlrt__trainer_buffer(const mlrt__trainer *t) { return t->step.buffer; }
mlrt__program *mlrt__trainer_program(const mlrt__trainer *t) { return t->step.program; }
int64_t mlrt__trainer_step(const mlrt__trainer *t) { return t->progress.step; }
int64_t mlrt__trainer_milestone(const mlrt__trainer *t, int32_t i) { return t->progress.milestone[i]; }

double mlrt__trainer_padding(const mlrt__trainer *t) { return t->step.padding; }

size_t mlrt__trainer_bytes(const mlrt__trainer *t) {
    size_t bytes =
        sizeof(float) * (size_t)(mlrt__params_size(&t->step.params) + t->step.optimizer.slots * t->step.optimizer.size);
    bytes += mlrt__program_bytes(t->step.program);
    for (int32_t i = 0; i < t->evaluator.evaluations; i++)
        bytes += mlrt__program_bytes(t->evaluator.evaluation[i].program);
    return bytes;
}
