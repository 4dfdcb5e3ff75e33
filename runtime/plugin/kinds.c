/* kinds.c - the kinds of class, a row each. */
#include "plugin/kinds.h"

#define NEEDS(type, member)                                                                                            \
    { #member, offsetof(type, member) }

const mlrt__kind mlrt__kinds[MLRT_KIND_COUNT] = {
    [MLRT_KIND_LAYER] =
        {"layer", "layers", sizeof(mlrt_layer_class), sizeof(mlrt_layer), {NEEDS(mlrt_layer_class, build)}},
    [MLRT_KIND_LOSS] = {"loss", "losses", sizeof(mlrt_loss_class), sizeof(mlrt_loss), {NEEDS(mlrt_loss_class, build)}},
    [MLRT_KIND_OPTIMIZER] = {"optimizer",
                             "optimizers",
                             sizeof(mlrt_optimizer_class),
                             sizeof(mlrt_optimizer),
                             {NEEDS(mlrt_optimizer_class, step)}},
    [MLRT_KIND_SCHEDULE] = {"schedule",
                            "schedules",
                            sizeof(mlrt_schedule_class),
                            sizeof(mlrt_schedule),
                            {NEEDS(mlrt_schedule_class, factor)}},
    [MLRT_KIND_TASK] = {"task",
                        "tasks",
                        sizeof(mlrt_task_class),
                        sizeof(mlrt_task),
                        {NEEDS(mlrt_task_class, open), NEEDS(mlrt_task_class, fetch)}},
};
