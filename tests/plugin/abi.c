/* abi.c - what plugins are built against has the sizes that it had when the ABI's version was chosen. A struct that grows
 * takes a new MLRT_ABI_VERSION, so that plugins built before are refused by the number that people read; then the sizes
 * below are those of the new version. */
#include "tap.h"
#include <mlrt/mlrt.h>

enum { VERSION = 2 };

#define SIZE(type, bytes)                                                                                              \
    { #type, sizeof(type), bytes }

static const struct {
    const char *name;
    size_t now, then;
} sizes[] = {
    /* defined by plugins */
    SIZE(mlrt_plugin, 72),
    SIZE(mlrt_guard, 40),
    SIZE(mlrt_layer_class, 112),
    SIZE(mlrt_loss_class, 72),
    SIZE(mlrt_optimizer_class, 80),
    SIZE(mlrt_schedule_class, 72),
    SIZE(mlrt_task_class, 128),
    SIZE(mlrt_prop, 88),
    SIZE(mlrt_case, 32),
    SIZE(mlrt_port, 24),
    SIZE(mlrt_metric, 24),
    SIZE(mlrt_op, 80),
    SIZE(mlrt_attention_options, 56),
    /* handed to plugins */
    SIZE(mlrt_layer, 40),
    SIZE(mlrt_loss, 40),
    SIZE(mlrt_optimizer, 32),
    SIZE(mlrt_schedule, 32),
    SIZE(mlrt_task, 1864),
    SIZE(mlrt_range, 72),
    SIZE(mlrt_batch, 112),
    SIZE(mlrt_claim, 96),
    SIZE(mlrt_call, 168),
    SIZE(mlrt_tensor, 88),
    SIZE(mlrt_vocabulary, 16),
    SIZE(mlrt_error, 2052),
};

int main(void) {
    is_int(MLRT_ABI_VERSION, VERSION, "the version is the one whose sizes are known here");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        is_int((int64_t)sizes[i].now, (int64_t)sizes[i].then, "%s has the size it had", sizes[i].name);
    return done_testing();
}
