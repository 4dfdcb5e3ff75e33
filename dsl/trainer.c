/* trainer.c - a trainer in Lua: core.trainer { ... } builds and compiles, trainer:run { ... } trains.
 *
 * The recipe table is filled by the vocabulary (mlrt/run.lua), which has checked it; here it becomes an mlrt__recipe. Lua
 * is called while graphs are built, and between steps for progress, evaluations and checkpoints; never inside a step. */
#include "train/train.h"
#include "dsl/array.h"
#include "dsl/bridge.h"
#include "dsl/core.h"
#include "dsl/node.h"
#include "dsl/object.h"
#include "dsl/recipe.h"
#include "dsl/state.h"
#include "train/evaluate.h"
#include <lauxlib.h>
#include <math.h>
#include <string.h>

static const char type_name[] = "mlrt.trainer";

/* The recipe table is kept in the Lua registry under the handle's address: it holds all that the recipe points to. */
typedef struct handle {
    mlrt__trainer *trainer;
    mlrt__recipe recipe;
    mlrt__arena arena;
    mlrt__host *host;
    lua_State *L;
    int observer; /* stack index of the table of callbacks while it runs */
} handle;

static handle *handle_arg(lua_State *L, int index) {
    handle *h = luaL_checkudata(L, index, type_name);
    if (!h->trainer) luaL_error(L, "this trainer is closed");
    return h;
}

static handle *self(lua_State *L) { return handle_arg(L, 1); }

mlrt__trainer *mlrt__trainer_arg(lua_State *L, int index) { return handle_arg(L, index)->trainer; }

/* ---- the model's callbacks ---- */

/* Call recipe[name], or recipe[name][index] when that is not 0, on a node a field. */
static mlrt_node *build(handle *h, const char *name, int32_t index, mlrt_graph *g, mlrt_node *const *field) {
    lua_State *L = h->L;
    mlrt_graph *outer = h->host->building;
    mlrt_error err = {0};
    mlrt_node *out = g->failed;
    const int top = lua_gettop(L);
    h->host->building = g;
    h->host->serial++;
    luaL_checkstack(L, MLRT_MAX_FIELDS + 8, NULL);
    lua_rawgetp(L, LUA_REGISTRYINDEX, h);
    lua_getfield(L, -1, name);
    if (index) lua_rawgeti(L, -1, index);
    for (int32_t f = 0; f < h->recipe.task->fields; f++) mlrt__push_node(L, field[f]);
    if (mlrt__host_call(h->host, h->recipe.task->fields, 1, &err) != MLRT_OK) {
        if (g->error.status == MLRT_OK) g->error = err;
    } else if (!(out = mlrt__node_test(L, -1))) {
        out = mlrt_graph_fail(g, MLRT_TYPE, "the %s returned a node of a graph that is no longer being built",
                              strcmp(name, "predict") == 0 ? "model" : name);
    }
    lua_settop(L, top);
    h->host->building = outer;
    return out;
}

static mlrt_node *build_loss(void *context, mlrt_graph *g, mlrt_node *const *field) {
    return build(context, "loss", 0, g, field);
}
static mlrt_node *build_prediction(void *context, mlrt_graph *g, mlrt_node *const *field) {
    return build(context, "predict", 0, g, field);
}

/* A metric of the script's own: one number. */
static mlrt_node *build_metric(void *context, mlrt_graph *g, mlrt_node *const *field, int32_t i) {
    const handle *h = context;
    mlrt_node *out = build(context, "metric", i + 1, g, field);
    char shape[MLRT_SHAPE_TEXT];
    if (mlrt_failed(out) || (out->shape.rank == 0 && out->dtype == MLRT_F32)) return out;
    return mlrt_graph_fail(g, MLRT_SHAPE, "the metric '%s' must be one f32 number, got %s %s",
                           h->recipe.model.measured[i], mlrt_dtype_name(out->dtype),
                           mlrt_shape_text(&out->shape, shape, sizeof shape));
}

