/* array_reduce.c - sums, means, extremes: over all elements, or along one axis.
 *
 * a:sum() is a number; a:sum(1) sums over the first axis, which disappears; a:sum(1, true) keeps it with length 1, so
 * that the result broadcasts against a.
 */
#include "dsl/array.h"
#include <math.h>

/* A lane: n numbers, `step` apart. */
typedef double reduction(const double *x, int64_t n, int64_t step);

/* Neumaier 1974: what rounding loses is added up beside the sum. */
static double sum(const double *x, int64_t n, int64_t step) {
    double total = 0, lost = 0;
    for (int64_t i = 0; i < n; i++) {
        const double next = x[i * step], t = total + next;
        lost += fabs(total) >= fabs(next) ? (total - t) + next : (next - t) + total;
        total = t;
    }
    return isfinite(total) ? total + lost : total;
}

static double mean(const double *x, int64_t n, int64_t step) { return sum(x, n, step) / (double)n; }

/* Of the population: divided by n. */
static double variance(const double *x, int64_t n, int64_t step) {
    const double m = mean(x, n, step);
    double total = 0;
    for (int64_t i = 0; i < n; i++) total += (x[i * step] - m) * (x[i * step] - m);
    return total / (double)n;
}

static double deviation(const double *x, int64_t n, int64_t step) { return sqrt(variance(x, n, step)); }

static double product(const double *x, int64_t n, int64_t step) {
    double total = 1;
    for (int64_t i = 0; i < n; i++) total *= x[i * step];
    return total;
}

/* Euclidean, scaled so that squares neither overflow nor vanish. */
static double norm(const double *x, int64_t n, int64_t step) {
    double largest = 0, total = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(x[i * step])) return x[i * step];
        largest = fmax(largest, fabs(x[i * step]));
    }
    if (largest == 0 || isinf(largest)) return largest;
    for (int64_t i = 0; i < n; i++) total += (x[i * step] / largest) * (x[i * step] / largest);
    return largest * sqrt(total);
}

static double any(const double *x, int64_t n, int64_t step) {
    for (int64_t i = 0; i < n; i++)
        if (x[i * step] != 0) return 1;
    return 0;
}

static double all(const double *x, int64_t n, int64_t step) {
    for (int64_t i = 0; i < n; i++)
        if (x[i * step] == 0) return 0;
    return 1;
}

/* The position of the first extreme; a NaN is the extreme of all. */
static int64_t extreme(const double *x, int64_t n, int64_t step, double direction) {
    int64_t best = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(x[i * step])) return i;
        if (direction * x[i * step] > direction * x[best * step]) best = i;
    }
    return best;
}

static double least(const double *x, int64_t n, int64_t step) { return x[step * extreme(x, n, step, -1)]; }
static double most(const double *x, int64_t n, int64_t step) { return x[step * extreme(x, n, step, 1)]; }
static double where_least(const double *x, int64_t n, int64_t step) { return (double)(1 + extreme(x, n, step, -1)); }
static double where_most(const double *x, int64_t n, int64_t step) { return (double)(1 + extreme(x, n, step, 1)); }

/* Shannon's, in nats, of weights that need not add up to 1. */
static double entropy(const double *x, int64_t n, int64_t step) {
    const double total = sum(x, n, step);
    double h = 0;
    for (int64_t i = 0; i < n; i++) {
        const double p = x[i * step] / total;
        if (!(p >= 0)) return NAN;
        if (p > 0) h -= p * log(p);
    }
    return h + 0.0;
}

typedef enum result { NUMBER, POSITION, TRUTH } result; /* in Lua, of a single lane: a float, an integer, a boolean */

static const struct {
    const char *name;
    reduction *f;
    result result;
    bool empty; /* has a value for no elements */
} reductions[] = {
    {"sum", sum, NUMBER, true},
    {"mean", mean, NUMBER, false},
    {"var", variance, NUMBER, false},
    {"std", deviation, NUMBER, false},
    {"prod", product, NUMBER, true},
    {"norm", norm, NUMBER, true},
    {"min", least, NUMBER, false},
    {"max", most, NUMBER, false},
    {"any", any, TRUTH, true},
    {"all", all, TRUTH, true},
    {"entropy", entropy, NUMBER, false},
    {"argmin", where_least, POSITION, false},
    {"argmax", where_most, POSITION, false},
};

/* All indices of the flat position i: a:get(a:argmax()) is a:max(). */
static int push_indices(lua_State *L, const mlrt_shape *shape, int64_t i) {
    luaL_checkstack(L, shape->rank, NULL);
    for (int32_t d = 0; d < shape->rank; d++) {
        int64_t below = 1;
        for (int32_t e = d + 1; e < shape->rank; e++) below *= shape->dim[e];
        lua_pushinteger(L, i / below % shape->dim[d] + 1);
    }
    return shape->rank;
}

static int push_result(lua_State *L, result kind, double value) {
    if (kind == NUMBER) lua_pushnumber(L, value);
    if (kind == POSITION) lua_pushinteger(L, (lua_Integer)value);
    if (kind == TRUTH) lua_pushboolean(L, value != 0);
    return 1;
}

static int reduce(lua_State *L) {
    const lua_Integer row = lua_tointeger(L, lua_upvalueindex(1));
    const char *what = reductions[row].name;
    const mlrt__array *a = mlrt__array_arg(L, 1, what);
    const int32_t axis = mlrt__array_axis(L, 2, what, a, -1);
    const int64_t length = axis < 0 ? a->count : a->shape.dim[axis];
    if (length == 0 && !reductions[row].empty) {
        char text[MLRT_SHAPE_TEXT];
        return luaL_error(L, "%s: no elements in shape %s", what, mlrt_shape_text(&a->shape, text, sizeof text));
    }
    const bool keep = lua_toboolean(L, 3);
    if (axis < 0 && reductions[row].result == POSITION)
        return push_indices(L, &a->shape, (int64_t)reductions[row].f(a->data, length, 1) - 1);
    if (axis < 0 || (a->shape.rank == 1 && !keep))
        return push_result(L, reductions[row].result, reductions[row].f(a->data, length, 1));
    mlrt_shape shape = a->shape;
    const mlrt__lanes lanes = mlrt__array_lanes(&shape, axis);
    shape.dim[axis] = 1;
    for (int32_t i = axis; !keep && i + 1 < shape.rank; i++) shape.dim[i] = shape.dim[i + 1];
    shape.rank -= !keep;
    mlrt__array *out = mlrt__array_new(L, what, &shape);
    for (int64_t o = 0; o < lanes.outer; o++)
        for (int64_t i = 0; i < lanes.inner; i++)
            out->data[o * lanes.inner + i] =
                reductions[row].f(a->data + o * lanes.n * lanes.inner + i, lanes.n, lanes.inner);
    return 1;
}

void mlrt__array_add_reductions(lua_State *L, int functions) {
    for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++) {
        lua_pushinteger(L, (lua_Integer)i);
        lua_pushcclosure(L, reduce, 1);
        lua_setfield(L, functions, reductions[i].name);
    }
}
