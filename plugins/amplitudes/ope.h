/* ope.h - the operator product expansion that the remainder must obey, read in its antipodal dual. */
#ifndef AMPLITUDES_OPE_H
#define AMPLITUDES_OPE_H

#include "family.h"

typedef struct condition condition;

extern const int32_t leading_logarithms, next_logarithms;
bool impose_ope(work *w, const condition *self, family *f, const symbol *lower);

#endif
