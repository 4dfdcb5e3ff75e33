/* store.c - the run store in Lua: core.store(folder [, "read" or "worker"]) and its methods, for mlrt/run.lua. */
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
    static const char *const names[] = {"read", "write", "worker", NULL};
    const char *folder = luaL_checkstring(L, 1);
    const mlrt__store_mode mode = (mlrt__store_mode)luaL_checkoption(L, 2, "write", names);
    mlrt__store **s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = NULL;
    luaL_setmetatable(L, type_name);
    if (mlrt__store_open(s, folder, mode, &err) != MLRT_OK) return mlrt__raise(L, &err);
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

/* { experiment =, script =, hash =, seed =, params =, facts = } */
static mlrt__run run_arg(lua_State *L, int table) {
    mlrt__run run = {.experiment = field(L, table, "experiment"),
                     .script = field(L, table, "script"),
                     .script_hash = field(L, table, "hash")};
    lua_getfield(L, table, "seed");
    run.seed = (int64_t)lua_tointeger(L, -1);
    lua_getfield(L, table, "params");
    run.param = params_of(L, lua_gettop(L), &run.params);
    lua_getfield(L, table, "facts");
    run.fact = facts_of(L, lua_gettop(L), &run.facts);
    return run;
}

/* store:begin(run) -> its number */
static int begin(lua_State *L) {
    mlrt_error err = {0};
    mlrt__run run = run_arg(L, 2);
    if (mlrt__store_begin(self(L), &run, &err) != MLRT_OK) return mlrt__raise(L, &err);
    lua_pushinteger(L, run.id);
    return 1;
}

/* store:claim(run, retry) -> its number, and the status that it has when it is not ours */
static int claim(lua_State *L) {
    mlrt_error err = {0};
    const bool retry = lua_toboolean(L, 3);
    mlrt__run run = run_arg(L, 2);
    bool mine = false;
    if (mlrt__store_claim(self(L), &run, retry, &mine, &err) != MLRT_OK) return mlrt__raise(L, &err);
    lua_pushinteger(L, run.id);
    if (mine) return 1;
    lua_pushstring(L, mlrt__run_status_name(run.status));
    return 2;
}

static int resume(lua_State *L) {
    mlrt_error err = {0};
    return finish(L, mlrt__store_resume(self(L), luaL_checkinteger(L, 2), &err), &err);
}

/* store:find(experiment, params, open) -> the number of a run with these parameters and its status, or nil; `open`: of
 * one that can go on */
static int find(lua_State *L) {
    mlrt_error err = {0};
    int32_t count;
    int64_t run = 0;
    mlrt__run_status status;
    const mlrt__run_param *params = params_of(L, 3, &count);
    if (mlrt__store_find(self(L), luaL_checkstring(L, 2), params, count, lua_toboolean(L, 4), &run, &status, &err) !=
        MLRT_OK)
        return mlrt__raise(L, &err);
    if (run == 0) return 0;
    lua_pushinteger(L, run);
    lua_pushstring(L, mlrt__run_status_name(status));
    return 2;
}

/* store:metrics(run, { { step =, epoch =, split =, name =, value = }, ... }) */
static int metrics(lua_State *L) {
    mlrt_error err = {0};
    const int32_t count = (int32_t)luaL_len(L, 3);
    mlrt__run_measure *list = lua_newuserdatauv(L, sizeof *list * (size_t)(count + 1), 0);
    for (int32_t i = 0; i < count; i++) {
        lua_rawgeti(L, 3, i + 1);
        list[i] =
            (mlrt__run_measure){.split = field(L, lua_gettop(L), "split"), .name = field(L, lua_gettop(L), "name")};
        lua_getfield(L, -1, "step");
        list[i].step = lua_tointeger(L, -1);
        lua_getfield(L, -2, "epoch");
        list[i].epoch = (int32_t)lua_tointeger(L, -1);
        lua_getfield(L, -3, "value");
        list[i].value = lua_tonumber(L, -1);
        lua_pop(L, 4);
    }
    return finish(L, mlrt__store_metrics(self(L), luaL_checkinteger(L, 2), list, count, &err), &err);
}

/* store:facts(run, facts), store:results(run, { { name =, value = JSON }, ... }) */
static int put_pairs(lua_State *L,
                     mlrt_status (*put)(mlrt__store *, int64_t, const mlrt__run_fact *, int32_t, mlrt_error *)) {
    mlrt_error err = {0};
    int32_t count;
    const mlrt__run_fact *list = facts_of(L, 3, &count);
    return finish(L, put(self(L), luaL_checkinteger(L, 2), list, count, &err), &err);
}
static int facts(lua_State *L) { return put_pairs(L, mlrt__store_facts); }
static int results(lua_State *L) { return put_pairs(L, mlrt__store_results); }

