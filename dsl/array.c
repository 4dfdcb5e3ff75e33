/* array.c - the array itself: made, looked into, changed, compared. */
#include "dsl/array.h"
#include "dsl/bridge.h"
#include "dsl/text.h"
#include <inttypes.h>
#include <string.h>

#define ARRAY "mlrt.array"

/* ---- making ---- */

enum { MAX_ELEMENTS = 1 << 30 };

static int64_t counted(lua_State *L, const char *what, const mlrt_shape *shape) {
    int64_t count = 1;
    bool fits = true;
    for (int32_t i = 0; i < shape->rank; i++) fits &= !__builtin_mul_overflow(count, shape->dim[i], &count);
    if (!fits || count > MAX_ELEMENTS) {
        char text[MLRT_SHAPE_TEXT];
        luaL_error(L, "%s: %s is too large for an array", what, mlrt_shape_text(shape, text, sizeof text));
    }
    return count;
}

mlrt__array *mlrt__array_new(lua_State *L, const char *what, const mlrt_shape *shape) {
    const int64_t count = counted(L, what, shape);
    const size_t bytes = (size_t)count * sizeof(double);
    mlrt__array *a = lua_newuserdatauv(L, sizeof *a + bytes, 0);
    *a = (mlrt__array){.shape = *shape, .count = count, .data = (double *)(a + 1)};
    memset(a->data, 0, bytes);
    luaL_setmetatable(L, ARRAY);
    return a;
}

mlrt__array *mlrt__array_vector(lua_State *L, const char *what, int64_t n) {
    return mlrt__array_new(L, what, &MLRT_SHAPE_OF(n));
}

mlrt__array *mlrt__array_matrix(lua_State *L, const char *what, int64_t rows, int64_t columns) {
    return mlrt__array_new(L, what, &MLRT_SHAPE_OF(rows, columns));
}

mlrt__array *mlrt__array_copy(lua_State *L, const char *what, const mlrt__array *a) {
    mlrt__array *copy = mlrt__array_new(L, what, &a->shape);
    memcpy(copy->data, a->data, (size_t)a->count * sizeof(double));
    return copy;
}

void *mlrt__array_scratch(lua_State *L, const char *what, int64_t count, size_t size) {
    if (count < 0 || count > MAX_ELEMENTS) luaL_error(L, "%s: too large", what);
    return lua_newuserdatauv(L, (size_t)count * size, 0);
}

/* a[i] of an array of rank 2 or more, i counted from 0: keeps a, or what a looks into, alive. */
static void push_row(lua_State *L, int index, const mlrt__array *a, int64_t i) {
    index = lua_absindex(L, index);
    mlrt__array *row = lua_newuserdatauv(L, sizeof *row, 1);
    *row = (mlrt__array){.shape.rank = a->shape.rank - 1, .count = a->count / a->shape.dim[0]};
    memcpy(row->shape.dim, a->shape.dim + 1, sizeof(int64_t) * (size_t)row->shape.rank);
    row->data = a->data + i * row->count;
    if (lua_getiuservalue(L, index, 1) != LUA_TUSERDATA) {
        lua_pop(L, 1);
        lua_pushvalue(L, index);
    }
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, ARRAY);
}

/* ---- from Lua values ---- */

mlrt__array *mlrt__array_test(lua_State *L, int index) { return luaL_testudata(L, index, ARRAY); }

/* The shape of nested tables, as their first elements tell it. */
static mlrt_shape measure(lua_State *L, const char *what) {
    mlrt_shape shape = {0};
    lua_pushvalue(L, -1);
    while (lua_istable(L, -1) && shape.rank < MLRT_MAX_RANK) {
        const int64_t n = shape.dim[shape.rank++] = luaL_len(L, -1);
        if (n == 0) {
            lua_pushnil(L);
            if (lua_next(L, -2)) luaL_error(L, "%s: expected a list, got a table with other keys than 1, 2, ...", what);
            break;
        }
        lua_geti(L, -1, 1);
        lua_remove(L, -2);
    }
    const mlrt__array *a = mlrt__array_test(L, -1);
    const int32_t more = a ? a->shape.rank : lua_istable(L, -1) && shape.dim[shape.rank - 1] > 0;
    if (shape.rank + more > MLRT_MAX_RANK) luaL_error(L, "%s: more than %d dimensions", what, MLRT_MAX_RANK);
    if (a) memcpy(shape.dim + shape.rank, a->shape.dim, sizeof(int64_t) * (size_t)more);
    if (a) shape.rank += more;
    lua_pop(L, 1);
    return shape;
}

