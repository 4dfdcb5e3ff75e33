/* array_decompose.c - decompositions of matrices and what they are good for: systems, inverses, principal components.
 *
 * A decomposition is free in the signs of its vectors. Here they are fixed, so that results can be compared: of each
 * right singular vector and each eigenvector the largest element is positive, and so is the diagonal of a QR's r.
 */
#include "dsl/array.h"
#include "kernels/linalg.h"
#include <float.h>
#include <math.h>
#include <string.h>

static int fail(lua_State *L, const mlrt_error *err) {
    char text[MLRT_WHERE_MAX + MLRT_MESSAGE_MAX + MLRT_HINT_MAX];
    return luaL_error(L, "%s", mlrt_error_text(err, text, sizeof text));
}

static int64_t least(int64_t m, int64_t n) { return m < n ? m : n; }

static const mlrt__array *square(lua_State *L, const char *what) {
    const mlrt__array *a = mlrt__array_rank(L, 1, what, 2);
    if (a->shape.dim[0] != a->shape.dim[1]) {
        char text[MLRT_SHAPE_TEXT];
        luaL_error(L, "%s: the matrix must be square, got shape %s", what,
                   mlrt_shape_text(&a->shape, text, sizeof text));
    }
    return a;
}

static const mlrt__array *symmetric(lua_State *L, const char *what) {
    const mlrt__array *a = square(L, what);
    const int64_t n = a->shape.dim[0];
    double largest = 0;
    for (int64_t i = 0; i < a->count; i++) largest = fmax(largest, fabs(a->data[i]));
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++) {
            const double x = a->data[i * n + j], y = a->data[j * n + i];
            if (fabs(x - y) > 1e-8 * largest)
                luaL_error(L, "%s: the matrix must be symmetric, got %f at [%I][%I] and %f at [%I][%I]", what, x,
                           (LUAI_UACINT)i + 1, (LUAI_UACINT)j + 1, y, (LUAI_UACINT)j + 1, (LUAI_UACINT)i + 1);
        }
    return a;
}

/* ---- signs: n vectors of `length` elements, elements `step` apart, vectors `next` apart ---- */

typedef struct vectors {
    double *data;
    int64_t length, step, next;
} vectors;

static void negate(const vectors *v, int64_t i) {
    for (int64_t k = 0; k < v->length; k++) v->data[i * v->next + k * v->step] *= -1;
}

/* Turn vector i so that its largest element is positive; false when it was so already. The first of two as large
 * decides, with room for rounding. */
static bool turn(const vectors *v, int64_t i) {
    double chosen = 0;
    for (int64_t k = 0; k < v->length; k++) {
        const double x = v->data[i * v->next + k * v->step];
        if (fabs(x) > fabs(chosen) * (1 + 1e-9)) chosen = x;
    }
    if (chosen < 0) negate(v, i);
    return chosen < 0;
}

/* ---- decompositions ---- */

typedef struct svd_parts {
    mlrt__array *u, *s, *vt;
} svd_parts;

/* Push u, s and vt of a. */
static svd_parts push_svd(lua_State *L, const char *what, const mlrt__array *a) {
    const int64_t m = a->shape.dim[0], n = a->shape.dim[1], k = least(m, n);
    svd_parts p;
    mlrt_error err = {0};
    p.u = mlrt__array_matrix(L, what, m, k);
    p.s = mlrt__array_vector(L, what, k);
    p.vt = mlrt__array_matrix(L, what, k, n);
    if (mlrt__svd(a->data, m, n, p.u->data, p.s->data, p.vt->data, &err)) fail(L, &err);
    const vectors left = {p.u->data, m, k, 1}, right = {p.vt->data, n, 1, n};
    for (int64_t i = 0; i < k; i++)
        if (turn(&right, i)) negate(&left, i);
    return p;
}

/* local u, s, vt = a:svd(): a = u diag(s) vt, s from large to small */
static int svd(lua_State *L) {
    push_svd(L, "svd", mlrt__array_rank(L, 1, "svd", 2));
    return 3;
}

