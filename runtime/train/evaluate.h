/* evaluate.h - running a model over a split: its loss, its metrics, any of its nodes. */
#ifndef MLRT__EVALUATE_H
#define MLRT__EVALUATE_H

#include "train/train.h"

enum { MLRT__EVALUATION_SEED = 0, MLRT__SCORED = 66 }; /* SCORED: values that a program gives to be scored, at most */

/* Evaluation programs are compiled for a number of examples; the last, smaller batch of a split has its own. */
typedef struct mlrt__evaluation {
    int64_t size;
    mlrt_graph *graph;
    mlrt__program *program;
    mlrt_node *prediction;
    mlrt_tensor field[MLRT_MAX_FIELDS]; /* where the batch goes */
    void *spare[MLRT_MAX_FIELDS];       /* for fields that the program does not read but metrics do */
} mlrt__evaluation;

typedef struct mlrt__evaluator {
    const mlrt__recipe *recipe;
    mlrt__params *params;
    float *buffer;
    const mlrt__program *beside; /* the roomiest program: the others run in its memory */
    mlrt__evaluation *evaluation;
    int32_t evaluations, capacity;
    int64_t *index;
    mlrt__measure *measure;
    int32_t measures, measure_capacity;
} mlrt__evaluator;

/* Compiles what the splits of the recipe need. `beside` (or NULL) lends its memory and is freed later. */
mlrt_status mlrt__evaluator_open(mlrt__evaluator *e, const mlrt__recipe *recipe, mlrt__params *params, float *buffer,
                                 const mlrt__program *beside, mlrt_error *err);
void mlrt__evaluator_close(mlrt__evaluator *e);
/* Fills e->measure: the loss and each metric of each split, or of one. */
mlrt_status mlrt__evaluator_run(mlrt__evaluator *e, mlrt_error *err);
mlrt_status mlrt__evaluator_split(mlrt__evaluator *e, mlrt_split split, mlrt_error *err);
/* What a program must give, first of all, to be scored: fills in `want` and v's prediction and fields, and says how many.
 * v has its graph, and its fields no memory yet. */
int32_t mlrt__evaluation_wants(mlrt__evaluation *v, const mlrt__recipe *r, mlrt_node *loss, mlrt_node *const *field,
                               mlrt__want *want, mlrt_error *err);
/* Fills e->measure from what v's program gave, and its fields hold: a split in one batch. */
void mlrt__evaluator_score(mlrt__evaluator *e, const mlrt__evaluation *v, mlrt_split split);
double mlrt__evaluator_value(const mlrt__evaluator *e, const char *metric, mlrt_split split); /* NaN: not there */
/* The evaluation of so many examples, compiled when there is none yet. */
mlrt_status mlrt__evaluation_for(mlrt__evaluator *e, int64_t size, mlrt__evaluation **out, mlrt_error *err);
mlrt_status mlrt__evaluator_tap(mlrt__evaluator *e, const char *name, const mlrt__view *view, mlrt_tensor *out,
                                mlrt_error *err); /* tap.c */

/* The metrics of a task: its own, or those that its first target allows (metrics.c). */
const mlrt_metric *mlrt__metrics_of(const mlrt_task *task);
bool mlrt__metric_wanted(const mlrt__recipe *r, const char *name);
bool mlrt__better(const char *metric, double a, double b); /* Is `a` the better value? All are better than NaN. */
/* Fails when wanted metrics that are not the task's own cannot be made of such a prediction. */
mlrt_status mlrt__metrics_fit(const mlrt__recipe *r, const mlrt_node *prediction, mlrt_error *err);
const char *mlrt__split_name(mlrt_split split); /* "train", "valid", "test" */
/* One input node a field, for `count` examples. */
void mlrt__field_nodes(mlrt_graph *g, const mlrt_task *task, int64_t count, mlrt_node **field);

#endif
