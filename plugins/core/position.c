/* position.c - tells a sequence model where each token stands: adds a vector for each position.
 *
 *   learned:     y_t = x_t + W_t,   W [length, dim], started normal(0, 1 / sqrt(dim)) unless `init` is given
 *   sinusoidal:  y_t,2i = x_t,2i + sin(t / 10000^(2i/dim)),   y_t,2i+1 = x_t,2i+1 + cos(t / 10000^(2i/dim))
 *
 * Vaswani et al., arXiv:1706.03762, Sec. 3.5. Positions inside an attention are a property of the attention: scheme.c.
 */
#include "core.h"
#include <math.h>

const char *const core_positions[] = {"learned", "sinusoidal", NULL};

static const mlrt_prop position_props[] = {
    MLRT_PROP_ENUM(position, kind, .init = CORE_LEARNED, .choices = core_positions,
                   .doc = "where the vectors come from"),
    MLRT_PROP_INT(position, length, .init = 0, .range = "[0, inf)",
                  .doc = "longest sequence; 0 for the length of the input"),
    MLRT_PROP_INIT(position, init, .doc = "initial learned vectors, if not normal(0, 1 / sqrt(dim))"),
    {0}};

static mlrt_node *learned(const mlrt_layer *self, int64_t longest, int64_t length, int64_t dim) {
    mlrt_init init = ((const position *)mlrt_props(self))->init;
    if (!init.given) init = (mlrt_init){.kind = MLRT_INIT_NORMAL, .b = 1 / sqrtf((float)dim)};
    mlrt_node *w = mlrt_param(self, "weight", MLRT_SHAPE_OF(longest, dim), init);
    return longest == length ? w : mlrt_slice(w, 0, 0, length, 1);
}

static mlrt_node *position_build(const mlrt_layer *self, mlrt_node *const in[]) {
    const position *p = mlrt_props(self);
    mlrt_node *x = in[0];
    if (mlrt_failed(x)) return x;
    if (mlrt_rank(x) < 2) return core_expect_rank(x, 3, "[batch, tokens, dim]");
    const int64_t length = mlrt_dim(x, -2), longest = p->length ? p->length : length, dim = CORE_LAST(x);
    if (length > longest)
        return mlrt_graph_fail(self->graph, MLRT_RANGE, "a sequence of %lld tokens, but positions end at %lld",
                               (long long)length, (long long)longest);
    return mlrt_add(x, p->kind == CORE_LEARNED ? learned(self, longest, length, dim)
                                               : core_sinusoids(self->graph, 0, 1, length, dim));
}

static const mlrt_port position_inputs[] = {{"x", "[..., tokens, dim]", "vectors"}};
static const mlrt_port position_output = {"y", "[..., tokens, dim]", "vectors that know their place"};

static const mlrt_case position_cases[] = {
    {"", "f32[2,5,4]", "x[0] + p['weight']", false},
    {"length = 8", "f32[2,5,4]", "x[0] + p['weight'][:5]", false},
    {"kind = sinusoidal", "f32[2,5,6]",
     "x[0] + torch.tensor([[(math.cos if i % 2 else math.sin)(t / 10000 ** (i // 2 * 2 / 6)) for i in range(6)]"
     " for t in range(5)])",
     false},
    {0}};

MLRT_LAYER(
    position, .summary = "adds a vector for each position",
    .doc =
        "Learned vectors, or sin(t / 10000^(2i/dim)) and cos(t / 10000^(2i/dim)) in features 2i and 2i+1 of position t.",
    .source = "arXiv:1706.03762, Sec. 3.5", .props = position_props, .positional = "kind", .cases = position_cases,
    .min_inputs = 1, .max_inputs = 1, .inputs = position_inputs, .output = &position_output, .build = position_build);
