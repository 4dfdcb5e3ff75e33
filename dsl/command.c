/* command.c - running and checking scripts, for the mlrt command. */
#include "dsl/command.h"
#include "store/store.h"
#include <lua.h>
#include <string.h>

static void set_flag(lua_State *L, const char *name, bool value) {
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

static void set_number(lua_State *L, const char *name, int32_t value) {
    if (!value) return;
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

static void set_text(lua_State *L, const char *name, const char *value) {
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

static void push_options(lua_State *L, const mlrt__command_options *o) {
    lua_newtable(L);
    set_flag(L, "retry", o->retry);
    set_flag(L, "fresh", o->fresh);
    set_flag(L, "json", o->json);
    set_text(L, "metric", o->metric);
    set_number(L, "jobs", o->jobs);
    set_flag(L, "check", o->check || o->explain);
    set_flag(L, "resume", o->resume);
    set_flag(L, "quiet", o->quiet);
    set_number(L, "explain", o->explain);
    set_text(L, "store", o->store);
}

static void push_list(lua_State *L, char *const *texts, int32_t count) {
    lua_createtable(L, count, 0);
    for (int32_t i = 0; i < count; i++) {
        lua_pushstring(L, texts[i]);
        lua_rawseti(L, -2, i + 1);
    }
}

/* `mlrt check` ends a study at its first run by an error that is none. */
static bool was_checked(mlrt__host *host, mlrt_error *err) {
    mlrt_error other = {0};
    if (mlrt__host_function(host, "mlrt.run", "was_checked", &other) != MLRT_OK ||
        mlrt__host_call(host, 0, 1, &other) != MLRT_OK || !lua_toboolean(host->L, -1))
        return false;
    *err = (mlrt_error){0};
    return true;
}

mlrt_status mlrt__command_run(mlrt__host *host, const char *script, char *const *assignments, int32_t count,
                              const mlrt__command_options *options, bool *stopped, mlrt_error *err) {
    lua_State *L = host->L;
    int results = 0;
    if (mlrt__host_function(host, "mlrt.run", "configure", err) != MLRT_OK) return err->status;
    push_options(L, options);
    if (mlrt__host_call(host, 1, 0, err) != MLRT_OK) return err->status;
    if (mlrt__host_script(host, script, &results, err) != MLRT_OK)
        return options->check && was_checked(host, err) ? MLRT_OK : err->status;
    lua_settop(L, lua_gettop(L) - results + (results > 0)); /* its first result */
    if (results == 0) lua_pushnil(L);
    if (mlrt__host_function(host, options->sweep ? "mlrt.sweep" : "mlrt.run", "command", err) != MLRT_OK)
        return err->status;
    lua_insert(L, -2);
    push_list(L, assignments, count);
    push_options(L, options);
    if (mlrt__host_call(host, 3, 2, err) != MLRT_OK) return err->status;
    const char *outcome = lua_tostring(L, -2);
    *stopped = outcome && strcmp(outcome, "stopped") == 0;
    if (outcome && strcmp(outcome, "usage") == 0) mlrt_fail(err, MLRT_ARGUMENT, "%s", lua_tostring(L, -1));
    if (outcome && strcmp(outcome, "failed") == 0) mlrt_fail(err, MLRT_SCRIPT, "%s", lua_tostring(L, -1));
    lua_pop(L, 2);
    return err->status;
}

/* The script that made a run, in the arena. */
static mlrt_status script_of(const char *folder, int64_t run, mlrt__arena *arena, const char **script,
                             mlrt_error *err) {
    mlrt__store *store;
    mlrt__run found;
    mlrt_status status = mlrt__store_open(&store, folder, MLRT__STORE_READ, err);
    if (status == MLRT_OK) status = mlrt__store_summary(store, run, arena, &found, err);
    if (status == MLRT_OK) *script = found.script;
    mlrt__store_close(store);
    return status;
}

mlrt_status mlrt__command_predict(mlrt__host *host, const char *store, int64_t run, char *const *word, int32_t words,
                                  mlrt_error *err) {
    lua_State *L = host->L;
    mlrt__arena arena = {0};
    const char *script;
    mlrt_status status = script_of(store, run, &arena, &script, err);
    if (status == MLRT_OK) mlrt__host_at(host, script);
    if (status == MLRT_OK) status = mlrt__host_function(host, "mlrt.predict", "command", err);
    if (status == MLRT_OK) {
        lua_pushinteger(L, run);
        push_list(L, word, words);
        lua_newtable(L);
        set_text(L, "store", store);
        mlrt__host_call(host, 3, 0, err);
    }
    mlrt__arena_free(&arena);
    return err->status;
}

mlrt_status mlrt__command_bench(mlrt__host *host, char *const *ids, int32_t count, const mlrt__bench_options *options,
                                mlrt_error *err) {
    lua_State *L = host->L;
    if (mlrt__host_function(host, "mlrt.bench", "command", err) != MLRT_OK) return err->status;
    push_list(L, ids, count);
    lua_newtable(L);
    set_flag(L, "json", options->json);
    set_flag(L, "quick", options->quick);
    set_text(L, "precision", options->precision);
    set_text(L, "part", options->part);
    set_text(L, "export", options->folder);
    if (mlrt__host_call(host, 2, 1, err) != MLRT_OK) return err->status;
    if (lua_isstring(L, -1)) mlrt_fail(err, MLRT_ARGUMENT, "%s", lua_tostring(L, -1));
    lua_pop(L, 1);
    return err->status;
}
