/* hexagon.h - all that the three-gluon form factor can end with, from the six-gluon amplitude.
 *
 * By antipodal duality the form factor, its words read backwards, is the six-gluon amplitude where its parity-odd letters
 * are 1: Dixon, Gurdogan, McLeod, Wilhelm, arXiv:2112.06243 and 2204.11901. So the form factor ends with that with which
 * amplitudes begin, and this is known at any weight: words of nine letters
 *
 *   m_u m_v m_w   (1-u)/u and its images; read as a, b, c
 *   a   b   c     u/(vw) and its images; read as d, e, f
 *   y_u y_v y_w   which parity inverts
 *
 * that begin with a, b, c, are integrable and obey the extended Steinmann relations, that no two different ones of a, b, c
 * stand side by side: Caron-Huot, Dixon, Dulat, von Hippel, McLeod, Papathanasiou, arXiv:1906.07116. Of these, words
 * without a y are left.
 */
#ifndef AMPLITUDES_HEXAGON_H
#define AMPLITUDES_HEXAGON_H

#include "space.h"

enum { HEXAGON_LETTERS = 9 };

/* The space of back parts up to a weight; dim[n], if not NULL, gets how many symbols of weight n the amplitude can begin
 * with. */
bool hexagon_suffixes(work *w, space *s, int32_t weight, int32_t dim[]);

#endif
