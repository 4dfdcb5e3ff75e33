/* vet.c - is a plugin what it says it is? */
#include "plugin/vet.h"
#include "plugin/kinds.h"
#include "plugin/layer.h"
#include "plugin/props.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the guard ---- */

mlrt_status mlrt__vet_guard(const mlrt_guard *guard, mlrt_error *err) {
    static const mlrt_guard expected = MLRT_GUARD;
    if (memcmp(guard->magic, expected.magic, sizeof guard->magic) != 0)
        return mlrt_fail(err, MLRT_ABI, "not an mlrt plugin: '" MLRT_PLUGIN_SYMBOL "' does not begin with '%.8s'",
                         expected.magic);
#define X(field, value)                                                                                                \
    if (guard->field != expected.field)                                                                                \
        return mlrt_fail(err, MLRT_ABI,                                                                                \
                         "built for another mlrt: its " #field " is %u, expected %u; rebuild it against "              \
                         "mlrt %s",                                                                                    \
                         guard->field, expected.field, mlrt_version());
    MLRT_GUARD_FIELDS(X)
#undef X
    return MLRT_OK;
}

/* ---- the classes ---- */

static mlrt_status vet_functions(const mlrt_class *cls, mlrt_error *err) {
    const mlrt__kind *kind = &mlrt__kinds[cls->kind];
    for (int i = 0; i < MLRT__NEEDED && kind->needed[i].name; i++) {
        void (*function)(void);
        memcpy(&function, (const char *)cls + kind->needed[i].offset, sizeof function);
        if (!function) return mlrt_fail(err, MLRT_ABI, "it has no '%s' function", kind->needed[i].name);
    }
    return MLRT_OK;
}

static mlrt_status vet_layer(const mlrt_class *cls, mlrt_error *err) {
    const int32_t least = ((const mlrt_layer_class *)cls)->min_inputs,
                  most = ((const mlrt_layer_class *)cls)->max_inputs;
    return least >= 0 && least <= most && most <= MLRT__MOST_INPUTS
               ? MLRT_OK
               : mlrt_fail(err, MLRT_ABI, "it takes %d to %d inputs, expected 0 to %d", least, most, MLRT__MOST_INPUTS);
}

static mlrt_status vet_optimizer(const mlrt_class *cls, mlrt_error *err) {
    const int32_t slots = ((const mlrt_optimizer_class *)cls)->slots;
    return slots >= 0 && slots <= MLRT_MAX_SLOTS
               ? MLRT_OK
               : mlrt_fail(err, MLRT_ABI, "it has %d slots, expected 0 to %d", slots, MLRT_MAX_SLOTS);
}

/* Loaders sort and print by these before anything else is known about a class. */
static mlrt_status vet_identity(const mlrt_class *cls, mlrt_error *err) {
    if ((uint32_t)cls->kind >= MLRT_KIND_COUNT)
        return mlrt_fail(err, MLRT_ABI, "a class has the unknown kind %d", cls->kind);
    if (!mlrt__is_identifier(cls->name))
        return mlrt_fail(err, MLRT_ABI, "'%s' cannot be the name of a class", cls->name ? cls->name : "");
    return MLRT_OK;
}

static mlrt_status vet_class(mlrt__arena *arena, const mlrt_class *cls, mlrt_error *err) {
    const size_t size = mlrt__kinds[cls->kind].class_size;
    if (cls->size != size)
        return mlrt_fail(err, MLRT_ABI, "its struct has %u bytes, expected %zu; rebuild it against mlrt %s", cls->size,
                         size, mlrt_version());
    if (!cls->summary) return mlrt_fail(err, MLRT_ABI, "it has no summary");
    if (vet_functions(cls, err) != MLRT_OK) return MLRT_ABI;
    if (cls->kind == MLRT_KIND_LAYER && vet_layer(cls, err) != MLRT_OK) return MLRT_ABI;
    if (cls->kind == MLRT_KIND_OPTIMIZER && vet_optimizer(cls, err) != MLRT_OK) return MLRT_ABI;
    return mlrt__props_check(arena, cls->props, cls->positional, err);
}

mlrt_status mlrt__vet_plugin(mlrt__arena *arena, const mlrt_plugin *plugin, mlrt_error *err) {
    if (!mlrt__is_identifier(plugin->name))
        return mlrt_fail(err, MLRT_ABI, "'%s' cannot be the name of a plugin", plugin->name ? plugin->name : "");
    if (!plugin->summary || !plugin->classes) return mlrt_fail(err, MLRT_ABI, "it has no summary or no classes");
    for (const mlrt_class *const *cls = plugin->classes; *cls; cls++) {
        if (vet_identity(*cls, err) != MLRT_OK) return MLRT_ABI;
        if (vet_class(arena, *cls, err) != MLRT_OK)
            return mlrt_at(err, "%s '%s'", mlrt__kinds[(*cls)->kind].name, (*cls)->name);
    }
    return MLRT_OK;
}

/* ---- the file ---- */

mlrt_status mlrt__vet_owner(const char *path, mlrt_error *err) {
    struct stat s;
    if (stat(path, &s) != 0) return mlrt_fail(err, MLRT_FILE, "unable to read it: %s", strerror(errno));
    const char *what = S_ISDIR(s.st_mode) ? "folder" : "file";
    const uid_t user = geteuid();
    if (s.st_uid != 0 && s.st_uid != user)
        return mlrt_fail(err, MLRT_FILE, "the %s belongs to another user (uid %u)", what, (unsigned)s.st_uid);
    /* A group of the user's own, with the user's number, is the user. */
    const bool shared_group = s.st_gid != 0 && s.st_gid != user;
    if ((s.st_mode & S_IWOTH) || ((s.st_mode & S_IWGRP) && shared_group))
        return mlrt_fail(err, MLRT_FILE, "others may write to the %s (mode %03o); chmod go-w '%s'", what,
                         (unsigned)s.st_mode & 0777, path);
    return MLRT_OK;
}
