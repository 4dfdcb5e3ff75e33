/* array.h - arrays of doubles for analysis: row-major, 1 to 8 dimensions, small enough to be copied without a thought.
 *
 * An array is a Lua userdata with its elements behind it, so Lua owns the memory and counts it: nothing is leaked when
 * something raises, and `local a <close>` is not needed. A view (only a[i] makes one) keeps the array it looks into
 * alive. Indices and axes count from 1, and from the end when negative, as in string.sub; every other function returns
 * a new array. Functions here may raise; `what` is the name they say in the error.
 */
#ifndef MLRT__ARRAY_H
#define MLRT__ARRAY_H

#include <lauxlib.h>
#include <lua.h>
#include <mlrt/tensor.h>

typedef struct mlrt__array {
    mlrt_shape shape;
    int64_t count;
    double *data;
} mlrt__array;

/* Push a new array of zeros. */
mlrt__array *mlrt__array_new(lua_State *L, const char *what, const mlrt_shape *shape);
mlrt__array *mlrt__array_vector(lua_State *L, const char *what, int64_t n);
mlrt__array *mlrt__array_matrix(lua_State *L, const char *what, int64_t rows, int64_t columns);
mlrt__array *mlrt__array_copy(lua_State *L, const char *what, const mlrt__array *a);

/* The array at a stack index, or NULL when there is something else. */
mlrt__array *mlrt__array_test(lua_State *L, int index);
/* The array of an argument. A nested table of numbers, or a number, is made into an array in its place. */
mlrt__array *mlrt__array_arg(lua_State *L, int index, const char *what);
/* The same, of this rank. */
mlrt__array *mlrt__array_rank(lua_State *L, int index, const char *what, int32_t rank);

/* A shape from arguments `first` and on, (2, 3) or ({ 2, 3 }). */
mlrt_shape mlrt__array_shape_arg(lua_State *L, int first, const char *what);
/* An axis counted from 0; `missing` when the argument is absent. */
int32_t mlrt__array_axis(lua_State *L, int index, const char *what, const mlrt__array *a, int32_t missing);
/* A position from 1 to n, or from -n to -1, counted from 0. */
int64_t mlrt__array_position(lua_State *L, int index, const char *what, int64_t n);
/* A whole number of at least `least`; `missing` when the argument is absent. */
int64_t mlrt__array_whole(lua_State *L, int index, const char *what, const char *name, int64_t least, int64_t missing);

/* Push the means of the columns of a matrix, and the matrix less them; returns the latter. */
mlrt__array *mlrt__array_centered(lua_State *L, const char *what, const mlrt__array *a);

/* Scratch memory that Lua frees: pushed on the stack, used until popped. */
void *mlrt__array_scratch(lua_State *L, const char *what, int64_t count, size_t size);

/* The lanes along an axis: element k of lane (o, i) is data[(o * n + k) * inner + i]. */
typedef struct mlrt__lanes {
    int64_t outer, n, inner;
} mlrt__lanes;
mlrt__lanes mlrt__array_lanes(const mlrt_shape *shape, int32_t axis);

void mlrt__array_text(lua_State *L, const mlrt__array *a); /* push it as text for people */

int mlrt__array_read_csv(lua_State *L); /* array_csv.c */

/* The functions by family; each ends with {0}. Every one is both array.f(a, ...) and a:f(...). */
extern const luaL_Reg mlrt__array_making[], mlrt__array_shaping[], mlrt__array_order[], mlrt__array_linear[],
    mlrt__array_decompositions[], mlrt__array_clusters[], mlrt__array_files[];
/* Families made from tables of C functions, and array.random. */
void mlrt__array_add_elements(lua_State *L, int functions, int meta);
void mlrt__array_add_reductions(lua_State *L, int functions);
void mlrt__array_add_random(lua_State *L, int functions);

#endif