static int new_trainer(lua_State *L) {
    mlrt_error err = {0};
    luaL_checktype(L, 1, LUA_TTABLE);
    if (L != mlrt__host_of(L)->L) {
        mlrt_fail(&err, MLRT_UNSUPPORTED, "a model cannot be built inside a coroutine");
        return mlrt__raise(L, &err);
    }
    handle *h = lua_newuserdatauv(L, sizeof *h, 0);
    memset(h, 0, sizeof *h);
    luaL_setmetatable(L, type_name);
    h->host = mlrt__host_of(L);
    h->L = L;
    mlrt__recipe_read(L, 1, &h->arena, &h->recipe);
    h->recipe.model = (mlrt__model){h, build_loss, build_prediction, h->recipe.model.measured, build_metric};
    lua_pushvalue(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, h); /* until the handle is closed */
    if (mlrt__trainer_new(&h->recipe, &h->trainer, &err) != MLRT_OK) return mlrt__raise(L, &err);
    return 1;
}

static int close_trainer(lua_State *L) {
    handle *h = luaL_checkudata(L, 1, type_name);
    mlrt__trainer_free(h->trainer);
    h->trainer = NULL;
    mlrt__arena_free(&h->arena);
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, h);
    return 0;
}

/* ---- running ---- */

static void set_number(lua_State *L, const char *name, double value) {
    if (value == floor(value) && fabs(value) < 0x1p53)
        lua_pushinteger(L, (lua_Integer)value);
    else
        lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

static void push_measures(lua_State *L, const mlrt__measure *m, int32_t count) {
    lua_createtable(L, count, 0);
    for (int32_t i = 0; i < count; i++) {
        lua_createtable(L, 0, 3);
        lua_pushstring(L, m[i].name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, mlrt__split_name(m[i].split));
        lua_setfield(L, -2, "split");
        lua_pushnumber(L, m[i].value);
        lua_setfield(L, -2, "value");
        lua_rawseti(L, -2, i + 1);
    }
}

static void push_report(lua_State *L, const mlrt__report *r) {
    const struct {
        const char *name;
        double value;
    } fields[] = {{"step", (double)r->step},
                  {"steps", (double)r->steps},
                  {"epoch", (double)r->epoch},
                  {"epochs", (double)r->epochs},
                  {"epoch_step", (double)r->epoch_step},
                  {"epoch_steps", (double)r->epoch_steps},
                  {"loss", r->loss},
                  {"grad_norm", r->grad_norm},
                  {"lr", r->lr},
                  {"rate", r->rate},
                  {"seconds", r->seconds},
                  {"remaining", r->remaining}};
    lua_createtable(L, 0, 16);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) set_number(L, fields[i].name, fields[i].value);
    lua_pushboolean(L, r->best);
    lua_setfield(L, -2, "best");
    push_measures(L, r->measure, r->measures);
    lua_setfield(L, -2, "measures");
}

/* Push observer[name]; false when there is none. */
static bool callback(handle *h, const char *name) {
    if (lua_getfield(h->L, h->observer, name) == LUA_TFUNCTION) return true;
    lua_pop(h->L, 1);
    return false;
}

/* A line that could not be printed is no reason to stop. */
static void on_progress(void *context, const mlrt__report *r) {
    handle *h = context;
    mlrt_error ignored = {0};
    if (!callback(h, "progress")) return;
    push_report(h->L, r);
    mlrt__host_call(h->host, 1, 0, &ignored);
}

static mlrt_status on_evaluated(void *context, const mlrt__report *r, mlrt_error *err) {
    handle *h = context;
    if (!callback(h, "evaluated")) return MLRT_OK;
    push_report(h->L, r);
    return mlrt__host_call(h->host, 1, 0, err);
}

static mlrt_status on_saving(void *context, mlrt_error *err) {
    handle *h = context;
    return callback(h, "saving") ? mlrt__host_call(h->host, 0, 0, err) : MLRT_OK;
}

