/* array_elements.c - element by element: arithmetic with broadcasting, comparisons, functions of one variable.
 *
 * Shapes are matched from the last axis; an axis of 1 is repeated, and a missing one counts as 1.
 */
#include "dsl/array.h"
#include <math.h>

/* ---- broadcasting ---- */

enum { MOST_OPERANDS = 3 };

typedef struct walk {
    int operands;
    mlrt_shape shape;
    const double *at[MOST_OPERANDS];
    int64_t stride[MOST_OPERANDS][MLRT_MAX_RANK];
    int64_t index[MLRT_MAX_RANK];
} walk;

static void mismatch(lua_State *L, const char *what, const mlrt_shape *a, const mlrt_shape *b) {
    char ta[MLRT_SHAPE_TEXT], tb[MLRT_SHAPE_TEXT];
    luaL_error(L, "%s: shapes %s and %s do not fit", what, mlrt_shape_text(a, ta, sizeof ta),
               mlrt_shape_text(b, tb, sizeof tb));
}

static mlrt_shape common_shape(lua_State *L, const char *what, const mlrt_shape *a, const mlrt_shape *b) {
    mlrt_shape shape = {.rank = a->rank > b->rank ? a->rank : b->rank};
    for (int32_t i = 1; i <= shape.rank; i++) {
        const int64_t x = i <= a->rank ? a->dim[a->rank - i] : 1, y = i <= b->rank ? b->dim[b->rank - i] : 1;
        if (x != y && x != 1 && y != 1) mismatch(L, what, a, b);
        shape.dim[shape.rank - i] = x == 1 ? y : x;
    }
    return shape;
}

/* Start at the first element of arguments 1 .. operands. */
static walk walk_arguments(lua_State *L, const char *what, int operands) {
    walk w = {.operands = operands};
    const mlrt__array *a[MOST_OPERANDS];
    for (int k = 0; k < operands; k++) {
        a[k] = mlrt__array_arg(L, k + 1, what);
        w.shape = k == 0 ? a[k]->shape : common_shape(L, what, &w.shape, &a[k]->shape);
        w.at[k] = a[k]->data;
    }
    for (int k = 0; k < operands; k++) {
        const mlrt_shape *s = &a[k]->shape;
        for (int64_t i = 1, stride = 1; i <= s->rank; stride *= s->dim[s->rank - i], i++)
            w.stride[k][w.shape.rank - i] = s->dim[s->rank - i] == 1 ? 0 : stride;
    }
    return w;
}

static void walk_on(walk *w) {
    for (int32_t d = w->shape.rank - 1; d >= 0; d--) {
        const bool wraps = ++w->index[d] == w->shape.dim[d];
        for (int k = 0; k < w->operands; k++) w->at[k] += w->stride[k][d];
        if (!wraps) return;
        w->index[d] = 0;
        for (int k = 0; k < w->operands; k++) w->at[k] -= w->stride[k][d] * w->shape.dim[d];
    }
}

/* ---- two variables ---- */

static double add(double a, double b) { return a + b; }
static double subtract(double a, double b) { return a - b; }
static double multiply(double a, double b) { return a * b; }
static double divide(double a, double b) { return a / b; }
static double floor_divide(double a, double b) { return floor(a / b); }

/* Lua's own %: the sign of the divisor. */
static double modulo(double a, double b) {
    const double m = fmod(a, b);
    return m * b < 0 ? m + b : m;
}

static double equal(double a, double b) { return a == b; }
static double not_equal(double a, double b) { return a != b; }
static double less(double a, double b) { return a < b; }
static double less_equal(double a, double b) { return a <= b; }
static double greater(double a, double b) { return a > b; }
static double greater_equal(double a, double b) { return a >= b; }
static double minimum(double a, double b) { return a < b || isnan(a) ? a : b; }
static double maximum(double a, double b) { return a > b || isnan(a) ? a : b; }

/* Comparisons give 1 where they hold and 0 elsewhere. */
static const struct {
    const char *name, *meta;
    double (*f)(double a, double b);
} binary[] = {
    {"add", "__add", add},
    {"sub", "__sub", subtract},
    {"mul", "__mul", multiply},
    {"div", "__div", divide},
    {"idiv", "__idiv", floor_divide},
    {"mod", "__mod", modulo},
    {"pow", "__pow", pow},
    {"eq", NULL, equal},
    {"ne", NULL, not_equal},
    {"lt", NULL, less},
    {"le", NULL, less_equal},
    {"gt", NULL, greater},
    {"ge", NULL, greater_equal},
    {"minimum", NULL, minimum},
    {"maximum", NULL, maximum},
    {"atan2", NULL, atan2},
    {"hypot", NULL, hypot},
};

static int apply_binary(lua_State *L) {
    const lua_Integer row = lua_tointeger(L, lua_upvalueindex(1));
    walk w = walk_arguments(L, binary[row].name, 2);
    mlrt__array *out = mlrt__array_new(L, binary[row].name, &w.shape);
    for (int64_t i = 0; i < out->count; i++, walk_on(&w)) out->data[i] = binary[row].f(*w.at[0], *w.at[1]);
    return 1;
}

