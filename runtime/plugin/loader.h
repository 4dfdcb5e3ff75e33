/* loader.h - finding plugins in the folders of the search path and taking those that are right.
 *
 * The path, in order: the folders given by hand, those of $MLRT_PLUGIN_PATH (separated by colons),
 * ~/.local/lib/mlrt/plugins, and the folder that mlrt was installed with. Every *.so of a folder is opened, sorted by name.
 * Plugins are opened RTLD_NOW | RTLD_LOCAL, so that an unresolved symbol shows at once and no plugin sees another's, and
 * are never closed: nodes, classes and strings point into them.
 */
#ifndef MLRT__LOADER_H
#define MLRT__LOADER_H

#include "plugin/registry.h"

/* Fails only when one of the `count` folders given by hand does not exist. What is refused on the way, a file or a folder,
 * is on the registry's list with a reason, and the rest is loaded. */
mlrt_status mlrt__plugins_load(mlrt__registry *r, const char *const *folders, int32_t count, mlrt_error *err);
/* The same, but a file that has not changed since it was last opened is only promised, by its folder's index (index.h). */
mlrt_status mlrt__plugins_promise(mlrt__registry *r, const char *const *folders, int32_t count, mlrt_error *err);

#endif
