/* instance.h - relations at work: the words of which a relation says that their coefficients, times factors, cancel.
 *
 * What a relation leaves open, the letters before and after its own, makes an instance of it. Words that are trivially
 * zero (zeros.h) add nothing to any sum and are left out.
 */
#ifndef AMPLITUDES_INSTANCE_H
#define AMPLITUDES_INSTANCE_H

#include "symbol.h"

typedef struct instance {
    int32_t terms;
    int64_t word[MOST_TERMS];
    int32_t factor[MOST_TERMS];
} instance;

/* A relation with a name: at all its dihedral images, or at one; or a dihedral symmetry itself, E(word) = E(image). */
typedef struct law {
    const char *name;         /* "integ 0", "last bf-bd" */
    const relation *relation; /* NULL: the symmetry `image` */
    int32_t image;            /* EVERY_IMAGE: all */
} law;

enum { EVERY_IMAGE = -1, MOST_LAWS = 64 };

/* Fills `laws` with all relations and the two symmetries that make all others, and returns how many; names that do not
 * stand in the program are written to `text`. Or with the six of Cai et al., arXiv:2405.06107, Fig. 4. */
enum { LAW_NAME = 80 };
int32_t laws_all(law *laws, char text[MOST_LAWS][LAW_NAME]);
int32_t laws_figure(law *laws);

/* What a law looks like at one image: a functional's terms as numbers. */
typedef struct pattern {
    place place;
    int32_t length, terms, symmetry; /* symmetry: an image, or 0 for a functional */
    int64_t letters[MOST_TERMS];
    int32_t factor[MOST_TERMS];
} pattern;

pattern law_pattern(const law *l, int32_t image);
/* Fig. 4's groups: 1, two coefficients are equal; 2, no two terms have opposite factors, so signs must differ; 3, mixed. 0:
 * one coefficient is zero. */
int32_t pattern_group(const pattern *p);
/* In how many slots of a word of `letters` it may stand. */
int32_t pattern_slots(const pattern *p, int32_t letters);
/* The instance to which a word belongs by what stands in a slot; false when no term of the pattern stands there. */
bool pattern_at(const pattern *p, int64_t word, int32_t letters, int32_t slot, instance *out);
/* The instance that has the letters before and after a slot in common with a word. */
void pattern_around(const pattern *p, int64_t word, int32_t letters, int32_t slot, instance *out);

#endif
