/* onednn.c - the one place that calls oneDNN. */
#include "kernels/onednn.h"
#include "base/arena.h"
#include "base/float_mode.h"
#include "base/library.h"
#include "config.h"
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <omp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A primitive with its arguments and scratchpad. */
typedef struct step {
    dnnl_primitive_t primitive;
    dnnl_memory_t scratchpad;
    void *bytes;
    int32_t args;
    dnnl_exec_arg_t arg[MLRT__DNNL_OPERANDS + 1];
} step;

/* `user` is the caller's memory. Where the primitive works faster on another layout, `inner` has that layout and memory
 * of its own, and `reorder` copies between the two. */
typedef struct operand {
    dnnl_memory_t user, inner;
    step reorder;
    void *bytes;
} operand;

struct mlrt__dnnl {
    step step;
    int32_t operands, threads;
    operand operand[MLRT__DNNL_OPERANDS];
};

/* ---- the library, opened with the first call ---- */

#if DNNL_VERSION_MAJOR >= 3
#    define OF_THIS_VERSION(X)                                                                                         \
        X(convolution_backward_data_primitive_desc_create)                                                             \
        X(convolution_backward_weights_primitive_desc_create)                                                          \
        X(convolution_forward_primitive_desc_create)                                                                   \
        X(matmul_primitive_desc_create)                                                                                \
        X(memory_desc_create_with_strides) X(memory_desc_create_with_tag) X(memory_desc_destroy)
#else
#    define OF_THIS_VERSION(X)                                                                                         \
        X(convolution_backward_data_desc_init)                                                                         \
        X(convolution_backward_weights_desc_init)                                                                      \
        X(convolution_forward_desc_init)                                                                               \
        X(matmul_desc_init) X(memory_desc_init_by_strides) X(memory_desc_init_by_tag) X(primitive_desc_create)
#endif
#define FUNCTIONS(X)                                                                                                   \
    X(engine_create)                                                                                                   \
    X(memory_create)                                                                                                   \
    X(memory_desc_equal)                                                                                               \
    X(memory_desc_get_size)                                                                                            \
    X(memory_destroy)                                                                                                  \
    X(memory_set_data_handle)                                                                                          \
    X(primitive_attr_create)                                                                                           \
    X(primitive_attr_destroy)                                                                                          \
    X(primitive_attr_set_scratchpad_mode)                                                                              \
    X(primitive_create)                                                                                                \
    X(primitive_desc_destroy)                                                                                          \
    X(primitive_desc_query_md)                                                                                         \
    X(primitive_destroy)                                                                                               \
    X(primitive_execute)                                                                                               \
    X(reorder_primitive_desc_create)                                                                                   \
    X(status2str)                                                                                                      \
    X(stream_create)                                                                                                   \
    X(stream_wait)                                                                                                     \
    X(version)                                                                                                         \
    OF_THIS_VERSION(X)

static struct {
#define X(name) __typeof__(dnnl_##name) *name;
    FUNCTIONS(X)
#undef X
} dnnl;

static dnnl_engine_t engine;
static dnnl_stream_t stream;
static dnnl_status_t start_status;
static mlrt_error start_error;

/* One engine and one stream for the process, until it exits. */
static void start(void) {
    static const mlrt__symbol symbol[] = {
#define X(name) {"dnnl_" #name, &dnnl.name},
        FUNCTIONS(X)
#undef X
    };
    if (mlrt__library_open(MLRT_ONEDNN, symbol, sizeof symbol / sizeof *symbol, &start_error) != MLRT_OK) return;
    start_status = dnnl.engine_create(&engine, dnnl_cpu, 0);
    if (start_status == dnnl_success) start_status = dnnl.stream_create(&stream, engine, dnnl_stream_default_flags);
}

static mlrt_status open_library(mlrt_error *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start);
    return start_error.status == MLRT_OK ? MLRT_OK : mlrt_fail(err, start_error.status, "%s", start_error.message);
}

/* ---- what differs between versions 2 and 3: a memory layout is a value or a handle, and a primitive is described in
 * two steps or in one ---- */

typedef dnnl_memory_desc_t layout;

#if DNNL_VERSION_MAJOR >= 3

typedef const_dnnl_memory_desc_t layout_ref;

static layout_ref ref(const layout *l) { return *l; }
static void layout_free(layout *l) { dnnl.memory_desc_destroy(*l); }

