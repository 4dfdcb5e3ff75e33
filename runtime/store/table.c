/* table.c - texts in aligned columns. */
#include "store/table.h"
#include <stdlib.h>
#include <string.h>

enum { GAP = 2 };

void mlrt__table_add(mlrt__table *t, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, format, args);
    char *text = mlrt__arena_alloc(t->arena, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    MLRT__ROOM(t->cell, t->cells, t->room);
    t->cell[t->cells++] = text;
}

/* Characters: bytes that do not continue a UTF-8 sequence. */
static int32_t width(const char *text) {
    int32_t n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* Spaces are owed until something follows them: no line ends in one. */
static void print_row(const mlrt__table *t, const char *const *cell, const int32_t *wide, int32_t indent, FILE *out) {
    int32_t owed = indent;
    for (int32_t i = 0; i < t->columns; i++) {
        const int32_t space = wide[i] - width(cell[i]), before = i < 32 && t->right >> i & 1 ? space : 0;
        owed += before;
        if (*cell[i]) {
            fprintf(out, "%*s%s", owed, "", cell[i]);
            owed = 0;
        }
        owed += space - before + GAP;
    }
    fputc('\n', out);
}

void mlrt__table_print(mlrt__table *t, int32_t indent, FILE *out) {
    int32_t *wide = MLRT__NEWS(t->arena, int32_t, t->columns);
    for (int32_t i = 0; i < t->cells; i++) {
        const int32_t w = width(t->cell[i]), column = i % t->columns;
        if (w > wide[column]) wide[column] = w;
    }
    for (int32_t i = 0; i < t->cells; i += t->columns) print_row(t, &t->cell[i], wide, indent, out);
    free(t->cell);
    *t = (mlrt__table){.arena = t->arena, .columns = t->columns, .right = t->right};
}
