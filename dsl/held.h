/* held.h - what is not Lua's own (memory, an open folder), given back when a C function ends, with or without an error. */
#ifndef MLRT__HELD_H
#define MLRT__HELD_H

#include <lua.h>

typedef struct mlrt__held {
    void *thing; /* set it as soon as there is one */
    void (*release)(void *thing);
} mlrt__held;

/* Pushed on the stack; released when popped, at the latest when the function returns or raises. */
mlrt__held *mlrt__hold(lua_State *L, void (*release)(void *thing));

#endif
