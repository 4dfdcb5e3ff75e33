/* arrays.c - task.arrays: a task whose examples a script hands over. */
#include "plugin/arrays.h"
#include "base/arena.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct arrays {
    double train, valid, test;
    int32_t seed;
    bool shuffle;
} arrays;

static const mlrt_prop arrays_props[] = {
    MLRT_PROP_F64(arrays, train, .range = "[0, inf)",
                  .doc = "share of the examples to train on, or how many; 0 takes all that are not held out"),
    MLRT_PROP_F64(arrays, valid, .range = "[0, inf)", .doc = "share or number of examples for validation"),
    MLRT_PROP_F64(arrays, test, .range = "[0, inf)",
                  .doc = "share or number of examples for testing; 0 takes what a given `train` leaves"),
    MLRT_PROP_INT(arrays, seed, .doc = "of the order in which the examples are divided"),
    MLRT_PROP_BOOL(arrays, shuffle, .init = true, .doc = "divide them in a random order instead of the given one"),
    {0}};

typedef struct state {
    mlrt__arena arena;
    int64_t start[MLRT_SPLITS];    /* of a split, in examples */
    size_t bytes[MLRT_MAX_FIELDS]; /* of an example */
    char *data[MLRT_MAX_FIELDS];
} state;

static const char *const split_names[] = {"train", "valid", "test"};

/* ---- sizes ---- */

/* 1 is all of them: a share. */
static int64_t counted(double wanted, int64_t all) {
    return wanted <= 1 ? (int64_t)(wanted * (double)all + 0.5) : wanted > (double)all ? all + 1 : (int64_t)wanted;
}

static mlrt_status divide(mlrt_task *task, int64_t all, mlrt_error *err) {
    const arrays *p = mlrt_props(task);
    int64_t *size = task->size;
    size[MLRT_TRAIN] = counted(p->train, all), size[MLRT_VALID] = counted(p->valid, all);
    size[MLRT_TEST] = counted(p->test, all);
    const int64_t rest = all - size[MLRT_TRAIN] - size[MLRT_VALID] - size[MLRT_TEST];
    if (rest < 0)
        return mlrt_fail(err, MLRT_RANGE, "'train', 'valid' and 'test' ask for more than the %" PRId64 " examples",
                         all);
    if (p->train == 0)
        size[MLRT_TRAIN] = rest;
    else if (p->test == 0)
        size[MLRT_TEST] = rest;
    return size[MLRT_TRAIN] ? MLRT_OK : mlrt_fail(err, MLRT_RANGE, "no examples are left to train on");
}

static bool same_example(const mlrt_shape *a, const mlrt_shape *b) {
    return a->rank == b->rank && memcmp(a->dim + 1, b->dim + 1, sizeof(int64_t) * (size_t)(a->rank - 1)) == 0;
}

/* Every part of a field has as many examples as that of the first field, and examples of one shape. */
static mlrt_status check_field(const mlrt__arrays_field *f, const mlrt__arrays_field *first, bool split,
                               mlrt_error *err) {
    char a[MLRT_SHAPE_TEXT], b[MLRT_SHAPE_TEXT];
    for (mlrt_split s = 0; s < (split ? MLRT_SPLITS : 1); s++) {
        const mlrt_shape *shape = &f->part[s].shape, *other = &first->part[s].shape;
        if (shape->dim[0] != other->dim[0])
            return mlrt_fail(err, MLRT_SHAPE, "field '%s' has %" PRId64 " examples%s%s, and '%s' has %" PRId64, f->name,
                             shape->dim[0], split ? " in " : "", split ? split_names[s] : "", first->name,
                             other->dim[0]);
        if (shape->dim[0] && !same_example(shape, &f->part[0].shape))
            return mlrt_fail(err, MLRT_SHAPE, "field '%s' is %s in %s, but %s in train: examples of different shapes",
                             f->name, mlrt_shape_text(shape, a, sizeof a), split_names[s],
                             mlrt_shape_text(&f->part[0].shape, b, sizeof b));
    }
    return MLRT_OK;
}

static mlrt_status set_sizes(mlrt_task *task, state *s, const mlrt__arrays_field *field, int32_t fields, bool split,
                             mlrt_error *err) {
    if (fields < 1 || fields > MLRT_MAX_FIELDS)
        return mlrt_fail(err, MLRT_RANGE, "a task has 1 to %d fields, got %d", MLRT_MAX_FIELDS, fields);
    for (int32_t f = 0; f < fields; f++)
        if (check_field(&field[f], &field[0], split, err) != MLRT_OK) return err->status;
    if (field[0].part[0].shape.dim[0] == 0) return mlrt_fail(err, MLRT_RANGE, "there are no examples");
    for (mlrt_split k = 0; k < MLRT_SPLITS; k++) task->size[k] = field[0].part[k].shape.dim[0];
    if (!split && divide(task, field[0].part[0].shape.dim[0], err) != MLRT_OK) return err->status;
    s->start[MLRT_VALID] = task->size[MLRT_TRAIN];
    s->start[MLRT_TEST] = s->start[MLRT_VALID] + task->size[MLRT_VALID];
    return MLRT_OK;
}

/* ---- fields ---- */