/* ---- one variable ---- */

static double negative(double x) { return -x; }
static double square(double x) { return x * x; }
static double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
static double sigmoid(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }
static double is_nan(double x) { return isnan(x) != 0; }
static double is_finite(double x) { return isfinite(x) != 0; }

static const struct {
    const char *name, *meta;
    double (*f)(double x);
} unary[] = {
    {"neg", "__unm", negative}, {"abs", NULL, fabs},        {"sqrt", NULL, sqrt},
    {"square", NULL, square},   {"exp", NULL, exp},         {"expm1", NULL, expm1},
    {"log", NULL, log},         {"log1p", NULL, log1p},     {"log2", NULL, log2},
    {"log10", NULL, log10},     {"sin", NULL, sin},         {"cos", NULL, cos},
    {"tan", NULL, tan},         {"asin", NULL, asin},       {"acos", NULL, acos},
    {"atan", NULL, atan},       {"sinh", NULL, sinh},       {"cosh", NULL, cosh},
    {"tanh", NULL, tanh},       {"erf", NULL, erf},         {"floor", NULL, floor},
    {"ceil", NULL, ceil},       {"round", NULL, nearbyint}, {"sign", NULL, sign},
    {"sigmoid", NULL, sigmoid}, {"isnan", NULL, is_nan},    {"isfinite", NULL, is_finite},
};

static int apply_unary(lua_State *L) {
    const lua_Integer row = lua_tointeger(L, lua_upvalueindex(1));
    const mlrt__array *a = mlrt__array_arg(L, 1, unary[row].name);
    mlrt__array *out = mlrt__array_new(L, unary[row].name, &a->shape);
    for (int64_t i = 0; i < a->count; i++) out->data[i] = unary[row].f(a->data[i]);
    return 1;
}

/* ---- others ---- */

/* a:map(f): f is called with each element. */
static int map(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "map");
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    mlrt__array *out = mlrt__array_new(L, "map", &a->shape);
    for (int64_t i = 0; i < a->count; i++) {
        lua_pushvalue(L, 2);
        lua_pushnumber(L, a->data[i]);
        lua_call(L, 1, 1);
        if (lua_type(L, -1) != LUA_TNUMBER)
            return luaL_error(L, "map: the function must return a number, got %s", luaL_typename(L, -1));
        out->data[i] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    return 1;
}

/* array.where(condition, a, b): a where the condition is not 0, else b. */
static int where(lua_State *L) {
    walk w = walk_arguments(L, "where", 3);
    mlrt__array *out = mlrt__array_new(L, "where", &w.shape);
    for (int64_t i = 0; i < out->count; i++, walk_on(&w)) out->data[i] = *w.at[0] != 0 ? *w.at[1] : *w.at[2];
    return 1;
}

/* a:clip(low, high); nil for no limit. */
static int clip(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "clip");
    const double low = luaL_optnumber(L, 2, -HUGE_VAL), high = luaL_optnumber(L, 3, HUGE_VAL);
    mlrt__array *out = mlrt__array_new(L, "clip", &a->shape);
    for (int64_t i = 0; i < a->count; i++) {
        const double x = a->data[i];
        out->data[i] = x < low ? low : x > high ? high : x;
    }
    return 1;
}

/* a:close_to(b, relative, absolute): |a - b| <= absolute + relative |b| everywhere. */
static int close_to(lua_State *L) {
    const double relative = luaL_optnumber(L, 3, 1e-9), absolute = luaL_optnumber(L, 4, 1e-12);
    lua_settop(L, 2);
    walk w = walk_arguments(L, "close_to", 2);
    const int64_t count = mlrt_shape_count(&w.shape);
    bool close = true;
    for (int64_t i = 0; close && i < count; i++, walk_on(&w)) {
        const double a = *w.at[0], b = *w.at[1];
        close = a == b || fabs(a - b) <= absolute + relative * fabs(b);
    }
    lua_pushboolean(L, close);
    return 1;
}

#define COUNT(rows) ((lua_Integer)(sizeof(rows) / sizeof *(rows)))
#define ADD_ROWS(rows, function)                                                                                       \
    for (lua_Integer i = 0; i < COUNT(rows); i++) {                                                                    \
        lua_pushinteger(L, i);                                                                                         \
        lua_pushcclosure(L, function, 1);                                                                              \
        if ((rows)[i].meta) lua_pushvalue(L, -1);                                                                      \
        if ((rows)[i].meta) lua_setfield(L, meta, (rows)[i].meta);                                                     \
        lua_setfield(L, functions, (rows)[i].name);                                                                    \
    }

void mlrt__array_add_elements(lua_State *L, int functions, int meta) {
    static const luaL_Reg others[] = {{"map", map}, {"where", where}, {"clip", clip}, {"close_to", close_to}, {0}};
    ADD_ROWS(binary, apply_binary)
    ADD_ROWS(unary, apply_unary)
    lua_pushvalue(L, functions);
    luaL_setfuncs(L, others, 0);
    lua_pop(L, 1);
}
