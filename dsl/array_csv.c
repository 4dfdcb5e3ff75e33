/* array_csv.c - array.read_csv: tables with named columns, as people keep them.
 *
 *   local nuclei, names = array.read_csv("nuclei.csv", { missing = { "*" }, numbers = { "energy" } })
 *
 * The first line names the columns; cells stand between commas, semicolons or tabs, whichever comes first in that line,
 * and may be in double quotes. Empty lines and those that begin with # are left out. A column of numbers becomes an array,
 * in which a missing number is a NaN; any other column a list of texts.
 */
#include "base/arena.h"
#include "base/file.h"
#include "dsl/array.h"
#include "dsl/held.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 30, PATH_ARG = 1, OPTIONS_ARG = 2 };

/* The cells row by row, the first row the header. They point into the text, which is cut into strings where it lies. */
typedef struct table {
    lua_State *L;
    const char *path;
    char separator;
    char **cell;
    int64_t cells, capacity, columns;
    int64_t *line; /* of each row */
    int64_t rows, row_capacity;
    mlrt__held *held_cells, *held_lines;
} table;

/* Raise what is wrong with a row; a column's name may be put before it. */
static void fail(const table *t, int64_t row, const char *column, const char *problem) {
    luaL_error(t->L, "read_csv: '%s', line %I%s%s%s: %s", t->path, (LUAI_UACINT)t->line[row],
               column ? ", column '" : "", column ? column : "", column ? "'" : "", problem);
}

/* ---- from text to cells ---- */

static char *skip_blanks(const table *t, char *at) { return at + strspn(at, t->separator == '\t' ? " " : " \t"); }

/* The end of a cell in quotes; its text moves to `to`, where a doubled quote stands for one. */
static char *unquote(const table *t, char *to) {
    for (const char *from = to + 1; *from; *to++ = *from++)
        if (*from == '"' && *++from != '"') {
            *to = 0;
            return skip_blanks(t, (char *)from);
        }
    fail(t, t->rows - 1, NULL, "a quote is not closed in its line");
    return to;
}

/* Cut one cell out of a line; the next one begins at the result, which is NULL behind the last. */
static char *cut(table *t, char *at) {
    char *const text = skip_blanks(t, at);
    const bool quoted = *text == '"';
    char *end = quoted ? unquote(t, text) : text + strcspn(text, (char[]){t->separator, 0});
    const bool last = !*end;
    if (!last && *end != t->separator) fail(t, t->rows - 1, NULL, "a cell goes on behind its quotes");
    char *const next = end + 1;
    *end = 0;
    while (!quoted && end > text && (end[-1] == ' ' || end[-1] == '\t')) *--end = 0;
    MLRT__ROOM(t->cell, t->cells, t->capacity);
    t->held_cells->thing = t->cell;
    t->cell[t->cells++] = text;
    return last ? NULL : next;
}

static void read_row(table *t, char *line, int64_t number) {
    const int64_t before = t->cells;
    char problem[96];
    MLRT__ROOM(t->line, t->rows, t->row_capacity);
    t->held_lines->thing = t->line;
    t->line[t->rows++] = number;
    for (char *at = line; at;) at = cut(t, at);
    const int64_t cells = t->cells - before;
    if (t->rows == 1) t->columns = cells;
    if (cells == t->columns) return;
    snprintf(problem, sizeof problem, "expected %lld cell%s, got %lld", (long long)t->columns,
             t->columns == 1 ? "" : "s", (long long)cells);
    fail(t, t->rows - 1, NULL, problem);
}

static char first_separator(const char *line) {
    const char *at = strpbrk(line, ",;\t");
    return at ? *at : ',';
}

static void read_rows(table *t, char *text) {
    int64_t number = 1;
    for (char *line = text, *next; line; line = next, number++) {
        if ((next = strchr(line, '\n'))) *next++ = 0;
        const size_t length = strlen(line);
        if (length && line[length - 1] == '\r') line[length - 1] = 0;
        if (*line == '#' || !line[strspn(line, " \t")]) continue;
        if (t->rows == 0) t->separator = first_separator(line);
        read_row(t, line, number);
    }
    if (t->rows == 0) luaL_error(t->L, "read_csv: '%s' is empty: expected a line of column names", t->path);
}

/* ---- from cells to columns ---- */

static bool is_number(const char *text, double *value) {
    char *end;
    *value = strtod(text, &end);
    return end > text && !*end;
}

static bool has(lua_State *L, int set, const char *text) {
    const bool found = lua_getfield(L, set, text) != LUA_TNIL;
    lua_pop(L, 1);
    return found;
}

static const char *value_of(const table *t, int64_t row, int64_t column) { return t->cell[row * t->columns + column]; }

