/* symbol.c - symbols as text, in the cache, and as a task. */
#include "fixture.h"
#include "loops.h"
#include "plugins/amplitudes/source.h"
#include "plugins/amplitudes/suffix.h"
#include "scratch.h"
#include <sys/stat.h>

static void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

static const char *error_text(const mlrt_error *err) {
    static char text[MLRT_WHERE_MAX + MLRT_MESSAGE_MAX + MLRT_HINT_MAX];
    return mlrt_error_text(err, text, sizeof text);
}

/* ---- a line each ---- */

static void test_lines(void) {
    char text[2048];
    symbol s;
    mlrt_error err = {0};
    snprintf(text, sizeof text, "# words of one loop\n\nce  7 \r\n#%0500d\nbd -2\naf -9223372036854775807", 0);
    write_text(scratch("good.txt"), text);
    ok(symbol_read(&s, 1, scratch("good.txt"), &err) == MLRT_OK, "blank lines and comments of any length are skipped");
    is_int(s.terms, 3, "the terms are read, the last without an end of line");
    is_int(s.letters, 2, "a word has two letters a loop");
    ok(s.word[0] == 5 && s.word[1] == 9 && s.word[2] == 16, "words in their order: af, bd, ce");
    ok(s.coefficient[1] == -2 && s.coefficient[2] == 7, "with their coefficients");
    is_int(s.largest, INT64_MAX, "the largest magnitude is known");
    symbol_free(&s);
}

static void refused(const char *text, int32_t loops, const char *says) {
    char want[4 * SCRATCH_PATH], path[2 * SCRATCH_PATH];
    symbol s;
    mlrt_error err = {0};
    snprintf(path, sizeof path, "%s", scratch("bad.txt"));
    write_text(path, text);
    symbol_read(&s, loops, path, &err);
    snprintf(want, sizeof want, "%s%s", path, says);
    is_str(error_text(&err), want, "refused:%s", says);
    symbol_free(&s);
}

static void test_refusals(void) {
    static const char expected[] = "expected a word of 2 letters a to f and an integer, got";
    static const char *const bad[] = {"bde -2", "b -2",   "bg -2", "Bd -2", "bd",
                                      "bd-2",   "bd 1.5", "bd 0",  "bd x",  "bd 99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[256], says[256];
        snprintf(text, sizeof text, "# a comment\nbd 1\n%s\n", bad[i]);
        snprintf(says, sizeof says, ":3: %s '%s'", expected, bad[i]);
        refused(text, 1, says);
    }
    refused("aaaaae 3\n", 2, ":1: expected a word of 4 letters a to f and an integer, got 'aaaaae 3'");
    refused("bd 3\nce 2\nbd 3\n", 1, ": the word 'bd' is given twice");
    symbol s;
    mlrt_error err = {0};
    write_text(scratch("empty.txt"), "# nothing\n");
    symbol_read(&s, 1, scratch("empty.txt"), &err);
    has_str(error_text(&err), "empty.txt' holds no words of 2 letters", "a file without terms");
    symbol_free(&s);
    err = (mlrt_error){0};
    symbol_read(&s, 1, "nowhere/L1.txt", &err);
    is_str(error_text(&err), "unable to open 'nowhere/L1.txt': No such file or directory", "no file");
    symbol_free(&s);
}

/* ---- the published form ---- */

static void test_sums(void) {
    static const char text[] = "Esymb[1] := -2*SB(b,d)-2*SB(c,e)\n -2 * SB(a,f) - SB(b,f)+SB(c,d)-12\\\n*SB(a,e):\n"
                               "Esymb[2] := SB(b,d,d,d)+16*SB(b,\n  b,b,d);\n";
    static const struct {
        const char *word;
        int64_t coefficient;
    } want[] = {{"bd", -2}, {"ce", -2}, {"af", -2}, {"bf", -1}, {"cd", 1}, {"ae", -12}};
    symbol s;
    mlrt_error err = {0};
    write_text(scratch("sum.txt"), text);
    ok(symbol_read(&s, 1, scratch("sum.txt"), &err) == MLRT_OK, "a sum of SB(...) is read");
    is_int(s.terms, 6, "the words of one loop order");
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        is_int(loops_coefficient(&s, want[i].word), want[i].coefficient, "%s", want[i].word);
    symbol_free(&s);
    ok(symbol_read(&s, 2, scratch("sum.txt"), &err) == MLRT_OK, "and those of another");
    is_int(s.terms, 2, "in the same file");
    is_int(loops_coefficient(&s, "bddd"), 1, "without a factor it is 1");
    is_int(loops_coefficient(&s, "bbbd"), 16, "across lines");
    symbol_free(&s);
    refused("E :=\n 2*SB(b,d) + x*SB(c,e)", 1, ":2: expected a sign or a factor before SB(, got 'SB(c,e)'");
    refused("E := 2*SB(b,d) 3 SB(c,e)", 1, ":1: expected a sign or a factor before SB(, got 'SB(c,e)'");
    refused("E := 2*SB(b,x)", 1, ":1: expected letters a to f and ')' in SB(, got 'SB(b,x)'");
    refused("E := 2*SB(b,d", 1, ":1: expected letters a to f and ')' in SB(, got 'SB(b,d'");
}

