/* linalg.h - dense linear algebra in double, by LAPACK.
 *
 * Matrices are row-major. Inputs are not changed, results go into the caller's memory, which must not overlap the inputs.
 * m rows, n columns, k = min(m, n). What is not finite, does not converge or has no solution is an MLRT_NUMERIC error.
 * Everything runs on one thread, so that the results do not depend on their number. */
#ifndef MLRT__LINALG_H
#define MLRT__LINALG_H

#include <mlrt/base.h>

/* "OpenBLAS 0.3.21 ... Haswell ...": what was found at run time; NULL before anything of it was used. */
const char *mlrt__blas_version(void);

/* c [m, n] = scale a b, with a [m, k], or [k, m] when it is transposed, and b [k, n]. c stays what it is when k is 0. */
mlrt_status mlrt__multiply(bool transposed, int64_t m, int64_t n, int64_t k, double scale, const double *a,
                           const double *b, double *c, mlrt_error *err);

/* a [m, n] = u [m, k] diag(s [k]) vt [k, n], s descending. u and vt may both be NULL. */
mlrt_status mlrt__svd(const double *a, int64_t m, int64_t n, double *u, double *s, double *vt, mlrt_error *err);
/* Symmetric a [n, n] = v diag(w) v^T, w ascending, vectors in the columns of v; the lower triangle of a is read. */
mlrt_status mlrt__eigh(const double *a, int64_t n, double *w, double *v, mlrt_error *err);
/* The x [n, columns] of least |x| among those that minimise |a x - b|, b [m, columns]. Singular values below
 * rcond * the largest count as zero (negative: machine precision); rank, which may be NULL, says how many are left. */
mlrt_status mlrt__lstsq(const double *a, int64_t m, int64_t n, const double *b, int64_t columns, double rcond,
                        double *x, int64_t *rank, mlrt_error *err);
/* a [n, n] x [n, columns] = b */
mlrt_status mlrt__solve(const double *a, int64_t n, const double *b, int64_t columns, double *x, mlrt_error *err);
/* Symmetric positive definite a [n, n] = l l^T, l lower triangular; the lower triangle of a is read. */
mlrt_status mlrt__cholesky(const double *a, int64_t n, double *l, mlrt_error *err);
/* a [m, n] = q [m, k] r [k, n], q with orthonormal columns, r upper triangular. */
mlrt_status mlrt__qr(const double *a, int64_t m, int64_t n, double *q, double *r, mlrt_error *err);

#endif
