/* inspect_markdown.c - documentation as a page of the manual. */
#include "plugin/inspect.h"
#include "plugin/kinds.h"
#include "plugin/props.h"
#include <ctype.h>
#include <string.h>

enum { TEXT = 1024 };

/* Text with what Markdown would take for markup escaped, but for `code`. */
static void prose(FILE *out, const char *text) {
    bool in_code = false;
    for (; text && *text; text++) {
        if (*text == '`') in_code = !in_code;
        if (strchr(in_code ? "|" : "\\*_<>[]|", *text)) fputc('\\', out);
        fputc(*text, out);
    }
}

/* Text as code; a bar would end a table's cell even there. */
static void code(FILE *out, const char *text) {
    if (!text || !*text) return;
    fputc('`', out);
    for (; *text; text++) fprintf(out, *text == '|' ? "\\|" : "%c", *text);
    fputc('`', out);
}

static void properties(FILE *out, const mlrt_class *cls) {
    if (!cls->props || !cls->props->name) return;
    fputs("\n| property | type | default | |\n|---|---|---|---|\n", out);
    for (const mlrt_prop *p = cls->props; p->name; p++) {
        char text[TEXT];
        fputs("| ", out);
        code(out, p->name);
        fputs(" | ", out);
        prose(out, mlrt__prop_type_text(p, text, sizeof text));
        fputs(" | ", out);
        mlrt__prop_default_text(p, text, sizeof text);
        if (p->required)
            fputs(text, out);
        else
            code(out, text);
        fputs(" | ", out);
        prose(out, p->doc);
        fputs(" |\n", out);
    }
    if (cls->positional) fprintf(out, "\n`%s` may be unnamed.\n", cls->positional);
}

static void port(FILE *out, const char *what, const char *role, const mlrt_port *p) {
    fprintf(out, "- %s%s%s ", role, *role ? " " : "", what);
    code(out, p->name);
    if (p->shape) fputs(" ", out);
    code(out, p->shape);
    if (p->doc && *p->doc) fputs(": ", out);
    prose(out, p->doc);
    fputc('\n', out);
}

static void ports(FILE *out, const mlrt_layer_class *layer) {
    if (layer->inputs || layer->output) fputc('\n', out);
    for (int32_t i = 0; layer->inputs && i < layer->max_inputs; i++)
        port(out, "input", mlrt__input_role(layer, i), &layer->inputs[i]);
    if (layer->output) port(out, "output", "", layer->output);
}

static void metrics(FILE *out, const mlrt_metric *m) {
    if (m && m->name) fputc('\n', out);
    for (; m && m->name; m++) {
        fputs("- metric ", out);
        code(out, m->name);
        if (m->doc) fputs(": ", out);
        prose(out, m->doc);
        fputc('\n', out);
    }
}

static void class_section(FILE *out, const mlrt__entry *entry) {
    const mlrt_class *cls = entry->cls;
    fprintf(out, "\n### %s.%s\n\n", mlrt__kinds[cls->kind].name, entry->name);
    prose(out, cls->summary);
    fputc('\n', out);
    if (cls->doc) {
        fputc('\n', out);
        prose(out, cls->doc);
        fputc('\n', out);
    }
    if (cls->source) {
        fputs("\nSource: ", out);
        prose(out, cls->source);
        fputc('\n', out);
    }
    if (cls->kind == MLRT_KIND_LAYER) ports(out, (const mlrt_layer_class *)cls);
    properties(out, cls);
    if (cls->kind == MLRT_KIND_TASK) metrics(out, ((const mlrt_task_class *)cls)->metrics);
}

static void kind_section(FILE *out, const mlrt__registry *r, const mlrt__selection *s, int kind) {
    bool first = true;
    for (int32_t i = 0; i < r->entries; i++) {
        if ((int)r->entry[i].cls->kind != kind || !mlrt__selected(s, &r->entry[i])) continue;
        const char *plural = mlrt__kinds[kind].plural;
        if (first) fprintf(out, "\n## %c%s\n", toupper((unsigned char)*plural), plural + 1);
        class_section(out, &r->entry[i]);
        first = false;
    }
}

static void initialisers(FILE *out) {
    fputs("\n## Initialisers\n\n| name | |\n|---|---|\n", out);
    for (int kind = 0; kind < MLRT__INIT_COUNT; kind++) {
        fputs("| ", out);
        code(out, mlrt__init_name((mlrt_init_kind)kind));
        fputs(" | ", out);
        prose(out, mlrt__init_doc((mlrt_init_kind)kind));
        fputs(" |\n", out);
    }
}

void mlrt__inspect_markdown(const mlrt__registry *r, const mlrt__selection *s, int width, FILE *out) {
    (void)width;
    fputs("# Plugin reference\n\nMade from the plugins' own tables by `mlrt inspect --markdown`.\n", out);
    for (int kind = 0; kind < MLRT_KIND_COUNT; kind++) kind_section(out, r, s, kind);
    if (s->kind < 0 && !s->plugin && !s->name) initialisers(out);
}
