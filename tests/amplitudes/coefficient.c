/* coefficient.c - the task amplitudes.coefficient: splits, tokens, metrics, and where it finds its data. */
#include "opened.h"
#include "scratch.h"
#include "tap.h"
#include <sys/stat.h>

enum { LETTERS = 6, MOST_TOKENS = 8 };

static bool task_open(open_task *o, const char *properties) {
    return task_opened(o, "amplitudes.coefficient", properties);
}

/* One example: its word as text, and its target's tokens. */
static void example(const open_task *o, mlrt_split split, int64_t i, char *word, int32_t *target) {
    int32_t letters[2 * LETTERS];
    o->cls->fetch(o->task, split, &i, 1, (void *[]){letters, target});
    o->cls->decode(o->task, 0, letters, word, 64);
}

/* The target of a word of either split, as text and as tokens. */
static const char *target_of(const open_task *o, const char *word, int32_t *target) {
    static char text[64];
    for (mlrt_split s = 0; s < MLRT_SPLITS; s++)
        for (int64_t i = 0; i < o->task->size[s]; i++) {
            char found[64];
            example(o, s, i, found, target);
            if (strcmp(found, word) != 0) continue;
            o->cls->decode(o->task, 1, target, text, sizeof text);
            return text;
        }
    return NULL;
}

static const char *write_text(const char *name, const char *text) {
    const char *path = scratch(name);
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
    return path;
}

/* ---- splits ---- */

static int compare(const void *a, const void *b) { return strcmp(a, b); }

/* All words of both splits, sorted; the caller frees them. */
static char (*all_words(const open_task *o))[64] {
    const int64_t train = o->task->size[MLRT_TRAIN], test = o->task->size[MLRT_TEST];
    char(*word)[64] = calloc((size_t)(train + test), sizeof *word);
    int32_t target[MOST_TOKENS];
    for (int64_t i = 0; i < train; i++) example(o, MLRT_TRAIN, i, word[i], target);
    for (int64_t i = 0; i < test; i++) example(o, MLRT_TEST, i, word[train + i], target);
    qsort(word, (size_t)(train + test), sizeof *word, compare);
    return word;
}

static void test_splits(void) {
    open_task o, again, other;
    int32_t target[MOST_TOKENS];
    char word[3][64];
    if (!ok(task_open(&o, "loop = 4"), "L = 4 is computed")) exit(1);
    is_int(o.task->size[MLRT_TEST], 1000, "1,000 words are held out");
    is_int(o.task->size[MLRT_TRAIN], 10208, "the others are trained on");
    char(*all)[64] = all_words(&o);
    int64_t twice = 0;
    for (int64_t i = 1; i < 11208; i++) twice += strcmp(all[i - 1], all[i]) == 0;
    is_int(twice, 0, "no word is in both splits, and none is left out");
    free(all);
    task_open(&again, "loop = 4");
    task_open(&other, "loop = 4, seed = 1");
    int32_t same = 0, moved = 0;
    for (int64_t i = 0; i < 100; i++) {
        example(&o, MLRT_TEST, i, word[0], target);
        example(&again, MLRT_TEST, i, word[1], target);
        example(&other, MLRT_TEST, i, word[2], target);
        same += strcmp(word[0], word[1]) == 0;
        moved += strcmp(word[0], word[2]) != 0;
    }
    is_int(same, 100, "the same seed splits alike");
    ok(moved > 90, "another seed splits otherwise");
    task_close(&o), task_close(&again), task_close(&other);
}

static void test_sizes(void) {
    static const struct {
        const char *properties;
        int64_t train, test;
    } rows[] = {{"loop = 3", 508, 128}, /* a fifth at most is held out */
                {"loop = 3, test = 100", 536, 100},
                {"loop = 3, train = 0.5", 318, 318},
                {"loop = 3, train = 0.9", 572, 64},
                {"loop = 4, train = 0.01, test = 5", 112, 5}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_task o;
        task_open(&o, rows[i].properties);
        is_int(o.task->size[MLRT_TRAIN], rows[i].train, "%s: training words", rows[i].properties);
        is_int(o.task->size[MLRT_TEST], rows[i].test, "%s: test words", rows[i].properties);
        task_close(&o);
    }
}

/* ---- tokens ---- */

static const char numbers[] = "aaaaae 2022\naaaaaf 15360\naaaead 1000\naaaabd -7\naaaabf -1002003\naaaacd 999\n";

