/* array_order.c - what needs an order: sort, quantiles, unique, histogram, running sums. */
#include "dsl/array.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* NaN after everything else. */
static int compare(const void *pa, const void *pb) {
    const double a = *(const double *)pa, b = *(const double *)pb;
    if (isnan(a) || isnan(b)) return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

typedef struct ranked {
    double value;
    int64_t position;
} ranked;

/* Equal values keep their order, so that the result is the same with every qsort. */
static int compare_ranked(const void *pa, const void *pb) {
    const ranked *a = pa, *b = pb;
    const int order = compare(&a->value, &b->value);
    return order ? order : (a->position > b->position) - (a->position < b->position);
}

/* ---- lane by lane ---- */

/* Replaces the n values of a lane; `spare` has room for n ranked. */
typedef void lane_function(double *x, int64_t n, ranked *spare);

static void sort_lane(double *x, int64_t n, ranked *spare) {
    (void)spare;
    qsort(x, (size_t)n, sizeof *x, compare);
}

static void argsort_lane(double *x, int64_t n, ranked *spare) {
    for (int64_t k = 0; k < n; k++) spare[k] = (ranked){x[k], k};
    qsort(spare, (size_t)n, sizeof *spare, compare_ranked);
    for (int64_t k = 0; k < n; k++) x[k] = (double)(spare[k].position + 1);
}

static void cumsum_lane(double *x, int64_t n, ranked *spare) {
    (void)spare;
    for (int64_t k = 1; k < n; k++) x[k] += x[k - 1];
}

/* Along the axis of argument 2, or the last. */
static int by_lane(lua_State *L, const char *what, lane_function *f) {
    const mlrt__array *a = mlrt__array_arg(L, 1, what);
    const int32_t axis = mlrt__array_axis(L, 2, what, a, a->shape.rank - 1);
    const mlrt__lanes lanes = mlrt__array_lanes(&a->shape, axis);
    double *lane = mlrt__array_scratch(L, what, lanes.n, sizeof *lane);
    ranked *spare = mlrt__array_scratch(L, what, lanes.n, sizeof *spare);
    mlrt__array *out = mlrt__array_copy(L, what, a);
    for (int64_t o = 0; o < lanes.outer; o++)
        for (int64_t i = 0; i < lanes.inner; i++) {
            double *data = out->data + o * lanes.n * lanes.inner + i;
            for (int64_t k = 0; k < lanes.n; k++) lane[k] = data[k * lanes.inner];
            f(lane, lanes.n, spare);
            for (int64_t k = 0; k < lanes.n; k++) data[k * lanes.inner] = lane[k];
        }
    return 1;
}

static int sort(lua_State *L) { return by_lane(L, "sort", sort_lane); }
static int argsort(lua_State *L) { return by_lane(L, "argsort", argsort_lane); }
static int cumsum(lua_State *L) { return by_lane(L, "cumsum", cumsum_lane); }

/* ---- of all elements ---- */

/* A sorted copy of the array, as scratch on the stack. */
static double *sorted(lua_State *L, const char *what, const mlrt__array *a) {
    double *x = mlrt__array_scratch(L, what, a->count, sizeof *x);
    memcpy(x, a->data, (size_t)a->count * sizeof *x);
    qsort(x, (size_t)a->count, sizeof *x, compare);
    return x;
}

/* a:quantile(q), q a number or several: of all elements, linear between neighbours (type 7 of Hyndman and Fan 1996).
 * NaN when an element is. */
static int quantile(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "quantile");
    const bool single = lua_type(L, 2) == LUA_TNUMBER;
    const mlrt__array *q = mlrt__array_rank(L, 2, "quantile", 1);
    if (a->count == 0) return luaL_error(L, "quantile: the array is empty");
    const double *x = sorted(L, "quantile", a);
    mlrt__array *out = mlrt__array_vector(L, "quantile", q->count);
    for (int64_t i = 0; i < q->count; i++) {
        if (!(q->data[i] >= 0 && q->data[i] <= 1)) return luaL_error(L, "quantile: %f is outside 0 .. 1", q->data[i]);
        const double at = q->data[i] * (double)(a->count - 1);
        const int64_t low = (int64_t)at, high = low + 1 < a->count ? low + 1 : low;
        const double part = at - (double)low;
        out->data[i] = isnan(x[a->count - 1]) ? NAN : part > 0 ? (1 - part) * x[low] + part * x[high] : x[low];
    }
    if (single) lua_pushnumber(L, out->data[0]);
    return 1;
}

static int median(lua_State *L) {
    lua_settop(L, 1);
    lua_pushnumber(L, 0.5);
    return quantile(L);
}

/* local values, counts = a:unique(): the different values, in order */
static int unique(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "unique");
    const double *x = sorted(L, "unique", a);
    int64_t count = 0;
    for (int64_t i = 0; i < a->count; i++) count += i == 0 || x[i] != x[i - 1];
    mlrt__array *values = mlrt__array_vector(L, "unique", count), *counts = mlrt__array_vector(L, "unique", count);
    for (int64_t i = 0, k = -1; i < a->count; i++) {
        if (i == 0 || x[i] != x[i - 1]) values->data[++k] = x[i];
        counts->data[k]++;
    }
    return 2;
}

/* local counts, edges = a:histogram(bins, { low, high }): equal bins, each with its lower edge, the last with both. What
 * lies outside, or is NaN, is not counted; without a range, from the least to the largest finite element. */
static int histogram(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "histogram");
    const int64_t bins = mlrt__array_whole(L, 2, "histogram", "bins", 1, 10);
    double low = INFINITY, high = -INFINITY;
    if (lua_isnoneornil(L, 3)) {
        for (int64_t i = 0; i < a->count; i++) {
            if (!isfinite(a->data[i])) continue;
            low = fmin(low, a->data[i]);
            high = fmax(high, a->data[i]);
        }
        if (low > high) low = 0, high = 1;
        if (low == high) low -= 0.5, high += 0.5;
    } else {
        const mlrt__array *range = mlrt__array_rank(L, 3, "histogram", 1);
        if (range->count == 2) low = range->data[0], high = range->data[1];
        if (!(low < high)) return luaL_error(L, "histogram: a range is { low, high } with low below high");
    }
    mlrt__array *counts = mlrt__array_vector(L, "histogram", bins),
                *edges = mlrt__array_vector(L, "histogram", bins + 1);
    for (int64_t i = 0; i < bins; i++) edges->data[i] = low + (high - low) * (double)i / (double)bins;
    edges->data[bins] = high;
    for (int64_t i = 0; i < a->count; i++) {
        const double x = a->data[i];
        if (!(x >= low && x <= high)) continue;
        int64_t k = (int64_t)((x - low) / (high - low) * (double)bins);
        k = k >= bins ? bins - 1 : k;
        k -= k > 0 && x < edges->data[k]; /* the edges decide, not the rounding of the division */
        k += k + 1 < bins && x >= edges->data[k + 1];
        counts->data[k]++;
    }
    return 2;
}

const luaL_Reg mlrt__array_order[] = {
    {"sort", sort},     {"argsort", argsort}, {"cumsum", cumsum},       {"quantile", quantile},
    {"median", median}, {"unique", unique},   {"histogram", histogram}, {0}};
