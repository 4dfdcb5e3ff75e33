/* loader.c - finding plugins in the folders of the search path and taking those that are right. */
#include "plugin/loader.h"
#include "base/float_mode.h"
#include "plugin/arrays.h"
#include "plugin/index.h"
#include "plugin/vet.h"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- one file ---- */

/* -ffast-math links start-up code into a shared object that makes denormals zero wherever the process computes: in Lua, in
 * data, in other plugins. (A step of training does so, too, but knows where it ends: base/float_mode.h.) */
static void *open_watched(const char *path, mlrt_error *err) {
    const mlrt__float_mode before = mlrt__get_float_mode();
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *why = dlerror();
        mlrt_fail(err, MLRT_FILE, "unable to open it: %s", why);
        if (strstr(why, "undefined symbol: mlrt_")) mlrt_hint(err, "rebuild it against mlrt %s", mlrt_version());
    } else if (mlrt__get_float_mode() != before) {
        mlrt__set_float_mode(before);
        mlrt_fail(err, MLRT_ABI, "it changes the arithmetic of the whole process: rebuild it without -ffast-math");
        handle = NULL;
    }
    return handle;
}

/* The plugin in a file that is right in itself, or NULL. */
static const mlrt_plugin *open_file(mlrt__arena *arena, const char *path, mlrt_error *err) {
    void *handle = mlrt__vet_owner(path, err) == MLRT_OK ? open_watched(path, err) : NULL;
    if (!handle) return NULL;
    const mlrt_plugin *plugin = dlsym(handle, MLRT_PLUGIN_SYMBOL);
    if (!plugin) mlrt_fail(err, MLRT_ABI, "not an mlrt plugin: it does not export '" MLRT_PLUGIN_SYMBOL "'");
    return plugin && mlrt__vet_guard(&plugin->guard, err) == MLRT_OK && mlrt__vet_plugin(arena, plugin, err) == MLRT_OK
               ? plugin
               : NULL;
}

static void refuse(mlrt__registry *r, const char *path, const mlrt_error *err) {
    char reason[MLRT_WHERE_MAX + MLRT_MESSAGE_MAX + MLRT_HINT_MAX];
    mlrt__registry_refuse(r, path, mlrt_error_text(err, reason, sizeof reason));
}

/* ---- one folder ---- */

