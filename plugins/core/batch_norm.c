/* batch_norm.c - normalisation of each feature by its statistics over the batch.
 *
 *   training:    y = gain (x - mean) / sqrt(variance + eps) + bias, statistics over every axis but one
 *   evaluation:  the same with running statistics
 *   running <- (1 - momentum) running + momentum (statistics of the batch; the variance with n - 1)
 *
 * Ioffe and Szegedy, arXiv:1502.03167, Algorithm 1; the running averages are PyTorch's.
 */
#include "core.h"

typedef struct batch_norm {
    int32_t axis;
    float eps, momentum;
} batch_norm;

static const mlrt_prop batch_norm_props[] = {
    MLRT_PROP_INT(batch_norm, axis, .init = 1, .range = "[-7, 7]",
                  .doc = "of the features: 1 for [batch, features, ...], -1 for the last"),
    MLRT_PROP_F32(batch_norm, eps, .init = 1e-5, .range = "(0, inf)", .doc = "added to the variance"),
    MLRT_PROP_F32(batch_norm, momentum, .init = 0.1, .range = "(0, 1]",
                  .doc = "weight of a batch in the running statistics"),
    {0}};

/* running <- (1 - momentum) running + momentum batch, both [features] */
static void average(const mlrt_layer *self, const char *name, mlrt_node *running, mlrt_node *batch) {
    const double momentum = (double)((const batch_norm *)mlrt_props(self))->momentum;
    mlrt_node *flat = mlrt_reshape(batch, *mlrt_node_shape(running));
    mlrt_update(self, name, mlrt_add(mlrt_mul_scalar(running, 1 - momentum), mlrt_mul_scalar(flat, momentum)));
}

static mlrt_node *batch_norm_build(const mlrt_layer *self, mlrt_node *const in[]) {
    const batch_norm *p = mlrt_props(self);
    mlrt_node *x = in[0];
    const int64_t features = mlrt_dim(x, p->axis);
    if (mlrt_failed(x)) return x;
    if (!features || mlrt_rank(x) < 2)
        return core_expect_rank(x, p->axis < 0 ? 2 : p->axis + 1, "[batch, features, ...]");

    const uint32_t others = ((1u << mlrt_rank(x)) - 1) & ~mlrt_axis(x, p->axis);
    const int64_t n = mlrt_count(x) / features;
    mlrt_shape row = *mlrt_node_shape(x), flat = MLRT_SHAPE_OF(features);
    for (int32_t i = 0; i < row.rank; i++)
        if (others & MLRT_AXIS(i)) row.dim[i] = 1;

    mlrt_node *gain = mlrt_param(self, "gain", flat, MLRT_ONES), *bias = mlrt_param(self, "bias", flat, MLRT_ZEROS);
    mlrt_node *running_mean = mlrt_state(self, "running_mean", flat, MLRT_ZEROS);
    mlrt_node *running_variance = mlrt_state(self, "running_variance", flat, MLRT_ONES);
    mlrt_node *mean = mlrt_reshape(running_mean, row), *variance = mlrt_reshape(running_variance, row);
    if (mlrt_graph_training(self->graph)) {
        if (n < 2)
            return mlrt_graph_fail(self->graph, MLRT_SHAPE, "needs more than one value of each feature in a batch");
        mean = mlrt_mean(x, others, true);
        variance = mlrt_variance(x, others, true);
        average(self, "running_mean", running_mean, mean);
        average(self, "running_variance", running_variance, mlrt_mul_scalar(variance, (double)n / (double)(n - 1)));
    }
    mlrt_node *y = mlrt_mul(mlrt_sub(x, mean), mlrt_rsqrt(mlrt_add_scalar(variance, (double)p->eps)));
    return mlrt_add(mlrt_mul(y, mlrt_reshape(gain, row)), mlrt_reshape(bias, row));
}

static const mlrt_port batch_norm_inputs[] = {{"x", "[batch, features, ...]", "features along `axis`"}};
static const mlrt_port batch_norm_output = {"y", "[batch, features, ...]", "normalised features"};

static const mlrt_case batch_norm_cases[] = {
    {"", "f32[6,3]", "F.batch_norm(x[0], None, None, p['gain'], p['bias'], True)", false},
    {"", "f32[2,3,4,4]", "F.batch_norm(x[0], None, None, p['gain'], p['bias'], True)", false},
    {"axis = -1, eps = 0.01", "f32[2,4,3]",
     "F.batch_norm(x[0].transpose(1, 2), None, None, p['gain'], p['bias'], True, eps=0.01).transpose(1, 2)", false},
    {0}};

MLRT_LAYER(
    batch_norm, .summary = "y = gain (x - mean) / sqrt(variance + eps) + bias, over the batch",
    .doc = "Training uses the statistics of the batch and keeps running averages of them, which evaluation uses.",
    .source = "arXiv:1502.03167, Algorithm 1", .props = batch_norm_props, .cases = batch_norm_cases, .min_inputs = 1,
    .max_inputs = 1, .inputs = batch_norm_inputs, .output = &batch_norm_output, .build = batch_norm_build);
