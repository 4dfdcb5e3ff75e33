/* plot.c - the module mlrt.plotter: a description from stdlib/plot.lua, its data and a path become files.
 *
 * Fields are read raw, and strings and memory are kept at the bottom of the stack: not even a finalizer of the script,
 * which the collector may run here, can take them away.
 */
#include "dsl/plot.h"
#include "base/file.h"
#include "dsl/array.h"
#include "dsl/bridge.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SERIES = 1000, SECONDS = 60 };

/* ---- fields of the table at the top of the stack; each leaves the stack as it was ---- */

static int bad_field(lua_State *L, const char *field, const char *wanted) {
    return luaL_error(L, "plot: '%s' must be %s, got %s", field, wanted, luaL_typename(L, -1));
}

static int get(lua_State *L, const char *field) {
    lua_pushstring(L, field);
    return lua_rawget(L, -2);
}

/* Move the value on top to the bottom of the stack, where it stays until the end. */
static void keep(lua_State *L) {
    luaL_checkstack(L, 10, "plot: too many names");
    lua_insert(L, 1);
}

static const char *string_field(lua_State *L, const char *field) {
    const int type = get(L, field);
    if (type != LUA_TNIL && type != LUA_TSTRING) bad_field(L, field, "a string");
    const char *text = lua_tostring(L, -1);
    keep(L);
    return text;
}

static double number_field(lua_State *L, const char *field, double missing) {
    const int type = get(L, field);
    if (type != LUA_TNIL && type != LUA_TNUMBER) bad_field(L, field, "a number");
    const double number = type == LUA_TNUMBER ? lua_tonumber(L, -1) : missing;
    lua_pop(L, 1);
    return number;
}

static bool flag_field(lua_State *L, const char *field) {
    get(L, field);
    const bool flag = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return flag;
}

/* Leave the list of a field on top and return its length; 0, and nil on top, when there is none. */
static int32_t list_field(lua_State *L, const char *field) {
    if (get(L, field) == LUA_TNIL) return 0;
    if (!lua_istable(L, -1)) bad_field(L, field, "a list");
    const lua_Unsigned n = lua_rawlen(L, -1);
    if (n > MOST_SERIES) luaL_error(L, "plot: '%s' has more than %d entries", field, MOST_SERIES);
    return (int32_t)n;
}

/* The i-th table of the list on top, left on top. */
static void list_table(lua_State *L, int32_t i) {
    if (lua_rawgeti(L, -1, i + 1) != LUA_TTABLE) luaL_error(L, "plot: entry %d of a list must be a table", i + 1);
}

/* ---- the description, at the top of the stack ---- */

static void *room(lua_State *L, int32_t count, size_t size) {
    void *p = mlrt__array_scratch(L, "plot", count, size);
    keep(L);
    return p;
}

