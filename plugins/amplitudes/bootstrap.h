/* bootstrap.h - the symbol of the three-gluon form factor, from that of one and two loops and from physics. */
#ifndef AMPLITUDES_BOOTSTRAP_H
#define AMPLITUDES_BOOTSTRAP_H

#include "symbol.h"
#include <mlrt/plugin.h>

enum { FIRST_BOOTSTRAP = 3, LAST_BOOTSTRAP = 7 };

struct suffixes; /* suffix.h */

/* How a loop order is computed. */
typedef struct bootstrap_plan {
    int32_t cut;     /* letters of the front part of words, at most the loop order */
    int32_t initial; /* letters of the longest relation that is asked where words begin, */
    int32_t final;   /* and where they end; 0: they end with what the six-gluon amplitude can begin with (hexagon.h) */
    int32_t primes;  /* modulo which it is solved, 1 or 2, before another one checks it */
} bootstrap_plan;

/* Who wants to know how many numbers are still free after each step. */
typedef struct bootstrap_observer {
    void (*step)(void *data, const char *step, int64_t free);
    void *data;
} bootstrap_observer;

/* The symbols of one and two loops: Cai et al., arXiv:2405.06107, Eq. 4. */
mlrt_status bootstrap_given(symbol *s, int32_t loops, mlrt_error *err);

/* The symbol of 3 to 7 loops; lower[l] is that of l loops. Of its words those that end in one of `only`, or all if that is
 * NULL. `plan` may be NULL for the best one, `observer` for nobody. In any case *s is to be freed. */
mlrt_status bootstrap_symbol(symbol *s, int32_t loops, const symbol lower[], const struct suffixes *only,
                             const bootstrap_plan *plan, const bootstrap_observer *observer, mlrt_error *err);

#endif
