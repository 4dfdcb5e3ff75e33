/* node.c - graph nodes in Lua: a + b, h:sum(-1), mlrt.grad(y, x).
 *
 * Axes count from 1, and from the end when negative, as indices do in Lua. A node is good only while the graph it belongs
 * to is being built; after that it is an error to touch it. Each function below is both node.f(x, ...) and x:f(...).
 */
#include "dsl/node.h"
#include "dsl/array.h"
#include "dsl/bridge.h"
#include "dsl/object.h"
#include "dsl/state.h"
#include "plugin/layer.h"
#include <lauxlib.h>
#include <string.h>

static const char type_name[] = "mlrt.node";

typedef struct handle {
    mlrt_node *node;
    uint64_t serial;
} handle;

/* The graph being built, its errors placed at the script's line. */
static mlrt_graph *graph(lua_State *L) {
    mlrt_graph *g = mlrt__host_of(L)->building;
    char line[MLRT_WHERE_MAX];
    if (!g) luaL_error(L, "nodes can be made only while a model or a loss is being built");
    if (mlrt__script_line(L, line, sizeof line)[0] && strcmp(line, g->where) != 0)
        g->where = mlrt__arena_string(&g->arena, line);
    return g;
}

void mlrt__push_node(lua_State *L, mlrt_node *n) {
    if (mlrt_failed(n)) mlrt__raise(L, &n->graph->error);
    handle *h = lua_newuserdatauv(L, sizeof *h, 0);
    *h = (handle){n, mlrt__host_of(L)->serial};
    luaL_setmetatable(L, type_name);
}

bool mlrt__is_node(lua_State *L, int index) { return luaL_testudata(L, index, type_name) != NULL; }

mlrt_node *mlrt__node_test(lua_State *L, int index) {
    const mlrt__host *host = mlrt__host_of(L);
    const handle *h = luaL_testudata(L, index, type_name);
    return h && host->building && h->serial == host->serial ? h->node : NULL;
}

mlrt_node *mlrt__node_arg(lua_State *L, int index) {
    mlrt_graph *g = graph(L);
    mlrt_node *n = mlrt__node_test(L, index);
    if (n) return n;
    if (mlrt__is_node(L, index)) luaL_error(L, "this node belongs to a graph that is no longer being built");
    if (lua_type(L, index) == LUA_TNUMBER) return mlrt_scalar(g, lua_tonumber(L, index));
    luaL_error(L, "a node or a number is expected, got %s", luaL_typename(L, index));
    return NULL;
}

static int push(lua_State *L, mlrt_node *n) {
    mlrt__push_node(L, n);
    return 1;
}

/* ---- arguments ---- */

/* An axis from 1 or from the end, as the builders count it; `missing` when absent. */
static int32_t axis_arg(lua_State *L, int index, const mlrt_node *x, int32_t missing) {
    if (lua_isnoneornil(L, index)) return missing;
    const lua_Integer axis = luaL_checkinteger(L, index), rank = x->shape.rank;
    if (axis < -rank || axis > rank || axis == 0)
        luaL_error(L, "an axis must lie in 1 .. %d, or be negative from the end, got %d", (int)rank, (int)axis);
    return (int32_t)(axis > 0 ? axis - 1 : axis + rank);
}

/* No axis: all of them. One, or a list. */
static uint32_t axes_arg(lua_State *L, int index, const mlrt_node *x) {
    if (lua_isnoneornil(L, index)) return MLRT_ALL_AXES;
    if (!lua_istable(L, index)) return mlrt_axis(x, axis_arg(L, index, x, 0));
    uint32_t axes = 0;
    for (lua_Integer i = 1, n = luaL_len(L, index); i <= n; i++) {
        lua_rawgeti(L, index, i);
        axes |= mlrt_axis(x, axis_arg(L, lua_gettop(L), x, 0));
        lua_pop(L, 1);
    }
    return axes;
}

