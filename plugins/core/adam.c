/* adam.c - adaptive moments, with weight decay in the gradient (adam) or of the parameter itself (adamw).
 *
 *   m <- beta1 m + (1 - beta1) g,   v <- beta2 v + (1 - beta2) g^2
 *   p <- p - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
 *
 *   adam:   g is the gradient + weight_decay p     Kingma and Ba, arXiv:1412.6980, Algorithm 1
 *   adamw:  p <- (1 - lr weight_decay) p first     Loshchilov and Hutter, arXiv:1711.05101, Algorithm 2
 */
#include "core.h"
#include <math.h>

typedef struct adam {
    float lr, beta1, beta2, eps, weight_decay;
} adam;

#define PROPS(decay, decay_doc)                                                                                        \
    MLRT_PROP_F32(adam, lr, .init = 1e-3, .range = "[0, inf)", .doc = "learning rate, before the schedule"),           \
        MLRT_PROP_F32(adam, beta1, .init = 0.9, .range = "[0, 1)", .doc = "decay of the gradient average"),            \
        MLRT_PROP_F32(adam, beta2, .init = 0.999, .range = "[0, 1)", .doc = "decay of the squared-gradient average"),  \
        MLRT_PROP_F32(adam, eps, .init = 1e-8, .range = "(0, inf)", .doc = "added to the root"),                       \
        MLRT_PROP_F32(adam, weight_decay, .init = decay, .range = "[0, inf)", .doc = decay_doc), {                     \
        0                                                                                                              \
    }

static const mlrt_prop adam_props[] = {PROPS(0, "L2: adds this times the parameter to the gradient")};
static const mlrt_prop adamw_props[] = {PROPS(1e-2, "decoupled: multiplies the parameter, not the gradient")};

/* What the loop needs, worked out once a step. With b = sqrt(1 - beta2^t), a parameter moves by
 * lr b / (1 - beta1^t) times m / (sqrt(v) + b eps). */
typedef struct factors {
    float mean, square; /* 1 - beta1, 1 - beta2 */
    float rate, eps;    /* lr b / (1 - beta1^t), b eps */
    float l2, keep;     /* weight decay in the gradient, and what is left of the parameter */
} factors;

/* The loop of both: `decoupled` is a constant at every call. */
static inline __attribute__((always_inline)) void move(size_t n, float *restrict p, const float *restrict gradient,
                                                       float *restrict m, float *restrict v, factors f,
                                                       bool decoupled) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float g = decoupled ? gradient[i] : gradient[i] + f.l2 * p[i];
        const float kept = decoupled ? f.keep * p[i] : p[i];
        m[i] += f.mean * (g - m[i]);
        v[i] += f.square * (g * g - v[i]);
        p[i] = kept - f.rate * m[i] * core_reciprocal(sqrtf(v[i]) + f.eps);
    }
}

MLRT_VECTORISED static void move_adam(const mlrt_range *r, factors f) {
    move(r->count, r->param, r->grad, r->slot[0], r->slot[1], f, false);
}

MLRT_VECTORISED static void move_adamw(const mlrt_range *r, factors f) {
    move(r->count, r->param, r->grad, r->slot[0], r->slot[1], f, true);
}

static factors factors_of(const adam *o, const mlrt_range *r) {
    const double t = (double)r->t, b = sqrt(1 - pow((double)o->beta2, t));
    return (factors){.mean = 1 - o->beta1,
                     .square = 1 - o->beta2,
                     .rate = (float)((double)r->lr * b / (1 - pow((double)o->beta1, t))),
                     .eps = (float)((double)o->eps * b),
                     .l2 = o->weight_decay,
                     .keep = 1 - r->lr * o->weight_decay};
}

static void adam_step(const mlrt_optimizer *self, const mlrt_range *r) {
    move_adam(r, factors_of(mlrt_props(self), r));
}

static void adamw_step(const mlrt_optimizer *self, const mlrt_range *r) {
    move_adamw(r, factors_of(mlrt_props(self), r));
}

static const mlrt_case adam_cases[] = {
    {"lr = 0.1", NULL, "torch.optim.Adam(params, lr=0.1)", false},
    {"lr = 0.1, beta1 = 0.8, beta2 = 0.95, eps = 1e-3, weight_decay = 0.1", NULL,
     "torch.optim.Adam(params, lr=0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1)", false},
    {0}};
static const mlrt_case adamw_cases[] = {
    {"lr = 0.1", NULL, "torch.optim.AdamW(params, lr=0.1)", false},
    {"lr = 0.1, weight_decay = 0.5", NULL, "torch.optim.AdamW(params, lr=0.1, weight_decay=0.5)", false},
    {0}};

MLRT_OPTIMIZER(adam, .summary = "adaptive moments", .source = "arXiv:1412.6980, Algorithm 1", .props = adam_props,
               .positional = "lr", .cases = adam_cases, .slots = 2, .step = adam_step);
MLRT_OPTIMIZER(adamw, .summary = "Adam with decoupled weight decay", .source = "arXiv:1711.05101, Algorithm 2",
               .props = adamw_props, .positional = "lr", .cases = adamw_cases, .slots = 2, .step = adamw_step);
