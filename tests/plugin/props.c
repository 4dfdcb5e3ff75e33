/* props.c - properties: defaults, every type, and every way to be told off. */
#include "plugin/props.h"
#include "tap.h"

typedef struct thing {
    int32_t out;
    float beta2;
    double lr;
    bool bias;
    const char *path;
    int32_t activation;
    mlrt_shape kernel;
    mlrt_init init;
    int32_t free;
} thing;

static const char *const activations[] = {"relu", "gelu", "tanh", NULL};
static const mlrt_prop thing_props[] = {
    MLRT_PROP_INT(thing, out, .range = "[1, inf)", .required = true, .doc = "number of output features"),
    MLRT_PROP_F32(thing, beta2, .init = 0.999f, .range = "[0, 1)"),
    MLRT_PROP_F64(thing, lr, .init = 1e-3, .range = "(0, inf)"),
    MLRT_PROP_BOOL(thing, bias, .init = true),
    MLRT_PROP_STRING(thing, path, .init_text = "here"),
    MLRT_PROP_ENUM(thing, activation, .choices = activations, .init = 1),
    MLRT_PROP_SHAPE(thing, kernel, .init_text = "{3, 3}", .range = "[1, 9]"),
    MLRT_PROP_INIT(thing, init, .init_value = {.kind = MLRT_INIT_XAVIER_UNIFORM}),
    MLRT_PROP_INT(thing, free),
    {0},
};
static const mlrt_loss_class thing_class = {.kind = MLRT_KIND_LOSS,
                                            .size = sizeof(mlrt_loss_class),
                                            .name = "thing",
                                            .summary = "",
                                            .props = thing_props,
                                            .positional = "out"};
static const mlrt_loss_class bare_class = {.kind = MLRT_KIND_LOSS, .size = sizeof(mlrt_loss_class), .name = "bare"};

static mlrt__arena arena;

/* Set from text on a new thing; the error's line, or "ok". */
static const char *outcome(const mlrt_loss_class *cls, const char *text) {
    static char line[2048];
    mlrt_error err = {0};
    mlrt_object *object = mlrt__object_new(&arena, &cls->base, NULL, NULL);
    if (mlrt__object_set_text(&arena, object, text, &err) == MLRT_OK) return "ok";
    return mlrt_error_text(&err, line, sizeof line);
}

static const char *set_value(const char *name, mlrt__value value) {
    static char line[2048];
    mlrt_error err = {0};
    mlrt_object *object = mlrt__object_new(&arena, &thing_class.base, NULL, NULL);
    if (mlrt__object_set(&arena, object, name, &value, &err) == MLRT_OK) return "ok";
    return mlrt_error_text(&err, line, sizeof line);
}

static void test_defaults(void) {
    mlrt_object *object = mlrt__object_new(&arena, &thing_class.base, "query", "x.lua:14");
    const thing *t = mlrt_props(object);
    is_int((int64_t)(mlrt__props_size(thing_props) % 16), 0, "a struct's size is a multiple of 16");
    ok(mlrt__props_size(thing_props) >= sizeof(int32_t) + offsetof(thing, free), "and holds the last member");
    ok(mlrt__props_size(NULL) > 0, "a class without properties has a struct all the same");
    is_str(object->name, "query", "an object has its name");
    is_str(object->where, "x.lua:14", "and its place in the script");
    is_str(mlrt__object_new(&arena, &thing_class.base, NULL, NULL)->where, "", "or an empty one");
    ok(t->beta2 == 0.999f && t->lr == 1e-3 && t->bias && t->activation == 1 && t->free == 0,
       "numbers have their defaults");
    is_str(t->path, "here", "strings have their defaults");
    ok(t->kernel.rank == 2 && t->kernel.dim[0] == 3 && t->kernel.dim[1] == 3, "shapes have their defaults");
    ok(t->init.kind == MLRT_INIT_XAVIER_UNIFORM && !t->init.given, "a default initialiser was not given");
    const mlrt_loss *loss = (const mlrt_loss *)object;
    ok(loss->graph == NULL, "the rest of the instance is zero");
}

