/* sandbox.c - what an experiment may use of Lua, and where `require` finds modules.
 *
 * No files and no commands (io, os and debug answer with how to allow them), no bytecode and no C modules; random
 * numbers come from a seed. A name that nobody defined is an error, not nil: a typing mistake would otherwise quietly
 * choose a default.
 */
#include "base/file.h"
#include "base/text.h"
#include "dsl/bridge.h"
#include "dsl/held.h"
#include "dsl/random.h"
#include "dsl/text.h"
#include <ctype.h>
#include <dirent.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- text chunks only ---- */

/* load and loadfile, whose own function is upvalue 1 and whose mode is argument upvalue 2: only "t" is given on. */
static int load_text(lua_State *L) {
    const int mode = (int)lua_tointeger(L, lua_upvalueindex(2));
    if (lua_gettop(L) < mode) lua_settop(L, mode);
    if (!strchr(luaL_optstring(L, mode, "t"), 't')) {
        lua_pushnil(L);
        lua_pushliteral(L, "bytecode is not loaded: only text chunks");
        return 2;
    }
    lua_pushliteral(L, "t");
    lua_replace(L, mode);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* A first line that begins with '#' is for the system's shell. Lua's own messages name the place. */
void mlrt__load_file(lua_State *L, const char *path, const char *name) {
    enum { MOST = 1 << 24 };
    mlrt_error err = {0};
    char *data;
    size_t size;
    if (mlrt__read_file(path, MOST, &data, &size, &err) != MLRT_OK) luaL_error(L, "%s", err.message);
    const size_t skip = data[0] == '#' ? strcspn(data, "\n") : 0;
    const int status = luaL_loadbufferx(L, data + skip, size - skip, name, "t");
    free(data);
    if (status != LUA_OK) lua_error(L);
}

static int do_text(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    mlrt__load_file(L, path, lua_pushfstring(L, "@%s", path));
    lua_call(L, 0, LUA_MULTRET);
    return lua_gettop(L) - 2;
}

static void only_text(lua_State *L) {
    static const struct {
        const char *name;
        int mode;
    } loaders[] = {{"load", 3}, {"loadfile", 2}};
    for (size_t i = 0; i < sizeof loaders / sizeof *loaders; i++) {
        lua_getglobal(L, loaders[i].name);
        lua_pushinteger(L, loaders[i].mode);
        lua_pushcclosure(L, load_text, 2);
        lua_setglobal(L, loaders[i].name);
    }
    lua_register(L, "dofile", do_text);
}

/* ---- require ---- */

static const char script_folder; /* keys in the registry: the script's folder, */
static const char core_module;   /* and mlrt's own functions in C */

void mlrt__require_from(lua_State *L, const char *folder) {
    lua_pushstring(L, folder);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &script_folder);
}

/* Push the list of folders, in the order of looking; true: the first is the script's own, wanted when `from_script`. */
static bool push_folders(lua_State *L, bool from_script) {
    lua_newtable(L);
    lua_Integer n = 0;
    from_script = lua_rawgetp(L, LUA_REGISTRYINDEX, &script_folder) == LUA_TSTRING && from_script;
    if (from_script)
        lua_rawseti(L, -2, ++n);
    else
        lua_pop(L, 1);
    const char *from = getenv("MLRT_LUA_PATH");
    while (from && *from) {
        const size_t length = strcspn(from, ":");
        if (length) lua_pushlstring(L, from, length);
        if (length) lua_rawseti(L, -2, ++n);
        from += length + (from[length] == ':');
    }
    lua_pushliteral(L, MLRT_LUA_DIR);
    lua_rawseti(L, -2, ++n);
    return from_script;
}

static bool is_file(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 && S_ISREG(s.st_mode);
}

bool mlrt__library_file(lua_State *L, const char *name) {
    push_folders(L, false);
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TSTRING; i++) {
        const bool there = is_file(lua_pushfstring(L, "%s/%s", lua_tostring(L, -1), name));
        if (there) return true;
        lua_pop(L, 2);
    }
    lua_pop(L, 2);
    return false;
}

static void close_folder(void *folder) { closedir(folder); }

/* Add the names of the modules in a folder to the table on top. */
static void add_modules(lua_State *L, const char *path) {
    mlrt__held *folder = mlrt__hold(L, close_folder);
    folder->thing = opendir(path);
    for (struct dirent *entry; folder->thing && (entry = readdir(folder->thing));) {
        const size_t length = strlen(entry->d_name);
        if (length <= 4 || strcmp(entry->d_name + length - 4, ".lua") != 0) continue;
        lua_pushlstring(L, entry->d_name, length - 4);
        lua_pushboolean(L, true);
        lua_settable(L, -4);
    }
    lua_pop(L, 1);
}

