/* registry.c - the plugins that are there, and their classes by kind and name. */
#include "plugin/registry.h"
#include "base/text.h"
#include "plugin/kinds.h"
#include "plugin/vet.h"
#include <stdlib.h>
#include <string.h>

/* ---- taking a plugin ---- */

static const char *full_name(mlrt__arena *arena, const char *plugin, const char *name) {
    if (strcmp(plugin, "core") == 0 || strcmp(plugin, name) == 0) return name;
    return mlrt__arena_printf(arena, "%s.%s", plugin, name);
}

static int compare_keys(mlrt_kind a_kind, const char *a_name, mlrt_kind b_kind, const char *b_name) {
    return a_kind != b_kind ? (a_kind < b_kind ? -1 : 1) : strcmp(a_name, b_name);
}

static int compare_entries(const void *a, const void *b) {
    const mlrt__entry *x = a, *y = b;
    return compare_keys(x->kind, x->name, y->kind, y->name);
}

static int compare_plugins(const void *a, const void *b) {
    const mlrt__loaded *const *x = a, *const *y = b;
    return strcmp((*x)->outline.name, (*y)->outline.name);
}

static mlrt__entry *lookup(const mlrt__registry *r, mlrt_kind kind, const char *name) {
    int32_t low = 0, high = r->entries;
    while (low < high) {
        const int32_t middle = (low + high) / 2;
        const int order = compare_keys(r->entry[middle].kind, r->entry[middle].name, kind, name);
        if (order == 0) return &r->entry[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static mlrt_status check_names(mlrt__registry *r, const mlrt__outline *o, mlrt_error *err) {
    const mlrt__loaded *same = mlrt__registry_plugin(r, o->name);
    if (same) return mlrt_fail(err, MLRT_NAME, "plugin '%s' is already there, from '%s'", o->name, same->path);
    for (int32_t i = 0; i < o->words; i++) {
        const mlrt_kind kind = o->word[i].kind;
        const char *name = full_name(&r->arena, o->name, o->word[i].name);
        const mlrt__entry *taken = lookup(r, kind, name);
        if (taken)
            return mlrt_fail(err, MLRT_NAME, "%s '%s' is already there, from '%s'", mlrt__kinds[kind].name, name,
                             taken->from->path);
        for (int32_t k = 0; k < i; k++)
            if (o->word[k].kind == kind && strcmp(o->word[k].name, o->word[i].name) == 0)
                return mlrt_fail(err, MLRT_NAME, "it has two %s called '%s'", mlrt__kinds[kind].plural, name);
    }
    return MLRT_OK;
}

mlrt__outline mlrt__outline_of(mlrt__arena *arena, const mlrt_plugin *plugin) {
    int32_t count = 0;
    while (plugin->classes[count]) count++;
    mlrt__word *word = MLRT__NEWS(arena, mlrt__word, count);
    for (int32_t i = 0; i < count; i++) word[i] = (mlrt__word){plugin->classes[i]->kind, plugin->classes[i]->name};
    return (mlrt__outline){plugin->name, word, count};
}

static bool same_outline(const mlrt__outline *a, const mlrt__outline *b) {
    if (a->words != b->words || strcmp(a->name, b->name) != 0) return false;
    for (int32_t i = 0; i < a->words; i++)
        if (a->word[i].kind != b->word[i].kind || strcmp(a->word[i].name, b->word[i].name) != 0) return false;
    return true;
}

mlrt_status mlrt__registry_promise(mlrt__registry *r, const mlrt__outline *outline, const char *path, mlrt_error *err) {
    const mlrt_status status = check_names(r, outline, err);
    if (status != MLRT_OK) return status;
    mlrt__loaded *loaded = MLRT__NEW(&r->arena, mlrt__loaded);
    *loaded = (mlrt__loaded){NULL, *outline, mlrt__arena_string(&r->arena, path)};
    MLRT__ROOM(r->plugin, r->plugins, r->plugin_capacity);
    r->plugin[r->plugins++] = loaded;
    for (int32_t i = 0; i < outline->words; i++) {
        const mlrt__word *w = &outline->word[i];
        MLRT__ROOM(r->entry, r->entries, r->entry_capacity);
        r->entry[r->entries++] = (mlrt__entry){NULL, w->kind, full_name(&r->arena, outline->name, w->name), loaded};
    }
    qsort(r->plugin, (size_t)r->plugins, sizeof *r->plugin, compare_plugins);
    qsort(r->entry, (size_t)r->entries, sizeof *r->entry, compare_entries);
    return MLRT_OK;
}

bool mlrt__registry_keep(mlrt__registry *r, mlrt__loaded *promised, const mlrt_plugin *plugin) {
    const mlrt__outline truth = mlrt__outline_of(&r->arena, plugin);
    if (!same_outline(&promised->outline, &truth)) return false;
    promised->plugin = plugin;
    for (const mlrt_class *const *cls = plugin->classes; *cls; cls++)
        lookup(r, (*cls)->kind, full_name(&r->arena, plugin->name, (*cls)->name))->cls = *cls;
    return true;
}

mlrt_status mlrt__registry_add(mlrt__registry *r, const mlrt_plugin *plugin, const char *path, mlrt_error *err) {
    mlrt_status status = mlrt__vet_guard(&plugin->guard, err);
    if (status == MLRT_OK) status = mlrt__vet_plugin(&r->arena, plugin, err);
    if (status != MLRT_OK) return status;
    const mlrt__outline outline = mlrt__outline_of(&r->arena, plugin);
    status = mlrt__registry_promise(r, &outline, path, err);
    if (status == MLRT_OK) mlrt__registry_keep(r, mlrt__registry_plugin(r, plugin->name), plugin);
    return status;
}

void mlrt__registry_refuse(mlrt__registry *r, const char *path, const char *reason) {
    MLRT__ROOM(r->refused, r->refusals, r->refused_capacity);
    r->refused[r->refusals++] =
        (mlrt__refused){mlrt__arena_string(&r->arena, path), mlrt__arena_string(&r->arena, reason)};
}

void mlrt__registry_clear(mlrt__registry *r) { r->plugins = r->entries = r->refusals = r->searches = 0; }

void mlrt__registry_free(mlrt__registry *r) {
    free(r->plugin);
    free(r->entry);
    free(r->refused);
    free(r->searched);
    mlrt__arena_free(&r->arena);
    *r = (mlrt__registry){0};
}

/* ---- finding ---- */

mlrt__loaded *mlrt__registry_plugin(const mlrt__registry *r, const char *name) {
    for (int32_t i = 0; i < r->plugins; i++)
        if (strcmp(r->plugin[i]->outline.name, name) == 0) return r->plugin[i];
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
        if (names->registry->entry[i].kind == names->kind && n-- == 0) return names->registry->entry[i].name;
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

/* `broken`: it was promised, so what was refused is the reason. */
static void explain_missing(const mlrt__registry *r, mlrt_kind kind, const char *name, bool broken, mlrt_error *err) {
    if (!err) return;
    mlrt_fail(err, MLRT_NAME, "no %s '%s'", mlrt__kinds[kind].name, name);
    const char *nearest = mlrt__nearest(name, nth_name, &(struct names){r, kind});
    const mlrt__entry *other = of_another_kind(r, name);
    if (broken)
        hint_places(r, err);
    else if (other)
        mlrt_hint(err, "there is a %s of that name", mlrt__kinds[other->kind].name);
    else if (nearest)
        mlrt_hint(err, "did you mean '%s'?", nearest);
    else
        hint_places(r, err);
}

/* Opening may put other lists in the place of these, with nothing promised. */
void mlrt__registry_open(mlrt__registry *r) {
    for (int32_t i = 0; i < r->plugins; i++)
        if (!r->plugin[i]->plugin) r->open(r, r->plugin[i]);
}

const mlrt__entry *mlrt__registry_find(mlrt__registry *r, mlrt_kind kind, const char *name, mlrt_error *err) {
    const mlrt__entry *entry = lookup(r, kind, name);
    const bool promised = entry;
    if (entry && entry->cls) return entry;
    if (promised)
        r->open(r, entry->from);
    else
        mlrt__registry_open(r);
    entry = lookup(r, kind, name);
    if (!entry) explain_missing(r, kind, name, promised, err);
    return entry;
}
