/* state.c - one Lua state with mlrt's vocabulary in it, and the one protected way in. */
#include "dsl/state.h"
#include "dsl/bridge.h"
#include "plugin/loader.h"
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

static const char host_key; /* of the host in the Lua registry */

mlrt__host *mlrt__host_of(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &host_key);
    mlrt__host *host = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return host;
}

static int open_all(lua_State *L) {
    const mlrt__host_options *options = lua_touserdata(L, 1);
    mlrt__sandbox(L, options->unsafe);
    return 0;
}

mlrt_status mlrt__host_open(mlrt__host *host, const mlrt__host_options *options, mlrt_error *err) {
    *host = (mlrt__host){.traceback = options->traceback};
    if (mlrt__plugins_promise(&host->registry, options->plugin_folders, options->plugin_folder_count, err) != MLRT_OK ||
        !(host->L = luaL_newstate())) {
        mlrt__host_close(host);
        return err->status != MLRT_OK ? err->status : mlrt_fail(err, MLRT_MEMORY, "out of memory");
    }
    lua_pushlightuserdata(host->L, host);
    lua_rawsetp(host->L, LUA_REGISTRYINDEX, &host_key);
    lua_pushcfunction(host->L, open_all);
    lua_pushlightuserdata(host->L, (void *)options);
    return mlrt__host_call(host, 1, 0, err);
}

void mlrt__host_close(mlrt__host *host) {
    if (host->L) lua_close(host->L);
    mlrt__registry_free(&host->registry);
    *host = (mlrt__host){0};
}

/* ---- errors ---- */

const char *mlrt__script_line(lua_State *L, char *buffer, size_t size) {
    lua_Debug frame;
    buffer[0] = 0;
    for (int level = 0; !buffer[0] && lua_getstack(L, level, &frame); level++) {
        lua_getinfo(L, "Sl", &frame);
        if (frame.source[0] == '@' && frame.currentline > 0)
            snprintf(buffer, size, "%s:%d", frame.source + 1, frame.currentline);
    }
    return buffer;
}

/* Does a place begin with a file and a line, "x.lua:14: encoder"? */
static bool has_line(const char *where) {
    const char *end = where + strcspn(where, " ");
    while (end > where && strchr(":0123456789", end[-1])) end--;
    return end > where && end[0] == ':' && end[1] && end[1] != ' ';
}

int mlrt__raise(lua_State *L, const mlrt_error *err) {
    char text[MLRT_WHERE_MAX + MLRT_MESSAGE_MAX + MLRT_HINT_MAX + 16], line[MLRT_WHERE_MAX];
    mlrt_error_text(err, text, sizeof text);
    mlrt__script_line(L, line, sizeof line);
    if (line[0] && !has_line(err->where))
        lua_pushfstring(L, "%s: %s", line, text);
    else
        lua_pushstring(L, text);
    return lua_error(L);
}

/* A place in mlrt's own Lua tells the writer of a script nothing: the script's line is put instead. */
static const char *replace_place(lua_State *L, const char *message) {
    char own[LUA_IDSIZE + 16], line[MLRT_WHERE_MAX];
    lua_Debug frame = {.currentline = -1};
    for (int level = 1; frame.currentline < 1 && lua_getstack(L, level, &frame); level++) lua_getinfo(L, "Sl", &frame);
    if (frame.currentline < 1 || frame.source[0] != '=') return message;
    snprintf(own, sizeof own, "%s:%d: ", frame.short_src, frame.currentline);
    if (strncmp(message, own, strlen(own)) != 0 || !mlrt__script_line(L, line, sizeof line)[0]) return message;
    return lua_pushfstring(L, "%s: %s", line, message + strlen(own));
}

/* Not every error is a string; and a traceback is wanted by few. */
static int handler(lua_State *L) {
    char line[MLRT_WHERE_MAX];
    const char *message = lua_tostring(L, 1);
    if (!message && luaL_callmeta(L, 1, "__tostring")) message = lua_tostring(L, -1);
    if (!message)
        message = lua_pushfstring(L, "%s: an error was raised with a %s value in place of a message",
                                  mlrt__script_line(L, line, sizeof line), luaL_typename(L, 1));
    if (mlrt__host_of(L)->traceback)
        luaL_traceback(L, L, message, 1);
    else
        lua_pushstring(L, replace_place(L, message));
    return 1;
}

mlrt_status mlrt__host_call(mlrt__host *host, int args, int results, mlrt_error *err) {
    lua_State *L = host->L;
    const int function = lua_gettop(L) - args;
    lua_pushcfunction(L, handler);
    lua_insert(L, function);
    const int status = lua_pcall(L, args, results, function);
    lua_remove(L, function);
    if (status == LUA_OK) return MLRT_OK;
    const char *message = lua_tostring(L, -1);
    mlrt_fail(err, status == LUA_ERRMEM ? MLRT_MEMORY : MLRT_SCRIPT, "%s", message ? message : "unknown error");
    lua_pop(L, 1);
    return err->status;
}

mlrt_status mlrt__host_function(mlrt__host *host, const char *module, const char *function, mlrt_error *err) {
    lua_State *L = host->L;
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    if (mlrt__host_call(host, 1, 1, err) != MLRT_OK) return err->status;
    lua_getfield(L, -1, function);
    lua_remove(L, -2);
    return MLRT_OK;
}

void mlrt__host_at(mlrt__host *host, const char *path) {
    const char *slash = strrchr(path, '/');
    char folder[4096];
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    mlrt__require_from(host->L, folder[0] ? folder : "/");
    host->script = path;
}

static int load_script(lua_State *L) {
    const char *path = lua_touserdata(L, 1);
    mlrt__load_file(L, path, lua_pushfstring(L, "@%s", path));
    return 1;
}

mlrt_status mlrt__host_script(mlrt__host *host, const char *path, int *results, mlrt_error *err) {
    lua_State *L = host->L;
    const int top = lua_gettop(L);
    mlrt__host_at(host, path);
    lua_pushcfunction(L, load_script);
    lua_pushlightuserdata(L, (void *)path);
    if (mlrt__host_call(host, 1, 1, err) != MLRT_OK) return err->status;
    if (mlrt__host_call(host, 0, LUA_MULTRET, err) != MLRT_OK) return err->status;
    *results = lua_gettop(L) - top;
    return MLRT_OK;
}