/* Write a column into `out`, which may be NULL; returns the first row that is no number, or 0. */
static int64_t numbers_of(const table *t, int64_t column, int missing, double *out) {
    for (int64_t row = 1; row < t->rows; row++) {
        const char *text = value_of(t, row, column);
        double value = (double)NAN;
        if (*text && !has(t->L, missing, text) && !is_number(text, &value)) return row;
        if (out) out[row - 1] = value;
    }
    return 0;
}

static void push_texts(const table *t, int64_t column) {
    lua_createtable(t->L, (int)(t->rows - 1), 0);
    for (int64_t row = 1; row < t->rows; row++) {
        lua_pushstring(t->L, value_of(t, row, column));
        lua_rawseti(t->L, -2, row);
    }
}

static void push_column(const table *t, int64_t column, int missing, int numbers) {
    const char *name = value_of(t, 0, column);
    const int64_t odd = numbers_of(t, column, missing, NULL);
    if (odd && has(t->L, numbers, name))
        fail(t, odd, name, lua_pushfstring(t->L, "expected a number, got '%s'", value_of(t, odd, column)));
    if (odd)
        push_texts(t, column);
    else
        numbers_of(t, column, missing, mlrt__array_vector(t->L, "read_csv", t->rows - 1)->data);
}

/* The columns by name, and the names in order. */
static void push_columns(const table *t, int missing, int numbers) {
    lua_State *L = t->L;
    lua_createtable(L, 0, (int)t->columns);
    lua_createtable(L, (int)t->columns, 0);
    const int columns = lua_gettop(L) - 1, names = columns + 1;
    double value;
    for (int64_t c = 0; c < t->columns; c++) {
        const char *name = value_of(t, 0, c);
        if (is_number(name, &value))
            fail(t, 0, NULL,
                 lua_pushfstring(L, "expected the name of a column, got %s (array.load reads numbers)", name));
        if (has(L, columns, name)) fail(t, 0, NULL, lua_pushfstring(L, "two columns are called '%s'", name));
        push_column(t, c, missing, numbers);
        lua_setfield(L, columns, name);
        lua_pushstring(L, name);
        lua_rawseti(L, names, c + 1);
    }
}

/* ---- options ---- */

/* Push the texts of the list options[word] as a set. */
static void push_set(lua_State *L, const char *word) {
    lua_newtable(L);
    lua_getfield(L, OPTIONS_ARG, word);
    if (!lua_isnil(L, -1) && !lua_istable(L, -1))
        luaL_error(L, "read_csv: '%s' must be a list of texts, got a %s", word, luaL_typename(L, -1));
    for (lua_Integer i = 1, n = lua_istable(L, -1) ? luaL_len(L, -1) : 0; i <= n; i++) {
        lua_rawgeti(L, -1, i);
        if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "read_csv: '%s' must be a list of texts", word);
        lua_pushboolean(L, true);
        lua_rawset(L, -4);
    }
    lua_pop(L, 1);
}

static void check_options(lua_State *L) {
    if (lua_isnil(L, OPTIONS_ARG)) lua_newtable(L), lua_replace(L, OPTIONS_ARG);
    luaL_checktype(L, OPTIONS_ARG, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, OPTIONS_ARG); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "a number";
        if (strcmp(key, "missing") != 0 && strcmp(key, "numbers") != 0)
            luaL_error(L, "read_csv: unknown option '%s' (there are 'missing' and 'numbers')", key);
    }
}

/* Every column that must be one of numbers is there. */
static void check_numbers(const table *t, int numbers, int columns) {
    lua_State *L = t->L;
    for (lua_pushnil(L); lua_next(L, numbers); lua_pop(L, 1))
        if (!has(L, columns, lua_tostring(L, -2)))
            luaL_error(L, "read_csv: '%s' has no column '%s'", t->path, lua_tostring(L, -2));
}

/* array.read_csv(path [, { missing = { "?" }, numbers = { "mass" } }]): columns by name, and the names in order. */
int mlrt__array_read_csv(lua_State *L) {
    mlrt_error err = {0};
    char *text, message[MLRT_WHERE_MAX + MLRT_MESSAGE_MAX + MLRT_HINT_MAX];
    size_t size;
    table t = {.L = L, .path = luaL_checkstring(L, PATH_ARG)};
    lua_settop(L, OPTIONS_ARG);
    check_options(L);
    push_set(L, "missing");
    push_set(L, "numbers");
    const int missing = OPTIONS_ARG + 1, numbers = OPTIONS_ARG + 2;
    mlrt__held *held = mlrt__hold(L, free);
    t.held_cells = mlrt__hold(L, free);
    t.held_lines = mlrt__hold(L, free);
    if (mlrt__read_file(t.path, TEXT_MAX, &text, &size, &err))
        return luaL_error(L, "%s", mlrt_error_text(&err, message, sizeof message));
    held->thing = text;
    read_rows(&t, strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? text + 3 : text); /* a mark of UTF-8 */
    push_columns(&t, missing, numbers);
    check_numbers(&t, numbers, lua_gettop(L) - 1);
    return 2;
}
