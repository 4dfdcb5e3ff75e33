/* array_shape.c - the same elements in another shape or order: reshape, transpose, slice, take, concat. */
#include "dsl/array.h"
#include <string.h>

/* local rows, columns = a:shape() */
static int shape(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "shape");
    luaL_checkstack(L, a->shape.rank, NULL);
    for (int32_t i = 0; i < a->shape.rank; i++) lua_pushinteger(L, a->shape.dim[i]);
    return a->shape.rank;
}

static int rank(lua_State *L) {
    lua_pushinteger(L, mlrt__array_arg(L, 1, "rank")->shape.rank);
    return 1;
}

static int size(lua_State *L) {
    lua_pushinteger(L, mlrt__array_arg(L, 1, "size")->count);
    return 1;
}

static int copy(lua_State *L) {
    mlrt__array_copy(L, "copy", mlrt__array_arg(L, 1, "copy"));
    return 1;
}

/* a:reshape(2, -1): one dimension may be -1, what is left. */
static int reshape(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "reshape");
    mlrt_shape to = mlrt__array_shape_arg(L, 2, "reshape");
    int64_t known = 1;
    int32_t free = -1, frees = 0;
    for (int32_t i = 0; i < to.rank; i++) {
        if (to.dim[i] < 0) free = i, frees++;
        if (to.dim[i] >= 0) known *= to.dim[i];
    }
    if (frees == 1 && known > 0 && a->count % known == 0) to.dim[free] = a->count / known, known = a->count;
    if (frees > 1 || known != a->count) {
        char from_text[MLRT_SHAPE_TEXT], to_text[MLRT_SHAPE_TEXT];
        return luaL_error(L, "reshape: shape %s does not fit in %s",
                          mlrt_shape_text(&a->shape, from_text, sizeof from_text),
                          mlrt_shape_text(&to, to_text, sizeof to_text));
    }
    mlrt__array *out = mlrt__array_copy(L, "reshape", a);
    out->shape = to;
    return 1;
}

static int flatten(lua_State *L) {
    mlrt__array *out = mlrt__array_copy(L, "flatten", mlrt__array_arg(L, 1, "flatten"));
    out->shape = MLRT_SHAPE_OF(out->count);
    return 1;
}

/* Copy the elements of `a` that lie at `start` + sum of index * stride, in the order of the shape of `out`. */
static void gather(const mlrt__array *a, int64_t start, const int64_t *stride, mlrt__array *out) {
    int64_t index[MLRT_MAX_RANK] = {0}, at = start;
    for (int64_t i = 0; i < out->count; i++) {
        out->data[i] = a->data[at];
        for (int32_t d = out->shape.rank - 1; d >= 0; d--) {
            at += stride[d];
            if (++index[d] < out->shape.dim[d]) break;
            at -= stride[d] * out->shape.dim[d];
            index[d] = 0;
        }
    }
}

static void strides(const mlrt_shape *s, int64_t *stride) {
    for (int64_t i = s->rank - 1, below = 1; i >= 0; below *= s->dim[i], i--) stride[i] = below;
}

/* a:transpose() turns the axes round; a:transpose(2, 3, 1) puts axis 2 first, then 3, then 1. */
static int transpose(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "transpose");
    const int32_t n = a->shape.rank, given = lua_gettop(L) - 1;
    int64_t from[MLRT_MAX_RANK], stride[MLRT_MAX_RANK];
    bool used[MLRT_MAX_RANK] = {false};
    mlrt_shape to = {.rank = n};
    if (given != 0 && given != n) return luaL_error(L, "transpose: %d axes for %d dimensions", given, n);
    strides(&a->shape, from);
    for (int32_t i = 0; i < n; i++) {
        const int32_t axis = given ? mlrt__array_axis(L, i + 2, "transpose", a, 0) : n - 1 - i;
        if (used[axis]) return luaL_error(L, "transpose: axis %d is given twice", axis + 1);
        used[axis] = true;
        to.dim[i] = a->shape.dim[axis];
        stride[i] = from[axis];
    }
    gather(a, 0, stride, mlrt__array_new(L, "transpose", &to));
    return 1;
}

/* ---- parts ---- */

typedef struct range {
    int64_t first, step, count;
} range;

/* first .. last of n by step, as string.sub counts and cuts; step may be negative. */
static range range_of(lua_State *L, const char *what, int64_t n, int64_t first, int64_t last, int64_t step) {
    if (first < 0) first += n + 1;
    if (last < 0) last += n + 1;
    int64_t count = 0;
    if (step > 0) {
        first = first < 1 ? 1 : first, last = last > n ? n : last;
        count = (last - first + step) / step;
    } else if (step < 0) {
        first = first > n ? n : first, last = last < 1 ? 1 : last;
        count = (last - first + step) / step;
    } else {
        luaL_error(L, "%s: the step must not be zero", what);
    }
    return (range){.first = first - 1, .step = step, .count = count < 0 ? 0 : count};
}

