/* sgd.c - stochastic gradient descent with momentum.
 *
 *   d = g + weight_decay p,   m <- momentum m + d,   p <- p - lr m;   nesterov: p <- p - lr (d + momentum m)
 *
 * Sutskever et al., ICML 2013, Eqs. 1-4, in PyTorch's form.
 */
#include "core.h"

typedef struct sgd {
    float lr, momentum, weight_decay;
    bool nesterov;
} sgd;

static const mlrt_prop sgd_props[] = {
    MLRT_PROP_F32(sgd, lr, .init = 1e-2, .range = "[0, inf)", .doc = "learning rate, before the schedule"),
    MLRT_PROP_F32(sgd, momentum, .init = 0, .range = "[0, 1)", .doc = "how much of the last update is kept"),
    MLRT_PROP_BOOL(sgd, nesterov, .init = false, .doc = "look ahead along the momentum"),
    MLRT_PROP_F32(sgd, weight_decay, .init = 0, .range = "[0, inf)",
                  .doc = "L2: adds this times the parameter to the gradient"),
    {0}};

/* The step is of_d d + of_m m: m alone, or d + momentum m for nesterov. */
MLRT_VECTORISED static void descend(size_t n, float *restrict p, const float *restrict g, float *restrict m, float lr,
                                    float momentum, float weight_decay, bool nesterov) {
    const float of_d = nesterov ? 1 : 0, of_m = nesterov ? momentum : 1;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float d = g[i] + weight_decay * p[i];
        m[i] = momentum * m[i] + d;
        p[i] -= lr * (of_d * d + of_m * m[i]);
    }
}

static void sgd_step(const mlrt_optimizer *self, const mlrt_range *r) {
    const sgd *o = mlrt_props(self);
    descend(r->count, r->param, r->grad, r->slot[0], r->lr, o->momentum, o->weight_decay, o->nesterov);
}

static const mlrt_case sgd_cases[] = {{"lr = 0.1", NULL, "torch.optim.SGD(params, lr=0.1)", false},
                                      {"lr = 0.1, momentum = 0.9, weight_decay = 0.05", NULL,
                                       "torch.optim.SGD(params, lr=0.1, momentum=0.9, weight_decay=0.05)", false},
                                      {"lr = 0.1, momentum = 0.9, nesterov = true", NULL,
                                       "torch.optim.SGD(params, lr=0.1, momentum=0.9, nesterov=True)", false},
                                      {0}};

MLRT_OPTIMIZER(sgd, .summary = "gradient descent with momentum", .source = "Sutskever et al., ICML 2013, Eqs. 1-4",
               .props = sgd_props, .positional = "lr", .cases = sgd_cases, .slots = 1, .step = sgd_step);
