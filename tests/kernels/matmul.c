/* matmul.c - products of every form and size against sums in double, on every CPU level. */
#include "call.h"
#include "compare.h"
#include "kernels/blocks.h"
#include "narrow.h"

typedef struct form {
    mlrt_shape a, b, y;
    int32_t flags;
} form;

static int64_t at(const mlrt_shape *s, int32_t axis) { return s->dim[s->rank + axis]; }

/* y of the contract, written down as it stands there. */
static double *reference(const form *f, const float *a, const float *b, const float *bias, bool relu) {
    const bool ta = f->flags & MLRT_TRANS_A, tb = f->flags & MLRT_TRANS_B;
    const int64_t m = at(&f->y, -2), n = at(&f->y, -1), k = at(&f->a, ta ? -2 : -1);
    const int64_t batch = m * n > 0 ? mlrt_shape_count(&f->y) / (m * n) : 0;
    double *y = calloc((size_t)(batch * m * n) + 1, sizeof *y);
    for (int64_t q = 0; q < batch; q++)
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < n; j++) {
                const float *x = a + q * m * k, *w = b + (f->b.rank == 2 ? 0 : q * k * n);
                double sum = bias ? (double)bias[j] : 0;
                for (int64_t p = 0; p < k; p++)
                    sum += (double)x[ta ? p * m + i : i * k + p] * (double)w[tb ? j * k + p : p * n + j];
                y[(q * m + i) * n + j] = relu && sum < 0 ? 0 : sum;
            }
    return y;
}

static int32_t bf16; /* as the attribute says it */

static void check(int32_t level, const form *f, bool with_bias, bool relu) {
    const mlrt__matmul_attr attr = {
        .flags = f->flags, .activation = relu ? MLRT__ACT_RELU : MLRT__ACT_NONE, .bf16 = bf16};
    call c = {.op = "matmul", .level = level, .attr = &attr, .out = tensor(MLRT_F32, f->y), .inputs = 2};
    c.in[0] = uniform(f->a, -1, 1), c.in[1] = uniform(f->b, -1, 1);
    if (with_bias) c.in[c.inputs++] = uniform(MLRT_SHAPE_OF(at(&f->y, -1)), -1, 1);
    run_call(&c);
    double *want = reference(f, c.in[0].data, c.in[1].data, c.in[2].data, relu);
    const double k = (double)at(&f->a, f->flags & MLRT_TRANS_A ? -2 : -1);
    char text[3][MLRT_SHAPE_TEXT];
    is_near(&c, want, (bf16 ? 3e-3 : 1e-6) * (1 + sqrt(k)), "%s: %s x %s -> %s%s%s%s%s", mlrt__level_name(level),
            mlrt_shape_text(&f->a, text[0], MLRT_SHAPE_TEXT), mlrt_shape_text(&f->b, text[1], MLRT_SHAPE_TEXT),
            mlrt_shape_text(&f->y, text[2], MLRT_SHAPE_TEXT), f->flags & MLRT_TRANS_A ? " a^T" : "",
            f->flags & MLRT_TRANS_B ? " b^T" : "", with_bias ? " + bias" : "", relu ? " relu" : "");
    free_call(&c);
    free(want);
}

/* The four transpositions of a product, with the leading dimensions in front. */
static void check_all(int32_t level, mlrt_shape front, bool shared, int64_t m, int64_t n, int64_t k) {
    for (int32_t flags = 0; flags < 4; flags++) {
        if (shared && front.rank && flags & MLRT_TRANS_A) continue;
        form f = {.a = front, .b = shared ? MLRT_SCALAR : front, .y = front, .flags = flags};
        const bool ta = flags & MLRT_TRANS_A, tb = flags & MLRT_TRANS_B;
        f.a.dim[f.a.rank++] = ta ? k : m, f.a.dim[f.a.rank++] = ta ? m : k;
        f.b.dim[f.b.rank++] = tb ? n : k, f.b.dim[f.b.rank++] = tb ? k : n;
        f.y.dim[f.y.rank++] = m, f.y.dim[f.y.rank++] = n;
        check(level, &f, false, false);
        check(level, &f, true, flags & MLRT_TRANS_B);
    }
}

