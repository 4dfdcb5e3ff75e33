/* attention.c - attention against its definition in double, with every kind of mask; gradients against differences, and
 * where those take too long, against the formula. */
#include "compare.h"

typedef enum mask_kind { NO_MASK, KEY_MASK, SHARED_MASK, FULL_MASK } mask_kind;
static const char *const mask_name[] = {"no mask", "[B, Tk] mask", "[1, Tq, Tk] mask", "[B, Tq, Tk] mask"};

typedef struct form {
    int64_t batch, heads, queries, keys, key_width, value_width;
    mask_kind mask;
    bool causal;
    double scale;
} form;

typedef struct problem {
    const form *f;
    double *q, *k, *v, *dy;
    const float *mask;
} problem;

static bool seen(const problem *p, int64_t b, int64_t i, int64_t j) {
    const form *f = p->f;
    if (f->causal && j > i + f->keys - f->queries) return false;
    switch (f->mask) {
    case KEY_MASK: return p->mask[b * f->keys + j] != 0;
    case SHARED_MASK: return p->mask[i * f->keys + j] != 0;
    case FULL_MASK: return p->mask[(b * f->queries + i) * f->keys + j] != 0;
    default: return true;
    }
}

/* One query of one head into y. */
static void define_row(const problem *p, int64_t b, int64_t h, int64_t i, double *y) {
    const form *f = p->f;
    const int64_t dk = f->key_width, dv = f->value_width;
    const double scale = f->scale != 0 ? f->scale : 1 / sqrt((double)dk);
    double total = 0;
    memset(y, 0, sizeof *y * (size_t)dv);
    for (int64_t j = 0; j < f->keys; j++) {
        if (!seen(p, b, i, j)) continue;
        double score = 0;
        for (int64_t d = 0; d < dk; d++)
            score += p->q[((b * f->queries + i) * f->heads + h) * dk + d] *
                     p->k[((b * f->keys + j) * f->heads + h) * dk + d];
        const double e = exp(score * scale);
        total += e;
        for (int64_t d = 0; d < dv; d++) y[d] += e * p->v[((b * f->keys + j) * f->heads + h) * dv + d];
    }
    for (int64_t d = 0; d < dv && total > 0; d++) y[d] /= total;
}

static void define(const problem *p, double *y) {
    const form *f = p->f;
    for (int64_t b = 0; b < f->batch; b++)
        for (int64_t i = 0; i < f->queries; i++)
            for (int64_t h = 0; h < f->heads; h++, y += f->value_width) define_row(p, b, h, i, y);
}

static int64_t results(const form *f) { return f->batch * f->queries * f->heads * f->value_width; }

static double objective(const void *problem_) {
    const problem *p = problem_;
    const int64_t n = results(p->f);
    double *y = malloc(sizeof *y * (size_t)(n + 1)), sum = 0;
    define(p, y);
    for (int64_t i = 0; i < n; i++) sum += y[i] * p->dy[i];
    free(y);
    return sum;
}

/* d objective / d (q, k, v) one after the other: with p the probabilities, dv = p^T dy, ds = p (dy v^T - <p, dy v^T>). */
static void define_gradient(const problem *p, double *dq, double *dk, double *dv) {
    const form *f = p->f;
    const int64_t nk = f->key_width, nv = f->value_width;
    const double scale = f->scale != 0 ? f->scale : 1 / sqrt((double)nk);
    double *e = malloc(2 * sizeof *e * (size_t)(f->keys + 1)), *de = e + f->keys;
    for (int64_t b = 0; b < f->batch; b++)
        for (int64_t i = 0; i < f->queries; i++)
            for (int64_t h = 0; h < f->heads; h++) {
                const int64_t query = (b * f->queries + i) * f->heads + h;
                double total = 0, mean = 0;
                for (int64_t j = 0; j < f->keys; j++) {
                    const int64_t key = (b * f->keys + j) * f->heads + h;
                    double score = 0;
                    for (int64_t d = 0; d < nk; d++) score += p->q[query * nk + d] * p->k[key * nk + d];
                    e[j] = seen(p, b, i, j) ? exp(score * scale) : 0, de[j] = 0;
                    for (int64_t d = 0; d < nv; d++) de[j] += p->dy[query * nv + d] * p->v[key * nv + d];
                    total += e[j], mean += e[j] * de[j];
                }
                for (int64_t j = 0; j < f->keys && total > 0; j++) {
                    const int64_t key = (b * f->keys + j) * f->heads + h;
                    const double x = e[j] / total, ds = x * (de[j] - mean / total) * scale;
                    for (int64_t d = 0; d < nv; d++) dv[key * nv + d] += x * p->dy[query * nv + d];
                    for (int64_t d = 0; d < nk; d++) dk[key * nk + d] += ds * p->q[query * nk + d];
                    for (int64_t d = 0; d < nk; d++) dq[query * nk + d] += ds * p->k[key * nk + d];
                }
            }
    free(e);
}

