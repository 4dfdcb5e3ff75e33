/* symbol.c - reading symbols, and what is known of those that are shipped. */
#include "plugins/amplitudes/symbol.h"
#include "scratch.h"
#include "tap.h"
#include <mlrt/plugin.h>

static void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

static const char *error_text(const mlrt_error *err) {
    static char text[MLRT_WHERE_MAX + MLRT_MESSAGE_MAX + MLRT_HINT_MAX];
    return mlrt_error_text(err, text, sizeof text);
}

/* ---- the reader ---- */

static void test_reading(void) {
    char text[2048];
    symbol s;
    mlrt_error err = {0};
    snprintf(text, sizeof text, "# words of one loop\n\nbd -2\n#%0500d\nce  7 \r\naf -9223372036854775807", 0);
    write_text(scratch("good.txt"), text);
    ok(symbol_read(&s, 1, scratch("good.txt"), &err) == MLRT_OK, "blank lines and comments of any length are skipped");
    is_int(s.terms, 3, "the terms are read, the last without an end of line");
    is_int(s.letters, 2, "a word has two letters a loop");
    ok(memcmp(s.word, "bdceaf", 6) == 0, "words in the order of the file");
    ok(s.coefficient[0] == -2 && s.coefficient[1] == 7, "with their coefficients");
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

    symbol s;
    mlrt_error err = {0};
    write_text(scratch("empty.txt"), "# nothing\n");
    symbol_read(&s, 1, scratch("empty.txt"), &err);
    has_str(error_text(&err), "empty.txt' holds no terms", "a file without terms");
    symbol_free(&s);
    err = (mlrt_error){0};
    symbol_read(&s, 1, "nowhere/L1.txt", &err);
    is_str(error_text(&err), "unable to open 'nowhere/L1.txt': No such file or directory", "no file");
    symbol_free(&s);
}

/* ---- coefficients by word ---- */

enum { MOST_LETTERS = 2 * MOST_LOOPS };

typedef struct entry {
    char word[MOST_LETTERS + 1];
    int64_t coefficient;
} entry;

typedef struct table {
    int32_t letters;
    int64_t terms, largest;
    entry *entry; /* by word */
} table;

static int by_word(const void *a, const void *b) { return strcmp(((const entry *)a)->word, ((const entry *)b)->word); }

static table table_of(int32_t loops) {
    char name[32], path[4096];
    symbol s;
    mlrt_error err = {0};
    snprintf(name, sizeof name, "symbol/L%d.txt", loops);
    if (mlrt_find_data(name, path, sizeof path, &err) != MLRT_OK || symbol_read(&s, loops, path, &err) != MLRT_OK) {
        printf("Bail out! %s\n", error_text(&err));
        exit(1);
    }
    table t = {s.letters, s.terms, s.largest, calloc((size_t)s.terms, sizeof(entry))};
    for (int64_t i = 0; i < s.terms; i++) {
        memcpy(t.entry[i].word, s.word + i * s.letters, (size_t)s.letters);
        t.entry[i].coefficient = s.coefficient[i];
    }
    qsort(t.entry, (size_t)t.terms, sizeof(entry), by_word);
    symbol_free(&s);
    return t;
}

static int64_t coefficient(const table *t, const char *word) {
    entry key = {.coefficient = 0};
    strcpy(key.word, word);
    const entry *found = bsearch(&key, t->entry, (size_t)t->terms, sizeof key, by_word);
    return found ? found->coefficient : 0;
}

/* ---- symmetry: permutations of u, v, w act on a, b, c and on d, e, f alike ---- */

static const char *const images[] = {"abcdef", "bcaefd", "cabfde", "bacedf", "acbdfe", "cbafed"};
enum { IMAGES = sizeof images / sizeof *images };

static void apply(const char *image, char *word) {
    for (; *word; word++) *word = image[*word - 'a'];
}

static void test_symmetry(const table *t) {
    int64_t different = 0, twice = 0;
    for (int64_t i = 0; i < t->terms; i++)
        for (int32_t k = 0; k < IMAGES; k++) {
            char word[MOST_LETTERS + 1];
            strcpy(word, t->entry[i].word);
            apply(images[k], word);
            different += coefficient(t, word) != t->entry[i].coefficient;
        }
    for (int64_t i = 1; i < t->terms; i++) twice += strcmp(t->entry[i - 1].word, t->entry[i].word) == 0;
    is_int(different, 0, "a word and its five dihedral images have one coefficient");
    is_int(twice, 0, "no word is listed twice");
}

