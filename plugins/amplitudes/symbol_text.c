/* symbol_text.c - symbols as text files. */
#include "symbol.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\r\n\\"; /* published lines may end with a backslash and go on */

/* ---- reading ---- */

typedef struct reader {
    symbol *s;
    const char *path, *text;
    mlrt_error *err;
} reader;

static mlrt_status file_error(mlrt_error *err, const char *action, const char *path) {
    return mlrt_fail(err, MLRT_FILE, "unable to %s '%s': %s", action, path, strerror(errno));
}

static mlrt_status load(const char *path, char **text, mlrt_error *err) {
    FILE *file = fopen(path, "r");
    size_t size = 0, room = 1 << 16, n;
    *text = NULL;
    if (!file) return file_error(err, "open", path);
    mlrt_status status = MLRT_OK;
    do {
        char *more = realloc(*text, room + 1);
        if (!more) {
            status = mlrt_fail(err, MLRT_MEMORY, "out of memory");
            break;
        }
        *text = more;
        size += n = fread(*text + size, 1, room - size, file);
        (*text)[size] = 0;
        room *= 2;
    } while (n > 0);
    if (!status && ferror(file)) status = file_error(err, "read", path);
    fclose(file);
    return status;
}

static mlrt_status complain(const reader *r, const char *at, const char *expected) {
    int32_t line = 1;
    for (const char *p = r->text; p < at; p++) line += *p == '\n';
    const int32_t length = (int32_t)strcspn(at, "\r\n");
    return mlrt_fail(r->err, MLRT_FORMAT, "%s:%d: expected %s, got '%.*s'", r->path, line, expected,
                     length < 40 ? length : 40, at);
}

static mlrt_status add(const reader *r, const uint8_t *letter, int64_t coefficient) {
    return symbol_add(r->s, symbol_number(letter, r->s->letters), coefficient)
               ? MLRT_OK
               : mlrt_fail(r->err, MLRT_MEMORY, "out of memory");
}

/* An integer that is not zero and has a magnitude. */
static bool read_integer(const char *text, char **end, int64_t *value) {
    errno = 0;
    *value = strtoll(text, end, 10);
    return *end != text && errno == 0 && *value != 0 && *value != INT64_MIN;
}

/* "aaaaee -384": the letters, one blank or more, a number that is not zero. */
static mlrt_status read_line(const reader *r, const char *line) {
    uint8_t letter[MOST_LETTERS];
    char *end;
    int64_t coefficient;
    const size_t letters = strspn(line, "abcdef");
    if (letters != (size_t)r->s->letters || line[letters] != ' ' || !read_integer(line + letters, &end, &coefficient) ||
        !strchr("\n", end[strspn(end, " \t\r")])) {
        char expected[80];
        snprintf(expected, sizeof expected, "a word of %d letters a to f and an integer", r->s->letters);
        return complain(r, line, expected);
    }
    for (size_t k = 0; k < letters; k++) letter[k] = (uint8_t)(line[k] - 'a');
    return add(r, letter, coefficient);
}

static mlrt_status read_lines(const reader *r) {
    mlrt_status status = MLRT_OK;
    for (const char *line = r->text; *line && !status;) {
        if (*line != '#' && line[strspn(line, " \t\r")] != '\n' && line[strspn(line, " \t\r")])
            status = read_line(r, line);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return status;
}

/* The last character before `at` that is no blank; the one before the text counts as '='. */
static const char *before(const reader *r, const char *at) {
    do at--;
    while (at >= r->text && strchr(blanks, *at));
    return at;
}

/* "-8*SB(", "+SB(", ":= SB(": the factor of the sum's term whose SB is here, read backwards. */
static bool read_factor(const reader *r, const char *sb, int64_t *factor) {
    const char *at = before(r, sb);
    *factor = 1;
    if (at > r->text && *at == '*') {
        char *end;
        const char *last = at = before(r, at);
        while (at >= r->text && *at >= '0' && *at <= '9') at--;
        if (at == last || !read_integer(at + 1, &end, factor)) return false;
        at = before(r, at + 1);
    }
    if (at >= r->text && *at == '-') *factor = -*factor;
    return at < r->text || strchr("+-=", *at);
}

static mlrt_status read_term(const reader *r, const char *sb) {
    uint8_t letter[MOST_LETTERS];
    int32_t letters = 0;
    int64_t factor;
    const char *p = sb + 3;
    if (!read_factor(r, sb, &factor)) return complain(r, sb, "a sign or a factor before SB(");
    for (; *p && *p != ')'; p++) {
        if (*p == ',' || strchr(blanks, *p)) continue;
        if (*p < 'a' || *p > 'f' || letters == MOST_LETTERS) return complain(r, sb, "letters a to f and ')' in SB(");
        letter[letters++] = (uint8_t)(*p - 'a');
    }
    if (!*p) return complain(r, sb, "letters a to f and ')' in SB(");
    return letters == r->s->letters ? add(r, letter, factor) : MLRT_OK; /* another loop order */
}

static mlrt_status read_sum(const reader *r) {
    mlrt_status status = MLRT_OK;
    for (const char *sb = r->text; !status && (sb = strstr(sb, "SB(")); sb += 3) status = read_term(r, sb);
    return status;
}

mlrt_status symbol_read(symbol *s, int32_t loops, const char *path, mlrt_error *err) {
    char *text;
    *s = (symbol){.loops = loops, .letters = 2 * loops};
    mlrt_status status = load(path, &text, err);
    const reader r = {s, path, text, err};
    if (!status) status = strstr(text, "SB(") ? read_sum(&r) : read_lines(&r);
    if (!status && s->terms == 0)
        status = mlrt_fail(err, MLRT_FORMAT, "'%s' holds no words of %d letters", path, s->letters);
    if (!status && (status = symbol_sort(s, err))) mlrt_at(err, "%s", path);
    free(text);
    return status;
}

/* ---- writing ---- */

mlrt_status symbol_write(const symbol *s, const char *path, mlrt_error *err) {
    char beside[4096];
    if (snprintf(beside, sizeof beside, "%s.tmp", path) >= (int)sizeof beside)
        return mlrt_fail(err, MLRT_FILE, "unable to write '%s': the name is too long", path);
    FILE *file = fopen(beside, "w");
    if (!file) return file_error(err, "write", path);
    for (int64_t i = 0; i < s->terms; i++) {
        uint8_t letter[MOST_LETTERS + 1] = {0};
        symbol_spell(s->word[i], s->letters, letter);
        for (int32_t k = 0; k < s->letters; k++) letter[k] = (uint8_t)(letter[k] + 'a');
        fprintf(file, "%s %lld\n", (const char *)letter, (long long)s->coefficient[i]);
    }
    bool written = !ferror(file);
    written = fclose(file) == 0 && written && rename(beside, path) == 0;
    if (written) return MLRT_OK;
    file_error(err, "write", path);
    remove(beside);
    return MLRT_FILE;
}
