/* inspect.c - what is asked for, and the words that every way of printing it shares. */
#include "plugin/inspect.h"
#include "base/text.h"
#include "plugin/kinds.h"
#include "plugin/props.h"
#include <string.h>

/* ---- what is asked for ---- */

bool mlrt__selected(const mlrt__selection *s, const mlrt__entry *entry) {
    return (s->kind < 0 || s->kind == (int)entry->cls->kind) && (!s->plugin || s->plugin == entry->from) &&
           (!s->name || strcmp(s->name, entry->name) == 0);
}

static int kind_of(const char *name, size_t length) {
    for (int kind = 0; kind < MLRT_KIND_COUNT; kind++)
        if (strlen(mlrt__kinds[kind].name) == length && memcmp(mlrt__kinds[kind].name, name, length) == 0) return kind;
    return -1;
}

static bool any_class(const mlrt__registry *r, const mlrt__selection *s) {
    for (int32_t i = 0; i < r->entries; i++)
        if (mlrt__selected(s, &r->entry[i])) return true;
    return false;
}

static const char *nth_name(const void *registry, int32_t i) {
    const mlrt__registry *r = registry;
    if (i < MLRT_KIND_COUNT) return mlrt__kinds[i].name;
    i -= MLRT_KIND_COUNT;
    if (i < r->plugins) return r->plugin[i]->plugin->name;
    i -= r->plugins;
    return i < r->entries ? r->entry[i].name : NULL;
}

static mlrt_status not_found(const mlrt__registry *r, const char *name, mlrt_error *err) {
    mlrt_fail(err, MLRT_NAME, "no class, kind or plugin '%s'", name);
    const char *nearest = mlrt__nearest(name, nth_name, r);
    if (nearest) mlrt_hint(err, "did you mean '%s'?", nearest);
    return MLRT_NAME;
}

static mlrt_status select_name(mlrt__registry *r, const char *name, mlrt__selection *s, mlrt_error *err) {
    *s = (mlrt__selection){.kind = -1};
    if (!name) return MLRT_OK;
    const size_t length = strcspn(name, ".");
    const int kind = kind_of(name, length);
    if (kind >= 0 && !name[length]) { /* "layer" */
        s->kind = kind;
        return MLRT_OK;
    }
    if (kind >= 0) { /* "layer.linear" */
        s->kind = kind;
        s->name = name + length + 1;
        return mlrt__registry_find(r, (mlrt_kind)kind, s->name, err) ? MLRT_OK : MLRT_NAME;
    }
    s->plugin = mlrt__registry_plugin(r, name);
    if (s->plugin) return MLRT_OK;
    s->name = name;
    return any_class(r, s) ? MLRT_OK : not_found(r, name, err);
}

mlrt_status mlrt__inspect(mlrt__registry *r, const char *name, mlrt__inspect_format format, int width, FILE *out,
                          mlrt_error *err) {
    static mlrt__inspect_writer *const writers[] = {
        [MLRT__INSPECT_PLAIN] = mlrt__inspect_plain,
        [MLRT__INSPECT_JSON] = mlrt__inspect_json,
        [MLRT__INSPECT_MARKDOWN] = mlrt__inspect_markdown,
    };
    mlrt__selection selection;
    const mlrt_status status = select_name(r, name, &selection, err);
    if (status == MLRT_OK) writers[format](r, &selection, width, out);
    return status;
}

/* ---- words ---- */

const char *mlrt__prop_type_text(const mlrt_prop *prop, char *buffer, size_t size) {
    const char *type = mlrt__prop_type_name(prop->type);
    size_t used =
        (size_t)snprintf(buffer, size, "%s%s%s", type, prop->range ? " in " : "", prop->range ? prop->range : "");
    for (int32_t i = 0; prop->choices && prop->choices[i] && used < size; i++)
        used += (size_t)snprintf(buffer + used, size - used, "%s\"%s\"", i ? ", " : " of ", prop->choices[i]);
    return buffer;
}

const char *mlrt__prop_default_text(const mlrt_prop *prop, char *buffer, size_t size) {
    mlrt__arena arena = {0};
    mlrt__value value;
    if (prop->required)
        snprintf(buffer, size, "required");
    else if (mlrt__prop_default(&arena, prop, &value))
        mlrt__value_text(&value, buffer, size);
    else
        buffer[0] = 0;
    mlrt__arena_free(&arena);
    return buffer;
}

const char *mlrt__input_role(const mlrt_layer_class *layer, int32_t i) {
    if (layer->first_target > 0 && i >= layer->first_target) return "target";
    return i >= layer->min_inputs ? "optional" : "";
}
