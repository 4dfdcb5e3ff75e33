/* blocks.c - the order of the blocks of a large matrix product, and how a team shares them. */
#include "kernels/blocks.h"
#include <omp.h>
#include <stdatomic.h>
#include <unistd.h>

enum { WIDTH = 4096 }; /* of the shared operand's rows or columns in a block */

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

/* The smaller operand is packed by all together and read by all: it is shared. Of the larger one, each thread takes a block
 * of rows (columns) after the other as it comes to it, and packs it for itself. */
typedef struct plan {
    const mlrt__product *p;
    const mlrt__format *f;
    bool by_rows;                 /* b is shared and rows of a are taken; else the other way round */
    int64_t lanes, shared, taken; /* of k, of the shared and of the taken operand in a block */
    int64_t near;                 /* columns of b that stay in the second-level cache */
    int32_t team;
    bool own;      /* there are many products: each thread does some by itself */
    bool in_place; /* whole tiles of a are read where they lie */
} plan;

/* How many threads a product is worth. */
static int32_t team_of(const mlrt__product *p, int32_t threads) {
    const double work = (double)p->batch * (double)p->m * (double)p->n * (double)p->k / 32;
    return work >= MLRT__TEAM_WORK ? threads : 1;
}

/* Bytes of an operand that stay in the second-level cache beside the other's. No result depends on it. */
static int64_t cache_share(void) {
    static _Atomic int64_t share;
    int64_t bytes = atomic_load(&share);
    if (bytes == 0) {
        const int64_t found = sysconf(_SC_LEVEL2_CACHE_SIZE);
        bytes = (found > 0 ? found : 1 << 20) / 16 * 7;
        atomic_store(&share, bytes);
    }
    return bytes;
}

/* As many as fit into the cache, in blocks that are equally large. */
static int64_t block_of(int64_t count, int64_t unit, int64_t lanes) {
    const int64_t most = up(cache_share() / (4 * lanes), unit), blocks = (up(count, unit) + most - 1) / most;
    return up((count + blocks - 1) / blocks, unit);
}

static int64_t lanes_of(const mlrt__product *p, const mlrt__format *f) { return (p->k + f->pair - 1) / f->pair; }

bool mlrt__blocks_write_once(const mlrt__product *p, const mlrt__format *f) { return lanes_of(p, f) <= f->lanes; }

static plan plan_of(const mlrt__product *p, const mlrt__format *f, int32_t threads) {
    plan q = {.p = p, .f = f, .by_rows = p->m >= p->n, .team = team_of(p, threads)};
    const int64_t lanes = lanes_of(p, f), chunks = (lanes + f->lanes - 1) / f->lanes;
    q.own = q.team == 1 || p->batch >= 2 * q.team;
    q.lanes = up((lanes + chunks - 1) / chunks, 16);
    q.shared = q.by_rows ? least(up(p->n, f->columns), WIDTH) : least(up(p->m, f->rows), WIDTH / f->rows * f->rows);
    q.taken = q.by_rows ? block_of(p->m, f->rows, q.lanes) : block_of(p->n, f->columns, q.lanes);
    q.near = up(cache_share() / 2 / (4 * q.lanes), f->columns);
    q.in_place = f->in_place && q.by_rows && p->a.narrow && p->a.column == 1 && p->k % (f->step * f->pair) == 0;
    return q;
}

static int64_t shared_floats(const plan *q) { return q->lanes * q->shared; }
static int64_t taken_floats(const plan *q) { return q->lanes * q->taken; }

size_t mlrt__blocks_scratch(const mlrt__product *p, const mlrt__format *f, int32_t threads) {
    const plan q = plan_of(p, f, threads);
    const int64_t copies = q.own ? q.team : 1;
    return sizeof(float) * (size_t)(copies * shared_floats(&q) + q.team * taken_floats(&q));
}

/* ---- one thread's part ---- */

typedef struct member {
    int32_t thread, threads; /* of those that share a product */
    float *shared, *taken;   /* packed */
    _Atomic int64_t *begun;  /* [2]: rows (columns) that somebody has taken, for this shared block and for the next */
    int32_t turn;            /* shared blocks so far */
} member;

/* Rows of a, or columns of b. */
typedef struct range {
    int64_t first, count;
} range;

