/* conv.c - layers for images [batch, channels, height, width]: convolution and pooling; and flatten after them.
 *
 *   height' = (height + 2 padding - size) / stride + 1, rounded down; the same for the width
 *
 * Windows are square. Convolution is cross-correlation and average pooling counts its padding, as in PyTorch.
 */
#include "core.h"

#define IMAGE "[batch, channels, height, width]"

typedef struct conv2d {
    int32_t out, size, stride, padding;
    bool bias;
    mlrt_init init;
} conv2d;

static const mlrt_prop conv2d_props[] = {
    MLRT_PROP_INT(conv2d, out, .required = true, .range = "[1, inf)", .doc = "number of output channels"),
    MLRT_PROP_INT(conv2d, size, .required = true, .range = "[1, inf)", .doc = "height and width of a filter"),
    MLRT_PROP_INT(conv2d, stride, .init = 1, .range = "[1, inf)", .doc = "step between windows"),
    MLRT_PROP_INT(conv2d, padding, .init = 0, .range = "[0, inf)", .doc = "zeros around the image"),
    MLRT_PROP_BOOL(conv2d, bias, .init = true, .doc = "add a learned bias to each channel"),
    MLRT_PROP_INIT(conv2d, init, .init_value = {.kind = MLRT_INIT_FAN_IN}, .doc = "initial filters"),
    {0}};

static mlrt_node *conv2d_build(const mlrt_layer *self, mlrt_node *const in[]) {
    const conv2d *p = mlrt_props(self);
    mlrt_node *x = core_expect_rank(in[0], 4, IMAGE);
    const int64_t channels = mlrt_dim(x, 1), fan_in = channels * p->size * p->size;
    if (mlrt_failed(x)) return x;
    mlrt_node *w = mlrt_param(self, "weight", MLRT_SHAPE_OF(p->out, channels, p->size, p->size), p->init);
    mlrt_node *b = p->bias ? mlrt_param(self, "bias", MLRT_SHAPE_OF(p->out), CORE_BIAS_INIT(fan_in)) : NULL;
    return mlrt_conv2d(x, w, b, p->stride, p->padding);
}

typedef struct pool {
    int32_t size, stride, padding;
} pool;

static const mlrt_prop pool_props[] = {
    MLRT_PROP_INT(pool, size, .required = true, .range = "[1, inf)", .doc = "height and width of a window"),
    MLRT_PROP_INT(pool, stride, .init = 0, .range = "[0, inf)", .doc = "step between windows; 0 for their size"),
    MLRT_PROP_INT(pool, padding, .init = 0, .range = "[0, inf)", .doc = "border around the image, at most size / 2"),
    {0}};

typedef mlrt_node *pool_op(mlrt_node *x, int32_t size, int32_t stride, int32_t padding);

static mlrt_node *pool_build(const mlrt_layer *self, mlrt_node *const in[], pool_op *op) {
    const pool *p = mlrt_props(self);
    if (p->padding > p->size / 2)
        return mlrt_graph_fail(self->graph, MLRT_RANGE, "'padding' must be at most half of 'size' (%d), got %d",
                               p->size, p->padding);
    return op(core_expect_rank(in[0], 4, IMAGE), p->size, p->stride ? p->stride : p->size, p->padding);
}

static mlrt_node *max_pool2d_build(const mlrt_layer *self, mlrt_node *const in[]) {
    return pool_build(self, in, mlrt_max_pool2d);
}

static mlrt_node *avg_pool2d_build(const mlrt_layer *self, mlrt_node *const in[]) {
    return pool_build(self, in, mlrt_avg_pool2d);
}

static mlrt_node *flatten_build(const mlrt_layer *self, mlrt_node *const in[]) {
    (void)self;
    return mlrt_reshape(in[0], MLRT_SHAPE_OF(mlrt_dim(in[0], 0), -1));
}

static const mlrt_port image_input[] = {{"x", IMAGE, "images"}};
static const mlrt_port image_output = {"y", "[batch, channels', height', width']", "images"};
static const mlrt_port flatten_inputs[] = {{"x", "[batch, ...]", "anything"}};
static const mlrt_port flatten_output = {"y", "[batch, features]", "the same numbers"};

static const mlrt_case conv2d_cases[] = {
    {"out = 3, size = 3", "f32[2,2,5,6]", "F.conv2d(x[0], p['weight'], p['bias'])", false},
    {"out = 2, size = 3, stride = 2, padding = 1, bias = false", "f32[2,3,7,5]",
     "F.conv2d(x[0], p['weight'], None, 2, 1)", false},
    {0}};
static const mlrt_case max_pool2d_cases[] = {
    {"size = 2", "f32[2,3,4,6]", "F.max_pool2d(x[0], 2)", true},
    {"size = 3, stride = 2, padding = 1", "f32[2,2,5,7]", "F.max_pool2d(x[0], 3, 2, 1)", true},
    {0}};
static const mlrt_case avg_pool2d_cases[] = {
    {"size = 2", "f32[2,3,4,6]", "F.avg_pool2d(x[0], 2)", false},
    {"size = 3, stride = 2, padding = 1", "f32[2,2,5,7]", "F.avg_pool2d(x[0], 3, 2, 1)", false},
    {0}};
static const mlrt_case flatten_cases[] = {{"", "f32[2,3,4]", "x[0].flatten(1)", false}, {0}};

MLRT_LAYER(conv2d, .summary = "y = x * W + b, a convolution with square filters", .props = conv2d_props,
           .positional = "out", .cases = conv2d_cases, .min_inputs = 1, .max_inputs = 1, .inputs = image_input,
           .output = &image_output, .build = conv2d_build);
MLRT_LAYER(max_pool2d, .summary = "the largest value of each window", .props = pool_props, .positional = "size",
           .cases = max_pool2d_cases, .min_inputs = 1, .max_inputs = 1, .inputs = image_input, .output = &image_output,
           .build = max_pool2d_build);
MLRT_LAYER(avg_pool2d, .summary = "the mean of each window, padding counted", .props = pool_props, .positional = "size",
           .cases = avg_pool2d_cases, .min_inputs = 1, .max_inputs = 1, .inputs = image_input, .output = &image_output,
           .build = avg_pool2d_build);
MLRT_LAYER(flatten, .summary = "everything but the batch in one axis", .cases = flatten_cases, .min_inputs = 1,
           .max_inputs = 1, .inputs = flatten_inputs, .output = &flatten_output, .build = flatten_build);