/* The table { first, last, step } at an index; what it leaves out, or no table at all, means the whole axis. */
static range range_arg(lua_State *L, int index, const char *what, int64_t n) {
    int64_t value[3] = {1, -1, 1};
    if (!lua_isnoneornil(L, index)) luaL_checktype(L, index, LUA_TTABLE);
    for (int i = 2; i >= 0 && lua_istable(L, index); i--) {
        if (lua_geti(L, index, i + 1) != LUA_TNIL)
            value[i] = mlrt__array_whole(L, -1, what, "bound", INT64_MIN, 0);
        else if (value[2] < 0)
            value[i] = i == 0 ? -1 : 1;
        lua_pop(L, 1);
    }
    return range_of(L, what, n, value[0], value[1], value[2]);
}

static int take_ranges(lua_State *L, const char *what, const mlrt__array *a, const range *r) {
    int64_t stride[MLRT_MAX_RANK], start = 0;
    mlrt_shape to = {.rank = a->shape.rank};
    strides(&a->shape, stride);
    for (int32_t i = 0; i < to.rank; i++) {
        to.dim[i] = r[i].count;
        start += r[i].first * stride[i];
        stride[i] *= r[i].step;
    }
    gather(a, start, stride, mlrt__array_new(L, what, &to));
    return 1;
}

/* a:slice({ 2, 5 }, {}, { -1, 1, -1 }): rows 2 to 5, all columns, the third axis backwards */
static int slice(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "slice");
    if (lua_gettop(L) - 1 > a->shape.rank)
        return luaL_error(L, "slice: %d ranges for %d dimension%s", lua_gettop(L) - 1, a->shape.rank,
                          a->shape.rank == 1 ? "" : "s");
    range r[MLRT_MAX_RANK];
    for (int32_t i = 0; i < a->shape.rank; i++) r[i] = range_arg(L, i + 2, "slice", a->shape.dim[i]);
    return take_ranges(L, "slice", a, r);
}

/* Arguments 2 and 3 as first and last along one axis. */
static int slice_axis(lua_State *L, const char *what, int32_t axis) {
    const mlrt__array *a = mlrt__array_arg(L, 1, what);
    if (axis >= a->shape.rank) return luaL_error(L, "%s: the array has only one dimension", what);
    const int64_t first = mlrt__array_whole(L, 2, what, "first", INT64_MIN, 1);
    const int64_t last = mlrt__array_whole(L, 3, what, "last", INT64_MIN, -1);
    range r[MLRT_MAX_RANK];
    for (int32_t i = 0; i < a->shape.rank; i++)
        r[i] = range_of(L, what, a->shape.dim[i], i == axis ? first : 1, i == axis ? last : -1, 1);
    return take_ranges(L, what, a, r);
}

static int rows(lua_State *L) { return slice_axis(L, "rows", 0); }
static int columns(lua_State *L) { return slice_axis(L, "columns", 1); }

/* a:take(indices, axis): the rows, or positions along an axis, of these numbers, in their order. */
static int take(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "take"), *indices = mlrt__array_rank(L, 2, "take", 1);
    const int32_t axis = mlrt__array_axis(L, 3, "take", a, 0);
    const mlrt__lanes lanes = mlrt__array_lanes(&a->shape, axis);
    mlrt_shape to = a->shape;
    to.dim[axis] = indices->count;
    mlrt__array *out = mlrt__array_new(L, "take", &to);
    for (int64_t k = 0; k < indices->count; k++) {
        lua_pushnumber(L, indices->data[k]);
        const int64_t from = mlrt__array_position(L, -1, "take", lanes.n);
        lua_pop(L, 1);
        for (int64_t o = 0; o < lanes.outer; o++)
            memcpy(out->data + (o * indices->count + k) * lanes.inner, a->data + (o * lanes.n + from) * lanes.inner,
                   (size_t)lanes.inner * sizeof(double));
    }
    return 1;
}

/* a:nonzero(): the indices of the elements of a vector that are not 0; x:take(x:gt(0):nonzero()) */
static int nonzero(lua_State *L) {
    const mlrt__array *a = mlrt__array_rank(L, 1, "nonzero", 1);
    int64_t count = 0;
    for (int64_t i = 0; i < a->count; i++) count += a->data[i] != 0;
    mlrt__array *out = mlrt__array_vector(L, "nonzero", count);
    for (int64_t i = 0, k = 0; i < a->count; i++)
        if (a->data[i] != 0) out->data[k++] = (double)(i + 1);
    return 1;
}

