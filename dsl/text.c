/* text.c - names as a script wrote them, and what was probably meant. */
#include "dsl/text.h"
#include "base/text.h"
#include "dsl/bridge.h"
#include <lauxlib.h>
#include <string.h>

const char *mlrt__nearest_key(lua_State *L, int table, const char *name) {
    enum { MOST = 512 };
    const char *names[MOST];
    int32_t count = 0;
    table = lua_absindex(L, table);
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || count == MOST) continue;
        const char *candidate = lua_tostring(L, -2);
        int32_t i = count++; /* in order: of two as near, the same one each time */
        for (; i > 0 && strcmp(names[i - 1], candidate) > 0; i--) names[i] = names[i - 1];
        names[i] = candidate;
    }
    return mlrt__nearest_of(name, names, count);
}

/* nearest(name, table): the key most like the name, or nil */
static int nearest(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_pushstring(L, mlrt__nearest_key(L, 2, name));
    return 1;
}

int mlrt__open_text(lua_State *L) {
    static const luaL_Reg functions[] = {{"nearest", nearest}, {0}};
    luaL_newlib(L, functions);
    return 1;
}