static mlrt_shape shape_arg(lua_State *L, int index) {
    mlrt_shape s = {0};
    const bool table = lua_istable(L, index);
    const int count = table ? (int)luaL_len(L, index) : lua_gettop(L) - index + 1;
    if (count > MLRT_MAX_RANK) luaL_error(L, "a tensor has at most %d dimensions, got %d", MLRT_MAX_RANK, count);
    for (int i = 0; i < count; i++) {
        if (table)
            lua_rawgeti(L, index, i + 1);
        else
            lua_pushvalue(L, index + i);
        s.dim[s.rank++] = luaL_checkinteger(L, -1);
        lua_pop(L, 1);
    }
    return s;
}

/* ---- functions by signature: a row each ---- */

typedef mlrt_node *(*unary)(mlrt_node *);
typedef mlrt_node *(*binary)(mlrt_node *, mlrt_node *);
typedef mlrt_node *(*reduction)(mlrt_node *, uint32_t, bool);
typedef mlrt_node *(*along)(mlrt_node *, int32_t);

static const struct {
    const char *name;
    unary f;
} unaries[] = {{"abs", mlrt_abs},
               {"sign", mlrt_sign},
               {"floor", mlrt_floor},
               {"square", mlrt_square},
               {"reciprocal", mlrt_reciprocal},
               {"sqrt", mlrt_sqrt},
               {"rsqrt", mlrt_rsqrt},
               {"exp", mlrt_exp},
               {"log", mlrt_log},
               {"log1p", mlrt_log1p},
               {"sin", mlrt_sin},
               {"cos", mlrt_cos},
               {"tanh", mlrt_tanh},
               {"sigmoid", mlrt_sigmoid},
               {"erf", mlrt_erf},
               {"relu", mlrt_relu},
               {"softplus", mlrt_softplus},
               {"gelu", mlrt_gelu},
               {"silu", mlrt_silu},
               {"softmax", mlrt_softmax},
               {"log_softmax", mlrt_log_softmax},
               {"stop_gradient", mlrt_stop_gradient},
               {"__unm", mlrt_neg}};

static const struct {
    const char *name;
    binary f;
} binaries[] = {{"__add", mlrt_add}, {"__sub", mlrt_sub},       {"__mul", mlrt_mul},       {"__div", mlrt_div},
                {"__pow", mlrt_pow}, {"maximum", mlrt_maximum}, {"minimum", mlrt_minimum}, {"eq", mlrt_eq},
                {"ne", mlrt_ne},     {"lt", mlrt_lt},           {"le", mlrt_le},           {"gt", mlrt_gt},
                {"ge", mlrt_ge},     {"gather", mlrt_gather}};

static const struct {
    const char *name;
    reduction f;
} reductions[] = {
    {"sum", mlrt_sum}, {"mean", mlrt_mean}, {"variance", mlrt_variance}, {"max", mlrt_max}, {"min", mlrt_min}};

static const struct {
    const char *name;
    along f;
} alongs[] = {{"argmax", mlrt_argmax}, {"argsort", mlrt_argsort}, {"sort", mlrt_sort}};

static int call_unary(lua_State *L) {
    return push(L, unaries[lua_tointeger(L, lua_upvalueindex(1))].f(mlrt__node_arg(L, 1)));
}
static int call_binary(lua_State *L) {
    return push(L, binaries[lua_tointeger(L, lua_upvalueindex(1))].f(mlrt__node_arg(L, 1), mlrt__node_arg(L, 2)));
}
static int call_reduction(lua_State *L) {
    mlrt_node *x = mlrt__node_arg(L, 1);
    return push(L, reductions[lua_tointeger(L, lua_upvalueindex(1))].f(x, axes_arg(L, 2, x), lua_toboolean(L, 3)));
}
static int call_along(lua_State *L) {
    mlrt_node *x = mlrt__node_arg(L, 1);
    return push(L, alongs[lua_tointeger(L, lua_upvalueindex(1))].f(x, axis_arg(L, 2, x, -1)));
}

/* ---- the others, one by one ---- */

static int node_matmul(lua_State *L) {
    const int32_t flags = (lua_toboolean(L, 3) ? MLRT_TRANS_A : 0) | (lua_toboolean(L, 4) ? MLRT_TRANS_B : 0);
    return push(L, mlrt_matmul(mlrt__node_arg(L, 1), mlrt__node_arg(L, 2), flags));
}

