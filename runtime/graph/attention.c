/* attention.c - attention and its gradient, one op forward and one backward, twice, because dropout draws numbers; and
 * the rotation of queries and keys. */
#include "graph/build.h"

static const mlrt_node *part(const mlrt_node *n, mlrt__attention_part p) {
    const int32_t i = mlrt__attention_input(n->attr, p);
    return i < 0 ? NULL : n->in[i];
}

/* ---- shapes ---- */

static bool mask_fits(const mlrt_node *mask, int64_t batch, int64_t queries, int64_t keys) {
    const mlrt_shape *m = &mask->shape;
    if (m->rank == 2) return m->dim[0] == batch && m->dim[1] == keys;
    return m->rank == 3 && (m->dim[0] == 1 || m->dim[0] == batch) && m->dim[1] == queries && m->dim[2] == keys;
}

/* Vectors for an odd number of distances, of the width of one head or of all. */
static bool far_fits(const mlrt_node *far, int64_t width, int32_t heads, int64_t distances) {
    return far->shape.rank == 2 && mlrt_dim(far, 0) % 2 == 1 && mlrt_dim(far, 0) == distances &&
           (mlrt_dim(far, 1) == width || mlrt_dim(far, 1) * heads == width);
}

static mlrt_status check_far(const mlrt_node *n, int32_t heads, mlrt_error *err) {
    const mlrt_node *q = n->in[0], *v = n->in[2], *far_q = part(n, MLRT__ATT_FAR_Q);
    const mlrt_node *far_k = part(n, MLRT__ATT_FAR_K), *far_v = part(n, MLRT__ATT_FAR_V), *any = far_k ? far_k : far_v;
    if (far_q && (!far_k || far_q->shape.rank != 3 || mlrt_dim(far_q, 0) != mlrt_dim(q, 0) ||
                  mlrt_dim(far_q, 1) != mlrt_dim(q, 1) || mlrt_dim(far_q, 2) % heads))
        return mlrt__misfit(n, err, "queries for distances are [B, Tq, F], and there are keys for them");
    if ((far_k && !far_fits(far_k, mlrt_dim(far_q ? far_q : q, 2), heads, mlrt_dim(any, 0))) ||
        (far_v && !far_fits(far_v, mlrt_dim(v, 2), heads, mlrt_dim(any, 0))))
        return mlrt__misfit(n, err, "vectors for distances are [an odd number, the width of one head or of all]");
    return MLRT_OK;
}

/* q [1, rows, D] and k [1, keys, D], and where in them the sequences begin. */
static mlrt_status check_starts(const mlrt_node *n, mlrt_error *err) {
    const mlrt_node *q = part(n, MLRT__ATT_Q_STARTS), *k = part(n, MLRT__ATT_K_STARTS), *mask = part(n, MLRT__ATT_MASK);
    if (!q && !k) return MLRT_OK;
    if (!q || !k || q->dtype != MLRT_I32 || k->dtype != MLRT_I32 || q->shape.rank != 1 || mlrt_dim(n->in[0], 0) != 1 ||
        mlrt_dim(q, 0) < 1 || !mlrt_shape_equal(&q->shape, &k->shape) || (mask && mask->shape.rank != 2))
        return mlrt__misfit(n, err, "starts are i32 [B + 1] of q [1, rows, D] and of k, with a mask [B, Tk] or none");
    return MLRT_OK;
}

