/* trainer.c - the loop: batch, step, check, optimizer; evaluations, checkpoints and the end. */
#include "base/interrupt.h"
#include "base/text.h"
#include "train/batches.h"
#include "train/best.h"
#include "train/checkpoint.h"
#include "train/evaluate.h"
#include "train/milestones.h"
#include "train/padding.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct mlrt__trainer {
    const mlrt__recipe *recipe;
    mlrt__optimizer optimizer;
    mlrt__params params;
    float *grad;                /* in the program's arena, until it runs again */
    float *buffer, *next_state; /* next_state: new values of kept buffers until the step is known to be good */
    mlrt_graph *graph;
    mlrt__program *program;
    int32_t field[MLRT_MAX_FIELDS]; /* the program's numbers of the task's fields */
    void *const *batch;             /* where the fields of the last batch are */
    const float *loss;
    mlrt__evaluator evaluator;
    mlrt__evaluation step; /* a step as the evaluation of the training split that it is, too; else of size 0 */
    bool ahead;            /* the program has run for the next step already */
    mlrt__progress progress;
    mlrt__best best;
    bool unsaved; /* an evaluation is not in a checkpoint yet */
    bool is_best; /* the parameters are the best, and will be saved before the next step */
    double started, last_report, last_checkpoint;
    int64_t rate_step; /* step and time since which the rate is measured */
    double rate_time, grad_norm;
    double padding; /* share of rows that are left out of a step */
};

/* ---- building ---- */

static mlrt_status build_graph(mlrt__trainer *t, mlrt_node **field, mlrt_node **loss, mlrt_error *err) {
    const mlrt__recipe *r = t->recipe;
    if (!(t->graph = mlrt__graph_new(&t->params, true))) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    t->graph->bf16 = r->bf16;
    mlrt__field_nodes(t->graph, r->task, r->batch, field);
    *loss = r->model.loss(r->model.context, t->graph, field);
    if (!mlrt_failed(*loss) && ((*loss)->shape.rank != 0 || (*loss)->dtype != MLRT_F32)) {
        char shape[MLRT_SHAPE_TEXT];
        mlrt_graph_fail(t->graph, MLRT_SHAPE, "the loss must be one f32 number, got %s %s",
                        mlrt_dtype_name((*loss)->dtype), mlrt_shape_text(&(*loss)->shape, shape, sizeof shape));
    }
    if (t->graph->error.status != MLRT_OK) {
        if (err->status == MLRT_OK) *err = t->graph->error;
        return err->status;
    }
    if (mlrt__params_count(&t->params) == 0)
        return mlrt_fail(err, MLRT_ARGUMENT, "the model has no parameters to train");
    if (!r->keep_padding) *loss = mlrt__without_padding(r, *loss, &t->padding, err);
    return *loss ? MLRT_OK : err->status;
}

static mlrt_status allocate(mlrt__trainer *t, mlrt_error *err) {
    mlrt__params_layout(&t->params);
    const size_t size = sizeof(float) * (size_t)mlrt__params_size(&t->params);
    t->buffer = mlrt__alloc_large(size);
    t->next_state = mlrt__alloc_large(size - sizeof(float) * (size_t)mlrt__params_trained(&t->params));
    if (!t->buffer || !t->next_state)
        return mlrt_fail(err, MLRT_MEMORY, "out of memory for %" PRId64 " parameters", mlrt__params_count(&t->params));
    return mlrt__params_init(&t->params, t->recipe->seed, t->buffer, err);
}

/* Where the next value of a kept buffer waits. */
static float *waiting(const mlrt__trainer *t, const mlrt__param *p) {
    return t->next_state + (p->offset - mlrt__params_trained(&t->params));
}

/* Is a step's batch all that is evaluated of the training split, in that order, and nothing in it built otherwise than for
 * an evaluation? */
static bool is_evaluation(const mlrt__trainer *t) {
    const mlrt__recipe *r = t->recipe;
    const int64_t all = r->task->size[MLRT_TRAIN];
    return r->batch == all && r->eval_size[MLRT_TRAIN] >= all && !t->graph->asked && t->padding == 0;
}

/* What is wanted of a step before its gradients: the loss, and where milestones look at the training split, all that is
 * scored of it, if the loss is computed from that anyway. */