static void describe(mlrt_task *task, state *s, int32_t index, const mlrt__arrays_field *from) {
    mlrt_field *f = &task->field[index];
    *f = (mlrt_field){.name = mlrt__arena_string(&s->arena, from->name), .target = from->target};
    f->dtype = from->classes ? MLRT_I32 : MLRT_F32;
    f->shape.rank = from->part[0].shape.rank - 1;
    memcpy(f->shape.dim, from->part[0].shape.dim + 1, sizeof(int64_t) * (size_t)f->shape.rank);
    s->bytes[index] = (size_t)mlrt_shape_count(&f->shape) * mlrt_dtype_size(f->dtype);
    if (!from->classes) return;
    mlrt_vocabulary *v = MLRT__NEW(&s->arena, mlrt_vocabulary);
    const char **token = from->token ? MLRT__NEWS(&s->arena, const char *, from->classes) : NULL;
    for (int32_t i = 0; token && i < from->classes; i++) token[i] = mlrt__arena_string(&s->arena, from->token[i]);
    *v = (mlrt_vocabulary){from->classes, token};
    f->vocabulary = v;
}

/* One example as f32 or i32; false, with the value that does not fit, when there is one. */
static bool convert(const double *from, int64_t count, int32_t classes, void *to, double *wrong) {
    for (int64_t i = 0; i < count; i++) {
        *wrong = from[i];
        if (!classes) {
            if (!isfinite(((float *)to)[i] = (float)from[i])) return false;
        } else if (!(from[i] >= 0 && from[i] < classes && from[i] == floor(from[i])))
            return false;
        else
            ((int32_t *)to)[i] = (int32_t)from[i];
    }
    return true;
}

static mlrt_status wrong_value(const mlrt__arrays_field *f, const char *split, int64_t example, double value,
                               mlrt_error *err) {
    char where[48];
    snprintf(where, sizeof where, "example %" PRId64 "%s%s", example + 1, split ? " of " : "", split ? split : "");
    if (f->classes)
        return mlrt_fail(err, MLRT_RANGE, "field '%s', %s: expected a class from 0 to %d, got %.9g", f->name, where,
                         f->classes - 1, value);
    return mlrt_fail(err, MLRT_RANGE, "field '%s', %s: expected a number that f32 can hold, got %.9g", f->name, where,
                     isnan(value) ? (double)NAN : value); /* without its sign */
}

/* All parts of a field one after the other; `order` says which example comes where when there is but one part. */
static mlrt_status copy(mlrt_task *task, state *s, int32_t index, const mlrt__arrays_field *f, const int64_t *order,
                        mlrt_error *err) {
    const int64_t count = mlrt_shape_count(&task->field[index].shape);
    const int64_t all = s->start[MLRT_TEST] + task->size[MLRT_TEST];
    double wrong;
    char *to = s->data[index] = mlrt__alloc_large(s->bytes[index] * (size_t)(all ? all : 1));
    if (!to) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    for (mlrt_split k = 0; k < MLRT_SPLITS; k++)
        for (int64_t i = 0; i < task->size[k]; i++, to += s->bytes[index]) {
            const int64_t from = order ? order[s->start[k] + i] : i;
            if (!convert(f->part[order ? 0 : k].data + from * count, count, f->classes, to, &wrong))
                return wrong_value(f, order ? NULL : split_names[k], from, wrong, err);
        }
    return MLRT_OK;
}

/* Which example comes where, or NULL when memory is out. */
static int64_t *ordered(const mlrt_task *task, int64_t all) {
    const arrays *p = mlrt_props(task);
    int64_t *order = malloc(sizeof *order * (size_t)all);
    if (!order) return NULL;
    for (int64_t i = 0; i < all; i++) order[i] = i;
    if (p->shuffle) mlrt_random_shuffle((uint64_t)p->seed, mlrt_stream("arrays.split"), order, all);
    return order;
}

mlrt_status mlrt__arrays_fill(mlrt_task *task, const mlrt__arrays_field *field, int32_t fields, bool split,
                              mlrt_error *err) {
    state *s = task->state = calloc(1, sizeof *s);
    if (!s) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    if (set_sizes(task, s, field, fields, split, err) != MLRT_OK) return err->status;
    int64_t *order = split ? NULL : ordered(task, field[0].part[0].shape.dim[0]);
    if (!split && !order) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    mlrt_status status = MLRT_OK;
    for (int32_t f = 0; f < fields && status == MLRT_OK; f++) {
        describe(task, s, f, &field[f]);
        task->fields = f + 1;
        status = copy(task, s, f, &field[f], order, err);
    }
    free(order);
    return status;
}

/* ---- the class ---- */

static mlrt_status arrays_open(mlrt_task *self, mlrt_error *err) {
    return self->state ? MLRT_OK : mlrt_fail(err, MLRT_ARGUMENT, "its fields come from a script");
}

static void arrays_close(mlrt_task *self) {
    state *s = self->state;
    if (!s) return;
    for (int32_t f = 0; f < self->fields; f++) mlrt__free_large(s->data[f]);
    mlrt__arena_free(&s->arena);
    free(s);
    self->state = NULL;
}

static void arrays_fetch(const mlrt_task *self, mlrt_split split, const int64_t *index, int64_t count,
                         void *const buffer[]) {
    const state *s = self->state;
    for (int32_t f = 0; f < self->fields; f++)
        for (int64_t i = 0; i < count; i++)
            memcpy((char *)buffer[f] + s->bytes[f] * (size_t)i,
                   s->data[f] + s->bytes[f] * (size_t)(s->start[split] + index[i]), s->bytes[f]);
}

MLRT_TASK(arrays, .summary = "examples that the script hands over, as arrays or tables",
          .doc = "Takes besides its properties the words `fields`, `inputs`, `target` and `classes`, or a table "
                 "of fields for each of `train`, `valid` and `test`: see \"A task of your own data\" in the page "
                 "on the language.",
          .props = arrays_props, .open = arrays_open, .close = arrays_close, .fetch = arrays_fetch);

const mlrt_plugin mlrt__arrays_plugin = {.guard = MLRT_GUARD,
                                         .name = "arrays",
                                         .summary = "Tasks made of a script's own data",
                                         .classes = (const mlrt_class *const[]){&arrays_class.base, NULL}};
