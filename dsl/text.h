/* text.h - names as a script wrote them, and what was probably meant. */
#ifndef MLRT__DSL_TEXT_H
#define MLRT__DSL_TEXT_H

#include <lua.h>

/* The key most like `name` of a table whose keys are strings, or NULL; it lives as long as the table holds it. */
const char *mlrt__nearest_key(lua_State *L, int table, const char *name);

#endif