static call product(int64_t m, int64_t n, int64_t k, const mlrt__matmul_attr *attr) {
    call c = {.op = "matmul", .level = mlrt__cpu_level(), .attr = attr, .inputs = 2};
    c.out = tensor(MLRT_F32, MLRT_SHAPE_OF(m, n));
    c.in[0] = uniform(MLRT_SHAPE_OF(m, k), -1, 1), c.in[1] = uniform(MLRT_SHAPE_OF(k, n), -1, 1);
    return c;
}

/* What is not finite in a shows in its row of the result and nowhere else, also through a ReLU. */
static void check_not_finite(int64_t m, int64_t n, int64_t k, int32_t activation) {
    const mlrt__matmul_attr attr = {.activation = activation};
    call c = product(m, n, k, &attr);
    const float *y = c.out.data;
    ((float *)c.in[0].data)[3 * k + 5] = NAN;
    run_call(&c);
    int64_t wrong = 0;
    for (int64_t i = 0; i < m * n; i++) wrong += isnan(y[i]) != (i / n == 3);
    is_int(wrong, 0, "[%d, %d, %d], activation %d: NaN stays", (int)m, (int)n, (int)k, activation);
    ((float *)c.in[0].data)[3 * k + 5] = INFINITY;
    run_call(&c);
    for (int64_t j = 0; j < n; j++) wrong += !isinf(y[3 * n + j]) && !(activation && y[3 * n + j] == 0);
    is_int(wrong, 0, "[%d, %d, %d], activation %d: infinity stays", (int)m, (int)n, (int)k, activation);
    free_call(&c);
}

static void check_repeats(int64_t m, int64_t n, int64_t k) {
    const mlrt__matmul_attr attr = {0};
    call c = product(m, n, k, &attr);
    run_call(&c);
    mlrt_tensor first = c.out;
    c.out = tensor(MLRT_F32, first.shape);
    run_call(&c);
    ok(memcmp(first.data, c.out.data, mlrt_tensor_bytes(&first)) == 0, "[%d, %d, %d]: the same bits twice", (int)m,
       (int)n, (int)k);
    free_call(&c);
    free(first.data);
}

/* What is turned where b is transposed, and columns of results. */
static void check_turned(int32_t level) {
    check_all(level, MLRT_SCALAR, true, 45, 200, 200);
    check_all(level, MLRT_SCALAR, true, 16, 101, 256);
    check_all(level, MLRT_SCALAR, true, 33, 130, 77);
    check_all(level, MLRT_SHAPE_OF(2), false, 13, 63, 131);
    check_all(level, MLRT_SCALAR, true, 45, 1, 200);
    check_all(level, MLRT_SHAPE_OF(2), false, 19, 1, 37);
}

/* A row of a small product has the same bits, however many rows there are: turned or not. */
static void check_rows(int64_t most, int64_t n, int64_t k) {
    const mlrt__matmul_attr attr = {.flags = MLRT_TRANS_B};
    call c = {.op = "matmul", .level = mlrt__cpu_level(), .attr = &attr, .inputs = 3};
    c.in[0] = uniform(MLRT_SHAPE_OF(most, k), -1, 1), c.in[1] = uniform(MLRT_SHAPE_OF(n, k), -1, 1);
    c.in[2] = uniform(MLRT_SHAPE_OF(n), -1, 1);
    c.out = tensor(MLRT_F32, MLRT_SHAPE_OF(most, n));
    run_call(&c);
    const mlrt_tensor all = c.out;
    bool same = true;
    for (int64_t m = 1; m < most; m++) {
        c.in[0].shape.dim[0] = m;
        c.out = tensor(MLRT_F32, MLRT_SHAPE_OF(m, n));
        run_call(&c);
        same = same && memcmp(c.out.data, all.data, mlrt_tensor_bytes(&c.out)) == 0;
        free(c.out.data);
    }
    ok(same, "[1 to %d, %d, %d] b^T + bias: rows have the same bits", (int)most, (int)n, (int)k);
    c.out = all;
    free_call(&c);
}

