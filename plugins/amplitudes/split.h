/* split.h - examples in a random order, of which the first are trained on and the next are tested. */
#ifndef AMPLITUDES_SPLIT_H
#define AMPLITUDES_SPLIT_H

#include <mlrt/plugin.h>

/* Fills self->size and *order, which the caller frees. `train` is a share of all, 0 for what is not tested; `test` is a
 * number, at most a fifth of all, or, beside a share, what that leaves. */
mlrt_status split_new(mlrt_task *self, int64_t **order, int64_t count, double train, int32_t test, int32_t seed,
                      mlrt_error *err);
/* Which example of all is this one of a split. */
int64_t split_at(const mlrt_task *self, const int64_t *order, mlrt_split split, int64_t index);

#endif
