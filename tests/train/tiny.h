/* tiny.h - a task, a model and a recipe that train in milliseconds.
 *
 *     tiny t;
 *     tiny_open(&t, "adam", "lr = 0.01");
 *     t.recipe.steps = 20;
 *     mlrt__trainer *trainer = tiny_trainer(&t);
 *
 * The task: three classes, told by which of four numbers is large. The model: linear, batch norm, tanh, dropout, linear,
 * so that it has kept buffers and random numbers besides what is trained.
 */
#ifndef MLRT_TESTS_TINY_H
#define MLRT_TESTS_TINY_H

#include "fixture.h"
#include "train/train.h"

enum { TINY_TRAIN = 40, TINY_VALID = 11, TINY_TEST = 50, TINY_IN = 4, TINY_HIDDEN = 8, TINY_CLASSES = 3 };

typedef struct tiny {
    fixture f; /* for its arena */
    mlrt_task task;
    mlrt__group group[2];
    mlrt__recipe recipe;
    mlrt_layer *in, *norm, *drop, *out;
    bool spoiled; /* the loss takes the logarithm of a negative number */
} tiny;

/* Fields of an example: "x" f32[4], "index" i32, and the target "class" i32. */
enum { TINY_X, TINY_INDEX, TINY_CLASS };

extern const mlrt_task_class tiny_class;   /* with the metrics "accuracy" and "index", the mean of that field */
extern const mlrt_task_class simple_class; /* the same task without metrics of its own */

mlrt_task tiny_task(const mlrt_task_class *cls);
void tiny_open(tiny *t, const char *optimizer, const char *properties);
mlrt_object *tiny_object(tiny *t, mlrt_kind kind, const char *name, const char *properties);
/* A trainer of t->recipe; the test ends when there is none. */
mlrt__trainer *tiny_trainer(tiny *t);
void tiny_close(tiny *t);

/* Are the parameters of two trainers the same, bit for bit? */
bool tiny_equal(const mlrt__trainer *a, const mlrt__trainer *b);
/* A status and its line as one text, in memory of its own until the next call. */
const char *tiny_error(const mlrt_error *err);

#endif
