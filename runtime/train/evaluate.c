/* evaluate.c - running a model over a split: its loss and its metrics. */
#include "train/evaluate.h"
#include "base/text.h"
#include "train/batches.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = MLRT__SCORED - 2 };
enum { LOSS, PREDICTION, MEASURED }; /* what a program gives: at last the metrics that the model's script builds */

const char *mlrt__split_name(mlrt_split split) {
    static const char *const name[] = {"train", "valid", "test"};
    return name[split];
}

void mlrt__field_nodes(mlrt_graph *g, const mlrt_task *task, int64_t count, mlrt_node **field) {
    for (int32_t f = 0; f < task->fields; f++) {
        mlrt_shape shape = {.rank = task->field[f].shape.rank + 1, .dim = {count}};
        memcpy(shape.dim + 1, task->field[f].shape.dim, sizeof(int64_t) * (size_t)task->field[f].shape.rank);
        field[f] = mlrt__graph_input(g, task->field[f].name, task->field[f].dtype, shape, task->field[f].vocabulary);
    }
}

/* ---- programs ---- */

static int32_t measured_count(const mlrt__recipe *r) {
    int32_t count = 0;
    while (r->model.measured && r->model.measured[count] && count < MOST) count++;
    return count;
}

int32_t mlrt__evaluation_wants(mlrt__evaluation *v, const mlrt__recipe *r, mlrt_node *loss, mlrt_node *const *field,
                               mlrt__want *want, mlrt_error *err) {
    const int32_t wants = MEASURED + measured_count(r);
    v->prediction = r->model.predict(r->model.context, v->graph, field);
    if (!mlrt_failed(v->prediction)) mlrt__metrics_fit(r, v->prediction, err);
    want[LOSS] = (mlrt__want){loss, NULL}, want[PREDICTION] = (mlrt__want){v->prediction, NULL};
    for (int32_t i = MEASURED; i < wants; i++)
        want[i] = (mlrt__want){r->model.measure(r->model.context, v->graph, field, i - MEASURED), NULL};
    for (int32_t f = 0; f < r->task->fields; f++) v->field[f] = (mlrt_tensor){field[f]->dtype, field[f]->shape, NULL};
    return wants;
}

static mlrt_status build(mlrt__evaluator *e, mlrt__evaluation *v, mlrt_error *err) {
    const mlrt__recipe *r = e->recipe;
    mlrt_node *field[MLRT_MAX_FIELDS];
    mlrt__want want[MLRT__SCORED];
    if (!(v->graph = mlrt__graph_new(e->params, false))) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    v->graph->bf16 = r->bf16;
    mlrt__field_nodes(v->graph, r->task, v->size, field);
    mlrt_node *loss = r->model.loss(r->model.context, v->graph, field);
    const int32_t wants = mlrt__evaluation_wants(v, r, loss, field, want, err);
    if (err->status != MLRT_OK) return err->status;
    if (mlrt__program_new_at(v->graph, want, wants, e->buffer, &(mlrt__home){.beside = e->beside}, &v->program, err) !=
        MLRT_OK)
        return err->status;
    if (!e->beside || mlrt__program_room(v->program) > mlrt__program_room(e->beside)) e->beside = v->program;
    for (int32_t f = 0; f < r->task->fields; f++) {
        v->field[f].data = mlrt__program_input(v->program, r->task->field[f].name).data;
        if (v->field[f].data) continue;
        v->field[f].data = v->spare[f] = mlrt__alloc_large(mlrt__field_bytes(&r->task->field[f], v->size));
        if (!v->spare[f]) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    }
    return MLRT_OK;
}

mlrt_status mlrt__evaluation_for(mlrt__evaluator *e, int64_t size, mlrt__evaluation **out, mlrt_error *err) {
    for (int32_t i = 0; i < e->evaluations; i++)
        if (e->evaluation[i].size == size) return *out = &e->evaluation[i], MLRT_OK;
    MLRT__ROOM(e->evaluation, e->evaluations, e->capacity);
    mlrt__evaluation *v = &e->evaluation[e->evaluations++];
    *v = (mlrt__evaluation){.size = size};
    *out = v;
    return build(e, v, err);
}

static int64_t evaluated(const mlrt__evaluator *e, mlrt_split split) {
    const int64_t wanted = e->recipe->eval_size[split], there = e->recipe->task->size[split];
    return wanted < there ? wanted : there;
}

mlrt_status mlrt__evaluator_open(mlrt__evaluator *e, const mlrt__recipe *recipe, mlrt__params *params, float *buffer,
                                 const mlrt__program *beside, mlrt_error *err) {
    *e = (mlrt__evaluator){.recipe = recipe, .params = params, .buffer = buffer, .beside = beside};
    e->index = malloc(sizeof *e->index * (size_t)(recipe->eval_batch + 1));
    if (!e->index) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    for (mlrt_split s = 0; s < MLRT_SPLITS; s++) {
        const int64_t count = evaluated(e, s), rest = count % recipe->eval_batch;
        mlrt__evaluation *v;
        if (count >= recipe->eval_batch && mlrt__evaluation_for(e, recipe->eval_batch, &v, err) != MLRT_OK)
            return err->status;
        if (rest && mlrt__evaluation_for(e, rest, &v, err) != MLRT_OK) return err->status;
    }
    return MLRT_OK;
}

