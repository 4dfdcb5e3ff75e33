/* images.c - the plugin set of images. */
#include <mlrt/plugin.h>

extern const mlrt_task_class idx_class;

MLRT_PLUGIN("images", "Images and their classes", &idx_class.base);
