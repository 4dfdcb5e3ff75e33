/* object.c - instances of plugin classes in Lua: mlrt.layer.linear { 64, bias = false }.
 *
 * core.kinds() and core.classes(kind) list what the plugins offer; core.object(kind, name, properties) makes a checked
 * instance. The vocabulary on top of them is in Lua. */
#include "dsl/object.h"
#include "dsl/node.h"
#include "dsl/state.h"
#include "plugin/kinds.h"
#include <lauxlib.h>
#include <string.h>

static const char type_name[] = "mlrt.object";

mlrt__handle *mlrt__handle_test(lua_State *L, int index) { return luaL_testudata(L, index, type_name); }

mlrt__handle *mlrt__handle_arg(lua_State *L, int index, mlrt_kind kind, const char *what) {
    mlrt__handle *h = luaL_testudata(L, index, type_name);
    if (!h) luaL_error(L, "%s must be a %s, got %s", what, mlrt__kinds[kind].name, luaL_typename(L, index));
    if (h->object->cls->kind != kind)
        luaL_error(L, "%s must be a %s, got the %s '%s'", what, mlrt__kinds[kind].name,
                   mlrt__kinds[h->object->cls->kind].name, h->name);
    return h;
}

static mlrt_kind kind_arg(lua_State *L, int index) {
    const char *name = luaL_checkstring(L, index);
    for (int32_t k = 0; k < MLRT_KIND_COUNT; k++)
        if (strcmp(mlrt__kinds[k].name, name) == 0) return (mlrt_kind)k;
    return (mlrt_kind)luaL_error(L, "there is no kind '%s'", name);
}

/* ---- from Lua values to properties ---- */

static bool is_list(lua_State *L, int index) {
    for (lua_Integer i = 1, n = luaL_len(L, index); i <= n; i++) {
        const bool number = lua_rawgeti(L, index, i) == LUA_TNUMBER;
        lua_pop(L, 1);
        if (!number) return false;
    }
    return true;
}

static float field_number(lua_State *L, int index, const char *name) {
    lua_getfield(L, index, name);
    const float x = (float)lua_tonumber(L, -1);
    lua_pop(L, 1);
    return x;
}

/* { initialiser = "uniform", a = -1, b = 1, scale = 2 }, as mlrt.init.uniform makes it. */
static bool init_value(lua_State *L, int index, mlrt__value *v) {
    bool fine = false;
    if (lua_getfield(L, index, "initialiser") == LUA_TSTRING &&
        mlrt__init_from_name(lua_tostring(L, -1), &v->init, NULL) == MLRT_OK) {
        v->type = MLRT__INIT;
        v->init.a = field_number(L, index, "a"), v->init.b = field_number(L, index, "b");
        v->init.scale = field_number(L, index, "scale");
        v->init.given = true;
        fine = true;
    }
    lua_pop(L, 1);
    return fine;
}

static mlrt__value list_value(lua_State *L, mlrt__arena *arena, int index) {
    const int32_t count = (int32_t)luaL_len(L, index);
    double *item = MLRT__NEWS(arena, double, count);
    for (int32_t i = 0; i < count; i++) {
        lua_rawgeti(L, index, i + 1);
        item[i] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    return (mlrt__value){.type = MLRT__LIST, .item = item, .count = count};
}

static mlrt__value value_of(lua_State *L, mlrt__arena *arena, int index) {
    mlrt__value v = {.type = MLRT__OTHER};
    switch (lua_type(L, index)) {
    case LUA_TNUMBER: return (mlrt__value){.type = MLRT__NUMBER, .number = lua_tonumber(L, index)};
    case LUA_TBOOLEAN: return (mlrt__value){.type = MLRT__BOOLEAN, .boolean = lua_toboolean(L, index)};
    case LUA_TSTRING: return (mlrt__value){.type = MLRT__STRING, .string = lua_tostring(L, index)};
    case LUA_TTABLE:
        if (init_value(L, index, &v)) return v;
        if (is_list(L, index)) return list_value(L, arena, index);
        break;
    }
    v.string = mlrt__arena_printf(arena, "a %s", luaL_typename(L, index));
    return v;
}

static int fail_at(lua_State *L, const mlrt__handle *h, mlrt_error *err) {
    mlrt_at(err, "%s.%s", mlrt__kinds[h->object->cls->kind].name, h->name);
    return mlrt__raise(L, err);
}

static void set_property(lua_State *L, mlrt__handle *h, const char *name, int index) {
    mlrt_error err = {0};
    const mlrt__value v = value_of(L, &h->arena, index);
    if (mlrt__object_set(&h->arena, h->object, name, &v, &err) != MLRT_OK) fail_at(L, h, &err);
}

/* The key that no property takes, the first by name, or NULL. */
static const char *unknown_key(lua_State *L, const mlrt_class *cls, int index) {
    const char *first = NULL;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        if (key && !mlrt__prop_find(cls, key) && (!first || strcmp(key, first) < 0)) first = key;
    }
    return first;
}

/* Properties in the table at `index`: an unnamed one, then the named ones in the order of their declaration, so that of
 * several mistakes always the same is reported. */
static void set_properties(lua_State *L, mlrt__handle *h, int index) {
    mlrt_error err = {0};
    const mlrt_class *cls = h->object->cls;
    const char *unknown = unknown_key(L, cls, index);
    if (unknown) {
        lua_getfield(L, index, unknown);
        set_property(L, h, unknown, lua_gettop(L));
    }
    if (luaL_len(L, index) > 1) {
        mlrt_fail(&err, MLRT_ARGUMENT, "only one value may stand without a name, got %d", (int)luaL_len(L, index));
        fail_at(L, h, &err);
    }
    if (lua_rawgeti(L, index, 1) != LUA_TNIL) set_property(L, h, NULL, lua_gettop(L));
    lua_pop(L, 1);
    for (const mlrt_prop *p = cls->props; p && p->name; p++) {
        if (lua_getfield(L, index, p->name) != LUA_TNIL) set_property(L, h, p->name, lua_gettop(L));
        lua_pop(L, 1);
    }
    if (mlrt__object_check(h->object, &err) != MLRT_OK) fail_at(L, h, &err);
}