void mlrt__evaluator_close(mlrt__evaluator *e) {
    for (int32_t i = e->evaluations - 1; i >= 0; i--) {
        mlrt__evaluation *v = &e->evaluation[i];
        mlrt__program_free(v->program);
        mlrt__graph_free(v->graph);
        for (int32_t f = 0; f < MLRT_MAX_FIELDS; f++) mlrt__free_large(v->spare[f]);
    }
    free(e->evaluation);
    free(e->index);
    free(e->measure);
    *e = (mlrt__evaluator){0};
}

/* ---- a pass over some examples ---- */

/* The batch of a split that begins with `first`. */
static mlrt_status run_batch(mlrt__evaluator *e, mlrt__evaluation *v, mlrt_split split, int64_t first,
                             mlrt_error *err) {
    const mlrt_task *task = e->recipe->task;
    void *buffer[MLRT_MAX_FIELDS];
    for (int64_t i = 0; i < v->size; i++) e->index[i] = first + i;
    for (int32_t f = 0; f < task->fields; f++) buffer[f] = v->field[f].data;
    ((const mlrt_task_class *)task->object.cls)->fetch(task, split, e->index, v->size, buffer);
    return mlrt__program_run(v->program, MLRT__EVALUATION_SEED, (uint64_t)first, err);
}

static void add_measure(mlrt__evaluator *e, const char *name, mlrt_split split) {
    MLRT__ROOM(e->measure, e->measures, e->measure_capacity);
    e->measure[e->measures++] = (mlrt__measure){name, split, 0};
}

static void score_batch(mlrt__evaluator *e, const mlrt__evaluation *v, mlrt_split split, int32_t at, double *weight) {
    const mlrt_batch batch = {split, v->size, mlrt__program_result(v->program, PREDICTION), v->field};
    const mlrt_tensor loss = mlrt__program_result(v->program, LOSS);
    e->measure[at].value += *(const float *)loss.data * (double)v->size;
    weight[0] += (double)v->size;
    int32_t k = 1;
    for (const mlrt_metric *m = mlrt__metrics_of(e->recipe->task); m->name; m++)
        if (mlrt__metric_wanted(e->recipe, m->name)) {
            m->score(e->recipe->task, &batch, &e->measure[at + k].value, &weight[k]);
            k++;
        }
    for (int32_t i = 0; i < measured_count(e->recipe); i++, k++) {
        e->measure[at + k].value +=
            *(const float *)mlrt__program_result(v->program, MEASURED + i).data * (double)v->size;
        weight[k] += (double)v->size;
    }
}

/* Says what the measures of a split are, from number `at` on. */
static void begin_split(mlrt__evaluator *e, mlrt_split split, int32_t at) {
    add_measure(e, "loss", split);
    for (const mlrt_metric *m = mlrt__metrics_of(e->recipe->task); m->name && e->measures - at < MOST; m++)
        if (mlrt__metric_wanted(e->recipe, m->name)) add_measure(e, m->name, split);
    for (int32_t i = 0; i < measured_count(e->recipe); i++) add_measure(e, e->recipe->model.measured[i], split);
}

static void end_split(mlrt__evaluator *e, int32_t at, const double *weight) {
    for (int32_t m = at; m < e->measures; m++) e->measure[m].value /= weight[m - at];
}

static mlrt_status run_split(mlrt__evaluator *e, mlrt_split split, mlrt_error *err) {
    double weight[2 * MOST] = {0};
    const int32_t at = e->measures;
    const int64_t count = evaluated(e, split);
    if (count == 0) return MLRT_OK;
    begin_split(e, split, at);
    for (int64_t i = 0; i < count;) {
        mlrt__evaluation *v;
        const int64_t size = count - i < e->recipe->eval_batch ? count - i : e->recipe->eval_batch;
        if (mlrt__evaluation_for(e, size, &v, err) != MLRT_OK) return err->status;
        if (run_batch(e, v, split, i, err) != MLRT_OK) return err->status;
        score_batch(e, v, split, at, weight);
        i += size;
    }
    end_split(e, at, weight);
    return MLRT_OK;
}

void mlrt__evaluator_score(mlrt__evaluator *e, const mlrt__evaluation *v, mlrt_split split) {
    double weight[2 * MOST] = {0};
    e->measures = 0;
    begin_split(e, split, 0);
    score_batch(e, v, split, 0, weight);
    end_split(e, 0, weight);
}

mlrt_status mlrt__evaluator_split(mlrt__evaluator *e, mlrt_split split, mlrt_error *err) {
    e->measures = 0;
    return run_split(e, split, err);
}

double mlrt__evaluator_value(const mlrt__evaluator *e, const char *metric, mlrt_split split) {
    for (int32_t i = 0; i < e->measures; i++)
        if (e->measure[i].split == split && strcmp(e->measure[i].name, metric) == 0) return e->measure[i].value;
    return (double)NAN;
}

mlrt_status mlrt__evaluator_run(mlrt__evaluator *e, mlrt_error *err) {
    e->measures = 0;
    for (mlrt_split s = 0; s < MLRT_SPLITS; s++)
        if (run_split(e, s, err) != MLRT_OK) return err->status;
    return MLRT_OK;
}