static int bad_element(lua_State *L, const char *what, int32_t depth, const int64_t *at, const char *wanted) {
    const char *found = luaL_typename(L, -1);
    if (lua_istable(L, -1)) found = lua_pushfstring(L, "a table of %I", (LUAI_UACINT)luaL_len(L, -1));
    luaL_Buffer path;
    luaL_buffinit(L, &path);
    for (int32_t i = 0; i < depth; i++) {
        lua_pushfstring(L, "[%I]", (LUAI_UACINT)at[i]);
        luaL_addvalue(&path);
    }
    luaL_pushresult(&path);
    return luaL_error(L, "%s: element %s must be %s, got %s", what, lua_tostring(L, -1), wanted, found);
}

/* Write the value on top of the stack, which is inside `depth` tables, from `out` on. */
static double *fill(lua_State *L, const char *what, const mlrt_shape *shape, int32_t depth, int64_t *at, double *out) {
    const mlrt__array *a = mlrt__array_test(L, -1);
    if (depth == shape->rank) {
        if (lua_type(L, -1) != LUA_TNUMBER) bad_element(L, what, depth, at, "a number");
        *out = lua_tonumber(L, -1);
        return out + 1;
    }
    if (a) {
        const size_t rest = (size_t)(shape->rank - depth);
        if ((size_t)a->shape.rank != rest || memcmp(a->shape.dim, shape->dim + depth, rest * sizeof(int64_t)) != 0)
            bad_element(L, what, depth, at, "as the ones before it");
        memcpy(out, a->data, (size_t)a->count * sizeof(double));
        return out + a->count;
    }
    if (!lua_istable(L, -1) || luaL_len(L, -1) != shape->dim[depth]) {
        lua_pushfstring(L, "a table of %I", (LUAI_UACINT)shape->dim[depth]);
        lua_insert(L, -2);
        bad_element(L, what, depth, at, lua_tostring(L, -2));
    }
    for (at[depth] = 1; at[depth] <= shape->dim[depth]; at[depth]++) {
        lua_geti(L, -1, at[depth]);
        out = fill(L, what, shape, depth + 1, at, out);
        lua_pop(L, 1);
    }
    return out;
}

mlrt__array *mlrt__array_arg(lua_State *L, int index, const char *what) {
    mlrt__array *a = mlrt__array_test(L, index);
    if (a) return a;
    index = lua_absindex(L, index);
    luaL_checkstack(L, 4 + MLRT_MAX_RANK, what);
    if (lua_type(L, index) == LUA_TNUMBER) {
        a = mlrt__array_vector(L, what, 1);
        a->data[0] = lua_tonumber(L, index);
    } else if (lua_istable(L, index)) {
        lua_pushvalue(L, index);
        const mlrt_shape shape = measure(L, what);
        a = mlrt__array_new(L, what, &shape);
        lua_insert(L, -2);
        fill(L, what, &shape, 0, (int64_t[MLRT_MAX_RANK]){0}, a->data);
        lua_pop(L, 1);
    } else {
        const bool named = luaL_getmetafield(L, index, "__name") == LUA_TSTRING;
        luaL_error(L, "%s: argument %d must be an array, got %s", what, index,
                   named ? lua_tostring(L, -1) : luaL_typename(L, index));
    }
    lua_replace(L, index);
    return a;
}

mlrt__array *mlrt__array_rank(lua_State *L, int index, const char *what, int32_t rank) {
    mlrt__array *a = mlrt__array_arg(L, index, what);
    if (a->shape.rank != rank) {
        char text[MLRT_SHAPE_TEXT];
        luaL_error(L, "%s: argument %d must have %d dimension%s, got shape %s", what, index, rank, rank == 1 ? "" : "s",
                   mlrt_shape_text(&a->shape, text, sizeof text));
    }
    return a;
}

/* ---- arguments ---- */

int64_t mlrt__array_whole(lua_State *L, int index, const char *what, const char *name, int64_t least, int64_t missing) {
    if (lua_isnoneornil(L, index)) return missing;
    int whole;
    const lua_Integer n = lua_tointegerx(L, index, &whole);
    if (!whole || n < least)
        luaL_error(L, "%s: '%s' must be a whole number of at least %I, got %s", what, name, (LUAI_UACINT)least,
                   luaL_tolstring(L, index, NULL));
    return n;
}

