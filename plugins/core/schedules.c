/* schedules.c - factors on the learning rate in step t = 1 .. T.
 *
 *   constant:       1
 *   linear_warmup:  t / steps up to 1, then 1
 *   inverse_sqrt:   t / warmup up to 1, then sqrt(warmup / t)              arXiv:1706.03762, Eq. 3
 *   cosine:         t / warmup up to 1, then a half cosine from 1 to final  arXiv:1608.03983, Eq. 5
 *   one_cycle:      half cosines from initial to 1 and from 1 to final      arXiv:1708.07120, in PyTorch's form
 *   exponential:    rate^((t - 1) / every)
 *   step:           factor^floor((t - 1) / every)
 *
 * As in PyTorch, the first step of a falling curve has the full rate: curves are functions of t - 1.
 */
#include "core.h"
#include <math.h>

/* From a at x = 0 to b at x = 1 along half a cosine. */
static double half_cosine(double a, double b, double x) { return b + (a - b) * (1 + cos(x * acos(-1))) / 2; }

static double constant_factor(const mlrt_schedule *self, int64_t t, int64_t total) {
    (void)self, (void)t, (void)total;
    return 1;
}

typedef struct linear_warmup {
    int32_t steps;
} linear_warmup;

static const mlrt_prop linear_warmup_props[] = {
    MLRT_PROP_INT(linear_warmup, steps, .required = true, .range = "[1, inf)", .doc = "steps until the full rate"),
    {0}};

static double linear_warmup_factor(const mlrt_schedule *self, int64_t t, int64_t total) {
    const linear_warmup *p = mlrt_props(self);
    (void)total;
    return fmin(1, (double)t / p->steps);
}

typedef struct inverse_sqrt {
    int32_t warmup;
} inverse_sqrt;

static const mlrt_prop inverse_sqrt_props[] = {
    MLRT_PROP_INT(inverse_sqrt, warmup, .required = true, .range = "[1, inf)", .doc = "steps until the full rate"),
    {0}};

static double inverse_sqrt_factor(const mlrt_schedule *self, int64_t t, int64_t total) {
    const inverse_sqrt *p = mlrt_props(self);
    (void)total;
    return t <= p->warmup ? (double)t / p->warmup : sqrt((double)p->warmup / (double)t);
}

typedef struct cosine {
    int32_t warmup;
    double final;
} cosine;

static const mlrt_prop cosine_props[] = {
    MLRT_PROP_INT(cosine, warmup, .init = 0, .range = "[0, inf)", .doc = "steps of linear warm-up"),
    MLRT_PROP_F64(cosine, final, .init = 0, .range = "[0, 1]", .doc = "factor at the end"),
    {0}};

static double cosine_factor(const mlrt_schedule *self, int64_t t, int64_t total) {
    const cosine *p = mlrt_props(self);
    if (t <= p->warmup) return (double)t / p->warmup;
    return half_cosine(1, p->final, (double)(t - 1 - p->warmup) / (double)(total - p->warmup));
}

typedef struct one_cycle {
    double start, initial, final;
} one_cycle;

static const mlrt_prop one_cycle_props[] = {
    MLRT_PROP_F64(one_cycle, start, .init = 0.3, .range = "(0, 1)",
                  .doc = "fraction of the steps in which the rate rises"),
    MLRT_PROP_F64(one_cycle, initial, .init = 0.04, .range = "[0, 1]", .doc = "factor in the first step"),
    MLRT_PROP_F64(one_cycle, final, .init = 4e-6, .range = "[0, 1]", .doc = "factor in the last step"),
    {0}};

static double one_cycle_factor(const mlrt_schedule *self, int64_t t, int64_t total) {
    const one_cycle *p = mlrt_props(self);
    const double at = (double)(t - 1), top = fmax(p->start * (double)total - 1, 0), end = (double)(total - 1);
    if (at < top) return half_cosine(p->initial, 1, at / top);
    return end > top ? half_cosine(1, p->final, (at - top) / (end - top)) : 1;
}

typedef struct exponential {
    double rate;
    int32_t every;
} exponential;

static const mlrt_prop exponential_props[] = {
    MLRT_PROP_F64(exponential, rate, .required = true, .range = "(0, 1]", .doc = "factor of `every` steps"),
    MLRT_PROP_INT(exponential, every, .init = 1, .range = "[1, inf)", .doc = "steps in which the rate falls by it"),
    {0}};

