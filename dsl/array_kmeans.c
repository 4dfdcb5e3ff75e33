/* array_kmeans.c - k-means: Lloyd 1982, begun as k-means++ says (Arthur and Vassilvitskii 2007). */
#include "dsl/array.h"
#include "dsl/random.h"
#include <float.h>
#include <math.h>
#include <string.h>

typedef struct kmeans {
    const double *x; /* [n, d] */
    int64_t n, d, k;
    double *centers;  /* [k, d] */
    int64_t *label;   /* [n] */
    double *distance; /* [n]: squared, to the nearest centre */
    double *weight;   /* [k] */
    int64_t iterations;
    double inertia; /* the sum of distance */
} kmeans;

static double squared_distance(const double *a, const double *b, int64_t d) {
    double total = 0;
    for (int64_t i = 0; i < d; i++) total += (a[i] - b[i]) * (a[i] - b[i]);
    return total;
}

/* A row with a probability in proportion to its distance; any when all distances are 0. */
static int64_t draw_row(const kmeans *m, mlrt__generator *g) {
    double total = 0;
    for (int64_t i = 0; i < m->n; i++) total += m->distance[i];
    if (!(total > 0)) return (int64_t)mlrt__generator_below(g, (uint64_t)m->n);
    double left = mlrt__generator_uniform(g) * total;
    int64_t last = 0;
    for (int64_t i = 0; i < m->n; i++) {
        if (m->distance[i] > 0) last = i;
        left -= m->distance[i];
        if (left < 0) break;
    }
    return last;
}

static void place_center(kmeans *m, int64_t c, int64_t row) {
    memcpy(m->centers + c * m->d, m->x + row * m->d, (size_t)m->d * sizeof(double));
}

static void begin(kmeans *m, mlrt__generator *g) {
    for (int64_t i = 0; i < m->n; i++) m->distance[i] = DBL_MAX, m->label[i] = -1;
    place_center(m, 0, (int64_t)mlrt__generator_below(g, (uint64_t)m->n));
    for (int64_t c = 1; c < m->k; c++) {
        for (int64_t i = 0; i < m->n; i++)
            m->distance[i] = fmin(m->distance[i], squared_distance(m->x + i * m->d, m->centers + (c - 1) * m->d, m->d));
        place_center(m, c, draw_row(m, g));
    }
}

/* Every row to its nearest centre; true when one changed. */
static bool assign(kmeans *m) {
    bool changed = false;
    m->inertia = 0;
    for (int64_t i = 0; i < m->n; i++) {
        int64_t best = 0;
        double least = INFINITY;
        for (int64_t c = 0; c < m->k; c++) {
            const double d = squared_distance(m->x + i * m->d, m->centers + c * m->d, m->d);
            if (d < least) least = d, best = c;
        }
        changed |= m->label[i] != best;
        m->label[i] = best;
        m->distance[i] = least;
        m->inertia += least;
    }
    return changed;
}

/* Every centre to the mean of its rows; one without rows to the row that is farthest from its own. */
static void move(kmeans *m) {
    memset(m->centers, 0, (size_t)(m->k * m->d) * sizeof(double));
    memset(m->weight, 0, (size_t)m->k * sizeof(double));
    for (int64_t i = 0; i < m->n; i++) {
        m->weight[m->label[i]]++;
        for (int64_t j = 0; j < m->d; j++) m->centers[m->label[i] * m->d + j] += m->x[i * m->d + j];
    }
    for (int64_t c = 0; c < m->k; c++) {
        for (int64_t j = 0; m->weight[c] > 0 && j < m->d; j++) m->centers[c * m->d + j] /= m->weight[c];
        if (m->weight[c] > 0) continue;
        int64_t far = 0;
        for (int64_t i = 1; i < m->n; i++)
            if (m->distance[i] > m->distance[far]) far = i;
        place_center(m, c, far);
        m->distance[far] = 0;
    }
}

static int64_t option(lua_State *L, int index, const char *name, int64_t least, int64_t missing) {
    if (lua_isnoneornil(L, index)) return missing;
    luaL_checktype(L, index, LUA_TTABLE);
    lua_getfield(L, index, name);
    const int64_t value = mlrt__array_whole(L, -1, "kmeans", name, least, missing);
    lua_pop(L, 1);
    return value;
}

/* a:kmeans(k, { seed = 0, runs = 8, iterations = 300 }): the rows of a in k groups, the best of some runs. Gives
 * { centers [k, d], labels [n] of 1 .. k, inertia, iterations }; inertia is the sum of squared distances. */
static int array_kmeans(lua_State *L) {
    const mlrt__array *a = mlrt__array_rank(L, 1, "kmeans", 2);
    const int64_t k = mlrt__array_whole(L, 2, "kmeans", "k", 1, 1), runs = option(L, 3, "runs", 1, 8);
    const int64_t most = option(L, 3, "iterations", 1, 300);
    if (k > a->shape.dim[0])
        return luaL_error(L, "kmeans: %I groups of %I rows", (LUAI_UACINT)k, (LUAI_UACINT)a->shape.dim[0]);
    for (int64_t i = 0; i < a->count; i++)
        if (!isfinite(a->data[i])) return luaL_error(L, "kmeans: the array holds a value that is not finite");
    mlrt__generator g = mlrt__generator_of((uint64_t)option(L, 3, "seed", INT64_MIN, 0));

    kmeans m = {.x = a->data, .n = a->shape.dim[0], .d = a->shape.dim[1], .k = k};
    m.distance = mlrt__array_scratch(L, "kmeans", m.n, sizeof(double));
    m.weight = mlrt__array_scratch(L, "kmeans", k, sizeof(double));
    m.label = mlrt__array_scratch(L, "kmeans", m.n, sizeof(int64_t));
    m.centers = mlrt__array_scratch(L, "kmeans", k * m.d, sizeof(double));
    lua_createtable(L, 0, 4);
    mlrt__array *centers = mlrt__array_matrix(L, "kmeans", k, m.d);
    lua_setfield(L, -2, "centers");
    mlrt__array *labels = mlrt__array_vector(L, "kmeans", m.n);
    lua_setfield(L, -2, "labels");

    double inertia = INFINITY;
    int64_t iterations = 0;
    for (int64_t run = 0; run < runs; run++) {
        begin(&m, &g);
        for (m.iterations = 1; assign(&m) && m.iterations < most; m.iterations++) move(&m);
        if (m.inertia >= inertia) continue;
        inertia = m.inertia, iterations = m.iterations;
        memcpy(centers->data, m.centers, (size_t)(k * m.d) * sizeof(double));
        for (int64_t i = 0; i < m.n; i++) labels->data[i] = (double)(m.label[i] + 1);
    }
    lua_pushnumber(L, inertia);
    lua_setfield(L, -2, "inertia");
    lua_pushinteger(L, iterations);
    lua_setfield(L, -2, "iterations");
    return 1;
}

const luaL_Reg mlrt__array_clusters[] = {{"kmeans", array_kmeans}, {0}};
