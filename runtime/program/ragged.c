/* ragged.c - results with fewer rows than there is room for.
 *
 * A batch without its padding has as many rows as its sequences have tokens, which each batch decides anew: "row_starts"
 * says how many, and "rows_kept" is the first result that has them. Its rows are those of all that is computed row by row from
 * it. Memory is planned for as many as there can be; before a call runs, the shapes that it sees get the rows that there
 * are, and nothing ever reads those behind them.
 */
#include "program/calls.h"
#include "program/compile.h"

static int32_t row_axis(const mlrt_shape *s) {
    int32_t axis = 0;
    while (axis < s->rank - 1 && s->dim[axis] == 1) axis++;
    return axis;
}

static bool is_attention_grad(const mlrt_node *n) {
    return n->op == &mlrt__op_attention_grad || n->op == &mlrt__op_attention_dropout_grad;
}

/* Attention finds its rows by itself: its shapes say how many there may be. */
static bool counts_itself(const mlrt_node *n) {
    return is_attention_grad(n) || n->op == &mlrt__op_attention || n->op == &mlrt__op_attention_dropout;
}

/* ---- whose rows a result has ---- */

/* Results have the rows of what they are computed from. */
static bool keeps_rows(const mlrt_op *op) {
    static const mlrt_op *const all[] = {&mlrt__op_fused,
                                         &mlrt__op_gather,
                                         &mlrt__op_layer_norm,
                                         &mlrt__op_rms_norm,
                                         &mlrt__op_reshape,
                                         &mlrt__op_stop_gradient,
                                         &mlrt__op_attention,
                                         &mlrt__op_attention_dropout,
                                         &mlrt__op_cross_entropy_grad,
                                         &mlrt__op_rotate};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (op == all[i]) return true;
    return false;
}

/* Results are sums over all rows, or packs, whose parts are told apart by the slices of them. */
static bool ends_rows(const mlrt_node *n) {
    return n->op == &mlrt__op_cross_entropy || n->op == &mlrt__op_scatter_add || n->op == &mlrt__op_layer_norm_grad ||
           n->op == &mlrt__op_rms_norm_grad || is_attention_grad(n);
}

/* The input whose gradient begins at `start` of a pack, or NULL. */
static const mlrt_node *input_of_part(const mlrt_node *pack, int64_t start) {
    const mlrt_shape *shape[MLRT__ATT_PARTS];
    int32_t count = 0;
    if (!is_attention_grad(pack)) return start == 0 ? pack->in[0] : NULL;
    for (mlrt__attention_part p = MLRT__ATT_Q; p < MLRT__ATT_PARTS; p++) {
        const int32_t i = mlrt__attention_input(pack->attr, p);
        if (i < 0 || !mlrt__attention_learns(p)) continue;
        shape[count++] = &pack->in[i]->shape;
        if (mlrt_pack_offset(shape, count - 1) == start) return pack->in[i];
    }
    return NULL;
}

/* The pack that a slice is taken of, or of whose copy in bf16, or NULL. */
static const mlrt_node *pack_of(const mlrt_node *slice) {
    const mlrt_node *n = slice->op == &mlrt__op_slice ? slice->in[0] : NULL;
    while (n && n->op == &mlrt__op_fused && n->inputs == 1) n = n->in[0];
    return n && ends_rows(n) ? n : NULL;
}

static bool sums_rows(const mlrt_node *sum) {
    const mlrt__axis_attr *a = sum->attr;
    const int32_t axis = row_axis(&sum->in[0]->shape);
    return a->axis <= axis && axis < a->axis + a->option;
}

static mlrt_status unknown(const mlrt_node *n, mlrt_error *err) {
    return mlrt_fail(err, MLRT_UNSUPPORTED, "op '%s' does not know rows without padding", n->op->name);
}

