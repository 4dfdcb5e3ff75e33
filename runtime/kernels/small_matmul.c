/* small_matmul.c - matrix products that are over before a library call or a team of threads has begun. */
#include "kernels/gemm.h"
#include "kernels/matmul.h"
#include "kernels/team.h"

enum { DEPTH = 256 };           /* rows of a panel that stay in the first-level cache */
enum { BAND = 4 * MLRT__ROWS }; /* rows of y' that are turned back at once: a multiple of the lanes */

/* What a thread works with. It lies beside the operands, because pages of the stack, which are anywhere, share their
 * places in the caches with any of them. */
typedef struct room {
    _Alignas(64) float panel[DEPTH * MLRT__COLUMNS];
    float band[BAND * MLRT__COLUMNS];
} room;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t up(int64_t n) { return (n + MLRT__LANES - 1) / MLRT__LANES * MLRT__LANES; }

/* May a panel of b be read where it lies? Rows that are far apart by a multiple of this share few sets of the cache, and
 * a panel that is read again and again then does not stay in it. */
static bool lies_well(const mlrt__product *p, const mlrt__operand *b) {
    enum { APART = 64 };
    return b->column == 1 && (b->row % APART != 0 || p->m <= 2 * MLRT__ROWS);
}

/* The results in some columns, one part of the sum after the other. */
static void run_columns(const mlrt__product *p, mlrt__tile *t, mlrt__operand b, float *panel) {
    const mlrt__tile whole = *t;
    const bool in_place = t->columns == MLRT__COLUMNS && lies_well(p, &b);
    for (int64_t k = 0; k == 0 || k < p->k; k += DEPTH) {
        t->depth = least(p->k - k, DEPTH);
        t->finish.add = whole.finish.add || k > 0;
        t->finish.relu = whole.finish.relu && k + t->depth == p->k;
        t->a.data = whole.a.data + k * p->a.column;
        const mlrt__operand part = {b.data + k * b.row, b.row, b.column};
        if (!in_place) mlrt__pack_panel(part, t->depth, t->columns, panel);
        t->b = in_place ? part.data : panel;
        t->b_row = in_place ? b.row : MLRT__COLUMNS;
        mlrt__run_panel(t, p->m);
    }
    *t = whole;
}

static void run_product(const mlrt__product *p, room *r, const float *a, const float *b, mlrt__finish finish,
                        float *y) {
    mlrt__tile t = {.a = {a, p->a.row, p->a.column}, .y_row = p->n, .finish = finish};
    for (int64_t j = 0; j < p->n; j += MLRT__COLUMNS) {
        t.columns = least(p->n - j, MLRT__COLUMNS);
        t.finish.bias = finish.bias ? finish.bias + j : NULL;
        t.y = y + j;
        run_columns(p, &t, (mlrt__operand){b + j * p->b.column, p->b.row, p->b.column}, r->panel);
    }
}

/* Where b lies along k, it is transposed while it is packed. If it is much larger than a and y, those are turned instead:
 * y' = b' a', whose tiles read b where it lies. To move an element costs as much as so many multiplications. */
static bool turns(const mlrt__product *p) {
    enum { MOVE = 6 };
    const int64_t as_it_is = p->k * (p->m * up(p->n) + MOVE * p->n);
    const int64_t turned = p->k * p->n * up(p->m) + MOVE * p->m * (p->n + p->k);
    return p->b.row == 1 && p->a.column == 1 && p->k <= DEPTH && turned < as_it_is;
}

/* So many rows and columns of y', of which y begins with the first. */
static void turn_back(const float *band, int64_t rows, int64_t columns, float *y, int64_t y_row) {
    for (int64_t r = 0; r < rows; r += MLRT__LANES)
        for (int64_t c = 0; c < columns; c += MLRT__LANES) {
            mlrt__lanes v[MLRT__LANES];
#pragma GCC unroll 16
            for (int i = 0; i < MLRT__LANES; i++) v[i] = mlrt__load(band + (r + i) * MLRT__COLUMNS + c);
            mlrt__transpose_square(v);
#pragma GCC unroll 16
            for (int i = 0; i < MLRT__LANES; i++)
                if (c + i < columns) mlrt__store_some(y + (c + i) * y_row + r, v[i], rows - r);
        }
}

