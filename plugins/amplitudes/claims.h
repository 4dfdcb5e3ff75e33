/* claims.h - which relations do coefficients satisfy, however they were come by? */
#ifndef AMPLITUDES_CLAIMS_H
#define AMPLITUDES_CLAIMS_H

#include "symbol.h"
#include <mlrt/plugin.h>

/* Looks for instances of all relations whose words are among those of `s`, in order, or trivially zero; a coefficient may
 * be zero, and INT64_MIN is no number. Fills at most `most` claims, one a relation that has an instance. */
int32_t claims_check(const symbol *s, mlrt_claim *claim, int32_t most);

#endif
