/* array_task.c - task.arrays in Lua: core.arrays(task, fields, split) hands over what dsl/mlrt/arrays.lua has sorted out.
 *
 * fields = { { name =, target =, classes =, tokens = { "cat", "dog" }, parts = { all } or { train, valid, test } }, ... }
 */
#include "dsl/array.h"
#include "dsl/core.h"
#include "dsl/object.h"
#include "dsl/state.h"
#include "plugin/arrays.h"
#include <lauxlib.h>

static const char *const *read_tokens(lua_State *L, mlrt__arena *arena, int32_t *classes) {
    if (!lua_istable(L, -1)) return NULL;
    *classes = (int32_t)luaL_len(L, -1);
    const char **token = MLRT__NEWS(arena, const char *, *classes);
    for (int32_t i = 0; i < *classes; i++) {
        lua_rawgeti(L, -1, i + 1);
        token[i] = mlrt__arena_string(arena, luaL_checkstring(L, -1));
        lua_pop(L, 1);
    }
    return token;
}

/* The array of a split of the field on top of the stack; tables are made into arrays where they stand. */
static mlrt__arrays_part read_part(lua_State *L, const char *field, mlrt_split split) {
    mlrt__arrays_part part = {0};
    lua_getfield(L, -1, "parts");
    if (lua_rawgeti(L, -1, (int)split + 1) != LUA_TNIL) {
        if (!lua_istable(L, -1) && !mlrt__array_test(L, -1))
            luaL_error(L, "task.arrays: field '%s' must be an array or a table, got a %s", field, luaL_typename(L, -1));
        const int value = lua_gettop(L);
        const mlrt__array *a = mlrt__array_arg(L, value, lua_pushfstring(L, "task.arrays: field '%s'", field));
        part = (mlrt__arrays_part){a->shape, a->data};
    }
    return part;
}

static void read_field(lua_State *L, mlrt__arena *arena, mlrt__arrays_field *f) {
    const int field = lua_gettop(L);
    lua_getfield(L, field, "name");
    f->name = mlrt__arena_string(arena, luaL_checkstring(L, -1));
    lua_getfield(L, field, "target");
    f->target = lua_toboolean(L, -1);
    lua_getfield(L, field, "classes");
    f->classes = (int32_t)luaL_optinteger(L, -1, 0);
    lua_getfield(L, field, "tokens");
    f->token = read_tokens(L, arena, &f->classes);
    for (mlrt_split s = 0; s < MLRT_SPLITS; s++) {
        lua_pushvalue(L, field);
        f->part[s] = read_part(L, f->name, s);
    }
}

static int fill(lua_State *L) {
    mlrt_error err = {0};
    mlrt__handle *h = mlrt__handle_arg(L, 1, MLRT_KIND_TASK, "task");
    mlrt__arrays_field field[MLRT_MAX_FIELDS];
    const int32_t fields = (int32_t)luaL_len(L, 2);
    luaL_checkstack(L, 16 * (MLRT_MAX_FIELDS + 1), NULL); /* the arrays stay on the stack while they are read */
    for (int32_t f = 0; f < fields && f < MLRT_MAX_FIELDS; f++) {
        lua_rawgeti(L, 2, f + 1);
        read_field(L, &h->arena, &field[f]);
    }
    h->opened = true;
    if (mlrt__arrays_fill((mlrt_task *)h->object, field, fields, lua_toboolean(L, 3), &err) == MLRT_OK) return 0;
    mlrt_at(&err, "task.arrays");
    return mlrt__raise(L, &err);
}

void mlrt__open_array_tasks(lua_State *L) {
    lua_pushcfunction(L, fill);
    lua_setfield(L, -2, "fill_arrays");
}
