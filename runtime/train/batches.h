/* batches.h - the stream of training batches, fetched ahead by a thread.
 *
 * Batch number b holds examples b * size .. (b + 1) * size - 1 of an endless sequence: pass after pass over the training
 * split, each pass in an order of its own that depends on the seed and the pass alone. So resuming needs only b.
 */
#ifndef MLRT__BATCHES_H
#define MLRT__BATCHES_H

#include <mlrt/plugin.h>

typedef struct mlrt__batches mlrt__batches;

/* Start at batch `first`. A batch of the whole split is fetched once, in order, and stays as it is. */
mlrt_status mlrt__batches_open(const mlrt_task *task, int64_t size, uint64_t seed, int64_t first, mlrt__batches **out,
                               mlrt_error *err);
/* The next batch: one buffer a field, valid until the next call. *same is true when it is the batch of the last call. */
void *const *mlrt__batches_next(mlrt__batches *b, bool *same);
void mlrt__batches_close(mlrt__batches *b);

/* Bytes of a field's part of a batch of `count`. */
size_t mlrt__field_bytes(const mlrt_field *field, int64_t count);

#endif
