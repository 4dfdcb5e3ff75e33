/* split.c - which examples are trained on, which are tested. */
#include "split.h"
#include <stdlib.h>

mlrt_status split_new(mlrt_task *self, int64_t **order, int64_t count, double share, int32_t most, int32_t seed,
                      mlrt_error *err) {
    int64_t train = (int64_t)(share * (double)count + 0.5), test = share == 0 ? (count + 4) / 5 : count - train;
    if (test > most) test = most;
    if (share == 0) train = count - test;
    if (train + test > count) test = count - train;
    if (train < 1 || test < 1)
        return mlrt_fail(err, MLRT_RANGE, "%lld words leave none for %s", (long long)count,
                         train < 1 ? "training" : "testing");
    if (!(*order = malloc(sizeof **order * (size_t)count))) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    for (int64_t i = 0; i < count; i++) (*order)[i] = i;
    mlrt_random_shuffle((uint64_t)seed, mlrt_stream("amplitudes.split"), *order, count);
    self->size[MLRT_TRAIN] = train, self->size[MLRT_TEST] = test;
    return MLRT_OK;
}

int64_t split_at(const mlrt_task *self, const int64_t *order, mlrt_split split, int64_t index) {
    return order[index + (split == MLRT_TEST ? self->size[MLRT_TRAIN] : 0)];
}