static dnnl_status_t layout_strided(layout *l, int axes, const dnnl_dims_t dim, dnnl_data_type_t type,
                                    const dnnl_dims_t stride) {
    return dnnl.memory_desc_create_with_strides(l, axes, dim, type, stride);
}

static dnnl_status_t layout_tagged(layout *l, int axes, const dnnl_dims_t dim, dnnl_data_type_t type,
                                   dnnl_format_tag_t tag) {
    return dnnl.memory_desc_create_with_tag(l, axes, dim, type, tag);
}

static dnnl_status_t describe_matmul(dnnl_primitive_desc_t *pd, layout_ref a, layout_ref b, layout_ref bias,
                                     layout_ref y, const_dnnl_primitive_attr_t attr) {
    return dnnl.matmul_primitive_desc_create(pd, engine, a, b, bias, y, attr);
}

static dnnl_status_t describe_conv(dnnl_primitive_desc_t *pd, mlrt__dnnl_conv_kind kind, layout_ref x, layout_ref w,
                                   layout_ref bias, layout_ref y, const dnnl_dims_t stride, const dnnl_dims_t padding,
                                   const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attr) {
    const dnnl_dims_t dilation = {0, 0};
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;
    switch (kind) {
    case MLRT__CONV_GRAD_X:
        return dnnl.convolution_backward_data_primitive_desc_create(pd, engine, direct, x, w, y, stride, dilation,
                                                                    padding, padding, forward, attr);
    case MLRT__CONV_GRAD_W:
        return dnnl.convolution_backward_weights_primitive_desc_create(pd, engine, direct, x, w, NULL, y, stride,
                                                                       dilation, padding, padding, forward, attr);
    default:
        return dnnl.convolution_forward_primitive_desc_create(pd, engine, dnnl_forward_training, direct, x, w, bias, y,
                                                              stride, dilation, padding, padding, attr);
    }
}

#else

typedef const dnnl_memory_desc_t *layout_ref;

static layout_ref ref(const layout *l) { return l; }
static void layout_free(layout *l) { (void)l; }

static dnnl_status_t layout_strided(layout *l, int axes, const dnnl_dims_t dim, dnnl_data_type_t type,
                                    const dnnl_dims_t stride) {
    return dnnl.memory_desc_init_by_strides(l, axes, dim, type, stride);
}

static dnnl_status_t layout_tagged(layout *l, int axes, const dnnl_dims_t dim, dnnl_data_type_t type,
                                   dnnl_format_tag_t tag) {
    return dnnl.memory_desc_init_by_tag(l, axes, dim, type, tag);
}

static dnnl_status_t describe_matmul(dnnl_primitive_desc_t *pd, layout_ref a, layout_ref b, layout_ref bias,
                                     layout_ref y, const_dnnl_primitive_attr_t attr) {
    dnnl_matmul_desc_t d;
    const dnnl_status_t s = dnnl.matmul_desc_init(&d, a, b, bias, y);
    return s == dnnl_success ? dnnl.primitive_desc_create(pd, &d, attr, engine, NULL) : s;
}

static dnnl_status_t describe_conv(dnnl_primitive_desc_t *pd, mlrt__dnnl_conv_kind kind, layout_ref x, layout_ref w,
                                   layout_ref bias, layout_ref y, const dnnl_dims_t stride, const dnnl_dims_t padding,
                                   const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attr) {
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;
    dnnl_convolution_desc_t d;
    dnnl_status_t s;
    switch (kind) {
    case MLRT__CONV_GRAD_X:
        s = dnnl.convolution_backward_data_desc_init(&d, direct, x, w, y, stride, padding, padding);
        break;
    case MLRT__CONV_GRAD_W:
        s = dnnl.convolution_backward_weights_desc_init(&d, direct, x, w, NULL, y, stride, padding, padding);
        break;
    default:
        s = dnnl.convolution_forward_desc_init(&d, dnnl_forward_training, direct, x, w, bias, y, stride, padding,
                                               padding);
    }
    return s == dnnl_success ? dnnl.primitive_desc_create(pd, &d, attr, engine, forward) : s;
}

#endif

/* ---- making a call. Status is sticky: after the first failure nothing more is done ---- */

#define TRY(status, call)                                                                                              \
    do {                                                                                                               \
        if ((status) == dnnl_success) (status) = (call);                                                               \
    } while (0)

static mlrt_status failed(mlrt_error *err, dnnl_status_t status, const char *what) {
    return mlrt_fail(err, status == dnnl_out_of_memory ? MLRT_MEMORY : MLRT_UNSUPPORTED, "oneDNN is unable to %s: %s",
                     what, dnnl.status2str(status));
}

