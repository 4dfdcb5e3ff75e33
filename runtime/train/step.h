/* step.h - the training step: from a batch to new parameters.
 *
 * It owns these, their gradients, the optimizer's slots, and the program of the loss and its gradients. */
#ifndef MLRT__TRAIN_STEP_H
#define MLRT__TRAIN_STEP_H

#include "train/batches.h"
#include "train/evaluate.h"

typedef struct mlrt__train_step {
    const mlrt__recipe *recipe;
    mlrt__optimizer optimizer;
    mlrt__params params;
    float *grad;                /* in the program's arena, until it runs again */
    float *buffer, *next_state; /* next_state: new values of kept buffers until the step is known to be good */
    mlrt_graph *graph;
    mlrt__program *program;
    int32_t field[MLRT_MAX_FIELDS]; /* the program's numbers of the task's fields */
    void *const *batch;             /* where the fields of the last batch are */
    const float *loss;
    mlrt__evaluation as_evaluation; /* a step that is one of the training split, too; else of size 0 */
    bool ahead;                     /* the program has run for the next step already */
    int64_t number;                 /* of the last step, from 1 */
    double grad_norm;
    double padding; /* share of rows that are left out */
} mlrt__train_step;

/* Build, compile, initialise. To be closed even when it fails. */
mlrt_status mlrt__train_step_open(mlrt__train_step *s, const mlrt__recipe *recipe, mlrt_error *err);
void mlrt__train_step_close(mlrt__train_step *s);

/* Step `number`: batch, program, norm of the gradient, optimizer, in which `phase` counts the seconds (or NULL). When a
 * value is not finite, it fails, and parameters, slots and kept buffers stay as they are. */
mlrt_status mlrt__train_step_run(mlrt__train_step *s, mlrt__batches *batches, int64_t number, double *phase,
                                 mlrt_error *err);
/* Only the next batch. */
void mlrt__train_step_take(mlrt__train_step *s, mlrt__batches *batches);
/* Close the batches; the last one stays with the program. */
void mlrt__train_step_leave(mlrt__train_step *s, mlrt__batches *batches);

/* Where a step is an evaluation of the training split, too: run the program for step `number`, the next one, and fill
 * e->measure with what the parameters predict. */
mlrt_status mlrt__train_step_look(mlrt__train_step *s, int64_t number, mlrt__evaluator *e, mlrt_error *err);

#endif
