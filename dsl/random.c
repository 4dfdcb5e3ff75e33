/* random.c - random numbers for scripts: math.random, and generators of a seed of their own.
 *
 *   local r = mlrt.random(7)            -- or mlrt.random(7, "noise"): another stream of the same seed
 *   r:uniform(-1, 1)  r:normal(0, 2)  r:int(1, 6)  r:choice { "a", "b" }  r:shuffle(list)  r:permutation(10)
 *
 * Counter-based (Philox, base/random.h): a script draws the same numbers on every machine, and never from the time.
 */
#include "dsl/random.h"
#include "dsl/array.h"
#include "dsl/bridge.h"
#include <mlrt/plugin.h>

#define RANDOM "mlrt.random"

mlrt__generator mlrt__generator_of(uint64_t seed) {
    return (mlrt__generator){.seed = seed, .stream = mlrt_stream("script")};
}

double mlrt__generator_uniform(mlrt__generator *g) { return mlrt_random_f64(g->seed, g->stream, g->drawn++); }

/* A stream of its own: mlrt_random_gauss uses two uniform numbers for each index, which uniform() must not see again. */
double mlrt__generator_normal(mlrt__generator *g) { return mlrt_random_gauss(g->seed, ~g->stream, g->drawn++); }

uint64_t mlrt__generator_below(mlrt__generator *g, uint64_t n) {
    if (n > 0) return mlrt_random_below(g->seed, g->stream, g->drawn++, n);
    const uint64_t high = mlrt_random_below(g->seed, g->stream, g->drawn++, UINT64_C(1) << 32);
    return high << 32 | mlrt_random_below(g->seed, g->stream, g->drawn++, UINT64_C(1) << 32);
}

/* A whole number from first to last; the width of the whole range wraps to 0, "any 64 bits". */
static lua_Integer between(lua_State *L, mlrt__generator *g, const char *what, lua_Integer first, lua_Integer last) {
    if (first > last) luaL_error(L, "%s: nothing lies between %I and %I", what, (LUAI_UACINT)first, (LUAI_UACINT)last);
    return (lua_Integer)((uint64_t)first + mlrt__generator_below(g, (uint64_t)last - (uint64_t)first + 1));
}

/* ---- math.random ---- */

static const char key; /* of the generator behind it, in the registry */

mlrt__generator *mlrt__script_generator(lua_State *L) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) != LUA_TUSERDATA) {
        *(mlrt__generator *)lua_newuserdatauv(L, sizeof(mlrt__generator), 0) = mlrt__generator_of(0);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
        lua_remove(L, -2);
    }
    mlrt__generator *g = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return g;
}

void mlrt__seed(lua_State *L, uint64_t seed) { *mlrt__script_generator(L) = mlrt__generator_of(seed); }

/* random(): [0, 1); random(n): 1 .. n; random(m, n): m .. n; random(0): any integer. */
static int math_random(lua_State *L) {
    mlrt__generator *g = mlrt__script_generator(L);
    const int count = lua_gettop(L);
    if (count == 0) {
        lua_pushnumber(L, mlrt__generator_uniform(g));
        return 1;
    }
    const lua_Integer last = luaL_checkinteger(L, count == 1 ? 1 : 2);
    if (count == 1 && last == 0)
        lua_pushinteger(L, (lua_Integer)mlrt__generator_below(g, 0));
    else
        lua_pushinteger(L, between(L, g, "random", count == 1 ? 1 : luaL_checkinteger(L, 1), last));
    return 1;
}

static int math_randomseed(lua_State *L) {
    if (lua_isnone(L, 1)) return luaL_error(L, "randomseed: give a seed: experiments do not depend on the time");
    mlrt__seed(L, (uint64_t)luaL_checkinteger(L, 1));
    return 0;
}

void mlrt__seed_math(lua_State *L) {
    static const luaL_Reg functions[] = {{"random", math_random}, {"randomseed", math_randomseed}, {0}};
    luaL_setfuncs(L, functions, 0);
}