static dnnl_status_t own_memory(dnnl_memory_t *memory, layout_ref l, void **bytes) {
    *bytes = mlrt__alloc_large(dnnl.memory_desc_get_size(l));
    return *bytes ? dnnl.memory_create(memory, l, engine, *bytes) : dnnl_out_of_memory;
}

static void step_arg(step *s, int id, dnnl_memory_t memory) {
    s->arg[s->args++] = (dnnl_exec_arg_t){.arg = id, .memory = memory};
}

/* The primitive of a description and, when it wants one, its scratchpad. */
static dnnl_status_t step_make(step *s, const_dnnl_primitive_desc_t pd) {
    dnnl_status_t status = dnnl.primitive_create(&s->primitive, pd);
    const layout_ref l = dnnl.primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    if (!l || dnnl.memory_desc_get_size(l) == 0) return status;
    TRY(status, own_memory(&s->scratchpad, l, &s->bytes));
    if (status == dnnl_success) step_arg(s, DNNL_ARG_SCRATCHPAD, s->scratchpad);
    return status;
}

static dnnl_status_t scratchpad_attr(dnnl_primitive_attr_t *attr) {
    dnnl_status_t status = dnnl.primitive_attr_create(attr);
    TRY(status, dnnl.primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user));
    return status;
}

static dnnl_status_t reorder_make(step *s, layout_ref from, layout_ref to, dnnl_memory_t source, dnnl_memory_t target) {
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_status_t status = scratchpad_attr(&attr);
    TRY(status, dnnl.reorder_primitive_desc_create(&pd, from, engine, to, engine, attr));
    TRY(status, step_make(s, pd));
    step_arg(s, DNNL_ARG_FROM, source);
    step_arg(s, DNNL_ARG_TO, target);
    dnnl.primitive_desc_destroy(pd);
    dnnl.primitive_attr_destroy(attr);
    return status;
}

/* Give the call its next operand, which the caller has in layout `plain`; the last one is the result. */
static dnnl_status_t add_operand(mlrt__dnnl *call, const_dnnl_primitive_desc_t pd, int id, layout_ref plain,
                                 bool result) {
    operand *o = &call->operand[call->operands++];
    const layout_ref wanted = dnnl.primitive_desc_query_md(pd, dnnl_query_exec_arg_md, id);
    dnnl_status_t status = dnnl.memory_create(&o->user, plain, engine, DNNL_MEMORY_NONE);
    if (dnnl.memory_desc_equal(plain, wanted)) {
        o->inner = o->user;
    } else {
        TRY(status, own_memory(&o->inner, wanted, &o->bytes));
        TRY(status, result ? reorder_make(&o->reorder, wanted, plain, o->inner, o->user)
                           : reorder_make(&o->reorder, plain, wanted, o->user, o->inner));
    }
    step_arg(&call->step, id, o->inner);
    return status;
}

/* oneDNN plans for the number of threads that OpenMP has when the primitive is made. */
static int use_threads(int32_t threads) {
    const int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    return before;
}

static mlrt__dnnl *call_new(int32_t threads, dnnl_status_t *status) {
    mlrt__dnnl *call = calloc(1, sizeof *call);
    *status = call ? start_status : dnnl_out_of_memory;
    if (call) call->threads = threads;
    return call;
}

/* Hand the call over, or take it apart when something failed. */
static mlrt_status call_done(mlrt__dnnl *call, dnnl_status_t status, const char *what, mlrt__dnnl **out,
                             mlrt_error *err) {
    *out = status == dnnl_success ? call : NULL;
    if (status == dnnl_success) return MLRT_OK;
    mlrt__dnnl_free(call);
    return failed(err, status, what);
}

/* ---- matrix products ---- */

static dnnl_data_type_t data_type(mlrt_dtype dtype) {
    static const dnnl_data_type_t type[] = {
        [MLRT_F32] = dnnl_f32, [MLRT_BF16] = dnnl_bf16, [MLRT_I32] = dnnl_s32, [MLRT_U8] = dnnl_u8};
    return type[dtype];
}

static dnnl_status_t layout_of(layout *l, const mlrt__dnnl_view *v) {
    dnnl_dims_t dim, stride;
    memcpy(dim, v->dim, sizeof v->dim);
    memcpy(stride, v->stride, sizeof v->stride);
    return layout_strided(l, v->axes, dim, data_type(v->dtype), stride);
}

