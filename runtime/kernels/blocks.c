/* blocks.c - the order of the blocks of a large matrix product, and how a team shares them. */
#include "kernels/blocks.h"
#include <omp.h>
#include <stdatomic.h>

enum { LANES = 512, COLUMNS = 4096 }; /* of k and of n in a block */
enum { CACHE = 480 << 10 };           /* bytes of each operand that stay in the second-level cache */

/* ---- formats ---- */

#define DECLARE(arg, level) extern const mlrt__format mlrt__format_f32_##level;
MLRT__KERNEL_LEVELS(DECLARE, )
#define ROW(arg, level) &mlrt__format_f32_##level,
static const mlrt__format *const f32[] = {MLRT__KERNEL_LEVELS(ROW, )};

const mlrt__format *mlrt__format_f32(int32_t level) { return f32[level]; }

const mlrt__format *mlrt__format_bf16(int32_t level, int32_t choice) {
#ifdef __x86_64__
    extern const mlrt__format *mlrt__format_bf16_x86(int32_t choice);
    return level == sizeof f32 / sizeof *f32 - 1 ? mlrt__format_bf16_x86(choice) : NULL;
#else
    (void)level, (void)choice;
    return NULL;
#endif
}

/* ---- sizes ---- */

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

/* A product cut into blocks; `columns` is all of n or a large part of it. */
typedef struct plan {
    const mlrt__product *p;
    const mlrt__format *f;
    int64_t lanes, rows, columns; /* of a block */
    int64_t near;                 /* columns of b that stay in the second-level cache */
    int32_t team;
    bool own;     /* there are many products: each thread does some by itself */
    bool by_rows; /* else: tall ones are shared by rows, block by block as threads come to them; wide ones by columns */
} plan;

/* How many threads a product is worth. */
static int32_t team_of(const mlrt__product *p, int32_t threads) {
    const double work = (double)p->batch * (double)p->m * (double)p->n * (double)p->k / 32;
    return work >= MLRT__TEAM_WORK ? threads : 1;
}

static plan plan_of(const mlrt__product *p, const mlrt__format *f, int32_t threads) {
    plan q = {.p = p, .f = f, .team = team_of(p, threads), .by_rows = p->m >= p->n || p->m >= 8 * f->rows};
    q.own = q.team == 1 || p->batch >= 2 * q.team;
    const int64_t lanes = (p->k + f->pair - 1) / f->pair, chunks = (lanes + LANES - 1) / LANES;
    q.lanes = up((lanes + chunks - 1) / chunks, 16);
    q.columns = least(up(p->n, f->columns), COLUMNS);
    q.near = up(CACHE / 2 / (4 * q.lanes), f->columns);
    const int64_t most = up(CACHE / (4 * q.lanes), f->rows), rows = up(p->m, f->rows);
    const int64_t blocks = (rows + most - 1) / most;
    q.rows = up((rows + blocks - 1) / blocks, f->rows);
    return q;
}

static int64_t a_floats(const plan *q) { return q->lanes * q->rows; }
static int64_t b_floats(const plan *q) { return q->lanes * q->columns; }

size_t mlrt__blocks_scratch(const mlrt__product *p, const mlrt__format *f, int32_t threads) {
    const plan q = plan_of(p, f, threads);
    const int64_t copies = q.own ? q.team : 1;
    return sizeof(float) * (size_t)(copies * b_floats(&q) + q.team * a_floats(&q));
}

/* ---- one thread's part ---- */

typedef struct member {
    int32_t thread, threads; /* of those that share a product */
    float *packed_a, *packed_b;
    _Atomic int64_t *taken; /* [2]: rows of a that somebody has begun, for the block of b at hand and for the next */
    int32_t turn;           /* blocks of b so far */
} member;

/* A thread's part of `count` things that come in units. */
static void part(int64_t count, int64_t unit, const member *m, int64_t *from, int64_t *to) {
    const int64_t units = (count + unit - 1) / unit;
    *from = least(count, units * m->thread / m->threads * unit);
    *to = least(count, units * (m->thread + 1) / m->threads * unit);
}

/* A block of rows against columns [from, to) of the packed block of b: a panel of a stays in the first-level cache while
 * it meets as many columns as stay in the second, and results are written as they lie in memory. */
static void run_block(const plan *q, const member *m, mlrt__tile_job t, const mlrt__ending *ending, int64_t rows,
                      int64_t from, int64_t to) {
    const mlrt__format *f = q->f;
    float *const y = t.y;
    const float *const start = t.start;
    mlrt__ending here = ending ? *ending : (mlrt__ending){0};
    t.ending = ending ? &here : NULL;
    for (int64_t left = from; left < to; left += q->near)
        for (int64_t i = 0; i < rows; i += f->rows)
            for (int64_t j = left; j < to && j < left + q->near; j += f->columns) {
                t.a = m->packed_a + i * t.lanes;
                t.b = m->packed_b + j * t.lanes;
                t.rows = (int32_t)least(f->rows, rows - i);
                t.columns = (int32_t)least(f->columns, to - j);
                here.bias = ending && ending->bias ? ending->bias + j : NULL;
                t.y = y + i * t.y_row + j;
                t.start = start ? start + i * t.y_row + j : NULL;
                f->tile(&t);
            }
}

