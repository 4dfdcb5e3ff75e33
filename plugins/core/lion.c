/* lion.c - steps of one size along the sign of a momentum.
 *
 *   c = beta1 m + (1 - beta1) g,   p <- (1 - lr weight_decay) p - lr sign(c),   m <- beta2 m + (1 - beta2) g
 *
 * Chen et al., arXiv:2302.06675, Algorithm 2.
 */
#include "core.h"

typedef struct lion {
    float lr, beta1, beta2, weight_decay;
} lion;

static const mlrt_prop lion_props[] = {
    MLRT_PROP_F32(lion, lr, .init = 1e-4, .range = "[0, inf)", .doc = "learning rate, before the schedule"),
    MLRT_PROP_F32(lion, beta1, .init = 0.9, .range = "[0, 1)", .doc = "weight of the momentum in the step"),
    MLRT_PROP_F32(lion, beta2, .init = 0.99, .range = "[0, 1)", .doc = "decay of the momentum"),
    MLRT_PROP_F32(lion, weight_decay, .init = 0, .range = "[0, inf)",
                  .doc = "decoupled: multiplies the parameter, not the gradient"),
    {0}};

MLRT_VECTORISED static void move(size_t n, float *restrict p, const float *restrict g, float *restrict m, float lr,
                                 lion o) {
    const float keep = 1 - lr * o.weight_decay;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float c = o.beta1 * m[i] + (1 - o.beta1) * g[i];
        const float sign = c > 0 ? 1 : c < 0 ? -1 : c; /* c itself is zero or not a number */
        p[i] = keep * p[i] - lr * sign;
        m[i] = o.beta2 * m[i] + (1 - o.beta2) * g[i];
    }
}

static void lion_step(const mlrt_optimizer *self, const mlrt_range *r) {
    const lion *o = mlrt_props(self);
    move(r->count, r->param, r->grad, r->slot[0], r->lr, *o);
}

static const mlrt_case lion_cases[] = {{"lr = 0.01", NULL, "Lion(params, lr=0.01)", false},
                                       {"lr = 0.01, beta1 = 0.8, beta2 = 0.95, weight_decay = 0.5", NULL,
                                        "Lion(params, lr=0.01, betas=(0.8, 0.95), weight_decay=0.5)", false},
                                       {0}};

MLRT_OPTIMIZER(lion, .summary = "steps of one size along the sign of a momentum",
               .source = "arXiv:2302.06675, Algorithm 2", .props = lion_props, .positional = "lr", .cases = lion_cases,
               .slots = 1, .step = lion_step);