static void test_tokens(void) {
    static const struct {
        const char *word, *value, *magnitude, *sign;
    } rows[] = {{"aaaaae", "+ 2 22", "+ 2 22", "+ 1"},   {"aaaaaf", "+ 15 360", "+ 15 360", "+ 1"},
                {"aaaead", "+ 1 0", "+ 1 0", "+ 1"},     {"aaaabd", "- 7", "+ 7", "- 1"},
                {"aaaabf", "- 1 2 3", "+ 1 2 3", "- 1"}, {"aaaacd", "+ 999", "+ 999", "+ 1"}};
    static const char *const targets[] = {"value", "magnitude", "sign"};
    const char *path = write_text("numbers.txt", numbers);
    for (int32_t t = 0; t < 3; t++) {
        open_task o;
        char properties[2 * SCRATCH_PATH + 64];
        int32_t target[MOST_TOKENS];
        snprintf(properties, sizeof properties, "loop = 3, target = %s, data = \"%s\"", targets[t], path);
        if (!ok(task_open(&o, properties), "a file of one's own, target = %s", targets[t])) exit(1);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            const char *want = t == 0 ? rows[i].value : t == 1 ? rows[i].magnitude : rows[i].sign;
            is_str(target_of(&o, rows[i].word, target), want, "%s as tokens", rows[i].word);
        }
        is_int(o.task->field[1].shape.dim[0], t == 2 ? 3 : 5, "room for the longest and its end");
        task_close(&o);
    }
}

static void test_fields(void) {
    open_task o;
    int32_t target[MOST_TOKENS];
    task_open(&o, "loop = 3");
    const mlrt_vocabulary *v = o.task->field[1].vocabulary;
    is_int(o.task->field[0].shape.dim[0], LETTERS, "a word of three loops has six letters");
    is_int(o.task->field[0].vocabulary->size, 6, "of six");
    is_int(v->size, 1004, "a number has 1,000 digits, two signs, an end and padding");
    ok(!o.task->field[0].target && o.task->field[1].target, "which is what is predicted");
    is_str(target_of(&o, "aaaaae", target), "- 384", "aaaaae has the coefficient -384");
    is_str(v->token[target[0]], "-", "the sign comes first");
    is_str(v->token[target[1]], "384", "then the digits");
    is_str(v->token[target[2]], "end", "then the end");
    task_close(&o);
}

/* ---- metrics of answers made by hand ---- */

static double metric(const open_task *o, const char *name, const mlrt_batch *batch) {
    double sum = 0, weight = 0;
    for (const mlrt_metric *m = o->cls->metrics; m->name; m++)
        if (strcmp(m->name, name) == 0) m->score(o->task, batch, &sum, &weight);
    return sum / weight;
}

static void is_scored(const open_task *o, const mlrt_batch *batch, const char *what) {
    is_close(metric(o, "accuracy", batch), 0.4, 1e-12, "%s: two of five are right", what);
    is_close(metric(o, "magnitude_accuracy", batch), 0.6, 1e-12, "%s: three magnitudes are", what);
    is_close(metric(o, "sign_accuracy", batch), 0.8, 1e-12, "%s: four signs are", what);
    is_close(metric(o, "plus_share", batch), 0.8, 1e-12, "%s: four are said to be positive", what);
}

/* Five answers: right, right with rubbish behind the end, wrong sign, wrong digit, too short. */
static void test_metrics(void) {
    enum { COUNT = 5, LENGTH = 5, TOKENS = 1004 };
    static const char *const words[COUNT] = {"aaaabf", "aaaacd", "aaaabd", "aaaaaf", "aaaead"};
    open_task o;
    char properties[2 * SCRATCH_PATH + 64];
    int32_t target[COUNT * LENGTH], answer[COUNT * LENGTH];
    snprintf(properties, sizeof properties, "loop = 3, data = \"%s\"", write_text("numbers.txt", numbers));
    task_open(&o, properties);
    for (int32_t i = 0; i < COUNT; i++) target_of(&o, words[i], target + i * LENGTH);
    memcpy(answer, target, sizeof answer);
    const mlrt_vocabulary *v = o.task->field[1].vocabulary;
    answer[1 * LENGTH + 4] = mlrt_token(v, "7");
    answer[2 * LENGTH + 0] = mlrt_token(v, "+");
    answer[3 * LENGTH + 2] = mlrt_token(v, "361");
    answer[4 * LENGTH + 2] = mlrt_token(v, "end");

    mlrt_tensor field[] = {{MLRT_I32, MLRT_SHAPE_OF(COUNT, LETTERS), NULL},
                           {MLRT_I32, MLRT_SHAPE_OF(COUNT, LENGTH), target}};
    mlrt_batch batch = {MLRT_TEST, COUNT, {MLRT_I32, MLRT_SHAPE_OF(COUNT, LENGTH), answer}, field};
    is_scored(&o, &batch, "tokens");
    float *logits = calloc(COUNT * LENGTH * TOKENS, sizeof *logits);
    for (int32_t i = 0; i < COUNT * LENGTH; i++) logits[i * TOKENS + answer[i]] = 1;
    batch.prediction = (mlrt_tensor){MLRT_F32, MLRT_SHAPE_OF(COUNT, LENGTH, TOKENS), logits};
    is_scored(&o, &batch, "logits");
    free(logits);
    task_close(&o);
}

