/* compile.h - what the stages of the compiler hand to each other. */
#ifndef MLRT__COMPILE_H
#define MLRT__COMPILE_H

#include "program/program.h"

/* A result on its way into the program. The stages fill it in from the top. */
typedef struct mlrt__item {
    mlrt_node *node; /* rewritten: its inputs are nodes of items, numbered by their ids */
    bool constant;   /* depends on nothing that changes between runs */
    int32_t root;    /* the item whose memory it lives in: itself, or what it is a view or an overwriting of */
    int64_t offset;  /* of a view, in elements from the root's first */
    int32_t last;    /* of a root: the last item that reads its memory */
    void *data;      /* where it is */
} mlrt__item;

typedef struct mlrt__compiler {
    mlrt_graph *graph;
    mlrt__arena *arena;
    const mlrt__want *want;
    int32_t wants;
    int32_t *wanted; /* item of each want */
    mlrt__item *item;
    int32_t items;
} mlrt__compiler;

/* rewrite.c: keep what is wanted, fuse elementwise chains and bias and activation into products, mark constants. */
void mlrt__rewrite(mlrt__compiler *c);
/* order.c: when each item runs. Items know by now which of them have memory elsewhere. */
void mlrt__order(mlrt__compiler *c);

/* plan.c: places in the arena for the items that have no data yet. */
typedef struct mlrt__layout {
    size_t bytes; /* of the arena */
    size_t alive; /* the most that is alive at one moment: no plan of this order can do with less */
    size_t *place;
} mlrt__layout;
mlrt__layout mlrt__plan(mlrt__compiler *c);

static inline size_t mlrt__item_bytes(const mlrt__item *i) {
    return (size_t)mlrt_shape_count(&i->node->shape) * mlrt_dtype_size(i->node->dtype);
}

/* Inputs, parameters and constants of the script: memory without a kernel. */
static inline bool mlrt__is_source(const mlrt_node *n) {
    return n->op == &mlrt__op_input || n->op == &mlrt__op_param || n->op == &mlrt__op_constant;
}

#endif