/* The layout that the product is described with. */
static dnnl_status_t asked_of(layout *l, const mlrt__dnnl_view *v) {
    dnnl_dims_t dim;
    memcpy(dim, v->dim, sizeof v->dim);
    return v->any ? layout_tagged(l, v->axes, dim, data_type(v->dtype), dnnl_format_tag_any) : layout_of(l, v);
}

mlrt_status mlrt__dnnl_matmul(const mlrt__dnnl_view *a, const mlrt__dnnl_view *b, const mlrt__dnnl_view *bias,
                              const mlrt__dnnl_view *y, int32_t threads, mlrt__dnnl **call, mlrt_error *err) {
    static const int id[MLRT__DNNL_OPERANDS] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST};
    const mlrt__dnnl_view *const view[MLRT__DNNL_OPERANDS] = {a, b, bias, y};
    layout l[MLRT__DNNL_OPERANDS] = {0}, asked[MLRT__DNNL_OPERANDS] = {0};
    layout_ref r[MLRT__DNNL_OPERANDS] = {NULL};
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    const mlrt_status opened = open_library(err);
    *call = NULL;
    if (opened != MLRT_OK) return opened;
    const int before = use_threads(threads);
    dnnl_status_t status;
    mlrt__dnnl *made = call_new(threads, &status);
    for (int i = 0; i < MLRT__DNNL_OPERANDS; i++) {
        if (!view[i]) continue;
        TRY(status, layout_of(&l[i], view[i]));
        TRY(status, asked_of(&asked[i], view[i]));
        r[i] = ref(&asked[i]);
    }
    TRY(status, scratchpad_attr(&attr));
    TRY(status, describe_matmul(&pd, r[0], r[1], r[2], r[3], attr));
    TRY(status, step_make(&made->step, pd));
    for (int i = 0; i < MLRT__DNNL_OPERANDS; i++) {
        if (r[i]) TRY(status, add_operand(made, pd, id[i], ref(&l[i]), id[i] == DNNL_ARG_DST));
        if (view[i]) layout_free(&l[i]), layout_free(&asked[i]);
    }
    dnnl.primitive_desc_destroy(pd);
    dnnl.primitive_attr_destroy(attr);
    use_threads(before);
    return call_done(made, status, "prepare a matrix product", call, err);
}

/* ---- convolutions ---- */

enum { X, WEIGHT, BIAS, Y, TENSORS };

static dnnl_status_t conv_layouts(const mlrt__dnnl_conv_shape *shape, layout plain[TENSORS], layout any[TENSORS]) {
    const mlrt_shape bias = MLRT_SHAPE_OF(shape->weight.dim[0]);
    const mlrt_shape *const of[TENSORS] = {&shape->x, &shape->weight, &bias, &shape->y};
    dnnl_status_t status = dnnl_success;
    for (int i = 0; i < TENSORS; i++) {
        dnnl_dims_t dim = {0};
        memcpy(dim, of[i]->dim, sizeof of[i]->dim);
        const dnnl_format_tag_t tag = i == BIAS ? dnnl_a : dnnl_abcd;
        TRY(status, layout_tagged(&plain[i], of[i]->rank, dim, dnnl_f32, tag));
        TRY(status, layout_tagged(&any[i], of[i]->rank, dim, dnnl_f32, i == BIAS ? dnnl_a : dnnl_format_tag_any));
    }
    return status;
}

/* A gradient is described with the forward pass it belongs to at hand. */
static dnnl_status_t conv_describe(dnnl_primitive_desc_t *pd, mlrt__dnnl_conv_kind kind,
                                   const mlrt__dnnl_conv_shape *shape, const layout l[TENSORS]) {
    const dnnl_dims_t stride = {shape->stride, shape->stride}, padding = {shape->padding, shape->padding};
    const layout_ref x = ref(&l[X]), w = ref(&l[WEIGHT]), bias = shape->bias ? ref(&l[BIAS]) : NULL, y = ref(&l[Y]);
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t forward = NULL;
    dnnl_status_t status = scratchpad_attr(&attr);
    if (kind != MLRT__CONV_FORWARD)
        TRY(status, describe_conv(&forward, MLRT__CONV_FORWARD, x, w, NULL, y, stride, padding, NULL, NULL));
    TRY(status, describe_conv(pd, kind, x, w, bias, y, stride, padding, forward, attr));
    dnnl.primitive_desc_destroy(forward);
    dnnl.primitive_attr_destroy(attr);
    return status;
}