/* A product has the rows of its first operand, or is a sum over those of both. */
static mlrt_status rows_of_product(const mlrt_node *n, const mlrt_node *const of[2], const mlrt_node **rows,
                                   mlrt_error *err) {
    const bool turned = ((const mlrt__matmul_attr *)n->attr)->flags & MLRT_TRANS_A;
    if (!of[0] || turned != (of[1] != NULL)) return unknown(n, err);
    *rows = turned ? NULL : of[0];
    return MLRT_OK;
}

/* The "rows_kept" whose rows n has, or NULL; fails for an op that takes rows and is not known to. */
static mlrt_status find_rows(const mlrt__compiler *c, const mlrt_node *n, const mlrt_node **rows, mlrt_error *err) {
    const mlrt_node *of[2] = {NULL, NULL}, *any = NULL, *pack = pack_of(n);
    for (int32_t k = 0; k < n->inputs; k++) {
        const mlrt_node *in = c->item[n->in[k]->id].rows;
        if (k < 2) of[k] = in;
        if (in && !any) any = in;
        if (in && in != any && !counts_itself(n))
            return mlrt_fail(err, MLRT_UNSUPPORTED, "op '%s' takes rows of two kinds", n->op->name);
    }
    *rows = NULL;
    if (n->op == &mlrt__op_rows_kept)
        *rows = n;
    else if (pack) {
        const mlrt_node *in = input_of_part(pack, mlrt__view_offset(n));
        *rows = in ? c->item[in->id].rows : NULL;
    } else if (!any || ends_rows(n))
        return MLRT_OK;
    else if (n->op == &mlrt__op_sum)
        *rows = sums_rows(n) ? NULL : any;
    else if (n->op == &mlrt__op_matmul)
        return rows_of_product(n, of, rows, err);
    else if (counts_itself(n))
        *rows = of[0];
    else if (keeps_rows(n->op))
        *rows = any;
    else
        return unknown(n, err);
    return MLRT_OK;
}

mlrt_status mlrt__ragged(mlrt__compiler *c, mlrt_error *err) {
    for (int32_t i = 0; i < c->items; i++) {
        const mlrt_node *n = c->item[i].node;
        if (find_rows(c, n, &c->item[i].rows, err) == MLRT_OK) continue;
        if (n->path[0]) mlrt_at(err, "%s", n->path);
        return err->status;
    }
    return MLRT_OK;
}

/* ---- at run time ---- */

static void add_tensor(mlrt__rows *r, mlrt_tensor *t, const mlrt_node *rows) {
    if (!rows) return;
    const int32_t axis = row_axis(&t->shape);
    const int64_t capacity = mlrt_shape_count(&rows->shape);
    r->part[r->parts++] = (mlrt__row_part){t, axis, t->shape.dim[axis] / capacity};
}

mlrt__rows *mlrt__rows_of(const mlrt__compiler *c, mlrt__arena *arena, const mlrt__item *item, mlrt_tensor *out,
                          mlrt_tensor *in) {
    const mlrt_node *n = item->node, *rows = item->rows;
    for (int32_t k = 0; k < n->inputs && !rows; k++) rows = c->item[n->in[k]->id].rows;
    if (!rows || counts_itself(n)) return NULL;
    const mlrt__item *starts = &c->item[rows->in[0]->id];
    mlrt__rows *r = MLRT__NEW(arena, mlrt__rows);
    r->part = MLRT__NEWS(arena, mlrt__row_part, n->inputs + 1);
    r->count = (const int32_t *)starts->data + mlrt_dim(starts->node, 0) - 1;
    r->capacity = r->now = mlrt_shape_count(&rows->shape);
    add_tensor(r, out, item->rows);
    for (int32_t k = 0; k < n->inputs; k++) add_tensor(r, &in[k], c->item[n->in[k]->id].rows);
    return r;
}

void mlrt__take_rows(mlrt__step *s) {
    mlrt__rows *r = s->rows;
    if (*r->count == r->now) return;
    r->now = *r->count;
    for (int32_t i = 0; i < r->parts; i++) r->part[i].tensor->shape.dim[r->part[i].axis] = r->now * r->part[i].factor;
    if (s->kernel->resize) s->kernel->resize(&s->call);
}
