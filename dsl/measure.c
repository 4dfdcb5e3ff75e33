/* measure.c - what `mlrt bench` measures with: steps, calls, products, and other processes. */
#define _GNU_SOURCE /* nftw, asprintf */
#include "base/text.h"
#include "dsl/core.h"
#include "dsl/held.h"
#include "dsl/state.h"
#include "kernels/blocks.h"
#include "kernels/ceiling.h"
#include "tensor/npy.h"
#include "train/batches.h"
#include "train/train.h"
#include <errno.h>
#include <ftw.h>
#include <lauxlib.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the loop and its program ---- */

static void push_numbers(lua_State *L, const double *x, int32_t count) {
    lua_createtable(L, count, 0);
    for (int32_t i = 0; i < count; i++) {
        lua_pushnumber(L, x[i]);
        lua_rawseti(L, -2, i + 1);
    }
}

/* core.time_steps(trainer, steps, windows): of each window the seconds a step; { batch =, program =, ... }, the seconds a
 * step of each phase; of each window the mean loss. */
static int time_steps(lua_State *L) {
    enum { MOST_WINDOWS = 64 };
    double window[MOST_WINDOWS], loss[MOST_WINDOWS];
    mlrt_error err = {0};
    mlrt__trainer *t = mlrt__trainer_arg(L, 1);
    mlrt__timing timing = {.steps = luaL_checkinteger(L, 2), .window = window, .loss = loss};
    timing.windows = (int32_t)luaL_checkinteger(L, 3);
    luaL_argcheck(L, timing.windows >= 1 && timing.windows <= MOST_WINDOWS, 3, "too many windows");
    if (mlrt__trainer_time(t, &timing, &err) != MLRT_OK) return mlrt__raise(L, &err);
    push_numbers(L, window, timing.windows);
    lua_createtable(L, 0, MLRT__PHASES);
    for (int32_t i = 0; i < MLRT__PHASES; i++) {
        lua_pushnumber(L, timing.phase[i]);
        lua_setfield(L, -2, mlrt__phase_name(i));
    }
    push_numbers(L, loss, timing.windows);
    return 3;
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

/* ---- what a peer begins with ---- */

static void free_fields(void *fields) {
    mlrt_tensor *t = fields;
    for (int32_t f = 0; f < MLRT_MAX_FIELDS; f++) mlrt__free_large(t[f].data);
    free(t);
}

static mlrt_status allocate_fields(const mlrt_task *task, int64_t examples, mlrt_tensor *out, mlrt_error *err) {
    for (int32_t f = 0; f < task->fields; f++) {
        const mlrt_field *field = &task->field[f];
        out[f] = (mlrt_tensor){field->dtype, {field->shape.rank + 1, {examples}}, NULL};
        memcpy(out[f].shape.dim + 1, field->shape.dim, sizeof(int64_t) * (size_t)field->shape.rank);
        if (!(out[f].data = mlrt__alloc_large(mlrt_tensor_bytes(&out[f]))))
            return mlrt_fail(err, MLRT_MEMORY, "out of memory for the batches");
    }
    return MLRT_OK;
}

static mlrt_status take_batches(const mlrt__recipe *r, int64_t count, mlrt_tensor *out, mlrt_error *err) {
    mlrt__batches *batches;
    bool same;
    if (mlrt__batches_open(r->task, r->batch, r->seed, 0, &batches, err) != MLRT_OK) return err->status;
    for (int64_t i = 0; i < count; i++) {
        void *const *data = mlrt__batches_next(batches, &same);
        for (int32_t f = 0; f < r->task->fields; f++) {
            const size_t bytes = mlrt__field_bytes(&r->task->field[f], r->batch);
            memcpy((char *)out[f].data + bytes * (size_t)i, data[f], bytes);
        }
    }
    mlrt__batches_close(batches);
    return MLRT_OK;
}

/* core.save_batches(trainer, count, folder): the first batches of a run, folder/FIELD.npy. */
static int save_batches(lua_State *L) {
    mlrt_error err = {0};
    const mlrt__recipe *r = mlrt__trainer_recipe(mlrt__trainer_arg(L, 1));
    const int64_t count = luaL_checkinteger(L, 2);
    const char *folder = luaL_checkstring(L, 3);
    mlrt__held *held = mlrt__hold(L, free_fields);
    mlrt_tensor *field = held->thing = calloc(MLRT_MAX_FIELDS, sizeof *field);
    if (!field) return luaL_error(L, "out of memory");
    if (allocate_fields(r->task, count * r->batch, field, &err) == MLRT_OK) take_batches(r, count, field, &err);
    for (int32_t f = 0; f < r->task->fields && err.status == MLRT_OK; f++) {
        mlrt__npy_write(lua_pushfstring(L, "%s/%s.npy", folder, r->task->field[f].name), &field[f], &err);
        lua_pop(L, 1);
    }
    return err.status == MLRT_OK ? 0 : mlrt__raise(L, &err);
}

/* ---- the machine ---- */

static const char yardstick_type[] = "mlrt.yardstick";

/* core.yardstick({ batch, m, n, k }, "bf16"): the fastest way to do such a product on this machine. */
static int yardstick(lua_State *L) {
    static const char *const names[] = {"f32", "bf16", NULL};
    static const mlrt_dtype dtypes[] = {MLRT_F32, MLRT_BF16};
    mlrt_error err = {0};
    mlrt__product p = {0};
    int64_t *const size[] = {&p.batch, &p.m, &p.n, &p.k};
    const mlrt_dtype dtype = dtypes[luaL_checkoption(L, 2, "f32", names)];
    for (int32_t i = 0; i < 4; i++) {
        lua_rawgeti(L, 1, i + 1);
        *size[i] = luaL_checkinteger(L, -1);
    }
    mlrt__yardstick **w = lua_newuserdatauv(L, sizeof(mlrt__yardstick *), 0);
    *w = NULL;
    luaL_setmetatable(L, yardstick_type);
    return mlrt__yardstick_new(&p, dtype, mlrt__threads(), w, &err) == MLRT_OK ? 1 : mlrt__raise(L, &err);
}

static mlrt__yardstick **yardstick_arg(lua_State *L) { return luaL_checkudata(L, 1, yardstick_type); }

/* yardstick:best(): seconds a product, the least so far. */
static int yardstick_best(lua_State *L) {
    lua_pushnumber(L, mlrt__yardstick_best(*yardstick_arg(L)));
    return 1;
}

/* yardstick:seconds(runs): of so many products, now. */
static int yardstick_seconds(lua_State *L) {
    lua_pushnumber(L, mlrt__yardstick_seconds(*yardstick_arg(L), luaL_checkinteger(L, 2)));
    return 1;
}

static int yardstick_gc(lua_State *L) {
    mlrt__yardstick **w = yardstick_arg(L);
    mlrt__yardstick_free(*w);
    *w = NULL;
    return 0;
}

static void open_yardstick(lua_State *L) {
    static const luaL_Reg meta[] = {
        {"best", yardstick_best}, {"seconds", yardstick_seconds}, {"__gc", yardstick_gc}, {NULL, NULL}};
    luaL_newmetatable(L, yardstick_type);
    luaL_setfuncs(L, meta, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

/* core.bf16(): how this machine multiplies bf16 numbers, "amx", or nil. */
static int bf16(lua_State *L) {
    const mlrt__format *best = mlrt__format_bf16(mlrt__cpu_level(), 0);
    return lua_pushstring(L, best ? best->name : NULL), 1;
}

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

/* ---- a folder for files that nobody keeps ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where) {
    (void)st, (void)type, (void)where;
    return remove(path);
}

static void remove_folder(void *path) {
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(path);
}

/* core.with_folder(f): f(path) of a new folder, which is removed at the end. */
static int with_folder(lua_State *L) {
    const char *set = getenv("TMPDIR");
    char *path;
    mlrt__held *held = mlrt__hold(L, remove_folder);
    if (asprintf(&path, "%s/mlrt-XXXXXX", set && *set ? set : "/tmp") < 0) return luaL_error(L, "out of memory");
    if (!mkdtemp(path)) {
        lua_pushfstring(L, "unable to make a folder '%s': %s", path, strerror(errno));
        free(path);
        return lua_error(L);
    }
    held->thing = path;
    lua_pushvalue(L, 1);
    lua_pushstring(L, path);
    lua_call(L, 1, 0);
    return 0;
}

void mlrt__open_measures(lua_State *L) {
    static const luaL_Reg functions[] = {{"time_steps", time_steps},
                                         {"time_calls", time_calls},
                                         {"save_batches", save_batches},
                                         {"yardstick", yardstick},
                                         {"bf16", bf16},
                                         {"spawn", spawn},
                                         {"with_folder", with_folder},
                                         {NULL, NULL}};
    open_yardstick(L);
    luaL_setfuncs(L, functions, 0);
}
