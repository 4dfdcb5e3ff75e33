/* core.c - the module mlrt.core: what the vocabulary, which is written in Lua, needs of C. Not for scripts. */
#include "base/file.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "dsl/bridge.h"
#include "dsl/core.h"
#include "dsl/node.h"
#include "dsl/object.h"
#include "dsl/state.h"
#include "kernels/kernel.h"
#include "kernels/linalg.h"
#include "kernels/onednn.h"
#include "plugin/host.h"
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static FILE *stream_arg(lua_State *L) {
    static const char *const names[] = {"out", "err", NULL};
    return luaL_checkoption(L, 1, NULL, names) == 0 ? stdout : stderr;
}

/* core.write("err", text...) */
static int write_text(lua_State *L) {
    FILE *out = stream_arg(L);
    for (int i = 2; i <= lua_gettop(L); i++) fputs(luaL_checkstring(L, i), out);
    fflush(out);
    return 0;
}

static FILE *listener;

static void hear(const char *line) {
    fprintf(listener, "%s\n", line);
    fflush(listener);
}

/* core.listen("err"): where what plugins say at work goes; without an argument, nowhere. */
static int listen(lua_State *L) {
    listener = lua_isnoneornil(L, 1) ? NULL : stream_arg(L);
    mlrt__listen(listener ? hear : NULL);
    return 0;
}

/* core.terminal("err"): its columns and lines, or nil when it is not a terminal. */
static int terminal(lua_State *L) {
    FILE *out = stream_arg(L);
    struct winsize size = {0};
    if (!isatty(fileno(out))) return 0;
    ioctl(fileno(out), TIOCGWINSZ, &size);
    lua_pushinteger(L, size.ws_col ? size.ws_col : 80);
    lua_pushinteger(L, size.ws_row ? size.ws_row : 24);
    return 2;
}

/* core.now(): seconds, for durations. */
static int now(lua_State *L) { return lua_pushnumber(L, mlrt__now()), 1; }

static int environment(lua_State *L) { return lua_pushstring(L, getenv(luaL_checkstring(L, 1))), 1; }

static int make_folder(lua_State *L) {
    mlrt_error err = {0};
    return mlrt__make_folders(luaL_checkstring(L, 1), &err) == MLRT_OK ? 0 : mlrt__raise(L, &err);
}

static int write_file(lua_State *L) {
    mlrt_error err = {0};
    size_t size;
    const char *data = luaL_checklstring(L, 2, &size);
    return mlrt__write_file(luaL_checkstring(L, 1), data, size, &err) == MLRT_OK ? 0 : mlrt__raise(L, &err);
}

/* core.read_file(path): its text, or nil when it is not there. */
static int read_file(lua_State *L) {
    mlrt_error err = {0};
    char *data;
    size_t size;
    if (mlrt__read_file(luaL_checkstring(L, 1), 1 << 24, &data, &size, &err) != MLRT_OK) return 0;
    lua_pushlstring(L, data, size);
    free(data);
    return 1;
}

static int exists(lua_State *L) { return lua_pushboolean(L, access(luaL_checkstring(L, 1), R_OK) == 0), 1; }

/* core.script(): the path of the script that is running, and its text. */
static int script(lua_State *L) {
    const char *path = mlrt__host_of(L)->script;
    char *data;
    size_t size;
    if (!path) return 0;
    lua_pushstring(L, path);
    if (mlrt__read_file(path, 1 << 24, &data, &size, NULL) != MLRT_OK) return 1;
    lua_pushlstring(L, data, size);
    free(data);
    return 2;
}

/* core.line(): "experiments/x.lua:14"; the script's name alone when tail calls have left nothing else of it. */
static int line(lua_State *L) {
    char where[MLRT_WHERE_MAX];
    if (mlrt__script_line(L, where, sizeof where)[0])
        lua_pushstring(L, where);
    else
        lua_pushstring(L, mlrt__host_of(L)->script);
    return 1;
}

/* core.load(path): run another script and return what it returns. */
static int load(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    mlrt__load_file(L, path, lua_pushfstring(L, "@%s", path));
    lua_call(L, 0, 1);
    return 1;
}

/* core.library("bench/W1.lua"): the path of a file that comes with mlrt, or nil. */
static int library(lua_State *L) { return mlrt__library_file(L, luaL_checkstring(L, 1)) ? 1 : 0; }

/* core.hash(text): 32 bits that tell one script from another. */
static int hash(lua_State *L) { return lua_pushinteger(L, (uint32_t)mlrt_stream(luaL_checkstring(L, 1))), 1; }

static int seed(lua_State *L) {
    mlrt__seed(L, (uint64_t)luaL_checkinteger(L, 1));
    return 0;
}

static int interrupted(lua_State *L) { return lua_pushboolean(L, mlrt__interrupted()), 1; }

static void fact(lua_State *L, const char *name, const char *value) {
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

/* core.facts(): what of this host matters for results; of libraries, those that were used up to now. */
static int facts(lua_State *L) {
    char text[64];
    lua_newtable(L);
    fact(L, "mlrt", mlrt_version());
    fact(L, "lua", LUA_RELEASE);
    fact(L, "cpu level", mlrt__kernel_level());
    snprintf(text, sizeof text, "%d", mlrt__threads());
    fact(L, "threads", text);
    fact(L, "oneDNN", mlrt__dnnl_version(text, sizeof text));
    fact(L, "BLAS", mlrt__blas_version());
    return 1;
}

int mlrt__open_core(lua_State *L) {
    static const luaL_Reg functions[] = {{"write", write_text},
                                         {"listen", listen},
                                         {"terminal", terminal},
                                         {"now", now},
                                         {"environment", environment},
                                         {"make_folder", make_folder},
                                         {"write_file", write_file},
                                         {"read_file", read_file},
                                         {"exists", exists},
                                         {"script", script},
                                         {"line", line},
                                         {"load", load},
                                         {"library", library},
                                         {"hash", hash},
                                         {"seed", seed},
                                         {"facts", facts},
                                         {"interrupted", interrupted},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    mlrt__open_objects(L);
    mlrt__open_nodes(L);
    mlrt__open_array_tasks(L);
    mlrt__open_trainers(L);
    mlrt__open_measures(L);
    mlrt__open_store(L);
    mlrt__open_task_texts(L);
    mlrt__open_workers(L);
    return 1;
}
