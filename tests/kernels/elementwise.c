/* elementwise.c - tests of the chains of elementwise ops. */
#include "call.h"

static double ref_where(double c, double a, double b) { return c != 0 ? a : b; }
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }
static double normal(double x) { return erfc(-x / sqrt(2)) / 2; }
static double gelu_slope(double x) { return normal(x) + (isinf(x) ? 0 : x * exp(-x * x / 2) / sqrt(2 * acos(-1))); }
static double silu_slope(double x) { return sigmoid(x) + (isinf(x) ? 0 : x * sigmoid(x) * sigmoid(-x)); }

/* The ops in double precision, from C's own functions. */
static double exact(mlrt__elementwise code, const double *x) {
    const double a = x[0], b = x[1];
    switch (code) {
    case MLRT__EW_add: return a + b;
    case MLRT__EW_sub: return a - b;
    case MLRT__EW_mul: return a * b;
    case MLRT__EW_div: return a / b;
    case MLRT__EW_pow: return pow(a, b);
    case MLRT__EW_maximum: return isnan(a) || isnan(b) ? NAN : fmax(a, b);
    case MLRT__EW_minimum: return isnan(a) || isnan(b) ? NAN : fmin(a, b);
    case MLRT__EW_eq: return a == b;
    case MLRT__EW_ne: return a != b;
    case MLRT__EW_lt: return a < b;
    case MLRT__EW_le: return a <= b;
    case MLRT__EW_where: return ref_where(a, b, x[2]);
    case MLRT__EW_neg: return -a;
    case MLRT__EW_abs: return fabs(a);
    case MLRT__EW_sign: return isnan(a) ? a : (a > 0) - (a < 0);
    case MLRT__EW_floor: return floor(a);
    case MLRT__EW_square: return a * a;
    case MLRT__EW_reciprocal: return 1 / a;
    case MLRT__EW_sqrt: return sqrt(a);
    case MLRT__EW_rsqrt: return 1 / sqrt(a);
    case MLRT__EW_exp: return exp(a);
    case MLRT__EW_log: return log(a);
    case MLRT__EW_log1p: return log1p(a);
    case MLRT__EW_sin: return sin(a);
    case MLRT__EW_cos: return cos(a);
    case MLRT__EW_tanh: return tanh(a);
    case MLRT__EW_sigmoid: return sigmoid(a);
    case MLRT__EW_erf: return erf(a);
    case MLRT__EW_relu: return isnan(a) ? a : fmax(a, 0);
    case MLRT__EW_softplus: return softplus(a);
    case MLRT__EW_gelu: return isinf(a) && a < 0 ? 0 : a * normal(a);
    case MLRT__EW_gelu_slope: return gelu_slope(a);
    case MLRT__EW_silu: return a * sigmoid(a);
    case MLRT__EW_silu_slope: return silu_slope(a);
    case MLRT__EW_tanh_grad: return a * (1 - b * b);
    case MLRT__EW_cast: return a;
    case MLRT__EW_dropout: return a; /* that drops nothing: see random.c */
    case MLRT__EW_COUNT: break;
    }
    return NAN;
}

static const struct {
    const char *name;
    int32_t inputs;
} ops[] = {
#define X(name, inputs) {#name, inputs},
    MLRT__ELEMENTWISE(X)
#undef X
};

static double element(const mlrt_tensor *t, int64_t i) {
    switch (t->dtype) {
    case MLRT_I32: return ((const int32_t *)t->data)[i];
    case MLRT_U8: return ((const uint8_t *)t->data)[i];
    case MLRT_BF16: {
        const uint32_t bits = (uint32_t)((const uint16_t *)t->data)[i] << 16;
        float x;
        memcpy(&x, &bits, sizeof x);
        return (double)x;
    }
    default: return (double)((const float *)t->data)[i];
    }
}

/* The chain, one element at a time. */
static double expected(const call *c, int64_t i) {
    const mlrt__fused_attr *attr = c->attr;
    double reg[MLRT__FUSED_INPUTS + MLRT__FUSED_STEPS];
    for (int32_t k = 0; k < c->inputs; k++)
        reg[k] = element(&c->in[k], broadcast_index(&c->out.shape, &c->in[k].shape, i));
    for (int32_t s = 0; s < attr->steps; s++) {
        double x[3] = {0};
        for (int32_t k = 0; k < ops[attr->step[s].code].inputs; k++) x[k] = reg[attr->step[s].in[k]];
        reg[c->inputs + s] = exact(attr->step[s].code, x);
    }
    return reg[c->inputs + attr->steps - 1];
}

static bool right(const call *c, double relative, double absolute) {
    for (int64_t i = 0; i < count_of(&c->out); i++) {
        const double got = element(&c->out, i), want = expected(c, i);
        if (isnan(want) ? isnan(got)
                        : (float)want == (float)got || fabs(got - want) <= absolute + relative * fabs(want))
            continue;
        diag("element %ld: got %.9g, want %.9g", (long)i, got, want);
        return false;
    }
    return true;
}