static void test_values(void) {
    mlrt_error err = {0};
    mlrt_object *object = mlrt__object_new(&arena, &thing_class.base, NULL, NULL);
    const thing *t = mlrt_props(object);
    const char *text = " out = 3, bias=false,beta2 = .5, lr = 2e-5, path = 'a, b', activation = tanh, "
                       "kernel = {1,2, 4}, init = uniform(-0.5, 0.25), free = -7 ";
    mlrt__object_set_text(&arena, object, text, &err);
    is_str(err.message, "", "every type is set from text");
    ok(t->out == 3 && !t->bias && t->beta2 == 0.5f && t->lr == 2e-5 && t->free == -7, "numbers and booleans arrive");
    is_str(t->path, "a, b", "strings arrive, commas included");
    is_int(t->activation, 2, "choices arrive as numbers");
    ok(t->kernel.rank == 3 && t->kernel.dim[2] == 4, "lists arrive as shapes");
    ok(t->init.kind == MLRT_INIT_UNIFORM && t->init.a == -0.5f && t->init.b == 0.25f && t->init.given,
       "initialisers arrive");
    const char *got[] = {"3", "0.5", "2e-05", "false", "\"a, b\"", "\"tanh\"", "{1, 2, 4}", "uniform(-0.5, 0.25)",
                         "-7"};
    for (int i = 0; thing_props[i].name; i++) {
        char shown[MLRT__VALUE_TEXT];
        const mlrt__value value = mlrt__object_get(&arena, object, &thing_props[i]);
        is_str(mlrt__value_text(&value, shown, sizeof shown), got[i], "'%s' is read back", thing_props[i].name);
        ok(mlrt__object_given(object, &thing_props[i]), "'%s' was given", thing_props[i].name);
    }
    is_str(outcome(&thing_class, ""), "ok", "no text sets nothing");
    is_str(outcome(&thing_class, "init = kaiming_normal"), "ok", "an initialiser has a name");
    is_str(outcome(&thing_class, "kernel = {}"), "ok", "an empty list is a shape");
    is_str(set_value(NULL, (mlrt__value){.type = MLRT__NUMBER, .number = 64}), "ok",
           "an unnamed value sets the positional property");
    const mlrt_init half = {.kind = MLRT_INIT_XAVIER_NORMAL, .scale = 0.5f};
    is_str(set_value("init", (mlrt__value){.type = MLRT__INIT, .init = half}), "ok", "an initialiser is a value");
}

static void test_required(void) {
    mlrt_error err = {0};
    mlrt_object *object = mlrt__object_new(&arena, &thing_class.base, NULL, NULL);
    mlrt__object_check(object, &err);
    is_str(err.message, "'out' is required: number of output features", "a required property is asked for");
    mlrt__object_set_text(&arena, object, "out = 1", NULL);
    ok(mlrt__object_check(object, NULL) == MLRT_OK, "once");
    ok(!mlrt__object_given(object, &thing_props[1]), "a default was not given");
}

