/* array_make.c - arrays from nothing: zeros, ranges, random numbers. */
#include "dsl/array.h"
#include "dsl/random.h"
#include <math.h>

static mlrt__array *filled(lua_State *L, const char *what, const mlrt_shape *shape, double value) {
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] < 0) luaL_error(L, "%s: a dimension must be at least 0, got %I", what, shape->dim[i]);
    mlrt__array *a = mlrt__array_new(L, what, shape);
    for (int64_t i = 0; i < a->count; i++) a->data[i] = value;
    return a;
}

/* zeros(2, 3) or zeros { 2, 3 } */
static int zeros(lua_State *L) {
    const mlrt_shape shape = mlrt__array_shape_arg(L, 1, "zeros");
    filled(L, "zeros", &shape, 0);
    return 1;
}

static int ones(lua_State *L) {
    const mlrt_shape shape = mlrt__array_shape_arg(L, 1, "ones");
    filled(L, "ones", &shape, 1);
    return 1;
}

/* full({ 2, 3 }, value) */
static int full(lua_State *L) {
    const double value = luaL_checknumber(L, 2);
    lua_settop(L, 1);
    const mlrt_shape shape = mlrt__array_shape_arg(L, 1, "full");
    filled(L, "full", &shape, value);
    return 1;
}

/* arange(last), arange(first, last) or arange(first, last, step): as a numeric for, the last included. */
static int arange(lua_State *L) {
    const bool one = lua_gettop(L) == 1;
    const double first = one ? 1 : luaL_checknumber(L, 1), last = luaL_checknumber(L, one ? 1 : 2);
    const double step = luaL_optnumber(L, 3, 1);
    if (!(step < 0 || step > 0)) return luaL_error(L, "arange: the step must not be zero");
    /* The last element is not lost to rounding: arange(0, 1, 0.1) has 11. */
    const double steps = floor((last - first) / step * (1 + 1e-12) + 1e-12);
    if (!(steps < (double)(1 << 30))) return luaL_error(L, "arange: too many elements");
    mlrt__array *a = mlrt__array_vector(L, "arange", steps < 0 ? 0 : (int64_t)steps + 1);
    for (int64_t i = 0; i < a->count; i++) a->data[i] = first + step * (double)i;
    return 1;
}

/* linspace(first, last, n): n numbers, both ends included. */
static int linspace(lua_State *L) {
    const double first = luaL_checknumber(L, 1), last = luaL_checknumber(L, 2);
    const int64_t n = mlrt__array_whole(L, 3, "linspace", "n", 2, 50);
    mlrt__array *a = mlrt__array_vector(L, "linspace", n);
    for (int64_t i = 0; i + 1 < n; i++) a->data[i] = first + (last - first) * (double)i / (double)(n - 1);
    a->data[n - 1] = last;
    return 1;
}

static int eye(lua_State *L) {
    const int64_t n = mlrt__array_whole(L, 1, "eye", "n", 0, 1);
    mlrt__array *a = mlrt__array_matrix(L, "eye", n, n);
    for (int64_t i = 0; i < n; i++) a->data[i * n + i] = 1;
    return 1;
}

/* ---- random.uniform { 100, 2, low = -1, high = 1, seed = 7 }, random.normal { 100, 2, mean = 0, std = 1, seed = 7 }.
 * Without a seed the numbers are the next ones of math.random. ---- */

static double option(lua_State *L, const char *name, double missing) {
    lua_getfield(L, 1, name);
    const double value = luaL_optnumber(L, -1, missing);
    lua_pop(L, 1);
    return value;
}

static mlrt__array *drawn(lua_State *L, const char *what, double (*draw)(mlrt__generator *g)) {
    luaL_checktype(L, 1, LUA_TTABLE);
    const mlrt_shape shape = mlrt__array_shape_arg(L, 1, what);
    mlrt__generator own = {0}, *g = &own;
    if (lua_getfield(L, 1, "seed") == LUA_TNIL)
        g = mlrt__script_generator(L);
    else
        own = mlrt__generator_of((uint64_t)mlrt__array_whole(L, -1, what, "seed", INT64_MIN, 0));
    lua_settop(L, 1);
    mlrt__array *a = filled(L, what, &shape, 0);
    for (int64_t i = 0; i < a->count; i++) a->data[i] = draw(g);
    return a;
}

static int uniform(lua_State *L) {
    mlrt__array *a = drawn(L, "random.uniform", mlrt__generator_uniform);
    const double low = option(L, "low", 0), high = option(L, "high", 1);
    for (int64_t i = 0; i < a->count; i++) a->data[i] = low + (high - low) * a->data[i];
    return 1;
}

static int normal(lua_State *L) {
    mlrt__array *a = drawn(L, "random.normal", mlrt__generator_normal);
    const double mean = option(L, "mean", 0), deviation = option(L, "std", 1);
    for (int64_t i = 0; i < a->count; i++) a->data[i] = mean + deviation * a->data[i];
    return 1;
}

const luaL_Reg mlrt__array_making[] = {
    {"zeros", zeros}, {"ones", ones}, {"full", full}, {"arange", arange}, {"linspace", linspace}, {"eye", eye}, {0}};

void mlrt__array_add_random(lua_State *L, int functions) {
    static const luaL_Reg row[] = {{"uniform", uniform}, {"normal", normal}, {0}};
    luaL_newlib(L, row);
    lua_setfield(L, functions, "random");
}
