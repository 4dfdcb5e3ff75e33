/* kernel.h - a kernel is a row: which op it runs, how it prepares, how it runs.
 *
 * The files of this folder that are listed under KERNEL_LEVELS in room.mk are compiled once for each CPU level
 * (x86-64-v2, v3 and v4, or once on other machines) with MLRT_LEVEL defined; everything in them is static but one table,
 * MLRT_KERNELS(family). mlrt__kernel_find gives the row of the best level that this machine runs; $MLRT_CPU=v2|v3|v4
 * asks for a lower one.
 *
 * run() allocates nothing, takes no lock and looks nothing up. It may use an OpenMP team when the work is worth one
 * (mlrt__worth_threads); results must not depend on the number of threads except through fixed chunks.
 */
#ifndef MLRT__KERNEL_H
#define MLRT__KERNEL_H

#include "base/float_mode.h"
#include "graph/ops.h"

typedef struct mlrt__kernel {
    const char *op;
    size_t (*scratch)(const mlrt_node *n, int32_t threads); /* bytes for all threads, or NULL */
    /* Once, when the program is compiled: c is complete but for step; create what run() needs in c->state. May be NULL. */
    mlrt_status (*prepare)(mlrt_call *c, mlrt_error *err);
    void (*run)(const mlrt_call *c);
    void (*resize)(mlrt_call *c);  /* tensors have fewer or more rows than before; NULL: run() reads their shapes */
    void (*release)(mlrt_call *c); /* frees c->state; may be NULL */
    double (*flops)(const mlrt_node *n); /* or NULL */
} mlrt__kernel;

const mlrt__kernel *mlrt__kernel_find(const char *op); /* NULL when there is none */
const char *mlrt__kernel_family(const char *op);       /* "elementwise": the file it is in; NULL when there is none */
const char *mlrt__kernel_level(void);                  /* "x86-64-v4" */

/* Levels by number, lowest first; the tests run every one up to mlrt__cpu_level(). */
int32_t mlrt__cpu_level(void);
const char *mlrt__level_name(int32_t level); /* NULL after the last */
const mlrt__kernel *mlrt__kernel_at(const char *op, int32_t level);

int32_t mlrt__threads(void);             /* in an OpenMP team */
void mlrt__set_threads(int32_t threads); /* 0: as many as the machine has; before anything is compiled */

/* Work below this many scalar operations, some tens of microseconds, stays on one thread: a team costs a few, and as much
 * again when the others have gone to sleep. */
enum { MLRT__TEAM_WORK = 131072 };
static inline bool mlrt__worth_threads(double work) { return work >= MLRT__TEAM_WORK && mlrt__threads() > 1; }
/* A thread of a team begins with the float mode of the one that opened it, and ends with that of a thread which is no
 * step's: other code will run on it. */
static inline void mlrt__team_end(int32_t thread) {
    if (thread > 0) mlrt__keep_denormals();
}
/* Does items 0 .. count-1, by a team when there is one for this much work. (OpenMP's own `if` makes a team of one, for
 * which libgomp allocates memory each time.) */
void mlrt__each(int64_t count, double work, void (*item)(void *context, int64_t i), void *context);

#define MLRT__PASTE_(a, b) mlrt__kernels_##a##b
#define MLRT__PASTE(a, b)  MLRT__PASTE_(a, b)
#ifdef MLRT_LEVEL /* _v2, _v3, _v4 or _base */
#    define MLRT_KERNELS(family) MLRT__PASTE(family, MLRT_LEVEL)
#else
#    define MLRT_KERNELS(family) mlrt__kernels_##family
#endif

#ifdef __x86_64__
#    define MLRT__LEVEL_PREFIX          "x86-64-"
#    define MLRT__KERNEL_LEVELS(X, arg) X(arg, v2) X(arg, v3) X(arg, v4)
#else
#    define MLRT__LEVEL_PREFIX          ""
#    define MLRT__KERNEL_LEVELS(X, arg) X(arg, base)
#endif

/* The families, each a table of rows ended by {0}: those compiled for each level, and those compiled once. */
#define MLRT__KERNEL_FAMILIES(X)                                                                                       \
    X(elementwise)                                                                                                     \
    X(reduce)                                                                                                          \
    X(shape)                                                                                                           \
    X(index)                                                                                                           \
    X(sort)                                                                                                            \
    X(random)                                                                                                          \
    X(small_matmul) X(norm) X(softmax) X(loss) X(attention) X(pool) X(rotate)
#define MLRT__SINGLE_FAMILIES(X) X(matmul) X(conv)

#endif