static int is_plugin_file(const struct dirent *file) {
    const size_t length = strlen(file->d_name);
    return length > 3 && file->d_name[0] != '.' && strcmp(file->d_name + length - 3, ".so") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

/* What the index of a folder said, and what it is to say. */
typedef struct indexes {
    mlrt__index old, now;
    bool changed;
} indexes;

/* Of two that claim a name, one may be a promise that is not true. */
static mlrt_status take(mlrt__registry *r, const mlrt__outline *outline, const char *path, mlrt_error *err) {
    const mlrt_status status = mlrt__registry_promise(r, outline, path, err);
    r->disputed |= status != MLRT_OK;
    return status;
}

/* Takes the plugin of a file: what the index promises, or what the file has. */
static mlrt_status take_file(mlrt__registry *r, const char *path, indexes *x, mlrt_error *err) {
    char stamp[MLRT__STAMP];
    bool settled = false;
    const char *name = strrchr(path, '/') + 1;
    const mlrt__indexed *known = NULL;
    if (r->indexed && mlrt__vet_owner(path, err) == MLRT_OK && mlrt__file_stamp(path, stamp, &settled))
        known = mlrt__index_find(&x->old, name, stamp);
    if (known && r->open) {
        mlrt__index_add(&x->now, *known);
        return take(r, &known->outline, path, err);
    }
    const mlrt_plugin *plugin = open_file(&r->arena, path, err);
    if (!plugin) return err->status;
    const mlrt__outline outline = mlrt__outline_of(&r->arena, plugin);
    if (settled) {
        mlrt__index_add(&x->now, (mlrt__indexed){name, mlrt__arena_string(&r->arena, stamp), outline});
        x->changed = true;
    }
    const mlrt_status status = take(r, &outline, path, err);
    if (status == MLRT_OK) mlrt__registry_keep(r, mlrt__registry_plugin(r, outline.name), plugin);
    return status;
}

static void load_folder(mlrt__registry *r, const char *folder) {
    mlrt_error err = {0};
    indexes x = {0};
    struct dirent **file;
    const int count = mlrt__vet_owner(folder, &err) == MLRT_OK ? scandir(folder, &file, is_plugin_file, by_bytes) : -1;
    if (count < 0) {
        mlrt_fail(&err, MLRT_FILE, "unable to list it: %s", strerror(errno));
        refuse(r, folder, &err);
        return;
    }
    if (r->indexed) mlrt__index_read(&x.old, &r->arena, folder);
    for (int i = 0; i < count; i++) {
        const char *path = mlrt__arena_printf(&r->arena, "%s/%s", folder, file[i]->d_name);
        mlrt_error why = {0};
        if (take_file(r, path, &x, &why) != MLRT_OK) refuse(r, path, &why);
        free(file[i]);
    }
    if (r->indexed && (x.changed || x.now.files != x.old.files)) mlrt__index_write(&x.now, folder);
    mlrt__index_free(&x.old);
    mlrt__index_free(&x.now);
    free(file);
}

static bool same_folder(const char *a, const char *b) {
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A folder that was met before, by this name or another, is passed over; so is one that does not exist. */
static void visit(mlrt__registry *r, const char *folder) {
    struct stat s;
    if (!folder[0]) return;
    for (int32_t i = 0; i < r->searches; i++)
        if (strcmp(r->searched[i], folder) == 0 || same_folder(r->searched[i], folder)) return;
    MLRT__ROOM(r->searched, r->searches, r->searched_capacity);
    r->searched[r->searches++] = mlrt__arena_string(&r->arena, folder);
    if (stat(folder, &s) == 0) load_folder(r, folder);
}

/* ---- the search path ---- */

static void visit_list(mlrt__registry *r, const char *list) {
    while (list && *list) {
        const size_t length = strcspn(list, ":");
        visit(r, mlrt__arena_printf(&r->arena, "%.*s", (int)length, list));
        list += length + (list[length] == ':');
    }
}

/* What mlrt brings itself needs no file. */
static mlrt_status add_own(mlrt__registry *r, mlrt_error *err) {
    const mlrt_plugin *own = &mlrt__arrays_plugin;
    return mlrt__registry_plugin(r, own->name) ? MLRT_OK : mlrt__registry_add(r, own, "part of mlrt", err);
}

mlrt_status mlrt__plugins_load(mlrt__registry *r, const char *const *folders, int32_t count, mlrt_error *err) {
    const mlrt_status status = add_own(r, err);
    if (status != MLRT_OK) return status;
    for (int32_t i = 0; i < count; i++) {
        struct stat s;
        if (stat(folders[i], &s) != 0)
            return mlrt_fail(err, MLRT_FILE, "unable to open the plugin folder '%s': %s", folders[i], strerror(errno));
        if (!S_ISDIR(s.st_mode)) return mlrt_fail(err, MLRT_FILE, "'%s' is not a folder of plugins", folders[i]);
        visit(r, folders[i]);
    }
    visit_list(r, getenv("MLRT_PLUGIN_PATH"));
    const char *home = getenv("HOME");
    if (home && *home) visit(r, mlrt__arena_printf(&r->arena, "%s/.local/lib/mlrt/plugins", home));
    visit(r, MLRT_PLUGIN_DIR);
    return MLRT_OK;
}

/* ---- by their indexes ---- */

/* All folders again, file by file. */
static void load_again(mlrt__registry *r) {
    const int32_t folders = r->searches;
    const char **folder = mlrt__arena_copy(&r->arena, r->searched, sizeof *folder * (size_t)folders);
    mlrt__registry_clear(r);
    r->open = NULL;
    add_own(r, NULL);
    for (int32_t i = 0; i < folders; i++) visit(r, folder[i]);
}

/* A file that is not what was promised, or cannot be opened any more, makes every promise doubtful. */
static void open_promised(mlrt__registry *r, mlrt__loaded *promised) {
    mlrt_error err = {0};
    const mlrt_plugin *plugin = open_file(&r->arena, promised->path, &err);
    if (!plugin || !mlrt__registry_keep(r, promised, plugin)) load_again(r);
}

mlrt_status mlrt__plugins_promise(mlrt__registry *r, const char *const *folders, int32_t count, mlrt_error *err) {
    r->indexed = true;
    r->open = open_promised;
    const mlrt_status status = mlrt__plugins_load(r, folders, count, err);
    if (status == MLRT_OK && r->disputed) load_again(r);
    return status;
}
