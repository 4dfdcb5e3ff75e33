/* array_linalg.c - products of matrices, and statistics made of them. */
#include "dsl/array.h"
#include "dsl/state.h"
#include "kernels/linalg.h"
#include <math.h>

static int mismatch(lua_State *L, const char *what, const mlrt__array *a, const mlrt__array *b) {
    char ta[MLRT_SHAPE_TEXT], tb[MLRT_SHAPE_TEXT];
    return luaL_error(L, "%s: shapes %s and %s do not fit", what, mlrt_shape_text(&a->shape, ta, sizeof ta),
                      mlrt_shape_text(&b->shape, tb, sizeof tb));
}

static void product(lua_State *L, bool transposed, int64_t m, int64_t n, int64_t k, double scale, const double *a,
                    const double *b, double *c) {
    mlrt_error err = {0};
    if (mlrt__multiply(transposed, m, n, k, scale, a, b, c, &err) != MLRT_OK) mlrt__raise(L, &err);
}

/* a:matmul(b): of matrices; a vector on the left is a row, on the right a column, and its axis disappears. */
static int matmul(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "matmul"), *b = mlrt__array_arg(L, 2, "matmul");
    if (a->shape.rank > 2 || b->shape.rank > 2) return mismatch(L, "matmul", a, b);
    const bool row = a->shape.rank == 1, column = b->shape.rank == 1;
    const int64_t m = row ? 1 : a->shape.dim[0], k = a->shape.dim[a->shape.rank - 1];
    const int64_t n = column ? 1 : b->shape.dim[1];
    if (k != b->shape.dim[0]) return mismatch(L, "matmul", a, b);
    mlrt__array *c = mlrt__array_matrix(L, "matmul", m, n);
    product(L, false, m, n, k, 1, a->data, b->data, c->data);
    if (row && column) lua_pushnumber(L, c->data[0]);
    if (row != column) c->shape = MLRT_SHAPE_OF(c->count);
    return 1;
}

/* a:dot(b): the sum of the products of the elements of two arrays of one shape. */
static int dot(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "dot"), *b = mlrt__array_arg(L, 2, "dot");
    if (!mlrt_shape_equal(&a->shape, &b->shape)) return mismatch(L, "dot", a, b);
    double total = 0;
    for (int64_t i = 0; i < a->count; i++) total += a->data[i] * b->data[i];
    lua_pushnumber(L, total);
    return 1;
}

/* a:outer(b): [n, m], a_i b_j */
static int outer(lua_State *L) {
    const mlrt__array *a = mlrt__array_rank(L, 1, "outer", 1), *b = mlrt__array_rank(L, 2, "outer", 1);
    mlrt__array *c = mlrt__array_matrix(L, "outer", a->count, b->count);
    for (int64_t i = 0; i < a->count; i++)
        for (int64_t j = 0; j < b->count; j++) c->data[i * b->count + j] = a->data[i] * b->data[j];
    return 1;
}

/* ---- of observations (rows) of variables (columns) ---- */

mlrt__array *mlrt__array_centered(lua_State *L, const char *what, const mlrt__array *a) {
    const int64_t n = a->shape.dim[0], d = a->shape.dim[1];
    if (n < 1) luaL_error(L, "%s: no rows", what);
    mlrt__array *mean = mlrt__array_vector(L, what, d), *c = mlrt__array_copy(L, what, a);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++) mean->data[j] += a->data[i * d + j];
    for (int64_t j = 0; j < d; j++) mean->data[j] /= (double)n;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++) c->data[i * d + j] -= mean->data[j];
    return c;
}

/* Push the covariance of the columns, divided by n as var is. */
static mlrt__array *covariance(lua_State *L, const char *what) {
    const mlrt__array *a = mlrt__array_rank(L, 1, what, 2), *c = mlrt__array_centered(L, what, a);
    const int64_t n = a->shape.dim[0], d = a->shape.dim[1];
    mlrt__array *out = mlrt__array_matrix(L, what, d, d);
    product(L, true, d, d, n, 1 / (double)n, c->data, c->data, out->data);
    return out;
}

/* a:cov(): [d, d] of an array [n, d] */
static int cov(lua_State *L) {
    covariance(L, "cov");
    return 1;
}

/* a:corrcoef(): Pearson's, [d, d] of an array [n, d]; x:corrcoef(y): the number of two vectors */
static int corrcoef(lua_State *L) {
    const bool two = !lua_isnoneornil(L, 2);
    if (two) {
        const mlrt__array *x = mlrt__array_rank(L, 1, "corrcoef", 1), *y = mlrt__array_rank(L, 2, "corrcoef", 1);
        if (x->count != y->count) return mismatch(L, "corrcoef", x, y);
        mlrt__array *both = mlrt__array_matrix(L, "corrcoef", x->count, 2);
        for (int64_t i = 0; i < x->count; i++) both->data[2 * i] = x->data[i], both->data[2 * i + 1] = y->data[i];
        lua_replace(L, 1);
    }
    mlrt__array *c = covariance(L, "corrcoef");
    const int64_t d = c->shape.dim[0];
    for (int64_t i = 0; i < d; i++) /* the upper half while the diagonal is there, then the rest from it */
        for (int64_t j = i + 1; j < d; j++) c->data[i * d + j] /= sqrt(c->data[i * d + i]) * sqrt(c->data[j * d + j]);
    for (int64_t i = 0; i < d; i++) {
        c->data[i * d + i] = c->data[i * d + i] > 0 ? 1 : NAN;
        for (int64_t j = 0; j < i; j++) c->data[i * d + j] = c->data[j * d + i];
    }
    if (two) lua_pushnumber(L, c->data[1]);
    return 1;
}

const luaL_Reg mlrt__array_linear[] = {{"matmul", matmul}, {"dot", dot},           {"outer", outer},
                                       {"cov", cov},       {"corrcoef", corrcoef}, {0}};
