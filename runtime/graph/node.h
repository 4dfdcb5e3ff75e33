/* node.h - what a node and a graph are, for the rooms of the runtime. */
#ifndef MLRT__NODE_H
#define MLRT__NODE_H

#include "base/arena.h"
#include <mlrt/plugin.h>

struct mlrt_node {
    mlrt_graph *graph;
    const mlrt_op *op;
    mlrt_node **in;
    int32_t inputs;
    int32_t id; /* its place in graph->node: inputs always come before */
    mlrt_dtype dtype;
    mlrt_shape shape;
    const void *attr;
    uint64_t stream;                   /* of a random op */
    const char *path;                  /* of the layer that built it: "encoder.2.ffn", or "" */
    const char *where;                 /* "experiments/x.lua:14", or "" */
    const char *name;                  /* full name of a named node, or NULL */
    const mlrt_vocabulary *vocabulary; /* of a field */
};

/* A learned parameter or a kept buffer, shared by every graph of a model. */
typedef struct mlrt__param {
    const char *name; /* full path: "encoder.1.ffn.weight" */
    mlrt_shape shape;
    mlrt_init init;
    bool trained;
    int32_t group;  /* of the optimizer, set when the optimizer is chosen */
    int64_t offset; /* first element in the parameter buffer, set by mlrt__params_layout */
} mlrt__param;

typedef struct mlrt__params {
    mlrt__arena arena;
    mlrt__param **param;
    int32_t count, capacity;
    bool closed; /* laid out: an evaluation graph may find parameters but not add any */
} mlrt__params;

/* The next value of a kept buffer: written back after the step. */
typedef struct mlrt__update {
    int32_t param;
    mlrt_node *value;
} mlrt__update;

/* What a layer gave when it was first called, to be read by the layer's path after a run. */
typedef struct mlrt__tap {
    const char *path;
    mlrt_node *node;
} mlrt__tap;

/* The layer being built, inside the one around it. */
typedef struct mlrt__scope {
    struct mlrt__scope *outer;
    const char *path, *where;
} mlrt__scope;

struct mlrt_graph {
    mlrt__arena arena;
    mlrt_error error;
    bool training, asked; /* asked: what is built may not be what it would be for evaluation */
    bool bf16;            /* large products may round their operands to bf16 */
    size_t enough;        /* bytes of results that are no reason to compute norms twice, or a fourth of it embeddings */
    mlrt_node *failed;
    mlrt_node **node;
    int32_t nodes, capacity;
    int32_t *seen; /* hash table of node ids + 1, for merging equal nodes */
    int32_t seen_size;
    mlrt__params *params;
    mlrt__update *update;
    int32_t updates, update_capacity;
    mlrt__tap *tap;
    int32_t taps, tap_capacity;
    const char *path;   /* of the layer being built */
    const char *where;  /* of the layer being built */
    mlrt__scope *scope; /* to go back to */
    uint64_t streams;   /* given out so far */
};

mlrt_graph *mlrt__graph_new(mlrt__params *params, bool training);
void mlrt__graph_free(mlrt_graph *g);
/* What is built until mlrt__leave belongs to `name` inside the present path, or, when `absolute`, to the path `name`.
 * An empty `where` keeps the present one. */
void mlrt__enter(mlrt_graph *g, const char *name, bool absolute, const char *where);
void mlrt__leave(mlrt_graph *g);
/* Remember n as what the layer being built gives, if it is the first time. Returns n. */
mlrt_node *mlrt__offer(mlrt_graph *g, mlrt_node *n);
/* A field of the batch; bound to memory by name when the program is compiled. */
mlrt_node *mlrt__graph_input(mlrt_graph *g, const char *name, mlrt_dtype dtype, mlrt_shape shape,
                             const mlrt_vocabulary *v);
/* A parameter by its full name, found or created. */
mlrt_node *mlrt__parameter(mlrt_graph *g, const char *name, mlrt_shape shape, mlrt_init init, bool trained);
int32_t mlrt__params_find(const mlrt__params *p, const char *name); /* or -1 */
void mlrt__params_free(mlrt__params *p);

/* Sources have no kernel: the program gives them memory. */
extern const mlrt_op mlrt__op_input, mlrt__op_param, mlrt__op_constant;
typedef struct mlrt__input_attr {
    const char *name;
} mlrt__input_attr;
typedef struct mlrt__param_attr {
    int32_t index;
    int32_t pad;
} mlrt__param_attr;
typedef struct mlrt__constant_attr {
    const void *data;
} mlrt__constant_attr;

#endif