/* local values, vectors = a:eigh(): of a symmetric matrix, values from small to large, vectors in the columns */
static int eigh(lua_State *L) {
    const mlrt__array *a = symmetric(L, "eigh");
    const int64_t n = a->shape.dim[0];
    mlrt_error err = {0};
    mlrt__array *values = mlrt__array_vector(L, "eigh", n), *v = mlrt__array_matrix(L, "eigh", n, n);
    if (mlrt__eigh(a->data, n, values->data, v->data, &err)) return fail(L, &err);
    for (int64_t i = 0; i < n; i++) turn(&(vectors){v->data, n, n, 1}, i);
    return 2;
}

/* local q, r = a:qr() */
static int qr(lua_State *L) {
    const mlrt__array *a = mlrt__array_rank(L, 1, "qr", 2);
    const int64_t m = a->shape.dim[0], n = a->shape.dim[1], k = least(m, n);
    mlrt_error err = {0};
    mlrt__array *q = mlrt__array_matrix(L, "qr", m, k), *r = mlrt__array_matrix(L, "qr", k, n);
    if (mlrt__qr(a->data, m, n, q->data, r->data, &err)) return fail(L, &err);
    for (int64_t i = 0; i < k; i++) {
        if (r->data[i * n + i] >= 0) continue;
        negate(&(vectors){q->data, m, k, 1}, i);
        negate(&(vectors){r->data, n, 1, n}, i);
    }
    return 2;
}

/* a:cholesky(): the lower triangular l of a = l l^T */
static int cholesky(lua_State *L) {
    const mlrt__array *a = symmetric(L, "cholesky");
    mlrt_error err = {0};
    mlrt__array *l = mlrt__array_new(L, "cholesky", &a->shape);
    return mlrt__cholesky(a->data, a->shape.dim[0], l->data, &err) ? fail(L, &err) : 1;
}

/* ---- systems ---- */

/* Argument 2 with as many rows as a; a vector is one column. */
static const mlrt__array *right_side(lua_State *L, const char *what, const mlrt__array *a) {
    const mlrt__array *b = mlrt__array_arg(L, 2, what);
    if (b->shape.rank > 2 || b->shape.dim[0] != a->shape.dim[0]) {
        char ta[MLRT_SHAPE_TEXT], tb[MLRT_SHAPE_TEXT];
        luaL_error(L, "%s: shapes %s and %s do not fit", what, mlrt_shape_text(&a->shape, ta, sizeof ta),
                   mlrt_shape_text(&b->shape, tb, sizeof tb));
    }
    return b;
}

static int64_t columns_of(const mlrt__array *b) { return b->shape.rank == 2 ? b->shape.dim[1] : 1; }

/* a:solve(b): the x of a x = b, b a vector or a matrix of columns */
static int solve(lua_State *L) {
    const mlrt__array *a = square(L, "solve"), *b = right_side(L, "solve", a);
    mlrt_error err = {0};
    mlrt__array *x = mlrt__array_new(L, "solve", &b->shape);
    return mlrt__solve(a->data, a->shape.dim[0], b->data, columns_of(b), x->data, &err) ? fail(L, &err) : 1;
}

/* local x, rank = a:lstsq(b, rcond): the shortest x of least |a x - b|. Singular values below rcond times the largest
 * count as 0. */
static int lstsq(lua_State *L) {
    const mlrt__array *a = mlrt__array_rank(L, 1, "lstsq", 2), *b = right_side(L, "lstsq", a);
    const double rcond = luaL_optnumber(L, 3, -1);
    mlrt_shape shape = b->shape;
    shape.dim[0] = a->shape.dim[1];
    int64_t rank = 0;
    mlrt_error err = {0};
    mlrt__array *x = mlrt__array_new(L, "lstsq", &shape);
    if (mlrt__lstsq(a->data, a->shape.dim[0], a->shape.dim[1], b->data, columns_of(b), rcond, x->data, &rank, &err))
        return fail(L, &err);
    lua_pushinteger(L, rank);
    return 2;
}

