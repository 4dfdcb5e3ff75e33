/* registry.h - the plugins that are there, and their classes by kind and name.
 *
 * A class C of plugin P is called "C" when P is "core" or P and C are one name, else "P.C". A registry owns its names and
 * lists; plugins and classes are static data of shared objects, which are never unloaded.
 *
 * A plugin may also be promised: then its names are known, and its file is opened when one of them is asked for.
 */
#ifndef MLRT__REGISTRY_H
#define MLRT__REGISTRY_H

#include "base/arena.h"
#include <mlrt/plugin.h>

/* What can be known of a plugin without having its file open: the plugin's name, its classes' kinds and names. */
typedef struct mlrt__word {
    mlrt_kind kind;
    const char *name; /* "strike_two" */
} mlrt__word;

typedef struct mlrt__outline {
    const char *name;
    const mlrt__word *word;
    int32_t words;
} mlrt__outline;

/* A plugin that was taken, and the file it came from. */
typedef struct mlrt__loaded {
    const mlrt_plugin *plugin; /* NULL while it is a promise */
    mlrt__outline outline;
    const char *path;
} mlrt__loaded;

/* A file or folder that was not, and why. */
typedef struct mlrt__refused {
    const char *path, *reason;
} mlrt__refused;

typedef struct mlrt__entry {
    const mlrt_class *cls; /* NULL while it is a promise */
    mlrt_kind kind;
    const char *name; /* "linear", "amplitudes.strike_two" */
    mlrt__loaded *from;
} mlrt__entry;

typedef struct mlrt__registry mlrt__registry;
struct mlrt__registry {
    mlrt__arena arena;
    mlrt__loaded **plugin; /* sorted by name, once loaded */
    int32_t plugins, plugin_capacity;
    mlrt__entry *entry; /* sorted by kind, then name */
    int32_t entries, entry_capacity;
    mlrt__refused *refused; /* in the order met */
    int32_t refusals, refused_capacity;
    const char **searched; /* folders that were looked into or would have been */
    int32_t searches, searched_capacity;
    bool indexed;  /* promises are taken from indexes, and indexes kept */
    bool disputed; /* something was refused because its name is taken */
    /* Makes a promise true, or puts what is true in the place of everything there is; NULL when nothing is promised. */
    void (*open)(mlrt__registry *r, mlrt__loaded *promised);
}; /* all zeros is an empty registry */

/* Take a plugin, if all of it is right and none of its names is taken; `path` is where it came from. */
mlrt_status mlrt__registry_add(mlrt__registry *r, const mlrt_plugin *plugin, const char *path, mlrt_error *err);
/* The same in two steps: take the names, and later the plugin, which is right; false when it has other names. The outline
 * must live as long as the registry. */
mlrt_status mlrt__registry_promise(mlrt__registry *r, const mlrt__outline *outline, const char *path, mlrt_error *err);
bool mlrt__registry_keep(mlrt__registry *r, mlrt__loaded *promised, const mlrt_plugin *plugin);
mlrt__outline mlrt__outline_of(mlrt__arena *arena, const mlrt_plugin *plugin);

void mlrt__registry_refuse(mlrt__registry *r, const char *path, const char *reason);
/* Forget all plugins, names, refusals and folders, and no memory: names that were given out stay what they are. */
void mlrt__registry_clear(mlrt__registry *r);
void mlrt__registry_free(mlrt__registry *r);

/* The class of that name, good until the next call; a promise is made true first. NULL when there is none, when all
 * promises have been made true: err then says so and suggests what was meant, or where was searched. */
const mlrt__entry *mlrt__registry_find(mlrt__registry *r, mlrt_kind kind, const char *name, mlrt_error *err);
void mlrt__registry_open(mlrt__registry *r);                                    /* make all promises true */
mlrt__loaded *mlrt__registry_plugin(const mlrt__registry *r, const char *name); /* or NULL */
/* The entry of a class, for its full name; NULL when it is not from this registry. */
const mlrt__entry *mlrt__registry_entry(const mlrt__registry *r, const mlrt_class *cls);

#endif