static int32_t first_wants(mlrt__trainer *t, mlrt_node *loss, mlrt_node *const *field, mlrt__want *want,
                           mlrt_error *err) {
    const int32_t nodes = t->graph->nodes;
    int32_t wants = 1, known = 1;
    want[0] = (mlrt__want){loss, NULL};
    if (!mlrt__milestones_train(t->recipe) || !is_evaluation(t)) return wants;
    t->step = (mlrt__evaluation){.size = t->recipe->batch, .graph = t->graph};
    wants = mlrt__evaluation_wants(&t->step, t->recipe, loss, field, want, err);
    while (known < wants && want[known].node->id < nodes) known++;
    if (known == wants) return wants;
    t->step.size = 0;
    return 1;
}

/* The training step leaves the loss, every gradient in its place, and the next kept buffers. */
static mlrt_status compile_step(mlrt__trainer *t, mlrt_node *loss, mlrt_node *const *field, mlrt_error *err) {
    mlrt_graph *g = t->graph;
    const int32_t count = t->params.count, wants = MLRT__SCORED + count + g->updates;
    mlrt__want *want = MLRT__NEWS(&g->arena, mlrt__want, wants);
    int64_t *at = MLRT__NEWS(&g->arena, int64_t, wants);
    mlrt_node **x = MLRT__NEWS(&g->arena, mlrt_node *, count), **dx = MLRT__NEWS(&g->arena, mlrt_node *, count);
    int32_t n = first_wants(t, loss, field, want, err), used = 0;
    if (err->status != MLRT_OK) return err->status;
    for (int32_t i = 0; i < wants; i++) at[i] = -1;
    for (int32_t i = 0; i < g->nodes; i++) {
        const mlrt_node *node = g->node[i];
        if (node->op == &mlrt__op_param && t->params.param[((const mlrt__param_attr *)node->attr)->index]->trained)
            x[used++] = g->node[i];
    }
    mlrt_grad(loss, x, used, dx);
    for (int32_t i = 0; i < used; i++) {
        at[n] = t->params.param[((const mlrt__param_attr *)x[i]->attr)->index]->offset * (int64_t)sizeof(float);
        want[n++] = (mlrt__want){dx[i], NULL};
    }
    for (int32_t i = 0; i < g->updates; i++)
        want[n++] = (mlrt__want){g->update[i].value, waiting(t, t->params.param[g->update[i].param])};
    if (mlrt__program_new_at(g, want, n, t->buffer, &(mlrt__home){.at = at}, &t->program, err) != MLRT_OK)
        return err->status;
    t->grad = mlrt__program_memory(t->program);
    for (int32_t f = 0; f < t->recipe->task->fields; f++)
        t->field[f] = mlrt__program_field(t->program, t->recipe->task->field[f].name);
    t->loss = mlrt__program_result(t->program, 0).data;
    t->step.program = t->program;
    return MLRT_OK;
}

static mlrt_status build(mlrt__trainer *t, mlrt_error *err) {
    mlrt_node *loss = NULL, *field[MLRT_MAX_FIELDS];
    if (build_graph(t, field, &loss, err) != MLRT_OK ||
        mlrt__optimizer_assign(&t->optimizer, &t->params, err) != MLRT_OK || allocate(t, err) != MLRT_OK ||
        mlrt__optimizer_bind(&t->optimizer, &t->params, err) != MLRT_OK || compile_step(t, loss, field, err) != MLRT_OK)
        return err->status;
    return mlrt__evaluator_open(&t->evaluator, t->recipe, &t->params, t->buffer, t->program, err);
}

mlrt_status mlrt__trainer_new(const mlrt__recipe *recipe, mlrt__trainer **out, mlrt_error *err) {
    mlrt_error local = {0};
    if (!err) err = &local;
    mlrt__trainer *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    t->recipe = recipe;
    t->optimizer = recipe->optimizer;
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
    mlrt__program_free(t->program);
    mlrt__graph_free(t->graph);
    mlrt__optimizer_free(&t->optimizer);
    mlrt__params_free(&t->params);
    mlrt__free_large(t->buffer);
    mlrt__free_large(t->next_state);
    free(t);
}

/* ---- checkpoints ---- */

static mlrt__recipe with_slots(const mlrt__trainer *t) {
    mlrt__recipe r = *t->recipe;
    r.optimizer = t->optimizer;
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
    return mlrt__checkpoint_write(path, &r, &t->params, t->buffer, &progress, err);
}

