/* best.h - a copy of the best parameters, for the time until they are in a file.
 *
 * Where evaluations follow each other quickly, not every one that is the best so far is worth a file: the copy is taken,
 * and written when the next checkpoint is. */
#ifndef MLRT__BEST_H
#define MLRT__BEST_H

#include "train/checkpoint.h"

typedef struct mlrt__best {
    bool waits;  /* the copy is newer than the file */
    float *copy; /* parameters, then slot after slot; made when first needed */
    mlrt__progress progress;
} mlrt__best;

mlrt_status mlrt__best_hold(mlrt__best *b, const mlrt__optimizer *o, const mlrt__params *params, const float *buffer,
                            const mlrt__progress *progress, mlrt_error *err);
/* The same file that mlrt__checkpoint_write would have written then; `waits` is the caller's to clear. */
mlrt_status mlrt__best_write(const mlrt__best *b, const char *path, const mlrt__recipe *r, const mlrt__params *params,
                             mlrt_error *err);
void mlrt__best_free(mlrt__best *b);

#endif
