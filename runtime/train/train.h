/* train.h - training a model on a task: the loop, its evaluations, its checkpoints.
 *
 * A trainer owns the parameters, the optimizer's state and the compiled programs. It knows nothing of Lua or of the run
 * store: it is told how to build the model by callbacks and reports what happens to an observer. Everything that decides
 * a step (parameters, slots, data order, random numbers) follows from the checkpoint and the step's number, so a run that
 * is killed and resumed gives the same bits as one that was not.
 */
#ifndef MLRT__TRAIN_H
#define MLRT__TRAIN_H

#include "program/program.h"
#include "train/optimize.h"

/* How to build the model. The callbacks build into the graph they are given, from one node a field; failures are the
 * graph's. */
typedef struct mlrt__model {
    void *context;
    mlrt_node *(*loss)(void *context, mlrt_graph *g, mlrt_node *const *field);
    mlrt_node *(*predict)(void *context, mlrt_graph *g, mlrt_node *const *field); /* without looking at targets */
    /* Metrics besides the task's: their names, NULL-terminated, or NULL; and one of them as a number of the batch. */
    const char *const *measured;
    mlrt_node *(*measure)(void *context, mlrt_graph *g, mlrt_node *const *field, int32_t i);
} mlrt__model;

/* A value of a metric, and the wish to know the first step after which it was reached. */
enum { MLRT__MILESTONES = 8 };
typedef struct mlrt__milestone {
    const char *metric;
    mlrt_split split;
    double at;
} mlrt__milestone;

typedef struct mlrt__recipe {
    const char *experiment; /* name */
    const char *parameters; /* resolved parameters of the experiment, as JSON */
    mlrt_task *task;        /* open */
    mlrt__model model;
    mlrt__optimizer optimizer;
    uint64_t seed;
    bool keep_padding;   /* compute what the loss does not depend on, too */
    bool bf16;           /* large products round their operands to bf16, where the CPU multiplies that */
    int64_t batch;       /* examples a step; the size of the training split at most */
    int64_t steps;       /* in all */
    int64_t epoch_steps; /* steps an epoch */
    int64_t evaluate;    /* steps between evaluations */
    int64_t eval_batch;
    int64_t eval_size[MLRT_SPLITS];   /* examples of each split that are evaluated; 0: none */
    const char *const *metrics;       /* names to compute; NULL-terminated */
    const char *monitor;              /* the metric of the test split that says which checkpoint is best */
    const char *stop_metric;          /* stop when it reaches stop_at (falls to it, for a loss) ... */
    double stop_at;                   /* NaN: never */
    int64_t patience;                 /* ... or after this many evaluations without a better monitor; 0: never */
    const mlrt__milestone *milestone; /* looked at after each step until they are reached */
    int32_t milestones;               /* at most MLRT__MILESTONES */
    bool stop_at_milestones;          /* stop when all are reached */
    const char *folder;               /* for checkpoints; NULL: none */
    double checkpoint_seconds;        /* between checkpoints; after an evaluation, one comes within a second */
} mlrt__recipe;

typedef struct mlrt__measure {
    const char *name;
    mlrt_split split;
    double value;
} mlrt__measure;

typedef struct mlrt__report {
    int64_t step, steps, epoch, epochs, epoch_step, epoch_steps;
    double loss;                  /* mean since the epoch began */
    double grad_norm;             /* of the last step */
    double lr;                    /* factor of the schedule times group 0's */
    double rate;                  /* training examples a second, since the last evaluation */
    double seconds;               /* of training, in this process */
    double remaining;             /* estimate, or NaN */
    const mlrt__measure *measure; /* of an evaluation */
    int32_t measures;
    bool best; /* the monitor was never better */
} mlrt__report;

typedef struct mlrt__observer {
    void *context;
    void (*progress)(void *context, const mlrt__report *r); /* some times a second */
    mlrt_status (*evaluated)(void *context, const mlrt__report *r, mlrt_error *err);
    /* A checkpoint is due, if there are any: what was reported is to be kept. */
    mlrt_status (*saving)(void *context, mlrt_error *err);
    mlrt_status (*saved)(void *context, const char *path, const char *kind, mlrt_error *err); /* "last" or "best" */
} mlrt__observer;