static int node_where(lua_State *L) {
    return push(L, mlrt_where(mlrt__node_arg(L, 1), mlrt__node_arg(L, 2), mlrt__node_arg(L, 3)));
}

static int node_reshape(lua_State *L) { return push(L, mlrt_reshape(mlrt__node_arg(L, 1), shape_arg(L, 2))); }
static int node_broadcast(lua_State *L) { return push(L, mlrt_broadcast(mlrt__node_arg(L, 1), shape_arg(L, 2))); }

static int node_transpose(lua_State *L) {
    mlrt_node *x = mlrt__node_arg(L, 1);
    if (lua_isnoneornil(L, 2)) return push(L, mlrt_swap_axes(x, -1, -2));
    const mlrt_shape order = shape_arg(L, 2);
    int32_t perm[MLRT_MAX_RANK];
    if (order.rank != x->shape.rank) return luaL_error(L, "transpose takes %d axes, got %d", x->shape.rank, order.rank);
    for (int32_t i = 0; i < order.rank; i++) perm[i] = (int32_t)order.dim[i] - 1;
    return push(L, mlrt_transpose(x, perm));
}

/* slice(axis, first, last [, step]): from 1, both ends included, as in string.sub. */
static int node_slice(lua_State *L) {
    mlrt_node *x = mlrt__node_arg(L, 1);
    const int32_t axis = axis_arg(L, 2, x, 0);
    const int64_t size = mlrt_dim(x, axis);
    int64_t first = luaL_checkinteger(L, 3), last = luaL_optinteger(L, 4, -1);
    if (first < 0) first += size + 1;
    if (last < 0) last += size + 1;
    return push(L, mlrt_slice(x, axis, first - 1, last, luaL_optinteger(L, 5, 1)));
}

static int node_concat(lua_State *L) {
    enum { MOST = 1024 };
    mlrt_node *x[MOST];
    luaL_checktype(L, 1, LUA_TTABLE);
    const int32_t count = (int32_t)luaL_len(L, 1);
    if (count < 1 || count > MOST) return luaL_error(L, "concat takes 1 to %d nodes, got %d", MOST, count);
    for (int32_t i = 0; i < count; i++) {
        lua_rawgeti(L, 1, i + 1);
        x[i] = mlrt__node_arg(L, lua_gettop(L));
        lua_pop(L, 1);
    }
    return push(L, mlrt_concat(x, count, axis_arg(L, 2, x[0], -1)));
}

static int node_cumsum(lua_State *L) {
    mlrt_node *x = mlrt__node_arg(L, 1);
    return push(L, mlrt_cumsum(x, axis_arg(L, 2, x, -1), lua_toboolean(L, 3)));
}

static int node_take_along(lua_State *L) {
    mlrt_node *x = mlrt__node_arg(L, 1);
    return push(L, mlrt_take_along(x, mlrt__node_arg(L, 2), axis_arg(L, 3, x, -1)));
}

static int node_scatter_add(lua_State *L) {
    return push(L, mlrt_scatter_add(mlrt__node_arg(L, 1), mlrt__node_arg(L, 2), luaL_checkinteger(L, 3)));
}

static int node_cast(lua_State *L) {
    static const char *const names[] = {"f32", "i32", NULL};
    static const mlrt_dtype dtypes[] = {MLRT_F32, MLRT_I32};
    return push(L, mlrt_cast(mlrt__node_arg(L, 1), dtypes[luaL_checkoption(L, 2, NULL, names)]));
}

/* attention(q, k, v, { heads = 4, mask = m, causal = true, scale = s }) */
static int node_attention(lua_State *L) {
    luaL_checktype(L, 4, LUA_TTABLE);
    lua_getfield(L, 4, "heads");
    lua_getfield(L, 4, "causal");
    lua_getfield(L, 4, "scale");
    lua_getfield(L, 4, "mask");
    return push(L, mlrt_attention(mlrt__node_arg(L, 1), mlrt__node_arg(L, 2), mlrt__node_arg(L, 3),
                                  lua_isnil(L, -1) ? NULL : mlrt__node_arg(L, -1), (int32_t)luaL_optinteger(L, -4, 1),
                                  lua_toboolean(L, -3), luaL_optnumber(L, -2, 0)));
}

