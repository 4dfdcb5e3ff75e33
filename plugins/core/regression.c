/* regression.c - losses of real targets: the mean over all elements of a function of d = prediction - target.
 *
 *   mse:    d^2
 *   l1:     |d|
 *   huber:  d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2)
 *
 * Huber, Ann. Math. Statist. 35 (1964) 73. Prediction and target have one shape; either may leave out a last 1.
 */
#include "core.h"

static mlrt_node *mse_build(const mlrt_loss *self, mlrt_node *prediction, mlrt_node *target) {
    (void)self;
    core_match(&prediction, &target);
    return mlrt_mean(mlrt_square(mlrt_sub(prediction, target)), MLRT_ALL_AXES, false);
}

static mlrt_node *l1_build(const mlrt_loss *self, mlrt_node *prediction, mlrt_node *target) {
    (void)self;
    core_match(&prediction, &target);
    return mlrt_mean(mlrt_abs(mlrt_sub(prediction, target)), MLRT_ALL_AXES, false);
}

typedef struct huber {
    float delta;
} huber;

static const mlrt_prop huber_props[] = {
    MLRT_PROP_F32(huber, delta, .init = 1, .range = "(0, inf)", .doc = "where the square becomes a straight line"),
    {0}};

/* With q = min(|d|, delta), both branches are q (|d| - q / 2). */
static mlrt_node *huber_build(const mlrt_loss *self, mlrt_node *prediction, mlrt_node *target) {
    const huber *p = mlrt_props(self);
    core_match(&prediction, &target);
    mlrt_node *d = mlrt_abs(mlrt_sub(prediction, target));
    mlrt_node *q = mlrt_minimum(d, mlrt_scalar(self->graph, (double)p->delta));
    return mlrt_mean(mlrt_mul(q, mlrt_sub(d, mlrt_mul_scalar(q, 0.5))), MLRT_ALL_AXES, false);
}

static const mlrt_case mse_cases[] = {{"", "f32[4,3], f32[4,3]", "F.mse_loss(x[0], x[1])", false},
                                      {"", "f32[5,1], f32[5]", "F.mse_loss(x[0][:, 0], x[1])", false},
                                      {0}};
static const mlrt_case l1_cases[] = {{"", "f32[4,3], f32[4,3]", "F.l1_loss(x[0], x[1])", true}, {0}};
static const mlrt_case huber_cases[] = {
    {"", "f32[4,3], f32[4,3]", "F.huber_loss(x[0], x[1])", true},
    {"delta = 0.3", "f32[4,3], f32[4,3]", "F.huber_loss(x[0], x[1], delta=0.3)", true},
    {0}};

#define SHAPES "Prediction and target have one shape; either may leave out a last dimension of 1."

MLRT_LOSS(mse, .summary = "the mean of (prediction - target)^2", .doc = SHAPES, .cases = mse_cases, .build = mse_build);
MLRT_LOSS(l1, .summary = "the mean of |prediction - target|", .doc = SHAPES, .cases = l1_cases, .build = l1_build);
MLRT_LOSS(huber, .summary = "quadratic near zero, linear beyond delta", .doc = SHAPES,
          .source = "Huber, Ann. Math. Statist. 35 (1964) 73", .props = huber_props, .positional = "delta",
          .cases = huber_cases, .build = huber_build);
