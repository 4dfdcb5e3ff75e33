/* mixed_loop.c - the task amplitudes.mixed_loop: which words are where, and how they are padded. */
#include "loops.h"
#include "opened.h"
#include "plugins/amplitudes/source.h"

enum { LETTERS_OF_FOUR = 8, MOST_TOKENS = 8, PAD = 6 };

static symbol all[5]; /* by loop order */

static bool mixed(open_task *o, const char *properties) { return task_opened(o, "amplitudes.mixed_loop", properties); }

/* Example i of a split: its letters, padding as spaces; returns its coefficient. */
static int64_t example(const open_task *o, mlrt_split split, int64_t i, char *word) {
    int32_t letter[LETTERS_OF_FOUR], target[MOST_TOKENS];
    char number[64];
    int64_t magnitude = 0;
    o->cls->fetch(o->task, split, &i, 1, (void *[]){letter, target});
    for (int32_t k = 0; k < LETTERS_OF_FOUR; k++) word[k] = letter[k] == PAD ? ' ' : (char)('a' + letter[k]);
    word[LETTERS_OF_FOUR] = 0;
    o->cls->decode(o->task, 1, target, number, sizeof number);
    for (char *digits = strtok(number + 1, " "); digits; digits = strtok(NULL, " "))
        magnitude = 1000 * magnitude + atoll(digits);
    return number[0] == '-' ? -magnitude : magnitude;
}

static int32_t letters_of(const char *word) { return (int32_t)(strcspn(word, " ")); }

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

/* Of a split: words of three loops, of four, with a zero, and with a wrong coefficient. */
typedef struct tally {
    int64_t three, four, zero, wrong;
} tally;

static tally count(const open_task *o, mlrt_split split, char (*word)[LETTERS_OF_FOUR + 1]) {
    tally t = {0};
    for (int64_t i = 0; i < o->task->size[split]; i++) {
        const int64_t coefficient = example(o, split, i, word[i]);
        const int32_t letters = letters_of(word[i]);
        t.three += letters == 6, t.four += letters == 8;
        t.zero += coefficient == 0;
        t.wrong += coefficient != loops_coefficient(&all[letters / 2], word[i]);
    }
    return t;
}

static void test_words(void) {
    enum { MOST = 4000 };
    static char word[MOST][LETTERS_OF_FOUR + 1];
    open_task o;
    if (!ok(mixed(&o, "loop = 3, test = 100, seed = 4"), "three and four loops")) exit(1);
    is_int(o.task->field[0].shape.dim[0], 8, "in words of eight letters");
    is_int(o.task->field[0].vocabulary->size, 7, "or padding");
    is_str(o.task->field[0].vocabulary->token[PAD], "pad", "which models do not look at");
    const int64_t train = o.task->size[MLRT_TRAIN], valid = o.task->size[MLRT_VALID], test = o.task->size[MLRT_TEST];
    is_int(train, 2 * (1272 - 100), "as many words of four loops as of three are trained on");
    const tally trained = count(&o, MLRT_TRAIN, word), lower = count(&o, MLRT_VALID, word + train);
    const tally upper = count(&o, MLRT_TEST, word + train + valid);
    is_int(trained.three, 1172, "all but 100 of three");
    is_int(trained.four, 1172, "and so many of four");
    is_int(lower.three, 100, "100 words of three loops are for validation");
    is_int(upper.four, 100, "100 of four for the test");
    is_int(valid + test, 200, "and no others");
    is_int(trained.wrong + lower.wrong + upper.wrong, 0, "with their coefficients");
    ok(trained.zero > 1050 && trained.zero < 1290, "about half of them zero: %lld", (long long)trained.zero);
    qsort(word, (size_t)(train + valid + test), sizeof *word, by_text);
    int64_t twice = 0;
    for (int64_t i = 1; i < train + valid + test; i++) twice += strcmp(word[i - 1], word[i]) == 0;
    is_int(twice, 0, "none of them twice");
    task_close(&o);
}

static void test_parts(void) {
    static const struct {
        const char *properties;
        int64_t train;
    } rows[] = {{"loop = 3, test = 100, zeros = none, train = lower", 536},
                {"loop = 3, test = 100, zeros = none, train = upper", 536},
                {"loop = 3, test = 100, zeros = none, train = upper, slice = 2", 1072},
                {"loop = 3, test = 100, zeros = none, slice = 0.5", 804}};
    open_task o;
    char word[2][LETTERS_OF_FOUR + 1];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mixed(&o, rows[i].properties);
        is_int(o.task->size[MLRT_TRAIN], rows[i].train, "%s: training words", rows[i].properties);
        is_int(o.task->size[MLRT_VALID] + o.task->size[MLRT_TEST], 200, "both loop orders are tested");
        task_close(&o);
    }
    open_task both, upper;
    mixed(&both, "loop = 3"), mixed(&upper, "loop = 3, train = upper");
    int64_t same = 0;
    for (int64_t i = 0; i < 100; i++) {
        example(&both, MLRT_TEST, i, word[0]), example(&upper, MLRT_TEST, i, word[1]);
        same += strcmp(word[0], word[1]) == 0;
    }
    is_int(same, 100, "whatever is trained on, the test is the same");
    task_close(&both), task_close(&upper);
    mixed(&o, "loop = 3, slice = 100");
    is_str(o.err.message, "a slice of 101700 words: 4 loops have 21416 to train on", "a slice that is too large");
    task_close(&o);
}

int main(void) {
    for (int32_t loop = 1; loop <= 4; loop++) {
        mlrt_error err = {0};
        if (source_symbol(&all[loop], loop, NULL, NULL, &err)) return 1;
    }
    test_words();
    test_parts();
    loops_free(all, 4);
    return done_testing();
}
