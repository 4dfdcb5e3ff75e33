/* program.h - a graph compiled for running: a flat list of kernel calls over one block of memory.
 *
 * Compiling drops what nobody reads, fuses what can be fused, computes constants once, gives every result its place in
 * one arena (results that are never alive together share memory) and lets every kernel prepare. Running allocates
 * nothing. A program owns its arena; parameters, and results that were asked for elsewhere, belong to the caller. The
 * graph must outlive the program.
 */
#ifndef MLRT__PROGRAM_H
#define MLRT__PROGRAM_H

#include "kernels/kernel.h"
#include <stdio.h>

typedef struct mlrt__program mlrt__program;

/* A node whose value is wanted after each run: `into` names the memory for it, NULL leaves it in the arena. */
typedef struct mlrt__want {
    mlrt_node *node;
    void *into;
} mlrt__want;

/* Where a program lives, when its arena is not for its own use alone. */
typedef struct mlrt__home {
    const mlrt__program
        *beside; /* never runs while this one does, and is freed later: its memory serves both; or NULL */
    const int64_t
        *at; /* of each want, a place of its own in the arena, in bytes from the first: the wanted values lie there
                        * from run to run, and what is between them stays zero; -1: anywhere. NULL: all anywhere */
} mlrt__home;

/* `params` is the buffer laid out by mlrt__params_layout (may be NULL for a graph without parameters). Fails with the
 * graph's own error when the graph has failed. */
mlrt_status mlrt__program_new(mlrt_graph *g, const mlrt__want *want, int32_t count, float *params, mlrt__program **out,
                              mlrt_error *err);
mlrt_status mlrt__program_new_at(mlrt_graph *g, const mlrt__want *want, int32_t count, float *params,
                                 const mlrt__home *home, mlrt__program **out, mlrt_error *err);
void mlrt__program_free(mlrt__program *p);

/* Where to put the field `name` before a run: .data is NULL when the program does not read it. */
mlrt_tensor mlrt__program_input(const mlrt__program *p, const char *name);
/* The number of the field `name`, or -1 when the program does not read it. */
int32_t mlrt__program_field(const mlrt__program *p, const char *name);
/* From the next run on, read a field where the caller has it, and leaves it until it is fed elsewhere; NULL: where
 * mlrt__program_input says. */
void mlrt__program_feed(mlrt__program *p, int32_t field, const void *data);
/* Where the i-th wanted value is after a run, until the next one of a program that shares the memory. */
mlrt_tensor mlrt__program_result(const mlrt__program *p, int32_t i);
/* The first byte of the arena, where wanted values with fixed places lie. */
void *mlrt__program_memory(const mlrt__program *p);
size_t mlrt__program_room(const mlrt__program *p); /* what it has for programs that live beside it, in bytes */

mlrt_status mlrt__program_run(mlrt__program *p, uint64_t seed, uint64_t step, mlrt_error *err);
/* Run once more with the same inputs and fail at the first result with a NaN or an infinity, naming it. */
mlrt_status mlrt__program_find_nonfinite(mlrt__program *p, uint64_t seed, uint64_t step, mlrt_error *err);

size_t mlrt__program_bytes(const mlrt__program *p); /* of its own: arena, fields and constants, scratch */
/* Of the results as planned, and of those that are alive together when most are: no plan can do with less. */
size_t mlrt__program_planned(const mlrt__program *p);
size_t mlrt__program_alive(const mlrt__program *p);
double mlrt__program_flops(const mlrt__program *p); /* of the kernels that count theirs */
/* The schedule: each call's op, layer, shape, bytes, FLOPs and, after `runs` timed runs, its time. */
void mlrt__program_explain(mlrt__program *p, int32_t runs, FILE *out);

/* What a call of the program is, and its seconds a run. */
typedef struct mlrt__cost {
    const mlrt_node *node;
    const char *op; /* of the kernel */
    double flops, seconds;
} mlrt__cost;

int32_t mlrt__program_calls(const mlrt__program *p);
/* Fill in one cost a call, the mean of `runs` timed runs. */
void mlrt__program_time(mlrt__program *p, int32_t runs, mlrt__cost *cost);

/* ---- the parameter buffer ---- */

/* Give every parameter its offset: trained ones first, ordered by group. No parameter can be added afterwards. */
void mlrt__params_layout(mlrt__params *params);
int64_t mlrt__params_trained(const mlrt__params *params); /* elements at the front of the buffer that are trained */
int64_t mlrt__params_size(const mlrt__params *params);    /* elements in all */
int64_t mlrt__params_count(const mlrt__params *params);   /* numbers that are learned, without padding */
/* Elements [*from, *to) of the buffer are those of a group. */
void mlrt__params_group(const mlrt__params *params, int32_t group, int64_t *from, int64_t *to);
/* Write the initial values: each depends on the seed and the parameter's name, not on its neighbours. */
mlrt_status mlrt__params_init(const mlrt__params *params, uint64_t seed, float *buffer, mlrt_error *err);

#endif
