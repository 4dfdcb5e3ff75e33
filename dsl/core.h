/* core.h - the parts of the module mlrt.core; each adds its functions to the table on top of the stack. */
#ifndef MLRT__CORE_H
#define MLRT__CORE_H

#include <lua.h>

void mlrt__open_array_tasks(lua_State *L);
void mlrt__open_trainers(lua_State *L);
void mlrt__open_store(lua_State *L);

#endif