static int node_cross_entropy(lua_State *L) {
    return push(L, mlrt_cross_entropy(mlrt__node_arg(L, 1), mlrt__node_arg(L, 2), (int32_t)luaL_optinteger(L, 3, -1),
                                      luaL_optnumber(L, 4, 0)));
}

/* grad(y, x) or grad(y, { x1, x2 }): one node, or as many as asked for. */
static int node_grad(lua_State *L) {
    enum { MOST = 64 };
    mlrt_node *x[MOST], *dx[MOST], *y = mlrt__node_arg(L, 1);
    const bool list = lua_istable(L, 2);
    const int32_t count = list ? (int32_t)luaL_len(L, 2) : 1;
    if (count < 1 || count > MOST) return luaL_error(L, "grad takes 1 to %d nodes, got %d", MOST, count);
    for (int32_t i = 0; i < count; i++) {
        if (list)
            lua_rawgeti(L, 2, i + 1);
        else
            lua_pushvalue(L, 2);
        x[i] = mlrt__node_arg(L, lua_gettop(L));
        lua_pop(L, 1);
    }
    mlrt_grad(y, x, count, dx);
    luaL_checkstack(L, count, "too many gradients");
    for (int32_t i = 0; i < count; i++) mlrt__push_node(L, dx[i]);
    return count;
}

/* random_uniform({ 3, 4 } [, low, high]), random_normal({ 3, 4 } [, mean, std]), random_bernoulli({ 3, 4 }, p) */
static int node_uniform(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    return push(L, mlrt_random_uniform(graph(L), shape_arg(L, 1), luaL_optnumber(L, 2, 0), luaL_optnumber(L, 3, 1)));
}
static int node_normal(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    return push(L, mlrt_random_normal(graph(L), shape_arg(L, 1), luaL_optnumber(L, 2, 0), luaL_optnumber(L, 3, 1)));
}
static int node_bernoulli(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    return push(L, mlrt_random_bernoulli(graph(L), shape_arg(L, 1), luaL_checknumber(L, 2)));
}

/* A number or an array as a constant node. */
static int node_constant(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "constant");
    mlrt_graph *g = graph(L);
    float *data = mlrt__arena_alloc(&g->arena, sizeof *data * (size_t)a->count);
    for (int64_t i = 0; i < a->count; i++) data[i] = (float)a->data[i];
    return push(L, mlrt_constant(g, &(mlrt_tensor){MLRT_F32, a->shape, data}));
}

static int node_named(lua_State *L) { return push(L, mlrt_name(mlrt__node_arg(L, 1), luaL_checkstring(L, 2))); }

/* Its dimensions, as many values as it has: local batch, width = x:shape(). */
static int node_shape(lua_State *L) {
    const mlrt_node *n = mlrt__node_arg(L, 1);
    for (int32_t i = 0; i < n->shape.rank; i++) lua_pushinteger(L, n->shape.dim[i]);
    return n->shape.rank;
}

/* How many classes or tokens an integer field has, or nil. */
static int node_classes(lua_State *L) {
    const mlrt_node *n = mlrt__node_arg(L, 1);
    if (n->vocabulary)
        lua_pushinteger(L, n->vocabulary->size);
    else
        lua_pushnil(L);
    return 1;
}

static int node_text(lua_State *L) {
    const handle *h = luaL_checkudata(L, 1, type_name);
    char shape[MLRT_SHAPE_TEXT];
    if (h->serial != mlrt__host_of(L)->serial) return lua_pushstring(L, "node of a graph that is gone"), 1;
    lua_pushfstring(L, "node %s %s", mlrt_dtype_name(h->node->dtype),
                    mlrt_shape_text(&h->node->shape, shape, sizeof shape));
    return 1;
}

/* ---- layers and losses ---- */