static void together(const member *m) {
    if (m->threads > 1) {
#pragma omp barrier
    }
}

/* Pack the thread's part of the block of b, wait for the others' when rows are shared, and say which columns to do. */
static void pack_block(const plan *q, member *m, mlrt__side b, int64_t depth, int64_t lanes, int64_t *from,
                       int64_t *to) {
    const int64_t columns = *to;
    part(columns, q->f->columns, m, from, to);
    b.data += *from * b.outer;
    q->f->pack_b(b, *to - *from, depth, lanes, m->packed_b + *from * lanes);
    if (q->by_rows) {
        together(m);
        *from = 0, *to = columns;
    }
    m->taken[++m->turn % 2] = 0; /* nobody is at the block before any more */
}

/* The next rows that nobody has begun, from *i on: fewer towards the end, so that threads end together, however fast each
 * is; 0 when there are none. */
static int64_t take_rows(const plan *q, const member *m, _Atomic int64_t *taken, int64_t *i) {
    const bool shared = q->by_rows && m->threads > 1;
    int64_t rows;
    *i = atomic_load(taken);
    do {
        const int64_t left = q->p->m - *i;
        rows = least(q->rows, shared ? up((left + 2 * m->threads - 1) / (2 * m->threads), q->f->rows) : left);
        if (left <= 0) return 0;
    } while (!atomic_compare_exchange_weak(taken, i, *i + rows));
    return least(rows, q->p->m - *i);
}

/* The block of b from column `first` on and from element k on; and what a thread does with it. */
static void run_depth(const plan *q, member *m, mlrt__operands o, int64_t first, int64_t columns, int64_t k) {
    const mlrt__product *p = q->p;
    const mlrt__format *f = q->f;
    const int64_t depth = least(q->lanes * f->pair, p->k - k), lanes = up((depth + f->pair - 1) / f->pair, f->step);
    const mlrt__ending ending = {o.bias ? o.bias + first : NULL, p->relu};
    const mlrt__side b = {o.b + first * p->b.column + k * p->b.row, p->b.column, p->b.row};
    mlrt__tile_job t = {.lanes = lanes, .y_row = p->n};
    const float *const start = k > 0 ? o.y : o.start;
    _Atomic int64_t *taken = &m->taken[m->turn % 2];
    int64_t from = 0, to = columns;
    pack_block(q, m, b, depth, lanes, &from, &to);
    for (int64_t i, rows; (rows = take_rows(q, m, taken, &i)) > 0;) {
        const mlrt__side a = {o.a + i * p->a.row + k * p->a.column, p->a.row, p->a.column};
        f->pack_a(a, rows, depth, lanes, m->packed_a);
        t.y = o.y + i * p->n + first;
        t.start = start ? start + i * p->n + first : NULL;
        run_block(q, m, t, k + depth == p->k ? &ending : NULL, rows, from, to);
    }
    together(m); /* before another thread packs the next block where this one lies */
}

static void run_product(const plan *q, member *m, mlrt__operands o) {
    const mlrt__product *p = q->p;
    for (int64_t first = 0; first < p->n; first += q->columns)
        for (int64_t k = 0; k < p->k; k += q->lanes * q->f->pair)
            run_depth(q, m, o, first, least(q->columns, p->n - first), k);
}

static mlrt__operands of_batch(const mlrt__product *p, mlrt__operands o, int64_t i) {
    const int64_t at = i * p->m * p->n;
    return (mlrt__operands){o.a + i * p->a.batch, o.b + i * p->b.batch, o.bias, o.start ? o.start + at : NULL,
                            o.y + at};
}

/* Thread `thread` of `threads`, with scratch memory for all of them. */
static void run_thread(const plan *q, mlrt__operands o, float *scratch, _Atomic int64_t *taken, int32_t thread,
                       int32_t threads) {
    const bool own = q->own;
    const int64_t copies = own ? threads : 1, batch = q->p->batch;
    _Atomic int64_t mine[2] = {0};
    member m = {.thread = own ? 0 : thread,
                .threads = own ? 1 : threads,
                .packed_a = scratch + copies * b_floats(q) + thread * a_floats(q),
                .packed_b = scratch + (own ? thread * b_floats(q) : 0),
                .taken = own || !q->by_rows ? mine : taken};
    const int64_t from = own ? batch * thread / threads : 0, to = own ? batch * (thread + 1) / threads : batch;
    if (q->f->begin) q->f->begin();
    for (int64_t i = from; i < to; i++) run_product(q, &m, of_batch(q->p, o, i));
    if (q->f->end) q->f->end();
}

void mlrt__blocks_run(const mlrt__product *p, const mlrt__format *f, const mlrt__operands *o, void *scratch) {
    const plan q = plan_of(p, f, mlrt__threads());
    _Atomic int64_t taken[2] = {0};
    if (q.team == 1)
        run_thread(&q, *o, scratch, taken, 0, 1);
    else {
#pragma omp parallel num_threads(q.team)
        run_thread(&q, *o, scratch, taken, omp_get_thread_num(), omp_get_num_threads());
    }
}
