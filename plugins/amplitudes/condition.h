/* condition.h - the physics that the symbol must know.
 *
 * Conditions are put on the remainder R = log E, the logarithm of the symbol in the shuffle algebra, order by order in the
 * coupling: E = 1 + g^2 E1 + g^4 E2 + .. . They are linear in the symbol of the highest loop order; what the lower ones
 * contribute is the target.
 */
#ifndef AMPLITUDES_CONDITION_H
#define AMPLITUDES_CONDITION_H

#include "clip.h"
#include "limit.h"
#include "ope.h"

/* name, what it says, source, from which loop order it is asked, how it is imposed, and on what */
#define CONDITIONS(X)                                                                                                  \
    X("collinear", "R_L = 0 for w -> 0 at v = 1 - u", "Dixon, McLeod, Wilhelm, arXiv:2012.12286", 3, impose_limit,     \
      &collinear)                                                                                                      \
    X("discontinuity",                                                                                                 \
      "D^L R_L = 0, where D clips the first letter of a word with the power of w in it (a, b: -1/2, c: 1/2, f: -1): "  \
      "at most L - 1 logarithms",                                                                                      \
      "form factor OPE; Sever, Tumanov, Wilhelm, arXiv:2009.11297", 3, impose_clipping, &discontinuity)                \
    X("soft", "R_L = 0 for u = z x, w = z (1 - x), v = 1 - z, z -> 0", "Dixon, McLeod, Wilhelm, arXiv:2012.12286", 3,  \
      impose_limit, &soft)                                                                                             \
    X("dual discontinuity",                                                                                            \
      "D^L R_L = 0, where D clips the last letter with the power of T in it (b, d, f: -1, e: 1): at most L - 1 "       \
      "powers of ln T in the antipodal dual, the six-gluon amplitude",                                                 \
      "duality: Dixon, Gurdogan, McLeod, Wilhelm, arXiv:2112.06243; OPE: Alday et al., arXiv:1006.2788", 3,            \
      impose_clipping, &dual_discontinuity)                                                                            \
    X("leading logarithms",                                                                                            \
      "in the dual, at order T: T (ln T)^(L-1) 2/(L-1)! int du/2pi mu0 gamma1^(L-1) e^(2iu sigma), with mu0 = "        \
      "-pi/((u^2 + 1/4) cosh pi u), gamma1 = 2 (psi(3/2 + iu) + psi(3/2 - iu) - 2 psi(1))",                            \
      "Basso, Sever, Vieira, arXiv:1303.1396", 3, impose_ope, &leading_logarithms)                                     \
    X("next-to-leading logarithms",                                                                                    \
      "the same at (ln T)^(L-2), with gamma2 = -(psi''(3/2 + iu) + psi''(3/2 - iu)), p1 = -2pi tanh pi u and a "       \
      "measure that L = 2, 3 and 4 fix",                                                                               \
      "Basso, Sever, Vieira, arXiv:1306.2058; flux.c", 5, impose_ope, &next_logarithms)

struct condition {
    const char *name, *doc, *source;
    int32_t since;
    bool (*impose)(work *w, const condition *self, family *f, const symbol *lower); /* lower[l] has l loops */
    const void *data;
};

extern const condition conditions[]; /* ends with {0} */

#endif