/* ---- generators ---- */

static mlrt__generator *generator_arg(lua_State *L) { return luaL_checkudata(L, 1, RANDOM); }

/* r:uniform(), r:uniform(low, high) */
static int random_uniform(lua_State *L) {
    const double low = luaL_optnumber(L, 2, 0), high = luaL_optnumber(L, 3, 1);
    lua_pushnumber(L, low + (high - low) * mlrt__generator_uniform(generator_arg(L)));
    return 1;
}

/* r:normal(), r:normal(mean, std) */
static int random_normal(lua_State *L) {
    const double mean = luaL_optnumber(L, 2, 0), deviation = luaL_optnumber(L, 3, 1);
    lua_pushnumber(L, mean + deviation * mlrt__generator_normal(generator_arg(L)));
    return 1;
}

/* r:int(n): 1 .. n; r:int(m, n): m .. n */
static int random_int(lua_State *L) {
    mlrt__generator *g = generator_arg(L);
    const lua_Integer first = lua_isnoneornil(L, 3) ? 1 : luaL_checkinteger(L, 2);
    lua_pushinteger(L, between(L, g, "int", first, luaL_checkinteger(L, lua_isnoneornil(L, 3) ? 2 : 3)));
    return 1;
}

/* r:choice(list): one of its elements */
static int random_choice(lua_State *L) {
    mlrt__generator *g = generator_arg(L);
    luaL_checkany(L, 2);
    const lua_Integer n = luaL_len(L, 2);
    if (n < 1) return luaL_error(L, "choice: the list is empty");
    lua_geti(L, 2, between(L, g, "choice", 1, n));
    return 1;
}

/* r:shuffle(list): in place, and returned (Fisher and Yates) */
static int random_shuffle(lua_State *L) {
    mlrt__generator *g = generator_arg(L);
    const mlrt__array *a = mlrt__array_test(L, 2);
    if (a && a->shape.rank > 1)
        return luaL_error(L, "shuffle: take the rows in another order: a:take(r:permutation(#a))");
    if (!a) luaL_checktype(L, 2, LUA_TTABLE);
    for (lua_Integer i = luaL_len(L, 2); i > 1; i--) {
        const lua_Integer j = between(L, g, "shuffle", 1, i);
        lua_geti(L, 2, i);
        lua_geti(L, 2, j);
        lua_seti(L, 2, i);
        lua_seti(L, 2, j);
    }
    lua_settop(L, 2);
    return 1;
}

/* r:permutation(n): an array of 1 .. n in random order */
static int random_permutation(lua_State *L) {
    mlrt__generator *g = generator_arg(L);
    mlrt__array *a = mlrt__array_vector(L, "permutation", mlrt__array_whole(L, 2, "permutation", "n", 0, 0));
    for (int64_t i = 0; i < a->count; i++) {
        const int64_t j = (int64_t)mlrt__generator_below(g, (uint64_t)i + 1);
        a->data[i] = a->data[j];
        a->data[j] = (double)(i + 1);
    }
    return 1;
}

static int random_new(lua_State *L) {
    const lua_Integer seed = luaL_checkinteger(L, 1);
    const char *stream = luaL_optstring(L, 2, "script");
    mlrt__generator *g = lua_newuserdatauv(L, sizeof *g, 0);
    *g = (mlrt__generator){.seed = (uint64_t)seed, .stream = mlrt_stream(stream)};
    luaL_setmetatable(L, RANDOM);
    return 1;
}

int mlrt__open_random(lua_State *L) {
    static const luaL_Reg methods[] = {{"uniform", random_uniform},
                                       {"normal", random_normal},
                                       {"int", random_int},
                                       {"choice", random_choice},
                                       {"shuffle", random_shuffle},
                                       {"permutation", random_permutation},
                                       {0}};
    luaL_newmetatable(L, RANDOM);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, RANDOM);
    lua_setfield(L, -2, "__metatable");
    lua_pushcfunction(L, random_new);
    return 1;
}
