/* random.h - generators of random numbers for scripts: a seed, and how many numbers were drawn. */
#ifndef MLRT__DSL_RANDOM_H
#define MLRT__DSL_RANDOM_H

#include <lua.h>
#include <stdint.h>

typedef struct mlrt__generator {
    uint64_t seed, stream, drawn;
} mlrt__generator;

mlrt__generator mlrt__generator_of(uint64_t seed);
double mlrt__generator_uniform(mlrt__generator *g); /* [0, 1) */
double mlrt__generator_normal(mlrt__generator *g);
uint64_t mlrt__generator_below(mlrt__generator *g, uint64_t n); /* 0 .. n-1; any 64 bits when n is 0 */

/* The one behind math.random. */
mlrt__generator *mlrt__script_generator(lua_State *L);
/* Replace random and randomseed in the table of the math library, on top of the stack. */
void mlrt__seed_math(lua_State *L);

#endif
