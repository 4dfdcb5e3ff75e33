/* fixture.c - the plugins of this build, and a class built into a graph, compiled and run. */
#include "fixture.h"
#include "plugin/layer.h"
#include "plugin/loader.h"
#include "plugin/props.h"
#include "tap.h"

/* ---- plugins ---- */

mlrt__registry *fixture_registry(void) {
    static mlrt__registry registry;
    mlrt_error err = {0};
    if (registry.plugins) return &registry;
    mlrt__plugins_load(&registry, NULL, 0, &err);
    for (int32_t i = 0; i < registry.refusals; i++)
        diag("refused %s: %s", registry.refused[i].path, registry.refused[i].reason);
    if (!mlrt__registry_plugin(&registry, "core")) {
        printf("Bail out! no plugin 'core' in MLRT_PLUGIN_PATH; run tests with ./with-mlrt\n");
        exit(1);
    }
    return &registry;
}

const mlrt_class *fixture_class(mlrt_kind kind, const char *name) {
    char text[MLRT_MESSAGE_MAX];
    mlrt_error err = {0};
    const mlrt__entry *entry = mlrt__registry_find(fixture_registry(), kind, name, &err);
    if (entry) return entry->cls;
    printf("Bail out! %s\n", mlrt_error_text(&err, text, sizeof text));
    exit(1);
}

/* ---- inputs from a text ---- */

static bool word(const char **at, const char *text) {
    *at += strspn(*at, " ");
    const size_t n = strlen(text);
    if (strncmp(*at, text, n) != 0) return false;
    *at += n;
    return true;
}

static bool number(const char **at, int64_t *n) {
    char *end;
    *n = strtoll(*at, &end, 10);
    const bool any = end != *at;
    *at = end;
    return any;
}

static bool shape_parse(const char **at, mlrt_shape *shape) {
    *shape = MLRT_SCALAR;
    if (!word(at, "[")) return false;
    if (word(at, "]")) return true;
    do {
        if (shape->rank == MLRT_MAX_RANK || !number(at, &shape->dim[shape->rank++])) return false;
    } while (word(at, ","));
    return word(at, "]");
}

/* Names in parentheses for the first tokens, numbers for the others. */
static bool tokens_parse(mlrt__arena *arena, const char **at, mlrt_vocabulary *v) {
    const char **token = MLRT__NEWS(arena, const char *, v->size);
    int32_t i = 0;
    if (word(at, "(")) {
        for (; !word(at, ")"); i++) {
            const size_t n = strcspn(*at, " )");
            if (i == v->size || n == 0) return false;
            token[i] = mlrt__arena_printf(arena, "%.*s", (int)n, *at);
            *at += n;
        }
    }
    for (; i < v->size; i++) token[i] = mlrt__arena_printf(arena, "%d", i);
    v->token = token;
    return true;
}

static bool spec_parse(mlrt__arena *arena, const char **at, fixture_spec *s) {
    int64_t below = 0;
    *s = (fixture_spec){.dtype = MLRT_F32};
    if (word(at, "i32"))
        s->dtype = MLRT_I32;
    else if (!word(at, "f32"))
        return false;
    if (!shape_parse(at, &s->shape)) return false;
    if (!word(at, "<")) return s->dtype == MLRT_F32;
    if (!number(at, &below)) return false;
    s->vocabulary.size = (int32_t)below;
    return tokens_parse(arena, at, &s->vocabulary);
}

int32_t fixture_inputs(mlrt__arena *arena, const char *text, fixture_spec spec[FIXTURE_INPUTS]) {
    int32_t count = 0;
    if (!*text) return 0;
    do {
        if (count == FIXTURE_INPUTS || !spec_parse(arena, &text, &spec[count++])) return -1;
    } while (word(&text, ","));
    return *text ? -1 : count;
}

/* ---- one class in a graph ---- */

static bool fine(const fixture *f) { return f->err.status == MLRT_OK; }

mlrt_object *fixture_object(fixture *f, const mlrt_class *cls, const char *props) {
    mlrt_object *object = mlrt__object_new(&f->arena, cls, NULL, "");
    if (mlrt__object_set_text(&f->arena, object, props, &f->err) == MLRT_OK) mlrt__object_check(object, &f->err);
    return object;
}

static void add_fields(fixture *f) {
    for (int32_t i = 0; i < f->inputs; i++) {
        const fixture_spec *s = &f->spec[i];
        const char *name = mlrt__arena_printf(&f->arena, "x%d", i);
        const mlrt_vocabulary *v = s->dtype == MLRT_I32 ? &s->vocabulary : NULL;
        f->x[i] = mlrt__graph_input(f->graph, name, s->dtype, s->shape, v);
    }
}

bool fixture_begin(fixture *f, const char *inputs, bool training) {
    f->inputs = fixture_inputs(&f->arena, inputs, f->spec);
    if (f->inputs < 0) mlrt_fail(&f->err, MLRT_FORMAT, "cannot read the inputs '%s'", inputs);
    if (!fine(f)) return false;
    f->graph = mlrt__graph_new(&f->params, training);
    add_fields(f);
    return true;
}

bool fixture_build(fixture *f, const mlrt_class *cls, const char *props, const char *inputs, bool training) {
    mlrt_object *object = fixture_object(f, cls, props);
    if (!fixture_begin(f, inputs, training)) return false;
    if (cls->kind == MLRT_KIND_LAYER)
        f->y = mlrt__layer_build(f->graph, (mlrt_layer *)object, "", f->x, f->inputs, !training);
    else
        f->y = mlrt__loss_build(f->graph, (mlrt_loss *)object, f->x[0], f->x[1]);
    f->err = f->graph->error;
    return fine(f);
}

bool fixture_compile(fixture *f, const mlrt__want *want, int32_t count) {
    return fixture_compile_at(f, want, count, NULL);
}

bool fixture_compile_at(fixture *f, const mlrt__want *want, int32_t count, const mlrt__home *home) {
    if (!fine(f)) return false;
    mlrt__params_layout(&f->params);
    f->buffer = mlrt__alloc_large(sizeof(float) * (size_t)mlrt__params_size(&f->params));
    mlrt__params_init(&f->params, 1, f->buffer, &f->err);
    if (fine(f)) mlrt__program_new_at(f->graph, want, count, f->buffer, home, &f->program, &f->err);
    return fine(f);
}

void fixture_fill(fixture *f, const char *field, const void *data) {
    if (!fine(f)) return;
    const mlrt_tensor t = mlrt__program_input(f->program, field);
    if (t.data) memcpy(t.data, data, mlrt_tensor_bytes(&t));
}

float *fixture_param(fixture *f, const char *name) {
    const int32_t i = mlrt__params_find(&f->params, name);
    return i < 0 ? NULL : f->buffer + f->params.param[i]->offset;
}

bool fixture_run(fixture *f) {
    if (fine(f)) mlrt__program_run(f->program, 1, ++f->step, &f->err);
    return fine(f);
}

const float *fixture_result(const fixture *f, int32_t i) { return mlrt__program_result(f->program, i).data; }

const char *fixture_error(const fixture *f) {
    static char text[MLRT_WHERE_MAX + MLRT_MESSAGE_MAX + MLRT_HINT_MAX];
    return fine(f) ? "" : mlrt_error_text(&f->err, text, sizeof text);
}

void fixture_free(fixture *f) {
    mlrt__program_free(f->program);
    if (f->graph) mlrt__graph_free(f->graph);
    mlrt__params_free(&f->params);
    mlrt__free_large(f->buffer);
    mlrt__arena_free(&f->arena);
    *f = (fixture){0};
}
