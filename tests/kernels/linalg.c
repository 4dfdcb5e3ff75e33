/* linalg.c - decompositions put together again, and what has no answer. */
#include "kernels/linalg.h"
#include "tap.h"
#include <mlrt/plugin.h>

static double *random_matrix(int64_t rows, int64_t columns) {
    static uint64_t index;
    double *a = malloc(sizeof *a * (size_t)(rows * columns + 1));
    for (int64_t i = 0; i < rows * columns; i++) a[i] = mlrt_random_gauss(7, 1, index++);
    return a;
}

/* A fresh a b, with a [m, k] or its transpose and b [k, n] or its transpose. */
static double *times(const double *a, bool ta, const double *b, bool tb, int64_t m, int64_t k, int64_t n) {
    double *c = calloc((size_t)(m * n) + 1, sizeof *c);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            for (int64_t p = 0; p < k; p++)
                c[i * n + j] += a[ta ? p * m + i : i * k + p] * b[tb ? j * k + p : p * n + j];
    return c;
}

static double distance(const double *a, const double *b, int64_t n) {
    double most = 0;
    for (int64_t i = 0; i < n; i++) most = fmax(most, fabs(a[i] - b[i]));
    return most;
}

/* How far the columns of a [m, n] are from orthonormal. */
static double skew(const double *a, int64_t m, int64_t n) {
    double *g = times(a, true, a, false, n, m, n), most = 0;
    for (int64_t i = 0; i < n * n; i++) most = fmax(most, fabs(g[i] - (i / n == i % n)));
    free(g);
    return most;
}

static void check_svd(int64_t m, int64_t n) {
    const int64_t k = m < n ? m : n;
    double *a = random_matrix(m, n), *u = random_matrix(m, k), *s = random_matrix(k, 1), *vt = random_matrix(k, n);
    double *values = random_matrix(k, 1);
    bool descending = true;
    is_int(mlrt__svd(a, m, n, u, s, vt, NULL), MLRT_OK, "svd of [%d, %d]", (int)m, (int)n);
    double *us = malloc(sizeof *us * (size_t)(m * k + 1));
    for (int64_t i = 0; i < m * k; i++) us[i] = u[i] * s[i % k];
    double *back = times(us, false, vt, false, m, k, n), *v = times(vt, true, vt, false, n, k, n);
    is_close(distance(a, back, m * n), 0, 1e-12, "u s vt is the matrix");
    is_close(skew(u, m, k), 0, 1e-12, "u is orthonormal");
    for (int64_t i = 1; i < k; i++) descending &= s[i] <= s[i - 1];
    ok(descending, "the singular values descend");
    is_int(mlrt__svd(a, m, n, NULL, values, NULL, NULL), MLRT_OK, "values without vectors");
    is_close(distance(values, s, k), 0, 1e-12, "are the same");
    free(a), free(u), free(s), free(vt), free(values), free(us), free(back), free(v);
}

static void check_eigh(int64_t n) {
    double *x = random_matrix(n, n), *a = times(x, false, x, true, n, n, n), *w = random_matrix(n, 1);
    double *v = random_matrix(n, n);
    is_int(mlrt__eigh(a, n, w, v, NULL), MLRT_OK, "eigenvalues of [%d, %d]", (int)n, (int)n);
    double *av = times(a, false, v, false, n, n, n), most = 0;
    for (int64_t i = 0; i < n * n; i++) most = fmax(most, fabs(av[i] - v[i] * w[i % n]));
    is_close(most, 0, 1e-10, "a v = v w");
    is_close(skew(v, n, n), 0, 1e-12, "v is orthonormal");
    free(x), free(a), free(w), free(v), free(av);
}

static void check_qr(int64_t m, int64_t n) {
    const int64_t k = m < n ? m : n;
    double *a = random_matrix(m, n), *q = random_matrix(m, k), *r = random_matrix(k, n), below = 0;
    is_int(mlrt__qr(a, m, n, q, r, NULL), MLRT_OK, "qr of [%d, %d]", (int)m, (int)n);
    double *back = times(q, false, r, false, m, k, n);
    is_close(distance(a, back, m * n), 0, 1e-12, "q r is the matrix");
    is_close(skew(q, m, k), 0, 1e-12, "q is orthonormal");
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = 0; j < i && j < n; j++) below += fabs(r[i * n + j]);
    ok(below == 0, "r is upper triangular");
    free(a), free(q), free(r), free(back);
}

