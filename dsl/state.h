/* state.h - one Lua state with mlrt's vocabulary in it, and the one protected way in.
 *
 * A host owns the Lua state, the plugin registry and what the command line said. Everything that may raise runs inside
 * mlrt__host_call, which turns a Lua error into an mlrt_error with the script's file and line.
 */
#ifndef MLRT__STATE_H
#define MLRT__STATE_H

#include "plugin/registry.h"
typedef struct lua_State lua_State;

typedef struct mlrt__host_options {
    const char *const *plugin_folders; /* of --plugins */
    int32_t plugin_folder_count;
    bool unsafe;    /* scripts may use io and os */
    bool traceback; /* errors carry one */
} mlrt__host_options;

typedef struct mlrt__host {
    lua_State *L;
    mlrt__registry registry;
    const char *script; /* as given on the command line; NULL before one is loaded */
    bool traceback;
    mlrt_graph *building; /* the graph nodes may be added to, or NULL */
    uint64_t serial;      /* of that graph: nodes of older ones are refused */
} mlrt__host;

/* Find plugins, by their indexes, and open Lua. Refused plugins are on host->registry's list. */
mlrt_status mlrt__host_open(mlrt__host *host, const mlrt__host_options *options, mlrt_error *err);
void mlrt__host_close(mlrt__host *host);
mlrt__host *mlrt__host_of(lua_State *L);

/* Call the function below `args` arguments on the stack; on failure nothing is left and err says what happened. */
mlrt_status mlrt__host_call(mlrt__host *host, int args, int results, mlrt_error *err);
/* What is done is done for this script: modules beside it are found. */
void mlrt__host_at(mlrt__host *host, const char *path);
/* Load and run a script file; its results are left on the stack. */
mlrt_status mlrt__host_script(mlrt__host *host, const char *path, int *results, mlrt_error *err);
/* Push a function of a module: "mlrt.command", "run". */
mlrt_status mlrt__host_function(mlrt__host *host, const char *module, const char *function, mlrt_error *err);

/* Raise an mlrt_error as a Lua error; the script's place is put in front when the error has none. */
int mlrt__raise(lua_State *L, const mlrt_error *err);
/* "experiments/x.lua:14": the innermost line that is not of mlrt's own Lua, or "". */
const char *mlrt__script_line(lua_State *L, char *buffer, size_t size);

#endif
