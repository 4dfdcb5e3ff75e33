/* inspect.c - documentation out of tables: what the pages say, and that the JSON is JSON. */
#include "plugin/inspect.h"
#include "tap.h"
#include <ctype.h>

typedef struct bend {
    int32_t out;
    double rate;
    int32_t shape;
    const char *note;
} bend;

static const char *const shapes[] = {"hook", "bow", NULL};
static const mlrt_prop bend_props[] = {
    MLRT_PROP_INT(bend, out, .range = "[1, inf)", .required = true, .doc = "number of output features"),
    MLRT_PROP_F64(bend, rate, .init = INFINITY, .doc = "how fast, with \"quotes\" and a | bar"),
    MLRT_PROP_ENUM(bend, shape, .choices = shapes, .init = 1, .doc = "which way"),
    MLRT_PROP_STRING(bend, note),
    {0},
};
static const mlrt_port bend_inputs[] = {
    {"x", "[..., in]", "features"}, {"mask", "[batch]", NULL}, {"truth", "[batch]", "what is right"}};
static const mlrt_port bend_output = {"y", "[..., out]", "bent features"};

static mlrt_node *build(const mlrt_layer *self, mlrt_node *const in[]) { return self ? in[0] : NULL; }
static mlrt_node *build_loss(const mlrt_loss *self, mlrt_node *a, mlrt_node *b) { return self ? a : b; }
static void step(const mlrt_optimizer *self, const mlrt_range *range) { (void)self, (void)range; }
static mlrt_status open_task(mlrt_task *self, mlrt_error *err) { return self && err ? MLRT_OK : MLRT_ARGUMENT; }
static void fetch(const mlrt_task *self, mlrt_split split, const int64_t *index, int64_t n, void *const buffer[]) {
    (void)self, (void)split, (void)index, (void)n, (void)buffer;
}
static void score(const mlrt_task *self, const mlrt_batch *batch, double *sum, double *weight) {
    (void)self, (void)batch, (void)sum, (void)weight;
}
static const mlrt_metric metrics[] = {{"hits", "how many are right", score}, {"near", NULL, score}, {0}};

MLRT_LAYER(bend, .summary = "y = x_1 * x_2", .positional = "out", .source = "Hooke 1678",
           .doc = "A layer with much to say for itself, so that its text has to be wrapped somewhere.\n\nTwice.",
           .props = bend_props, .min_inputs = 1, .max_inputs = 3, .first_target = 2, .inputs = bend_inputs,
           .output = &bend_output, .build = build);
MLRT_LOSS(bend_loss, .summary = "a loss", .build = build_loss);
MLRT_OPTIMIZER(roll, .summary = "downhill", .slots = 2, .step = step);
MLRT_TASK(data, .summary = "numbers", .open = open_task, .fetch = fetch, .metrics = metrics);

static mlrt__registry registry;

/* What is printed for a name; freed by the next call. */
static const char *page(const char *name, mlrt__inspect_format format, int width) {
    static char *text;
    size_t size;
    free(text);
    FILE *out = open_memstream(&text, &size);
    mlrt_error err = {0};
    if (mlrt__inspect(&registry, name, format, width, out, &err) != MLRT_OK) {
        char line[2048];
        fputs(mlrt_error_text(&err, line, sizeof line), out);
    }
    fclose(out);
    return text;
}

static size_t longest_line(const char *text) {
    size_t longest = 0;
    for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
        if (strcspn(text, "\n") > longest) longest = strcspn(text, "\n");
    return longest;
}

/* ---- a reader of JSON that says no more than whether it is: moves *s behind one value, or to NULL ---- */

static const char *space(const char *s) {
    while (isspace((unsigned char)*s)) s++;
    return s;
}

static const char *json_string(const char *s) {
    if (*s++ != '"') return NULL;
    for (; *s != '"'; s++) {
        if ((unsigned char)*s < 0x20) return NULL;
        if (*s == '\\' && !strchr("\"\\/bfnrtu", *++s)) return NULL;
    }
    return s + 1;
}

static const char *json(const char *s) {
    s = space(s);
    if (*s == '"') return json_string(s);
    if (*s != '{' && *s != '[') {
        const size_t n = strspn(s, "+-.eE0123456789truefalsn");
        return n ? s + n : NULL;
    }
    const char close = *s == '{' ? '}' : ']';
    s = space(s + 1);
    if (*s == close) return s + 1;
    for (;; s++) {
        if (close == '}') {
            s = json_string(space(s));
            if (!s || *(s = space(s)) != ':') return NULL;
            s++;
        }
        s = json(s);
        if (!s) return NULL;
        s = space(s);
        if (*s == close) return s + 1;
        if (*s != ',') return NULL;
    }
}

static bool is_json(const char *text) {
    const char *end = json(text);
    return end && !*space(end);
}

static const char *const class_page = "layer.bend: y = x_1 * x_2\n"
                                      "plugin lab, /a/lab.so\n"
                                      "\n"
                                      "A layer with much to say for itself, so that its text has to\n"
                                      "be wrapped somewhere.\n"
                                      "\n"
                                      "Twice.\n"
                                      "\n"
                                      "source\n"
                                      "  Hooke 1678\n"
                                      "\n"
                                      "inputs\n"
                                      "  x      [..., in]: features\n"
                                      "  mask   [batch], optional\n"
                                      "  truth  [batch], target: what is right\n"
                                      "\n"
                                      "output\n"
                                      "  y      [..., out]: bent features\n"
                                      "\n"
                                      "properties\n"
                                      "  out    integer in [1, inf), required; may be unnamed\n"
                                      "         number of output features\n"
                                      "  rate   number, default inf\n"
                                      "         how fast, with \"quotes\" and a | bar\n"
                                      "  shape  choice of \"hook\", \"bow\", default \"bow\"\n"
                                      "         which way\n"
                                      "  note   string\n";

