/* call.h - runs one kernel by hand: a node around tensors, at one CPU level. */
#ifndef MLRT_TESTS_CALL_H
#define MLRT_TESTS_CALL_H

#include "graph/node.h"
#include "kernels/kernel.h"
#include "tap.h"
#include <time.h>

enum { CALL_INPUTS = 8 };

/* Every level that this machine runs. */
#define EACH_LEVEL(level) (int32_t level = 0; level <= mlrt__cpu_level(); level++)

/* Exactly the bytes it needs, so that a sanitizer sees a step too far; filled with NaN, so that a missing one shows. */
static inline mlrt_tensor tensor(mlrt_dtype dtype, mlrt_shape shape) {
    mlrt_tensor t = {.dtype = dtype, .shape = shape};
    const size_t bytes = mlrt_tensor_bytes(&t);
    if (posix_memalign(&t.data, 64, bytes ? bytes : 1) == 0) memset(t.data, 0xff, bytes);
    return t;
}

static inline int64_t count_of(const mlrt_tensor *t) { return mlrt_shape_count(&t->shape); }

/* A repeatable number in [low, high). */
static inline double draw(double low, double high) {
    static uint64_t index;
    return low + (high - low) * mlrt_random_f64(1, 2, index++);
}

static inline mlrt_tensor uniform(mlrt_shape shape, double low, double high) {
    mlrt_tensor t = tensor(MLRT_F32, shape);
    for (int64_t i = 0; i < count_of(&t); i++) ((float *)t.data)[i] = (float)draw(low, high);
    return t;
}

/* Integers low .. high - 1. */
static inline mlrt_tensor integers(mlrt_shape shape, int32_t low, int32_t high) {
    mlrt_tensor t = tensor(MLRT_I32, shape);
    for (int64_t i = 0; i < count_of(&t); i++) ((int32_t *)t.data)[i] = (int32_t)floor(draw(low, high));
    return t;
}

/* Position of element `i` of `of` in a tensor of shape `in` that is broadcast to it. */
static inline int64_t broadcast_index(const mlrt_shape *of, const mlrt_shape *in, int64_t i) {
    int64_t at = 0, step = 1;
    for (int32_t axis = of->rank - 1, a = in->rank - 1; a >= 0; axis--, a--) {
        if (in->dim[a] > 1) at += i % of->dim[axis] * step;
        i /= of->dim[axis];
        step *= in->dim[a];
    }
    return at;
}

typedef struct call {
    const char *op;
    int32_t level;
    const void *attr;
    mlrt_tensor out;
    mlrt_tensor in[CALL_INPUTS];
    int32_t inputs;
    uint64_t seed, stream, step;
    int32_t runs;   /* more than one for a measurement */
    double seconds; /* of the fastest run */
    mlrt_error error;
} call;

/* Of the calling thread: what others do on the machine counts for less. */
static inline double thread_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Prepares, runs and releases; what went wrong is in c->error. */
static inline mlrt_status run_call(call *c) {
    const mlrt__kernel *k = mlrt__kernel_at(c->op, c->level);
    if (!k) return mlrt_fail(&c->error, MLRT_NAME, "no kernel for '%s'", c->op);
    const mlrt_op op = {.name = c->op};
    mlrt_node node[CALL_INPUTS + 1] = {0}, *in[CALL_INPUTS], *out = &node[CALL_INPUTS];
    for (int32_t i = 0; i < c->inputs; i++) {
        node[i] = (mlrt_node){.op = &op, .dtype = c->in[i].dtype, .shape = c->in[i].shape};
        in[i] = &node[i];
    }
    *out = (mlrt_node){.op = &op, .in = in, .inputs = c->inputs, .dtype = c->out.dtype, .shape = c->out.shape};
    out->attr = c->attr;
    void *scratch = mlrt__alloc_large(k->scratch ? k->scratch(out, mlrt__threads()) : 0);
    mlrt_call run = {.node = out, .out = c->out, .in = c->in, .inputs = c->inputs, .attr = c->attr, .scratch = scratch};
    run.seed = c->seed, run.stream = c->stream, run.step = c->step, run.err = &c->error;
    if (!k->prepare || k->prepare(&run, &c->error) == MLRT_OK) {
        c->seconds = INFINITY;
        for (int32_t i = 0; i < (c->runs ? c->runs : 1); i++) {
            const double before = thread_seconds();
            k->run(&run);
            c->seconds = fmin(c->seconds, thread_seconds() - before);
        }
    }
    if (k->release) k->release(&run);
    mlrt__free_large(scratch);
    return c->error.status;
}

static inline void free_call(call *c) {
    free(c->out.data);
    for (int32_t i = 0; i < c->inputs; i++) free(c->in[i].data);
}

/* The same bits from one thread and from several. */
static inline bool same_for_threads(call *c) {
    const size_t bytes = mlrt_tensor_bytes(&c->out);
    bool same = true;
    void *want = malloc(bytes ? bytes : 1);
    for (int32_t threads = 1; threads <= 3; threads++) {
        mlrt__set_threads(threads);
        memset(c->out.data, 0xff, bytes);
        run_call(c);
        if (threads == 1) memcpy(want, c->out.data, bytes);
        same &= memcmp(want, c->out.data, bytes) == 0;
    }
    mlrt__set_threads(0);
    free(want);
    return same;
}

#endif