static int module_missing(lua_State *L, const char *name, int folders, const char *tried) {
    lua_newtable(L);
    for (lua_Integer i = 1; lua_rawgeti(L, folders, i) == LUA_TSTRING; i++) {
        lua_pushvalue(L, -2);
        add_modules(L, lua_tostring(L, -2));
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
#define X(module, open)                                                                                                \
    lua_pushboolean(L, true);                                                                                          \
    lua_setfield(L, -2, module);
    MLRT__MODULES(X)
#undef X
    const char *near = mlrt__nearest_key(L, -1, name);
    if (near) return luaL_error(L, "unable to find module '%s' (did you mean '%s'?): no %s", name, near, tried);
    return luaL_error(L, "unable to find module '%s': no %s", name, tried);
}

/* Push the path of the first folder/name.lua that is there; *ours: it is not the script's own. A script cannot put its
 * own module in the place of one of mlrt's. */
static const char *find_module(lua_State *L, const char *name, bool *ours) {
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            luaL_error(L, "'%s' is no name of a module: letters, digits, '_', '-', and '.' for a folder", name);
    const char *file = luaL_gsub(L, name, ".", "/");
    const bool from_script = push_folders(L, strncmp(name, "mlrt", 4) != 0);
    const int folders = lua_gettop(L);
    lua_pushliteral(L, "");
    for (lua_Integer i = 1; lua_rawgeti(L, folders, i) == LUA_TSTRING; i++) {
        const char *path = lua_pushfstring(L, "%s/%s.lua", lua_tostring(L, -1), file);
        *ours = !(from_script && i == 1);
        if (is_file(path)) return path;
        lua_pushfstring(L, "%s%s'%s'", lua_tostring(L, folders + 1), i == 1 ? "" : ", no ", path);
        lua_replace(L, folders + 1);
        lua_settop(L, folders + 1);
    }
    module_missing(L, name, folders, lua_tostring(L, folders + 1));
    return NULL;
}

/* Modules of the library folders get mlrt's own functions in C as their second argument (local _, core = ...), the name
 * being the first: a script has no way to them. */
static int require(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    bool ours = false;
    lua_settop(L, 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, 2, name) != LUA_TNIL) return 1;
    lua_settop(L, 2);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    if (lua_getfield(L, 3, name) != LUA_TFUNCTION) {
        const char *path = find_module(L, name, &ours);
        mlrt__load_file(L, path, ours ? lua_pushfstring(L, "=%s", name) : lua_pushfstring(L, "@%s", path));
    }
    lua_pushvalue(L, 1);
    if (ours)
        lua_rawgetp(L, LUA_REGISTRYINDEX, &core_module);
    else
        lua_pushnil(L);
    lua_call(L, 2, 1);
    if (lua_isnil(L, -1)) lua_pushboolean(L, true);
    lua_pushvalue(L, -1);
    lua_setfield(L, 2, name);
    return 1;
}

static void open_require(lua_State *L) {
    mlrt__open_core(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &core_module);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
#define X(module, open)                                                                                                \
    lua_pushcfunction(L, mlrt__open_##open);                                                                           \
    lua_setfield(L, -2, module);
    MLRT__MODULES(X)
#undef X
    lua_createtable(L, 0, 2);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_setfield(L, -2, "loaded");
    lua_insert(L, -2);
    lua_setfield(L, -2, "preload");
    lua_setglobal(L, "package");
    lua_register(L, "require", require);
}

/* ---- what is not there ---- */

static int not_available(lua_State *L) {
    const char *name = luaL_tolstring(L, 2, NULL);
    return luaL_error(L, "'%s.%s' is not available to experiments (run with --unsafe to allow files and commands)",
                      lua_tostring(L, lua_upvalueindex(1)), name);
}

/* Make the table on top answer for a library: what it does not hold is not available. */
static void set_stub(lua_State *L, const char *library) {
    lua_createtable(L, 0, 2);
    lua_pushstring(L, library);
    lua_pushcclosure(L, not_available, 1);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, library);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_setglobal(L, library);
}

static void open_stubs(lua_State *L) {
    lua_newtable(L);
    set_stub(L, "io");
    lua_newtable(L);
    set_stub(L, "debug");
    lua_pushcfunction(L, luaopen_os);
    lua_call(L, 0, 1);
    lua_createtable(L, 0, 1);
    lua_getfield(L, -2, "clock");
    lua_setfield(L, -2, "clock");
    set_stub(L, "os");
    lua_pop(L, 1);
}

static int unknown_global(lua_State *L) {
    const char *name = luaL_tolstring(L, 2, NULL), *near = mlrt__nearest_key(L, 1, name);
    if (near) return luaL_error(L, "unknown variable '%s' (did you mean '%s'?)", name, near);
    return luaL_error(L, "unknown variable '%s'", name);
}

/* getmetatable("") gives a name: the methods of strings stay what they are. */
static void protect_strings(lua_State *L) {
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushliteral(L, LUA_STRLIBNAME);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}

static void only_known_globals(lua_State *L) {
    lua_pushglobaltable(L);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, unknown_global);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

static void open_libraries(lua_State *L, const luaL_Reg *library) {
    for (; library->func; library++) {
        luaL_requiref(L, library->name, library->func, 1);
        lua_pop(L, 1);
    }
}

void mlrt__sandbox(lua_State *L, bool unsafe) {
    static const luaL_Reg safe[] = {{LUA_GNAME, luaopen_base},
                                    {LUA_TABLIBNAME, luaopen_table},
                                    {LUA_STRLIBNAME, luaopen_string},
                                    {LUA_MATHLIBNAME, luaopen_math},
                                    {LUA_UTF8LIBNAME, luaopen_utf8},
                                    {LUA_COLIBNAME, luaopen_coroutine},
                                    {0}};
    static const luaL_Reg rest[] = {
        {LUA_IOLIBNAME, luaopen_io}, {LUA_OSLIBNAME, luaopen_os}, {LUA_DBLIBNAME, luaopen_debug}, {0}};
    open_libraries(L, safe);
    if (unsafe)
        open_libraries(L, rest);
    else
        open_stubs(L);
    only_text(L);
    open_require(L);
    lua_getglobal(L, LUA_MATHLIBNAME);
    mlrt__seed_math(L);
    lua_pop(L, 1);
    protect_strings(L);
    only_known_globals(L);
}