static mlrt__axis read_axis(lua_State *L, const char *name) {
    mlrt__axis a = {.low = NAN, .high = NAN, .from = NAN, .to = NAN};
    if (get(L, name) == LUA_TTABLE) {
        a.label = string_field(L, "label");
        a.log = flag_field(L, "log");
        a.whole = flag_field(L, "whole");
        a.low = number_field(L, "low", NAN);
        a.high = number_field(L, "high", NAN);
        a.from = number_field(L, "from", NAN);
        a.to = number_field(L, "to", NAN);
        a.name_count = list_field(L, "names");
        if (a.name_count) a.names = room(L, a.name_count, sizeof *a.names);
        for (int32_t i = 0; i < a.name_count; i++) {
            if (lua_rawgeti(L, -1, i + 1) != LUA_TSTRING) bad_field(L, "names", "a list of strings");
            a.names[i] = lua_tostring(L, -1);
            keep(L);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return a;
}

static void read_series(lua_State *L, mlrt__plot *p) {
    p->series_count = list_field(L, "series");
    p->series = room(L, p->series_count, sizeof *p->series);
    for (int32_t i = 0; i < p->series_count; i++) {
        list_table(L, i);
        p->series[i] = (mlrt__series){.name = string_field(L, "name"), .markers = flag_field(L, "markers")};
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void read_guides(lua_State *L, mlrt__plot *p) {
    p->guide_count = list_field(L, "guides");
    p->guides = room(L, p->guide_count, sizeof *p->guides);
    for (int32_t i = 0; i < p->guide_count; i++) {
        list_table(L, i);
        const double x = number_field(L, "x", NAN), y = number_field(L, "y", NAN);
        p->guides[i] =
            (mlrt__guide){.upright = isfinite(x), .at = isfinite(x) ? x : y, .label = string_field(L, "label")};
        if (!isfinite(p->guides[i].at)) luaL_error(L, "plot: a guide needs x or y");
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void read_columns(lua_State *L, mlrt__plot *p) {
    static const char *const names[] = {
#define C(name) #name,
        MLRT__COLUMNS(C)
#undef C
    };
    const int32_t count = list_field(L, "columns");
    for (int32_t i = 0; i < count; i++) {
        if (lua_rawgeti(L, -1, i + 1) != LUA_TSTRING) bad_field(L, "columns", "a list of strings");
        for (int c = 0; c < MLRT__COLUMN_COUNT; c++)
            if (strcmp(lua_tostring(L, -1), names[c]) == 0) p->column[c] = i + 2; /* after the name of the series */
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static mlrt__plot_kind read_kind(lua_State *L) {
    static const char *const kinds[] = {"curves", "scatter", "heatmap", "histogram"};
    const char *kind = string_field(L, "kind");
    for (int i = 0; kind && i < MLRT__PLOT_KINDS; i++)
        if (strcmp(kind, kinds[i]) == 0) return (mlrt__plot_kind)i;
    luaL_error(L, "plot: no kind '%s'", kind ? kind : "");
    return MLRT__CURVES;
}

static mlrt__plot read_plot(lua_State *L) {
    mlrt__plot p = {.kind = read_kind(L), .title = string_field(L, "title")};
    p.x = read_axis(L, "x");
    p.y = read_axis(L, "y");
    p.color = read_axis(L, "color");
    p.width = number_field(L, "width", 640);
    p.height = number_field(L, "height", 440);
    p.equal = flag_field(L, "equal");
    p.legend = flag_field(L, "legend");
    p.image = flag_field(L, "image");
    p.diverging = flag_field(L, "diverging");
    p.point_size = number_field(L, "point_size", 0.7);
    if (!(p.width >= 100 && p.width <= 4000 && p.height >= 100 && p.height <= 4000))
        luaL_error(L, "plot: a size is from 100 to 4000 pixels");
    read_columns(L, &p);
    read_series(L, &p);
    read_guides(L, &p);
    return p;
}

/* ---- files ---- */

typedef struct target {
    char folder[2048], name[512];
    char path[2048 + 512 + 8];
} target;

static const char *path_of(target *t, const char *extension) {
    snprintf(t->path, sizeof t->path, "%s/%s%s", t->folder, t->name, extension);
    return t->path;
}

/* "runs/3/accuracy" is the name accuracy in the folder runs/3. */
static void split_path(lua_State *L, const char *path, target *t) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const size_t length = slash ? (size_t)(slash - path) : 0;
    if (!*name || length >= sizeof t->folder || strlen(name) >= sizeof t->name)
        luaL_error(L, "plot: '%s' is no path for a plot", path);
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == '\'')
            luaL_error(L, "plot: a name has neither quotes nor control characters, '%s' does", name);
    memcpy(t->folder, path, length);
    t->folder[length] = 0;
    if (!length) strcpy(t->folder, slash ? "/" : ".");
    strcpy(t->name, name);
}

static mlrt_status write_script(target *t, const mlrt__plot *plot, mlrt_error *err) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    mlrt__plot_script(out, plot, t->name);
    mlrt_status status = fclose(out) ? mlrt_fail(err, MLRT_MEMORY, "out of memory") : MLRT_OK;
    if (!status) status = mlrt__write_file(path_of(t, ".gp"), text, size, err);
    free(text);
    return status;
}

/* Returns how many files there are: data, script, and then both pictures. */
static int write_and_draw(target *t, const mlrt__plot *plot, const char *data, size_t size, mlrt_error *err) {
    if (mlrt__make_folders(t->folder, err)) return 0;
    if (mlrt__write_file(path_of(t, ".csv"), data, size, err)) return 0;
    if (write_script(t, plot, err)) return 1;
    if (mlrt__gnuplot(t->folder, t->name, SECONDS, err) == MLRT_OK) return 4;
    mlrt_hint(err, "the data are in '%s'; draw them with 'gnuplot %s.gp' there", path_of(t, ".csv"), t->name);
    return 2;
}

/* draw(description, data, path): writes path.csv, path.gp, path.svg and path.png. Gives how many of them there are, and
 * what went wrong outside (no gnuplot, a full disk); a wrong description is an error. */
static int draw(lua_State *L) {
    size_t size;
    luaL_checktype(L, 1, LUA_TTABLE);
    const char *data = luaL_checklstring(L, 2, &size), *path = luaL_checkstring(L, 3);
    target t;
    mlrt_error err = {0};
    split_path(L, path, &t);
    lua_pushvalue(L, 1);
    const mlrt__plot plot = read_plot(L);
    lua_pushinteger(L, write_and_draw(&t, &plot, data, size, &err));
    if (err.status == MLRT_OK) return 1;
    char text[MLRT_WHERE_MAX + MLRT_MESSAGE_MAX + MLRT_HINT_MAX];
    lua_pushstring(L, mlrt_error_text(&err, text, sizeof text));
    return 2;
}

int mlrt__open_plotter(lua_State *L) {
    static const luaL_Reg functions[] = {{"draw", draw}, {0}};
    luaL_newlib(L, functions);
    return 1;
}
