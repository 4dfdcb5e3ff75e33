/* linalg.c - LAPACK through its Fortran symbols. LAPACK is column-major: it sees a row-major matrix as its transpose,
 * and where that does not lead to the answer by itself, copies are transposed. */
#include "kernels/linalg.h"
#include "base/arena.h"
#include "base/library.h"
#include "config.h"
#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <string.h>

/* The lengths of character arguments come last, as gfortran passes them. */
void dgesdd_(const char *job, const int *m, const int *n, double *a, const int *lda, double *s, double *u,
             const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *iwork, int *info,
             size_t job_length);
void dsyevd_(const char *job, const char *triangle, const int *n, double *a, const int *lda, double *w, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info, size_t job_length, size_t triangle_length);
void dgelsd_(const int *m, const int *n, const int *nrhs, double *a, const int *lda, double *b, const int *ldb,
             double *s, const double *rcond, int *rank, double *work, const int *lwork, int *iwork, int *info);
void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *pivot, int *info);
void dgetrs_(const char *trans, const int *n, const int *nrhs, const double *a, const int *lda, const int *pivot,
             double *b, const int *ldb, int *info, size_t trans_length);
void dpotrf_(const char *triangle, const int *n, double *a, const int *lda, int *info, size_t triangle_length);
void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work, const int *lwork,
             int *info);
void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau, double *work,
             const int *lwork, int *info);

char *openblas_get_config(void);

/* ---- OpenBLAS, opened with the first call ---- */

#define FUNCTIONS(X)                                                                                                   \
    X(cblas_dgemm)                                                                                                     \
    X(dgelsd_)                                                                                                         \
    X(dgeqrf_)                                                                                                         \
    X(dgesdd_)                                                                                                         \
    X(dgetrf_)                                                                                                         \
    X(dgetrs_)                                                                                                         \
    X(dorgqr_)                                                                                                         \
    X(dpotrf_)                                                                                                         \
    X(dsyevd_)                                                                                                         \
    X(openblas_get_config)

static struct {
#define X(name) __typeof__(name) *name;
    FUNCTIONS(X)
#undef X
} blas;

static mlrt_error missing;

static void open_blas(void) {
    static const mlrt__symbol symbol[] = {
#define X(name) {#name, &blas.name},
        FUNCTIONS(X)
#undef X
    };
    mlrt__library_open(MLRT_BLAS, symbol, sizeof symbol / sizeof *symbol, &missing);
}

/* ---- a call ---- */

/* What one call needs until it is over. The first failure stays; after it nothing more is computed. */
typedef struct job {
    const char *name;
    mlrt_error *err;
    mlrt_status status;
    int threads; /* of OpenMP, to put back */
    int blocks;
    void *block[6];
} job;

static job begin(const char *name, mlrt_error *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_blas);
    const job j = {.name = name, .err = err, .status = missing.status, .threads = omp_get_max_threads()};
    if (missing.status != MLRT_OK) mlrt_fail(err, missing.status, "%s: %s", name, missing.message);
    omp_set_num_threads(1);
    return j;
}

static mlrt_status end(job *j) {
    for (int i = 0; i < j->blocks; i++) mlrt__free_large(j->block[i]);
    omp_set_num_threads(j->threads);
    return j->status;
}

static bool good(const job *j) { return j->status == MLRT_OK; }

#define FAIL(j, code, ...) (void)((j)->status = mlrt_fail((j)->err, code, __VA_ARGS__))

static void *take(job *j, int64_t count, size_t size) {
    void *p = good(j) ? mlrt__alloc_large(size * (size_t)(count > 0 ? count : 1)) : NULL;
    if (p)
        j->block[j->blocks++] = p;
    else if (good(j))
        FAIL(j, MLRT_MEMORY, "%s: out of memory", j->name);
    return p;
}

static double *take_doubles(job *j, int64_t count) { return take(j, count, sizeof(double)); }
static int *take_ints(job *j, int64_t count) { return take(j, count, sizeof(int)); }

static int size_of(job *j, int64_t n) {
    if (n > INT_MAX && good(j)) FAIL(j, MLRT_RANGE, "%s: a side of %lld is too long", j->name, (long long)n);
    return (int)n;
}

