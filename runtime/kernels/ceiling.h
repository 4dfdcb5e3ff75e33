/* ceiling.h - how fast this machine does a matrix product alone: what programs are measured against. */
#ifndef MLRT__CEILING_H
#define MLRT__CEILING_H

#include "kernels/matmul.h"

/* The best time of the products of p's sizes in `dtype` (f32 or bf16), over every way we know to do them: our own kernels,
 * and oneDNN with operands as they lie, transposed, or in layouts of its own choice. Strides are ignored. */
mlrt_status mlrt__product_seconds(const mlrt__product *p, mlrt_dtype dtype, int32_t threads, double *seconds,
                                  mlrt_error *err);

#endif
