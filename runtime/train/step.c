/* step.c - the training step: from a batch to new parameters. */
#include "train/step.h"
#include "base/text.h"
#include "train/milestones.h"
#include "train/padding.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- building ---- */

static mlrt_status build_graph(mlrt__train_step *s, mlrt_node **field, mlrt_node **loss, mlrt_error *err) {
    const mlrt__recipe *r = s->recipe;
    if (!(s->graph = mlrt__graph_new(&s->params, true))) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    s->graph->bf16 = r->bf16;
    mlrt__field_nodes(s->graph, r->task, r->batch, field);
    *loss = r->model.loss(r->model.context, s->graph, field);
    if (!mlrt_failed(*loss) && ((*loss)->shape.rank != 0 || (*loss)->dtype != MLRT_F32)) {
        char shape[MLRT_SHAPE_TEXT];
        mlrt_graph_fail(s->graph, MLRT_SHAPE, "the loss must be one f32 number, got %s %s",
                        mlrt_dtype_name((*loss)->dtype), mlrt_shape_text(&(*loss)->shape, shape, sizeof shape));
    }
    if (s->graph->error.status != MLRT_OK) {
        if (err->status == MLRT_OK) *err = s->graph->error;
        return err->status;
    }
    if (mlrt__params_count(&s->params) == 0)
        return mlrt_fail(err, MLRT_ARGUMENT, "the model has no parameters to train");
    if (!r->keep_padding) *loss = mlrt__without_padding(r, *loss, &s->padding, err);
    return *loss ? MLRT_OK : err->status;
}

static mlrt_status allocate(mlrt__train_step *s, mlrt_error *err) {
    mlrt__params_layout(&s->params);
    const size_t size = sizeof(float) * (size_t)mlrt__params_size(&s->params);
    s->buffer = mlrt__alloc_large(size);
    s->next_state = mlrt__alloc_large(size - sizeof(float) * (size_t)mlrt__params_trained(&s->params));
    if (!s->buffer || !s->next_state)
        return mlrt_fail(err, MLRT_MEMORY, "out of memory for %" PRId64 " parameters", mlrt__params_count(&s->params));
    return mlrt__params_init(&s->params, s->recipe->seed, s->buffer, err);
}

/* Where the next value of a kept buffer waits. */
static float *waiting(const mlrt__train_step *s, const mlrt__param *p) {
    return s->next_state + (p->offset - mlrt__params_trained(&s->params));
}

/* Is a step's batch all that is evaluated of the training split, in that order, and nothing in it built otherwise than for
 * an evaluation? */
static bool is_evaluation(const mlrt__train_step *s) {
    const mlrt__recipe *r = s->recipe;
    const int64_t all = r->task->size[MLRT_TRAIN];
    return r->batch == all && r->eval_size[MLRT_TRAIN] >= all && !s->graph->asked && s->padding == 0;
}

/* What is wanted of a step before its gradients: the loss, and where milestones look at the training split, all that is
 * scored of it, if the loss is computed from that anyway. */
static int32_t first_wants(mlrt__train_step *s, mlrt_node *loss, mlrt_node *const *field, mlrt__want *want,
                           mlrt_error *err) {
    const int32_t nodes = s->graph->nodes;
    int32_t wants = 1, known = 1;
    want[0] = (mlrt__want){loss, NULL};
    if (!mlrt__milestones_train(s->recipe) || !is_evaluation(s)) return wants;
    s->as_evaluation = (mlrt__evaluation){.size = s->recipe->batch, .graph = s->graph};
    wants = mlrt__evaluation_wants(&s->as_evaluation, s->recipe, loss, field, want, err);
    while (known < wants && want[known].node->id < nodes) known++;
    if (known == wants) return wants;
    s->as_evaluation.size = 0;
    return 1;
}

/* The training step leaves the loss, every gradient in its place, and the next kept buffers. */
static mlrt_status compile(mlrt__train_step *s, mlrt_node *loss, mlrt_node *const *field, mlrt_error *err) {
    mlrt_graph *g = s->graph;
    const int32_t count = s->params.count, wants = MLRT__SCORED + count + g->updates;
    mlrt__want *want = MLRT__NEWS(&g->arena, mlrt__want, wants);
    int64_t *at = MLRT__NEWS(&g->arena, int64_t, wants);
    mlrt_node **x = MLRT__NEWS(&g->arena, mlrt_node *, count), **dx = MLRT__NEWS(&g->arena, mlrt_node *, count);
    int32_t n = first_wants(s, loss, field, want, err), used = 0;
    if (err->status != MLRT_OK) return err->status;
    for (int32_t i = 0; i < wants; i++) at[i] = -1;
    for (int32_t i = 0; i < g->nodes; i++) {
        const mlrt_node *node = g->node[i];
        if (node->op == &mlrt__op_param && s->params.param[((const mlrt__param_attr *)node->attr)->index]->trained)
            x[used++] = g->node[i];
    }
    mlrt_grad(loss, x, used, dx);
    for (int32_t i = 0; i < used; i++) {
        at[n] = s->params.param[((const mlrt__param_attr *)x[i]->attr)->index]->offset * (int64_t)sizeof(float);
        want[n++] = (mlrt__want){dx[i], NULL};
    }
    for (int32_t i = 0; i < g->updates; i++)
        want[n++] = (mlrt__want){g->update[i].value, waiting(s, s->params.param[g->update[i].param])};
    if (mlrt__program_new_at(g, want, n, s->buffer, &(mlrt__home){.at = at}, &s->program, err) != MLRT_OK)
        return err->status;
    s->grad = mlrt__program_memory(s->program);
    for (int32_t f = 0; f < s->recipe->task->fields; f++)
        s->field[f] = mlrt__program_field(s->program, s->recipe->task->field[f].name);
    s->loss = mlrt__program_result(s->program, 0).data;
    s->as_evaluation.program = s->program;
    return MLRT_OK;
}