static double exponential_factor(const mlrt_schedule *self, int64_t t, int64_t total) {
    const exponential *p = mlrt_props(self);
    (void)total;
    return pow(p->rate, (double)(t - 1) / p->every);
}

typedef struct step {
    int32_t every;
    double factor;
} step;

static const mlrt_prop step_props[] = {
    MLRT_PROP_INT(step, every, .required = true, .range = "[1, inf)", .doc = "steps between two falls"),
    MLRT_PROP_F64(step, factor, .init = 0.1, .range = "(0, 1]", .doc = "what is left after a fall"),
    {0}};

static double step_factor(const mlrt_schedule *self, int64_t t, int64_t total) {
    const step *p = mlrt_props(self);
    (void)total;
    return pow(p->factor, (double)((t - 1) / p->every));
}

/* The PyTorch field of a schedule's case: a Python expression of t and T, or a torch scheduler of `optimizer`. */
static const mlrt_case constant_cases[] = {{"", NULL, "1", false}, {0}};
static const mlrt_case linear_warmup_cases[] = {{"steps = 10", NULL, "min(1, t / 10)", false}, {0}};
static const mlrt_case inverse_sqrt_cases[] = {{"warmup = 10", NULL, "min(t / 10, (10 / t) ** 0.5)", false}, {0}};
static const mlrt_case cosine_cases[] = {
    {"", NULL, "torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T)", false},
    {"warmup = 10, final = 0.1", NULL, "t / 10 if t <= 10 else 0.55 + 0.45 * math.cos(math.pi * (t - 11) / (T - 10))",
     false},
    {0}};
static const mlrt_case one_cycle_cases[] = {
    {"", NULL, "torch.optim.lr_scheduler.OneCycleLR(optimizer, 1, T)", false},
    {"start = 0.5, initial = 0.1, final = 0.01", NULL,
     "torch.optim.lr_scheduler.OneCycleLR(optimizer, 1, T, pct_start=0.5, div_factor=10, final_div_factor=10)", false},
    {0}};
static const mlrt_case exponential_cases[] = {
    {"rate = 0.9", NULL, "torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)", false},
    {"rate = 0.5, every = 20", NULL, "0.5 ** ((t - 1) / 20)", false},
    {0}};
static const mlrt_case step_cases[] = {
    {"every = 10", NULL, "torch.optim.lr_scheduler.StepLR(optimizer, 10)", false},
    {"every = 7, factor = 0.5", NULL, "torch.optim.lr_scheduler.StepLR(optimizer, 7, 0.5)", false},
    {0}};

MLRT_SCHEDULE(constant, .summary = "the full rate in every step", .cases = constant_cases, .factor = constant_factor);
MLRT_SCHEDULE(linear_warmup, .summary = "rises to the full rate in `steps` steps and stays",
              .props = linear_warmup_props, .positional = "steps", .cases = linear_warmup_cases,
              .factor = linear_warmup_factor);
MLRT_SCHEDULE(inverse_sqrt, .summary = "rises for `warmup` steps, then falls as 1 / sqrt(t)",
              .source = "arXiv:1706.03762, Eq. 3", .props = inverse_sqrt_props, .positional = "warmup",
              .cases = inverse_sqrt_cases, .factor = inverse_sqrt_factor);
MLRT_SCHEDULE(cosine, .summary = "falls along half a cosine, after an optional warm-up",
              .source = "arXiv:1608.03983, Eq. 5", .props = cosine_props, .positional = "warmup", .cases = cosine_cases,
              .factor = cosine_factor);
MLRT_SCHEDULE(one_cycle, .summary = "rises and falls along half cosines", .source = "arXiv:1708.07120",
              .props = one_cycle_props, .positional = "start", .cases = one_cycle_cases, .factor = one_cycle_factor);
MLRT_SCHEDULE(exponential, .summary = "falls by the same factor in each step", .props = exponential_props,
              .positional = "rate", .cases = exponential_cases, .factor = exponential_factor);
MLRT_SCHEDULE(step, .summary = "falls by `factor` every so many steps", .props = step_props, .positional = "every",
              .cases = step_cases, .factor = step_factor);
