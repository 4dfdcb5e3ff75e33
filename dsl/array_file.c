/* array_file.c - arrays in files: NumPy's .npy, and .csv for everybody else.
 *
 * Only files of these two kinds are written, so that a script without --unsafe cannot replace any other.
 */
#include "base/arena.h"
#include "base/file.h"
#include "dsl/array.h"
#include "dsl/held.h"
#include "tensor/npy.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 30, NUMBER_MAX = 32 };

static int fail(lua_State *L, const mlrt_error *err) {
    char text[MLRT_WHERE_MAX + MLRT_MESSAGE_MAX + MLRT_HINT_MAX];
    return luaL_error(L, "%s", mlrt_error_text(err, text, sizeof text));
}

static bool ends_in(const char *path, const char *extension) {
    const size_t n = strlen(path), m = strlen(extension);
    return n > m && strcmp(path + n - m, extension) == 0;
}

/* ---- .npy ---- */

static int load_npy(lua_State *L, const char *path) {
    mlrt_error err = {0};
    mlrt_shape shape;
    double *data;
    mlrt__held *h = mlrt__hold(L, mlrt__free_large);
    if (mlrt__npy_read_f64(path, &shape, &data, &err)) return fail(L, &err);
    h->thing = data;
    if (shape.rank == 0) shape = MLRT_SHAPE_OF(1);
    mlrt__array *a = mlrt__array_new(L, "load", &shape);
    memcpy(a->data, data, (size_t)a->count * sizeof *data);
    return 1;
}

/* ---- .csv: numbers between commas, semicolons or space; a first line that begins with a word is a header, and empty
 * lines and those that begin with # are left out ---- */

static const char blanks[] = " \t\r";

typedef struct table {
    const char *path;
    int64_t line, rows, columns;
    double *data; /* NULL while only counting */
} table;

static void read_line(lua_State *L, table *t, const char *line) {
    int64_t column = 0;
    for (const char *at = line + strspn(line, blanks); *at; column++) {
        char *end;
        const double value = strtod(at, &end);
        const char *next = end + strspn(end, blanks);
        const bool number = end > at && (next > end || !*next || *next == ',' || *next == ';');
        if (!number && t->rows == 0 && column == 0) return;
        if (!number)
            luaL_error(L, "load: '%s' has no number at line %I, column %I", t->path, (LUAI_UACINT)t->line,
                       (LUAI_UACINT)column + 1);
        if (t->data && column < t->columns) t->data[t->rows * t->columns + column] = value;
        at = *next == ',' || *next == ';' ? next + 1 + strspn(next + 1, blanks) : next;
    }
    if (column == 0) return;
    if (t->rows == 0) t->columns = column;
    if (column != t->columns)
        luaL_error(L, "load: '%s' has %I numbers in line %I, and %I before", t->path, (LUAI_UACINT)column,
                   (LUAI_UACINT)t->line, (LUAI_UACINT)t->columns);
    t->rows++;
}

static void read_lines(lua_State *L, table *t, const char *text, size_t size) {
    t->line = t->rows = 0;
    for (const char *line = text; line < text + size; line += strlen(line) + 1) {
        t->line++;
        if (*line != '#') read_line(L, t, line);
    }
}

static int load_csv(lua_State *L, const char *path) {
    mlrt_error err = {0};
    char *text;
    size_t size;
    mlrt__held *h = mlrt__hold(L, free);
    if (mlrt__read_file(path, TEXT_MAX, &text, &size, &err)) return fail(L, &err);
    h->thing = text;
    for (size_t i = 0; i < size; i++)
        if (text[i] == '\n') text[i] = 0;
    table t = {.path = path};
    read_lines(L, &t, text, size);
    mlrt__array *a = mlrt__array_matrix(L, "load", t.rows, t.columns);
    t.data = a->data;
    read_lines(L, &t, text, size);
    if (t.columns == 1) a->shape = MLRT_SHAPE_OF(a->count);
    return 1;
}

/* With as few digits as give the same number back. */
static void add_number(luaL_Buffer *out, double x) {
    char text[NUMBER_MAX];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) == x) break;
    }
    luaL_addstring(out, isnan(x) ? "nan" : text);
}

static int save_csv(lua_State *L, const mlrt__array *a, const char *path) {
    if (a->shape.rank > 2)
        return luaL_error(L, "save: a .csv has rows and columns, but the array %d dimensions", a->shape.rank);
    const int64_t columns = a->shape.rank == 2 ? a->shape.dim[1] : 1;
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    for (int64_t i = 0; i < a->count; i++) {
        add_number(&out, a->data[i]);
        luaL_addchar(&out, (i + 1) % columns ? ',' : '\n');
    }
    luaL_pushresult(&out);
    size_t size;
    mlrt_error err = {0};
    const char *text = lua_tolstring(L, -1, &size);
    return mlrt__write_file(path, text, size, &err) ? fail(L, &err) : 0;
}

/* ---- either ---- */

/* a:save("x.npy"), a:save("x.csv") */
static int save(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "save");
    const char *path = luaL_checkstring(L, 2);
    mlrt_error err = {0};
    lua_settop(L, 2);
    if (ends_in(path, ".csv")) return save_csv(L, a, path);
    if (!ends_in(path, ".npy")) return luaL_error(L, "save: '%s' must end in .npy or .csv", path);
    return mlrt__npy_write_f64(path, &a->shape, a->data, &err) ? fail(L, &err) : 0;
}

/* array.load("x.npy"), or any text of numbers */
static int load(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    return ends_in(path, ".npy") ? load_npy(L, path) : load_csv(L, path);
}

const luaL_Reg mlrt__array_files[] = {{"save", save}, {"load", load}, {"read_csv", mlrt__array_read_csv}, {0}};
