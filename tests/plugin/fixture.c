/* fixture.c - a small plugin that the loader's test builds in many ways, most of them wrong.
 *
 *   cc -shared -fPIC -DPLUGIN='"lab"' -DCLASS=wiggle -DGUARD_ABI=2 fixture.c -o lab.so
 */
#include <mlrt/plugin.h>

#ifndef PLUGIN
#    define PLUGIN "lab"
#endif
#ifndef CLASS
#    define CLASS wiggle
#endif
#ifndef RANGE
#    define RANGE "[1, inf)"
#endif
#ifndef MAGIC
#    define MAGIC                                                                                                      \
        { 'm', 'l', 'r', 't', 'p', 'l', 'u', 'g' }
#endif
#ifndef SYMBOL
#    define SYMBOL mlrt_plugin_v
#endif

typedef struct properties {
    int32_t times;
} properties;

static const mlrt_prop table[] = {
    MLRT_PROP_INT(properties, times, .init = 1, .range = RANGE, .doc = "how often"),
    {0},
};

#ifdef MISSING
mlrt_node *MISSING(mlrt_node *x);
#    define wiggled MISSING
#else
#    define wiggled mlrt_sin
#endif

static mlrt_node *build(const mlrt_layer *self, mlrt_node *const in[]) {
    const properties *p = mlrt_props(self);
    mlrt_node *y = in[0];
    for (int32_t i = 0; i < p->times; i++) y = wiggled(y);
    return y;
}

#define LAYER(name, ...) MLRT_LAYER(name, __VA_ARGS__)
LAYER(CLASS, .summary = "y = sin(x)", .props = table, .min_inputs = 1, .max_inputs = 1, .build = build);

#define CLASS_OBJECT_(name) name##_class
#define CLASS_OBJECT(name)  CLASS_OBJECT_(name)

MLRT_API const mlrt_plugin SYMBOL = {
    .guard =
        {
            .magic = MAGIC,
#define X(field, value) .field = (uint32_t)(value),
            MLRT_GUARD_FIELDS(X)
#undef X
#ifdef GUARD_ABI
                .abi = GUARD_ABI,
#endif
#ifdef GUARD_PROP_SIZE
            .prop_size = GUARD_PROP_SIZE,
#endif
        },
    .name = PLUGIN,
    .summary = "a plugin to test the loader with",
    .classes = (const mlrt_class *const[]){&CLASS_OBJECT(CLASS).base, NULL},
};