static mlrt_status on_saved(void *context, const char *path, const char *kind, mlrt_error *err) {
    handle *h = context;
    if (!callback(h, "saved")) return MLRT_OK;
    lua_pushstring(h->L, path);
    lua_pushstring(h->L, kind);
    return mlrt__host_call(h->host, 2, 0, err);
}

/* trainer:run { progress =, evaluated =, saving =, saved = } -> "done", or "stopped" or "failed" and the message. */
static int run(lua_State *L) {
    handle *h = self(L);
    mlrt_error err = {0};
    char line[2048];
    luaL_checktype(L, 2, LUA_TTABLE);
    h->observer = 2;
    const mlrt__observer observer = {h, on_progress, on_evaluated, on_saving, on_saved};
    const mlrt_status status = mlrt__trainer_run(h->trainer, &observer, &err);
    if (status == MLRT_OK) return lua_pushliteral(L, "done"), 1;
    lua_pushstring(L, status == MLRT_STOPPED ? "stopped" : "failed");
    lua_pushstring(L, mlrt_error_text(&err, line, sizeof line));
    return 2;
}

/* ---- files ---- */

static int file_call(lua_State *L, mlrt_status (*f)(mlrt__trainer *, const char *, mlrt_error *)) {
    mlrt_error err = {0};
    if (f(self(L)->trainer, luaL_checkstring(L, 2), &err) != MLRT_OK) return mlrt__raise(L, &err);
    return 0;
}
static int resume(lua_State *L) { return file_call(L, mlrt__trainer_resume); }
static int load(lua_State *L) { return file_call(L, mlrt__trainer_load); }
static int save(lua_State *L) { return file_call(L, mlrt__trainer_save); }

/* ---- looking ---- */

static int step(lua_State *L) { return lua_pushinteger(L, mlrt__trainer_step(self(L)->trainer)), 1; }
static int bytes(lua_State *L) { return lua_pushinteger(L, (lua_Integer)mlrt__trainer_bytes(self(L)->trainer)), 1; }
static int padding(lua_State *L) { return lua_pushnumber(L, mlrt__trainer_padding(self(L)->trainer)), 1; }
static int flops(lua_State *L) {
    return lua_pushnumber(L, mlrt__program_flops(mlrt__trainer_program(self(L)->trainer))), 1;
}
static int count(lua_State *L) {
    return lua_pushinteger(L, mlrt__params_count(mlrt__trainer_params(self(L)->trainer))), 1;
}

