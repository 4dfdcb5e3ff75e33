/* registry.c - the plugins that are there, and their classes by kind and name. */
#include "plugin/registry.h"
#include "base/text.h"
#include "plugin/kinds.h"
#include "plugin/vet.h"
#include <stdlib.h>
#include <string.h>

/* ---- taking a plugin ---- */

static const char *full_name(mlrt__arena *arena, const mlrt_plugin *plugin, const mlrt_class *cls) {
    if (strcmp(plugin->name, "core") == 0 || strcmp(plugin->name, cls->name) == 0) return cls->name;
    return mlrt__arena_printf(arena, "%s.%s", plugin->name, cls->name);
}

static int compare_keys(mlrt_kind a_kind, const char *a_name, mlrt_kind b_kind, const char *b_name) {
    return a_kind != b_kind ? (a_kind < b_kind ? -1 : 1) : strcmp(a_name, b_name);
}

static int compare_entries(const void *a, const void *b) {
    const mlrt__entry *x = a, *y = b;
    return compare_keys(x->cls->kind, x->name, y->cls->kind, y->name);
}

static int compare_plugins(const void *a, const void *b) {
    const mlrt__loaded *const *x = a, *const *y = b;
    return strcmp((*x)->plugin->name, (*y)->plugin->name);
}

static const mlrt__entry *lookup(const mlrt__registry *r, mlrt_kind kind, const char *name) {
    int32_t low = 0, high = r->entries;
    while (low < high) {
        const int32_t middle = (low + high) / 2;
        const int order = compare_keys(r->entry[middle].cls->kind, r->entry[middle].name, kind, name);
        if (order == 0) return &r->entry[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static mlrt_status check_names(mlrt__registry *r, const mlrt_plugin *plugin, mlrt_error *err) {
    const mlrt__loaded *same = mlrt__registry_plugin(r, plugin->name);
    if (same) return mlrt_fail(err, MLRT_NAME, "plugin '%s' is already there, from '%s'", plugin->name, same->path);
    for (const mlrt_class *const *cls = plugin->classes; *cls; cls++) {
        const char *kind = mlrt__kinds[(*cls)->kind].name, *name = full_name(&r->arena, plugin, *cls);
        const mlrt__entry *taken = lookup(r, (*cls)->kind, name);
        if (taken)
            return mlrt_fail(err, MLRT_NAME, "%s '%s' is already there, from '%s'", kind, name, taken->from->path);
        for (const mlrt_class *const *other = plugin->classes; other < cls; other++)
            if ((*other)->kind == (*cls)->kind && strcmp((*other)->name, (*cls)->name) == 0)
                return mlrt_fail(err, MLRT_NAME, "it has two %s called '%s'", mlrt__kinds[(*cls)->kind].plural, name);
    }
    return MLRT_OK;
}

mlrt_status mlrt__registry_add(mlrt__registry *r, const mlrt_plugin *plugin, const char *path, mlrt_error *err) {
    mlrt_status status = mlrt__vet_guard(&plugin->guard, err);
    if (status == MLRT_OK) status = mlrt__vet_plugin(&r->arena, plugin, err);
    if (status == MLRT_OK) status = check_names(r, plugin, err);
    if (status != MLRT_OK) return status;

    mlrt__loaded *loaded = MLRT__NEW(&r->arena, mlrt__loaded);
    *loaded = (mlrt__loaded){plugin, mlrt__arena_string(&r->arena, path)};
    MLRT__ROOM(r->plugin, r->plugins, r->plugin_capacity);
    r->plugin[r->plugins++] = loaded;
    for (const mlrt_class *const *cls = plugin->classes; *cls; cls++) {
        MLRT__ROOM(r->entry, r->entries, r->entry_capacity);
        r->entry[r->entries++] = (mlrt__entry){*cls, full_name(&r->arena, plugin, *cls), loaded};
    }
    qsort(r->plugin, (size_t)r->plugins, sizeof *r->plugin, compare_plugins);
    qsort(r->entry, (size_t)r->entries, sizeof *r->entry, compare_entries);
    return MLRT_OK;
}

void mlrt__registry_refuse(mlrt__registry *r, const char *path, const char *reason) {
    MLRT__ROOM(r->refused, r->refusals, r->refused_capacity);
    r->refused[r->refusals++] =
        (mlrt__refused){mlrt__arena_string(&r->arena, path), mlrt__arena_string(&r->arena, reason)};
}

void mlrt__registry_free(mlrt__registry *r) {
    free(r->plugin);
    free(r->entry);
    free(r->refused);
    free(r->searched);
    mlrt__arena_free(&r->arena);
    *r = (mlrt__registry){0};
}

/* ---- finding ---- */

const mlrt__loaded *mlrt__registry_plugin(const mlrt__registry *r, const char *name) {
    for (int32_t i = 0; i < r->plugins; i++)
        if (strcmp(r->plugin[i]->plugin->name, name) == 0) return r->plugin[i];
    return NULL;
}

const mlrt__entry *mlrt__registry_entry(const mlrt__registry *r, const mlrt_class *cls) {
    for (int32_t i = 0; i < r->entries; i++)
        if (r->entry[i].cls == cls) return &r->entry[i];
    return NULL;
}

struct names {
    const mlrt__registry *registry;
    mlrt_kind kind;
};

static const char *nth_name(const void *list, int32_t n) {
    const struct names *names = list;
    for (int32_t i = 0; i < names->registry->entries; i++)
        if (names->registry->entry[i].cls->kind == names->kind && n-- == 0) return names->registry->entry[i].name;
    return NULL;
}

static const mlrt__entry *of_another_kind(const mlrt__registry *r, const char *name) {
    for (int32_t i = 0; i < r->entries; i++)
        if (strcmp(r->entry[i].name, name) == 0) return &r->entry[i];
    return NULL;
}

/* Where the missing class might have been: the plugins that were refused come first, they are likelier. */
static void hint_places(const mlrt__registry *r, mlrt_error *err) {
    char list[MLRT_HINT_MAX] = "";
    size_t used = 0;
    const char *between = "";
    for (int32_t i = 0; i < r->refusals && used < sizeof list; i++, between = "; ")
        used += (size_t)snprintf(list + used, sizeof list - used, "%srefused '%s': %s", between, r->refused[i].path,
                                 r->refused[i].reason);
    for (int32_t i = 0; i < r->searches && used < sizeof list; i++, between = ", ")
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s'%s'", between, i ? "" : "searched ",
                                 r->searched[i]);
    if (list[0]) mlrt_hint(err, "%s", list);
}

static void explain_missing(const mlrt__registry *r, mlrt_kind kind, const char *name, mlrt_error *err) {
    if (!err) return;
    mlrt_fail(err, MLRT_NAME, "no %s '%s'", mlrt__kinds[kind].name, name);
    const char *nearest = mlrt__nearest(name, nth_name, &(struct names){r, kind});
    const mlrt__entry *other = of_another_kind(r, name);
    if (other)
        mlrt_hint(err, "there is a %s of that name", mlrt__kinds[other->cls->kind].name);
    else if (nearest)
        mlrt_hint(err, "did you mean '%s'?", nearest);
    else
        hint_places(r, err);
}

const mlrt__entry *mlrt__registry_find(const mlrt__registry *r, mlrt_kind kind, const char *name, mlrt_error *err) {
    const mlrt__entry *entry = lookup(r, kind, name);
    if (!entry) explain_missing(r, kind, name, err);
    return entry;
}
