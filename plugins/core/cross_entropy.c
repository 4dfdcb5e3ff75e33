/* cross_entropy.c - the loss of classification and of sequence models, in nats.
 *
 *   loss = -mean over targets of log softmax(logits / temperature)[target]
 *
 * Targets that are the token `ignore` do not count. Smoothing e mixes the target with the uniform distribution over the V
 * classes: (1 - e) of the loss above and e of the mean over all classes; Szegedy et al., arXiv:1512.00567, Sec. 7.
 */
#include "core.h"

typedef struct cross_entropy {
    const char *ignore;
    float smoothing, temperature;
} cross_entropy;

static const mlrt_prop cross_entropy_props[] = {
    MLRT_PROP_STRING(cross_entropy, ignore,
                     .doc = "name of a token of the target that does not count, such as \"pad\""),
    MLRT_PROP_F32(cross_entropy, smoothing, .init = 0, .range = "[0, 1)",
                  .doc = "weight of the uniform distribution in the target"),
    MLRT_PROP_F32(cross_entropy, temperature, .init = 1, .range = "(0, inf)", .doc = "the logits are divided by it"),
    {0}};

/* Targets in the shape of the logits without their last axis; a last dimension of 1 more is left out. */
static mlrt_node *fit(mlrt_node *logits, mlrt_node *target) {
    mlrt_graph *g = mlrt_node_graph(logits);
    char a[MLRT_SHAPE_TEXT], b[MLRT_SHAPE_TEXT];
    mlrt_shape want = *mlrt_node_shape(logits), got = *mlrt_node_shape(target);
    if (mlrt_failed(logits)) return logits;
    if (mlrt_failed(target)) return target;
    if (mlrt_node_dtype(target) != MLRT_I32)
        return mlrt_graph_fail(g, MLRT_TYPE, "targets must be class numbers, i32; got %s",
                               mlrt_dtype_name(mlrt_node_dtype(target)));
    if (want.rank) want.dim[--want.rank] = 0;
    if (mlrt_shape_equal(&want, &got)) return target;
    if (got.rank == want.rank + 1 && got.dim[want.rank] == 1) {
        got.dim[--got.rank] = 0;
        if (mlrt_shape_equal(&want, &got)) return mlrt_reshape(target, want);
    }
    return mlrt_graph_fail(g, MLRT_SHAPE, "logits %s need targets of all but their last axis, got %s",
                           mlrt_shape_text(mlrt_node_shape(logits), a, sizeof a),
                           mlrt_shape_text(mlrt_node_shape(target), b, sizeof b));
}

static mlrt_node *cross_entropy_build(const mlrt_loss *self, mlrt_node *prediction, mlrt_node *target) {
    const cross_entropy *p = mlrt_props(self);
    const mlrt_vocabulary *v = mlrt_node_vocabulary(target);
    const int32_t ignore = p->ignore ? (v ? mlrt_token(v, p->ignore) : -1) : -1;
    if (p->ignore && ignore < 0)
        return mlrt_graph_fail(self->graph, MLRT_NAME, "'ignore': the target has no token '%s'", p->ignore);
    if (v && mlrt_dim(prediction, -1) < v->size && !mlrt_failed(prediction))
        return mlrt_graph_fail(self->graph, MLRT_SHAPE, "%lld logits for the %d classes of the target",
                               (long long)mlrt_dim(prediction, -1), v->size);
    target = fit(prediction, target);
    if (p->temperature < 1 || p->temperature > 1) prediction = mlrt_mul_scalar(prediction, 1 / (double)p->temperature);
    return mlrt_cross_entropy(prediction, target, ignore, (double)p->smoothing);
}

static const mlrt_case cross_entropy_cases[] = {{"", "f32[6,5], i32[6]<5", "F.cross_entropy(x[0], x[1])", false},
                                                {"ignore = pad", "f32[3,4,5], i32[3,4]<5(pad)",
                                                 "F.cross_entropy(x[0].flatten(0, 1), x[1].flatten(), ignore_index=0)",
                                                 false},
                                                {"smoothing = 0.1, temperature = 2", "f32[6,5], i32[6,1]<5",
                                                 "F.cross_entropy(x[0] / 2, x[1][:, 0], label_smoothing=0.1)", false},
                                                {0}};

MLRT_LOSS(cross_entropy, .summary = "-log softmax(logits)[target], the mean over targets",
          .doc = "Logits [..., classes] and targets i32 [...].", .props = cross_entropy_props,
          .cases = cross_entropy_cases, .build = cross_entropy_build);
