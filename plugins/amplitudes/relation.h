/* relation.h - the linear relations between the coefficients of a symbol.
 *
 * A relation is a sum over words of a few letters, "ab+ac-ba-ca": with anything before and after them, the same in all
 * terms, the coefficients add up to zero. It holds at every slot, or where words begin or end, and so do its images
 * under the dihedral group, which permutes u, v, w and with them a, b, c and d, e, f.
 */
#ifndef AMPLITUDES_RELATION_H
#define AMPLITUDES_RELATION_H

#include <stdbool.h>
#include <stdint.h>

enum { LETTERS = 6, IMAGES = 6, MOST_LENGTH = 5, MOST_TERMS = 16 };
enum { CYCLE = 1, FLIP = 3 }; /* the images that make all others */

extern const uint8_t dihedral[IMAGES][LETTERS]; /* what becomes of each letter; letters are 0 for a to 5 for f */

/* Where a relation holds: at every slot, where words begin, where words end. */
typedef enum place { ANYWHERE, FRONT, BACK } place;

/* place, terms, source. The symbol of three loops with final letters d, e, f alone has the relations of two and three
 * letters; that of four loops, those of four; that of five, the others; so each can be derived before it is asked for. */
#define RELATIONS(X)                                                                                                   \
    X(ANYWHERE, "de", "adjacency rule; Cai et al., arXiv:2405.06107, Sec. 2.1")                                        \
    X(ANYWHERE, "ad", "adjacency rule; ibid.")                                                                         \
    X(ANYWHERE, "da", "adjacency rule; ibid.")                                                                         \
    X(ANYWHERE, "ab+ac-ba-ca", "integrability; ibid., Eqs. 5, 10 and, as an image, 11")                                \
    X(ANYWHERE, "db-dc-bd+cd+ec-ea-ce+ae+fa-fb-af+bf+2cb-2bc", "integrability, the longest; ibid., Sec. 2.2")          \
    X(ANYWHERE, "aab+abb+acb", "triple adjacency; ibid., Eq. 9")                                                       \
    X(FRONT, "d", "prefix rule; ibid., Sec. 2.1")                                                                      \
    X(FRONT, "cd-bd", "second entries; Dixon, McLeod, Wilhelm, arXiv:2012.12286")                                      \
    X(FRONT, "aaf+bbf-2abf", "initial entries; seen at L = 4 and 5, asked from L = 6 on")                              \
    X(FRONT, "aaaf+6abbf-bbbf+ccbf", "initial entries of four letters; seen at L = 3 to 6, asked at 7")                \
    X(FRONT, "bcdb+ccdb-2cdbc-2cdcc+bcdc+ccdc", "initial entries of four letters; seen at L = 3 to 6, asked at 7")     \
    X(BACK, "a", "suffix rule; Cai et al., Sec. 2.1")                                                                  \
    X(BACK, "ad", "final entries, ibid., App. B; seen at L = 3")                                                       \
    X(BACK, "ed", "final entries, ibid., App. B; seen at L = 3")                                                       \
    X(BACK, "bf-bd", "final entries, ibid., Eq. 12; seen at L = 3")                                                    \
    X(BACK, "add", "final entries, ibid., App. B; seen at L = 3")                                                      \
    X(BACK, "abd", "final entries, ibid., App. B; seen at L = 3")                                                      \
    X(BACK, "ace", "final entries, ibid., App. B; seen at L = 3")                                                      \
    X(BACK, "ebd", "final entries, ibid., App. B; seen at L = 3")                                                      \
    X(BACK, "edd", "final entries, ibid., App. B; seen at L = 3")                                                      \
    X(BACK, "cdd+cee", "final entries, ibid., Eq. 13; seen at L = 3")                                                  \
    X(BACK, "fbd-dbd+bdd", "final entries, ibid., App. B; seen at L = 3")                                              \
    X(BACK, "addd", "final entries, ibid., App. B; seen at L = 4")                                                     \
    X(BACK, "abbd", "final entries, ibid., App. B; seen at L = 4")                                                     \
    X(BACK, "adbd", "final entries, ibid., App. B; seen at L = 4")                                                     \
    X(BACK, "cbbd", "final entries, ibid., App. B; seen at L = 4")                                                     \
    X(BACK, "ebbd", "final entries, ibid., App. B; seen at L = 4")                                                     \
    X(BACK, "ebdd", "final entries, ibid., App. B; seen at L = 4")                                                     \
    X(BACK, "edbd", "final entries, ibid., App. B; seen at L = 4")                                                     \
    X(BACK, "eddd", "final entries, ibid., App. B; seen at L = 4")                                                     \
    X(BACK, "fdbd", "final entries, ibid., App. B; seen at L = 4")                                                     \
    X(BACK, "ddbd-dbdd", "final entries, ibid., Eq. 14; seen at L = 4")                                                \
    X(BACK, "cbdd-cdbd", "final entries, ibid., App. B; seen at L = 4")                                                \
    X(BACK, "bddd+faff-dbdd-eaff+fbdd-aeee", "final entries, ibid., App. B; seen at L = 4")                            \
    X(BACK, "2abdd-cddd-dcee+aeee+eaff-faff+ecee", "final entries, ibid., App. B; seen at L = 4")                      \
    X(BACK, "2cbdd-bfff+dcee-ecee+cddd+dbdd-fbdd", "final entries, ibid., App. B; seen at L = 4")                      \
    X(BACK, "2fbbd-2dbbd+2bbdd-faff+dbdd-fbdd+eaff+aeee-bfff", "final entries, ibid., App. B; seen at L = 4")          \
    X(BACK, "cdddd+2ceaaf+2ceeaf+ceeee", "final entries of five letters; seen at L = 5")                               \
    X(BACK, "ceaaf+2eceaf+eecce+dceee-ceece-cddce-dddce+ddcce-cddbf", "final entries of five letters; seen at L = 5")  \
    X(BACK, "cdddd+2ceaaf+2eceaf-2ceece+2ecece+eeece-2dcece-dddce", "final entries of five letters; seen at L = 5")    \
    X(BACK, "bffff-2ceeaf+2eceaf+2dceee-2dddce+dddbf-fffbf", "final entries of five letters; seen at L = 5")

typedef struct relation {
    place place;
    const char *terms, *source;
} relation;

extern const relation relations[]; /* ends with {0} */

typedef struct relation_term {
    int32_t factor;
    uint8_t letter[MOST_LENGTH];
} relation_term;

/* A relation taken apart. */
typedef struct functional {
    int32_t length, terms;
    relation_term term[MOST_TERMS];
} functional;

/* The relation with its letters replaced by an image's. */
functional relation_image(const relation *r, int32_t image);

#endif
