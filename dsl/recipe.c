/* recipe.c - the recipe table that the vocabulary has filled and checked (mlrt/recipe.lua), as an mlrt__recipe. */
#include "dsl/recipe.h"
#include "dsl/object.h"
#include "train/evaluate.h"
#include <lauxlib.h>
#include <math.h>
#include <string.h>

static int64_t whole(lua_State *L, int table, const char *name, int64_t missing) {
    lua_getfield(L, table, name);
    const int64_t value = lua_isnil(L, -1) ? missing : (int64_t)luaL_checknumber(L, -1);
    lua_pop(L, 1);
    return value;
}

static double number(lua_State *L, int table, const char *name, double missing) {
    lua_getfield(L, table, name);
    const double value = lua_isnil(L, -1) ? missing : luaL_checknumber(L, -1);
    lua_pop(L, 1);
    return value;
}

static bool flag(lua_State *L, int table, const char *name) {
    lua_getfield(L, table, name);
    const bool value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

static const char *text(lua_State *L, int table, const char *name, mlrt__arena *arena) {
    lua_getfield(L, table, name);
    const char *value = mlrt__arena_string(arena, lua_tostring(L, -1));
    lua_pop(L, 1);
    return value;
}

static mlrt_object *object(lua_State *L, int table, const char *name, mlrt_kind kind) {
    lua_getfield(L, table, name);
    mlrt_object *o = lua_isnil(L, -1) ? NULL : mlrt__handle_arg(L, -1, kind, name)->object;
    lua_pop(L, 1);
    return o;
}

/* groups = { { pattern = "decoder.*", optimizer = object }, ... }, after the optimizer of the rest. */
static void read_optimizer(lua_State *L, int table, mlrt__arena *arena, mlrt__optimizer *o) {
    lua_getfield(L, table, "groups");
    const int32_t more = lua_istable(L, -1) ? (int32_t)luaL_len(L, -1) : 0;
    o->groups = 1 + more;
    o->group = MLRT__NEWS(arena, mlrt__group, o->groups);
    o->group[0].optimizer = (const mlrt_optimizer *)object(L, table, "optimizer", MLRT_KIND_OPTIMIZER);
    for (int32_t g = 1; g <= more; g++) {
        lua_rawgeti(L, -1, g);
        o->group[g].pattern = text(L, lua_gettop(L), "pattern", arena);
        o->group[g].optimizer = (const mlrt_optimizer *)object(L, lua_gettop(L), "optimizer", MLRT_KIND_OPTIMIZER);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    o->schedule = (const mlrt_schedule *)object(L, table, "schedule", MLRT_KIND_SCHEDULE);
    o->clip = number(L, table, "clip", 0);
}

/* A list of names, NULL-terminated; NULL when there is none. */
static const char *const *read_names(lua_State *L, int table, const char *list, mlrt__arena *arena) {
    lua_getfield(L, table, list);
    const char **names = NULL;
    if (lua_istable(L, -1)) {
        const int32_t count = (int32_t)luaL_len(L, -1);
        names = MLRT__NEWS(arena, const char *, count + 1);
        for (int32_t i = 0; i < count; i++) {
            lua_rawgeti(L, -1, i + 1);
            names[i] = mlrt__arena_string(arena, luaL_checkstring(L, -1));
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
    return names;
}

/* milestones = { { metric = "accuracy", split = "test", at = 0.9 }, ... } */
static void read_milestones(lua_State *L, int table, mlrt__arena *arena, mlrt__recipe *r) {
    lua_getfield(L, table, "milestones");
    r->milestones = lua_istable(L, -1) ? (int32_t)luaL_len(L, -1) : 0;
    mlrt__milestone *m = MLRT__NEWS(arena, mlrt__milestone, r->milestones);
    for (int32_t i = 0; i < r->milestones; i++) {
        lua_rawgeti(L, -1, i + 1);
        const int row = lua_gettop(L);
        m[i] = (mlrt__milestone){.metric = text(L, row, "metric", arena), .at = number(L, row, "at", 0)};
        lua_getfield(L, row, "split");
        while (m[i].split < MLRT_TEST && strcmp(mlrt__split_name(m[i].split), luaL_checkstring(L, -1)) != 0)
            m[i].split++;
        lua_settop(L, row - 1);
    }
    lua_pop(L, 1);
    r->milestone = m;
    r->stop_at_milestones = flag(L, table, "stop_at_milestones");
}

void mlrt__recipe_read(lua_State *L, int table, mlrt__arena *arena, mlrt__recipe *r) {
    r->experiment = text(L, table, "experiment", arena);
    r->parameters = text(L, table, "parameters", arena);
    r->task = (mlrt_task *)object(L, table, "task", MLRT_KIND_TASK);
    r->model.measured = read_names(L, table, "measured", arena);
    read_optimizer(L, table, arena, &r->optimizer);
    r->seed = (uint64_t)whole(L, table, "seed", 0);
    r->bf16 = flag(L, table, "bf16");
    r->keep_padding = flag(L, table, "keep_padding");
    r->batch = whole(L, table, "batch", 1);
    r->steps = whole(L, table, "steps", 1);
    r->epoch_steps = whole(L, table, "epoch_steps", 1);
    r->evaluate = whole(L, table, "evaluate", 1);
    r->eval_batch = whole(L, table, "eval_batch", 1);
    lua_getfield(L, table, "eval_size");
    for (mlrt_split s = 0; s < MLRT_SPLITS; s++) r->eval_size[s] = whole(L, lua_gettop(L), mlrt__split_name(s), 0);
    lua_pop(L, 1);
    r->metrics = read_names(L, table, "metrics", arena);
    r->monitor = text(L, table, "monitor", arena);
    r->stop_metric = text(L, table, "stop_metric", arena);
    r->stop_at = number(L, table, "stop_at", (double)NAN);
    r->patience = whole(L, table, "patience", 0);
    r->folder = text(L, table, "folder", arena);
    r->checkpoint_seconds = number(L, table, "checkpoint_seconds", 60);
    r->optimizer.total = r->steps;
    read_milestones(L, table, arena, r);
}
