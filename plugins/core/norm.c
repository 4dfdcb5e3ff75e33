/* norm.c - normalisation of each vector by its own statistics.
 *
 *   layer_norm:  y = gain (x - mean) / sqrt(variance + eps) + bias     Ba et al., arXiv:1607.06450, Eq. 4
 *   rms_norm:    y = gain x / sqrt(mean(x^2) + eps)                    Zhang and Sennrich, arXiv:1910.07467, Eq. 4
 *
 * Mean and (biased) variance are taken over the last axis; gain starts as 1 and bias as 0.
 */
#include "core.h"

static const mlrt_prop norm_props[] = {
    MLRT_PROP_F32(norm, eps, .init = 1e-5, .range = "(0, inf)", .doc = "added to the variance"), {0}};

static mlrt_node *gain(const mlrt_layer *self, const mlrt_node *x) {
    return mlrt_param(self, "gain", MLRT_SHAPE_OF(CORE_LAST(x)), MLRT_ONES);
}

static mlrt_node *layer_norm_build(const mlrt_layer *self, mlrt_node *const in[]) {
    const norm *p = mlrt_props(self);
    mlrt_node *bias = mlrt_param(self, "bias", MLRT_SHAPE_OF(CORE_LAST(in[0])), MLRT_ZEROS);
    return mlrt_layer_norm(in[0], gain(self, in[0]), bias, (double)p->eps);
}

static mlrt_node *rms_norm_build(const mlrt_layer *self, mlrt_node *const in[]) {
    const norm *p = mlrt_props(self);
    return mlrt_rms_norm(in[0], gain(self, in[0]), (double)p->eps);
}

static const mlrt_port norm_inputs[] = {{"x", "[..., dim]", "vectors"}};
static const mlrt_port norm_output = {"y", "[..., dim]", "normalised vectors"};

static const mlrt_case layer_norm_cases[] = {
    {"", "f32[2,3,8]", "F.layer_norm(x[0], [8], p['gain'], p['bias'])", false},
    {"eps = 0.1", "f32[4,5]", "F.layer_norm(x[0], [5], p['gain'], p['bias'], eps=0.1)", false},
    {0}};
static const mlrt_case rms_norm_cases[] = {
    {"", "f32[2,3,8]", "p['gain'] * x[0] * torch.rsqrt(x[0].square().mean(-1, keepdim=True) + 1e-5)", false}, {0}};

MLRT_LAYER(layer_norm, .summary = "y = gain (x - mean) / sqrt(variance + eps) + bias, over the last axis",
           .source = "arXiv:1607.06450, Eq. 4", .props = norm_props, .cases = layer_norm_cases, .min_inputs = 1,
           .max_inputs = 1, .inputs = norm_inputs, .output = &norm_output, .build = layer_norm_build);
MLRT_LAYER(rms_norm, .summary = "y = gain x / sqrt(mean(x^2) + eps), over the last axis",
           .source = "arXiv:1910.07467, Eq. 4", .props = norm_props, .cases = rms_norm_cases, .min_inputs = 1,
           .max_inputs = 1, .inputs = norm_inputs, .output = &norm_output, .build = rms_norm_build);