/* ---- other forms, bases, zeros ---- */

static void test_quads(void) {
    static const struct {
        const char *properties;
        int64_t keys;
    } rows[] = {{"loop = 2, form = quad", 2}, {"loop = 3, form = quad", 55}, {"loop = 4, form = quad", 1001}};
    open_task o;
    int32_t target[MOST_TOKENS];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        task_open(&o, rows[i].properties);
        is_int(o.task->size[MLRT_TRAIN] + o.task->size[MLRT_TEST], rows[i].keys, "%s: keys", rows[i].properties);
        task_close(&o);
    }
    task_open(&o, "loop = 3, form = quad");
    is_int(o.task->field[0].shape.dim[0], 3, "two letters and a suffix");
    is_int(o.task->field[0].vocabulary->size, 14, "of six letters and eight suffixes");
    is_str(target_of(&o, "aacddd", target), NULL, "aa cddd is none");
    is_str(target_of(&o, "aabbdd", target), "+ 4", "aa bbdd has the coefficient of aabbdd");
    task_close(&o);
    task_open(&o, "loop = 1, form = quad");
    is_str(o.err.message, "words of 1 loops are too short for form 'quad': expected loop >= 2", "one loop has none");
    task_close(&o);
    task_open(&o, "loop = 3, form = quad, zeros = naive");
    is_str(o.err.message, "form 'quad' has no zeros: expected zeros = \"none\", got \"naive\"", "nor are there zeros");
    task_close(&o);
}

static void test_octuples(void) {
    open_task o;
    int32_t target[MOST_TOKENS];
    task_open(&o, "loop = 4, form = octuple");
    is_int(o.task->size[MLRT_TRAIN] + o.task->size[MLRT_TEST], 49, "octuple keys of four loops");
    is_int(o.task->field[0].shape.dim[0], 1, "which are a suffix each");
    is_int(o.task->field[0].vocabulary->size, 100, "of 94, beside six letters");
    is_str(target_of(&o, "bbbbbbbd", target), "+ 15 360", "bbbbbbbd has the coefficient of bbbbbbbd");
    is_str(target_of(&o, "bbbbbbbf", target), NULL, "bbbbbbbf is none");
    task_close(&o);
    task_open(&o, "loop = 3, form = octuple");
    is_str(o.err.message, "words of 3 loops are too short for form 'octuple': expected loop >= 4",
           "three loops have none");
    task_close(&o);
}

static void test_bases(void) {
    static const struct {
        int32_t base;
        const char *value;
    } rows[] = {{10, "+ 1 5 3 6 0"}, {100, "+ 1 53 60"}, {1000, "+ 15 360"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_task o;
        char properties[2 * SCRATCH_PATH + 64];
        int32_t target[2 * MOST_TOKENS];
        snprintf(properties, sizeof properties, "loop = 3, base = %d, data = \"%s\"", rows[i].base,
                 write_text("numbers.txt", "aaaaaf 15360\naaaead -7\n"));
        task_open(&o, properties);
        is_str(target_of(&o, "aaaaaf", target), rows[i].value, "in base %d", rows[i].base);
        is_int(o.task->field[1].vocabulary->size, rows[i].base + 4, "with its digits");
        task_close(&o);
    }
}

/* By the rules of adjacent, first and last letters. */
static bool is_trivial(const char *word) {
    static const char *const never[] = {"ad", "da", "be", "eb", "cf", "fc", "de", "ed", "df", "fd", "ef", "fe"};
    bool trivial = word[0] > 'c' || word[strlen(word) - 1] < 'd';
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) trivial |= strstr(word, never[i]) != NULL;
    return trivial;
}

