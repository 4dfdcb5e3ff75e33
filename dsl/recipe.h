/* recipe.h - from a table of Lua to the recipe of a trainer. */
#ifndef MLRT__RECIPE_H
#define MLRT__RECIPE_H

#include "train/train.h"
#include <lua.h>

/* Fill a recipe from the table at a stack index; texts go into the arena. The model's callbacks are the caller's. */
void mlrt__recipe_read(lua_State *L, int table, mlrt__arena *arena, mlrt__recipe *recipe);

#endif
