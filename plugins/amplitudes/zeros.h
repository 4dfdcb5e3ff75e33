/* zeros.h - words whose coefficient is zero, to be learned beside the others. */
#ifndef AMPLITUDES_ZEROS_H
#define AMPLITUDES_ZEROS_H

#include "symbol.h"

/* Is the coefficient zero by the rules of adjacent, first and last letters alone? */
bool zeros_trivial(int64_t word, int32_t letters);

/* Which ones: words drawn from all; or words of which most are not trivial. A trivial zero has neighbours that are never
 * adjacent, or a letter that never comes first or last: Cai et al., arXiv:2405.06107, Sec. 2.1 and 6. */
typedef enum zeros { ZEROS_NONE, ZEROS_NAIVE, ZEROS_NONTRIVIAL } zeros;

extern const char *const zeros_choices[]; /* "none", "naive", "nontrivial" */

/* Add as many different words with a coefficient of zero as the symbol has terms. They come last: what is left is a list,
 * whose coefficients cannot be looked up. */
mlrt_status zeros_add(symbol *s, zeros which, uint64_t seed, mlrt_error *err);

#endif
