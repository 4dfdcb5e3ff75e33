/* next_loop.c - the task amplitudes.next_loop: which examples are where, and that they are those of strike-two. */
#include "opened.h"

enum { MOST_TOKENS = 128, MOST_TEXT = 512, THREE = 44, FOUR = 1406 };

static bool next(open_task *o, const char *properties) { return task_opened(o, "amplitudes.next_loop", properties); }

/* Example i of a split as text: "+ 0 - 2 .. = - 384". */
static void example(const open_task *o, mlrt_split split, int64_t i, char text[MOST_TEXT]) {
    int32_t source[MOST_TOKENS], target[8];
    char number[64];
    o->cls->fetch(o->task, split, &i, 1, (void *[]){source, target});
    o->cls->decode(o->task, 0, source, text, MOST_TEXT - 80);
    o->cls->decode(o->task, 1, target, number, sizeof number);
    strcat(strcat(text, " = "), number);
}

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

/* All examples of strike-two of a loop order, in order of their texts; returns how many. */
static int64_t strike_two(int32_t loop, char (*text)[MOST_TEXT]) {
    open_task o;
    char properties[64];
    snprintf(properties, sizeof properties, "loop = %d, k = 2", loop);
    if (!task_opened(&o, "amplitudes.strike_two", properties)) exit(1);
    const int64_t train = o.task->size[MLRT_TRAIN], all = train + o.task->size[MLRT_TEST];
    for (int64_t i = 0; i < all; i++)
        example(&o, i < train ? MLRT_TRAIN : MLRT_TEST, i < train ? i : i - train, text[i]);
    task_close(&o);
    qsort(text, (size_t)all, MOST_TEXT, by_text);
    return all;
}

/* How many of a split, from `first` on, are not among these. */
static int64_t strangers(const open_task *o, mlrt_split split, int64_t first, int64_t count, char (*known)[MOST_TEXT],
                         int64_t all) {
    int64_t strange = 0;
    for (int64_t i = first; i < first + count; i++) {
        char text[MOST_TEXT];
        example(o, split, i, text);
        strange += bsearch(text, known, (size_t)all, MOST_TEXT, by_text) == NULL;
    }
    return strange;
}

static void test_examples(void) {
    static char three[THREE][MOST_TEXT], four[FOUR][MOST_TEXT];
    open_task o;
    is_int(strike_two(3, three), THREE, "examples of three loops");
    is_int(strike_two(4, four), FOUR, "of four");
    if (!ok(next(&o, "loop = 3, slice = 2, test = 5"), "three loops, and then four")) exit(1);
    is_int(o.task->size[MLRT_VALID], 5, "five of three loops are for validation");
    is_int(o.task->size[MLRT_TEST], 5, "five of four for the test");
    is_int(o.task->size[MLRT_TRAIN], 3 * (THREE - 5), "the others of three and twice as many of four are trained on");
    is_int(strangers(&o, MLRT_TRAIN, 0, THREE - 5, three, THREE), 0, "all are those of strike-two");
    is_int(strangers(&o, MLRT_TRAIN, THREE - 5, 2 * (THREE - 5), four, FOUR), 0, "of four loops, too");
    is_int(strangers(&o, MLRT_VALID, 0, 5, three, THREE), 0, "held out");
    is_int(strangers(&o, MLRT_TEST, 0, 5, four, FOUR), 0, "and asked");
    int64_t held_out = 0;
    for (int64_t i = 0; i < 5; i++) {
        char asked[MOST_TEXT], text[MOST_TEXT];
        example(&o, MLRT_TEST, i, asked);
        for (int64_t k = 0; k < o.task->size[MLRT_TRAIN]; k++) {
            example(&o, MLRT_TRAIN, k, text);
            held_out += strcmp(asked, text) == 0;
        }
    }
    is_int(held_out, 0, "none that is asked is trained on");
    task_close(&o);
}

static void test_none(void) {
    open_task o;
    ok(next(&o, "loop = 3"), "without a slice");
    is_int(o.task->size[MLRT_TRAIN] + o.task->size[MLRT_VALID], THREE, "only three loops are learned from");
    task_close(&o);
    next(&o, "loop = 3, slice = 100");
    is_str(o.err.message, "a slice of 3500 examples: 4 loops have 1124 to train on", "a slice that is too large");
    task_close(&o);
}

int main(void) {
    test_examples();
    test_none();
    return done_testing();
}
