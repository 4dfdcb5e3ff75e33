/* vmath.c - tests of the vectorised elementary functions against libm's double precision. */
#include "kernels/vmath.h"
#include "tap.h"

/* Distance in units of the last place of the exact result. */
static double ulps(float got, double want) {
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
    const float rounded = (float)want;
    if (isinf(rounded) || isinf(got)) return got == rounded ? 0 : INFINITY;
    return fabs((double)got - want) / ((double)nextafterf(fabsf(rounded), INFINITY) - fabs((double)rounded));
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }

static const struct row {
    const char *name;
    float (*f)(float);
    double (*exact)(double);
    float limit; /* tested for |x| below */
    double ulps;
} rows[] = {
    {"exp", mlrt__exp, exp, INFINITY, 1},
    {"log", mlrt__log, log, INFINITY, 1},
    {"log1p", mlrt__log1p, log1p, INFINITY, 2},
    {"tanh", mlrt__tanh, tanh, INFINITY, 2.6},
    {"sigmoid", mlrt__sigmoid, sigmoid, INFINITY, 2.5},
    {"softplus", mlrt__softplus, softplus, INFINITY, 2.5},
    {"erf", mlrt__erf, erf, INFINITY, 1.5},
    {"sin", mlrt__sin, sin, 0x1p30f, 0.51},
    {"cos", mlrt__cos, cos, 0x1p30f, 0.51},
};

/* One in 4099 of all floats, both signs, denormals, infinities and NaN included. */
static void test_one(const struct row *r) {
    double worst = 0;
    float at = 0;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 4099) {
        const float x = mlrt__from_bits((int32_t)(uint32_t)bits);
        if (fabsf(x) >= r->limit && isfinite(x)) continue;
        const double u = ulps(r->f(x), r->exact((double)x));
        if (u > worst) worst = u, at = x;
    }
    if (!ok(worst <= r->ulps, "%s is within %.2f ulp of every f32", r->name, r->ulps))
        diag("%.2f ulp at %a: got %.9g, want %.9g", worst, (double)at, (double)r->f(at), r->exact((double)at));
}

static const float special[] = {0,     -0.0f, 1,      -1,     2,       -2,       3,         -3,  0.5f,
                                -0.5f, 1e30f, -1e30f, 1e-40f, -1e-40f, INFINITY, -INFINITY, NAN, -NAN};
enum { SPECIALS = sizeof special / sizeof *special };

static void test_special(void) {
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        bool good = true;
        for (int i = 0; i < SPECIALS; i++)
            good &= fabsf(special[i]) >= rows[r].limit && isfinite(special[i])
                        ? true
                        : ulps(rows[r].f(special[i]), rows[r].exact((double)special[i])) <= rows[r].ulps;
        ok(good, "%s of zeros, infinities, NaN and denormals", rows[r].name);
    }
}

static void test_pow(void) {
    double worst = 0;
    uint64_t s = 1;
    for (int i = 0; i < 2000000; i++) {
        s = s * 6364136223846793005u + 1442695040888963407u;
        const float any = mlrt__from_bits((int32_t)(s >> 32)), near = 1 + (float)(int32_t)(s >> 32) * 0x1p-32f;
        const float small = (float)(s >> 40) * 0x1p-20f - 8;
        const float x = i & 1 ? any : near, y = i & 2 ? small : floorf(small * 3);
        const double u = ulps(mlrt__pow(x, y), pow((double)x, (double)y));
        if (u > worst) worst = u;
    }
    ok(worst <= 0.51, "pow is within 0.51 ulp: %.3f", worst);
    bool good = true;
    for (int i = 0; i < SPECIALS; i++)
        for (int j = 0; j < SPECIALS; j++) {
            const float got = mlrt__pow(special[i], special[j]), want = powf(special[i], special[j]);
            good &= ulps(got, (double)want) <= 1 && (isnan(want) || signbit(got) == signbit(want));
        }
    ok(good, "pow of every pair of special values is C's");
}

static void test_normal_tail(void) {
    double worst = 0;
    for (float a = 0; a <= 8; a += 0x1p-16f)
        worst = fmax(worst, fabs((double)mlrt__normal_tail(a) - erfc((double)a / sqrt(2)) / 2));
    ok(worst <= 0x1p-24, "the tail of the normal distribution is within 2^-24: %.2g", worst);
}

int main(void) {
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) test_one(&rows[r]);
    test_special();
    test_pow();
    test_normal_tail();
    return done_testing();
}