/* About a third of the keys hidden, and the last fifth of them for everybody in the second batch element; query 1 of a
 * full mask sees nothing. */
static mlrt_tensor mask_of(const form *f) {
    const int64_t b = f->mask == SHARED_MASK ? 1 : f->batch;
    mlrt_tensor m = f->mask == KEY_MASK ? uniform(MLRT_SHAPE_OF(b, f->keys), 0, 1)
                                        : uniform(MLRT_SHAPE_OF(b, f->queries, f->keys), 0, 1);
    float *x = m.data;
    for (int64_t i = 0; i < count_of(&m); i++) {
        const bool blind = f->mask == FULL_MASK && i / f->keys == 1;
        const bool tail = f->mask == KEY_MASK && i / f->keys == 1 && i % f->keys >= f->keys * 4 / 5;
        x[i] = x[i] < 0.35f || blind || tail ? 0 : x[i];
    }
    return m;
}

static mlrt__attention_attr attr_of(const form *f) {
    return (mlrt__attention_attr){.heads = (int32_t)f->heads, .causal = f->causal, .scale = f->scale};
}

static call forward(int32_t level, const form *f, const mlrt__attention_attr *attr) {
    call c = {.op = "attention", .level = level, .attr = attr, .inputs = 3};
    c.in[0] = uniform(MLRT_SHAPE_OF(f->batch, f->queries, f->heads * f->key_width), -2, 2);
    c.in[1] = uniform(MLRT_SHAPE_OF(f->batch, f->keys, f->heads * f->key_width), -2, 2);
    c.in[2] = uniform(MLRT_SHAPE_OF(f->batch, f->keys, f->heads * f->value_width), -2, 2);
    if (f->mask) c.in[c.inputs++] = mask_of(f);
    c.out = tensor(MLRT_F32, MLRT_SHAPE_OF(f->batch, f->queries, f->heads * f->value_width));
    return c;
}

/* The backward call of the same inputs, which it takes over. */
static call backward(call *c) {
    call g = *c;
    const mlrt_shape *const parts[] = {&g.in[0].shape, &g.in[1].shape, &g.in[2].shape};
    g.op = "attention_grad";
    g.in[4] = g.in[3];
    g.in[3] = uniform(c->out.shape, -1, 1);
    g.inputs++;
    free(c->out.data);
    g.out = tensor(MLRT_F32, MLRT_SHAPE_OF(mlrt_pack_size(parts, 3)));
    return g;
}

static const char *text(const form *f) {
    static char line[160];
    snprintf(line, sizeof line, "[%d, %d x %d, %d heads of %d and %d], %s%s%s", (int)f->batch, (int)f->queries,
             (int)f->keys, (int)f->heads, (int)f->key_width, (int)f->value_width, mask_name[f->mask],
             f->causal ? ", causal" : "", f->scale != 0 ? ", scaled" : "");
    return line;
}

static void check(int32_t level, const form *f) {
    const mlrt__attention_attr attr = attr_of(f);
    call c = forward(level, f, &attr);
    run_call(&c);
    problem p = {f, doubles(&c.in[0]), doubles(&c.in[1]), doubles(&c.in[2]), NULL, f->mask ? c.in[3].data : NULL};
    double *want = calloc((size_t)results(f) + 1, sizeof *want);
    define(&p, want);
    is_near(&c, want, 2e-6, "%s: %s", mlrt__level_name(level), text(f));
    free(want);

    call g = backward(&c);
    p.dy = doubles(&g.in[3]);
    run_call(&g);
    const mlrt_shape *const parts[] = {&g.in[0].shape, &g.in[1].shape, &g.in[2].shape};
    double *const in[] = {p.q, p.k, p.v}, *part[3];
    want = calloc((size_t)count_of(&g.out) + 1, sizeof *want);
    for (int i = 0; i < 3; i++) part[i] = want + mlrt_pack_offset(parts, i);
    if (f->queries * f->keys > 10000) define_gradient(&p, part[0], part[1], part[2]);
    for (int i = 0; f->queries * f->keys <= 10000 && i < 3; i++) {
        double *slope = slopes(objective, &p, in[i], count_of(&g.in[i]));
        memcpy(part[i], slope, sizeof *slope * (size_t)count_of(&g.in[i]));
        free(slope);
    }
    is_near(&g, want, 1e-5, "%s: and its gradient", mlrt__level_name(level));
    free_call(&g);
    free(p.q), free(p.k), free(p.v), free(p.dy), free(want);
}

