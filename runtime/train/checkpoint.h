/* checkpoint.h - all that decides how a run goes on, in one safetensors file.
 *
 * Tensors "param/NAME" and, for trained ones, "slot0/NAME" ...; texts for the step, the seed, the running sums of the
 * epoch and what the run is. Parameters are stored by name, so a file can be read by anything that reads safetensors. */
#ifndef MLRT__CHECKPOINT_H
#define MLRT__CHECKPOINT_H

#include "train/train.h"

/* What goes on besides tensors. Doubles are stored as hexadecimal floats: exact. */
typedef struct mlrt__progress {
    int64_t step;    /* steps done */
    double loss_sum; /* since the epoch began */
    double best;     /* of the monitor; NaN before the first evaluation */
    int64_t stale;   /* evaluations since then */
    int64_t ended;   /* 1 once a rule to stop early has come true */
    double seconds;  /* of training, over all processes */
    int64_t milestone[MLRT__MILESTONES];
} mlrt__progress;

mlrt_status mlrt__checkpoint_write(const char *path, const mlrt__recipe *r, const mlrt__params *params,
                                   const float *buffer, const mlrt__progress *progress, mlrt_error *err);
/* With `progress`: everything, and it must be of this experiment, seed and parameters. Without: the parameters alone. */
mlrt_status mlrt__checkpoint_read(const char *path, const mlrt__recipe *r, const mlrt__params *params, float *buffer,
                                  mlrt__progress *progress, mlrt_error *err);

#endif
