/* bridge.h - what the rooms above may ask of the bridge to Lua.
 *
 * A C module is an open function that leaves one value on the stack; mlrt__sandbox makes the modules below known to
 * `require`. A function that takes a lua_State may raise a Lua error: call it in protected mode.
 */
#ifndef MLRT__BRIDGE_H
#define MLRT__BRIDGE_H

#include <lua.h>
#include <mlrt/base.h>

/* The name given to `require`, the open function's name. */
#define MLRT__MODULES(X)                                                                                               \
    X("mlrt.array", array)     /* arrays for analysis */                                                               \
    X("mlrt.plotter", plotter) /* draws what stdlib/plot.lua describes */                                              \
    X("mlrt.random", random)   /* seeded generators */                                                                 \
    X("mlrt.text", text)       /* the nearest name */

#define X(module, open) int mlrt__open_##open(lua_State *L);
MLRT__MODULES(X)
#undef X
int mlrt__open_core(lua_State *L); /* for mlrt's own modules in Lua alone: see require in sandbox.c */

/* Open the libraries an experiment may use; with `unsafe`, all of Lua's. Once for a new state, before any script. */
void mlrt__sandbox(lua_State *L, bool unsafe);
/* Let `require` look in this folder first: the script's own. */
void mlrt__require_from(lua_State *L, const char *folder);
/* Push the path of a file, "bench/W1.lua", in the first library folder that has it; false: none has, nothing is pushed. */
bool mlrt__library_file(lua_State *L, const char *name);
/* Load a Lua file as a chunk called `name` and push it, or raise. What users wrote is called "@path", mlrt's own modules
 * are called "=module": only the former are places to report. */
void mlrt__load_file(lua_State *L, const char *path, const char *name);
/* Start math.random anew. */
void mlrt__seed(lua_State *L, uint64_t seed);

#endif