/* ---- relations: a sum of coefficients that is zero whatever stands around these letters ---- */

typedef struct relation {
    const char *terms; /* "ab+ac-ba-ca", "aaf+bbf-2abf" */
    enum { ANYWHERE, FIRST, LAST } slot;
} relation;

/* Dixon, Gurdogan, McLeod, Wilhelm, arXiv:2204.11901, Sec. 2 and 3. */
static const relation relations[] = {
    {"de", ANYWHERE},
    {"ad", ANYWHERE},
    {"da", ANYWHERE},
    {"ab+ac-ba-ca", ANYWHERE},
    {"ca+cb-ac-bc", ANYWHERE},
    {"db-dc-bd+cd+ec-ea-ce+ae+fa-fb-af+bf+2cb-2bc", ANYWHERE},
    {"aab+abb+acb", ANYWHERE},
    {"d", FIRST},
    {"cd-bd", FIRST},
    {"aaf+bbf-2abf", FIRST},
    {"a", LAST},
    {"bf-bd", LAST},
    {"ad", LAST},
    {"cdd+cee", LAST},
    {"fbd-dbd+bdd", LAST},
    {"ddbd-dbdd", LAST},
    {"cbdd-cdbd", LAST},
};

typedef struct term {
    int64_t factor;
    char letters[8];
} term;

static int32_t parse(const char *text, const char *image, term *out) {
    int32_t count = 0;
    while (*text) {
        char *end;
        const int64_t sign = *text == '-' ? -1 : 1;
        text += *text == '-' || *text == '+';
        const int64_t factor = strtoll(text, &end, 10);
        const size_t n = strspn(end, "abcdef");
        out[count] = (term){.factor = sign * (end == text ? 1 : factor)};
        memcpy(out[count].letters, end, n);
        apply(image, out[count++].letters);
        text = end + n;
    }
    return count;
}

/* With the letters at `slot` of every word that has one of the terms there: how many sums are not zero. */
static int64_t violations(const table *t, const term *terms, int32_t count, int32_t slot, int64_t *sums) {
    const size_t size = strlen(terms[0].letters);
    int64_t bad = 0;
    for (int64_t i = 0; i < t->terms; i++) {
        int32_t first = 0;
        while (first < count && strncmp(t->entry[i].word + slot, terms[first].letters, size) != 0) first++;
        if (first == count) continue;
        char word[MOST_LETTERS + 1];
        int64_t sum = 0;
        strcpy(word, t->entry[i].word);
        for (int32_t k = 0; k < count; k++) {
            memcpy(word + slot, terms[k].letters, size);
            sum += terms[k].factor * coefficient(t, word);
        }
        bad += sum != 0;
        ++*sums;
    }
    return bad;
}

static void test_relation(const table *t, const relation *r) {
    static const char *const places[] = {"anywhere", "in front", "at the end"};
    int64_t bad = 0, sums = 0;
    for (int32_t k = 0; k < IMAGES; k++) {
        term terms[16];
        const int32_t count = parse(r->terms, images[k], terms);
        const int32_t last = t->letters - (int32_t)strlen(terms[0].letters);
        for (int32_t slot = r->slot == LAST ? last : 0; slot <= (r->slot == FIRST ? 0 : last); slot++)
            bad += violations(t, terms, count, slot, &sums);
    }
    is_int(bad, 0, "L = %d: %s = 0 %s, in %lld sums", t->letters / 2, r->terms, places[r->slot], (long long)sums);
}

/* ---- what is shipped ---- */

static void test_shipped(int32_t loops, int64_t terms, int64_t largest) {
    table t = table_of(loops);
    is_int(t.terms, terms, "L = %d has so many terms", loops);
    is_int(t.largest, largest, "and this largest coefficient");
    test_symmetry(&t);
    for (size_t i = 0; i < sizeof relations / sizeof *relations; i++) test_relation(&t, &relations[i]);
    free(t.entry);
}

int main(void) {
    test_reading();
    test_refusals();
    test_shipped(3, 636, 384);
    test_shipped(4, 11208, 15360);
    return done_testing();
}