/* What is cut into blocks along every side. */
static void check_large(int32_t level) {
    check_all(level, MLRT_SCALAR, true, 130, 70, 65);
    check_all(level, MLRT_SCALAR, true, 640, 33, 257);
    check_all(level, MLRT_SCALAR, true, 1, 700, 700);
    check_all(level, MLRT_SCALAR, true, 5000, 1, 64);
    check_all(level, MLRT_SHAPE_OF(3, 5), true, 50, 128, 70);
    check_all(level, MLRT_SHAPE_OF(3), false, 70, 65, 131);
    check_all(level, MLRT_SHAPE_OF(0), false, 70, 65, 131);
    check_all(level, MLRT_SCALAR, true, 70, 60, 1100);
    check_all(level, MLRT_SCALAR, true, 20, 4150, 30);
}

/* Every format against the same sums of operands that bf16 holds exactly, so that only the order of the sum is free. */
static void check_format(const mlrt__format *f, const mlrt__product *p) {
    mlrt_tensor a = integers(MLRT_SHAPE_OF(p->m * p->k), -8, 8), b = integers(MLRT_SHAPE_OF(p->k * p->n), -8, 8);
    mlrt_tensor y = tensor(MLRT_F32, MLRT_SHAPE_OF(p->m, p->n));
    float *x = a.data, *w = b.data, *sum = y.data;
    for (int64_t i = 0; i < p->m * p->k; i++) x[i] = (float)((int32_t *)a.data)[i];
    for (int64_t i = 0; i < p->k * p->n; i++) w[i] = (float)((int32_t *)b.data)[i];
    void *scratch = mlrt__alloc_large(mlrt__blocks_scratch(p, f, mlrt__threads()));
    for (int64_t i = 0; i < p->m * p->n; i++) sum[i] = (float)(i % 7); /* what it adds to, in its own place */
    mlrt__blocks_run(p, p, f, &(mlrt__operands){.a = x, .b = w, .start = sum, .y = sum}, scratch);
    int64_t wrong = 0;
    for (int64_t i = 0; i < p->m; i++)
        for (int64_t j = 0; j < p->n; j++) {
            float want = (float)((i * p->n + j) % 7);
            for (int64_t k = 0; k < p->k; k++)
                want += x[i * p->a.row + k * p->a.column] * w[k * p->b.row + j * p->b.column];
            wrong += sum[i * p->n + j] != want;
        }
    is_int(wrong, 0, "%s, tiles of %d x %d: [%d, %d, %d] is exact", f->name, (int)f->rows, (int)f->columns, (int)p->m,
           (int)p->n, (int)p->k);
    mlrt__free_large(scratch);
    free(a.data), free(b.data), free(y.data);
}

