/* opened.h - what tests of the tasks share: a task that is opened from its properties as text. */
#ifndef TESTS_AMPLITUDES_OPENED_H
#define TESTS_AMPLITUDES_OPENED_H

#include "fixture.h"
#include "tap.h"

typedef struct open_task {
    fixture f; /* for its arena */
    mlrt_task *task;
    const mlrt_task_class *cls;
    mlrt_error err;
} open_task;

static inline bool task_opened(open_task *o, const char *name, const char *properties) {
    *o = (open_task){.cls = (const mlrt_task_class *)fixture_class(MLRT_KIND_TASK, name)};
    o->task = (mlrt_task *)fixture_object(&o->f, &o->cls->base, properties);
    if (o->f.err.status == MLRT_OK && o->cls->open(o->task, &o->err) == MLRT_OK) return true;
    diag("%s%s", fixture_error(&o->f), o->err.message);
    return false;
}

static inline void task_close(open_task *o) {
    o->cls->close(o->task);
    fixture_free(&o->f);
}

#endif