/* trainer:milestones(): the steps that reached them, 0 where none has yet. */
static int milestones(lua_State *L) {
    handle *h = self(L);
    lua_createtable(L, h->recipe.milestones, 0);
    for (int32_t i = 0; i < h->recipe.milestones; i++) {
        lua_pushinteger(L, mlrt__trainer_milestone(h->trainer, i));
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* trainer:explain(runs): the schedule on stdout, with its times for the first batch. */
static int explain(lua_State *L) {
    mlrt_error err = {0};
    mlrt__trainer *t = self(L)->trainer;
    if (mlrt__trainer_take_batch(t, &err) != MLRT_OK) return mlrt__raise(L, &err);
    mlrt__program_explain(mlrt__trainer_program(t), (int32_t)luaL_optinteger(L, 2, 10), stdout);
    return 0;
}

/* trainer:parameters(): { { name, shape, count, trained, group }, ... } in the order of their making. */
static int parameters(lua_State *L) {
    const mlrt__params *params = mlrt__trainer_params(self(L)->trainer);
    lua_createtable(L, params->count, 0);
    for (int32_t i = 0; i < params->count; i++) {
        const mlrt__param *p = params->param[i];
        char shape[MLRT_SHAPE_TEXT];
        lua_createtable(L, 0, 5);
        lua_pushstring(L, p->name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, mlrt_shape_text(&p->shape, shape, sizeof shape));
        lua_setfield(L, -2, "shape");
        lua_pushinteger(L, mlrt_shape_count(&p->shape));
        lua_setfield(L, -2, "count");
        lua_pushboolean(L, p->trained);
        lua_setfield(L, -2, "trained");
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static void fill(mlrt__array *a, const mlrt_tensor *t) {
    for (int64_t i = 0; i < a->count; i++)
        a->data[i] = t->dtype == MLRT_I32 ? ((const int32_t *)t->data)[i] : (double)((const float *)t->data)[i];
}

static const mlrt__param *param_arg(lua_State *L, const handle *h, int index) {
    const mlrt__params *params = mlrt__trainer_params(h->trainer);
    const char *name = luaL_checkstring(L, index);
    const int32_t i = mlrt__params_find(params, name);
    if (i < 0) luaL_error(L, "there is no parameter '%s'", name);
    return params->param[i];
}

/* trainer:parameter(name): its values as an array. */
static int parameter(lua_State *L) {
    handle *h = self(L);
    const mlrt__param *p = param_arg(L, h, 2);
    const mlrt_shape shape = p->shape.rank ? p->shape : MLRT_SHAPE_OF(1);
    fill(mlrt__array_new(L, "parameter", &shape),
         &(mlrt_tensor){MLRT_F32, p->shape, mlrt__trainer_buffer(h->trainer) + p->offset});
    return 1;
}

/* trainer:set(name, values): gives a parameter other values, an array of its shape. */
static int set(lua_State *L) {
    handle *h = self(L);
    const mlrt__param *p = param_arg(L, h, 2);
    const mlrt__array *a = mlrt__array_arg(L, 3, "set");
    const mlrt_shape shape = p->shape.rank ? p->shape : MLRT_SHAPE_OF(1);
    char want[MLRT_SHAPE_TEXT], got[MLRT_SHAPE_TEXT];
    if (!mlrt_shape_equal(&shape, &a->shape))
        return luaL_error(L, "the parameter '%s' has the shape %s, got %s", p->name,
                          mlrt_shape_text(&shape, want, sizeof want), mlrt_shape_text(&a->shape, got, sizeof got));
    float *value = mlrt__trainer_buffer(h->trainer) + p->offset;
    for (int64_t i = 0; i < a->count; i++) value[i] = (float)a->data[i];
    return 0;
}

static mlrt_split split_arg(lua_State *L, int index) {
    static const char *const names[] = {"train", "valid", "test", NULL};
    return (mlrt_split)luaL_checkoption(L, index, "test", names);
}

/* trainer:tap(name or nil, split, first, count or nil, task or nil): a named node, a field or the prediction, as an
 * array. */
static int tap(lua_State *L) {
    handle *h = self(L);
    mlrt_error err = {0};
    mlrt_tensor t;
    mlrt__view view = {.task = h->recipe.task, .split = split_arg(L, 3), .first = luaL_optinteger(L, 4, 1) - 1};
    if (!lua_isnoneornil(L, 6)) view.task = (const mlrt_task *)mlrt__handle_arg(L, 6, MLRT_KIND_TASK, "task")->object;
    view.count = luaL_optinteger(L, 5, view.task->size[view.split] - view.first);
    if (mlrt__trainer_tap(h->trainer, luaL_optstring(L, 2, NULL), &view, &t, &err) != MLRT_OK)
        return mlrt__raise(L, &err);
    const mlrt_shape shape = t.shape.rank ? t.shape : MLRT_SHAPE_OF(1);
    mlrt__array *a = mlrt__array_new(L, "tap", &shape);
    fill(a, &t);
    mlrt__free_large(t.data);
    return 1;
}

static int evaluate(lua_State *L) {
    mlrt_error err = {0};
    const mlrt__measure *m;
    int32_t n;
    if (mlrt__trainer_evaluate(self(L)->trainer, &m, &n, &err) != MLRT_OK) return mlrt__raise(L, &err);
    return push_measures(L, m, n), 1;
}

/* ---- tasks ---- */

/* core.open_task(task): makes or reads its data. */
static int open_task(lua_State *L) {
    mlrt__handle *h = mlrt__handle_arg(L, 1, MLRT_KIND_TASK, "task");
    mlrt_error err = {0};
    if (h->opened) return 0;
    h->opened = true; /* closed in any case: a task must survive a failed open */
    const mlrt_task_class *cls = (const mlrt_task_class *)h->object->cls;
    if (cls->open((mlrt_task *)h->object, &err) == MLRT_OK) return 0;
    mlrt_at(&err, "task.%s", h->name);
    if (h->object->where[0]) mlrt_at(&err, "%s", h->object->where);
    return mlrt__raise(L, &err);
}

/* The names of a field's tokens or classes, or nil. */
static void push_tokens(lua_State *L, const mlrt_vocabulary *v) {
    if (!v || !v->token) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, v->size, 0);
    for (int32_t i = 0; i < v->size; i++) {
        lua_pushstring(L, v->token[i]);
        lua_rawseti(L, -2, i + 1);
    }
}

/* core.task_facts(task): sizes of the splits, fields, metrics. */
static int task_facts(lua_State *L) {
    const mlrt_task *task = (const mlrt_task *)mlrt__handle_arg(L, 1, MLRT_KIND_TASK, "task")->object;
    lua_createtable(L, 0, 5);
    for (mlrt_split s = 0; s < MLRT_SPLITS; s++) {
        lua_pushinteger(L, task->size[s]);
        lua_setfield(L, -2, mlrt__split_name(s));
    }
    lua_createtable(L, task->fields, 0);
    for (int32_t f = 0; f < task->fields; f++) {
        char shape[MLRT_SHAPE_TEXT];
        lua_createtable(L, 0, 5);
        lua_pushstring(L, task->field[f].name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, mlrt_dtype_name(task->field[f].dtype));
        lua_setfield(L, -2, "dtype");
        lua_pushstring(L, mlrt_shape_text(&task->field[f].shape, shape, sizeof shape));
        lua_setfield(L, -2, "shape");
        lua_pushboolean(L, task->field[f].target);
        lua_setfield(L, -2, "target");
        if (task->field[f].vocabulary)
            lua_pushinteger(L, task->field[f].vocabulary->size);
        else
            lua_pushnil(L);
        lua_setfield(L, -2, "classes");
        push_tokens(L, task->field[f].vocabulary);
        lua_setfield(L, -2, "tokens");
        lua_rawseti(L, -2, f + 1);
    }
    lua_setfield(L, -2, "fields");
    lua_newtable(L);
    int32_t n = 0;
    for (const mlrt_metric *m = mlrt__metrics_of(task); m->name; m++) {
        lua_pushstring(L, m->name);
        lua_rawseti(L, -2, ++n);
    }
    lua_setfield(L, -2, "metrics");
    return 1;
}

void mlrt__open_trainers(lua_State *L) {
    static const luaL_Reg methods[] = {{"run", run},
                                       {"resume", resume},
                                       {"load", load},
                                       {"save", save},
                                       {"step", step},
                                       {"milestones", milestones},
                                       {"bytes", bytes},
                                       {"flops", flops},
                                       {"padding", padding},
                                       {"count", count},
                                       {"explain", explain},
                                       {"parameters", parameters},
                                       {"parameter", parameter},
                                       {"set", set},
                                       {"tap", tap},
                                       {"evaluate", evaluate},
                                       {"close", close_trainer},
                                       {"__gc", close_trainer},
                                       {"__close", close_trainer},
                                       {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"trainer", new_trainer}, {"open_task", open_task}, {"task_facts", task_facts}, {NULL, NULL}};
    luaL_newmetatable(L, type_name);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
}
