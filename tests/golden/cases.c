/* cases.c - every case of every core class as JSON, for make_golden.py: inputs, PyTorch expression, parameters. */
#include "base/text.h"
#include "fixture.h"
#include "golden/golden.h"
#include "plugin/kinds.h"
#include <string.h>

static void pair(const char *key, const char *value) {
    printf("\"%s\": ", key);
    mlrt__json_string(stdout, value ? value : "");
    printf(", ");
}

static void shape(const mlrt_shape *s) {
    printf("\"shape\": [");
    for (int32_t i = 0; i < s->rank; i++) printf("%s%lld", i ? ", " : "", (long long)s->dim[i]);
    printf("]}");
}

static void built(const fixture *f) {
    printf("\"inputs\": [");
    for (int32_t i = 0; i < f->inputs; i++) {
        printf("%s{\"dtype\": \"%s\", \"below\": %d, ", i ? ", " : "", mlrt_dtype_name(f->spec[i].dtype),
               f->spec[i].vocabulary.size);
        shape(&f->spec[i].shape);
    }
    printf("], \"params\": [");
    const char *comma = "";
    for (int32_t i = 0; i < f->params.count; i++) {
        if (!f->params.param[i]->trained) continue;
        printf("%s{", comma);
        pair("name", f->params.param[i]->name);
        shape(&f->params.param[i]->shape);
        comma = ", ";
    }
    printf("], ");
}

static bool print(const mlrt_class *cls, const mlrt_case *c, int32_t index) {
    fixture f = {0};
    const bool graph = cls->kind == MLRT_KIND_LAYER || cls->kind == MLRT_KIND_LOSS;
    char name[128];
    snprintf(name, sizeof name, "%s.%d", cls->name, index);
    if (graph && !fixture_build(&f, cls, c->props, c->inputs, true)) {
        fprintf(stderr, "cases: %s: %s\n", name, fixture_error(&f));
        return false;
    }
    static const char *comma = "";
    printf("%s\n{", comma);
    comma = ",";
    pair("name", name);
    if (graph) built(&f);
    pair("torch", c->torch);
    pair("kind", mlrt__kinds[cls->kind].name);
    printf("\"text\": ");
    char text[1024];
    mlrt__json_string(stdout, golden_text(c, text, sizeof text));
    printf("}");
    fixture_free(&f);
    return true;
}

static bool print_all(void) {
    const mlrt__registry *r = fixture_registry();
    bool fine = true;
    for (int32_t i = 0; i < r->entries; i++) {
        const mlrt_class *cls = r->entry[i].cls;
        if (strcmp(r->entry[i].from->plugin->name, "core") != 0 || !cls->cases) continue;
        for (int32_t k = 0; cls->cases[k].torch; k++) fine = print(cls, &cls->cases[k], k) && fine;
    }
    return fine;
}

/* cases: all of them; cases transformer: the one of the golden transformer. */
int main(int argc, char **argv) {
    printf("[");
    const bool one = argc > 1 && strcmp(argv[1], "transformer") == 0;
    const bool fine = one ? print(fixture_class(MLRT_KIND_LAYER, "seq2seq"), &golden_transformer, 0) : print_all();
    puts("\n]");
    return !fine;
}
