/* workers.c - processes that call Lua functions: core.workers(count) and its methods, for mlrt/sweep.lua. */
#include "base/workers.h"
#include "base/file.h"
#include "dsl/bridge.h"
#include "dsl/core.h"
#include "dsl/state.h"
#include <fcntl.h>
#include <lauxlib.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char type_name[] = "mlrt.workers";

static mlrt__workers *self(lua_State *L) {
    mlrt__workers **w = luaL_checkudata(L, 1, type_name);
    if (!*w) luaL_error(L, "these workers are gone");
    return *w;
}

static int open_workers(lua_State *L) {
    mlrt_error err = {0};
    const int32_t count = (int32_t)luaL_checkinteger(L, 1);
    mlrt__workers **w = lua_newuserdatauv(L, sizeof *w, 0);
    *w = NULL;
    luaL_setmetatable(L, type_name);
    if (mlrt__workers_open(w, count, &err) != MLRT_OK) return mlrt__raise(L, &err);
    return 1;
}

static int close_workers(lua_State *L) {
    mlrt__workers **w = luaL_checkudata(L, 1, type_name);
    mlrt__workers_close(*w);
    *w = NULL;
    return 0;
}

/* core.cores(): how many this process may use. */
static int cores(lua_State *L) { return lua_pushinteger(L, mlrt__cores()), 1; }

/* ---- in a worker ---- */

static void put_text(char *to, size_t size, const char *text) { snprintf(to, size, "%s", text ? text : ""); }

/* The function and its arguments are on the stack; it gives a word, and perhaps a message. */
static void work(void *context, mlrt__report_card *card) {
    lua_State *L = context;
    mlrt_error err = {0};
    lua_pushlightuserdata(L, card);
    const mlrt_status status = mlrt__host_call(mlrt__host_of(L), lua_gettop(L) - 3, 2, &err);
    char line[sizeof card->message];
    put_text(card->message, sizeof card->message,
             status == MLRT_OK ? lua_tostring(L, -1) : mlrt_error_text(&err, line, sizeof line));
    put_text(card->outcome, sizeof card->outcome, status == MLRT_OK ? lua_tostring(L, -2) : "failed");
}

/* core.report(card, { id =, step =, steps = }): for those who watch. */
static int report(lua_State *L) {
    mlrt__report_card *card = lua_touserdata(L, 1);
    const struct {
        const char *name;
        _Atomic int64_t *number;
    } fields[] = {{"id", &card->id}, {"step", &card->step}, {"steps", &card->steps}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (lua_getfield(L, 2, fields[i].name) != LUA_TNIL) atomic_store(fields[i].number, lua_tointeger(L, -1));
    return 0;
}

/* core.redirect(path): from now on, what this process says goes to the end of a file. */
static int redirect(lua_State *L) {
    mlrt_error err = {0};
    const char *path = luaL_checkstring(L, 1);
    fflush(NULL);
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
        return mlrt__file_fail(&err, "write", path), mlrt__raise(L, &err);
    return close(fd), 0;
}

/* ---- in the parent ---- */

static int32_t place_arg(lua_State *L) { return (int32_t)luaL_checkinteger(L, 2) - 1; }

/* workers:free() -> a place, or nil */
static int free_place(lua_State *L) {
    const int32_t place = mlrt__workers_free(self(L));
    if (place < 0) return 0;
    return lua_pushinteger(L, place + 1), 1;
}

static int busy(lua_State *L) { return lua_pushinteger(L, mlrt__workers_busy(self(L))), 1; }

/* workers:start(place, f, ...): a worker calls f(..., card). */
static int start(lua_State *L) {
    mlrt_error err = {0};
    luaL_checktype(L, 3, LUA_TFUNCTION);
    if (mlrt__workers_start(self(L), place_arg(L), work, L, &err) != MLRT_OK) return mlrt__raise(L, &err);
    return 0;
}

/* workers:wait(seconds) -> place, outcome, message, id, signal of a worker that has ended; or nothing */
static int wait_for_one(lua_State *L) {
    mlrt__workers *w = self(L);
    int killed_by = 0;
    const int32_t place = mlrt__workers_wait(w, luaL_checknumber(L, 2), &killed_by);
    if (place < 0) return 0;
    mlrt__report_card *card = mlrt__workers_card(w, place);
    lua_pushinteger(L, place + 1);
    lua_pushstring(L, card->outcome);
    lua_pushstring(L, card->message);
    lua_pushinteger(L, atomic_load(&card->id));
    lua_pushinteger(L, killed_by);
    return 5;
}

/* workers:look(place) -> id, step, steps */
static int look(lua_State *L) {
    mlrt__report_card *card = mlrt__workers_card(self(L), place_arg(L));
    lua_pushinteger(L, atomic_load(&card->id));
    lua_pushinteger(L, atomic_load(&card->step));
    lua_pushinteger(L, atomic_load(&card->steps));
    return 3;
}

/* workers:stop(): asks all to stop. */
static int stop(lua_State *L) { return mlrt__workers_signal(self(L), SIGTERM), 0; }

void mlrt__open_workers(lua_State *L) {
    static const luaL_Reg methods[] = {{"free", free_place},
                                       {"busy", busy},
                                       {"start", start},
                                       {"wait", wait_for_one},
                                       {"look", look},
                                       {"stop", stop},
                                       {"close", close_workers},
                                       {"__gc", close_workers},
                                       {"__close", close_workers},
                                       {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"workers", open_workers}, {"cores", cores}, {"report", report}, {"redirect", redirect}, {NULL, NULL}};
    luaL_newmetatable(L, type_name);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
}
