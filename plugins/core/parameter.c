/* parameter.c - a learned tensor by itself: what models are made of that no layer foresaw.
 *
 *   y = p
 *
 * It takes no input and gives the parameter, which has the layer's own name in the model.
 */
#include "core.h"

typedef struct parameter {
    mlrt_shape shape;
    mlrt_init init;
} parameter;

static const mlrt_prop parameter_props[] = {
    MLRT_PROP_SHAPE(parameter, shape, .doc = "its dimensions; none for a single number"),
    MLRT_PROP_INIT(
        parameter, init,
        .doc = "initial value; by default fan_in with two or more dimensions, as of a weight [out, in], else 0"),
    {0}};

static mlrt_node *parameter_build(const mlrt_layer *self, mlrt_node *const in[]) {
    const parameter *p = mlrt_props(self);
    (void)in;
    const mlrt_init usual = p->shape.rank > 1 ? CORE_FAN_IN : MLRT_ZEROS;
    return mlrt_param(self, "", p->shape, p->init.given ? p->init : usual);
}

static const mlrt_port parameter_output = {"y", "shape", "the parameter"};

static const mlrt_case parameter_cases[] = {
    {"shape = {3, 4}", "", "p[''] * 1", false}, {"shape = {5}, init = normal(0, 1)", "", "p[''] * 1", false}, {0}};

MLRT_LAYER(parameter, .summary = "a learned tensor by itself: a layer without inputs",
           .doc =
               "Called, w(), it gives the parameter as a node. It is called by the layer's name, so that w made with "
               "name = \"scale\" in a part named \"body\" is body.scale.",
           .props = parameter_props, .positional = "shape", .cases = parameter_cases, .output = &parameter_output,
           .build = parameter_build);