/* The residual of least squares is orthogonal to the columns of a; x is in the space of its rows. */
static void check_lstsq(int64_t m, int64_t n, int64_t columns) {
    double *a = random_matrix(m, n), *b = random_matrix(m, columns), *x = random_matrix(n, columns);
    int64_t rank = -1;
    is_int(mlrt__lstsq(a, m, n, b, columns, -1, x, &rank, NULL), MLRT_OK, "least squares of [%d, %d]", (int)m, (int)n);
    is_int(rank, m < n ? m : n, "has full rank");
    double *residual = times(a, false, x, false, m, n, columns);
    for (int64_t i = 0; i < m * columns; i++) residual[i] -= b[i];
    double *normal = times(a, true, residual, false, n, m, columns), most = 0;
    for (int64_t i = 0; i < n * columns; i++) most = fmax(most, fabs(normal[i]));
    is_close(most, 0, 1e-11, "leaves nothing along the columns");
    free(a), free(b), free(x), free(residual), free(normal);
}

static void check_rank(void) {
    const double a[] = {1, 2, 2, 4, 3, 6}, b[] = {1, 2, 3};
    double x[2];
    int64_t rank = 0;
    mlrt__lstsq(a, 3, 2, b, 1, -1, x, &rank, NULL);
    is_int(rank, 1, "least squares sees a dependent column");
    is_close(x[0], 0.2, 1e-12, "and takes the shortest solution");
    is_close(x[1], 0.4, 1e-12, "in all its parts");
}

static void check_solve(int64_t n, int64_t columns) {
    double *a = random_matrix(n, n), *want = random_matrix(n, columns), *x = random_matrix(n, columns);
    double *b = times(a, false, want, false, n, n, columns);
    is_int(mlrt__solve(a, n, b, columns, x, NULL), MLRT_OK, "solving [%d, %d]", (int)n, (int)n);
    is_close(distance(x, want, n * columns), 0, 1e-9, "gives back the %d right sides", (int)columns);
    free(a), free(b), free(x), free(want);
}

static void check_cholesky(int64_t n) {
    double *x = random_matrix(n, n), *a = times(x, false, x, true, n, n, n), *l = random_matrix(n, n), above = 0;
    is_int(mlrt__cholesky(a, n, l, NULL), MLRT_OK, "cholesky of [%d, %d]", (int)n, (int)n);
    double *back = times(l, false, l, true, n, n, n);
    is_close(distance(a, back, n * n), 0, 1e-11, "l l^T is the matrix");
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; j < n; j++) above += fabs(l[i * n + j]);
    ok(above == 0, "l is lower triangular");
    free(x), free(a), free(l), free(back);
}

static void fails(mlrt_status got, mlrt_error *err, const char *message) {
    is_int(got, MLRT_NUMERIC, "%s", message);
    is_str(err->message, message, "says so");
    *err = (mlrt_error){0};
}

static void check_failures(void) {
    const double singular[] = {1, 2, 2, 4}, indefinite[] = {1, 2, 2, 1}, bad[] = {1, 2, NAN, 4}, b[] = {1, INFINITY};
    double x[4], s[2];
    mlrt_error err = {0};
    fails(mlrt__solve(singular, 2, singular, 2, x, &err), &err, "solve: the matrix is singular");
    fails(mlrt__cholesky(indefinite, 2, x, &err), &err, "cholesky: the matrix is not positive definite");
    fails(mlrt__svd(bad, 2, 2, NULL, s, NULL, &err), &err, "svd: element [1, 0] is nan, expected finite numbers");
    fails(mlrt__lstsq(singular, 2, 2, b, 1, -1, x, NULL, &err), &err,
          "lstsq: element [1, 0] is inf, expected finite numbers");
}

int main(void) {
    static const int64_t sizes[][2] = {{1, 1}, {5, 3}, {3, 5}, {40, 33}, {0, 3}, {3, 0}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const int64_t m = sizes[i][0], n = sizes[i][1];
        check_svd(m, n);
        check_qr(m, n);
        check_lstsq(m, n, 2);
        check_eigh(n);
        check_cholesky(n);
        check_solve(n, 3);
    }
    check_rank();
    check_failures();
    return done_testing();
}
