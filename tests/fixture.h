/* fixture.h - what tests share: the plugins of this build, and a class built into a graph, compiled and run.
 *
 * A fixture is made from text alone, as a class's cases are written:
 *
 *     fixture f = {0};
 *     fixture_build(&f, fixture_class(MLRT_KIND_LAYER, "linear"), "out = 3", "f32[2,4]", true);
 *     fixture_compile(&f, &(mlrt__want){f.y, NULL}, 1);
 *     fixture_fill(&f, "x0", values);
 *     fixture_run(&f);
 *     is_close(fixture_result(&f, 0)[0], ...);
 *     fixture_free(&f);
 *
 * The first failure stays in f.err and every later call does nothing, so that one check at the end is enough.
 */
#ifndef MLRT_TESTS_FIXTURE_H
#define MLRT_TESTS_FIXTURE_H

#include "plugin/registry.h"
#include "program/program.h"

/* One input: "f32[2,5]", "f32[]", "i32[2,5]<7" (integers below 7, with a vocabulary of that size), "f32[4]<2" (0 or 1),
 * "i32[2,5]<7(pad end)" (names for the first tokens; the others are called by their number). */
typedef struct fixture_spec {
    mlrt_dtype dtype;
    mlrt_shape shape;
    mlrt_vocabulary vocabulary; /* size 0: any real number */
} fixture_spec;

enum { FIXTURE_INPUTS = 8 };

typedef struct fixture {
    mlrt__arena arena;
    mlrt__params params;
    mlrt_graph *graph;
    int32_t inputs;
    fixture_spec spec[FIXTURE_INPUTS];
    mlrt_node *x[FIXTURE_INPUTS]; /* the fields "x0", "x1", .. */
    mlrt_node *y;                 /* what was built of them */
    float *buffer;                /* the parameters, once compiled: initialised with seed 1 */
    mlrt__program *program;
    uint64_t step;
    mlrt_error err;
} fixture;

/* The plugins that MLRT_PLUGIN_PATH shows; the program ends when core is not among them. */
mlrt__registry *fixture_registry(void);
const mlrt_class *fixture_class(mlrt_kind kind, const char *name);
/* The number of inputs in the text, or -1. */
int32_t fixture_inputs(mlrt__arena *arena, const char *text, fixture_spec spec[FIXTURE_INPUTS]);

/* An instance of a class with properties from a text, in the fixture's arena. */
mlrt_object *fixture_object(fixture *f, const mlrt_class *cls, const char *props);
/* A graph with the inputs as fields; what is built of f->x goes into f->y. */
bool fixture_begin(fixture *f, const char *inputs, bool training);
/* A layer or a loss, built for training or for evaluation. */
bool fixture_build(fixture *f, const mlrt_class *cls, const char *props, const char *inputs, bool training);
bool fixture_compile(fixture *f, const mlrt__want *want, int32_t count);
bool fixture_compile_at(fixture *f, const mlrt__want *want, int32_t count, const mlrt__home *home);
/* Copy a field's values; one that the program does not read is left out. */
void fixture_fill(fixture *f, const char *field, const void *data);
float *fixture_param(fixture *f, const char *name); /* in the buffer */
bool fixture_run(fixture *f);                       /* the next step */
const float *fixture_result(const fixture *f, int32_t i);
const char *fixture_error(const fixture *f); /* what went wrong, or "" */
void fixture_free(fixture *f);

#endif