/* Half of the words are zeros, so many of them trivial, and none is there twice. */
static void zeros_are(const char *kind, int64_t from, int64_t to) {
    enum { WORDS = 2 * 11208 };
    open_task o, symbol;
    char properties[128], text[64];
    int64_t zero = 0, trivial = 0, twice = 0;
    snprintf(properties, sizeof properties, "loop = 4, zeros = %s, test = 2000", kind);
    if (!ok(task_open(&o, properties), "%s zeros", kind)) exit(1);
    is_int(o.task->size[MLRT_TRAIN] + o.task->size[MLRT_TEST], WORDS, "are as many as there are others");
    for (mlrt_split s = 0; s < MLRT_SPLITS; s++)
        for (int64_t i = 0; i < o.task->size[s]; i++) {
            int32_t target[MOST_TOKENS];
            char word[64];
            example(&o, s, i, word, target);
            o.cls->decode(o.task, 1, target, text, sizeof text);
            if (strcmp(text, "+ 0") == 0) zero++, trivial += is_trivial(word);
        }
    is_int(zero, WORDS / 2, "they are written + 0");
    ok(trivial >= from && trivial <= to, "and %lld of them are trivial, want %lld to %lld", (long long)trivial,
       (long long)from, (long long)to);
    char(*all)[64] = all_words(&o);
    for (int64_t i = 1; i < WORDS; i++) twice += strcmp(all[i - 1], all[i]) == 0;
    is_int(twice, 0, "no word is there twice, so none of the zeros is in the symbol");
    free(all);
    task_open(&symbol, properties);
    char word[2][64];
    int32_t target[MOST_TOKENS];
    example(&o, MLRT_TEST, 7, word[0], target), example(&symbol, MLRT_TEST, 7, word[1], target);
    is_str(word[0], word[1], "they are the same every time");
    task_close(&o), task_close(&symbol);
}

static void test_zeros(void) {
    open_task o;
    int32_t target[MOST_TOKENS];
    zeros_are("naive", 11000, 11208); /* but for 1.3% of all words, a rule forbids them */
    zeros_are("nontrivial", 560, 560);
    task_open(&o, "loop = 3, zeros = nontrivial, target = zero");
    is_int(o.task->field[1].shape.dim[0], 2, "whether a coefficient is zero is one digit and an end");
    is_str(target_of(&o, "aaaaae", target), "1", "1 when it is not");
    task_close(&o);
    task_open(&o, "loop = 1, zeros = nontrivial");
    is_str(o.err.message, "1 loops have 0 nontrivial zeros, 6 are wanted", "one loop has too few");
    task_close(&o);
    task_open(&o, "loop = 1, zeros = naive, test = 2");
    is_int(o.task->size[MLRT_TRAIN], 10, "but naive ones");
    task_close(&o);
}

/* ---- where data come from ---- */

static void test_data_path(void) {
    open_task o;
    const char *const shipped = getenv("MLRT_DATA_PATH");
    char *before = shipped ? strdup(shipped) : NULL;
    mkdir(scratch("symbol"), 0777);
    write_text("symbol/L8.txt", "aaaaaaaaaaaaaaae 3\naaaaaaaaaaaaaaaf 4\nbbbbbbbbbbbbbbbd 5\n");
    setenv("MLRT_DATA_PATH", "", 1);
    task_open(&o, "loop = 8");
    has_str(o.err.message, "no data file 'symbol/L8.txt': tried 'symbol/L8.txt', '", "eight loops are not computed");
    is_str(o.err.hint, "mlrt computes up to 7 loops; give others with data = \"FILE\", a line `word coefficient` each",
           "it says what is, and how to give others");
    task_close(&o);
    setenv("MLRT_DATA_PATH", scratch(""), 1);
    ok(task_open(&o, "loop = 8"), "they are found in a folder of MLRT_DATA_PATH");
    is_int(o.task->size[MLRT_TRAIN] + o.task->size[MLRT_TEST], 3, "with all their words");
    task_close(&o);
    task_open(&o, "loop = 4, data = \"symbol/L8.txt\"");
    has_str(o.err.message,
            "symbol/L8.txt:1: expected a word of 8 letters a to f and an integer, got 'aaaaaaaaaaaaaaae 3'",
            "a file of another loop order is refused");
    task_close(&o);
    task_open(&o, "loop = 3, data = \"none.txt\"");
    has_str(o.err.message, "no data file 'none.txt': tried 'none.txt', '", "a file that is not there");
    is_str(o.err.hint, "", "needs no hint");
    task_close(&o);
    if (before) setenv("MLRT_DATA_PATH", before, 1);
    free(before);
}

int main(void) {
    test_splits();
    test_sizes();
    test_tokens();
    test_fields();
    test_metrics();
    test_quads();
    test_octuples();
    test_bases();
    test_zeros();
    test_data_path();
    return done_testing();
}
