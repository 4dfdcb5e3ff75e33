/* registry.h - the plugins that are there, and their classes by kind and name.
 *
 * A class C of plugin P is called "C" when P is "core" or P and C are one name, else "P.C". A registry owns its names and
 * lists; plugins and classes are static data of shared objects, which are never unloaded.
 */
#ifndef MLRT__REGISTRY_H
#define MLRT__REGISTRY_H

#include "base/arena.h"
#include <mlrt/plugin.h>

/* A plugin that was taken, and the file it came from. */
typedef struct mlrt__loaded {
    const mlrt_plugin *plugin;
    const char *path;
} mlrt__loaded;

/* A file or folder that was not, and why. */
typedef struct mlrt__refused {
    const char *path, *reason;
} mlrt__refused;

typedef struct mlrt__entry {
    const mlrt_class *cls;
    const char *name; /* "linear", "amplitudes.strike_two" */
    const mlrt__loaded *from;
} mlrt__entry;

typedef struct mlrt__registry {
    mlrt__arena arena;
    mlrt__loaded **plugin; /* sorted by name, once loaded */
    int32_t plugins, plugin_capacity;
    mlrt__entry *entry; /* sorted by kind, then name */
    int32_t entries, entry_capacity;
    mlrt__refused *refused; /* in the order met */
    int32_t refusals, refused_capacity;
    const char **searched; /* folders that were looked into or would have been */
    int32_t searches, searched_capacity;
} mlrt__registry; /* all zeros is an empty registry */

/* Take a plugin, if all of it is right and none of its names is taken; `path` is where it came from. */
mlrt_status mlrt__registry_add(mlrt__registry *r, const mlrt_plugin *plugin, const char *path, mlrt_error *err);
void mlrt__registry_refuse(mlrt__registry *r, const char *path, const char *reason);
void mlrt__registry_free(mlrt__registry *r);

/* NULL when there is none; err then says so and suggests what was meant, or where was searched. */
const mlrt__entry *mlrt__registry_find(const mlrt__registry *r, mlrt_kind kind, const char *name, mlrt_error *err);
const mlrt__loaded *mlrt__registry_plugin(const mlrt__registry *r, const char *name); /* or NULL */
/* The entry of a class, for its full name; NULL when it is not from this registry. */
const mlrt__entry *mlrt__registry_entry(const mlrt__registry *r, const mlrt_class *cls);

#endif