static mlrt_status infer_attention(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt__attention_attr *a = n->attr;
    const mlrt_node *q = n->in[0], *k = n->in[1], *v = n->in[2], *mask = part(n, MLRT__ATT_MASK);
    for (int32_t i = 0; i < n->inputs - (a->parts >> MLRT__ATT_Q_STARTS ? 2 : 0); i++)
        if (mlrt__need_dtype(n, i, MLRT_F32, err) != MLRT_OK) return err->status;
    if (check_starts(n, err) != MLRT_OK) return err->status;
    const mlrt_node *starts = part(n, MLRT__ATT_Q_STARTS);
    const int64_t batch = starts ? mlrt_dim(starts, 0) - 1 : mlrt_dim(q, 0);
    const int64_t queries = starts ? a->queries : mlrt_dim(q, 1), keys = starts ? a->keys : mlrt_dim(k, 1);
    if (q->shape.rank != 3 || k->shape.rank != 3 || v->shape.rank != 3 || mlrt_dim(q, 0) != mlrt_dim(k, 0) ||
        mlrt_dim(k, 0) != mlrt_dim(v, 0) || mlrt_dim(k, 1) != mlrt_dim(v, 1) || mlrt_dim(q, 2) != mlrt_dim(k, 2))
        return mlrt__misfit(n, err, "attention takes q [B, Tq, D], k [B, Tk, D], v [B, Tk, E]");
    if (a->heads < 1 || mlrt_dim(q, 2) % a->heads || mlrt_dim(v, 2) % a->heads)
        return mlrt_fail(err, MLRT_SHAPE, "attention: %d heads do not divide the widths %lld and %lld", a->heads,
                         (long long)mlrt_dim(q, 2), (long long)mlrt_dim(v, 2));
    if (!(a->dropout >= 0 && a->dropout < 1))
        return mlrt_fail(err, MLRT_RANGE, "attention: the dropout is %g, expected a number in [0, 1)", a->dropout);
    if (mask && !mask_fits(mask, batch, queries, keys))
        return mlrt__misfit(n, err, "the mask is [B, Tk] or [1 or B, Tq, Tk]");
    *dtype = MLRT_F32, *shape = q->shape;
    shape->dim[2] = mlrt_dim(v, 2);
    return check_far(n, a->heads, err);
}

/* The inputs that have a gradient, in order: their shapes, and how many there are. */
static int32_t gradient_shapes(const mlrt_node *n, const mlrt_shape *shape[MLRT__ATT_PARTS]) {
    int32_t count = 0;
    for (mlrt__attention_part p = MLRT__ATT_Q; p < MLRT__ATT_PARTS; p++)
        if (mlrt__attention_learns(p) && part(n, p)) shape[count++] = &part(n, p)->shape;
    return count;
}

static mlrt_status infer_attention_grad(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt_shape *parts[MLRT__ATT_PARTS];
    const int32_t count = gradient_shapes(n, parts);
    (void)err;
    *dtype = MLRT_F32, *shape = MLRT_SHAPE_OF(mlrt_pack_size(parts, count));
    return MLRT_OK;
}

/* ---- gradient ---- */

static void vjp_attention(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    mlrt__attention_attr attr = *(const mlrt__attention_attr *)y->attr;
    mlrt_node *in[MLRT__ATT_PARTS];
    for (int32_t i = 0; i < y->inputs; i++) in[i < MLRT__ATT_DY ? i : i + 1] = y->in[i];
    in[MLRT__ATT_DY] = dy;
    attr.parts |= 1u << MLRT__ATT_DY;
    attr.stream = y->stream;
    const mlrt_op *op = attr.dropout > 0 ? &mlrt__op_attention_dropout_grad : &mlrt__op_attention_grad;
    mlrt_node *pack = mlrt_apply(y->graph, op, in, y->inputs + 1, &attr);
    const mlrt_shape *parts[MLRT__ATT_PARTS];
    gradient_shapes(y, parts);
    for (mlrt__attention_part p = MLRT__ATT_Q, k = 0; p < MLRT__ATT_PARTS; p++) {
        const int32_t i = mlrt__attention_input(y->attr, p);
        if (i >= 0 && mlrt__attention_learns(p)) dx[i] = mlrt_unpack(pack, parts, (int32_t)k++);
    }
}

/* A head has two products of [Tq, Tk] and its width, and as many with the distances; the backward pass takes five. */
static double flops_attention(const mlrt_node *n) {
    const mlrt_node *q = n->in[0], *v = n->in[2], *far_k = part(n, MLRT__ATT_FAR_K), *far_v = part(n, MLRT__ATT_FAR_V);
    const mlrt__attention_attr *a = n->attr;
    const double queries = (double)mlrt_dim(q, 0) * (double)mlrt_dim(q, 1);
    const double keys = (double)(part(n, MLRT__ATT_K_STARTS) ? a->keys : mlrt_dim(v, 1));
    const double rows_k = keys + (far_k ? (double)mlrt_dim(far_k, 0) : 0);
    const double rows_v = keys + (far_v ? (double)mlrt_dim(far_v, 0) : 0);
    const double d = rows_k * (double)mlrt_dim(q, 2), e = rows_v * (double)mlrt_dim(v, 2);
    return 2 * queries * (part(n, MLRT__ATT_DY) ? 3 * d + 2 * e : d + e);
}