mlrt_shape mlrt__array_shape_arg(lua_State *L, int first, const char *what) {
    const bool table = lua_istable(L, first);
    const int64_t rank = table ? luaL_len(L, first) : lua_gettop(L) - first + 1;
    if (rank < 1 || rank > MLRT_MAX_RANK)
        luaL_error(L, "%s: a shape has 1 to %d dimensions, got %I", what, MLRT_MAX_RANK, (LUAI_UACINT)rank);
    mlrt_shape shape = {.rank = (int32_t)rank};
    for (int32_t i = 0; i < shape.rank; i++) {
        if (table) lua_geti(L, first, i + 1);
        shape.dim[i] = mlrt__array_whole(L, table ? -1 : first + i, what, "dimension", -1, 0);
        if (table) lua_pop(L, 1);
    }
    return shape;
}

int32_t mlrt__array_axis(lua_State *L, int index, const char *what, const mlrt__array *a, int32_t missing) {
    if (lua_isnoneornil(L, index)) return missing;
    int whole;
    const lua_Integer axis = lua_tointegerx(L, index, &whole), rank = a->shape.rank;
    if (!whole || axis == 0 || axis > rank || axis < -rank) {
        char text[MLRT_SHAPE_TEXT];
        luaL_error(L, "%s: axis %s is not one of the %I of shape %s", what, luaL_tolstring(L, index, NULL),
                   (LUAI_UACINT)rank, mlrt_shape_text(&a->shape, text, sizeof text));
    }
    return (int32_t)(axis < 0 ? axis + rank : axis - 1);
}

int64_t mlrt__array_position(lua_State *L, int index, const char *what, int64_t n) {
    int whole;
    const lua_Integer i = lua_tointegerx(L, index, &whole);
    if (!whole || i == 0 || i > n || i < -n) {
        if (whole) lua_pushinteger(L, i);
        luaL_error(L, "%s: index %s is outside 1 .. %I", what, luaL_tolstring(L, whole ? -1 : index, NULL),
                   (LUAI_UACINT)n);
    }
    return i < 0 ? i + n : i - 1;
}

mlrt__lanes mlrt__array_lanes(const mlrt_shape *shape, int32_t axis) {
    mlrt__lanes lanes = {.outer = 1, .n = shape->dim[axis], .inner = 1};
    for (int32_t i = 0; i < axis; i++) lanes.outer *= shape->dim[i];
    for (int32_t i = axis + 1; i < shape->rank; i++) lanes.inner *= shape->dim[i];
    return lanes;
}

/* ---- a[i], a.name ---- */

static void push_element(lua_State *L, int index, const mlrt__array *a, int64_t i) {
    if (a->shape.rank == 1)
        lua_pushnumber(L, a->data[i]);
    else
        push_row(L, index, a, i);
}

