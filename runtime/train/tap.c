/* tap.c - looking into a model: any of its nodes, for examples of its task or of another one with the same inputs. */
#include "base/text.h"
#include "train/batches.h"
#include "train/evaluate.h"
#include <stdlib.h>
#include <string.h>

/* A node by its name, or what a layer gives by its path. */
static mlrt_node *named(const mlrt_graph *g, const char *name, mlrt_error *err) {
    const char **names = mlrt__grow(NULL, sizeof *names * (size_t)(g->nodes + g->taps + 1));
    int32_t count = 0;
    mlrt_node *found = NULL;
    for (int32_t i = 0; i < g->nodes && !found; i++) {
        if (g->node[i]->name && strcmp(g->node[i]->name, name) == 0) found = g->node[i];
        if (g->node[i]->name) names[count++] = g->node[i]->name;
    }
    for (int32_t i = 0; i < g->taps && !found; i++) {
        if (strcmp(g->tap[i].path, name) == 0) found = g->tap[i].node;
        names[count++] = g->tap[i].path;
    }
    if (!found) {
        const char *near = mlrt__nearest_of(name, names, count);
        mlrt_fail(err, MLRT_NAME, "no layer and no named node '%s'", name);
        if (near) mlrt_hint(err, "did you mean '%s'?", near);
    }
    free(names);
    return found;
}

static const mlrt_task_class *class_of(const mlrt_task *task) { return (const mlrt_task_class *)task->object.cls; }

static int32_t find(const mlrt_task *task, const char *name) {
    int32_t f = task->fields - 1;
    while (f >= 0 && strcmp(task->field[f].name, name) != 0) f--;
    return f;
}

/* ---- another task's examples ---- */

static int32_t classes(const mlrt_field *f) { return f->vocabulary ? f->vocabulary->size : 0; }

/* Has it the inputs that the model was built for? */
static mlrt_status fits(const mlrt_task *own, const mlrt_task *other, mlrt_error *err) {
    char want[MLRT_SHAPE_TEXT], have[MLRT_SHAPE_TEXT];
    for (int32_t f = 0; f < own->fields; f++) {
        const int32_t at = find(other, own->field[f].name);
        const mlrt_field *a = &own->field[f], *b = at < 0 ? a : &other->field[at];
        if (at < 0 && !a->target)
            return mlrt_fail(err, MLRT_NAME, "task.%s has no field '%s', which the model reads",
                             other->object.cls->name, a->name);
        if (a->dtype != b->dtype || !mlrt_shape_equal(&a->shape, &b->shape) || classes(a) != classes(b))
            return mlrt_fail(err, MLRT_SHAPE, "field '%s' of task.%s: expected %s%s of %d classes, got %s%s of %d",
                             a->name, other->object.cls->name, mlrt_dtype_name(a->dtype),
                             mlrt_shape_text(&a->shape, want, sizeof want), classes(a), mlrt_dtype_name(b->dtype),
                             mlrt_shape_text(&b->shape, have, sizeof have), classes(b));
    }
    return MLRT_OK;
}

/* Where `count` examples of a task go: buffer[f] for each of its fields, in one block, which the caller frees. */
static char *take_buffers(const mlrt_task *task, int64_t count, void **buffer) {
    size_t bytes = 0;
    for (int32_t f = 0; f < task->fields; f++) bytes += mlrt__field_bytes(&task->field[f], count);
    char *block = mlrt__alloc_large(bytes), *at = block;
    for (int32_t f = 0; f < task->fields && block; f++) {
        buffer[f] = at;
        at += mlrt__field_bytes(&task->field[f], count);
    }
    return block;
}

/* ---- what is looked at ---- */

/* A field of the task: no program is needed. */
static mlrt_status tap_field(const mlrt__view *view, int32_t field, mlrt_tensor *out, mlrt_error *err) {
    const mlrt_field *f = &view->task->field[field];
    void *buffer[MLRT_MAX_FIELDS];
    int64_t *index = malloc(sizeof *index * (size_t)view->count);
    char *block = take_buffers(view->task, view->count, buffer);
    *out = (mlrt_tensor){f->dtype, {.rank = f->shape.rank + 1, .dim = {view->count}}, NULL};
    memcpy(out->shape.dim + 1, f->shape.dim, sizeof(int64_t) * (size_t)f->shape.rank);
    out->data = mlrt__alloc_large(mlrt_tensor_bytes(out));
    if (!index || !block || !out->data) {
        mlrt_fail(err, MLRT_MEMORY, "out of memory");
    } else {
        for (int64_t i = 0; i < view->count; i++) index[i] = view->first + i;
        class_of(view->task)->fetch(view->task, view->split, index, view->count, buffer);
        memcpy(out->data, buffer[field], mlrt_tensor_bytes(out));
    }
    mlrt__free_large(block);
    free(index);
    return err->status;
}

