/* text.c - names, numbers and files as text. */
#include "base/text.h"
#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <limits.h>
#include <string.h>
#include <time.h>

enum { NAME_MAX_SEEN = 64 };

static int min3(int a, int b, int c) { return a < b ? (a < c ? a : c) : (b < c ? b : c); }

/* Optimal string alignment distance: insertions, deletions, changes, swaps of neighbours. Case does not count. */
static int distance(const char *a, const char *b) {
    const int n = (int)strlen(a), m = (int)strlen(b);
    if (n > NAME_MAX_SEEN || m > NAME_MAX_SEEN) return INT_MAX;
    int row[3][NAME_MAX_SEEN + 1];
    for (int j = 0; j <= m; j++) row[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            now[j] = min3(last[j] + 1, now[j - 1] + 1,
                          last[j - 1] + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1])));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
    }
    return row[n % 3][m];
}

const char *mlrt__nearest(const char *name, const char *(*get)(const void *list, int32_t i), const void *list) {
    const int length = (int)strlen(name), limit = length < 4 ? length / 2 : (length + 2) / 3;
    const char *best = NULL, *candidate;
    int best_distance = limit + 1;
    for (int32_t i = 0; (candidate = get(list, i)); i++) {
        const int d = distance(name, candidate);
        if (d < best_distance) best_distance = d, best = candidate;
    }
    return best;
}

struct names {
    const char *const *name;
    int32_t count;
};

static const char *get_name(const void *list, int32_t i) {
    const struct names *names = list;
    return i < names->count ? names->name[i] : NULL;
}

const char *mlrt__nearest_of(const char *name, const char *const *names, int32_t count) {
    return mlrt__nearest(name, get_name, &(struct names){names, count});
}

bool mlrt__matches(const char *pattern, const char *name) { return fnmatch(pattern, name, 0) == 0; }

const char *mlrt__grouped(int64_t n, char *buffer, size_t size) {
    char digits[24];
    const uint64_t magnitude = n < 0 ? -(uint64_t)n : (uint64_t)n;
    const int length = snprintf(digits, sizeof digits, "%" PRIu64, magnitude);
    size_t used = 0;
    if (n < 0 && used + 1 < size) buffer[used++] = '-';
    for (int i = 0; i < length && used + 2 < size; i++) {
        if (i > 0 && (length - i) % 3 == 0) buffer[used++] = ',';
        buffer[used++] = digits[i];
    }
    buffer[used] = 0;
    return buffer;
}

const char *mlrt__shortest(double x, char *buffer, size_t size) {
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(buffer, size, "%.*g", digits, x);
        if (strtod(buffer, NULL) == x) break;
    }
    return buffer;
}

/* The smallest character of each length shows what is overlong. */
size_t mlrt__utf8(const char *text, size_t size) {
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (size == 0) return 0;
    const unsigned char c = (unsigned char)text[0];
    if (c < 0x80) return 1;
    const size_t n = c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (n == 0 || n > size) return 0;
    uint32_t point = c & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80) return 0;
        point = point << 6 | ((unsigned char)text[i] & 0x3f);
    }
    return point >= smallest[n] && point <= 0x10ffff && (point & 0xfffff800) != 0xd800 ? n : 0;
}

void mlrt__json_string(FILE *out, const char *text) {
    fputc('"', out);
    for (size_t left = strlen(text), n; left; text += n, left -= n) {
        const unsigned char c = (unsigned char)*text;
        n = mlrt__utf8(text, left);
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c == '\n')
            fputs("\\n", out);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else if (n)
            fwrite(text, 1, n, out);
        else
            fputs("\\ufffd", out), n = 1;
    }
    fputc('"', out);
}

double mlrt__now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void mlrt__timestamp(char *buffer, size_t size) {
    const time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(buffer, size, "%Y-%m-%dT%H:%M:%SZ", &utc);
}
