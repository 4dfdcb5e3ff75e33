/* calls.h - the inside of a program. */
#ifndef MLRT__CALLS_H
#define MLRT__CALLS_H

#include "program/program.h"

/* A tensor of a call whose shape follows the rows of the batch: dim[axis] is factor times as many. */
typedef struct mlrt__row_part {
    mlrt_tensor *tensor;
    int32_t axis;
    int64_t factor;
} mlrt__row_part;

typedef struct mlrt__rows {
    const int32_t *count; /* how many rows there are, written by "row_starts" */
    int64_t capacity, now;
    mlrt__row_part *part;
    int32_t parts;
} mlrt__rows;

typedef struct mlrt__step {
    void (*run)(const mlrt_call *c);
    const mlrt__kernel *kernel;
    mlrt_call call;
    mlrt__rows *rows; /* or NULL: its shapes are always the same */
    double seconds;   /* of the timed runs of mlrt__program_explain */
} mlrt__step;

/* A tensor of a call, or a result, that is a field or a part of it. */
typedef struct mlrt__reader {
    mlrt_tensor *tensor;
    ptrdiff_t offset; /* in bytes */
} mlrt__reader;

typedef struct mlrt__bound {
    const char *name;
    mlrt_tensor tensor; /* in memory of the program's own */
    mlrt__reader *reader;
    int32_t readers;
} mlrt__bound;

struct mlrt__program {
    mlrt__arena arena;
    mlrt__step *step;
    int32_t steps;
    int32_t first; /* the steps before it compute constants, once */
    mlrt__bound *input;
    int32_t inputs;
    mlrt_tensor *result;
    int32_t results;
    char *memory, *lasting;
    size_t arena_bytes, lasting_bytes, alive_bytes; /* alive: the most at one moment */
    size_t fixed_bytes;                             /* at the front of the arena, which others must leave alone */
    void *scratch;
    size_t scratch_bytes;
    bool borrows_memory, borrows_scratch;
    mlrt_error error; /* what a kernel complains of while it runs */
};

/* The kernel of steps that bring a result to one more place where it is wanted. */
extern const mlrt__kernel mlrt__copy;

/* ragged.c: what follows the rows in the call of an item, or NULL; and bringing a step's shapes up to date. */
struct mlrt__compiler;
struct mlrt__item;
mlrt__rows *mlrt__rows_of(const struct mlrt__compiler *c, mlrt__arena *arena, const struct mlrt__item *item,
                          mlrt_tensor *out, mlrt_tensor *in);
void mlrt__take_rows(mlrt__step *s);

static inline void mlrt__step_run(mlrt__step *s) {
    if (s->rows) mlrt__take_rows(s);
    s->run(&s->call);
}

/* "matmul+bias+relu", "mul+add": what a step does; valid until the next call. */
const char *mlrt__step_text(const mlrt__step *s);

#endif