/* A thread's part of `count` things that come in units. */
static range part(int64_t count, int64_t unit, const member *m) {
    const int64_t units = (count + unit - 1) / unit;
    const int64_t from = least(count, units * m->thread / m->threads * unit);
    return (range){from, least(count, units * (m->thread + 1) / m->threads * unit) - from};
}

/* The next rows (columns) that nobody has begun: fewer towards the end, so that threads end together, however fast each
 * is; none when all have been. */
static range take(const plan *q, const member *m, _Atomic int64_t *begun) {
    const int64_t all = q->by_rows ? q->p->m : q->p->n, unit = q->by_rows ? q->f->rows : q->f->columns;
    int64_t first = atomic_load(begun), count;
    do {
        const int64_t left = all - first, turns = m->threads > 1 ? 2 * m->threads : 1;
        if (left <= 0) return (range){0};
        count = least(q->taken, up((left + turns - 1) / turns, unit));
    } while (!atomic_compare_exchange_weak(begun, &first, first + count));
    return (range){first, least(count, all - first)};
}

static void together(const member *m) {
    if (m->threads > 1) {
#pragma omp barrier
    }
}

/* ---- a block ---- */

/* Elements [k, k + depth) of the sums, in so many lanes. */
typedef struct slice {
    int64_t k, depth, lanes;
} slice;

static int64_t size_of(bool narrow) { return narrow ? sizeof(uint16_t) : sizeof(float); }

/* The i-th of numbers that may be narrow, or that may not be there. */
static const void *element(const void *x, int64_t i, bool narrow) {
    return x ? (const char *)x + i * size_of(narrow) : NULL;
}

/* An operand from row `outer` (column) and element k of the sums on. */
static mlrt__side side_at(const void *data, const mlrt__matrix *x, int64_t outer_stride, int64_t depth_stride,
                          int64_t outer, int64_t k) {
    return (mlrt__side){element(data, outer * outer_stride + k * depth_stride, x->narrow), outer_stride, depth_stride,
                        x->narrow};
}

static mlrt__side side_a(const plan *q, const void *a, int64_t row, int64_t k) {
    return side_at(a, &q->p->a, q->p->a.row, q->p->a.column, row, k);
}

static mlrt__side side_b(const plan *q, const void *b, int64_t column, int64_t k) {
    return side_at(b, &q->p->b, q->p->b.column, q->p->b.row, column, k);
}

static void pack_a(const plan *q, const void *a, range rows, slice s, float *to) {
    q->f->pack_a(side_a(q, a, rows.first, s.k), rows.count, s.depth, s.lanes, to);
}

static void pack_b(const plan *q, const void *b, range columns, slice s, float *to) {
    q->f->pack_b(side_b(q, b, columns.first, s.k), columns.count, s.depth, s.lanes, to);
}

/* Rows and packed columns: a panel of a stays in the first-level cache while it meets as many columns as stay in the
 * second, and results are written as they lie in memory. Rows are packed, or NULL: they are read where they lie. */
static void run_block(const plan *q, const mlrt__operands *o, range rows, range columns, slice s, const float *a,
                      const float *b) {
    const mlrt__product *p = q->p;
    const mlrt__format *f = q->f;
    const float *const start = s.k > 0 ? o->y : o->start;
    const bool ends = s.k + s.depth == p->k;
    mlrt__ending ending = {.relu = p->relu, .narrow_mask = p->narrow_mask};
    mlrt__tile_job t = {.lanes = s.lanes, .y_row = p->n, .narrow_y = p->narrow_y, .ending = ends ? &ending : NULL};
    if (!a) t.a_row = p->a.row * size_of(p->a.narrow);
    for (int64_t left = 0; left < columns.count; left += q->near)
        for (int64_t i = 0; i < rows.count; i += f->rows)
            for (int64_t j = left; j < columns.count && j < left + q->near; j += f->columns) {
                const int64_t at = (rows.first + i) * p->n + columns.first + j;
                t.a = a ? a + i * s.lanes : side_a(q, o->a, rows.first + i, s.k).data;
                t.b = b + j * s.lanes;
                t.rows = (int32_t)least(f->rows, rows.count - i);
                t.columns = (int32_t)least(f->columns, columns.count - j);
                ending.bias = o->bias ? o->bias + columns.first + j : NULL;
                ending.mask = element(o->mask, at, p->narrow_mask);
                t.y = (char *)o->y + at * size_of(p->narrow_y);
                t.start = start ? start + at : NULL;
                f->tile(&t);
            }
}