/* ---- what was stored ---- */

static void set_text(lua_State *L, const char *name, const char *text) {
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

static void push_measures(lua_State *L, const mlrt__run_measure *m, int32_t count) {
    lua_createtable(L, count, 0);
    for (int32_t i = 0; i < count; i++) {
        lua_createtable(L, 0, 5);
        lua_pushinteger(L, m[i].step);
        lua_setfield(L, -2, "step");
        lua_pushinteger(L, m[i].epoch);
        lua_setfield(L, -2, "epoch");
        set_text(L, "split", m[i].split);
        set_text(L, "name", m[i].name);
        lua_pushnumber(L, m[i].value);
        lua_setfield(L, -2, "value");
        lua_rawseti(L, -2, i + 1);
    }
}

static void set_pairs(lua_State *L, const char *name, const mlrt__run_fact *list, int32_t count) {
    lua_createtable(L, 0, count);
    for (int32_t i = 0; i < count; i++) set_text(L, list[i].name, list[i].value);
    lua_setfield(L, -2, name);
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
    push_measures(L, run.metric, run.metrics);
    lua_pushstring(L, run.script_hash);
    mlrt__arena_free(&arena);
    return 2;
}

/* store:summary(run) -> { experiment =, script =, hash =, status =, message =, params = { name = JSON }, facts =,
 * results = { name = JSON }, last = { measure, ... } } */
static int summary(lua_State *L) {
    mlrt_error err = {0};
    mlrt__arena arena = {0};
    mlrt__run run;
    if (mlrt__store_summary(self(L), luaL_checkinteger(L, 2), &arena, &run, &err) != MLRT_OK) {
        mlrt__arena_free(&arena);
        return mlrt__raise(L, &err);
    }
    lua_createtable(L, 0, 9);
    set_text(L, "experiment", run.experiment);
    set_text(L, "script", run.script);
    set_text(L, "hash", run.script_hash);
    set_text(L, "status", mlrt__run_status_name(run.status));
    set_text(L, "message", run.message);
    lua_createtable(L, 0, run.params);
    for (int32_t i = 0; i < run.params; i++) set_text(L, run.param[i].name, run.param[i].value);
    lua_setfield(L, -2, "params");
    set_pairs(L, "facts", run.fact, run.facts);
    set_pairs(L, "results", run.result, run.results);
    push_measures(L, run.last, run.lasts);
    lua_setfield(L, -2, "last");
    mlrt__arena_free(&arena);
    return 1;
}

/* store:outcomes(experiment) -> { identity = { run =, status =, message =, hash = } } */
static int outcomes(lua_State *L) {
    mlrt_error err = {0};
    mlrt__arena arena = {0};
    mlrt__run *run;
    int32_t count;
    if (mlrt__store_outcomes(self(L), luaL_checkstring(L, 2), &arena, &run, &count, &err) != MLRT_OK) {
        mlrt__arena_free(&arena);
        return mlrt__raise(L, &err);
    }
    lua_createtable(L, 0, count);
    for (int32_t i = 0; i < count; i++) {
        lua_createtable(L, 0, 4);
        lua_pushinteger(L, run[i].id);
        lua_setfield(L, -2, "run");
        set_text(L, "status", mlrt__run_status_name(run[i].status));
        set_text(L, "message", run[i].message);
        set_text(L, "hash", run[i].script_hash);
        lua_setfield(L, -2, run[i].identity);
    }
    mlrt__arena_free(&arena);
    return 1;
}

/* core.identity(experiment, params) */
static int identity(lua_State *L) {
    int32_t count;
    char text[MLRT__IDENTITY];
    const mlrt__run_param *params = params_of(L, 2, &count);
    mlrt__run_identity(luaL_checkstring(L, 1), params, count, text);
    return lua_pushstring(L, text), 1;
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
    static const luaL_Reg methods[] = {
        {"begin", begin},     {"claim", claim},       {"resume", resume},     {"find", find},
        {"metrics", metrics}, {"facts", facts},       {"results", results},   {"history", history},
        {"summary", summary}, {"outcomes", outcomes}, {"artifact", artifact}, {"finish", end},
        {"close", close},     {"__gc", close},        {"__close", close},     {NULL, NULL}};
    luaL_newmetatable(L, type_name);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, open);
    lua_setfield(L, -2, "store");
    lua_pushcfunction(L, identity);
    lua_setfield(L, -2, "identity");
}