static void check_finite(job *j, const double *a, int64_t rows, int64_t columns) {
    for (int64_t i = 0; good(j) && i < rows * columns; i++)
        if (!isfinite(a[i]))
            FAIL(j, MLRT_NUMERIC, "%s: element [%lld, %lld] is %g, expected finite numbers", j->name,
                 (long long)(i / columns), (long long)(i % columns), a[i]);
}

static void transpose(const double *a, int64_t rows, int64_t columns, double *out) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t k = 0; k < columns; k++) out[k * rows + i] = a[i * columns + k];
}

static double *copy_of(job *j, const double *a, int64_t rows, int64_t columns) {
    check_finite(j, a, rows, columns);
    double *copy = take_doubles(j, rows * columns);
    if (copy) memcpy(copy, a, sizeof *a * (size_t)(rows * columns));
    return copy;
}

static double *transpose_of(job *j, const double *a, int64_t rows, int64_t columns) {
    check_finite(j, a, rows, columns);
    double *copy = take_doubles(j, rows * columns);
    if (copy) transpose(a, rows, columns, copy);
    return copy;
}

static void check_info(job *j, int info, const char *meaning) {
    if (info != 0 && good(j)) FAIL(j, MLRT_NUMERIC, "%s: %s", j->name, meaning);
}

static int64_t least(int64_t m, int64_t n) { return m < n ? m : n; }
static int at_least_one(int n) { return n > 0 ? n : 1; }

mlrt_status mlrt__svd(const double *a, int64_t m, int64_t n, double *u, double *s, double *vt, mlrt_error *err) {
    job j = begin("svd", err);
    const int rows = size_of(&j, m), columns = size_of(&j, n), k = (int)least(m, n), query = -1;
    const char *vectors = u ? "S" : "N";
    double *copy = copy_of(&j, a, m, n), size = 0, *work = NULL;
    int *iwork = take_ints(&j, 8 * (int64_t)k), info = 0;
    if (!good(&j) || k == 0) return end(&j);
    blas.dgesdd_(vectors, &columns, &rows, copy, &columns, s, vt, &columns, u, &k, &size, &query, iwork, &info, 1);
    const int lwork = (int)size;
    work = take_doubles(&j, lwork);
    if (work)
        blas.dgesdd_(vectors, &columns, &rows, copy, &columns, s, vt, &columns, u, &k, work, &lwork, iwork, &info, 1);
    check_info(&j, info, "did not converge");
    return end(&j);
}

mlrt_status mlrt__eigh(const double *a, int64_t n, double *w, double *v, mlrt_error *err) {
    job j = begin("eigh", err);
    const int size = size_of(&j, n), query = -1;
    double *copy = copy_of(&j, a, n, n), wanted = 0;
    int iwanted = 0, info = 0;
    if (!good(&j) || n == 0) return end(&j);
    blas.dsyevd_("V", "U", &size, copy, &size, w, &wanted, &query, &iwanted, &query, &info, 1, 1);
    const int lwork = (int)wanted;
    double *work = take_doubles(&j, lwork);
    int *iwork = take_ints(&j, iwanted);
    if (good(&j)) {
        blas.dsyevd_("V", "U", &size, copy, &size, w, work, &lwork, iwork, &iwanted, &info, 1, 1);
        transpose(copy, n, n, v);
    }
    check_info(&j, info, "did not converge");
    return end(&j);
}

/* b is longer than it has rows when a is wide, because x takes its place. */
static double *right_sides(job *j, const double *b, int64_t m, int64_t columns, int64_t rows) {
    check_finite(j, b, m, columns);
    double *copy = take_doubles(j, rows * columns);
    for (int64_t i = 0; copy && i < m; i++)
        for (int64_t k = 0; k < columns; k++) copy[k * rows + i] = b[i * columns + k];
    return copy;
}

