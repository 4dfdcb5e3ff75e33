/* compile.h - what the stages of the compiler hand to each other. */
#ifndef MLRT__COMPILE_H
#define MLRT__COMPILE_H

#include "program/program.h"

/* A result on its way into the program. The stages fill it in from the top. */
typedef struct mlrt__item {
    mlrt_node *node;       /* rewritten: its inputs are nodes of items, numbered by their ids */
    bool constant;         /* depends on nothing that changes between runs */
    int32_t root;          /* the item whose memory it lives in: itself, or what it is a view or an overwriting of */
    int64_t offset;        /* of a view, in elements from the root's first */
    int32_t last;          /* of a root: the last item that reads its memory */
    int64_t at;            /* its fixed place in the arena, in bytes; -1: it has none */
    const mlrt_node *rows; /* the "rows_kept" whose rows it has; NULL: all that its shape says */
    void *data;            /* where it is */
} mlrt__item;

typedef struct mlrt__compiler {
    mlrt_graph *graph;
    mlrt__arena *arena;
    const mlrt__want *want;
    int32_t wants;
    const mlrt__home *home;
    int32_t *wanted; /* item of each want */
    mlrt__item *item;
    int32_t items;
} mlrt__compiler;

/* rewrite.c: keep what is wanted, fuse elementwise chains and bias and activation into products, mark constants. */
void mlrt__rewrite(mlrt__compiler *c);
/* recompute.c: norms that are computed again where their results would only take up memory. */
void mlrt__recompute(mlrt__compiler *c);
/* narrow.c: what feeds products of bf16 numbers is bf16 in memory. */
void mlrt__narrow(mlrt__compiler *c);
/* ragged.c: which items have fewer rows than room, in batches without padding. */
mlrt_status mlrt__ragged(mlrt__compiler *c, mlrt_error *err);
/* order.c: when each item runs. Items know by now which of them have memory elsewhere. */
void mlrt__order(mlrt__compiler *c);

/* plan.c: places in the arena for the items that have no data yet, and beside it for those that last from run to run. */
typedef struct mlrt__layout {
    size_t bytes, lasting; /* of the arena, and beside it */
    size_t fixed;          /* of the arena's front, up to the end of the last fixed place */
    size_t alive;          /* the most that is alive at one moment: no plan of this order can do with less */
    size_t *place;
} mlrt__layout;
mlrt__layout mlrt__plan(mlrt__compiler *c);
/* Whose memory each item lives in, and who reads it last, before any item writes over another. */
void mlrt__lifetimes(mlrt__compiler *c);

/* Constants are computed before the first run, the caller may leave inputs as they are for the next, and how many rows
 * there are is looked up until the end. */
static inline bool mlrt__is_lasting(const mlrt__item *i) {
    return i->constant || i->node->op == &mlrt__op_input || i->node->op == &mlrt__op_row_starts;
}
/* Where the k-th want is to lie in the arena, or -1. */
static inline int64_t mlrt__want_at(const mlrt__compiler *c, int32_t k) {
    return c->home && c->home->at ? c->home->at[k] : -1;
}

/* A product that begins with its last input. */
static inline bool mlrt__has_residual(const mlrt_node *n) {
    return n->op == &mlrt__op_matmul && ((const mlrt__matmul_attr *)n->attr)->residual;
}

/* Put a node at the end of the items. */
static inline mlrt_node *mlrt__add_item(mlrt__compiler *c, mlrt_node *n, bool constant) {
    c->item[c->items] = (mlrt__item){.node = n, .constant = constant, .root = c->items, .at = -1};
    n->id = c->items++;
    return n;
}

static inline size_t mlrt__item_bytes(const mlrt__item *i) {
    return (size_t)mlrt_shape_count(&i->node->shape) * mlrt_dtype_size(i->node->dtype);
}

/* Inputs, parameters and constants of the script: memory without a kernel. */
static inline bool mlrt__is_source(const mlrt_node *n) {
    return n->op == &mlrt__op_input || n->op == &mlrt__op_param || n->op == &mlrt__op_constant;
}

#endif
