/* linear.c - the affine map of the last axis.
 *
 *   y = x W^T + b,   W [out, in],   b [out]
 *
 * Weight and bias start uniform in +-1 / sqrt(in), as in PyTorch; `init` replaces the weight's start, and `scale`
 * multiplies both.
 */
#include "core.h"

static const mlrt_prop linear_props[] = {
    MLRT_PROP_INT(linear, out, .required = true, .range = "[1, inf)", .doc = "number of output features"),
    MLRT_PROP_BOOL(linear, bias, .init = true, .doc = "add a learned bias"),
    MLRT_PROP_INIT(linear, init, .init_value = {.kind = MLRT_INIT_FAN_IN}, .doc = "initial weight"),
    MLRT_PROP_F32(linear, scale, .init = 1, .range = "(0, inf)", .doc = "multiplies the initial weight and bias"),
    {0}};

static mlrt_init scaled(mlrt_init init, float scale) {
    if (scale > 0) init.scale = (init.scale != 0 ? init.scale : 1) * scale;
    return init;
}

static mlrt_node *linear_build(const mlrt_layer *self, mlrt_node *const in[]) {
    const linear *p = mlrt_props(self);
    const int64_t features = CORE_LAST(in[0]);
    mlrt_node *w = mlrt_param(self, "weight", MLRT_SHAPE_OF(p->out, features), scaled(p->init, p->scale));
    mlrt_node *y = mlrt_matmul(in[0], w, MLRT_TRANS_B);
    if (!p->bias) return y;
    return mlrt_add(y, mlrt_param(self, "bias", MLRT_SHAPE_OF(p->out), scaled(CORE_BIAS_INIT(features), p->scale)));
}

static const mlrt_port linear_inputs[] = {{"x", "[..., in]", "features"}};
static const mlrt_port linear_output = {"y", "[..., out]", "features"};

static const mlrt_case linear_cases[] = {{"out = 3", "f32[5,4]", "F.linear(x[0], p['weight'], p['bias'])", false},
                                         {"out = 3, bias = false", "f32[2,5,4]", "F.linear(x[0], p['weight'])", false},
                                         {0}};

MLRT_LAYER(linear, .summary = "y = x W^T + b", .doc = "Weight and bias start uniform in +-1 / sqrt(in), as in PyTorch.",
           .props = linear_props, .positional = "out", .cases = linear_cases, .min_inputs = 1, .max_inputs = 1,
           .inputs = linear_inputs, .output = &linear_output, .build = linear_build);