static mlrt__fused_attr single(mlrt__elementwise code) {
    mlrt__fused_attr attr = {.steps = 1, .dropout = {.p = 1e-9}};
    attr.step[0].code = (uint8_t)code;
    for (uint8_t k = 0; k < 3; k++) attr.step[0].in[k] = k;
    return attr;
}

/* Ordinary numbers with the awkward ones strewn in. */
static mlrt_tensor awkward(mlrt_shape shape) {
    static const float special[] = {0, -0.0f, 1, -1, 2, 3, NAN, INFINITY, -INFINITY, 1e-40f, 3e38f, 1e12f, 0.5f};
    mlrt_tensor t = uniform(shape, -5, 5);
    for (int64_t i = 0; i < count_of(&t); i++)
        if (draw(0, 1) < 0.3) ((float *)t.data)[i] = special[(int)draw(0, sizeof special / sizeof *special)];
    return t;
}

/* Those that pass through zero. */
static double absolute_of(int32_t code) {
    return code == MLRT__EW_gelu || code == MLRT__EW_gelu_slope || code == MLRT__EW_silu_slope ? 4e-7 : 0;
}

static void test_each_op(int32_t level) {
    static const int64_t sizes[] = {1, 2, 17, 1024, 2500};
    for (int32_t code = 0; code < MLRT__EW_COUNT; code++) {
        const mlrt__fused_attr attr = single((mlrt__elementwise)code);
        bool good = true;
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            const mlrt_shape shape = MLRT_SHAPE_OF(sizes[s]);
            call c = {"fused", level, &attr, tensor(MLRT_F32, shape), .inputs = ops[code].inputs};
            for (int32_t k = 0; k < c.inputs; k++)
                c.in[k] = code == MLRT__EW_tanh_grad && k == 1 ? uniform(shape, -1, 1) : awkward(shape);
            good &= run_call(&c) == MLRT_OK && right(&c, 3.5e-7, absolute_of(code));
            free_call(&c);
        }
        ok(good, "%s: %s", mlrt__level_name(level), ops[code].name);
    }
}

/* x and three operands that broadcast against it: where(x < a, x * b + c, a). */
static const mlrt__fused_attr chain = {
    .steps = 4,
    .step = {{MLRT__EW_lt, {0, 1}}, {MLRT__EW_mul, {0, 2}}, {MLRT__EW_add, {5, 3}}, {MLRT__EW_where, {4, 6, 1}}},
};

static const mlrt_shape shapes[][5] = {
    /* out, x, a, b, c */
    {MLRT_SCALAR, MLRT_SCALAR, MLRT_SCALAR, MLRT_SCALAR, MLRT_SCALAR},
    {{2, {1, 1}}, MLRT_SCALAR, {2, {1, 1}}, {1, {1}}, {2, {1, 1}}},
    {{2, {37, 128}}, {2, {37, 128}}, MLRT_SCALAR, {1, {128}}, {2, {37, 1}}},
    {{2, {300, 3}}, {2, {300, 3}}, {1, {3}}, {2, {300, 1}}, {2, {1, 3}}},
    {{2, {5, 3000}}, {2, {5, 3000}}, {1, {3000}}, {2, {5, 1}}, {1, {1}}},
    {{3, {7, 5, 11}}, {2, {5, 1}}, {3, {7, 1, 11}}, {3, {7, 1, 1}}, {1, {11}}},
    {{3, {2, 700, 9}}, {3, {2, 1, 9}}, {3, {2, 700, 1}}, {3, {1, 700, 9}}, {3, {2, 700, 9}}},
    {{4, {3, 2, 600, 2}}, {4, {3, 2, 600, 2}}, {3, {2, 1, 1}}, {4, {3, 1, 600, 1}}, {2, {600, 2}}},
    {{8, {2, 3, 1, 2, 3, 2, 1, 5}},
     {8, {2, 3, 1, 2, 3, 2, 1, 5}},
     {8, {1, 3, 1, 1, 3, 1, 1, 1}},
     {8, {2, 1, 1, 2, 1, 2, 1, 1}},
     {4, {3, 1, 1, 5}}},
    {{3, {4, 0, 5}}, {3, {4, 0, 5}}, {1, {5}}, {3, {4, 1, 1}}, MLRT_SCALAR},
};

static void test_broadcasting(int32_t level) {
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        char text[MLRT_SHAPE_TEXT];
        call c = {"fused", level, &chain, tensor(MLRT_F32, shapes[s][0]), .inputs = 4};
        for (int32_t k = 0; k < 4; k++) c.in[k] = uniform(shapes[s][k + 1], -1, 1);
        ok(run_call(&c) == MLRT_OK && right(&c, 1e-6, 1e-6), "%s: a chain broadcast to %s", mlrt__level_name(level),
           mlrt_shape_text(&shapes[s][0], text, sizeof text));
        free_call(&c);
    }
}

