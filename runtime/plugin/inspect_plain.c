/* inspect_plain.c - documentation for a terminal: names in one column, sentences wrapped in the next. */
#include "plugin/inspect.h"
#include "plugin/kinds.h"
#include "plugin/props.h"
#include <string.h>

enum { INDENT = 2, NAME_MAX_WIDTH = 26, NARROWEST = 20, TEXT = 1024 };

/* ---- columns ---- */

static int columns(const char *text, size_t bytes) {
    int count = 0;
    for (size_t i = 0; i < bytes; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80; /* UTF-8 continues with 10xxxxxx */
    return count;
}

static int text_columns(const char *text) { return columns(text, strlen(text)); }

/* Words from column `at` on, wrapped to begin again at `indent`; ends the line. */
static void wrapped(FILE *out, const char *text, int at, int indent, int width) {
    const int last = width > indent + NARROWEST ? width : indent + NARROWEST;
    if (at < indent) fprintf(out, "%*s", indent - at, "");
    int column = indent > at ? indent : at;
    bool first = true;
    for (const char *word = text; *(word += strspn(word, " "));) {
        if (*word == '\n') {
            fprintf(out, "\n%*s", indent, "");
            column = indent, first = true, word++;
            continue;
        }
        const size_t bytes = strcspn(word, " \n");
        const int wide = columns(word, bytes);
        if (!first && column + 1 + wide > last) {
            fprintf(out, "\n%*s", indent, "");
            column = indent, first = true;
        }
        fprintf(out, "%s%.*s", first ? "" : " ", (int)bytes, word);
        column += wide + !first;
        first = false;
        word += bytes;
    }
    fputc('\n', out);
}

/* A name and what is said of it; a long name has a line of its own. */
static void row(FILE *out, const char *name, const char *text, int column, int width) {
    fprintf(out, "%*s%s", INDENT, "", name);
    int at = INDENT + text_columns(name);
    if (*text && at >= column) {
        fputc('\n', out);
        at = 0;
    }
    wrapped(out, text, at, *text ? column : at, width);
}

static int name_column(int longest) { return INDENT + 2 + (longest < NAME_MAX_WIDTH ? longest : NAME_MAX_WIDTH); }

static void widen(int *longest, const char *name) {
    const int wide = text_columns(name);
    if (wide > *longest) *longest = wide;
}

/* ---- one class ---- */

static void properties(FILE *out, const mlrt_class *cls, int width) {
    int longest = 0;
    for (const mlrt_prop *p = cls->props; p && p->name; p++) widen(&longest, p->name);
    if (longest) fprintf(out, "\nproperties\n");
    for (const mlrt_prop *p = cls->props; p && p->name; p++) {
        char type[TEXT], init[TEXT], text[3 * TEXT];
        mlrt__prop_type_text(p, type, sizeof type);
        mlrt__prop_default_text(p, init, sizeof init);
        const bool positional = cls->positional && strcmp(cls->positional, p->name) == 0;
        snprintf(text, sizeof text, "%s%s%s%s%s%s", type, p->required || !*init ? "" : ", default ",
                 p->required ? ", " : "", init, positional ? "; may be unnamed" : "", p->doc ? "\n" : "");
        if (p->doc) strncat(text, p->doc, sizeof text - strlen(text) - 1);
        row(out, p->name, text, name_column(longest), width);
    }
}

static void port(FILE *out, const mlrt_port *p, const char *role, int column, int width) {
    char text[TEXT];
    snprintf(text, sizeof text, "%s%s%s%s%s", p->shape ? p->shape : "", *role ? ", " : "", role,
             p->doc && *p->doc ? ": " : "", p->doc ? p->doc : "");
    row(out, p->name, text, column, width);
}

static void ports(FILE *out, const mlrt_layer_class *layer, int width) {
    int longest = layer->output ? text_columns(layer->output->name) : 0;
    for (int32_t i = 0; layer->inputs && i < layer->max_inputs; i++) widen(&longest, layer->inputs[i].name);
    if (layer->inputs)
        fprintf(out, "\ninputs\n");
    else if (layer->min_inputs == layer->max_inputs)
        fprintf(out, "\ninputs: %d\n", layer->max_inputs);
    else
        fprintf(out, "\ninputs: %d to %d\n", layer->min_inputs, layer->max_inputs);
    for (int32_t i = 0; layer->inputs && i < layer->max_inputs; i++)
        port(out, &layer->inputs[i], mlrt__input_role(layer, i), name_column(longest), width);
    if (!layer->output) return;
    fprintf(out, "\noutput\n");
    port(out, layer->output, "", name_column(longest), width);
}

static void metrics(FILE *out, const mlrt_task_class *task, int width) {
    int longest = 0;
    for (const mlrt_metric *m = task->metrics; m && m->name; m++) widen(&longest, m->name);
    if (longest) fprintf(out, "\nmetrics\n");
    for (const mlrt_metric *m = task->metrics; m && m->name; m++)
        row(out, m->name, m->doc ? m->doc : "", name_column(longest), width);
}

static void class_page(FILE *out, const mlrt__entry *entry, int width) {
    const mlrt_class *cls = entry->cls;
    char title[TEXT];
    snprintf(title, sizeof title, "%s.%s: %s", mlrt__kinds[cls->kind].name, entry->name, cls->summary);
    wrapped(out, title, 0, 0, width);
    fprintf(out, "plugin %s, %s\n", entry->from->plugin->name, entry->from->path);
    if (cls->doc) {
        fputc('\n', out);
        wrapped(out, cls->doc, 0, 0, width);
    }
    if (cls->source) {
        fprintf(out, "\nsource\n");
        wrapped(out, cls->source, 0, INDENT, width);
    }
    if (cls->kind == MLRT_KIND_LAYER) ports(out, (const mlrt_layer_class *)cls, width);
    properties(out, cls, width);
    if (cls->kind == MLRT_KIND_TASK) metrics(out, (const mlrt_task_class *)cls, width);
    if (cls->kind == MLRT_KIND_OPTIMIZER)
        fprintf(out, "\nkeeps %d numbers for each parameter\n", ((const mlrt_optimizer_class *)cls)->slots);
}

/* ---- many ---- */

static void kind_list(FILE *out, const mlrt__registry *r, const mlrt__selection *s, mlrt_kind kind, int width) {
    int longest = 0;
    for (int32_t i = 0; i < r->entries; i++)
        if (mlrt__selected(s, &r->entry[i]) && r->entry[i].cls->kind == kind) widen(&longest, r->entry[i].name);
    if (longest) fprintf(out, "\n%s\n", mlrt__kinds[kind].plural);
    for (int32_t i = 0; i < r->entries; i++)
        if (mlrt__selected(s, &r->entry[i]) && r->entry[i].cls->kind == kind)
            row(out, r->entry[i].name, r->entry[i].cls->summary, name_column(longest), width);
}

static void plugin_row(FILE *out, const mlrt__loaded *loaded, int column, int width) {
    char text[TEXT];
    const mlrt_plugin *p = loaded->plugin;
    snprintf(text, sizeof text, "%s%s%s\n%s", p->summary, p->version ? ", version " : "", p->version ? p->version : "",
             loaded->path);
    row(out, p->name, text, column, width);
}

static void plugins(FILE *out, const mlrt__registry *r, const mlrt__selection *s, int width) {
    int longest = 0;
    for (int32_t i = 0; i < r->plugins; i++)
        if (!s->plugin || s->plugin == r->plugin[i]) widen(&longest, r->plugin[i]->plugin->name);
    fprintf(out, "plugins\n");
    for (int32_t i = 0; i < r->plugins; i++)
        if (!s->plugin || s->plugin == r->plugin[i]) plugin_row(out, r->plugin[i], name_column(longest), width);
}

void mlrt__inspect_plain(const mlrt__registry *r, const mlrt__selection *s, int width, FILE *out) {
    if (s->name) {
        bool first = true;
        for (int32_t i = 0; i < r->entries; i++) {
            if (!mlrt__selected(s, &r->entry[i])) continue;
            if (!first) fputc('\n', out);
            class_page(out, &r->entry[i], width);
            first = false;
        }
        return;
    }
    if (s->kind < 0) plugins(out, r, s, width);
    for (int kind = 0; kind < MLRT_KIND_COUNT; kind++) kind_list(out, r, s, (mlrt_kind)kind, width);
    if (s->kind >= 0 || s->plugin || !r->refusals) return;
    fprintf(out, "\nrefused\n");
    for (int32_t i = 0; i < r->refusals; i++) {
        fprintf(out, "%*s%s\n", INDENT, "", r->refused[i].path);
        wrapped(out, r->refused[i].reason, 0, 2 * INDENT + INDENT, width);
    }
}
