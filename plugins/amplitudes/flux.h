/* flux.h - what one excitation of the gluonic flux tube contributes to the operator product expansion. */
#ifndef AMPLITUDES_FLUX_H
#define AMPLITUDES_FLUX_H

#include "modular.h"

enum { FLUX_POWERS = 20 };

/* The coefficient of T (ln T)^(L-1-order) S^-(2 pole + 1) in the remainder of L loops, modulo zeta values: a polynomial
 * in sigma, from sigma^0 on. Order 0 are the leading logarithms, order 1 the next. */
void flux_contribution(int32_t loop, int32_t order, int32_t pole, uint32_t p, uint32_t sigma[FLUX_POWERS]);

#endif
