/* store.c - the run store in Lua: core.store(folder) and its methods, for mlrt/run.lua. */
#include "store/store.h"
#include "dsl/bridge.h"
#include "dsl/core.h"
#include "dsl/state.h"
#include <lauxlib.h>
#include <string.h>

static const char type_name[] = "mlrt.store";

static mlrt__store *self(lua_State *L) {
    mlrt__store **s = luaL_checkudata(L, 1, type_name);
    if (!*s) luaL_error(L, "this store is closed");
    return *s;
}

static int finish(lua_State *L, mlrt_status status, const mlrt_error *err) {
    return status == MLRT_OK ? 0 : mlrt__raise(L, err);
}

static int open(lua_State *L) {
    mlrt_error err = {0};
    const char *folder = luaL_checkstring(L, 1);
    mlrt__store **s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = NULL;
    luaL_setmetatable(L, type_name);
    if (mlrt__store_open(s, folder, MLRT__STORE_WRITE, &err) != MLRT_OK) return mlrt__raise(L, &err);
    return 1;
}

static int close(lua_State *L) {
    mlrt__store **s = luaL_checkudata(L, 1, type_name);
    mlrt__store_close(*s);
    *s = NULL;
    return 0;
}

/* ---- tables of pairs ---- */

static const char *field(lua_State *L, int table, const char *name) {
    lua_getfield(L, table, name);
    const char *text = lua_tostring(L, -1); /* kept alive by the table */
    lua_pop(L, 1);
    return text;
}

/* params = { { name =, value = JSON, given = }, ... } */
static mlrt__run_param *params_of(lua_State *L, int table, int32_t *count) {
    *count = (int32_t)luaL_len(L, table);
    mlrt__run_param *list = lua_newuserdatauv(L, sizeof *list * (size_t)(*count + 1), 0);
    for (int32_t i = 0; i < *count; i++) {
        lua_rawgeti(L, table, i + 1);
        list[i] = (mlrt__run_param){field(L, lua_gettop(L), "name"), field(L, lua_gettop(L), "value"), false};
        lua_getfield(L, -1, "given");
        list[i].given = lua_toboolean(L, -1);
        lua_pop(L, 2);
    }
    return list;
}

/* facts = { { name =, value = }, ... } */
static mlrt__run_fact *facts_of(lua_State *L, int table, int32_t *count) {
    *count = (int32_t)luaL_len(L, table);
    mlrt__run_fact *list = lua_newuserdatauv(L, sizeof *list * (size_t)(*count + 1), 0);
    for (int32_t i = 0; i < *count; i++) {
        lua_rawgeti(L, table, i + 1);
        list[i] = (mlrt__run_fact){field(L, lua_gettop(L), "name"), field(L, lua_gettop(L), "value")};
        lua_pop(L, 1);
    }
    return list;
}

/* ---- methods ---- */

/* store:begin { experiment =, script =, hash =, seed =, params =, facts = } -> its number */
static int begin(lua_State *L) {
    mlrt_error err = {0};
    mlrt__run run = {
        .experiment = field(L, 2, "experiment"), .script = field(L, 2, "script"), .script_hash = field(L, 2, "hash")};
    lua_getfield(L, 2, "seed");
    run.seed = (int64_t)lua_tointeger(L, -1);
    lua_getfield(L, 2, "params");
    run.param = params_of(L, lua_gettop(L), &run.params);
    lua_getfield(L, 2, "facts");
    run.fact = facts_of(L, lua_gettop(L), &run.facts);
    if (mlrt__store_begin(self(L), &run, &err) != MLRT_OK) return mlrt__raise(L, &err);
    lua_pushinteger(L, run.id);
    return 1;
}

static int resume(lua_State *L) {
    mlrt_error err = {0};
    return finish(L, mlrt__store_resume(self(L), luaL_checkinteger(L, 2), &err), &err);
}