typedef struct mlrt__trainer mlrt__trainer;

/* Build, compile, initialise: everything that can fail before the first step. The recipe and what it points to must
 * outlive the trainer. */
mlrt_status mlrt__trainer_new(const mlrt__recipe *recipe, mlrt__trainer **out, mlrt_error *err);
void mlrt__trainer_free(mlrt__trainer *t);
/* Continue from a checkpoint; fails when it is of another experiment, of other parameters or damaged. */
mlrt_status mlrt__trainer_resume(mlrt__trainer *t, const char *path, mlrt_error *err);
/* Only the parameters, by name, of a checkpoint. */
mlrt_status mlrt__trainer_load(mlrt__trainer *t, const char *path, mlrt_error *err);
/* Train to the end. MLRT_STOPPED: a signal came, a checkpoint was written. MLRT_NUMERIC: a value was not finite; the
 * message says at which step and in which node it first was. */
mlrt_status mlrt__trainer_run(mlrt__trainer *t, const mlrt__observer *observer, mlrt_error *err);

/* ---- measuring ---- */

enum { MLRT__PHASES = 4 };
const char *mlrt__phase_name(int32_t phase); /* "batch", "program", "gradient norm", "optimizer" */

typedef struct mlrt__timing {
    int64_t steps;              /* of a window */
    int32_t windows;            /* how many */
    double *window;             /* result: seconds a step of each window */
    double *loss;               /* result, may be NULL: mean loss of each window */
    double phase[MLRT__PHASES]; /* result, zero before: seconds a step of each phase */
} mlrt__timing;

/* Train on, with nothing between the steps: no reports, evaluations or checkpoints. */
mlrt_status mlrt__trainer_time(mlrt__trainer *t, mlrt__timing *timing, mlrt_error *err);

/* Give the program of the step the next batch, as the step itself would, to run it alone. */
mlrt_status mlrt__trainer_take_batch(mlrt__trainer *t, mlrt_error *err);

mlrt_status mlrt__trainer_save(mlrt__trainer *t, const char *path, mlrt_error *err);

const mlrt__params *mlrt__trainer_params(const mlrt__trainer *t);
const mlrt__recipe *mlrt__trainer_recipe(const mlrt__trainer *t);
float *mlrt__trainer_buffer(const mlrt__trainer *t);          /* of the parameters, by their offsets */
mlrt__program *mlrt__trainer_program(const mlrt__trainer *t); /* of the training step */
int64_t mlrt__trainer_step(const mlrt__trainer *t);
int64_t mlrt__trainer_milestone(const mlrt__trainer *t, int32_t i); /* the step that reached it; 0: none yet */
double mlrt__trainer_padding(const mlrt__trainer *t); /* share of rows that steps leave out, of a sample */
size_t mlrt__trainer_bytes(const mlrt__trainer *t);   /* parameters, gradients, slots and programs */

/* Which examples to look at. Another task than the recipe's has its inputs, of the same shapes, and more or other targets:
 * those of the recipe's that it lacks are zeros. */
typedef struct mlrt__view {
    const mlrt_task *task; /* open; NULL: the recipe's */
    mlrt_split split;
    int64_t first, count;
} mlrt__view;

/* The value of a named node ("encoder.1.attention.weights"), of a field of the task or of the prediction (name NULL) for
 * some examples, as one tensor that the caller frees with mlrt__free_large(out->data). */
mlrt_status mlrt__trainer_tap(mlrt__trainer *t, const char *name, const mlrt__view *view, mlrt_tensor *out,
                              mlrt_error *err);
/* Values of the metrics on every split that is evaluated; *measure is valid until the next evaluation. */
mlrt_status mlrt__trainer_evaluate(mlrt__trainer *t, const mlrt__measure **measure, int32_t *count, mlrt_error *err);

#endif
