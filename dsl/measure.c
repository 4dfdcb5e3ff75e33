/* measure.c - what `mlrt bench` measures with: steps, calls, products, and other processes. */
#include "base/text.h"
#include "dsl/core.h"
#include "dsl/held.h"
#include "dsl/state.h"
#include "kernels/ceiling.h"
#include "kernels/onednn.h"
#include "train/train.h"
#include <errno.h>
#include <lauxlib.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the loop and its program ---- */

/* core.time_steps(trainer, steps, windows): seconds a step of each window; { batch =, program =, ... } a step. */
static int time_steps(lua_State *L) {
    enum { MOST_WINDOWS = 64 };
    double window[MOST_WINDOWS];
    mlrt_error err = {0};
    mlrt__trainer *t = mlrt__trainer_arg(L, 1);
    mlrt__timing timing = {.steps = luaL_checkinteger(L, 2), .window = window};
    timing.windows = (int32_t)luaL_checkinteger(L, 3);
    luaL_argcheck(L, timing.windows >= 1 && timing.windows <= MOST_WINDOWS, 3, "too many windows");
    if (mlrt__trainer_time(t, &timing, &err) != MLRT_OK) return mlrt__raise(L, &err);
    lua_createtable(L, timing.windows, 0);
    for (int32_t i = 0; i < timing.windows; i++) {
        lua_pushnumber(L, window[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_createtable(L, 0, MLRT__PHASES);
    for (int32_t i = 0; i < MLRT__PHASES; i++) {
        lua_pushnumber(L, timing.phase[i]);
        lua_setfield(L, -2, mlrt__phase_name(i));
    }
    return 2;
}

static void push_product(lua_State *L, const mlrt_node *n) {
    const mlrt__product p = mlrt__product_of(n);
    const int64_t size[] = {p.batch, p.m, p.n, p.k};
    lua_createtable(L, 4, 0);
    for (int32_t i = 0; i < 4; i++) {
        lua_pushinteger(L, size[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "product");
}

static void push_cost(lua_State *L, const mlrt__cost *cost) {
    lua_createtable(L, 0, 5);
    lua_pushstring(L, cost->op);
    lua_setfield(L, -2, "op");
    lua_pushstring(L, mlrt__kernel_family(cost->op));
    lua_setfield(L, -2, "family");
    lua_pushnumber(L, cost->flops);
    lua_setfield(L, -2, "flops");
    lua_pushnumber(L, cost->seconds);
    lua_setfield(L, -2, "seconds");
    if (cost->node->op == &mlrt__op_matmul && cost->flops > 0) push_product(L, cost->node);
}

/* core.time_calls(trainer, runs): { { op =, family =, flops =, seconds =, product = { batch, m, n, k } }, ... } */
static int time_calls(lua_State *L) {
    mlrt__program *p = mlrt__trainer_program(mlrt__trainer_arg(L, 1));
    const int32_t runs = (int32_t)luaL_checkinteger(L, 2), calls = mlrt__program_calls(p);
    mlrt__cost *cost = lua_newuserdatauv(L, sizeof *cost * (size_t)calls, 0);
    mlrt__program_time(p, runs, cost);
    lua_createtable(L, calls, 0);
    for (int32_t i = 0; i < calls; i++) {
        push_cost(L, &cost[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* ---- the machine ---- */

/* core.product_seconds({ batch, m, n, k }, "bf16"): of the fastest way to multiply. */
static int product_seconds(lua_State *L) {
    static const char *const names[] = {"f32", "bf16", NULL};
    static const mlrt_dtype dtypes[] = {MLRT_F32, MLRT_BF16};
    mlrt_error err = {0};
    mlrt__product p = {0};
    int64_t *const size[] = {&p.batch, &p.m, &p.n, &p.k};
    const mlrt_dtype dtype = dtypes[luaL_checkoption(L, 2, "f32", names)];
    double seconds;
    for (int32_t i = 0; i < 4; i++) {
        lua_rawgeti(L, 1, i + 1);
        *size[i] = luaL_checkinteger(L, -1);
    }
    if (mlrt__product_seconds(&p, dtype, mlrt__threads(), &seconds, &err) != MLRT_OK) return mlrt__raise(L, &err);
    lua_pushnumber(L, seconds);
    return 1;
}

static int has_bf16(lua_State *L) { return lua_pushboolean(L, mlrt__dnnl_bf16()), 1; }

/* ---- other processes ---- */

extern char **environ;

enum { MOST_ARGUMENTS = 32 };

static int push_status(lua_State *L, int status) {
    if (WIFEXITED(status)) return lua_pushinteger(L, WEXITSTATUS(status)), 1;
    return lua_pushfstring(L, "signal %d", WTERMSIG(status)), 1;
}

static void close_pipe(void *end) { close((int)(intptr_t)end - 1); }

static void read_all(lua_State *L, int fd) {
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (;;) {
        char *space = luaL_prepbuffer(&b);
        const ssize_t n = read(fd, space, LUAL_BUFFERSIZE);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        luaL_addsize(&b, (size_t)n);
    }
    luaL_pushresult(&b);
}

/* core.spawn { "bench", "W1" }: this command in a process of its own -> its exit status, its output, seconds, and the
 * most memory it had, in bytes. */
static int spawn(lua_State *L) {
    char *argv[MOST_ARGUMENTS + 2] = {"mlrt"};
    int ends[2], status = 0;
    pid_t child;
    posix_spawn_file_actions_t actions;
    const lua_Integer count = luaL_len(L, 1);
    luaL_argcheck(L, count <= MOST_ARGUMENTS, 1, "too many arguments");
    luaL_checkstack(L, (int)count + 8, NULL);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        argv[i] = (char *)luaL_checkstring(L, -1);
    }
    mlrt__held *reading = mlrt__hold(L, close_pipe);
    if (pipe(ends) != 0) return luaL_error(L, "unable to open a pipe: %s", strerror(errno));
    reading->thing = (void *)(intptr_t)(ends[0] + 1);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    const double start = mlrt__now();
    const int failed = posix_spawn(&child, "/proc/self/exe", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (failed) return luaL_error(L, "unable to start another mlrt: %s", strerror(failed));
    read_all(L, ends[0]);
    struct rusage used = {0};
    while (wait4(child, &status, 0, &used) < 0 && errno == EINTR) {}
    push_status(L, status);
    lua_insert(L, -2);
    lua_pushnumber(L, mlrt__now() - start);
    lua_pushinteger(L, (lua_Integer)used.ru_maxrss * 1024);
    return 4;
}

void mlrt__open_measures(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"time_steps", time_steps}, {"time_calls", time_calls}, {"product_seconds", product_seconds},
        {"has_bf16", has_bf16},     {"spawn", spawn},           {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
