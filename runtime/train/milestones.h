/* milestones.h - the first step after which a metric was good enough. */
#ifndef MLRT__MILESTONES_H
#define MLRT__MILESTONES_H

#include "train/checkpoint.h"
#include "train/evaluate.h"

/* How to look at a split: fills e->measure for the parameters as they are. */
typedef mlrt_status mlrt__looking(void *context, mlrt_split split, mlrt_error *err);

/* After a step: looks at the splits that a milestone still waits for, the training split last, and notes the step of
 * those that are reached. Ends the run with the last one, if the recipe says so. */
mlrt_status mlrt__milestones_look(const mlrt__recipe *r, const mlrt__evaluator *e, mlrt__progress *progress,
                                  mlrt__looking *at_split, void *context, mlrt_error *err);
/* Does a milestone need the training split? */
bool mlrt__milestones_train(const mlrt__recipe *r);

#endif
