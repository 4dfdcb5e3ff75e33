/* matmul.c - matrix products. */
#include "graph/build.h"

/* Rows and columns of an operand as the product sees it. */
static int64_t rows(const mlrt_node *x, bool trans) { return mlrt_dim(x, trans ? -1 : -2); }
static int64_t cols(const mlrt_node *x, bool trans) { return mlrt_dim(x, trans ? -2 : -1); }

static mlrt_status infer_matmul(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const int32_t flags = ((const mlrt__matmul_attr *)n->attr)->flags;
    const mlrt_node *a = n->in[0], *b = n->in[1];
    const bool ta = flags & MLRT_TRANS_A, tb = flags & MLRT_TRANS_B;
    *dtype = MLRT_F32;
    if (mlrt__need_f32(n, err) != MLRT_OK) return err->status;
    if (a->shape.rank < 2 || b->shape.rank < 2) return mlrt__misfit(n, err, "a matrix has at least two dimensions");
    if (cols(a, ta) != rows(b, tb)) {
        char x[MLRT_SHAPE_TEXT], y[MLRT_SHAPE_TEXT];
        return mlrt_fail(err, MLRT_SHAPE, "matmul: %s%s and %s%s do not fit: the inner dimensions are %lld and %lld",
                         mlrt_shape_text(&a->shape, x, sizeof x), ta ? " transposed" : "",
                         mlrt_shape_text(&b->shape, y, sizeof y), tb ? " transposed" : "", (long long)cols(a, ta),
                         (long long)rows(b, tb));
    }
    *shape = a->shape;
    shape->dim[shape->rank - 2] = rows(a, ta), shape->dim[shape->rank - 1] = cols(b, tb);
    return MLRT_OK;
}

/* Products of the gradient, each written so that no operand is copied into its transpose. */
static mlrt_node *product(mlrt_node *a, mlrt_node *b, bool ta, bool tb) {
    return mlrt_matmul(a, b, (ta ? MLRT_TRANS_A : 0) | (tb ? MLRT_TRANS_B : 0));
}

static mlrt_node *flat(mlrt_node *x) {
    return mlrt_reshape(x, MLRT_SHAPE_OF(mlrt_count(x) / (mlrt_dim(x, -1) ? mlrt_dim(x, -1) : 1), mlrt_dim(x, -1)));
}

static void vjp_matmul(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    const int32_t flags = ((const mlrt__matmul_attr *)y->attr)->flags;
    const bool ta = flags & MLRT_TRANS_A, tb = flags & MLRT_TRANS_B;
    mlrt_node *a = y->in[0], *b = y->in[1];
    dx[0] = ta ? product(b, dy, tb, true) : product(dy, b, false, !tb);
    if (b->shape.rank == 2 && a->shape.rank > 2) a = flat(a), dy = flat(dy); /* one product over all rows */
    dx[1] = tb ? product(dy, a, true, ta) : product(a, dy, !ta, false);
}

static double flops_matmul(const mlrt_node *n) {
    const mlrt_node *a = n->in[0];
    const bool ta = ((const mlrt__matmul_attr *)n->attr)->flags & MLRT_TRANS_A;
    return 2.0 * (double)mlrt_count(n) * (double)cols(a, ta);
}

const mlrt_op mlrt__op_matmul = {.name = "matmul",
                                 .min_inputs = 2,
                                 .max_inputs = 2,
                                 .attr_size = sizeof(mlrt__matmul_attr),
                                 .infer = infer_matmul,
                                 .vjp = vjp_matmul,
                                 .flops = flops_matmul};

/* x with leading dimensions `front` broadcast to those of `shape`. */
static mlrt_node *with_front(mlrt_node *x, const mlrt_shape *front) {
    mlrt_shape s = *front;
    s.dim[s.rank++] = mlrt_dim(x, -2);
    s.dim[s.rank++] = mlrt_dim(x, -1);
    return mlrt_broadcast(x, s);
}

static mlrt_shape front_of(const mlrt_node *x) {
    mlrt_shape s = x->shape;
    s.rank = s.rank > 2 ? s.rank - 2 : 0;
    return s;
}

mlrt_node *mlrt_matmul(mlrt_node *a, mlrt_node *b, int32_t flags) {
    const mlrt__matmul_attr attr = {.flags = flags};
    if (mlrt_failed(a) || mlrt_failed(b)) return a->graph->failed;
    const bool shared = b->shape.rank == 2 && (a->shape.rank == 2 || !(flags & MLRT_TRANS_A));
    if (!shared && a->shape.rank >= 2 && b->shape.rank >= 2) {
        mlrt_shape front = front_of(a);
        const mlrt_shape other = front_of(b);
        if (mlrt__broadcast_shapes(&front, &other) && front.rank + 2 <= MLRT_MAX_RANK)
            a = with_front(a, &front), b = with_front(b, &front);
        else {
            char x[MLRT_SHAPE_TEXT], y[MLRT_SHAPE_TEXT];
            return mlrt_graph_fail(a->graph, MLRT_SHAPE, "matmul: the leading dimensions of %s and %s do not broadcast",
                                   mlrt_shape_text(&a->shape, x, sizeof x), mlrt_shape_text(&b->shape, y, sizeof y));
        }
    }
    return MLRT__APPLY(&mlrt__op_matmul, &attr, a, b);
}