/* The result is written over the first input, with every operand read twice. */
static void test_in_place(int32_t level) {
    const mlrt__fused_attr attr = {.steps = 3,
                                   .step = {{MLRT__EW_sin, {0}}, {MLRT__EW_mul, {2, 1}}, {MLRT__EW_sub, {3, 0}}}};
    const mlrt_shape shape = MLRT_SHAPE_OF(9, 700), row = MLRT_SHAPE_OF(700);
    call c = {"fused",    level, &attr, tensor(MLRT_F32, shape), {uniform(shape, -1, 1), uniform(row, -1, 1)},
              .inputs = 2};
    run_call(&c);
    call over = c;
    over.out = over.in[0];
    run_call(&over);
    ok(memcmp(c.out.data, over.out.data, mlrt_tensor_bytes(&c.out)) == 0, "%s: in place", mlrt__level_name(level));
    free_call(&c);
}

static mlrt_tensor convert(const mlrt_tensor *x, mlrt_dtype dtype, int32_t level) {
    const mlrt__fused_attr attr = single(MLRT__EW_cast);
    call c = {"fused", level, &attr, tensor(dtype, x->shape), {*x}, .inputs = 1};
    run_call(&c);
    return c.out;
}

static void test_cast(int32_t level) {
    static const float values[] = {0, 1.5f, -1.5f, 255, 300, -7, 3e9f, -3e9f, NAN, 1 + 0x1p-8f, 1 + 0x3p-8f, INFINITY};
    static const int32_t ints[] = {0, 1, -1, 255, 300, -7, INT32_MAX, INT32_MIN, 0, 1, 1, INT32_MAX};
    static const uint8_t bytes[] = {0, 1, 0, 255, 255, 0, 255, 0, 0, 1, 1, 255};
    enum { COUNT = sizeof values / sizeof *values };
    mlrt_tensor x = tensor(MLRT_F32, MLRT_SHAPE_OF(COUNT));
    memcpy(x.data, values, sizeof values);
    mlrt_tensor i = convert(&x, MLRT_I32, level), u = convert(&x, MLRT_U8, level), b = convert(&x, MLRT_BF16, level);
    mlrt_tensor back = convert(&b, MLRT_F32, level), from_i = convert(&i, MLRT_F32, level);
    ok(memcmp(i.data, ints, sizeof ints) == 0, "%s: f32 to i32 truncates and saturates", mlrt__level_name(level));
    ok(memcmp(u.data, bytes, sizeof bytes) == 0, "%s: f32 to u8 truncates and saturates", mlrt__level_name(level));
    const float *y = back.data;
    ok(y[1] == 1.5f && y[9] == 1 && y[10] == 1 + 0x1p-6f, "%s: bf16 rounds ties to even", mlrt__level_name(level));
    ok(isnan(y[8]) && isinf(y[11]), "%s: bf16 keeps NaN and infinity", mlrt__level_name(level));
    ok(element(&from_i, 5) == -7 && element(&from_i, 4) == 300, "%s: i32 to f32", mlrt__level_name(level));
    free(x.data), free(i.data), free(u.data), free(b.data), free(back.data), free(from_i.data);
}

/* tokens == other tokens, broadcast, to f32 and to i32. */
static void test_integers(int32_t level) {
    const mlrt__fused_attr attr = single(MLRT__EW_eq);
    const mlrt_shape shape = MLRT_SHAPE_OF(50, 60), row = MLRT_SHAPE_OF(50, 1);
    for (mlrt_dtype dtype = MLRT_F32; dtype <= MLRT_U8; dtype++) {
        call c = {"fused",    level, &attr, tensor(dtype, shape), {integers(shape, 0, 4), integers(row, 0, 4)},
                  .inputs = 2};
        ok(run_call(&c) == MLRT_OK && right(&c, 0, 0), "%s: i32 equality to %s", mlrt__level_name(level),
           mlrt_dtype_name(dtype));
        free_call(&c);
    }
}

static void test_threads(int32_t level) {
    for (size_t s = 0; s < 3; s++) {
        const mlrt_shape shape = s == 0   ? MLRT_SHAPE_OF(100003)
                                 : s == 1 ? MLRT_SHAPE_OF(13, 77, 130)
                                          : MLRT_SHAPE_OF(3, 40000);
        const mlrt_shape last = MLRT_SHAPE_OF(shape.dim[shape.rank - 1]);
        call c = {"fused", level, &chain, tensor(MLRT_F32, shape), .inputs = 4};
        c.in[0] = uniform(shape, -1, 1), c.in[1] = uniform(last, -1, 1);
        c.in[2] = uniform(MLRT_SCALAR, -1, 1), c.in[3] = uniform(shape, -1, 1);
        ok(same_for_threads(&c) && right(&c, 1e-6, 1e-6), "%s: threads share [.., %ld]", mlrt__level_name(level),
           (long)last.dim[0]);
        free_call(&c);
    }
}

int main(void) {
    for
        EACH_LEVEL(level) {
            test_each_op(level);
            test_broadcasting(level);
            test_in_place(level);
            test_cast(level);
            test_integers(level);
            test_threads(level);
        }
    return done_testing();
}