/* store:resumable(experiment, params) -> the number of a run that can go on, or nil */
static int resumable(lua_State *L) {
    mlrt_error err = {0};
    int32_t count;
    int64_t run = 0;
    mlrt__run_param *params = params_of(L, 3, &count);
    if (mlrt__store_find_resumable(self(L), luaL_checkstring(L, 2), params, count, &run, &err) != MLRT_OK)
        return mlrt__raise(L, &err);
    if (run == 0) return 0;
    return lua_pushinteger(L, run), 1;
}

/* store:metrics(run, step, epoch, { { split =, name =, value = }, ... }) */
static int metrics(lua_State *L) {
    mlrt_error err = {0};
    const int32_t count = (int32_t)luaL_len(L, 5);
    mlrt__run_measure *list = lua_newuserdatauv(L, sizeof *list * (size_t)(count + 1), 0);
    for (int32_t i = 0; i < count; i++) {
        lua_rawgeti(L, 5, i + 1);
        list[i] = (mlrt__run_measure){.step = luaL_checkinteger(L, 3),
                                      .epoch = (int32_t)luaL_checkinteger(L, 4),
                                      .split = field(L, lua_gettop(L), "split"),
                                      .name = field(L, lua_gettop(L), "name")};
        lua_getfield(L, -1, "value");
        list[i].value = lua_tonumber(L, -1);
        lua_pop(L, 2);
    }
    return finish(L, mlrt__store_metrics(self(L), luaL_checkinteger(L, 2), list, count, &err), &err);
}

/* store:history(run) -> { { step =, epoch =, split =, name =, value = }, ... } of all its evaluations, and its script's
 * hash */
static int history(lua_State *L) {
    mlrt_error err = {0};
    mlrt__arena arena = {0};
    mlrt__run run;
    if (mlrt__store_load(self(L), luaL_checkinteger(L, 2), &arena, &run, &err) != MLRT_OK) {
        mlrt__arena_free(&arena);
        return mlrt__raise(L, &err);
    }
    lua_createtable(L, run.metrics, 0);
    for (int32_t i = 0; i < run.metrics; i++) {
        const mlrt__run_measure *m = &run.metric[i];
        lua_createtable(L, 0, 5);
        lua_pushinteger(L, m->step);
        lua_setfield(L, -2, "step");
        lua_pushinteger(L, m->epoch);
        lua_setfield(L, -2, "epoch");
        lua_pushstring(L, m->split);
        lua_setfield(L, -2, "split");
        lua_pushstring(L, m->name);
        lua_setfield(L, -2, "name");
        lua_pushnumber(L, m->value);
        lua_setfield(L, -2, "value");
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushstring(L, run.script_hash);
    mlrt__arena_free(&arena);
    return 2;
}

static int artifact(lua_State *L) {
    mlrt_error err = {0};
    return finish(
        L, mlrt__store_artifact(self(L), luaL_checkinteger(L, 2), luaL_checkstring(L, 3), luaL_checkstring(L, 4), &err),
        &err);
}

/* store:finish(run, "done" | "stopped" | "failed" [, message]) */
static int end(lua_State *L) {
    static const char *const names[] = {"done", "stopped", "failed", NULL};
    static const mlrt__run_status statuses[] = {MLRT__RUN_DONE, MLRT__RUN_STOPPED, MLRT__RUN_FAILED};
    mlrt_error err = {0};
    return finish(L,
                  mlrt__store_finish(self(L), luaL_checkinteger(L, 2), statuses[luaL_checkoption(L, 3, NULL, names)],
                                     luaL_optstring(L, 4, NULL), &err),
                  &err);
}

void mlrt__open_store(lua_State *L) {
    static const luaL_Reg methods[] = {{"begin", begin},     {"resume", resume},   {"resumable", resumable},
                                       {"metrics", metrics}, {"history", history}, {"artifact", artifact},
                                       {"finish", end},      {"close", close},     {"__gc", close},
                                       {"__close", close},   {NULL, NULL}};
    luaL_newmetatable(L, type_name);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, open);
    lua_setfield(L, -2, "store");
}