#define ATTENTION(id, least, bits, rule, gradient)                                                                     \
    const mlrt_op mlrt__op_##id = {.name = #id,                                                                        \
                                   .min_inputs = least,                                                                \
                                   .max_inputs = MLRT__ATT_PARTS,                                                      \
                                   .attr_size = sizeof(mlrt__attention_attr),                                          \
                                   .flags = bits,                                                                      \
                                   .infer = rule,                                                                      \
                                   .vjp = gradient,                                                                    \
                                   .flops = flops_attention}
ATTENTION(attention, 3, 0, infer_attention, vjp_attention);
ATTENTION(attention_grad, 4, 0, infer_attention_grad, mlrt_no_second_derivative);
ATTENTION(attention_dropout, 3, MLRT_OP_RANDOM, infer_attention, vjp_attention);
ATTENTION(attention_dropout_grad, 4, MLRT_OP_RANDOM, infer_attention_grad, mlrt_no_second_derivative);

mlrt_node *mlrt_attention_with(mlrt_node *q, mlrt_node *k, mlrt_node *v, const mlrt_attention_options *o) {
    mlrt__attention_attr attr = {.heads = o->heads, .causal = o->causal, .scale = o->scale};
    mlrt_node *const all[MLRT__ATT_PARTS] = {q, k, v, NULL, o->mask, o->far_q, o->far_k, o->far_v};
    mlrt_node *in[MLRT__ATT_PARTS];
    int32_t count = 0;
    for (int32_t p = 0; p < MLRT__ATT_PARTS; p++)
        if (all[p]) in[count++] = all[p], attr.parts |= 1u << p;
    attr.dropout = o->dropout > 0 && mlrt_graph_training(q->graph) ? o->dropout : 0;
    return mlrt_apply(q->graph, attr.dropout != 0 ? &mlrt__op_attention_dropout : &mlrt__op_attention, in, count,
                      &attr);
}

mlrt_node *mlrt_attention(mlrt_node *q, mlrt_node *k, mlrt_node *v, mlrt_node *mask, int32_t heads, bool causal,
                          double scale) {
    const mlrt_attention_options o = {.heads = heads, .causal = causal, .scale = scale, .mask = mask};
    return mlrt_attention_with(q, k, v, &o);
}

/* ---- rotation ---- */

static mlrt_status infer_rotate(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt_node *x = n->in[0], *table = n->in[1];
    *dtype = MLRT_F32, *shape = x->shape;
    if (mlrt__need_f32(n, err) != MLRT_OK) return err->status;
    if (x->shape.rank < 2 || table->shape.rank != 3 || mlrt_dim(table, 0) != mlrt_dim(x, -2) ||
        mlrt_dim(table, 2) != 2 || mlrt_dim(table, 1) < 1 || mlrt_dim(x, -1) % (2 * mlrt_dim(table, 1)))
        return mlrt__misfit(n, err, "rotate takes x [..., T, H * 2 n] and a table [T, n, 2]");
    return MLRT_OK;
}

/* The transpose of what was done to x. */
static void vjp_rotate(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    const mlrt__rotate_attr attr = {.transposed = !((const mlrt__rotate_attr *)y->attr)->transposed};
    dx[0] = MLRT__APPLY(&mlrt__op_rotate, &attr, dy, y->in[1]);
}

const mlrt_op mlrt__op_rotate = {.name = "rotate",
                                 .min_inputs = 2,
                                 .max_inputs = 2,
                                 .attr_size = sizeof(mlrt__rotate_attr),
                                 .flags = MLRT_OP_INPLACE,
                                 .infer = infer_rotate,
                                 .vjp = vjp_rotate};

mlrt_node *mlrt_rotate(mlrt_node *x, mlrt_node *table) {
    return MLRT__APPLY(&mlrt__op_rotate, &(mlrt__rotate_attr){0}, x, table);
}
