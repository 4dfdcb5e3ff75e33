/* rmsprop.c - each gradient divided by its running root mean square.
 *
 *   g is the gradient + weight_decay p,   v <- alpha v + (1 - alpha) g^2
 *   m <- momentum m + g / (sqrt(v) + eps),   p <- p - lr m
 *
 * Tieleman and Hinton, Coursera lecture 6.5 (2012), in PyTorch's form.
 */
#include "core.h"
#include <math.h>

typedef struct rmsprop {
    float lr, alpha, momentum, eps, weight_decay;
} rmsprop;

static const mlrt_prop rmsprop_props[] = {
    MLRT_PROP_F32(rmsprop, lr, .init = 1e-2, .range = "[0, inf)", .doc = "learning rate, before the schedule"),
    MLRT_PROP_F32(rmsprop, alpha, .init = 0.99, .range = "[0, 1)", .doc = "decay of the squared-gradient average"),
    MLRT_PROP_F32(rmsprop, momentum, .init = 0, .range = "[0, 1)", .doc = "how much of the last update is kept"),
    MLRT_PROP_F32(rmsprop, eps, .init = 1e-8, .range = "(0, inf)", .doc = "added to the root"),
    MLRT_PROP_F32(rmsprop, weight_decay, .init = 0, .range = "[0, inf)",
                  .doc = "L2: adds this times the parameter to the gradient"),
    {0}};

MLRT_VECTORISED static void move(size_t n, float *restrict p, const float *restrict gradient, float *restrict v,
                                 float *restrict m, float lr, rmsprop o) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float g = gradient[i] + o.weight_decay * p[i];
        v[i] = o.alpha * v[i] + (1 - o.alpha) * g * g;
        m[i] = o.momentum * m[i] + g * core_reciprocal(sqrtf(v[i]) + o.eps);
        p[i] -= lr * m[i];
    }
}

static void rmsprop_step(const mlrt_optimizer *self, const mlrt_range *r) {
    const rmsprop *o = mlrt_props(self);
    move(r->count, r->param, r->grad, r->slot[0], r->slot[1], r->lr, *o);
}

static const mlrt_case rmsprop_cases[] = {
    {"lr = 0.01", NULL, "torch.optim.RMSprop(params, lr=0.01)", false},
    {"lr = 0.01, alpha = 0.9, momentum = 0.5, eps = 1e-3, weight_decay = 0.1", NULL,
     "torch.optim.RMSprop(params, lr=0.01, alpha=0.9, momentum=0.5, eps=1e-3, weight_decay=0.1)", false},
    {0}};

MLRT_OPTIMIZER(rmsprop, .summary = "gradients divided by their running root mean square",
               .source = "Tieleman and Hinton, Coursera lecture 6.5 (2012)", .props = rmsprop_props, .positional = "lr",
               .cases = rmsprop_cases, .slots = 2, .step = rmsprop_step);
