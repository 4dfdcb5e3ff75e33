/* strike_two.c - the task amplitudes.strike_two: parents, order, what is told, and examples that are alike. */
#include "loops.h"
#include "opened.h"
#include "plugins/amplitudes/source.h"

enum { MOST_TEXT = 1024, MOST_TOKENS = 512 };

static symbol all[5]; /* by loop order */

static bool task_open(open_task *o, const char *properties) {
    return task_opened(o, "amplitudes.strike_two", properties);
}

static int64_t size_of(const open_task *o) { return o->task->size[MLRT_TRAIN] + o->task->size[MLRT_TEST]; }

/* Example i of both splits as text: "+ 0 - 2 .. = - 384". */
static void example(const open_task *o, int64_t i, char *text) {
    int32_t source[MOST_TOKENS], target[8];
    char number[64];
    const bool test = i >= o->task->size[MLRT_TRAIN];
    const int64_t at = test ? i - o->task->size[MLRT_TRAIN] : i;
    o->cls->fetch(o->task, test ? MLRT_TEST : MLRT_TRAIN, &at, 1, (void *[]){source, target});
    o->cls->decode(o->task, 0, source, text, MOST_TEXT);
    o->cls->decode(o->task, 1, target, number, sizeof number);
    strcat(strcat(text, " = "), number);
}

/* ---- the same by hand: words as text, no dihedral symmetry, every pair of examples compared ---- */

static int64_t part_of(const char *keep, int64_t value) {
    if (strcmp(keep, "magnitude") == 0) return llabs(value);
    if (strcmp(keep, "sign") == 0) return (value > 0) - (value < 0);
    return value;
}

