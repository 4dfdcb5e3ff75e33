/* best.c - a copy of the best parameters, for the time until they are in a file. */
#include "train/best.h"
#include <inttypes.h>
#include <string.h>

/* Where slot s begins in the copy. */
static float *slot_of(const mlrt__best *b, const mlrt__params *params, int64_t size, int32_t s) {
    return b->copy + mlrt__params_size(params) + s * size;
}

mlrt_status mlrt__best_hold(mlrt__best *b, const mlrt__optimizer *o, const mlrt__params *params, const float *buffer,
                            const mlrt__progress *progress, mlrt_error *err) {
    const int64_t count = mlrt__params_size(params) + o->slots * o->size;
    if (!b->copy) b->copy = mlrt__alloc_large(sizeof(float) * (size_t)count);
    if (!b->copy)
        return mlrt_fail(err, MLRT_MEMORY, "out of memory for a copy of %" PRId64 " parameters",
                         mlrt__params_count(params));
    memcpy(b->copy, buffer, sizeof(float) * (size_t)mlrt__params_size(params));
    for (int32_t s = 0; s < o->slots; s++)
        memcpy(slot_of(b, params, o->size, s), o->slot[s], sizeof(float) * (size_t)o->size);
    b->progress = *progress;
    b->waits = true;
    return MLRT_OK;
}

mlrt_status mlrt__best_write(const mlrt__best *b, const char *path, const mlrt__recipe *r, const mlrt__params *params,
                             mlrt_error *err) {
    mlrt__recipe then = *r;
    for (int32_t s = 0; s < r->optimizer.slots; s++) then.optimizer.slot[s] = slot_of(b, params, r->optimizer.size, s);
    return mlrt__checkpoint_write(path, &then, params, b->copy, &b->progress, err);
}

void mlrt__best_free(mlrt__best *b) {
    mlrt__free_large(b->copy);
    *b = (mlrt__best){0};
}