static void run_turned(const mlrt__product *p, room *r, const float *a, const float *b, mlrt__finish finish, float *y) {
    mlrt__tile t = {.b = r->panel, .b_row = MLRT__COLUMNS, .y = r->band, .y_row = MLRT__COLUMNS, .depth = p->k};
    t.finish.relu = finish.relu;
    for (int64_t j = 0; j < p->m; j += MLRT__COLUMNS) {
        t.columns = least(p->m - j, MLRT__COLUMNS);
        mlrt__pack_panel((mlrt__operand){a + j * p->a.row, 1, p->a.row}, p->k, t.columns, r->panel);
        for (int64_t i = 0; i < p->n; i += BAND) {
            const int64_t rows = least(p->n - i, BAND);
            t.a = (mlrt__operand){b + i * p->b.column, p->b.column, 1};
            if (finish.bias) t.finish.row_bias = finish.bias + i;
            mlrt__run_panel(&t, rows);
            turn_back(r->band, rows, t.columns, y + j * p->n + i, p->n);
        }
    }
}

/* One result for each row of a: as many rows as there are lanes at a time, and lane r of a vector is the sum of row r. */
static void run_dots(const mlrt__product *p, const float *a, const float *b, mlrt__finish finish, float *y) {
    for (int64_t i = 0; i < p->m; i += MLRT__LANES) {
        const int64_t rows = least(p->m - i, MLRT__LANES);
        mlrt__lanes sum[MLRT__LANES] = {0};
        for (int64_t k = 0; k < p->k; k += MLRT__LANES) {
            const int64_t left = p->k - k;
            const mlrt__lanes x = mlrt__load_some(b + k, left);
#pragma GCC unroll 16
            for (int r = 0; r < MLRT__LANES; r++) {
                const float *row = a + least(i + r, p->m - 1) * p->a.row + k;
                sum[r] += x * mlrt__load_some(row, left);
            }
        }
        mlrt__lanes v = mlrt__sums_of(sum);
        if (finish.bias) v += *finish.bias;
        if (finish.relu) v = mlrt__relu_lanes(v);
        mlrt__store_some(y + i, v, rows);
    }
}

/* A column of results is the row of the transposed product, where all lanes have something to do. */
static void run_column(const mlrt__product *p, room *r, const float *a, const float *b, mlrt__finish finish, float *y) {
    if (p->a.column == 1 && p->k >= MLRT__LANES) {
        run_dots(p, a, b, finish, y);
        return;
    }
    const mlrt__product turned = {.m = 1, .n = p->m, .k = p->k, .a = {0, 0, p->b.row}, .b = {0, p->a.column, p->a.row}};
    for (int64_t i = 0; finish.bias && i < p->m; i++) y[i] = *finish.bias;
    finish.add = finish.bias;
    finish.bias = NULL;
    run_product(&turned, r, b, a, finish, y);
}

static void run_batch(const mlrt_call *c, int64_t first, int64_t last) {
    const mlrt__product *p = c->state;
    const float *a = c->in[0].data, *b = c->in[1].data, *bias = c->inputs > 2 ? c->in[2].data : NULL;
    const mlrt__finish finish = {.bias = bias, .relu = p->relu};
    room *r = (room *)c->scratch + omp_get_thread_num();
    for (int64_t i = first; i < last; i++)
        (p->n == 1  ? run_column
         : turns(p) ? run_turned
                    : run_product)(p, r, a + i * p->a.batch, b + i * p->b.batch, finish,
                                   (float *)c->out.data + i * p->m * p->n);
}

static size_t scratch(const mlrt_node *n, int32_t threads) {
    (void)n;
    return sizeof(room) * (size_t)threads;
}

static void run_small_matmul(const mlrt_call *c) {
    const mlrt__product *p = c->state;
    mlrt__share(c, p->batch, (double)mlrt_shape_count(&c->out.shape) * (double)(p->k + 1), run_batch);
}

const mlrt__kernel MLRT_KERNELS(small_matmul)[] = {
    {MLRT__SMALL_MATMUL, .scratch = scratch, .run = run_small_matmul},
    {0},
};