/* core.call_layer(layer, path, predict, inputs...) */
static int call_layer(lua_State *L) {
    enum { FIRST = 4, MOST = 16 };
    const mlrt__handle *layer = mlrt__handle_arg(L, 1, MLRT_KIND_LAYER, "what is called");
    mlrt_node *in[MOST] = {0};
    const int count = lua_gettop(L) - FIRST + 1;
    if (count > MOST) return luaL_error(L, "a layer takes at most %d inputs, got %d", MOST, count);
    for (int i = 0; i < count; i++)
        if (!lua_isnil(L, FIRST + i)) in[i] = mlrt__node_arg(L, FIRST + i);
    return push(L, mlrt__layer_build(graph(L), (const mlrt_layer *)layer->object, luaL_checkstring(L, 2), in, count,
                                     lua_toboolean(L, 3)));
}

/* core.enter(path): what is built until core.leave() belongs to this part of the model. */
static int enter(lua_State *L) {
    mlrt__enter(graph(L), luaL_checkstring(L, 1), true, NULL);
    return 0;
}

static int leave(lua_State *L) {
    if (mlrt__host_of(L)->building) mlrt__leave(mlrt__host_of(L)->building);
    return 0;
}

/* core.offer(value): a node is what the present part gives, to be read after the run by the part's path. */
static int offer(lua_State *L) {
    mlrt_node *n = mlrt__node_test(L, 1);
    if (n) mlrt__offer(graph(L), n);
    return lua_settop(L, 1), 1;
}

/* core.call_loss(loss, prediction, target) */
static int call_loss(lua_State *L) {
    const mlrt__handle *loss = mlrt__handle_arg(L, 1, MLRT_KIND_LOSS, "what is called");
    return push(
        L, mlrt__loss_build(graph(L), (const mlrt_loss *)loss->object, mlrt__node_arg(L, 2), mlrt__node_arg(L, 3)));
}

/* core.layer_inputs(layer): how many it takes, and from which on they are targets (0: none). */
static int layer_inputs(lua_State *L) {
    const mlrt_layer_class *cls =
        (const mlrt_layer_class *)mlrt__handle_arg(L, 1, MLRT_KIND_LAYER, "what is asked about")->object->cls;
    lua_pushinteger(L, cls->max_inputs);
    lua_pushinteger(L, cls->first_target);
    return 2;
}

/* ---- opening ---- */

static void add(lua_State *L, int index, const char *name, lua_CFunction f) {
    lua_pushinteger(L, index);
    lua_pushcclosure(L, f, 1);
    lua_setfield(L, -2, name);
}

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

void mlrt__open_nodes(lua_State *L) {
    static const luaL_Reg methods[] = {{"matmul", node_matmul},
                                       {"where", node_where},
                                       {"reshape", node_reshape},
                                       {"broadcast", node_broadcast},
                                       {"transpose", node_transpose},
                                       {"slice", node_slice},
                                       {"concat", node_concat},
                                       {"cumsum", node_cumsum},
                                       {"take_along", node_take_along},
                                       {"scatter_add", node_scatter_add},
                                       {"cast", node_cast},
                                       {"attention", node_attention},
                                       {"cross_entropy", node_cross_entropy},
                                       {"grad", node_grad},
                                       {"constant", node_constant},
                                       {"random_uniform", node_uniform},
                                       {"random_normal", node_normal},
                                       {"random_bernoulli", node_bernoulli},
                                       {"named", node_named},
                                       {"shape", node_shape},
                                       {"classes", node_classes},
                                       {"__tostring", node_text},
                                       {NULL, NULL}};
    static const luaL_Reg functions[] = {{"call_layer", call_layer},
                                         {"call_loss", call_loss},
                                         {"layer_inputs", layer_inputs},
                                         {"enter", enter},
                                         {"leave", leave},
                                         {"offer", offer},
                                         {NULL, NULL}};
    luaL_newmetatable(L, type_name);
    luaL_setfuncs(L, methods, 0);
    for (int i = 0; i < COUNT(unaries); i++) add(L, i, unaries[i].name, call_unary);
    for (int i = 0; i < COUNT(binaries); i++) add(L, i, binaries[i].name, call_binary);
    for (int i = 0; i < COUNT(reductions); i++) add(L, i, reductions[i].name, call_reduction);
    for (int i = 0; i < COUNT(alongs); i++) add(L, i, alongs[i].name, call_along);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_setfield(L, -2, "node");
    luaL_setfuncs(L, functions, 0);
}
