/* ceiling.h - how fast this machine does a matrix product alone: what programs are measured against. */
#ifndef MLRT__CEILING_H
#define MLRT__CEILING_H

#include "kernels/matmul.h"

/* Products of p's sizes in `dtype` (f32 or bf16), done in the fastest ways that we know: by our own kernels, and by oneDNN
 * with operands as they lie, transposed, or in layouts of its own choice. Strides are ignored. *out is the caller's to
 * free, also after an error. */
typedef struct mlrt__yardstick mlrt__yardstick;
mlrt_status mlrt__yardstick_new(const mlrt__product *p, mlrt_dtype dtype, int32_t threads, mlrt__yardstick **out,
                                mlrt_error *err);
void mlrt__yardstick_free(mlrt__yardstick *y);
/* Seconds a product in the better of the two: the least when they were chosen, and of so many products now. */
double mlrt__yardstick_best(const mlrt__yardstick *y);
double mlrt__yardstick_seconds(mlrt__yardstick *y, int64_t runs);

#endif
