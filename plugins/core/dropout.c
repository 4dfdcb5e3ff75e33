/* dropout.c - while training, zeroes elements at random and scales the others so that the mean stays.
 *
 *   y = x keep / (1 - p),   keep ~ Bernoulli(1 - p);   y = x in evaluation
 *
 * Srivastava et al., JMLR 15 (2014) 1929, with the scale moved to training as everywhere today.
 */
#include "core.h"

typedef struct dropout {
    float p;
} dropout;

static const mlrt_prop dropout_props[] = {
    MLRT_PROP_F32(dropout, p, .init = 0.5, .range = "[0, 1)", .doc = "probability that an element is zeroed"), {0}};

static mlrt_node *dropout_build(const mlrt_layer *self, mlrt_node *const in[]) {
    const dropout *p = mlrt_props(self);
    return mlrt_dropout(in[0], (double)p->p);
}

static const mlrt_port dropout_inputs[] = {{"x", "[...]", "anything"}};
static const mlrt_port dropout_output = {"y", "[...]", "of the same shape"};

static const mlrt_case dropout_cases[] = {{"p = 0", "f32[3,4]", "x[0] * 1", false}, {0}};

MLRT_LAYER(dropout, .summary = "zeroes elements at random while training",
           .doc = "What is kept is divided by 1 - p, so that the mean stays; evaluation changes nothing.",
           .source = "JMLR 15 (2014) 1929", .props = dropout_props, .positional = "p", .cases = dropout_cases,
           .min_inputs = 1, .max_inputs = 1, .inputs = dropout_inputs, .output = &dropout_output,
           .build = dropout_build);