mlrt_status mlrt__lstsq(const double *a, int64_t m, int64_t n, const double *b, int64_t columns, double rcond,
                        double *x, int64_t *rank, mlrt_error *err) {
    job j = begin("lstsq", err);
    const int64_t long_side = m > n ? m : n;
    const int rows = size_of(&j, m), unknowns = size_of(&j, n), sides = size_of(&j, columns), query = -1;
    const int lda = at_least_one(rows), ldb = at_least_one(size_of(&j, long_side));
    double *copy = transpose_of(&j, a, m, n), *right = right_sides(&j, b, m, columns, ldb), wanted = 0;
    double *s = take_doubles(&j, least(m, n)), *work = NULL;
    int iwanted = 0, effective = 0, info = 0, *iwork = NULL;
    if (good(&j)) {
        blas.dgelsd_(&rows, &unknowns, &sides, copy, &lda, right, &ldb, s, &rcond, &effective, &wanted, &query,
                     &iwanted, &info);
        work = take_doubles(&j, (int64_t)wanted);
        iwork = take_ints(&j, iwanted);
    }
    const int lwork = at_least_one((int)wanted);
    if (good(&j)) {
        blas.dgelsd_(&rows, &unknowns, &sides, copy, &lda, right, &ldb, s, &rcond, &effective, work, &lwork, iwork,
                     &info);
        for (int64_t i = 0; i < n; i++)
            for (int64_t k = 0; k < columns; k++) x[i * columns + k] = right[k * ldb + i];
    }
    check_info(&j, info, "did not converge");
    if (rank) *rank = effective;
    return end(&j);
}

mlrt_status mlrt__solve(const double *a, int64_t n, const double *b, int64_t columns, double *x, mlrt_error *err) {
    job j = begin("solve", err);
    const int size = size_of(&j, n), sides = size_of(&j, columns);
    double *copy = copy_of(&j, a, n, n), *right = transpose_of(&j, b, n, columns);
    int *pivot = take_ints(&j, n), info = 0;
    if (!good(&j) || n == 0) return end(&j);
    blas.dgetrf_(&size, &size, copy, &size, pivot, &info);
    check_info(&j, info, "the matrix is singular");
    if (!good(&j)) return end(&j);
    blas.dgetrs_("T", &size, &sides, copy, &size, pivot, right, &size, &info, 1);
    transpose(right, columns, n, x);
    return end(&j);
}

mlrt_status mlrt__cholesky(const double *a, int64_t n, double *l, mlrt_error *err) {
    job j = begin("cholesky", err);
    const int size = size_of(&j, n);
    int info = 0;
    check_finite(&j, a, n, n);
    if (!good(&j) || n == 0) return end(&j);
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < n; k++) l[i * n + k] = k <= i ? a[i * n + k] : 0;
    blas.dpotrf_("U", &size, l, &size, &info, 1);
    check_info(&j, info, "the matrix is not positive definite");
    return end(&j);
}

mlrt_status mlrt__qr(const double *a, int64_t m, int64_t n, double *q, double *r, mlrt_error *err) {
    job j = begin("qr", err);
    const int rows = size_of(&j, m), columns = size_of(&j, n), k = (int)least(m, n), query = -1;
    double *copy = transpose_of(&j, a, m, n), *tau = take_doubles(&j, k), wanted[2] = {0};
    int info = 0;
    if (!good(&j) || k == 0) return end(&j);
    blas.dgeqrf_(&rows, &columns, copy, &rows, tau, &wanted[0], &query, &info);
    blas.dorgqr_(&rows, &k, &k, copy, &rows, tau, &wanted[1], &query, &info);
    const int lwork = (int)fmax(wanted[0], wanted[1]);
    double *work = take_doubles(&j, lwork);
    if (!good(&j)) return end(&j);
    blas.dgeqrf_(&rows, &columns, copy, &rows, tau, work, &lwork, &info);
    for (int64_t i = 0; i < k; i++)
        for (int64_t c = 0; c < n; c++) r[i * n + c] = c >= i ? copy[c * m + i] : 0;
    blas.dorgqr_(&rows, &k, &k, copy, &rows, tau, work, &lwork, &info);
    transpose(copy, k, m, q);
    return end(&j);
}

mlrt_status mlrt__multiply(bool transposed, int64_t m, int64_t n, int64_t k, double scale, const double *a,
                           const double *b, double *c, mlrt_error *err) {
    job j = begin("matmul", err);
    const int rows = size_of(&j, m), columns = size_of(&j, n), inner = size_of(&j, k);
    if (good(&j) && m > 0 && n > 0 && k > 0)
        blas.cblas_dgemm(CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, CblasNoTrans, rows, columns, inner,
                         scale, a, transposed ? rows : inner, b, columns, 0, c, columns);
    return end(&j);
}

const char *mlrt__blas_version(void) { return blas.openblas_get_config ? blas.openblas_get_config() : NULL; }