/* The block of the shared operand from `first` on, in a slice of k, and what a thread does with it. */
static void run_slice(const plan *q, member *m, const mlrt__operands *o, range shared, slice s) {
    _Atomic int64_t *begun = &m->begun[m->turn % 2];
    range mine = part(shared.count, q->by_rows ? q->f->columns : q->f->rows, m);
    float *const to = m->shared + mine.first * s.lanes;
    mine.first += shared.first;
    (q->by_rows ? pack_b : pack_a)(q, q->by_rows ? o->b : o->a, mine, s, to);
    together(m);
    m->begun[++m->turn % 2] = 0; /* nobody is at the block before any more */
    for (range taken; (taken = take(q, m, begun)).count > 0;) {
        const bool packed = !q->in_place || taken.count % q->f->rows;
        if (packed) (q->by_rows ? pack_a : pack_b)(q, q->by_rows ? o->a : o->b, taken, s, m->taken);
        if (q->by_rows)
            run_block(q, o, taken, shared, s, packed ? m->taken : NULL, m->shared);
        else
            run_block(q, o, shared, taken, s, m->shared, m->taken);
    }
    together(m); /* before another thread packs the next block where this one lies */
}

static void run_product(const plan *q, member *m, const mlrt__operands *o) {
    const mlrt__product *p = q->p;
    const int64_t all = q->by_rows ? p->n : p->m, step = q->lanes * q->f->pair;
    for (int64_t first = 0; first < all; first += q->shared)
        for (int64_t k = 0; k < p->k; k += step) {
            const int64_t depth = least(step, p->k - k);
            const slice s = {k, depth, up((depth + q->f->pair - 1) / q->f->pair, q->f->step)};
            run_slice(q, m, o, (range){first, least(q->shared, all - first)}, s);
        }
}

static mlrt__operands of_batch(const mlrt__product *p, const mlrt__operands *o, int64_t i) {
    const int64_t at = i * p->m * p->n;
    return (mlrt__operands){.a = element(o->a, i * p->a.batch, p->a.narrow),
                            .b = element(o->b, i * p->b.batch, p->b.narrow),
                            .bias = o->bias,
                            .start = o->start ? o->start + at : NULL,
                            .mask = element(o->mask, at, p->narrow_mask),
                            .y = (char *)o->y + at * size_of(p->narrow_y)};
}

/* Thread `thread` of `threads`, with scratch memory for all of them. */
static void run_thread(const plan *q, const mlrt__operands *o, float *scratch, _Atomic int64_t *begun, int32_t thread,
                       int32_t threads) {
    const int64_t copies = q->own ? threads : 1, batch = q->p->batch;
    _Atomic int64_t mine[2] = {0};
    member m = {.thread = q->own ? 0 : thread,
                .threads = q->own ? 1 : threads,
                .shared = scratch + (q->own ? thread * shared_floats(q) : 0),
                .taken = scratch + copies * shared_floats(q) + thread * taken_floats(q),
                .begun = q->own ? mine : begun};
    const int64_t from = q->own ? batch * thread / threads : 0, to = q->own ? batch * (thread + 1) / threads : batch;
    if (q->f->begin) q->f->begin();
    for (int64_t i = from; i < to; i++) {
        const mlrt__operands one = of_batch(q->p, o, i);
        run_product(q, &m, &one);
    }
    if (q->f->end) q->f->end();
}

void mlrt__blocks_run(const mlrt__product *p, const mlrt__product *room, const mlrt__format *f, const mlrt__operands *o,
                      void *scratch) {
    plan q = plan_of(room, f, mlrt__threads());
    q.p = p;
    _Atomic int64_t begun[2] = {0};
    if (q.team == 1)
        run_thread(&q, o, scratch, begun, 0, 1);
    else {
        const mlrt__float_mode mode = mlrt__get_float_mode();
#pragma omp parallel num_threads(q.team)
        {
            mlrt__set_float_mode(mode);
            run_thread(&q, o, scratch, begun, omp_get_thread_num(), omp_get_num_threads());
            mlrt__team_end(omp_get_thread_num());
        }
    }
}