mlrt_status mlrt__train_step_open(mlrt__train_step *s, const mlrt__recipe *recipe, mlrt_error *err) {
    mlrt_node *loss = NULL, *field[MLRT_MAX_FIELDS];
    *s = (mlrt__train_step){.recipe = recipe, .optimizer = recipe->optimizer};
    if (build_graph(s, field, &loss, err) != MLRT_OK ||
        mlrt__optimizer_assign(&s->optimizer, &s->params, err) != MLRT_OK || allocate(s, err) != MLRT_OK ||
        mlrt__optimizer_bind(&s->optimizer, &s->params, err) != MLRT_OK)
        return err->status;
    return compile(s, loss, field, err);
}

void mlrt__train_step_close(mlrt__train_step *s) {
    mlrt__program_free(s->program);
    mlrt__graph_free(s->graph);
    mlrt__optimizer_free(&s->optimizer);
    mlrt__params_free(&s->params);
    mlrt__free_large(s->buffer);
    mlrt__free_large(s->next_state);
}

/* ---- running ---- */

static mlrt_status numeric_failure(mlrt__train_step *s, const char *what, mlrt_error *err) {
    char step[32];
    mlrt__program_find_nonfinite(s->program, s->recipe->seed, (uint64_t)s->number, err);
    if (err->status == MLRT_OK) mlrt_fail(err, MLRT_NUMERIC, "%s is not finite", what);
    mlrt_hint(err, "in step %s", mlrt__grouped(s->number, step, sizeof step));
    return MLRT_NUMERIC;
}

static void keep_updates(mlrt__train_step *s) {
    for (int32_t i = 0; i < s->graph->updates; i++) {
        const mlrt__param *p = s->params.param[s->graph->update[i].param];
        memcpy(s->buffer + p->offset, waiting(s, p), sizeof(float) * (size_t)mlrt_shape_count(&p->shape));
    }
}

void mlrt__train_step_take(mlrt__train_step *s, mlrt__batches *batches) {
    bool same;
    s->batch = mlrt__batches_next(batches, &same);
    for (int32_t f = 0; f < s->recipe->task->fields && !same; f++)
        if (s->field[f] >= 0) mlrt__program_feed(s->program, s->field[f], s->batch[f]);
}

void mlrt__train_step_leave(mlrt__train_step *s, mlrt__batches *batches) {
    for (int32_t f = 0; f < s->recipe->task->fields && s->batch; f++) {
        const mlrt_tensor own = mlrt__program_input(s->program, s->recipe->task->field[f].name);
        if (s->field[f] < 0) continue;
        memcpy(own.data, s->batch[f], mlrt_tensor_bytes(&own));
        mlrt__program_feed(s->program, s->field[f], NULL);
    }
    s->batch = NULL;
    mlrt__batches_close(batches);
}

static mlrt_status take_batch(mlrt__train_step *s, mlrt__batches *batches, mlrt_error *err) {
    (void)err;
    mlrt__train_step_take(s, batches);
    return MLRT_OK;
}

static mlrt_status run_program(mlrt__train_step *s, mlrt__batches *batches, mlrt_error *err) {
    (void)batches;
    if (mlrt__program_run(s->program, s->recipe->seed, (uint64_t)s->number, err) != MLRT_OK) return err->status;
    return isfinite(*s->loss) ? MLRT_OK : numeric_failure(s, "the loss", err);
}

static mlrt_status measure_gradient(mlrt__train_step *s, mlrt__batches *batches, mlrt_error *err) {
    (void)batches;
    s->grad_norm = mlrt__gradient_norm(s->grad, s->optimizer.size);
    return isfinite(s->grad_norm) ? MLRT_OK : numeric_failure(s, "a gradient", err);
}

static mlrt_status update(mlrt__train_step *s, mlrt__batches *batches, mlrt_error *err) {
    (void)batches, (void)err;
    mlrt__optimizer_step(&s->optimizer, s->buffer, s->grad, s->grad_norm, s->number);
    keep_updates(s);
    return MLRT_OK;
}

/* The phases of a step, in order. */
enum { AFTER_PROGRAM = 2 };
static const struct {
    const char *name;
    mlrt_status (*run)(mlrt__train_step *s, mlrt__batches *batches, mlrt_error *err);
} phases[MLRT__PHASES] = {
    {"batch", take_batch}, {"program", run_program}, {"gradient norm", measure_gradient}, {"optimizer", update}};

const char *mlrt__phase_name(int32_t phase) { return phases[phase].name; }

mlrt_status mlrt__train_step_run(mlrt__train_step *s, mlrt__batches *batches, int64_t number, double *phase,
                                 mlrt_error *err) {
    double then = phase ? mlrt__now() : 0;
    s->number = number;
    for (int32_t i = s->ahead ? AFTER_PROGRAM : 0; i < MLRT__PHASES; i++) {
        if (phases[i].run(s, batches, err) != MLRT_OK) return err->status;
        if (!phase) continue;
        const double now = mlrt__now();
        phase[i] += now - then;
        then = now;
    }
    s->ahead = false;
    return MLRT_OK;
}

mlrt_status mlrt__train_step_look(mlrt__train_step *s, int64_t number, mlrt__evaluator *e, mlrt_error *err) {
    s->number = number;
    if (run_program(s, NULL, err) != MLRT_OK) return err->status; /* all batches are this one */
    s->ahead = true;
    for (int32_t f = 0; f < s->recipe->task->fields; f++) s->as_evaluation.field[f].data = s->batch[f];
    mlrt__evaluator_score(e, &s->as_evaluation, MLRT_TRAIN);
    return MLRT_OK;
}
