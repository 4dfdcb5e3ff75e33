/* inspect_json.c - documentation for programs: always one object of the same shape, what is not there is null or empty. */
#include "base/text.h"
#include "plugin/inspect.h"
#include "plugin/kinds.h"
#include "plugin/props.h"
#include <math.h>
#include <string.h>

static void text_or_null(FILE *out, const char *text) {
    if (text)
        mlrt__json_string(out, text);
    else
        fputs("null", out);
}

static void member(FILE *out, const char *key, const char *text, const char *after) {
    fprintf(out, "\"%s\": ", key);
    text_or_null(out, text);
    fputs(after, out);
}

static void value(FILE *out, const mlrt__value *v) {
    char text[MLRT__VALUE_TEXT];
    mlrt__value_text(v, text, sizeof text);
    switch (v->type) {
    case MLRT__STRING: mlrt__json_string(out, v->string); break;
    case MLRT__BOOLEAN: fputs(text, out); break;
    case MLRT__NUMBER:
        if (isfinite(v->number))
            fputs(text, out);
        else
            mlrt__json_string(out, text);
        break;
    case MLRT__LIST:
        for (int32_t i = 0; i < v->count; i++) fprintf(out, "%s%.0f", i ? ", " : "[", v->item[i]);
        fputs(v->count ? "]" : "[]", out);
        break;
    default: mlrt__json_string(out, text);
    }
}

static void property(FILE *out, const mlrt_prop *p) {
    mlrt__arena arena = {0};
    mlrt__value init;
    fputs("{", out);
    member(out, "name", p->name, ", ");
    member(out, "type", mlrt__prop_type_name(p->type), ", ");
    fprintf(out, "\"required\": %s, \"default\": ", p->required ? "true" : "false");
    if (mlrt__prop_default(&arena, p, &init))
        value(out, &init);
    else
        fputs("null", out);
    fputs(", ", out);
    member(out, "range", p->range, ", \"choices\": [");
    for (int32_t i = 0; p->choices && p->choices[i]; i++) {
        if (i) fputs(", ", out);
        mlrt__json_string(out, p->choices[i]);
    }
    fputs("], ", out);
    member(out, "doc", p->doc, "}");
    mlrt__arena_free(&arena);
}

static void port(FILE *out, const mlrt_port *p, const char *role) {
    fputs("{", out);
    member(out, "name", p->name, ", ");
    member(out, "shape", p->shape, ", ");
    member(out, "role", *role ? role : NULL, ", ");
    member(out, "doc", p->doc, "}");
}

static void layer_members(FILE *out, const mlrt_class *cls) {
    const mlrt_layer_class *layer = (const mlrt_layer_class *)cls;
    fprintf(out, ",\n     \"min_inputs\": %d, \"max_inputs\": %d, \"inputs\": [", layer->min_inputs, layer->max_inputs);
    for (int32_t i = 0; layer->inputs && i < layer->max_inputs; i++) {
        if (i) fputs(", ", out);
        port(out, &layer->inputs[i], mlrt__input_role(layer, i));
    }
    fputs("], \"output\": ", out);
    if (layer->output)
        port(out, layer->output, "");
    else
        fputs("null", out);
}

static void optimizer_members(FILE *out, const mlrt_class *cls) {
    fprintf(out, ",\n     \"slots\": %d", ((const mlrt_optimizer_class *)cls)->slots);
}

static void task_members(FILE *out, const mlrt_class *cls) {
    fputs(",\n     \"metrics\": [", out);
    for (const mlrt_metric *m = ((const mlrt_task_class *)cls)->metrics; m && m->name; m++) {
        if (m != ((const mlrt_task_class *)cls)->metrics) fputs(", ", out);
        fputs("{", out);
        member(out, "name", m->name, ", ");
        member(out, "doc", m->doc, "}");
    }
    fputs("]", out);
}

static void (*const members_of[MLRT_KIND_COUNT])(FILE *out, const mlrt_class *cls) = {
    [MLRT_KIND_LAYER] = layer_members,
    [MLRT_KIND_OPTIMIZER] = optimizer_members,
    [MLRT_KIND_TASK] = task_members,
};

static void class_object(FILE *out, const mlrt__entry *entry) {
    const mlrt_class *cls = entry->cls;
    fputs("    {", out);
    member(out, "kind", mlrt__kinds[cls->kind].name, ", ");
    member(out, "name", entry->name, ", ");
    member(out, "plugin", entry->from->plugin->name, ",\n     ");
    member(out, "summary", cls->summary, ",\n     ");
    member(out, "doc", cls->doc, ",\n     ");
    member(out, "source", cls->source, ",\n     ");
    member(out, "positional", cls->positional, ",\n     \"properties\": [");
    for (const mlrt_prop *p = cls->props; p && p->name; p++) {
        fputs(p == cls->props ? "\n       " : ",\n       ", out);
        property(out, p);
    }
    fputs("]", out);
    if (members_of[cls->kind]) members_of[cls->kind](out, cls);
    fputs("}", out);
}

static void plugin_object(FILE *out, const mlrt__loaded *loaded) {
    fputs("    {", out);
    member(out, "name", loaded->plugin->name, ", ");
    member(out, "version", loaded->plugin->version, ", ");
    member(out, "summary", loaded->plugin->summary, ", ");
    member(out, "path", loaded->path, "}");
}

void mlrt__inspect_json(const mlrt__registry *r, const mlrt__selection *s, int width, FILE *out) {
    (void)width;
    const char *between = "\n";
    fputs("{\n  ", out);
    member(out, "mlrt", mlrt_version(), ",\n  \"plugins\": [");
    for (int32_t i = 0; i < r->plugins; i++) {
        if (s->plugin && s->plugin != r->plugin[i]) continue;
        fputs(between, out);
        plugin_object(out, r->plugin[i]);
        between = ",\n";
    }
    fputs("],\n  \"classes\": [", out);
    between = "\n";
    for (int32_t i = 0; i < r->entries; i++) {
        if (!mlrt__selected(s, &r->entry[i])) continue;
        fputs(between, out);
        class_object(out, &r->entry[i]);
        between = ",\n";
    }
    fputs("],\n  \"refused\": [", out);
    for (int32_t i = 0; i < r->refusals; i++) {
        fputs(i ? ",\n    {" : "\n    {", out);
        member(out, "path", r->refused[i].path, ", ");
        member(out, "reason", r->refused[i].reason, "}");
    }
    fputs("]\n}\n", out);
}
