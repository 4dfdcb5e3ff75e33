/* registry.c - names of classes, what is found, and the plugins that are not taken. */
#include "plugin/registry.h"
#include "plugin/kinds.h"
#include "tap.h"

static mlrt_node *build(const mlrt_layer *self, mlrt_node *const in[]) { return self ? in[0] : NULL; }
static mlrt_node *build_loss(const mlrt_loss *self, mlrt_node *a, mlrt_node *b) { return self ? a : b; }
static void step(const mlrt_optimizer *self, const mlrt_range *range) { (void)self, (void)range; }
static double factor(const mlrt_schedule *self, int64_t t, int64_t total) { return self ? (double)(t + total) : 0; }
static mlrt_status open_task(mlrt_task *self, mlrt_error *err) { return self && err ? MLRT_OK : MLRT_ARGUMENT; }

#define LAYER .summary = "", .min_inputs = 1, .max_inputs = 1, .build = build
MLRT_LAYER(linear, LAYER);
MLRT_LAYER(relu, LAYER);
MLRT_LAYER(swish, LAYER);
MLRT_LOSS(mse, .summary = "", .build = build_loss);
MLRT_SCHEDULE(cosine, .summary = "", .factor = factor);
MLRT_OPTIMIZER(sgd, .summary = "", .slots = 1, .step = step);

/* Classes that are wrong. */
MLRT_LAYER(empty, .summary = "");
MLRT_LAYER(dumb, .build = build);
MLRT_LAYER(negative, .summary = "", .min_inputs = 2, .max_inputs = 1, .build = build);
MLRT_OPTIMIZER(greedy, .summary = "", .slots = 5, .step = step);
MLRT_TASK(endless, .summary = "", .open = open_task);
static const mlrt_layer_class two_words = {
    .kind = MLRT_KIND_LAYER, .size = sizeof(mlrt_layer_class), .name = "two words", LAYER};
static const mlrt_layer_class odd = {.kind = (mlrt_kind)9, .size = sizeof(mlrt_layer_class), .name = "odd", LAYER};
static const mlrt_layer_class small = {.kind = MLRT_KIND_LAYER, .size = 8, .name = "small", LAYER};

#define PLUGIN(plugin_name, ...)                                                                                       \
    ((mlrt_plugin){.guard = MLRT_GUARD,                                                                                \
                   .name = plugin_name,                                                                                \
                   .summary = "",                                                                                      \
                   .classes = (const mlrt_class *const[]){__VA_ARGS__, NULL}})

static mlrt__registry registry;
static char line[4096];

static const char *add(const mlrt_plugin *plugin, const char *path) {
    mlrt_error err = {0};
    if (mlrt__registry_add(&registry, plugin, path, &err) == MLRT_OK) return "ok";
    return mlrt_error_text(&err, line, sizeof line);
}

static const char *find(mlrt_kind kind, const char *name) {
    mlrt_error err = {0};
    const mlrt__entry *entry = mlrt__registry_find(&registry, kind, name, &err);
    return entry ? entry->from->path : mlrt_error_text(&err, line, sizeof line);
}

static void test_names(void) {
    static mlrt_plugin core, set, swish;
    core = PLUGIN("core", &linear_class.base, &relu_class.base, &mse_class.base, &sgd_class.base);
    set = PLUGIN("amplitudes", &linear_class.base, &cosine_class.base);
    swish = PLUGIN("swish", &swish_class.base);
    is_str(add(&set, "/b/amplitudes.so"), "ok", "a plugin is taken");
    is_str(add(&core, "/a/core.so"), "ok", "and another");
    is_str(add(&swish, "/c/swish.so"), "ok", "and another");
    is_str(find(MLRT_KIND_LAYER, "linear"), "/a/core.so", "core's classes need no plugin's name");
    is_str(find(MLRT_KIND_LAYER, "swish"), "/c/swish.so", "nor does a class of its plugin's name");
    is_str(find(MLRT_KIND_LAYER, "amplitudes.linear"), "/b/amplitudes.so", "other classes do");
    is_str(mlrt__registry_entry(&registry, &cosine_class.base)->name, "amplitudes.cosine", "a class has a full name");

    const char *const order[] = {"amplitudes.linear", "linear", "relu", "swish", "mse", "sgd", "amplitudes.cosine"};
    is_int(registry.entries, 7, "every class is listed");
    for (int32_t i = 0; i < registry.entries; i++)
        is_str(registry.entry[i].name, order[i], "in its place: %s", order[i]);
    is_str(registry.plugin[0]->plugin->name, "amplitudes", "plugins are sorted by name");
}

