/* held.c - what is not Lua's own, given back when a C function ends. */
#include "dsl/held.h"
#include <lauxlib.h>

static int release(lua_State *L) {
    mlrt__held *h = lua_touserdata(L, 1);
    if (h->thing) h->release(h->thing);
    h->thing = NULL;
    return 0;
}

mlrt__held *mlrt__hold(lua_State *L, void (*give_back)(void *)) {
    mlrt__held *h = lua_newuserdatauv(L, sizeof *h, 0);
    *h = (mlrt__held){NULL, give_back};
    if (luaL_newmetatable(L, "mlrt.held")) {
        lua_pushcfunction(L, release);
        lua_setfield(L, -2, "__close");
        lua_pushcfunction(L, release);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    lua_toclose(L, -1);
    return h;
}
