/* attention.c - attention against its definition in double, with every kind of mask, with vectors for distances and with
 * dropout; gradients against differences, and where those take too long, against the formula. */
#include "base/random.h"
#include "narrow.h"

typedef enum mask_kind { NO_MASK, KEY_MASK, SHARED_MASK, FULL_MASK } mask_kind;
static const char *const mask_name[] = {"no mask", "[B, Tk] mask", "[1, Tq, Tk] mask", "[B, Tq, Tk] mask"};

/* Vectors for distances. */
enum { FAR_Q = 1, FAR_K = 2, FAR_V = 4, SHARED = 8 };

typedef struct form {
    int64_t batch, heads, queries, keys, key_width, value_width;
    mask_kind mask;
    bool causal;
    double scale, dropout;
    int64_t distances, far_width; /* when there are FAR_Q; else that of the keys */
    int32_t far;
} form;

enum { SEED = 5, STREAM = 7, STEP = 11 };

typedef struct problem {
    const form *f;
    double *in[MLRT__ATT_PARTS]; /* NULL when there is none; in[MLRT__ATT_DY] is the weight of each result */
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

/* What dropout makes of a weight of 1. */
static double kept(const form *f, int64_t b, int64_t h, int64_t i, int64_t j) {
    uint32_t bits[4];
    const int64_t number = ((b * f->heads + h) * f->keys + j) * ((f->queries + 3) / 4 * 4) + i;
    if (f->dropout <= 0) return 1;
    mlrt__philox(mlrt__philox_begin(SEED, STREAM, STEP), (uint64_t)number / 4, bits);
    return (double)mlrt__unit_f32(bits[number % 4]) >= (double)(float)f->dropout ? 1 / (1 - f->dropout) : 0;
}

static int64_t far_width(const form *f) { return f->far & FAR_Q ? f->far_width : f->key_width; }

/* A row of [batch, rows, heads, width], and of the vectors for distances. */
static double *row_of(double *x, const form *f, int64_t b, int64_t rows, int64_t i, int64_t h, int64_t width) {
    return x + ((b * rows + i) * f->heads + h) * width;
}
static double *far_row(double *x, const form *f, int64_t i, int64_t j, int64_t h, int64_t width) {
    const int64_t middle = f->distances / 2, d = j - i - (f->keys - f->queries);
    const int64_t at = d < -middle ? 0 : d > middle ? f->distances - 1 : d + middle;
    return x + (f->far & SHARED ? at * width : (at * f->heads + h) * width);
}

static double dot(const double *a, const double *b, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static void add(double *y, double factor, const double *x, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] += factor * x[i];
}

/* Where query i of head h meets key j: the rows of all inputs, as `of` has them. */
typedef struct meeting {
    double *q, *k, *v, *far_q, *far_k, *far_v;
} meeting;

static meeting meet(const form *f, double *const *of, int64_t b, int64_t h, int64_t i, int64_t j) {
    meeting m = {row_of(of[MLRT__ATT_Q], f, b, f->queries, i, h, f->key_width),
                 row_of(of[MLRT__ATT_K], f, b, f->keys, j, h, f->key_width),
                 row_of(of[MLRT__ATT_V], f, b, f->keys, j, h, f->value_width),
                 NULL,
                 NULL,
                 NULL};
    m.far_q = f->far & FAR_Q ? row_of(of[MLRT__ATT_FAR_Q], f, b, f->queries, i, h, f->far_width) : m.q;
    if (f->far & FAR_K) m.far_k = far_row(of[MLRT__ATT_FAR_K], f, i, j, h, far_width(f));
    if (f->far & FAR_V) m.far_v = far_row(of[MLRT__ATT_FAR_V], f, i, j, h, f->value_width);
    return m;
}

static double scale_of(const form *f) { return f->scale != 0 ? f->scale : 1 / sqrt((double)f->key_width); }

static double score(const form *f, const meeting *m) {
    const double far = m->far_k ? dot(m->far_q, m->far_k, far_width(f)) : 0;
    return (dot(m->q, m->k, f->key_width) + far) * scale_of(f);
}

/* One query of one head into y. */
static void define_row(const problem *p, int64_t b, int64_t h, int64_t i, double *y) {
    const form *f = p->f;
    double total = 0;
    memset(y, 0, sizeof *y * (size_t)f->value_width);
    for (int64_t j = 0; j < f->keys; j++) {
        if (!seen(p, b, i, j)) continue;
        const meeting m = meet(f, p->in, b, h, i, j);
        const double e = exp(score(f, &m)), weight = e * kept(f, b, h, i, j);
        total += e;
        add(y, weight, m.v, f->value_width);
        if (m.far_v) add(y, weight, m.far_v, f->value_width);
    }
    for (int64_t d = 0; d < f->value_width && total > 0; d++) y[d] /= total;
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
    double *y = malloc(sizeof *y * (size_t)(n + 1));
    define(p, y);
    const double sum = dot(y, p->in[MLRT__ATT_DY], n);
    free(y);
    return sum;
}

/* With p the probabilities and x what dropout makes of them: dv = x^T dy, ds = x (dy v^T) - p <x, dy v^T>. */
static void define_gradient_row(const problem *p, int64_t b, int64_t h, int64_t i, double *const *gradient, double *e) {
    const form *f = p->f;
    const double *dy = row_of(p->in[MLRT__ATT_DY], f, b, f->queries, i, h, f->value_width);
    double *x = e + f->keys, *dx = x + f->keys, total = 0, mean = 0;
    for (int64_t j = 0; j < f->keys; j++) {
        const meeting m = meet(f, p->in, b, h, i, j);
        e[j] = seen(p, b, i, j) ? exp(score(f, &m)) : 0, x[j] = e[j] * kept(f, b, h, i, j);
        dx[j] = dot(dy, m.v, f->value_width) + (m.far_v ? dot(dy, m.far_v, f->value_width) : 0);
        total += e[j], mean += x[j] * dx[j];
    }
    for (int64_t j = 0; j < f->keys && total > 0; j++) {
        const meeting m = meet(f, p->in, b, h, i, j), g = meet(f, gradient, b, h, i, j);
        const double ds = (x[j] * dx[j] - e[j] * mean / total) / total * scale_of(f);
        add(g.q, ds, m.k, f->key_width), add(g.k, ds, m.q, f->key_width);
        if (m.far_k) add(g.far_q, ds, m.far_k, far_width(f)), add(g.far_k, ds, m.far_q, far_width(f));
        add(g.v, x[j] / total, dy, f->value_width);
        if (m.far_v) add(g.far_v, x[j] / total, dy, f->value_width);
    }
}

static void define_gradient(const problem *p, double *const *gradient) {
    const form *f = p->f;
    double *room = malloc(3 * sizeof *room * (size_t)(f->keys + 1));
    for (int64_t b = 0; b < f->batch; b++)
        for (int64_t i = 0; i < f->queries; i++)
            for (int64_t h = 0; h < f->heads; h++) define_gradient_row(p, b, h, i, gradient, room);
    free(room);
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

static mlrt__attention_attr attr_of(const form *f, bool backward) {
    mlrt__attention_attr a = {.heads = (int32_t)f->heads, .causal = f->causal, .scale = f->scale};
    a.dropout = f->dropout;
    a.parts = 1u << MLRT__ATT_Q | 1u << MLRT__ATT_K | 1u << MLRT__ATT_V;
    if (backward) a.parts |= 1u << MLRT__ATT_DY, a.stream = f->dropout > 0 ? STREAM : 0;
    if (f->mask) a.parts |= 1u << MLRT__ATT_MASK;
    if (f->far & FAR_Q) a.parts |= 1u << MLRT__ATT_FAR_Q;
    if (f->far & FAR_K) a.parts |= 1u << MLRT__ATT_FAR_K;
    if (f->far & FAR_V) a.parts |= 1u << MLRT__ATT_FAR_V;
    return a;
}

static mlrt_tensor input(const form *f, mlrt__attention_part part) {
    const int64_t far_heads = f->far & SHARED ? 1 : f->heads;
    switch (part) {
    case MLRT__ATT_Q: return uniform(MLRT_SHAPE_OF(f->batch, f->queries, f->heads * f->key_width), -2, 2);
    case MLRT__ATT_K: return uniform(MLRT_SHAPE_OF(f->batch, f->keys, f->heads * f->key_width), -2, 2);
    case MLRT__ATT_V: return uniform(MLRT_SHAPE_OF(f->batch, f->keys, f->heads * f->value_width), -2, 2);
    case MLRT__ATT_DY: return uniform(MLRT_SHAPE_OF(f->batch, f->queries, f->heads * f->value_width), -1, 1);
    case MLRT__ATT_FAR_Q: return uniform(MLRT_SHAPE_OF(f->batch, f->queries, f->heads * f->far_width), -1, 1);
    case MLRT__ATT_FAR_K: return uniform(MLRT_SHAPE_OF(f->distances, far_heads * far_width(f)), -1, 1);
    case MLRT__ATT_FAR_V: return uniform(MLRT_SHAPE_OF(f->distances, far_heads * f->value_width), -1, 1);
    default: return mask_of(f);
    }
}

static bool has_gradient(int32_t part) { return part != MLRT__ATT_DY && part != MLRT__ATT_MASK; }

/* The call and the shapes of the parts that have a gradient. */
static call call_of(int32_t level, const form *f, const mlrt__attention_attr *attr) {
    const bool backward = attr->parts >> MLRT__ATT_DY & 1;
    const mlrt_shape *shape[MLRT__ATT_PARTS];
    int32_t shapes = 0;
    call c = {.op = backward ? "attention_grad" : "attention", .level = level, .attr = attr};
    c.seed = SEED, c.stream = backward ? 0 : STREAM, c.step = STEP;
    for (int32_t part = 0; part < MLRT__ATT_PARTS; part++) {
        if (!(attr->parts >> part & 1)) continue;
        c.in[c.inputs++] = input(f, (mlrt__attention_part)part);
        if (has_gradient(part)) shape[shapes++] = &c.in[c.inputs - 1].shape;
    }
    c.out = backward ? tensor(MLRT_F32, MLRT_SHAPE_OF(mlrt_pack_size(shape, shapes)))
                     : tensor(MLRT_F32, MLRT_SHAPE_OF(f->batch, f->queries, f->heads * f->value_width));
    return c;
}

static const char *text(const form *f) {
    static char line[256];
    snprintf(line, sizeof line, "[%d, %d x %d, %d heads of %d and %d], %s%s%s%s", (int)f->batch, (int)f->queries,
             (int)f->keys, (int)f->heads, (int)f->key_width, (int)f->value_width, mask_name[f->mask],
             f->causal ? ", causal" : "", f->scale != 0 ? ", scaled" : "", f->dropout > 0 ? ", dropout" : "");
    if (f->far)
        snprintf(line + strlen(line), sizeof line - strlen(line), ", %d distances%s%s%s%s", (int)f->distances,
                 f->far & FAR_Q ? ", own queries" : "", f->far & FAR_K ? ", keys" : "",
                 f->far & FAR_V ? ", values" : "", f->far & SHARED ? ", shared" : "");
    return line;
}

static problem problem_of(const form *f, const call *c, const mlrt__attention_attr *attr) {
    problem p = {.f = f};
    for (int32_t part = 0, i = 0; part < MLRT__ATT_PARTS; part++) {
        if (!(attr->parts >> part & 1)) continue;
        if (part == MLRT__ATT_MASK)
            p.mask = c->in[i++].data;
        else
            p.in[part] = doubles(&c->in[i++]);
    }
    return p;
}

static void problem_free(problem *p) {
    for (int32_t part = 0; part < MLRT__ATT_PARTS; part++) free(p->in[part]);
}

static void check_forward(int32_t level, const form *f) {
    const mlrt__attention_attr attr = attr_of(f, false);
    call c = call_of(level, f, &attr);
    problem p = problem_of(f, &c, &attr);
    double *want = calloc((size_t)results(f) + 1, sizeof *want);
    run_call(&c);
    define(&p, want);
    is_near(&c, want, 3e-6, "%s: %s", mlrt__level_name(level), text(f));
    free(want);
    problem_free(&p);
    free_call(&c);
}

static void check_backward(int32_t level, const form *f, bool by_formula) {
    const mlrt__attention_attr attr = attr_of(f, true);
    call c = call_of(level, f, &attr);
    problem p = problem_of(f, &c, &attr);
    double *want = calloc((size_t)count_of(&c.out) + 1, sizeof *want), *gradient[MLRT__ATT_PARTS] = {0};
    const mlrt_shape *shape[MLRT__ATT_PARTS];
    int32_t shapes = 0;
    run_call(&c);
    for (int32_t part = 0, i = 0; part < MLRT__ATT_PARTS; part++) {
        if (!(attr.parts >> part & 1)) continue;
        const mlrt_tensor *in = &c.in[i++];
        if (!has_gradient(part)) continue;
        shape[shapes++] = &in->shape;
        gradient[part] = want + mlrt_pack_offset(shape, shapes - 1);
        if (by_formula) continue;
        double *slope = slopes(objective, &p, p.in[part], count_of(in));
        memcpy(gradient[part], slope, sizeof *slope * (size_t)count_of(in));
        free(slope);
    }
    if (by_formula) define_gradient(&p, gradient);
    is_near(&c, want, 1e-5, "%s: and its gradient", mlrt__level_name(level));
    free(want);
    problem_free(&p);
    free_call(&c);
}

/* q, k, v and dy in bf16, and without vectors for distances the results, too. */
static void check_narrow(int32_t level, const form *f) {
    for (int32_t backward = 0; backward < 2; backward++) {
        const mlrt__attention_attr attr = attr_of(f, backward);
        const call c = call_of(level, f, &attr);
        const double error = narrow_error(&c, backward ? 15 : 7, !f->far);
        const bool packed = !f->far && f->queries >= 32; /* the products' own operands are rounded, too */
        ok(error <= (packed   ? 2e-2
                     : f->far ? 1e-6
                              : 0),
           "%s: %s of bf16: %s (%g)", mlrt__level_name(level), c.op, text(f), error);
        free_call((call *)&c);
    }
}

static void check(int32_t level, const form *f) {
    check_forward(level, f);
    check_backward(level, f, f->queries * f->keys > 500);
}

static void check_small(int32_t level) {
    static const form small[] = {
        {1, 1, 1, 1, 1, 1, .scale = 0},     {2, 2, 3, 5, 4, 7, .scale = 0},   {2, 3, 4, 4, 17, 3, .scale = 0.3},
        {0, 2, 3, 5, 4, 7, .scale = 0},     {1, 2, 0, 5, 4, 3, .scale = 0},   {1, 2, 3, 0, 4, 3, .scale = 0},
        {1, 2, 33, 18, 5, 6, .scale = 0},   {2, 3, 4, 4, 32, 16, .scale = 0}, {3, 2, 2, 3, 16, 48, .scale = 0},
        {1, 2, 7, 8, 16, 16, .scale = 0.2}, {2, 1, 1, 2, 64, 16, .scale = 0}};
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        for (mask_kind mask = NO_MASK; mask <= FULL_MASK; mask++)
            for (int causal = 0; causal < 2; causal++) {
                form f = small[i];
                f.mask = mask, f.causal = causal;
                check(level, &f);
            }
    for (int longer = 0; longer < 2; longer++)
        for (int causal = 0; causal < 2; causal++) {
            const form f = {1, 1, longer ? 70 : 30, longer ? 30 : 70, 3, 2, SHARED_MASK, causal, 0, 0, 0, 0, 0};
            check(level, &f);
        }
}

/* More queries than are taken together. */
static void check_large(int32_t level) {
    for (mask_kind mask = NO_MASK; mask <= FULL_MASK; mask++) {
        form even = {2, 1, 75, 70, 16, 16, mask, mask == KEY_MASK, 0, 0, 0, 0, 0};
        form uneven = {2, 1, 66, 90, 20, 17, mask, mask == SHARED_MASK, 0, 0, 0, 0, 0};
        check(level, &even);
        check(level, &uneven);
        even.far = FAR_Q | FAR_K, even.distances = 149, even.far_width = 16;
        uneven.far = FAR_K | FAR_V | SHARED, uneven.distances = 21, uneven.dropout = 0.2;
        check(level, &even);
        check(level, &uneven);
    }
}

static void check_far(int32_t level) {
    static const int32_t kinds[] = {FAR_K,
                                    FAR_K | SHARED,
                                    FAR_V,
                                    FAR_K | FAR_V,
                                    FAR_K | FAR_V | SHARED,
                                    FAR_Q | FAR_K,
                                    FAR_Q | FAR_K | FAR_V | SHARED};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (int64_t distances = 1; distances < 16; distances += 6)
            for (int causal = 0; causal < 2; causal++) {
                form f = {2, 2, 4, 6, 3, 2, causal ? KEY_MASK : NO_MASK, causal, 0, 0, distances, 5, kinds[i]};
                if (causal) f.queries = 6, f.keys = 4;
                check(level, &f);
            }
}

static void check_dropout(int32_t level) {
    for (int64_t queries = 1; queries < 40; queries += 18) {
        const form f = {2, 2, queries, 7, 3, 4, NO_MASK, queries == 19, 0, 0.4, 0, 0, 0};
        check(level, &f);
    }
}

static void check_all_narrow(int32_t level) {
    check_narrow(level, &(form){2, 3, 10, 10, 64, 64, NO_MASK, false, 0, 0, 0, 0, 0});
    check_narrow(level, &(form){3, 2, 4, 4, 32, 32, KEY_MASK, true, 0, 0, 0, 0, 0});
    check_narrow(level, &(form){2, 2, 5, 7, 12, 20, KEY_MASK, false, 0, 0, 0, 0, 0});
    check_narrow(level, &(form){1, 2, 70, 90, 24, 20, FULL_MASK, true, 0, 0.1, 0, 0, 0});
    check_narrow(level, &(form){2, 2, 20, 20, 16, 16, NO_MASK, true, 0, 0, 9, 16, FAR_Q | FAR_K | FAR_V | SHARED});
}

static void check_threads(form f) {
    for (int backward = 0; backward < 2; backward++) {
        const mlrt__attention_attr attr = attr_of(&f, backward);
        call c = call_of(mlrt__cpu_level(), &f, &attr);
        ok(same_for_threads(&c), "%s: the same bits for any number of threads",
           backward ? "and its gradient" : text(&f));
        free_call(&c);
    }
}

static void check_blind(void) {
    const form f = {1, 2, 3, 4, 5, 6, FULL_MASK, false, 0, 0, 0, 0, 0};
    for (int backward = 0; backward < 2; backward++) {
        const mlrt__attention_attr attr = attr_of(&f, backward);
        call c = call_of(mlrt__cpu_level(), &f, &attr);
        memset(c.in[c.inputs - 1].data, 0, mlrt_tensor_bytes(&c.in[c.inputs - 1]));
        run_call(&c);
        int other = 0;
        for (int64_t i = 0; i < count_of(&c.out); i++) other += ((float *)c.out.data)[i] != 0;
        is_int(other, 0, "%s", backward ? "and so do all gradients" : "queries that see nothing get zeros");
        free_call(&c);
    }
}

static void check_nan(void) {
    const form f = {2, 2, 3, 20, 5, 6, NO_MASK, false, 0, 0, 0, 0, 0};
    const mlrt__attention_attr attr = attr_of(&f, false);
    call c = call_of(mlrt__cpu_level(), &f, &attr);
    ((float *)c.in[1].data)[13 * 10 + 2] = NAN; /* a key of the first head */
    run_call(&c);
    int wrong = 0;
    for (int i = 0; i < 2 * 3 * 12; i++) wrong += isnan(((float *)c.out.data)[i]) != (i < 36 && i % 12 < 6);
    is_int(wrong, 0, "NaN in a key reaches its head's queries and nothing else");
    free_call(&c);
}

int main(void) {
    for
        EACH_LEVEL(level) {
            check_small(level);
            check_large(level);
            check_far(level);
            check_dropout(level);
            check_all_narrow(level);
        }
    for (mask_kind mask = NO_MASK; mask <= FULL_MASK; mask++)
        check_threads((form){3, 5, 70, 90, 24, 20, mask, mask == KEY_MASK, 0, 0, 0, 0, 0});
    check_threads((form){19, 3, 20, 20, 16, 16, NO_MASK, true, 0, 0.1, 9, 16, FAR_Q | FAR_K | FAR_V | SHARED});
    check_blind();
    check_nan();
    return done_testing();
}