static const char *const whole = "plugins\n"
                                 "  lab  things to look at, version 2\n"
                                 "       /a/lab.so\n"
                                 "\n"
                                 "layers\n"
                                 "  lab.bend  y = x_1 * x_2\n"
                                 "\n"
                                 "losses\n"
                                 "  lab.bend_loss  a loss\n"
                                 "\n"
                                 "optimizers\n"
                                 "  lab.roll  downhill\n"
                                 "\n"
                                 "tasks\n"
                                 "  lab.data  numbers\n"
                                 "\n"
                                 "refused\n"
                                 "  /b/bad.so\n"
                                 "      not good \"enough\"\n";

static void test_plain(void) {
    char text[4096];
    is_str(page("layer.lab.bend", MLRT__INSPECT_PLAIN, 60),
           strcat(strcpy(text, "layer.lab.bend"), class_page + strlen("layer.bend")), "a class's page");
    is_str(page(NULL, MLRT__INSPECT_PLAIN, 80), whole, "the whole list");
    ok(longest_line(page("layer.lab.bend", MLRT__INSPECT_PLAIN, 44)) <= 44, "lines fit a narrow terminal");
    has_str(page("lab.bend", MLRT__INSPECT_PLAIN, 80), "layer.lab.bend: ", "a class is found without its kind");
    has_str(page("lab", MLRT__INSPECT_PLAIN, 80), "/a/lab.so", "a plugin has a page");
    is_str(page("loss", MLRT__INSPECT_PLAIN, 80), "\nlosses\n  lab.bend_loss  a loss\n", "a kind has a page");
    has_str(page("task.lab.data", MLRT__INSPECT_PLAIN, 80), "metrics\n  hits  how many are right\n  near\n",
            "a task's metrics");
    has_str(page("optimizer.lab.roll", MLRT__INSPECT_PLAIN, 80), "keeps 2 numbers for each parameter",
            "an optimizer's slots");
    is_str(page("layer.lab.bent", MLRT__INSPECT_PLAIN, 80), "no layer 'lab.bent' (did you mean 'lab.bend'?)",
           "a misspelt class");
    is_str(page("lob", MLRT__INSPECT_PLAIN, 80), "no class, kind or plugin 'lob' (did you mean 'lab'?)",
           "a misspelt plugin");
}

static void test_json(void) {
    const char *const names[] = {NULL,      "layer", "layer.lab.bend", "lab", "task.lab.data", "optimizer.lab.roll",
                                 "schedule"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ok(is_json(page(names[i], MLRT__INSPECT_JSON, 80)), "JSON for %s", names[i] ? names[i] : "everything");
    const char *text = page("layer.lab.bend", MLRT__INSPECT_JSON, 80);
    has_str(text,
            "{\"name\": \"out\", \"type\": \"integer\", \"required\": true, \"default\": null, \"range\": \"[1, inf)\"",
            "a property is an object");
    has_str(text, "\"default\": \"inf\"", "infinity is a string");
    has_str(text, "\"default\": \"bow\", \"range\": null, \"choices\": [\"hook\", \"bow\"]", "choices are a list");
    has_str(text, "\"role\": \"target\"", "inputs have roles");
    ok(!is_json("{\"a\": }") && !is_json("[1,]") && !is_json("{} {}"),
       "the reader of this test refuses what is not JSON");
}

static void test_markdown(void) {
    const char *text = page(NULL, MLRT__INSPECT_MARKDOWN, 80);
    has_str(text, "## Layers\n\n### layer.lab.bend\n\ny = x\\_1 \\* x\\_2\n", "markup is escaped");
    has_str(text, "| `out` | integer in \\[1, inf) | required | number of output features |", "properties are a table");
    has_str(text, "a \\| bar", "bars too");
    has_str(text, "- optional input `mask` `[batch]`\n", "inputs are a list");
    has_str(text, "- metric `hits`: how many are right\n", "metrics too");
    has_str(text, "| `orthogonal` |", "initialisers are explained");
    ok(!strstr(text, "/a/lab.so") && !strstr(text, "bad.so"), "nothing is said of paths");
}

int main(void) {
    static mlrt_plugin lab;
    lab = (mlrt_plugin){.guard = MLRT_GUARD,
                        .name = "lab",
                        .summary = "things to look at",
                        .version = "2",
                        .classes = (const mlrt_class *const[]){&bend_class.base, &bend_loss_class.base,
                                                               &roll_class.base, &data_class.base, NULL}};
    mlrt_error err = {0};
    ok(mlrt__registry_add(&registry, &lab, "/a/lab.so", &err) == MLRT_OK, "the plugin is taken");
    if (err.status != MLRT_OK) diag("%s: %s", err.where, err.message);
    mlrt__registry_refuse(&registry, "/b/bad.so", "not good \"enough\"");
    test_plain();
    test_json();
    test_markdown();
    mlrt__registry_free(&registry);
    return done_testing();
}