static const struct {
    const char *text, *error;
} mistakes[] = {
    {"ouy = 1", "unknown property 'ouy' (did you mean 'out'?)"},
    {"frobnicate = 1", "unknown property 'frobnicate'"},
    {"out = 3.5", "'out' must be an integer, got 3.5"},
    {"out = \"a\"", "'out' must be an integer, got the string \"a\""},
    {"out = '3'", "'out' must be an integer, got the string \"3\""},
    {"out = true", "'out' must be an integer, got true"},
    {"out = {1}", "'out' must be an integer, got {1}"},
    {"out = 0", "'out' must be in [1, inf), got 0"},
    {"free = 3000000000", "'free' must fit in 32 bits, got 3000000000"},
    {"free = inf", "'free' must fit in 32 bits, got inf"},
    {"beta2 = 1", "'beta2' must be in [0, 1), got 1"},
    {"beta2 = -0.1", "'beta2' must be in [0, 1), got -0.1"},
    {"beta2 = yes", "'beta2' must be a number, got the string \"yes\""},
    {"lr = 0", "'lr' must be in (0, inf), got 0"},
    {"lr = inf", "'lr' must be in (0, inf), got inf"},
    {"bias = 1", "'bias' must be true or false, got 1"},
    {"bias = 'true'", "'bias' must be true or false, got the string \"true\""},
    {"path = 3", "'path' must be a string, got 3"},
    {"activation = rely", "'activation' must be one of 'relu', 'gelu', 'tanh', got 'rely' (did you mean 'relu'?)"},
    {"activation = 1", "'activation' must be one of 'relu', 'gelu', 'tanh', got 1"},
    {"kernel = 3", "'kernel' must be a list of integers, got 3"},
    {"kernel = {1, 2.5}", "'kernel' must be a list of integers, got {1, 2.5}"},
    {"kernel = {1, 10}", "every number of 'kernel' must be in [1, 9], got 10"},
    {"kernel = {1,1,1,1,1,1,1,1,1}", "'kernel' must have at most 8 numbers, got 9"},
    {"init = 3", "'init' must be an initialiser, got 3"},
    {"init = xavier_unifrom", "unknown initialiser 'xavier_unifrom' (did you mean 'xavier_uniform'?)"},
    {"init = normal(1, 2, 3)", "'normal' takes two numbers, got 3"},
    {"out", "expected '=' after 'out', got ''"},
    {"= 3", "expected a property's name, got '= 3'"},
    {"3 = out", "expected a property's name, got '3 = out'"},
    {"out = 3,", "expected a property's name, got ''"},
    {"out = 3 bias = false", "expected ',' between properties, got 'bias = false'"},
    {"out = ", "expected a value at the end"},
    {"out = 0x10", "expected a value, got '0x10'"},
    {"out = 3x", "expected a value, got '3x'"},
    {"out = nan", "'out' must be an integer, got the string \"nan\""},
    {"path = 'a", "unfinished string 'a"},
    {"kernel = {1 2}", "expected ',' or '}', got '2}'"},
    {"kernel = {1, a}", "expected a number, got 'a}'"},
    {"kernel = {1,", "expected a number at the end"},
};

static void test_mistakes(void) {
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
        is_str(outcome(&thing_class, mistakes[i].text), mistakes[i].error, "%s", mistakes[i].text);
    is_str(outcome(&bare_class, "out = 3"), "unknown property 'out' ('bare' has no properties)",
           "a class without properties");
    is_str(set_value("out", (mlrt__value){.type = MLRT__NUMBER, .number = NAN}), "'out' must be an integer, got nan",
           "NaN");
    is_str(set_value("lr", (mlrt__value){.type = MLRT__NUMBER, .number = NAN}), "'lr' must be a number, got nan",
           "NaN again");
    is_str(set_value("out", (mlrt__value){.type = MLRT__OTHER, .string = "a function"}),
           "'out' must be an integer, got a function", "a value no property takes");
    mlrt_error err = {0};
    mlrt_object *bare = mlrt__object_new(&arena, &bare_class.base, NULL, NULL);
    mlrt__object_set(&arena, bare, NULL, &(mlrt__value){.type = MLRT__NUMBER, .number = 64}, &err);
    is_str(err.message, "'bare' takes its properties by name, got 64 without one",
           "a class without a positional property");
}

