/* scripts.c - the C modules of the bridge, as scripts see them: each script of the list in a state of its own.
 *
 * The scripts speak TAP themselves (tap.lua); their results are counted here in one sequence. Each is given the path of
 * a folder for its files, where `require` looks first. After each, Lua must have given back every byte.
 */
#include "dsl/bridge.h"
#include "scratch.h"
#include "tap.h"
#include <lauxlib.h>
#include <lualib.h>

static const struct {
    const char *name;
    bool unsafe;
    const char *path; /* where commands are looked for; NULL: as ever */
} scripts[] = {
    {"array.lua", false, NULL},   {"linalg.lua", false, NULL},    {"random.lua", false, NULL},
    {"sandbox.lua", false, NULL}, {"estimates.lua", false, NULL}, {"unsafe.lua", true, NULL},
    {"files.lua", true, NULL},    {"plots.lua", true, NULL},      {"plot_missing.lua", true, "/nonexistent"}};

static void *counting(void *bytes, void *old, size_t old_size, size_t size) {
    *(int64_t *)bytes += (int64_t)size - (int64_t)(old ? old_size : 0);
    if (size > 0) return realloc(old, size);
    free(old);
    return NULL;
}

/* print() of the scripts: "ok 3 - name" becomes the next result here. */
static int print(lua_State *L) {
    const char *line = luaL_tolstring(L, 1, NULL), *name = strstr(line, " - ");
    const bool held = strncmp(line, "ok ", 3) == 0;
    if (held && strstr(line, "# SKIP"))
        skip("%s", strstr(line, "# SKIP") + 7);
    else if (held || strncmp(line, "not ok ", 7) == 0)
        ok(held, "%s", name ? name + 3 : line);
    else if (strncmp(line, "1..", 3) != 0)
        diag("%s", line);
    return 0;
}

static int traceback(lua_State *L) {
    luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
    return 1;
}

static int run(lua_State *L) {
    mlrt__sandbox(L, lua_toboolean(L, 2));
    mlrt__require_from(L, scratch(""));
    lua_register(L, "print", print);
    if (luaL_loadfilex(L, lua_tostring(L, 1), "t") != LUA_OK) return lua_error(L);
    lua_pushstring(L, scratch(""));
    lua_call(L, 1, 0);
    return 0;
}

int main(void) {
    const char *given = getenv("MLRT_TESTS"), *tests = given ? given : "tests";
    char path[4096];
    snprintf(path, sizeof path, "%s:%s/../stdlib", tests, tests);
    setenv("MLRT_LUA_PATH", path, 1);
    scratch("");
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        int64_t bytes = 0;
        lua_State *L = lua_newstate(counting, &bytes);
        if (scripts[i].path) setenv("PATH", scripts[i].path, 1);
        snprintf(path, sizeof path, "%s/dsl/%s", tests, scripts[i].name);
        lua_pushcfunction(L, traceback);
        lua_pushcfunction(L, run);
        lua_pushstring(L, path);
        lua_pushboolean(L, scripts[i].unsafe);
        if (!ok(lua_pcall(L, 2, 0, 1) == LUA_OK, "%s runs to its end", scripts[i].name))
            diag("%s", lua_tostring(L, -1));
        lua_close(L);
        is_int(bytes, 0, "%s leaves no memory behind", scripts[i].name);
    }
    return done_testing();
}
