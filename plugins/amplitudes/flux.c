/* flux.c - one excitation of the gluonic flux tube: Basso, Sever, Vieira, arXiv:1303.1396 and 1306.2058.
 *
 * To order T the remainder is a sum over one excitation of rapidity u,
 *
 *     int du / (2 pi) mu(u) e^(-(tau) gamma(u) + i p(u) sigma),   gamma = g^2 gamma1 + g^4 gamma2, p = 2 u + g^2 p1,
 *     mu = g^2 mu0 (1 + g^2 mu1),  mu0 = -pi / ((u^2 + 1/4) cosh(pi u)),
 *     gamma1 = 2 (psi(3/2 + iu) + psi(3/2 - iu) - 2 psi(1)),  gamma2 = -(psi''(3/2 + iu) + psi''(3/2 - iu)),
 *     p1 = -2 pi tanh(pi u),
 *
 * and tau = -ln T. Residues at iu = -(k + 1/2) + x give the powers S^-(2k+1); zeta values are dropped throughout, so that
 * all functions of u are rational in x. Of mu1 the rational form
 *
 *     mu1 = -7/4 D^2 - 3/2 P - 5/4 R^2 - 1/2 S^2,   S = psi(3/2 + iu) + psi(3/2 - iu) - 2 psi(1),
 *     P = psi'(3/2 + iu) + psi'(3/2 - iu),  R, D = 1/(1/2 + iu) +- 1/(1/2 - iu),
 *
 * was fitted to the symbols of 2, 3 and 4 loops, 98 equations at six poles; tests compare it with them at four.
 */
#include "flux.h"

/* sum of at[i] x^(lowest + i); what is not kept is of higher order than any residue needs */
typedef struct series {
    int32_t lowest;
    uint32_t at[FLUX_POWERS];
} series;

static series multiply(series a, series b, uint32_t p) {
    series c = {.lowest = a.lowest + b.lowest};
    for (int32_t i = 0; i < FLUX_POWERS; i++)
        for (int32_t j = 0; i + j < FLUX_POWERS; j++)
            c.at[i + j] = mod_add(c.at[i + j], mod_mul(a.at[i], b.at[j], p), p);
    return c;
}

static series scale(uint32_t factor, series a, uint32_t p) {
    for (int32_t i = 0; i < FLUX_POWERS; i++) a.at[i] = mod_mul(factor, a.at[i], p);
    return a;
}

static series add(series a, series b, uint32_t p) {
    if (a.lowest > b.lowest) return add(b, a, p);
    const int32_t shift = b.lowest - a.lowest;
    for (int32_t i = shift; i < FLUX_POWERS; i++) a.at[i] = mod_add(a.at[i], b.at[i - shift], p);
    return a;
}

static series derivative(series a, uint32_t p) {
    for (int32_t i = 0; i < FLUX_POWERS; i++) a.at[i] = mod_mul(mod_of(a.lowest + i, p), a.at[i], p);
    a.lowest--;
    return a;
}

static series power(series a, int32_t n, uint32_t p) {
    series result = {.at = {1}};
    while (n-- > 0) result = multiply(result, a, p);
    return result;
}

/* 1 / (a + sign x) */
static series inverse(int32_t a, int32_t sign, uint32_t p) {
    series s = {.lowest = a ? 0 : -1};
    const uint32_t first = mod_ratio(1, a ? a : sign, p), ratio = a ? mod_ratio(-sign, a, p) : 0;
    s.at[0] = first;
    for (int32_t i = 1; i < FLUX_POWERS; i++) s.at[i] = mod_mul(s.at[i - 1], ratio, p);
    return s;
}

/* psi(3/2 + iu) - psi(1) = psi(1 - k + x) - psi(1), and psi(3/2 - iu) - psi(1) = psi(2 + k - x) - psi(1) */
static series psi_plus(int32_t k, uint32_t p) {
    series sum = {0};
    for (int32_t j = 0; j < k; j++) sum = add(sum, scale(p - 1, inverse(-j, 1, p), p), p);
    return sum;
}
static series psi_minus(int32_t k, uint32_t p) {
    series sum = {0};
    for (int32_t j = 1; j <= k + 1; j++) sum = add(sum, inverse(j, -1, p), p);
    return sum;
}

static series mu0(int32_t k, uint32_t p) {
    const series s = multiply(multiply(inverse(k, -1, p), inverse(k + 1, -1, p), p), inverse(0, 1, p), p);
    return scale(k % 2 ? p - 1 : 1, s, p);
}

static series mu1(int32_t k, uint32_t p) {
    const series plus = psi_plus(k, p), minus = psi_minus(k, p), s = add(plus, minus, p);
    const series first = add(derivative(plus, p), scale(p - 1, derivative(minus, p), p), p);
    const series a = inverse(-k, 1, p), b = inverse(k + 1, -1, p);
    const series r = add(a, b, p), d = add(a, scale(p - 1, b, p), p);
    series sum = scale(mod_ratio(-7, 4, p), multiply(d, d, p), p);
    sum = add(sum, scale(mod_ratio(-3, 2, p), first, p), p);
    sum = add(sum, scale(mod_ratio(-5, 4, p), multiply(r, r, p), p), p);
    return add(sum, scale(mod_ratio(-1, 2, p), multiply(s, s, p), p), p);
}

static series gamma1(int32_t k, uint32_t p) { return scale(2, add(psi_plus(k, p), psi_minus(k, p), p), p); }

static series gamma2(int32_t k, uint32_t p) {
    const series sum = add(psi_plus(k, p), psi_minus(k, p), p);
    return scale(p - 1, derivative(derivative(sum, p), p), p);
}

/* 2 mu0 gamma1^n / n! */
static series leading(int32_t k, int32_t n, uint32_t p) {
    series s = scale(2, multiply(mu0(k, p), power(gamma1(k, p), n, p), p), p);
    for (int32_t i = 2; i <= n; i++) s = scale(mod_inverse((uint32_t)i, p), s, p);
    return s;
}

/* sigma[n + shift] += the coefficient of sigma^n in the residue of a e^(2 x sigma) */
static void add_residue(series a, int32_t shift, uint32_t p, uint32_t sigma[FLUX_POWERS]) {
    uint32_t factor = 1;
    for (int32_t n = 0; n + shift < FLUX_POWERS; n++) {
        const int32_t at = -1 - n - a.lowest;
        if (at >= 0 && at < FLUX_POWERS) sigma[n + shift] = mod_add(sigma[n + shift], mod_mul(factor, a.at[at], p), p);
        factor = mod_mul(factor, mod_ratio(2, n + 1, p), p);
    }
}

void flux_contribution(int32_t loop, int32_t order, int32_t k, uint32_t p, uint32_t sigma[FLUX_POWERS]) {
    for (int32_t n = 0; n < FLUX_POWERS; n++) sigma[n] = 0;
    const series first = leading(k, loop - 1 - order, p);
    if (order == 0) {
        add_residue(first, 0, p, sigma);
        return;
    }
    const series p1 = scale(2, inverse(0, 1, p), p); /* i p1 sigma; pi tanh(pi u) = 1 / x */
    add_residue(multiply(first, p1, p), 1, p, sigma);
    add_residue(multiply(first, mu1(k, p), p), 0, p, sigma);
    if (loop >= 3) add_residue(multiply(leading(k, loop - 3, p), gamma2(k, p), p), 0, p, sigma);
}