mlrt_status mlrt__trainer_resume(mlrt__trainer *t, const char *path, mlrt_error *err) {
    mlrt_error local = {0};
    if (!err) err = &local;
    const mlrt__recipe r = with_slots(t);
    return mlrt__checkpoint_read(path, &r, &t->params, t->buffer, &t->progress, err);
}

mlrt_status mlrt__trainer_load(mlrt__trainer *t, const char *path, mlrt_error *err) {
    mlrt_error local = {0};
    if (!err) err = &local;
    return mlrt__checkpoint_read(path, t->recipe, &t->params, t->buffer, NULL, err);
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
        t->is_best ? mlrt__trainer_save(t, path, err) : mlrt__best_write(&t->best, path, &r, &t->params, err);
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

/* ---- one step ---- */

static mlrt_status numeric_failure(mlrt__trainer *t, const char *what, mlrt_error *err) {
    char step[32];
    mlrt__program_find_nonfinite(t->program, t->recipe->seed, (uint64_t)t->progress.step + 1, err);
    if (err->status == MLRT_OK) mlrt_fail(err, MLRT_NUMERIC, "%s is not finite", what);
    mlrt_hint(err, "in step %s", mlrt__grouped(t->progress.step + 1, step, sizeof step));
    return MLRT_NUMERIC;
}

static void keep_updates(mlrt__trainer *t) {
    for (int32_t i = 0; i < t->graph->updates; i++) {
        const mlrt__param *p = t->params.param[t->graph->update[i].param];
        memcpy(t->buffer + p->offset, waiting(t, p), sizeof(float) * (size_t)mlrt_shape_count(&p->shape));
    }
}

static mlrt_status take_batch(mlrt__trainer *t, mlrt__batches *batches, mlrt_error *err) {
    bool same;
    t->batch = mlrt__batches_next(batches, &same);
    (void)err;
    for (int32_t f = 0; f < t->recipe->task->fields && !same; f++)
        if (t->field[f] >= 0) mlrt__program_feed(t->program, t->field[f], t->batch[f]);
    return MLRT_OK;
}

/* The last batch stays with the program. */
static void close_batches(mlrt__trainer *t, mlrt__batches *batches) {
    for (int32_t f = 0; f < t->recipe->task->fields && t->batch; f++) {
        const mlrt_tensor own = mlrt__program_input(t->program, t->recipe->task->field[f].name);
        if (t->field[f] < 0) continue;
        memcpy(own.data, t->batch[f], mlrt_tensor_bytes(&own));
        mlrt__program_feed(t->program, t->field[f], NULL);
    }
    t->batch = NULL;
    mlrt__batches_close(batches);
}

static mlrt_status run_program(mlrt__trainer *t, mlrt__batches *batches, mlrt_error *err) {
    (void)batches;
    if (mlrt__program_run(t->program, t->recipe->seed, (uint64_t)t->progress.step + 1, err) != MLRT_OK)
        return err->status;
    return isfinite(*t->loss) ? MLRT_OK : numeric_failure(t, "the loss", err);
}

static mlrt_status measure_gradient(mlrt__trainer *t, mlrt__batches *batches, mlrt_error *err) {
    (void)batches;
    t->grad_norm = mlrt__gradient_norm(t->grad, t->optimizer.size);
    return isfinite(t->grad_norm) ? MLRT_OK : numeric_failure(t, "a gradient", err);
}

static mlrt_status update(mlrt__trainer *t, mlrt__batches *batches, mlrt_error *err) {
    (void)batches, (void)err;
    mlrt__optimizer_step(&t->optimizer, t->buffer, t->grad, t->grad_norm, ++t->progress.step);
    keep_updates(t);
    t->progress.loss_sum += (double)*t->loss;
    return MLRT_OK;
}

/* The phases of a step, in order. */
enum { AFTER_PROGRAM = 2 };
static const struct {
    const char *name;
    mlrt_status (*run)(mlrt__trainer *t, mlrt__batches *batches, mlrt_error *err);
} phases[MLRT__PHASES] = {
    {"batch", take_batch}, {"program", run_program}, {"gradient norm", measure_gradient}, {"optimizer", update}};

const char *mlrt__phase_name(int32_t phase) { return phases[phase].name; }

static mlrt_status one_step(mlrt__trainer *t, mlrt__batches *batches, mlrt_error *err) {
    for (int32_t i = t->ahead ? AFTER_PROGRAM : 0; i < MLRT__PHASES; i++)
        if (phases[i].run(t, batches, err) != MLRT_OK) return err->status;
    t->ahead = false;
    return MLRT_OK;
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
                           .grad_norm = t->grad_norm,
                           .lr =
                               (double)t->optimizer.group[0].lr * mlrt__schedule_factor(&t->optimizer, step ? step : 1),
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
    return t->is_best ? MLRT_OK : mlrt__best_hold(&t->best, &t->optimizer, &t->params, t->buffer, &progress, err);
}

/* ---- the loop ---- */

/* The training split at no cost, where the program of the next step, whose gradients are needed then, tells all. */
static mlrt_status look_at(void *trainer, mlrt_split split, mlrt_error *err) {
    mlrt__trainer *t = trainer;
    const mlrt__recipe *r = t->recipe;
    const bool is_evaluated = t->progress.step % r->evaluate == 0 || at_end(t); /* next, in the same memory */
    if (split != MLRT_TRAIN || !t->step.size || is_evaluated) return mlrt__evaluator_split(&t->evaluator, split, err);
    if (run_program(t, NULL, err) != MLRT_OK) return err->status; /* all batches are this one */
    t->ahead = true;
    for (int32_t f = 0; f < r->task->fields; f++) t->step.field[f].data = t->batch[f];
    mlrt__evaluator_score(&t->evaluator, &t->step, split);
    return MLRT_OK;
}

static mlrt_status loop(mlrt__trainer *t, mlrt__batches *batches, const mlrt__observer *o, mlrt_error *err) {
    const mlrt__recipe *r = t->recipe;
    while (!at_end(t)) {
        if (one_step(t, batches, err) != MLRT_OK) return err->status;
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
    t->ahead = false;
    const mlrt_status status = loop(t, batches, observer, err);
    mlrt_error ignored = {0};
    if (status != MLRT_OK) save_best(t, observer, &ignored); /* what has failed is said already */
    close_batches(t, batches);
    return status;
}

/* ---- measuring the loop ---- */

static mlrt_status timed_step(mlrt__trainer *t, mlrt__batches *batches, double *phase, mlrt_error *err) {
    double then = mlrt__now();
    for (int32_t i = 0; i < MLRT__PHASES; i++) {
        if (phases[i].run(t, batches, err) != MLRT_OK) return err->status;
        const double now = mlrt__now();
        phase[i] += now - then;
        then = now;
    }
    return MLRT_OK;
}

static mlrt_status time_windows(mlrt__trainer *t, mlrt__batches *batches, mlrt__timing *timing, mlrt_error *err) {
    for (int32_t w = 0; w < timing->windows; w++) {
        const double start = mlrt__now();
        t->progress.loss_sum = 0;
        for (int64_t i = 0; i < timing->steps; i++)
            if (timed_step(t, batches, timing->phase, err) != MLRT_OK) return err->status;
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
    close_batches(t, batches);
    return status;
}

mlrt_status mlrt__trainer_take_batch(mlrt__trainer *t, mlrt_error *err) {
    mlrt_error local = {0};
    if (!err) err = &local;
    mlrt__batches *batches;
    const mlrt__recipe *r = t->recipe;
    if (mlrt__batches_open(r->task, r->batch, r->seed, t->progress.step, &batches, err) != MLRT_OK) return err->status;
    take_batch(t, batches, err);
    close_batches(t, batches);
    return err->status;
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

const mlrt__params *mlrt__trainer_params(const mlrt__trainer *t) { return &t->params; }
const mlrt__recipe *mlrt__trainer_recipe(const mlrt__trainer *t) { return t->recipe; }
float *mlrt__trainer_buffer(const mlrt__trainer *t) { return t->buffer; }
mlrt__program *mlrt__trainer_program(const mlrt__trainer *t) { return t->program; }
int64_t mlrt__trainer_step(const mlrt__trainer *t) { return t->progress.step; }
int64_t mlrt__trainer_milestone(const mlrt__trainer *t, int32_t i) { return t->progress.milestone[i]; }

double mlrt__trainer_padding(const mlrt__trainer *t) { return t->padding; }

size_t mlrt__trainer_bytes(const mlrt__trainer *t) {
    size_t bytes = sizeof(float) * (size_t)(mlrt__params_size(&t->params) + t->optimizer.slots * t->optimizer.size);
    bytes += mlrt__program_bytes(t->program);
    for (int32_t i = 0; i < t->evaluator.evaluations; i++)
        bytes += mlrt__program_bytes(t->evaluator.evaluation[i].program);
    return bytes;
}
