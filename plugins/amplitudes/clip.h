/* clip.h - discontinuities: what is left of a symbol when its first, or its last, letters are clipped off. */
#ifndef AMPLITUDES_CLIP_H
#define AMPLITUDES_CLIP_H

#include "family.h"

typedef struct condition condition;

typedef struct clipping {
    place end;
    int8_t twice[LETTERS]; /* the weight of a letter that is clipped, times two */
} clipping;

extern const clipping discontinuity, dual_discontinuity;
bool impose_clipping(work *w, const condition *self, family *f, const symbol *lower);

#endif
