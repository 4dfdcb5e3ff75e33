/* arrays.h - task.arrays: a task whose examples a script hands over, where other tasks make or read their own.
 *
 * It is the one class that mlrt brings itself: its data come from the language and not from a plugin. The task copies
 * what it is given, in the order of its splits, and frees it when it is closed.
 */
#ifndef MLRT__ARRAYS_H
#define MLRT__ARRAYS_H

#include <mlrt/plugin.h>

/* Examples in a row: [examples, ...]. */
typedef struct mlrt__arrays_part {
    mlrt_shape shape;
    const double *data;
} mlrt__arrays_part;

typedef struct mlrt__arrays_field {
    const char *name;
    bool target;
    int32_t classes;          /* the values are 0 .. classes - 1 and become i32; 0: they become f32 */
    const char *const *token; /* names of the classes, or NULL */
    mlrt__arrays_part part[MLRT_SPLITS];
} mlrt__arrays_field;

extern const mlrt_plugin mlrt__arrays_plugin;

/* Fill a task of the class, inputs before targets. `split`: each part is a split (a part without examples may be all
 * zeros); otherwise the first part has all examples, to be shuffled and divided as the task's properties say. */
mlrt_status mlrt__arrays_fill(mlrt_task *task, const mlrt__arrays_field *field, int32_t fields, bool split,
                              mlrt_error *err);

#endif
