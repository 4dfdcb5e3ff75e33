/* inspect.h - a plugin's documentation out of its tables: what `mlrt inspect` prints. */
#ifndef MLRT__INSPECT_H
#define MLRT__INSPECT_H

#include "plugin/registry.h"
#include "plugin/value.h"
#include <stdio.h>

typedef enum mlrt__inspect_format {
    MLRT__INSPECT_PLAIN,    /* for a terminal of `width` columns */
    MLRT__INSPECT_JSON,     /* one object: mlrt, plugins, classes, refused */
    MLRT__INSPECT_MARKDOWN, /* a reference page; says nothing of paths, so that it is the same everywhere */
} mlrt__inspect_format;

/* Print what `name` is: "layer.linear" a class, "layer" every layer, "core" a plugin, "linear" each class called so; NULL:
 * all there is, and what was refused. Fails, printing nothing, when there is no such thing. */
mlrt_status mlrt__inspect(mlrt__registry *r, const char *name, mlrt__inspect_format format, int width, FILE *out,
                          mlrt_error *err);

/* ---- shared by the three writers ---- */

/* What was asked for; a part that was not named is -1 or NULL and lets everything through. */
typedef struct mlrt__selection {
    int kind;
    const mlrt__loaded *plugin;
    const char *name;
} mlrt__selection;

bool mlrt__selected(const mlrt__selection *s, const mlrt__entry *entry);
/* "integer in [1, inf)", "choice of \"relu\", \"gelu\"". */
const char *mlrt__prop_type_text(const mlrt_prop *prop, char *buffer, size_t size);
/* "required", "0.001", or "" when there is nothing to show. */
const char *mlrt__prop_default_text(const mlrt_prop *prop, char *buffer, size_t size);
/* What to say of a layer's i-th input besides its own words: "optional", "target", or "". */
const char *mlrt__input_role(const mlrt_layer_class *layer, int32_t i);

typedef void mlrt__inspect_writer(const mlrt__registry *r, const mlrt__selection *s, int width, FILE *out);
mlrt__inspect_writer mlrt__inspect_plain, mlrt__inspect_json, mlrt__inspect_markdown;

#endif
