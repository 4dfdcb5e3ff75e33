/* golden.h - reading what make_golden.py wrote: PyTorch's values for each case. */
#ifndef MLRT_TESTS_GOLDEN_H
#define MLRT_TESTS_GOLDEN_H

#include "tensor/safetensors.h"
#include <mlrt/plugin.h>

/* The seq2seq whose first ten steps are in transformer.safetensors. */
extern const mlrt_case golden_transformer;

enum { GOLDEN_TOTAL = 100 }; /* steps of a schedule's case */

/* The file of a kind, "layer"; the program ends when it cannot be read. */
void golden_open(mlrt__safetensors *file, const char *kind);
/* What a case was when the file was made, "props | inputs | torch", for comparison; returns `buffer`. */
const char *golden_text(const mlrt_case *c, char *buffer, size_t size);
/* Tensor "<name>/<key>", or NULL data when there is none. */
mlrt_tensor golden_tensor(mlrt__safetensors *file, const char *name, const char *key);
/* The largest magnitude of any element. */
double golden_largest(const float *x, int64_t count);
/* The largest difference relative to the largest element wanted, or to `least` where all are smaller: a gradient that is
 * zero but for rounding. Infinite when a number is not finite. */
double golden_error(const float *got, const float *want, int64_t count, double least);

#endif