/* a:inv() */
static int inv(lua_State *L) {
    const mlrt__array *a = square(L, "inv");
    const int64_t n = a->shape.dim[0];
    mlrt_error err = {0};
    double *eye = memset(mlrt__array_scratch(L, "inv", a->count, sizeof *eye), 0, (size_t)a->count * sizeof *eye);
    for (int64_t i = 0; i < n; i++) eye[i * (n + 1)] = 1;
    mlrt__array *x = mlrt__array_new(L, "inv", &a->shape);
    return mlrt__solve(a->data, n, eye, n, x->data, &err) ? fail(L, &err) : 1;
}

/* a:pinv(rcond): Moore and Penrose's inverse, [n, m] */
static int pinv(lua_State *L) {
    const mlrt__array *a = mlrt__array_rank(L, 1, "pinv", 2);
    const int64_t m = a->shape.dim[0], n = a->shape.dim[1], k = least(m, n);
    const double rcond = luaL_optnumber(L, 2, DBL_EPSILON * (double)(m > n ? m : n));
    const svd_parts p = push_svd(L, "pinv", a);
    mlrt__array *out = mlrt__array_matrix(L, "pinv", n, m);
    for (int64_t i = 0; i < k && p.s->data[i] > rcond * p.s->data[0]; i++)
        for (int64_t row = 0; row < n; row++)
            for (int64_t column = 0; column < m; column++)
                out->data[row * m + column] += p.vt->data[i * n + row] * p.u->data[column * k + i] / p.s->data[i];
    return 1;
}

/* ---- principal components ---- */

/* a:pca(k) of n observations (rows) of d variables:
 * { components [k, d], variance [k], explained [k], scores [n, k], mean [d] }. Components are the rows; variance is
 * divided by n, as var is; explained is the share of the whole; a is near mean + scores * components. */
static int pca(lua_State *L) {
    const mlrt__array *a = mlrt__array_rank(L, 1, "pca", 2);
    const int64_t n = a->shape.dim[0], d = a->shape.dim[1], most = least(n, d);
    const int64_t k = mlrt__array_whole(L, 2, "pca", "components", 1, most);
    if (k > most || most < 1) {
        char text[MLRT_SHAPE_TEXT];
        return luaL_error(L, "pca: %I components of an array of shape %s", (LUAI_UACINT)k,
                          mlrt_shape_text(&a->shape, text, sizeof text));
    }
    lua_createtable(L, 0, 5);
    const int result = lua_gettop(L);
    const mlrt__array *c = mlrt__array_centered(L, "pca", a);
    lua_insert(L, -2);
    lua_setfield(L, result, "mean");
    const svd_parts p = push_svd(L, "pca", c);
    mlrt__array *components = mlrt__array_matrix(L, "pca", k, d);
    memcpy(components->data, p.vt->data, (size_t)(k * d) * sizeof(double));
    lua_setfield(L, result, "components");
    mlrt__array *scores = mlrt__array_matrix(L, "pca", n, k);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < k; j++) scores->data[i * k + j] = p.u->data[i * most + j] * p.s->data[j];
    lua_setfield(L, result, "scores");
    mlrt__array *variance = mlrt__array_vector(L, "pca", k);
    lua_setfield(L, result, "variance");
    mlrt__array *explained = mlrt__array_vector(L, "pca", k);
    lua_setfield(L, result, "explained");
    double whole = 0;
    for (int64_t j = 0; j < most; j++) whole += p.s->data[j] * p.s->data[j] / (double)n;
    for (int64_t j = 0; j < k; j++) {
        variance->data[j] = p.s->data[j] * p.s->data[j] / (double)n;
        explained->data[j] = whole > 0 ? variance->data[j] / whole : 0;
    }
    lua_settop(L, result);
    return 1;
}

const luaL_Reg mlrt__array_decompositions[] = {
    {"svd", svd},     {"eigh", eigh}, {"qr", qr},     {"cholesky", cholesky}, {"solve", solve},
    {"lstsq", lstsq}, {"inv", inv},   {"pinv", pinv}, {"pca", pca},           {0}};
