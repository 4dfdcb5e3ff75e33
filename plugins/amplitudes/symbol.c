/* symbol.c - reading a symbol from its text form, one term a line. */
#include "symbol.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 256 };

static bool grow(symbol *s, int64_t *capacity) {
    if (s->terms < *capacity) return true;
    *capacity = *capacity ? 2 * *capacity : 4096;
    char *word = realloc(s->word, (size_t)(*capacity * s->letters));
    if (word) s->word = word;
    int64_t *coefficient = realloc(s->coefficient, sizeof *coefficient * (size_t)*capacity);
    if (coefficient) s->coefficient = coefficient;
    return word && coefficient;
}

/* "aaaaee -384": the letters, one blank or more, a number that is not zero. */
static bool parse(const symbol *s, const char *line, char *word, int64_t *coefficient) {
    const size_t letters = strspn(line, "abcdef");
    char *end;
    if (letters != (size_t)s->letters) return false;
    memcpy(word, line, letters);
    errno = 0;
    *coefficient = strtoll(line + letters, &end, 10);
    return end != line + letters && line[letters] == ' ' && errno == 0 && *coefficient != 0 &&
           *coefficient != INT64_MIN && end[strspn(end, " \t\r\n")] == 0;
}

/* Only comments may be longer than that: the rest is left out. */
static bool read_line(FILE *file, char *line) {
    if (!fgets(line, LINE, file)) return false;
    for (int c = 0; !strchr(line, '\n') && c != '\n' && c != EOF;) c = fgetc(file);
    return true;
}

static mlrt_status read_lines(symbol *s, FILE *file, const char *path, mlrt_error *err) {
    char line[LINE];
    int64_t capacity = 0;
    for (int number = 1; read_line(file, line); number++) {
        if (line[0] == '#' || line[strspn(line, " \t\r\n")] == 0) continue;
        if (!grow(s, &capacity)) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
        int64_t *coefficient = &s->coefficient[s->terms];
        if (!parse(s, line, s->word + s->terms * s->letters, coefficient)) {
            line[strcspn(line, "\r\n")] = 0;
            return mlrt_fail(err, MLRT_FORMAT,
                             "%s:%d: expected a word of %d letters a to f and an integer, got '%.40s'", path, number,
                             s->letters, line);
        }
        if (llabs(*coefficient) > s->largest) s->largest = llabs(*coefficient);
        s->terms++;
    }
    if (ferror(file)) return mlrt_fail(err, MLRT_FILE, "unable to read '%s': %s", path, strerror(errno));
    return s->terms ? MLRT_OK : mlrt_fail(err, MLRT_FORMAT, "'%s' holds no terms", path);
}

mlrt_status symbol_read(symbol *s, int32_t loops, const char *path, mlrt_error *err) {
    *s = (symbol){.loops = loops, .letters = 2 * loops};
    FILE *file = fopen(path, "r");
    if (!file) return mlrt_fail(err, MLRT_FILE, "unable to open '%s': %s", path, strerror(errno));
    const mlrt_status status = read_lines(s, file, path, err);
    fclose(file);
    return status;
}

void symbol_free(symbol *s) {
    free(s->word);
    free(s->coefficient);
    *s = (symbol){0};
}
