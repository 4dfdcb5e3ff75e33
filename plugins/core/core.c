/* core.c - the plugin: its list of classes. */
#include "core.h"

static const mlrt_class *const classes[] = {
#define X(kind, name) &name##_class.base,
    CORE_CLASSES(X)
#undef X
        NULL};

MLRT_API const mlrt_plugin mlrt_plugin_v = {
    .guard = MLRT_GUARD,
    .name = "core",
    .summary = "General layers, losses, optimizers and schedules",
    .classes = classes,
};
