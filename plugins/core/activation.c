/* activation.c - functions of one element, and softmax: layers without parameters.
 *
 *   gelu: x Phi(x) with Phi the normal distribution function, (1 + erf(x / sqrt 2)) / 2; approximate = tanh replaces the
 *   error function by tanh(sqrt(2/pi) (x + 0.044715 x^3)). Hendrycks and Gimpel, arXiv:1606.08415, Sec. 2.
 */
#include "core.h"
#include <math.h>

static const mlrt_port any_input[] = {{"x", "[...]", "anything"}};
static const mlrt_port any_output = {"y", "[...]", "of the same shape"};

/* name, formula, source, node, torch, rough */
#define ACTIVATIONS(X)                                                                                                 \
    X(relu, "max(x, 0)", NULL, mlrt_relu(x), "F.relu(x[0])", true)                                                     \
    X(silu, "x / (1 + e^-x)", "arXiv:1702.03118, Eq. 2", mlrt_silu(x), "F.silu(x[0])", false)                          \
    X(tanh, "tanh(x)", NULL, mlrt_tanh(x), "torch.tanh(x[0])", false)                                                  \
    X(sigmoid, "1 / (1 + e^-x)", NULL, mlrt_sigmoid(x), "torch.sigmoid(x[0])", false)                                  \
    X(softplus, "log(1 + e^x)", NULL, mlrt_softplus(x), "F.softplus(x[0])", false)                                     \
    X(softmax, "e^x_i / sum_j e^x_j over the last axis", NULL, mlrt_softmax(x), "F.softmax(x[0], -1)", false)

#define X(class_name, formula, paper, node, expression, kinked)                                                        \
    static mlrt_node *class_name##_build(const mlrt_layer *self, mlrt_node *const in[]) {                              \
        (void)self;                                                                                                    \
        mlrt_node *x = in[0];                                                                                          \
        return node;                                                                                                   \
    }                                                                                                                  \
    static const mlrt_case class_name##_cases[] = {{"", "f32[3,5]", expression, kinked}, {0}};                         \
    MLRT_LAYER(class_name, .summary = "y = " formula, .source = paper, .cases = class_name##_cases, .min_inputs = 1,   \
               .max_inputs = 1, .inputs = any_input, .output = &any_output, .build = class_name##_build);
ACTIVATIONS(X)
#undef X

enum { EXACT, TANH };
static const char *const approximations[] = {"none", "tanh", NULL};

typedef struct gelu {
    int32_t approximate;
} gelu;

static const mlrt_prop gelu_props[] = {
    MLRT_PROP_ENUM(gelu, approximate, .init = EXACT, .choices = approximations, .doc = "replace the error function"),
    {0}};

static mlrt_node *gelu_tanh(mlrt_node *x) {
    mlrt_node *cubic = mlrt_mul(x, mlrt_add_scalar(mlrt_mul_scalar(mlrt_square(x), 0.044715), 1));
    mlrt_node *twice = mlrt_add_scalar(mlrt_tanh(mlrt_mul_scalar(cubic, 2 * sqrt(0.5 / acos(-1)))), 1);
    return mlrt_mul_scalar(mlrt_mul(x, twice), 0.5);
}

static mlrt_node *gelu_build(const mlrt_layer *self, mlrt_node *const in[]) {
    const gelu *p = mlrt_props(self);
    return p->approximate == TANH ? gelu_tanh(in[0]) : mlrt_gelu(in[0]);
}

static const mlrt_case gelu_cases[] = {{"", "f32[3,5]", "F.gelu(x[0])", false},
                                       {"approximate = tanh", "f32[3,5]", "F.gelu(x[0], approximate='tanh')", false},
                                       {0}};

MLRT_LAYER(gelu, .summary = "y = x Phi(x), Phi the normal distribution function", .source = "arXiv:1606.08415, Sec. 2",
           .props = gelu_props, .positional = "approximate", .cases = gelu_cases, .min_inputs = 1, .max_inputs = 1,
           .inputs = any_input, .output = &any_output, .build = gelu_build);

const char *const core_activations[] = {"relu", "gelu", NULL};

mlrt_node *core_activate(mlrt_node *x, int32_t activation) {
    return activation == CORE_GELU ? mlrt_gelu(x) : mlrt_relu(x);
}
