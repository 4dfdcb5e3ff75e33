/* narrow.h - a kernel that reads or writes bf16 gives what it gives in f32, for numbers that bf16 holds. */
#ifndef MLRT_TESTS_NARROW_H
#define MLRT_TESTS_NARROW_H

#include "compare.h"
#include "kernels/vmath.h"

/* A new tensor: bf16, and back as f32. */
static inline mlrt_tensor narrowed(const mlrt_tensor *x) {
    mlrt_tensor y = tensor(MLRT_BF16, x->shape);
    for (int64_t i = 0; i < count_of(x); i++) ((uint16_t *)y.data)[i] = mlrt__to_bf16(((const float *)x->data)[i]);
    return y;
}

static inline mlrt_tensor widened(const mlrt_tensor *x) {
    mlrt_tensor y = tensor(MLRT_F32, x->shape);
    for (int64_t i = 0; i < count_of(x); i++) ((float *)y.data)[i] = mlrt__from_bf16(((const uint16_t *)x->data)[i]);
    return y;
}

/* The call with the inputs whose bits are set in bf16, and the result when `out` is: its largest deviation from f32,
 * rounded as the result is. Frees nothing of the call's. */
static inline double narrow_error(const call *f32, uint32_t inputs, bool out) {
    call a = *f32, b = *f32;
    a.out = tensor(MLRT_F32, f32->out.shape), b.out = tensor(out ? MLRT_BF16 : MLRT_F32, f32->out.shape);
    for (int32_t i = 0; i < f32->inputs; i++)
        if (inputs >> i & 1) b.in[i] = narrowed(&f32->in[i]), a.in[i] = widened(&b.in[i]);
    double most = run_call(&a) == MLRT_OK && run_call(&b) == MLRT_OK ? 0 : INFINITY;
    mlrt_tensor rounded = narrowed(&a.out), want = widened(&rounded), got = out ? widened(&b.out) : b.out;
    double *x = doubles(out ? &want : &a.out);
    most = fmax(most, worst(&got, x));
    for (int32_t i = 0; i < f32->inputs; i++)
        if (inputs >> i & 1) free(a.in[i].data), free(b.in[i].data);
    if (out) free(got.data);
    free(x), free(rounded.data), free(want.data), free(a.out.data), free(b.out.data);
    return most;
}

#endif
