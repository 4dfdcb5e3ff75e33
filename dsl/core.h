/* core.h - the parts of the module mlrt.core; each adds its functions to the table on top of the stack. */
#ifndef MLRT__CORE_H
#define MLRT__CORE_H

#include <lua.h>

typedef struct mlrt__trainer mlrt__trainer;

void mlrt__open_array_tasks(lua_State *L);
void mlrt__open_trainers(lua_State *L);
void mlrt__open_measures(lua_State *L);
void mlrt__open_store(lua_State *L);
void mlrt__open_task_texts(lua_State *L);
void mlrt__open_workers(lua_State *L);

mlrt__trainer *mlrt__trainer_arg(lua_State *L, int index); /* a trainer that is not closed, or an error */

#endif