/* a:flip(axis) */
static int flip(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "flip");
    const int32_t axis = mlrt__array_axis(L, 2, "flip", a, 0);
    range r[MLRT_MAX_RANK];
    for (int32_t i = 0; i < a->shape.rank; i++)
        r[i] = i == axis ? range_of(L, "flip", a->shape.dim[i], -1, 1, -1)
                         : range_of(L, "flip", a->shape.dim[i], 1, -1, 1);
    return take_ranges(L, "flip", a, r);
}

/* The diagonal of a matrix, or the matrix of a diagonal. */
static int diag(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "diag");
    if (a->shape.rank == 1) {
        mlrt__array *out = mlrt__array_matrix(L, "diag", a->count, a->count);
        for (int64_t i = 0; i < a->count; i++) out->data[i * (a->count + 1)] = a->data[i];
        return 1;
    }
    mlrt__array_rank(L, 1, "diag", 2);
    const int64_t n = a->shape.dim[0] < a->shape.dim[1] ? a->shape.dim[0] : a->shape.dim[1];
    mlrt__array *out = mlrt__array_vector(L, "diag", n);
    for (int64_t i = 0; i < n; i++) out->data[i] = a->data[i * (a->shape.dim[1] + 1)];
    return 1;
}

/* ---- together ---- */

/* array.concat({ a, b, ... }, axis): one after the other along an axis that they all have. */
static int concat(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    const int64_t n = luaL_len(L, 1);
    if (n < 1) return luaL_error(L, "concat: nothing to put together");
    luaL_checkstack(L, (int)(n < 1000000 ? n + 8 : 1000000), "concat: too many arrays");
    int32_t axis = 0;
    mlrt_shape to = {0};
    for (int64_t k = 0; k < n; k++) {
        lua_geti(L, 1, k + 1);
        const mlrt__array *a = mlrt__array_arg(L, -1, "concat");
        if (k == 0) axis = mlrt__array_axis(L, 2, "concat", a, 0), to = a->shape, to.dim[axis] = 0;
        mlrt_shape like = a->shape;
        if (like.rank == to.rank) like.dim[axis] = to.dim[axis];
        if (!mlrt_shape_equal(&like, &to)) {
            char first[MLRT_SHAPE_TEXT], text[MLRT_SHAPE_TEXT];
            return luaL_error(L, "concat: shapes %s and %s do not fit along axis %d",
                              mlrt_shape_text(&mlrt__array_test(L, 3)->shape, first, sizeof first),
                              mlrt_shape_text(&a->shape, text, sizeof text), axis + 1);
        }
        to.dim[axis] += a->shape.dim[axis];
    }
    mlrt__array *out = mlrt__array_new(L, "concat", &to);
    const mlrt__lanes all = mlrt__array_lanes(&to, axis);
    for (int64_t k = 0, at = 0; k < n; k++) {
        const mlrt__array *a = mlrt__array_test(L, (int)(3 + k));
        const int64_t run = a->shape.dim[axis] * all.inner;
        for (int64_t o = 0; o < all.outer; o++)
            memcpy(out->data + o * all.n * all.inner + at, a->data + o * run, (size_t)run * sizeof(double));
        at += run;
    }
    return 1;
}

/* array.stack { a, b, ... }: along a new first axis. */
static int stack(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    mlrt__array_arg(L, 1, "stack");
    lua_settop(L, 1);
    return 1;
}

/* ---- out ---- */

static void push_table(lua_State *L, const mlrt_shape *s, int32_t axis, const double **data) {
    if (axis == s->rank) {
        lua_pushnumber(L, *(*data)++);
        return;
    }
    lua_createtable(L, (int)s->dim[axis], 0);
    for (int64_t i = 1; i <= s->dim[axis]; i++) {
        push_table(L, s, axis + 1, data);
        lua_rawseti(L, -2, i);
    }
}

/* a:totable(): nested tables of numbers */
static int totable(lua_State *L) {
    const mlrt__array *a = mlrt__array_arg(L, 1, "totable");
    const double *data = a->data;
    luaL_checkstack(L, MLRT_MAX_RANK + 1, NULL);
    push_table(L, &a->shape, 0, &data);
    return 1;
}

const luaL_Reg mlrt__array_shaping[] = {
    {"shape", shape},
    {"rank", rank},
    {"size", size},
    {"copy", copy},
    {"reshape", reshape},
    {"flatten", flatten},
    {"T", transpose},
    {"transpose", transpose},
    {"rows", rows},
    {"columns", columns},
    {"slice", slice},
    {"take", take},
    {"nonzero", nonzero},
    {"flip", flip},
    {"diag", diag},
    {"concat", concat},
    {"stack", stack},
    {"totable", totable},
    {0},
};
