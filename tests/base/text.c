/* text.c - tests of names and numbers as text. */
#include "base/text.h"
#include "tap.h"

static const char *const names[] = {"linear", "layer_norm", "rms_norm", "relu", "gelu", "dropout"};

static const char *nearest(const char *name) {
    return mlrt__nearest_of(name, names, (int32_t)(sizeof names / sizeof *names));
}

static void test_nearest(void) {
    is_str(nearest("linaer"), "linear", "letters that changed places");
    is_str(nearest("layernorm"), "layer_norm", "a letter too few");
    is_str(nearest("drop_out"), "dropout", "a letter too many");
    is_str(nearest("gelu"), "gelu", "the name itself");
    is_str(nearest("convolution"), NULL, "what is like nothing suggests nothing");
    is_str(nearest(""), NULL, "nor does no name");
    char longer[200];
    memset(longer, 'l', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    is_str(nearest(longer), NULL, "nor a very long one");
    is_str(mlrt__nearest_of("linear", names, 0), NULL, "without candidates there is no suggestion");
}

static void test_matches(void) {
    ok(mlrt__matches("encoder.*.weight", "encoder.2.attention.weight"), "* stands for anything, dots too");
    ok(mlrt__matches("layer.?", "layer.1") && !mlrt__matches("layer.?", "layer.12"), "? stands for one letter");
    ok(!mlrt__matches("*.bias", "norm.gain"), "another name does not match");
}

static void test_grouped(void) {
    static const struct {
        int64_t number;
        const char *text;
    } row[] = {{0, "0"},
               {999, "999"},
               {1000, "1,000"},
               {1048576, "1,048,576"},
               {-1, "-1"},
               {-12345, "-12,345"},
               {-100, "-100"},
               {INT64_MAX, "9,223,372,036,854,775,807"},
               {INT64_MIN, "-9,223,372,036,854,775,808"}};
    char buffer[32], small[4];
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        is_str(mlrt__grouped(row[i].number, buffer, sizeof buffer), row[i].text, "%s", row[i].text);
    ok(strlen(mlrt__grouped(1234567, small, sizeof small)) < sizeof small, "a buffer that is too small is not left");
}

static void test_shortest(void) {
    static const struct {
        double number;
        const char *text;
    } row[] = {{0.1, "0.1"},
               {1e-4, "0.0001"},
               {1.0 / 3, "0.3333333333333333"},
               {0x1p-1074, "4.94065645841247e-324"},
               {3, "3"},
               {-2.5, "-2.5"},
               {0x1.fffffffffffffp1023, "1.7976931348623157e+308"}};
    char buffer[32];
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        is_str(mlrt__shortest(row[i].number, buffer, sizeof buffer), row[i].text, "%s", row[i].text);
}

static void test_json(void) {
    static const struct {
        const char *text, *json;
    } row[] = {{"", "\"\""},
               {"loss", "\"loss\""},
               {"a \"b\" \\ c", "\"a \\\"b\\\" \\\\ c\""},
               {"two\nlines\tand a bell\a", "\"two\\nlines\\u0009and a bell\\u0007\""},
               {"x\xc2\xb2", "\"x\xc2\xb2\""},
               {"\xff \xc0\xaf", "\"\\ufffd \\ufffd\\ufffd\""},
               {"half \xe2\x88", "\"half \\ufffd\\ufffd\""}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char got[128] = "";
        FILE *out = fmemopen(got, sizeof got, "w");
        mlrt__json_string(out, row[i].text);
        fclose(out);
        is_str(got, row[i].json, "as JSON: %s", row[i].json);
    }
}

static void test_clocks(void) {
    const double before = mlrt__now();
    ok(mlrt__now() >= before, "the clock does not run backwards");
    char stamp[32];
    int year, month, day, hour, minute, second;
    char zone;
    mlrt__timestamp(stamp, sizeof stamp);
    ok(sscanf(stamp, "%4d-%2d-%2dT%2d:%2d:%2d%c", &year, &month, &day, &hour, &minute, &second, &zone) == 7 &&
           zone == 'Z' && strlen(stamp) == 20,
       "a timestamp is ISO 8601 in UTC");
}

int main(void) {
    test_nearest();
    test_matches();
    test_grouped();
    test_shortest();
    test_json();
    test_clocks();
    return done_testing();
}