static int by_value(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void by_hand(int32_t loop, int64_t i, int32_t k, bool sorted, const char *keep, char *text) {
    uint8_t letter[MOST_LETTERS];
    const int32_t n = 2 * loop;
    int64_t value[64];
    int32_t count = 0;
    symbol_spell(all[loop].word[i], n, letter);
    for (int32_t a = 0; a < n; a++)
        for (int32_t b = a + 1; b < n; b++) {
            char parent[MOST_LETTERS] = {0};
            int32_t used = 0;
            if (k && b - a > k) continue;
            for (int32_t c = 0; c < n; c++)
                if (c != a && c != b) parent[used++] = (char)('a' + letter[c]);
            value[count++] = part_of(keep, loops_coefficient(&all[loop - 1], parent));
        }
    if (sorted) qsort(value, (size_t)count, sizeof *value, by_value);
    text[0] = 0;
    for (int32_t c = 0; c < count; c++)
        sprintf(text + strlen(text), "%s%c %lld", c ? " " : "", value[c] < 0 ? '-' : '+', llabs(value[c]));
    const int64_t own = all[loop].coefficient[i];
    const char *format = llabs(own) < 1000 ? " = %c %lld" : " = %c %lld %lld";
    sprintf(text + strlen(text), format, own < 0 ? '-' : '+', llabs(own) < 1000 ? llabs(own) : llabs(own) / 1000,
            llabs(own) % 1000);
}

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

/* Sort texts and leave each once; returns how many there are. */
static int64_t distinct(char (*text)[MOST_TEXT], int64_t count) {
    int64_t kept = 0;
    qsort(text, (size_t)count, MOST_TEXT, by_text);
    for (int64_t i = 0; i < count; i++)
        if (i == 0 || strcmp(text[i], text[kept - 1]) != 0) memmove(text[kept++], text[i], MOST_TEXT);
    return kept;
}

/* How many different inputs stand in texts that are in order: where there are fewer than texts, some have two answers. */
static int64_t inputs_of(char (*text)[MOST_TEXT], int64_t count) {
    int64_t inputs = 0;
    for (int64_t i = 0; i < count; i++) {
        const size_t length = (size_t)(strchr(text[i], '=') - text[i]);
        inputs += i == 0 || strncmp(text[i - 1], text[i], length + 1) != 0;
    }
    return inputs;
}

static void same_by_hand(int32_t loop, int32_t k, bool sorted, const char *keep, int64_t inputs) {
    open_task o;
    char properties[128];
    const int64_t words = all[loop].terms;
    char(*want)[MOST_TEXT] = malloc((size_t)words * MOST_TEXT), (*got)[MOST_TEXT] = malloc((size_t)words * MOST_TEXT);
    snprintf(properties, sizeof properties, "loop = %d, k = %d, order = %s, keep = %s", loop, k,
             sorted ? "sorted" : "strikeout", keep);
    if (!ok(task_open(&o, properties), "%s", properties)) exit(1);
    for (int64_t i = 0; i < words; i++) by_hand(loop, i, k, sorted, keep, want[i]);
    const int64_t count = distinct(want, words);
    is_int(size_of(&o), count, "as many examples as there are by hand");
    int64_t different = 0;
    for (int64_t i = 0; i < size_of(&o); i++) example(&o, i, got[i]);
    is_int(distinct(got, size_of(&o)), count, "none of them twice");
    for (int64_t i = 0; i < count; i++) different += strcmp(got[i], want[i]) != 0;
    is_int(different, 0, "and they are the same");
    is_int(inputs_of(want, count), inputs, "with so many different inputs");
    task_close(&o);
    free(want), free(got);
}

/* ---- */

/* The paper's example, Eq. 15, has no coefficient; its neighbour aaaf has. */
static void test_example(void) {
    open_task o;
    char text[2][MOST_TEXT];
    ok(task_open(&o, "loop = 2, train = 0.5, test = 1"), "two loops");
    is_int(size_of(&o), 2, "have two words, up to dihedral images");
    for (int64_t i = 0; i < 2; i++) example(&o, i, text[i]);
    const bool first = strstr(text[0], "= + 16") != NULL;
    is_str(text[!first], "- 2 - 2 + 0 - 2 + 0 + 0 = + 16", "aaae: ae is left when two of the three a are struck");
    is_str(text[first], "+ 0 + 0 + 0 - 2 - 2 - 2 = + 8", "aeee: ae when two of the three e are");
    task_close(&o);
}

static void test_shuffled(void) {
    open_task o, plain;
    char text[2][MOST_TEXT];
    int64_t moved = 0, again = 0;
    ok(task_open(&o, "loop = 4, order = shuffled") && task_open(&plain, "loop = 4"), "shuffled parents");
    is_int(size_of(&o), size_of(&plain), "of the same examples");
    for (int64_t i = 0; i < 100; i++) {
        example(&o, i, text[0]), example(&plain, i, text[1]);
        moved += strcmp(text[0], text[1]) != 0;
        example(&o, i, text[1]);
        again += strcmp(text[0], text[1]) == 0;
    }
    ok(moved > 90, "stand in another order");
    is_int(again, 100, "which is the same every time");
    task_close(&o), task_close(&plain);
}

/* "+ 0 - 2 = + 16" as "0 -2 = + 16". */
static void join_signs(char *text) {
    char *to = text;
    const char *from = text, *end = strchr(text, '=');
    while (from < end) {
        if (*from == '+' || *from == '-') {
            if (*from == '-') *to++ = '-';
            from += 2;
        } else
            *to++ = *from++;
    }
    memmove(to, from, strlen(from) + 1);
}

static void test_number_tokens(const char *keep, int32_t values) {
    open_task digits, numbers;
    char properties[64], text[2][MOST_TEXT];
    int64_t same = 0;
    snprintf(properties, sizeof properties, "loop = 4, keep = %s", keep);
    ok(task_open(&digits, properties), "%s, by digits", keep);
    strcat(properties, ", token = number");
    ok(task_open(&numbers, properties), "and each parent one token");
    is_int(numbers.task->field[0].shape.dim[0], 28, "as many tokens as parents");
    is_int(numbers.task->field[0].vocabulary->size, 4 + values, "one for each value that a parent may have");
    for (int64_t i = 0; i < size_of(&numbers); i++) {
        example(&digits, i, text[0]), example(&numbers, i, text[1]);
        join_signs(text[0]);
        same += strcmp(text[0], text[1]) == 0;
    }
    is_int(same, size_of(&digits), "and the same examples");
    task_close(&digits), task_close(&numbers);
}

/* "+ 0 - 2 .. = + 16" as "+ 0 + 2 .. = - 16". */
static void negate(char *text) {
    for (char *c = text; *c; c++)
        if ((*c == '+' || *c == '-') && c[2] != '0') *c = *c == '+' ? '-' : '+';
}

static bool stands_in(const char *wanted, char (*text)[MOST_TEXT], int64_t count) {
    return bsearch(wanted, text, (size_t)count, MOST_TEXT, by_text) != NULL;
}

/* All examples of a task in increasing order, each once; to be freed. */
static char (*texts_of(open_task *o, const char *properties, int64_t *count))[MOST_TEXT] {
    if (!ok(task_open(o, properties), "%s", properties)) exit(1);
    char(*text)[MOST_TEXT] = malloc((size_t)size_of(o) * MOST_TEXT);
    for (int64_t i = 0; i < size_of(o); i++) example(o, i, text[i]);
    *count = distinct(text, size_of(o));
    return text;
}

/* One of each pair of examples with all signs opposite. */
static void test_one_of_opposites(const char *properties, int64_t pairs) {
    open_task o[2];
    char text[128], other[MOST_TEXT];
    int64_t count[2], strangers = 0, met = 0, missed = 0;
    char(*all_of)[MOST_TEXT] = texts_of(&o[0], properties, &count[0]);
    snprintf(text, sizeof text, "%s, opposites = one", properties);
    char(*one)[MOST_TEXT] = texts_of(&o[1], text, &count[1]);
    is_int(count[0] - count[1], pairs, "leaves so many examples out");
    for (int64_t i = 0; i < count[1]; i++) {
        strcpy(other, one[i]), negate(other);
        strangers += !stands_in(one[i], all_of, count[0]), met += stands_in(other, one, count[1]);
    }
    for (int64_t i = 0; i < count[0]; i++) {
        strcpy(other, all_of[i]), negate(other);
        missed += !stands_in(all_of[i], one, count[1]) && !stands_in(other, one, count[1]);
    }
    is_int(strangers, 0, "adds none");
    is_int(met, 0, "no example meets its opposite");
    is_int(missed, 0, "and what was left out is the opposite of one that was not");
    task_close(&o[0]), task_close(&o[1]);
    free(all_of), free(one);
}

/* Trained on with both signs, held out with one. */
static void test_both_signs(void) {
    open_task o, one;
    char text[MOST_TEXT], other[MOST_TEXT];
    int64_t opposite = 0, same = 0, trained = 0;
    ok(task_open(&o, "loop = 4, opposites = both") && task_open(&one, "loop = 4, opposites = one"), "both signs");
    const int64_t half = one.task->size[MLRT_TRAIN], test = one.task->size[MLRT_TEST];
    is_int(o.task->size[MLRT_TRAIN], 2 * half, "twice the examples to train on");
    is_int(o.task->size[MLRT_TEST], test, "and as many to test");
    for (int64_t i = 0; i < half; i++) {
        example(&o, i, text), example(&o, half + i, other), negate(other);
        opposite += strcmp(text, other) == 0;
    }
    is_int(opposite, half, "the second half is opposite to the first");
    for (int64_t i = 0; i < test; i++) {
        example(&o, 2 * half + i, text), example(&one, half + i, other);
        same += strcmp(text, other) == 0;
    }
    is_int(same, test, "the same are held out");
    char(*train)[MOST_TEXT] = malloc((size_t)(2 * half) * MOST_TEXT);
    for (int64_t i = 0; i < 2 * half; i++) example(&o, i, train[i]);
    const int64_t count = distinct(train, 2 * half);
    for (int64_t i = 0; i < test; i++) example(&o, 2 * half + i, text), trained += stands_in(text, train, count);
    is_int(trained, 0, "and none of them is trained on with any sign");
    task_close(&o), task_close(&one);
    free(train);
}

static void refused(const char *properties) {
    open_task o;
    ok(!task_open(&o, properties), "%s is refused", properties);
    task_close(&o);
}

int main(void) {
    for (int32_t loop = 1; loop <= 4; loop++) {
        mlrt_error err = {0};
        if (source_symbol(&all[loop], loop, NULL, NULL, &err)) return 1;
    }
    test_example();
    same_by_hand(3, 0, false, "value", 34);
    same_by_hand(4, 0, false, "value", 1653);
    same_by_hand(4, 1, false, "value", 941);
    same_by_hand(4, 2, true, "value", 857);
    same_by_hand(4, 0, true, "sign", 190);
    same_by_hand(4, 3, false, "magnitude", 1158);
    test_shuffled();
    test_number_tokens("value", 13);
    test_number_tokens("sign", 3);
    test_one_of_opposites("loop = 4", 138);
    test_one_of_opposites("loop = 4, k = 2, keep = sign", 146);
    test_both_signs();
    refused("loop = 4, keep = magnitude, opposites = both");
    refused("loop = 4, unique = false, opposites = one");
    open_task o;
    ok(task_open(&o, "loop = 4, unique = false"), "examples that are alike");
    is_int(size_of(&o), 1868, "are kept: words up to dihedral images");
    task_close(&o);
    loops_free(all, 4);
    return done_testing();
}
