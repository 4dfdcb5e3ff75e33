/* milestones.h - the first step after which a metric was good enough. */
#ifndef MLRT__MILESTONES_H
#define MLRT__MILESTONES_H

#include "train/checkpoint.h"
#include "train/evaluate.h"

/* After a step: evaluates the splits that a milestone still waits for, and notes the step of those that are reached. Ends
 * the run with the last one, if the recipe says so. */
mlrt_status mlrt__milestones_look(const mlrt__recipe *r, mlrt__evaluator *e, mlrt__progress *progress, mlrt_error *err);

#endif