/* Some examples, from where they are to the inputs of a program. */
static mlrt_status feed(mlrt__evaluator *e, mlrt__program *program, const mlrt__view *view, int64_t first, int64_t size,
                        mlrt_error *err) {
    const mlrt_task *own = e->recipe->task;
    void *buffer[MLRT_MAX_FIELDS];
    char *block = take_buffers(view->task, size, buffer);
    if (!block) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    for (int64_t i = 0; i < size; i++) e->index[i] = first + i;
    class_of(view->task)->fetch(view->task, view->split, e->index, size, buffer);
    for (int32_t f = 0; f < own->fields; f++) {
        const mlrt_tensor to = mlrt__program_input(program, own->field[f].name);
        const int32_t from = find(view->task, own->field[f].name);
        if (to.data && from >= 0) memcpy(to.data, buffer[from], mlrt_tensor_bytes(&to));
        if (to.data && from < 0) memset(to.data, 0, mlrt_tensor_bytes(&to));
    }
    mlrt__free_large(block);
    return MLRT_OK;
}

/* The result of a batch goes to its place; the first makes room for all. */
static mlrt_status collect(const mlrt_tensor *got, int64_t size, int64_t at, int64_t count, mlrt_tensor *out,
                           mlrt_error *err) {
    const bool per_example = got->shape.rank > 0 && got->shape.dim[0] == size;
    const size_t bytes = mlrt_tensor_bytes(got);
    if (!out->data) {
        *out = *got;
        if (per_example) out->shape.dim[0] = count;
        if (!(out->data = mlrt__alloc_large(mlrt_tensor_bytes(out))))
            return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    }
    memcpy((char *)out->data + (per_example ? bytes / (size_t)size * (size_t)at : 0), got->data, bytes);
    return MLRT_OK;
}

/* The program of a node for batches of `size`. */
static mlrt_status compile(mlrt__evaluator *e, const char *name, int64_t size, mlrt__program **out, mlrt_error *err) {
    mlrt__evaluation *v;
    if (mlrt__evaluation_for(e, size, &v, err) != MLRT_OK) return err->status;
    mlrt_node *node = name ? named(v->graph, name, err) : v->prediction;
    const mlrt__home home = {.beside = e->beside};
    if (!node) return err->status;
    return mlrt__program_new_at(v->graph, &(mlrt__want){node, NULL}, 1, e->buffer, &home, out, err);
}

static mlrt_status tap_batches(mlrt__evaluator *e, const char *name, const mlrt__view *view, mlrt_tensor *out,
                               mlrt_error *err) {
    mlrt__program *program = NULL;
    int64_t compiled = 0;
    for (int64_t i = 0, size; i < view->count && err->status == MLRT_OK; i += size) {
        const int64_t rest = view->count - i;
        size = rest < e->recipe->eval_batch ? rest : e->recipe->eval_batch;
        if (size != compiled) {
            mlrt__program_free(program);
            program = NULL;
            if (compile(e, name, compiled = size, &program, err) != MLRT_OK) break;
        }
        if (feed(e, program, view, view->first + i, size, err) != MLRT_OK) break;
        if (mlrt__program_run(program, MLRT__EVALUATION_SEED, (uint64_t)(view->first + i), err) != MLRT_OK) break;
        const mlrt_tensor got = mlrt__program_result(program, 0);
        collect(&got, size, i, view->count, out, err);
    }
    mlrt__program_free(program);
    return err->status;
}

mlrt_status mlrt__evaluator_tap(mlrt__evaluator *e, const char *name, const mlrt__view *wanted, mlrt_tensor *out,
                                mlrt_error *err) {
    mlrt__view view = *wanted;
    const mlrt_task *own = e->recipe->task;
    *out = (mlrt_tensor){0};
    if (!view.task) view.task = own;
    const int64_t there = view.task->size[view.split];
    if (view.first < 0 || view.count < 1 || view.first + view.count > there)
        return mlrt_fail(err, MLRT_RANGE, "the %s split has %lld examples, asked for %lld from %lld on",
                         mlrt__split_name(view.split), (long long)there, (long long)view.count,
                         (long long)view.first + 1);
    if (view.task != own && fits(own, view.task, err) != MLRT_OK) return err->status;
    const int32_t field = name ? find(view.task, name) : -1;
    if ((field >= 0 ? tap_field(&view, field, out, err) : tap_batches(e, name, &view, out, err)) == MLRT_OK)
        return MLRT_OK;
    mlrt__free_large(out->data);
    out->data = NULL;
    return err->status;
}