static int array_index(lua_State *L) {
    const mlrt__array *a = luaL_checkudata(L, 1, ARRAY);
    if (lua_type(L, 2) == LUA_TNUMBER) {
        if (lua_tonumber(L, 2) == (lua_Number)(a->shape.dim[0] + 1)) return 0; /* where ipairs stops */
        push_element(L, 1, a, mlrt__array_position(L, 2, "array", a->shape.dim[0]));
        return 1;
    }
    lua_pushvalue(L, 2);
    if (lua_gettable(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    const char *name = luaL_tolstring(L, 2, NULL);
    const char *near = mlrt__nearest_key(L, lua_upvalueindex(1), name);
    if (near) return luaL_error(L, "an array has no '%s' (did you mean '%s'?)", name, near);
    return luaL_error(L, "an array has no '%s'", name);
}

/* Write a number, or the elements of an array or table, over the whole of `to`. */
static void assign(lua_State *L, const char *what, const mlrt__array *to, int value) {
    if (lua_type(L, value) == LUA_TNUMBER) {
        for (int64_t i = 0; i < to->count; i++) to->data[i] = lua_tonumber(L, value);
        return;
    }
    const mlrt__array *from = mlrt__array_arg(L, value, what);
    if (!mlrt_shape_equal(&from->shape, &to->shape)) {
        char a[MLRT_SHAPE_TEXT], b[MLRT_SHAPE_TEXT];
        luaL_error(L, "%s: shape %s does not fit in %s", what, mlrt_shape_text(&from->shape, a, sizeof a),
                   mlrt_shape_text(&to->shape, b, sizeof b));
    }
    memmove(to->data, from->data, (size_t)to->count * sizeof(double));
}

/* The part of an array that leading indices select. */
static mlrt__array part(lua_State *L, const char *what, const mlrt__array *a, int first, int count) {
    mlrt__array p = *a;
    if (count > a->shape.rank)
        luaL_error(L, "%s: %d indices for %d dimension%s", what, count, a->shape.rank, a->shape.rank == 1 ? "" : "s");
    for (int i = 0; i < count; i++) {
        p.count /= a->shape.dim[i] ? a->shape.dim[i] : 1;
        p.data += p.count * mlrt__array_position(L, first + i, what, a->shape.dim[i]);
    }
    p.shape.rank = a->shape.rank - count;
    memmove(p.shape.dim, p.shape.dim + count, sizeof(int64_t) * (size_t)p.shape.rank);
    return p;
}

static int array_newindex(lua_State *L) {
    const mlrt__array *a = luaL_checkudata(L, 1, ARRAY);
    if (lua_type(L, 2) != LUA_TNUMBER)
        return luaL_error(L, "array: index must be a number, got '%s'", luaL_tolstring(L, 2, NULL));
    const mlrt__array p = part(L, "array", a, 2, 1);
    if (p.shape.rank == 0 && lua_type(L, 3) != LUA_TNUMBER)
        return luaL_error(L, "array: an element must be a number, got %s", luaL_typename(L, 3));
    assign(L, "array", &p, 3);
    return 0;
}

/* a:get(i, j, ...): an element, or a copy of a part when there are fewer indices than dimensions. */
static int array_get(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "get"), p = part(L, "get", a, 2, lua_gettop(L) - 1);
    if (p.shape.rank == 0)
        lua_pushnumber(L, *p.data);
    else
        mlrt__array_copy(L, "get", &p);
    return 1;
}

/* a:set(i, j, ..., value): returns a. */
static int array_set(lua_State *L) {
    const int top = lua_gettop(L);
    const mlrt__array *a = luaL_checkudata(L, 1, ARRAY);
    if (top < 3) return luaL_error(L, "set: expected indices and a value");
    const mlrt__array p = part(L, "set", a, 2, top - 2);
    if (p.shape.rank == 0 && lua_type(L, top) != LUA_TNUMBER)
        return luaL_error(L, "set: an element must be a number, got %s", luaL_typename(L, top));
    assign(L, "set", &p, top);
    lua_settop(L, 1);
    return 1;
}

/* ---- the rest of a value ---- */

static int array_len(lua_State *L) {
    lua_pushinteger(L, ((mlrt__array *)luaL_checkudata(L, 1, ARRAY))->shape.dim[0]);
    return 1;
}

static int array_eq(lua_State *L) {
    const mlrt__array *a = mlrt__array_test(L, 1), *b = mlrt__array_test(L, 2);
    bool same = a && b && mlrt_shape_equal(&a->shape, &b->shape);
    for (int64_t i = 0; same && i < a->count; i++) same = a->data[i] == b->data[i];
    lua_pushboolean(L, same);
    return 1;
}

static int array_tostring(lua_State *L) {
    mlrt__array_text(L, luaL_checkudata(L, 1, ARRAY));
    return 1;
}

/* array { { 1, 2 }, { 3, 4 } }; a copy when given an array. */
static int array_call(lua_State *L) {
    const bool copy = mlrt__array_test(L, 2) != NULL;
    const mlrt__array *a = mlrt__array_arg(L, 2, "array");
    lua_settop(L, 2);
    if (copy) mlrt__array_copy(L, "array", a);
    return 1;
}

static const luaL_Reg itself[] = {{"get", array_get}, {"set", array_set}, {0}};

int mlrt__open_array(lua_State *L) {
    static const luaL_Reg meta[] = {
        {"__newindex", array_newindex}, {"__len", array_len}, {"__eq", array_eq}, {"__tostring", array_tostring}, {0}};
    const luaL_Reg *const families[] = {itself,
                                        mlrt__array_making,
                                        mlrt__array_shaping,
                                        mlrt__array_order,
                                        mlrt__array_linear,
                                        mlrt__array_decompositions,
                                        mlrt__array_clusters,
                                        mlrt__array_files};
    lua_newtable(L);
    const int functions = lua_gettop(L);
    luaL_newmetatable(L, ARRAY);
    luaL_setfuncs(L, meta, 0);
    lua_pushliteral(L, ARRAY); /* what getmetatable gives a script */
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, functions);
    lua_pushcclosure(L, array_index, 1);
    lua_setfield(L, -2, "__index");
    mlrt__array_add_elements(L, functions, functions + 1);
    mlrt__array_add_reductions(L, functions);
    mlrt__array_add_random(L, functions);
    lua_settop(L, functions);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) luaL_setfuncs(L, families[i], 0);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, array_call);
    lua_setfield(L, -2, "__call");
    lua_setmetatable(L, functions);
    return 1;
}