/* Operands, masks and results that are bf16 in memory: the same bits as with f32 in memory. */
static void check_narrow(const mlrt__format *f, const mlrt__product *p) {
    mlrt_tensor a = uniform(MLRT_SHAPE_OF(p->m * p->k), -1, 1), b = uniform(MLRT_SHAPE_OF(p->k * p->n), -1, 1);
    mlrt_tensor mask = uniform(MLRT_SHAPE_OF(p->m * p->n), -1, 1), start = uniform(mask.shape, -1, 1);
    mlrt_tensor y = tensor(MLRT_F32, mask.shape), a16 = narrowed(&a), b16 = narrowed(&b), m16 = narrowed(&mask);
    mlrt__product q = *p;
    void *scratch = mlrt__alloc_large(mlrt__blocks_scratch(p, f, mlrt__threads()));
    mlrt__operands o = {.a = a.data, .b = b.data, .start = start.data, .mask = mask.data, .y = y.data};
    mlrt__blocks_run(p, p, f, &o, scratch);
    mlrt_tensor want = narrowed(&y), y16 = tensor(MLRT_BF16, y.shape);
    o.a = a16.data, o.b = b16.data, o.mask = m16.data;
    q.a.narrow = q.b.narrow = q.narrow_mask = true;
    q.narrow_y = mlrt__blocks_write_once(p, f);
    if (q.narrow_y) o.y = y16.data;
    mlrt_tensor f32 = tensor(MLRT_F32, y.shape);
    if (!q.narrow_y) o.y = f32.data;
    mlrt__blocks_run(&q, &q, f, &o, scratch);
    ok(q.narrow_y ? memcmp(y16.data, want.data, mlrt_tensor_bytes(&want)) == 0
                  : memcmp(f32.data, y.data, mlrt_tensor_bytes(&y)) == 0,
       "%s: [%d, %d, %d] of bf16 in memory", f->name, (int)p->m, (int)p->n, (int)p->k);
    mlrt__free_large(scratch);
    mlrt_tensor all[] = {a, b, mask, start, y, a16, b16, m16, want, y16, f32};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i].data);
}

static void check_formats(void) {
    static const int64_t size[][3] = {{1, 1, 1}, {33, 31, 17}, {70, 100, 1025}, {300, 40, 64}, {320, 70, 2080}};
    const int32_t level = mlrt__cpu_level();
    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
        for (int32_t trans = 0; trans < 4; trans++) {
            const int64_t m = size[i][0], n = size[i][1], k = size[i][2];
            const mlrt__matrix a = {.row = trans & 1 ? 1 : k, .column = trans & 1 ? m : 1},
                               b = {.row = trans & 2 ? 1 : n, .column = trans & 2 ? k : 1};
            const mlrt__product p = {.batch = 1, .m = m, .n = n, .k = k, .a = a, .b = b};
            check_format(mlrt__format_f32(level), &p);
            for (int32_t c = 0; mlrt__format_bf16(level, c); c++) {
                check_format(mlrt__format_bf16(level, c), &p);
                check_narrow(mlrt__format_bf16(level, c), &p);
            }
        }
}

int main(void) {
    static const int64_t sizes[][3] = {{1, 1, 1},   {1, 7, 3},    {13, 1, 5},    {16, 16, 16},  {45, 30, 41},
                                       {12, 33, 2}, {3, 64, 300}, {37, 17, 257}, {0, 4, 3},     {4, 0, 3},
                                       {4, 3, 0},   {25, 200, 1}, {70, 1, 300},  {60, 100, 40}, {30, 33, 260}};
    for
        EACH_LEVEL(level) {
            setenv("MLRT_CPU", strrchr(mlrt__level_name(level), '-') + 1, 1);
            for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
                check_all(level, MLRT_SCALAR, true, sizes[i][0], sizes[i][1], sizes[i][2]);
            check_all(level, MLRT_SHAPE_OF(2, 3), true, 5, 19, 7);
            check_all(level, MLRT_SHAPE_OF(2, 3), false, 5, 19, 7);
            check_all(level, MLRT_SHAPE_OF(60), false, 9, 21, 20);
            check_all(level, MLRT_SHAPE_OF(0), false, 5, 4, 7);
            check_all(level, MLRT_SHAPE_OF(0), true, 5, 4, 7);
            check_turned(level);
            check_large(level);
            unsetenv("MLRT_CPU");
        }
    const int32_t level = mlrt__cpu_level();
    bf16 = 1;
    check_large(level);
    bf16 = 0;
    check_formats();
    for (int32_t activation = MLRT__ACT_NONE; activation <= MLRT__ACT_RELU; activation++) {
        check_not_finite(20, 30, 40, activation);
        check_not_finite(100, 100, 100, activation);
        check_not_finite(300, 50, 400, activation);
    }
    check_rows(50, 100, 120);
    check_rows(33, 64, 256);
    check_repeats(30, 40, 50);
    check_repeats(500, 300, 200);
    return done_testing();
}