static void test_missing(void) {
    is_str(find(MLRT_KIND_LAYER, "liner"), "no layer 'liner' (did you mean 'linear'?)",
           "the nearest name is suggested");
    is_str(find(MLRT_KIND_LAYER, "amplitude.linear"), "no layer 'amplitude.linear' (did you mean 'amplitudes.linear'?)",
           "dots included");
    is_str(find(MLRT_KIND_LOSS, "relu"), "no loss 'relu' (there is a layer of that name)", "another kind is named");
    is_str(find(MLRT_KIND_TASK, "cosine"), "no task 'cosine'", "or nothing");
    mlrt__registry_refuse(&registry, "/x/y.so", "no good");
    is_str(find(MLRT_KIND_TASK, "strike"), "no task 'strike' (refused '/x/y.so': no good)", "what was refused is told");
}

static void test_refusals(void) {
    static mlrt_plugin p;
    p = PLUGIN("core", &linear_class.base);
    is_str(add(&p, "/d/core.so"), "plugin 'core' is already there, from '/a/core.so'", "a plugin's name twice");
    p = PLUGIN("linear", &linear_class.base);
    is_str(add(&p, "/d/linear.so"), "layer 'linear' is already there, from '/a/core.so'", "a class's name twice");
    p = PLUGIN("x", &relu_class.base, &relu_class.base);
    is_str(add(&p, "x.so"), "it has two layers called 'x.relu'", "a class's name twice in one plugin");
    p = PLUGIN("x y", &relu_class.base);
    is_str(add(&p, "x.so"), "'x y' cannot be the name of a plugin", "a plugin's name");
    p = PLUGIN("x", &two_words.base);
    is_str(add(&p, "x.so"), "'two words' cannot be the name of a class", "a class's name");
    p = PLUGIN("x", &odd.base);
    is_str(add(&p, "x.so"), "a class has the unknown kind 9", "a kind");
    p = PLUGIN("x", &small.base);
    snprintf(line + 2048, 2048, "layer 'small': its struct has 8 bytes, expected %zu; rebuild it against mlrt %s",
             sizeof(mlrt_layer_class), mlrt_version());
    is_str(add(&p, "x.so"), line + 2048, "a class's size");
    p = PLUGIN("x", &relu_class.base, &empty_class.base);
    is_str(add(&p, "x.so"), "layer 'empty': it has no 'build' function", "a function");
    p = PLUGIN("x", &endless_class.base);
    is_str(add(&p, "x.so"), "task 'endless': it has no 'fetch' function", "another function");
    p = PLUGIN("x", &dumb_class.base);
    is_str(add(&p, "x.so"), "layer 'dumb': it has no summary", "a summary");
    p = PLUGIN("x", &negative_class.base);
    is_str(add(&p, "x.so"), "layer 'negative': it takes 2 to 1 inputs, expected 0 to 16", "inputs");
    p = PLUGIN("x", &greedy_class.base);
    is_str(add(&p, "x.so"), "optimizer 'greedy': it has 5 slots, expected 0 to 4", "slots");
    is_int(registry.entries, 7, "none of their classes is there");
}

int main(void) {
    test_names();
    test_missing();
    test_refusals();
    mlrt__registry_free(&registry);
    is_str(mlrt__kinds[MLRT_KIND_TASK].name, "task", "kinds have names");
    return done_testing();
}
