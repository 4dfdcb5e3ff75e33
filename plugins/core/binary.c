/* binary.c - losses of two classes, the mean over all elements.
 *
 *   bce_with_logits:  log(1 + e^z) - z y,  z = logit / temperature,  y in [0, 1]: the cross-entropy of sigmoid(z)
 *   hinge:            max(0, margin - z y),  y = -1 or 1
 *
 * Prediction and target have one shape; either may leave out a last dimension of 1.
 */
#include "core.h"

typedef struct bce_with_logits {
    float temperature;
} bce_with_logits;

static const mlrt_prop bce_props[] = {
    MLRT_PROP_F32(bce_with_logits, temperature, .init = 1, .range = "(0, inf)", .doc = "the logits are divided by it"),
    {0}};

static mlrt_node *bce_build(const mlrt_loss *self, mlrt_node *prediction, mlrt_node *target) {
    const bce_with_logits *p = mlrt_props(self);
    core_match(&prediction, &target);
    mlrt_node *z = mlrt_mul_scalar(prediction, 1 / (double)p->temperature);
    return mlrt_mean(mlrt_sub(mlrt_softplus(z), mlrt_mul(z, target)), MLRT_ALL_AXES, false);
}

typedef struct hinge {
    float margin;
} hinge;

static const mlrt_prop hinge_props[] = {
    MLRT_PROP_F32(hinge, margin, .init = 1, .range = "(0, inf)", .doc = "how far on the right side costs nothing"),
    {0}};

static mlrt_node *hinge_build(const mlrt_loss *self, mlrt_node *prediction, mlrt_node *target) {
    const hinge *p = mlrt_props(self);
    core_match(&prediction, &target);
    mlrt_node *short_by = mlrt_add_scalar(mlrt_neg(mlrt_mul(prediction, target)), (double)p->margin);
    return mlrt_mean(mlrt_relu(short_by), MLRT_ALL_AXES, false);
}

static const mlrt_case bce_cases[] = {
    {"", "f32[4,3], f32[4,3]<2", "F.binary_cross_entropy_with_logits(x[0], x[1])", false},
    {"temperature = 0.5", "f32[6,1], i32[6]<2", "F.binary_cross_entropy_with_logits(2 * x[0][:, 0], x[1].float())",
     false},
    {0}};
static const mlrt_case hinge_cases[] = {
    {"", "f32[4,3], f32[4,3]", "(1 - x[0] * x[1]).clamp(min=0).mean()", true},
    {"margin = 0.2", "f32[8], f32[8,1]", "(0.2 - x[0] * x[1][:, 0]).clamp(min=0).mean()", true},
    {0}};

MLRT_LOSS(bce_with_logits, .summary = "log(1 + e^z) - z y: two classes, y in [0, 1]",
          .doc =
              "Prediction and target have one shape; either may leave out a last dimension of 1. Targets may be class "
              "numbers 0 and 1.",
          .props = bce_props, .cases = bce_cases, .build = bce_build);
MLRT_LOSS(hinge, .summary = "max(0, margin - z y): two classes, y = -1 or 1",
          .doc = "Prediction and target have one shape; either may leave out a last dimension of 1.",
          .props = hinge_props, .positional = "margin", .cases = hinge_cases, .build = hinge_build);