static int new_object(lua_State *L) {
    mlrt_error err = {0};
    char where[MLRT_WHERE_MAX];
    const mlrt_kind kind = kind_arg(L, 1);
    const mlrt__entry *entry = mlrt__registry_find(&mlrt__host_of(L)->registry, kind, luaL_checkstring(L, 2), &err);
    if (!entry) return mlrt__raise(L, &err);
    const char *name = luaL_optstring(L, 4, NULL);
    luaL_checktype(L, 3, LUA_TTABLE);
    mlrt__handle *h = lua_newuserdatauv(L, sizeof *h, 1);
    memset(h, 0, sizeof *h);
    luaL_setmetatable(L, type_name);
    h->name = entry->name;
    mlrt__script_line(L, where, sizeof where);
    h->object = mlrt__object_new(&h->arena, entry->cls, name, where);
    set_properties(L, h, 3);
    return 1;
}

/* ---- looking at them ---- */

static void push_value(lua_State *L, const mlrt__value *v) {
    char text[MLRT__VALUE_TEXT];
    switch (v->type) {
    case MLRT__NUMBER:
        if (v->number == (double)(lua_Integer)v->number)
            lua_pushinteger(L, (lua_Integer)v->number);
        else
            lua_pushnumber(L, v->number);
        break;
    case MLRT__BOOLEAN: lua_pushboolean(L, v->boolean); break;
    case MLRT__STRING: lua_pushstring(L, v->string); break;
    default: lua_pushstring(L, mlrt__value_text(v, text, sizeof text));
    }
}

/* object.kind, .class, .name, .where, or a property's value. */
static int object_index(lua_State *L) {
    mlrt__handle *h = luaL_checkudata(L, 1, type_name);
    const char *key = luaL_checkstring(L, 2);
    const mlrt_object *o = h->object;
    if (strcmp(key, "kind") == 0) return lua_pushstring(L, mlrt__kinds[o->cls->kind].name), 1;
    if (strcmp(key, "class") == 0) return lua_pushstring(L, h->name), 1;
    if (strcmp(key, "name") == 0) return lua_pushstring(L, o->name), 1;
    if (strcmp(key, "where") == 0) return lua_pushstring(L, o->where), 1;
    const mlrt_prop *p = mlrt__prop_find(o->cls, key);
    if (!p) return 0;
    const mlrt__value v = mlrt__object_get(&h->arena, o, p);
    return push_value(L, &v), 1;
}

static int object_text(lua_State *L) {
    const mlrt__handle *h = luaL_checkudata(L, 1, type_name);
    return lua_pushfstring(L, "%s.%s", mlrt__kinds[h->object->cls->kind].name, h->name), 1;
}

static int object_gc(lua_State *L) {
    mlrt__handle *h = luaL_checkudata(L, 1, type_name);
    if (h->object && h->object->cls->kind == MLRT_KIND_TASK && h->opened) {
        const mlrt_task_class *cls = (const mlrt_task_class *)h->object->cls;
        if (cls->close) cls->close((mlrt_task *)h->object);
    }
    h->object = NULL;
    mlrt__arena_free(&h->arena);
    return 0;
}

/* ---- lists for the vocabulary ---- */

static int kinds(lua_State *L) {
    lua_newtable(L);
    for (int32_t k = 0; k < MLRT_KIND_COUNT; k++) {
        lua_pushstring(L, mlrt__kinds[k].name);
        lua_rawseti(L, -2, k + 1);
    }
    return 1;
}

/* core.classes(kind, open): their names; `open` asks the files themselves, where an index may have answered. */
static int classes(lua_State *L) {
    const mlrt_kind kind = kind_arg(L, 1);
    mlrt__registry *r = &mlrt__host_of(L)->registry;
    if (lua_toboolean(L, 2)) mlrt__registry_open(r);
    lua_newtable(L);
    for (int32_t i = 0, n = 0; i < r->entries; i++)
        if (r->entry[i].kind == kind) {
            lua_pushstring(L, r->entry[i].name);
            lua_rawseti(L, -2, ++n);
        }
    return 1;
}

static int initialisers(lua_State *L) {
    lua_newtable(L);
    for (int32_t i = 0; i < MLRT__INIT_COUNT; i++) {
        lua_pushstring(L, mlrt__init_name((mlrt_init_kind)i));
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* core.kind_of(value): "layer", "task", ... or "node"; nil for Lua's own values. */
static int kind_of(lua_State *L) {
    const mlrt__handle *h = mlrt__handle_test(L, 1);
    if (!h && !mlrt__is_node(L, 1)) return 0;
    lua_pushstring(L, h ? mlrt__kinds[h->object->cls->kind].name : "node");
    return 1;
}

/* core.on_call(f): calling an instance calls f(instance, ...). */
static int on_call(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    luaL_getmetatable(L, type_name);
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "__call");
    return 0;
}

void mlrt__open_objects(lua_State *L) {
    static const luaL_Reg meta[] = {
        {"__index", object_index}, {"__tostring", object_text}, {"__gc", object_gc}, {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"object", new_object}, {"kinds", kinds},     {"classes", classes}, {"initialisers", initialisers},
        {"kind_of", kind_of},   {"on_call", on_call}, {NULL, NULL}};
    if (luaL_newmetatable(L, type_name)) luaL_setfuncs(L, meta, 0);
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
}