static void test_writing(void) {
    symbol s, again;
    mlrt_error err = {0};
    bootstrap_given(&s, 2, &err);
    is_int(symbol_write(&s, scratch("two.txt"), &err), MLRT_OK, "a symbol is written");
    ok(symbol_read(&again, 2, scratch("two.txt"), &err) == MLRT_OK && loops_same(&s, &again), "and read again");
    ok(!scratch_exists("two.txt.tmp"), "nothing else is left");
    is_int(symbol_write(&s, scratch("nowhere/two.txt"), &err), MLRT_FILE, "not where no folder is");
    has_str(err.message, "unable to write '", "which is said");
    symbol_free(&s), symbol_free(&again);
}

/* ---- the cache ---- */

static bool source_is_right(int64_t terms) {
    symbol s;
    mlrt_error err = {0};
    const bool right = source_symbol(&s, 3, NULL, NULL, &err) == MLRT_OK && s.terms == terms && s.largest == 384;
    symbol_free(&s);
    return right;
}

static void test_cache(void) {
    setenv("MLRT_CACHE", scratch("cache"), 1);
    ok(source_is_right(636), "the symbol of three loops is computed");
    ok(scratch_exists("cache/symbol.3.1"), "and put into the cache");
    mlrt_cache_write("symbol.3.1", "\x01\x02\x03", 3);
    ok(source_is_right(636), "what is no symbol there is not believed");
    static const unsigned char fake[] = {9, 3, 7, 255, 5}; /* bd -2, ce -384 */
    mlrt_cache_write("symbol.3.1", fake, sizeof fake);
    ok(!source_is_right(636), "else it is");
    static const unsigned char large[] = {9, 0x81, 0x80, 0x80, 0x80, 0x20}; /* bd -4294967297 */
    suffixes only = {.count = 8, .letters = 4};
    symbol s;
    mlrt_error err = {0};
    mlrt_cache_write("symbol.7.8x4.1", large, sizeof large);
    ok(source_symbol(&s, 7, &only, NULL, &err) == MLRT_OK && s.terms == 1 && s.coefficient[0] == -4294967297,
       "of seven loops, words with few suffixes are kept by themselves");
    symbol_free(&s);
    setenv("MLRT_CACHE", "/dev/null/cache", 1);
    ok(source_is_right(636), "without a cache it only takes longer");
}

/* ---- the task ---- */

/* The task, opened. */
static mlrt_task *task_of(fixture *f, const char *properties, const mlrt_task_class **cls_of) {
    mlrt_error err = {0};
    const mlrt_task_class *cls = *cls_of = (const mlrt_task_class *)fixture_class(MLRT_KIND_TASK, "amplitudes.symbol");
    mlrt_task *task = (mlrt_task *)fixture_object(f, &cls->base, properties);
    if (!ok(f->err.status == MLRT_OK && cls->open(task, &err) == MLRT_OK, "a task with %s", properties))
        diag("%s%s", fixture_error(f), err.message);
    return task;
}

static void test_forms(void) {
    fixture f = {0};
    const mlrt_task_class *cls;
    char properties[2 * SCRATCH_PATH], text[64];
    int32_t halves[2];
    mlrt_task *task = task_of(&f, "loop = 3, form = quad", &cls);
    is_int(task->size[MLRT_TRAIN], 55, "has quads alone");
    cls->close(task);
    write_text(scratch("large.txt"), "aaaaee 5449973760\nbbbbff -1\n");
    snprintf(properties, sizeof properties, "loop = 3, data = \"%s\"", scratch("large.txt"));
    task = task_of(&f, properties, &cls);
    is_int(task->field[1].shape.dim[0], 2, "has coefficients in halves, where 32 bits are not enough");
    for (int64_t i = 0; i < 2; i++) {
        int32_t word[6];
        cls->fetch(task, MLRT_TRAIN, &i, 1, (void *[]){word, halves});
        cls->decode(task, 1, halves, text, sizeof text);
        is_str(text, i ? "-1" : "5449973760", "which are put together again");
    }
    cls->close(task);
    fixture_free(&f);
}

static void test_task(void) {
    fixture f = {0};
    char text[64], properties[3 * SCRATCH_PATH];
    int32_t word[6], coefficient;
    mlrt_error err = {0};
    snprintf(properties, sizeof properties, "loop = 3, fresh = true, output = \"%s\"", scratch("three.txt"));
    const mlrt_task_class *cls;
    mlrt_task *task = task_of(&f, properties, &cls);
    is_int(task->size[MLRT_TRAIN], 636, "its examples are the words");
    cls->fetch(task, MLRT_TRAIN, &(int64_t){0}, 1, (void *[]){word, &coefficient});
    cls->decode(task, 0, word, text, sizeof text);
    is_str(text, "aaaaae", "in order");
    cls->decode(task, 1, &coefficient, text, sizeof text);
    is_str(text, "-384", "with their coefficients");
    symbol s;
    ok(symbol_read(&s, 3, scratch("three.txt"), &err) == MLRT_OK && s.terms == 636, "and are in the file");
    symbol_free(&s);
    cls->close(task);
    fixture_free(&f);
}

int main(void) {
    test_lines();
    test_refusals();
    test_sums();
    test_writing();
    test_cache();
    test_task();
    test_forms();
    return done_testing();
}