static void test_numbers(void) {
    const struct {
        double number;
        const char *text;
    } cases[] = {{0.999f, "0.999"}, {1e-3, "0.001"}, {1e-8f, "1e-08"},  {100000, "100000"},    {-0.5, "-0.5"},
                 {INFINITY, "inf"}, {0.1, "0.1"},    {1e300, "1e+300"}, {16777217, "16777217"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[32];
        is_str(mlrt__number_text(cases[i].number, text, sizeof text), cases[i].text, "%s is written shortly",
               cases[i].text);
    }
}

static void test_intervals(void) {
    mlrt__interval i;
    ok(mlrt__interval_parse("[0, 1)", &i) && mlrt__interval_holds(&i, 0) && !mlrt__interval_holds(&i, 1),
       "[0, 1) ends before 1");
    ok(mlrt__interval_parse("(-inf,0]", &i) && mlrt__interval_holds(&i, -1e300) && mlrt__interval_holds(&i, 0),
       "(-inf,0] ends at 0");
    ok(!mlrt__interval_holds(&i, NAN), "no interval holds NaN");
    ok(mlrt__interval_parse("[2, 2]", &i) && mlrt__interval_holds(&i, 2), "[2, 2] holds 2");
    const char *const wrong[] = {"",       "0, 1",   "[0, 1",        "[0 1]",   "[1, 0]",
                                 "(1, 1)", "[a, b]", "[0, 1) or so", "[0x1, 2]"};
    for (size_t n = 0; n < sizeof wrong / sizeof *wrong; n++)
        ok(!mlrt__interval_parse(wrong[n], &i), "'%s' is not an interval", wrong[n]);
}

static const char *table_error(mlrt_prop first, mlrt_prop second, const char *positional) {
    static char line[2048];
    mlrt_error err = {0};
    const mlrt_prop props[] = {first, second, {0}};
    if (mlrt__props_check(&arena, props, positional, &err) == MLRT_OK) return "ok";
    return mlrt_error_text(&err, line, sizeof line);
}

static void test_tables(void) {
    const mlrt_prop out = MLRT_PROP_INT(thing, out), none = {0};
    is_str(table_error(out, none, "out"), "ok", "a right table");
    ok(mlrt__props_check(&arena, thing_props, "out", NULL) == MLRT_OK, "a longer one");
    is_str(table_error(out, none, "ouy"), "the positional property 'ouy' does not exist", "positional");
    is_str(table_error(out, out, NULL), "property 'out': the name is taken twice", "taken names");
    is_str(table_error((mlrt_prop){.name = "a b", .type = MLRT_PROP_TYPE_INT}, none, NULL),
           "'a b' cannot be the name of a property", "names");
    is_str(table_error((mlrt_prop){.name = "a", .type = (mlrt_prop_type)99}, none, NULL),
           "property 'a': its type 99 is unknown", "types");
    is_str(table_error((mlrt_prop){.name = "a", .type = MLRT_PROP_TYPE_F64, .offset = 4}, none, NULL),
           "property 'a': its offset 4 is wrong", "offsets");
    is_str(table_error(out, (mlrt_prop){.name = "b", .type = MLRT_PROP_TYPE_F32}, NULL),
           "property 'b': it shares memory with 'out'", "overlaps");
    is_str(table_error((mlrt_prop)MLRT_PROP_INT(thing, out, .range = "[1"), none, NULL),
           "property 'out': its range '[1' is not an interval of numbers", "ranges");
    is_str(table_error((mlrt_prop)MLRT_PROP_BOOL(thing, bias, .range = "[0, 1]"), none, NULL),
           "property 'bias': its range '[0, 1]' is not wanted by a boolean", "ranges of what has none");
    is_str(table_error((mlrt_prop)MLRT_PROP_ENUM(thing, activation), none, NULL),
           "property 'activation': it has no choices", "choices");
    is_str(table_error((mlrt_prop)MLRT_PROP_INT(thing, out, .choices = activations), none, NULL),
           "property 'out': only an enum has choices", "choices of what has none");
    is_str(table_error((mlrt_prop)MLRT_PROP_ENUM(thing, activation, .choices = activations, .init = 3), none, NULL),
           "property 'activation': its default 3 is not one of its choices", "enum defaults");
    is_str(table_error((mlrt_prop)MLRT_PROP_INT(thing, out, .range = "[1, inf)"), none, NULL),
           "property 'out': its default is refused: 'out' must be in [1, inf), got 0", "defaults out of range");
    is_str(table_error((mlrt_prop)MLRT_PROP_SHAPE(thing, kernel, .init_text = "3"), none, NULL),
           "property 'kernel': its default is refused: 'kernel' must be a list of integers, got 3", "shape defaults");
    is_str(table_error((mlrt_prop)MLRT_PROP_SHAPE(thing, kernel, .init_text = "{3"), none, NULL),
           "property 'kernel': its default '{3' is not a list of integers", "unreadable defaults");
}

int main(void) {
    test_defaults();
    test_values();
    test_required();
    test_mistakes();
    test_numbers();
    test_intervals();
    test_tables();
    mlrt__arena_free(&arena);
    return done_testing();
}
