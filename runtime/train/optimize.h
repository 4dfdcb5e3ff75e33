/* optimize.h - from gradients to new parameters: norm, clipping, the optimizer over its ranges. */
#ifndef MLRT__OPTIMIZE_H
#define MLRT__OPTIMIZE_H

#include "graph/node.h"

/* Parameters whose names match one of the patterns ("decoder.*") of a group are stepped by its optimizer; group 0 takes
 * the rest. All groups are of one class. */
typedef struct mlrt__group {
    const char *pattern; /* shell wildcards; NULL for group 0 */
    const mlrt_optimizer *optimizer;
    int64_t from, to; /* its elements of the parameter buffer, set by mlrt__optimizer_bind */
    float lr;         /* the optimizer's property */
} mlrt__group;

typedef struct mlrt__optimizer {
    mlrt__group *group;
    int32_t groups;
    const mlrt_schedule *schedule; /* NULL: constant */
    double clip;                   /* largest norm of the whole gradient; 0: none */
    int64_t total;                 /* steps the schedule is stretched over */
    /* Set by mlrt__optimizer_bind. */
    int32_t slots;
    int64_t size; /* trained elements */
    float *slot[MLRT_MAX_SLOTS];
} mlrt__optimizer;

/* Say which parameter belongs to which group; before mlrt__params_layout. Fails for a pattern that matches nothing. */
mlrt_status mlrt__optimizer_assign(const mlrt__optimizer *o, mlrt__params *params, mlrt_error *err);
/* Allocate the slots; after mlrt__params_layout. */
mlrt_status mlrt__optimizer_bind(mlrt__optimizer *o, const mlrt__params *params, mlrt_error *err);
void mlrt__optimizer_free(mlrt__optimizer *o); /* the slots */

double mlrt__schedule_factor(const mlrt__optimizer *o, int64_t t);
/* The L2 norm of the whole gradient, the same for any number of threads; not finite when an element is not. */
double mlrt__gradient_norm(const float *grad, int64_t count);
/* Step t = 1, 2, ... with a gradient of that norm; `grad` is scaled down when it is clipped. */
void mlrt__optimizer_step(const mlrt__optimizer *o, float *params, float *grad, double norm, int64_t t);

#endif
