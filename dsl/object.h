/* object.h - instances of plugin classes in Lua. */
#ifndef MLRT__OBJECT_H
#define MLRT__OBJECT_H

#include "plugin/props.h"
#include "plugin/registry.h"
#include <lua.h>

typedef struct mlrt__handle {
    mlrt__arena arena;
    mlrt_object *object;
    const char *name; /* of its class, in full: "amplitudes.strike_two" */
    bool opened;      /* a task that must be closed */
} mlrt__handle;

mlrt__handle *mlrt__handle_test(lua_State *L, int index); /* or NULL */
/* The instance at a stack index, of a kind; raises otherwise. `what` says for what it is wanted. */
mlrt__handle *mlrt__handle_arg(lua_State *L, int index, mlrt_kind kind, const char *what);

void mlrt__open_objects(lua_State *L); /* adds its functions to the table on top */

#endif