static void check_threads(mask_kind mask, bool causal) {
    const form f = {3, 5, 70, 90, 24, 20, mask, causal, 0};
    const mlrt__attention_attr attr = attr_of(&f);
    call c = forward(mlrt__cpu_level(), &f, &attr);
    ok(same_for_threads(&c), "%s: the same bits for any number of threads", text(&f));
    call g = backward(&c);
    ok(same_for_threads(&g), "and so its gradient");
    free_call(&g);
}

static void check_blind(void) {
    const form f = {1, 2, 3, 4, 5, 6, FULL_MASK, false, 0};
    const mlrt__attention_attr attr = attr_of(&f);
    call c = forward(mlrt__cpu_level(), &f, &attr);
    memset(c.in[3].data, 0, mlrt_tensor_bytes(&c.in[3]));
    run_call(&c);
    int other = 0;
    for (int64_t i = 0; i < count_of(&c.out); i++) other += ((float *)c.out.data)[i] != 0;
    is_int(other, 0, "queries that see nothing get zeros");
    call g = backward(&c);
    run_call(&g);
    for (int64_t i = 0; i < count_of(&g.out); i++) other += ((float *)g.out.data)[i] != 0;
    is_int(other, 0, "and so do all gradients");
    free_call(&g);
}

static void check_nan(void) {
    const form f = {2, 2, 3, 20, 5, 6, NO_MASK, false, 0};
    const mlrt__attention_attr attr = attr_of(&f);
    call c = forward(mlrt__cpu_level(), &f, &attr);
    ((float *)c.in[1].data)[13 * 10 + 2] = NAN; /* a key of the first head */
    run_call(&c);
    int wrong = 0;
    for (int i = 0; i < 2 * 3 * 12; i++) wrong += isnan(((float *)c.out.data)[i]) != (i < 36 && i % 12 < 6);
    is_int(wrong, 0, "NaN in a key reaches its head's queries and nothing else");
    free_call(&c);
}

int main(void) {
    static const form small[] = {{1, 1, 1, 1, 1, 1, 0, 0, 0},    {2, 2, 3, 5, 4, 7, 0, 0, 0},
                                 {2, 3, 4, 4, 17, 3, 0, 0, 0.3}, {0, 2, 3, 5, 4, 7, 0, 0, 0},
                                 {1, 2, 0, 5, 4, 3, 0, 0, 0},    {1, 2, 3, 0, 4, 3, 0, 0, 0},
                                 {1, 2, 33, 18, 5, 6, 0, 0, 0}};
    for
        EACH_LEVEL(level) {
            for (size_t i = 0; i < sizeof small / sizeof *small; i++)
                for (mask_kind mask = NO_MASK; mask <= FULL_MASK; mask++)
                    for (int causal = 0; causal < 2; causal++) {
                        form f = small[i];
                        f.mask = mask, f.causal = causal;
                        check(level, &f);
                    }
            for (mask_kind mask = NO_MASK; mask <= FULL_MASK; mask++) { /* several blocks of queries */
                const form even = {2, 2, 150, 140, 32, 16, mask, mask == KEY_MASK, 0};
                const form uneven = {2, 1, 75, 150, 20, 33, mask, mask == SHARED_MASK, 0};
                check(level, &even);
                check(level, &uneven);
            }
            for (int causal = 0; causal < 2; causal++)
                for (int longer = 0; longer < 2; longer++) {
                    const form f = {1, 1, longer ? 101 : 60, longer ? 60 : 101, 3, 2, SHARED_MASK, causal, 0};
                    check(level, &f);
                }
        }
    for (mask_kind mask = NO_MASK; mask <= FULL_MASK; mask++) check_threads(mask, mask == KEY_MASK);
    check_blind();
    check_nan();
    return done_testing();
}