mlrt_status mlrt__dnnl_conv(mlrt__dnnl_conv_kind kind, const mlrt__dnnl_conv_shape *shape, int32_t threads,
                            mlrt__dnnl **call, mlrt_error *err) {
    /* The operands of each kind in our order. */
    static const struct {
        int tensor, id;
    } order[][TENSORS] = {
        {{X, DNNL_ARG_SRC}, {WEIGHT, DNNL_ARG_WEIGHTS}, {BIAS, DNNL_ARG_BIAS}, {Y, DNNL_ARG_DST}},
        {{WEIGHT, DNNL_ARG_WEIGHTS}, {Y, DNNL_ARG_DIFF_DST}, {X, DNNL_ARG_DIFF_SRC}, {0}},
        {{X, DNNL_ARG_SRC}, {Y, DNNL_ARG_DIFF_DST}, {WEIGHT, DNNL_ARG_DIFF_WEIGHTS}, {0}},
    };
    layout plain[TENSORS] = {0}, any[TENSORS] = {0};
    dnnl_primitive_desc_t pd = NULL;
    const mlrt_status opened = open_library(err);
    *call = NULL;
    if (opened != MLRT_OK) return opened;
    const int before = use_threads(threads);
    dnnl_status_t status;
    mlrt__dnnl *made = call_new(threads, &status);
    TRY(status, conv_layouts(shape, plain, any));
    TRY(status, conv_describe(&pd, kind, shape, any));
    TRY(status, step_make(&made->step, pd));
    const int last = kind == MLRT__CONV_FORWARD ? 3 : 2;
    for (int i = 0; i <= last; i++) {
        const int t = order[kind][i].tensor;
        if (t == BIAS && !shape->bias) continue;
        TRY(status, add_operand(made, pd, order[kind][i].id, ref(&plain[t]), i == last));
    }
    for (int i = 0; i < TENSORS; i++) layout_free(&plain[i]), layout_free(&any[i]);
    dnnl.primitive_desc_destroy(pd);
    use_threads(before);
    return call_done(made, status, "prepare a convolution", call, err);
}

/* ---- running and freeing ---- */

static dnnl_status_t step_run(const step *s) {
    return s->primitive ? dnnl.primitive_execute(s->primitive, stream, s->args, s->arg) : dnnl_success;
}

mlrt_status mlrt__dnnl_run(mlrt__dnnl *call, void *const data[], mlrt_error *err) {
    dnnl_status_t status = dnnl_success;
    const mlrt__float_mode mode = mlrt__keep_denormals(); /* in its own team, too */
    const int before = use_threads(call->threads), result = call->operands - 1;
    for (int i = 0; i <= result; i++) TRY(status, dnnl.memory_set_data_handle(call->operand[i].user, data[i]));
    for (int i = 0; i < result; i++) TRY(status, step_run(&call->operand[i].reorder));
    TRY(status, step_run(&call->step));
    TRY(status, step_run(&call->operand[result].reorder));
    TRY(status, dnnl.stream_wait(stream));
    use_threads(before);
    mlrt__set_float_mode(mode);
    return status == dnnl_success ? MLRT_OK : failed(err, status, "run a product");
}

mlrt_status mlrt__dnnl_repeat(mlrt__dnnl *call, mlrt_error *err) {
    const int before = use_threads(call->threads);
    dnnl_status_t status = step_run(&call->step);
    TRY(status, dnnl.stream_wait(stream));
    use_threads(before);
    return status == dnnl_success ? MLRT_OK : failed(err, status, "run a product");
}

static void step_free(step *s) {
    dnnl.primitive_destroy(s->primitive);
    dnnl.memory_destroy(s->scratchpad);
    mlrt__free_large(s->bytes);
}

void mlrt__dnnl_free(mlrt__dnnl *call) {
    if (!call) return;
    step_free(&call->step);
    for (int i = 0; i < call->operands; i++) {
        operand *o = &call->operand[i];
        step_free(&o->reorder);
        if (o->inner != o->user) dnnl.memory_destroy(o->inner);
        dnnl.memory_destroy(o->user);
        mlrt__free_large(o->bytes);
    }
    free(call);
}

const char *mlrt__dnnl_version(char *text, size_t size) {
    if (!dnnl.version) return NULL;
    const dnnl_version_t *v = dnnl.version();
    snprintf(text, size, "%d.%d.%d", v->major, v->minor, v->patch);
    return text;
}
