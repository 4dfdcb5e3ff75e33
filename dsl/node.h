/* node.h - graph nodes in Lua: arithmetic, methods, and the layers and losses that make them. */
#ifndef MLRT__LUA_NODE_H
#define MLRT__LUA_NODE_H

#include "graph/node.h"
#include <lua.h>

/* Push a node of the graph being built; raises the graph's error for its failed node. */
void mlrt__push_node(lua_State *L, mlrt_node *n);
mlrt_node *mlrt__node_arg(lua_State *L, int index);  /* a node, or a number as a constant */
mlrt_node *mlrt__node_test(lua_State *L, int index); /* or NULL, also for a node of a graph that is gone */
bool mlrt__is_node(lua_State *L, int index);

void mlrt__open_nodes(lua_State *L); /* adds its functions to the table on top */

#endif
