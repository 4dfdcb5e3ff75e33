/* modular.h - numbers modulo a prime p < 2^31, and matrices of them.
 *
 * Everything heavy is a sum of multiples of rows. Sums are kept below p^2 in 63 bits, so that a term costs a product, an
 * addition and a conditional subtraction, which vectorise for any p; only a finished sum is divided.
 */
#ifndef AMPLITUDES_MODULAR_H
#define AMPLITUDES_MODULAR_H

#include "work.h"

enum { PRIME = 2147483647, OTHER_PRIME = 2147483629, THIRD_PRIME = 2147483587 };

static inline uint32_t mod_of(int64_t a, uint32_t p) {
    const int64_t r = a % (int64_t)p;
    return (uint32_t)(r < 0 ? r + p : r);
}
static inline uint32_t mod_add(uint32_t a, uint32_t b, uint32_t p) { return (uint32_t)(((uint64_t)a + b) % p); }
static inline uint32_t mod_mul(uint32_t a, uint32_t b, uint32_t p) { return (uint32_t)((uint64_t)a * b % p); }
static inline uint32_t mod_negate(uint32_t a, uint32_t p) { return a ? p - a : 0; }
uint32_t mod_inverse(uint32_t a, uint32_t p);
static inline uint32_t mod_ratio(int64_t a, int64_t b, uint32_t p) {
    return mod_mul(mod_of(a, p), mod_inverse(mod_of(b, p), p), p);
}
/* The integer of least magnitude in this class. */
static inline int64_t mod_lift(uint32_t a, uint32_t p) { return a > p / 2 ? (int64_t)a - p : (int64_t)a; }

/* The integer of least magnitude that is a modulo p and b modulo q; `inverse` is that of p modulo q. */
static inline int64_t mod_lift_both(int64_t a, uint32_t p, uint32_t b, uint32_t q, uint32_t inverse) {
    const int64_t both = (int64_t)p * q, classes = mod_of(a, p);
    const int64_t c = classes + (int64_t)p * mod_mul(mod_of(b - classes, q), inverse, q);
    return c > both / 2 ? c - both : c;
}

/* sum += factor * row; sums start in [0, p^2) and stay there. */
void mod_add_multiple(int64_t *sum, uint32_t factor, const uint32_t *row, int64_t n, uint32_t p);
uint32_t mod_dot(const uint32_t *a, const uint32_t *b, int64_t n, uint32_t p);
void mod_reduce(uint32_t *out, const int64_t *sum, int64_t n, uint32_t p);

typedef struct matrix {
    int32_t rows, columns;
    uint32_t *at; /* row by row */
} matrix;

bool matrix_new(work *w, matrix *m, int32_t rows, int32_t columns);
static inline uint32_t *matrix_row(const matrix *m, int32_t i) { return m->at + (int64_t)i * m->columns; }
/* c = a b; c = a^T b */
bool matrix_product(work *w, const matrix *a, const matrix *b, matrix *c);
bool matrix_transpose(work *w, const matrix *a, matrix *transposed);
bool matrix_transposed_product(work *w, const matrix *a, const matrix *b, matrix *c);

#endif
