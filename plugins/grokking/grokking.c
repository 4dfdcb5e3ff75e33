/* grokking.c - the plugin set of the papers on delayed generalisation. */
#include <mlrt/plugin.h>

extern const mlrt_task_class binary_operation_class;

MLRT_PLUGIN("grokking", "Tasks on which networks generalise late", &binary_operation_class.base);
