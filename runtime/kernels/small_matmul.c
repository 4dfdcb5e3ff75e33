/* small_matmul.c - matrix products that are over before a library call or a team of threads has begun. */
#include "kernels/lanes.h"
#include "kernels/matmul.h"

/* A tile of ROWS x COLUMNS results stays in registers while DEPTH rows of b stay in the first-level cache. */
enum { COLUMNS = 2 * MLRT__LANES, ROWS = MLRT__LANES == 16 ? 12 : 6, DEPTH = 256 };

typedef struct tile {
    const float *a, *b, *bias; /* bias NULL: none */
    float *y;
    int64_t depth, columns, a_row, a_column, b_row, y_row;
    bool first, last, relu; /* first, last: of the parts of a long sum */
} tile;

MLRT__INLINE mlrt__lanes load(const tile *t, const float *p, int v) {
    const int64_t left = t->columns - v * MLRT__LANES;
    return left >= MLRT__LANES ? mlrt__load(p + v * MLRT__LANES) : mlrt__load_part(p + v * MLRT__LANES, left);
}

MLRT__INLINE void store(const tile *t, float *p, int v, mlrt__lanes x) {
    const int64_t left = t->columns - v * MLRT__LANES;
    if (left >= MLRT__LANES)
        mlrt__store(p + v * MLRT__LANES, x);
    else
        mlrt__store_part(p + v * MLRT__LANES, x, left);
}

/* rows and vectors are constants at every call, so that the sums are registers. */
MLRT__INLINE void run_tile(const tile *t, int rows, int vectors) {
    mlrt__lanes sum[ROWS][2] = {0};
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) {
            if (!t->first)
                sum[r][v] = load(t, t->y + r * t->y_row, v);
            else if (t->bias)
                sum[r][v] = load(t, t->bias, v);
        }
    const float *a = t->a, *b = t->b;
    for (int64_t k = 0; k < t->depth; k++, a += t->a_column, b += t->b_row) {
        mlrt__lanes x[2];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) x[v] = mlrt__load(b + v * MLRT__LANES);
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) sum[r][v] += a[r * t->a_row] * x[v];
    }
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++)
            store(t, t->y + r * t->y_row, v, t->relu && t->last ? mlrt__relu_lanes(sum[r][v]) : sum[r][v]);
}

#if MLRT__LANES == 16
#    define TILES(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#else
#    define TILES(X) X(1) X(2) X(3) X(4) X(5) X(6)
#endif

#define TILE(rows)                                                                                                     \
    static void tile_##rows(const tile *t) {                                                                           \
        if (t->columns > MLRT__LANES)                                                                                  \
            run_tile(t, rows, 2);                                                                                      \
        else                                                                                                           \
            run_tile(t, rows, 1);                                                                                      \
    }
TILES(TILE)

#define TILE_NAME(rows) tile_##rows,
static void (*const tile_of[])(const tile *) = {NULL, TILES(TILE_NAME)};

/* Rows of b side by side, the last columns filled up with zeros. */
static void pack(const float *b, const mlrt__matrix *at, int64_t depth, int64_t columns, float *panel) {
    if (at->column != 1) {
        if (columns < COLUMNS) memset(panel, 0, sizeof(float) * (size_t)(depth * COLUMNS));
        mlrt__transpose(b, at->column, panel, COLUMNS, columns, depth);
        return;
    }
    const int64_t half = columns > MLRT__LANES ? MLRT__LANES : columns, rest = columns - half;
    for (int64_t k = 0; k < depth; k++) {
        mlrt__store(panel + k * COLUMNS, mlrt__load_part(b + k * at->row, half));
        mlrt__store(panel + k * COLUMNS + MLRT__LANES, mlrt__load_part(b + k * at->row + half, rest));
    }
}

/* The results in columns j .. j + columns, one part of the sum after the other. */
static void run_columns(const mlrt__product *p, const float *a, const float *b, float *y, tile *t, float *panel) {
    for (int64_t k = 0; k == 0 || k < p->k; k += DEPTH) {
        const float *part = b + k * p->b.row;
        t->depth = p->k - k < DEPTH ? p->k - k : DEPTH;
        t->first = k == 0;
        t->last = k + t->depth == p->k;
        const bool in_place = p->b.column == 1 && t->columns == COLUMNS && p->m <= 2 * ROWS;
        if (!in_place) pack(part, &p->b, t->depth, t->columns, panel);
        t->b = in_place ? part : panel;
        t->b_row = in_place ? p->b.row : COLUMNS;
        for (int64_t i = 0; i < p->m; i += ROWS) {
            t->a = a + i * p->a.row + k * p->a.column;
            t->y = y + i * p->n;
            tile_of[p->m - i < ROWS ? p->m - i : ROWS](t);
        }
    }
}

static void run_product(const mlrt__product *p, const float *a, const float *b, const float *bias, float *y) {
    _Alignas(64) float panel[DEPTH * COLUMNS];
    tile t = {.a_row = p->a.row, .a_column = p->a.column, .y_row = p->n, .relu = p->relu};
    for (int64_t j = 0; j < p->n; j += COLUMNS) {
        t.columns = p->n - j < COLUMNS ? p->n - j : COLUMNS;
        t.bias = bias ? bias + j : NULL;
        run_columns(p, a, b + j * p->b.column, y + j, &t, panel);
    }
}

static void run_small_matmul(const mlrt_call *c) {
    const mlrt__product *p = c->state;
    const float *a = c->in[0].data, *b = c->in[1].data, *bias = c->inputs > 2 ? c->in[2].data : NULL;
    float *y = c->out.data;
    const bool team =
        p->batch > 1 && mlrt__worth_threads((double)p->batch * (double)(p->m * p->n) * (double)(p->k + 1));
#pragma omp parallel for num_threads(mlrt__threads()) if (team)
    for (int64_t i = 0; i < p->batch; i++)
        run_product(p, a + i * p->a.batch, b + i * p->b.batch, bias, y + i * p->m * p->n);
}

const mlrt__kernel MLRT_KERNELS(small_matmul)[] = {
    {MLRT__SMALL_MATMUL, .run = run_small_matmul},
    {0},
};
