/* unpad.c - finds what padding does not matter for, and builds it again of the other rows.
 *
 * A result is without a padding when it is computed row by row and nobody looks at its rows of padding: who reads it is
 * without that padding, too, or is attention that hides those rows as keys, or the loss that ignores them. Under a
 * causal mask only padding looks at padding, as it is behind everything else.
 */
#include "graph/unpad.h"
#include "graph/build.h"

typedef struct unpadder {
    mlrt_graph *g;
    int32_t nodes; /* of the graph before anything is built again */
    const mlrt__padding *padding;
    int32_t *of; /* by node: the padding that it is without, or -1 */
    bool *live;
    mlrt_node **now;                                         /* by node: what it has become */
    mlrt_node *kept[MLRT__PADDINGS], *place[MLRT__PADDINGS]; /* of each row: b T + t, and t */
} unpadder;

/* ---- shapes ---- */

/* x is [B, T, ...] like the mask. */
static bool has_rows(const mlrt_node *x, const mlrt_node *mask) {
    return x->shape.rank >= 2 && mlrt_dim(x, 0) == mlrt_dim(mask, 0) && mlrt_dim(x, 1) == mlrt_dim(mask, 1);
}

/* The length of x along an axis of y, over which it is broadcast. */
static int64_t length_along(const mlrt_node *x, const mlrt_node *y, int32_t axis) {
    const int32_t own = axis - (y->shape.rank - x->shape.rank);
    return own < 0 ? 1 : x->shape.dim[own];
}

/* x is the same for all batch elements, and not for all places. */
static bool has_places(const mlrt_node *x, const mlrt_node *y) {
    return length_along(x, y, 0) == 1 && length_along(x, y, 1) > 1;
}

/* ---- who computes row by row ---- */

static const mlrt_node *part(const mlrt_node *attention, mlrt__attention_part p) {
    const int32_t i = mlrt__attention_input(attention->attr, p);
    return i < 0 ? NULL : attention->in[i];
}

static bool is_attention(const mlrt_node *n) {
    return n->op == &mlrt__op_attention || n->op == &mlrt__op_attention_dropout;
}

/* Attention that can do without padding, with a mask [B, keys] at most, and does not yet. */
static bool can_attend(const mlrt_node *n) {
    const mlrt_node *mask = part(n, MLRT__ATT_MASK);
    return !part(n, MLRT__ATT_Q_STARTS) && !(mask && mask->shape.rank != 2);
}

static bool is_name(const mlrt_node *n) {
    return n->op == &mlrt__op_reshape && mlrt_shape_equal(&n->shape, &n->in[0]->shape);
}

/* Its operands are [B, T, ...], or the same for all batch elements. */
static bool is_elementwise_in_rows(const mlrt_node *n, const mlrt_node *mask) {
    for (int32_t k = 0; k < n->inputs; k++) {
        const mlrt_node *x = n->in[k];
        const bool whole = x->shape.rank == n->shape.rank && has_rows(x, mask);
        if (!whole && length_along(x, n, 0) != 1) return false;
    }
    return true;
}

static bool is_by_row(const mlrt_node *n, const mlrt_node *mask) {
    if (!n->inputs || !has_rows(n, mask)) return false;
    if (mlrt__elementwise_code(n->op) >= 0) return is_elementwise_in_rows(n, mask);
    if (n->op == &mlrt__op_gather) return n->in[1]->shape.rank == 2 && has_rows(n->in[1], mask);
    if (!has_rows(n->in[0], mask) || n->in[0]->shape.rank != n->shape.rank) return false;
    if (n->op == &mlrt__op_matmul)
        return n->in[1]->shape.rank == 2 && !(((const mlrt__matmul_attr *)n->attr)->flags & MLRT_TRANS_A) &&
               n->shape.rank == 3;
    if (is_attention(n)) return can_attend(n);
    return ((n->op == &mlrt__op_layer_norm || n->op == &mlrt__op_rms_norm) && n->shape.rank == 3) || is_name(n) ||
           n->op == &mlrt__op_stop_gradient || (n->op == &mlrt__op_rotate && n->shape.rank == 3);
}

/* ---- who looks at padding ---- */

static bool is_part(const mlrt_node *n, int32_t k, mlrt__attention_part p) {
    return is_attention(n) && k == mlrt__attention_input(n->attr, p);
}

static bool is_key(const mlrt_node *n, int32_t k) { return is_part(n, k, MLRT__ATT_K) || is_part(n, k, MLRT__ATT_V); }

static bool is_query(const mlrt_node *n, int32_t k) {
    return is_part(n, k, MLRT__ATT_Q) || is_part(n, k, MLRT__ATT_FAR_Q);
}

/* The mask of what a loss does not ignore, or NULL. */
static mlrt_node *counted(const mlrt_node *loss) {
    if (loss->op != &mlrt__op_cross_entropy || loss->in[0]->shape.rank != 3) return NULL;
    const int32_t ignore = ((const mlrt__cross_entropy_attr *)loss->attr)->ignore;
    return ignore == -1 ? NULL : mlrt_ne(loss->in[1], mlrt_full_i32(loss->graph, MLRT_SCALAR, ignore));
}

/* Whether rows of the k-th input become the same rows of the result; what is [B, T, ...] by chance does not. */
static bool is_row_input(const mlrt_node *n, int32_t k, const mlrt_node *mask) {
    const mlrt_node *x = n->in[k];
    if (mlrt__elementwise_code(n->op) >= 0) return x->shape.rank == n->shape.rank && has_rows(x, mask);
    if (is_attention(n)) return is_query(n, k) || is_key(n, k);
    if (n->op == &mlrt__op_cross_entropy) return k < 2;
    return k == (n->op == &mlrt__op_gather);
}

/* Whether the padding in its k-th input makes no difference to n. */
static bool looks_away(const mlrt_node *n, int32_t k, const mlrt_node *mask, bool without) {
    if (is_key(n, k) && can_attend(n)) {
        const bool causal = ((const mlrt__attention_attr *)n->attr)->causal && mlrt_dim(n->in[k], 1) == mlrt_dim(n, 1);
        return part(n, MLRT__ATT_MASK) == mask || (without && causal);
    }
    if (n->op == &mlrt__op_cross_entropy) return k == 0 && counted(n) == mask;
    return without && is_row_input(n, k, mask);
}

static void mark_live(unpadder *u, const mlrt_node *loss) {
    u->live[loss->id] = true;
    for (int32_t i = 0; i < u->g->updates; i++) u->live[u->g->update[i].value->id] = true;
    for (int32_t i = u->nodes - 1; i >= 0; i--)
        for (int32_t k = 0; k < u->g->node[i]->inputs && u->live[i]; k++) u->live[u->g->node[i]->in[k]->id] = true;
}

/* Marks what can do without the f-th padding, and says whether there is a product of matrices. */
static bool mark_rows(unpadder *u, const mlrt_node *loss, int32_t f) {
    const mlrt_node *mask = u->padding[f].mask;
    bool *matters = MLRT__NEWS(&u->g->arena, bool, u->nodes), saves = false;
    matters[loss->id] = true;
    for (int32_t i = 0; i < u->g->updates; i++) matters[u->g->update[i].value->id] = true;
    for (int32_t i = u->nodes - 1; i >= 0; i--) {
        const mlrt_node *n = u->g->node[i];
        const bool without = u->live[i] && u->of[i] < 0 && !matters[i] && is_by_row(n, mask);
        if (without) u->of[i] = f, saves |= n->op == &mlrt__op_matmul;
        for (int32_t k = 0; k < n->inputs && u->live[i]; k++)
            if (!looks_away(n, k, mask, without)) matters[n->in[k]->id] = true;
    }
    return saves;
}

static unpadder begin(mlrt_graph *g, const mlrt_node *loss, const mlrt__padding *p) {
    unpadder u = {.g = g, .nodes = g->nodes, .padding = p};
    u.of = MLRT__NEWS(&g->arena, int32_t, u.nodes);
    u.live = MLRT__NEWS(&g->arena, bool, u.nodes);
    u.now = MLRT__NEWS(&g->arena, mlrt_node *, u.nodes);
    for (int32_t i = 0; i < u.nodes; i++) u.of[i] = -1;
    mark_live(&u, loss);
    return u;
}

/* Masks are told by the data alone. */
static bool is_told(const mlrt_node *n) {
    if (n->op == &mlrt__op_param || n->op->flags & MLRT_OP_RANDOM) return false;
    for (int32_t k = 0; k < n->inputs; k++)
        if (!is_told(n->in[k])) return false;
    return true;
}

int32_t mlrt__find_padding(mlrt_node *loss, mlrt__padding *p) {
    mlrt_graph *g = loss->graph;
    mlrt_node *mask[MLRT__PADDINGS];
    int32_t masks = 0, count = 0;
    const int32_t nodes = mlrt_failed(loss) ? 0 : loss->id + 1;
    for (int32_t i = 0; i < nodes && masks < MLRT__PADDINGS; i++) {
        mlrt_node *n = g->node[i];
        mlrt_node *found = is_attention(n) && can_attend(n) ? (mlrt_node *)part(n, MLRT__ATT_MASK) : counted(n);
        for (int32_t k = 0; k < masks && found; k++)
            if (mask[k] == found) found = NULL;
        if (found && mlrt_count(found) > 1 && is_told(found)) mask[masks++] = found;
    }
    for (int32_t i = 0; i < masks; i++) {
        p[count] = (mlrt__padding){.mask = mask[i]};
        unpadder u = begin(g, loss, p);
        if (mark_rows(&u, loss, count)) p[count++].starts = mlrt__row_starts(mask[i]);
    }
    return g->error.status == MLRT_OK ? count : 0;
}

/* ---- building it again ---- */

/* [B, T, ...] -> [B T, ...], or [T, ...], of which rows can be looked up. */
static mlrt_node *as_table(mlrt_node *x, int64_t rows, int32_t leading) {
    mlrt_shape s = {.rank = 1, .dim = {rows}};
    for (int32_t i = leading; i < x->shape.rank; i++) s.dim[s.rank++] = x->shape.dim[i];
    return mlrt_reshape(x, s);
}

/* The number in its sequence of each row. */
static mlrt_node *places(unpadder *u, int32_t f) {
    const mlrt_node *mask = u->padding[f].mask;
    const int64_t batch = mlrt_dim(mask, 0), length = mlrt_dim(mask, 1);
    if (u->place[f]) return u->place[f];
    mlrt_node *all = mlrt_broadcast(mlrt_arange(u->g, length), MLRT_SHAPE_OF(batch, length));
    return u->place[f] = mlrt_gather(as_table(all, batch * length, 2), u->kept[f]);
}

/* The rows that are kept of y's k-th input; what has none as it is. */
static mlrt_node *rows_of(unpadder *u, const mlrt_node *y, int32_t k, int32_t f) {
    const mlrt_node *x = y->in[k], *mask = u->padding[f].mask;
    mlrt_node *now = u->now[x->id];
    if (u->of[x->id] == f) return now;
    if (is_row_input(y, k, mask)) return mlrt_gather(as_table(now, mlrt_count(mask), 2), u->kept[f]);
    if (y->op == &mlrt__op_rotate && k == 1) { /* the angles of a place */
        mlrt_node *table = mlrt_gather(now, places(u, f));
        return mlrt_reshape(table, MLRT_SHAPE_OF(mlrt_count(mask), mlrt_dim(x, 1), 2));
    }
    if (mlrt__elementwise_code(y->op) < 0 || !has_places(x, y)) return now;
    return mlrt_gather(as_table(now, mlrt_dim(mask, 1), x->shape.rank - y->shape.rank + 2), places(u, f));
}

/* Where sequences begin that are all of the same length. */
static mlrt_node *even_starts(mlrt_graph *g, int64_t batch, int64_t length) {
    int32_t *start = MLRT__NEWS(&g->arena, int32_t, batch + 1);
    for (int64_t b = 0; b <= batch; b++) start[b] = (int32_t)(b * length);
    return mlrt_constant(g, &(mlrt_tensor){MLRT_I32, MLRT_SHAPE_OF(batch + 1), start});
}

/* An operand of attention without the padding f, or with all its rows (f = -1), as [1, rows, D]. */
static mlrt_node *operand(unpadder *u, const mlrt_node *n, int32_t k, int32_t f) {
    if (f >= 0) return rows_of(u, n, k, f);
    mlrt_node *x = u->now[n->in[k]->id];
    return mlrt_reshape(x, MLRT_SHAPE_OF(1, mlrt_dim(x, 0) * mlrt_dim(x, 1), mlrt_dim(x, 2)));
}

static mlrt_node *starts_of(unpadder *u, const mlrt_node *x, int32_t f) {
    return f >= 0 ? u->padding[f].starts : even_starts(u->g, mlrt_dim(x, 0), mlrt_dim(x, 1));
}

/* Which padding attention's keys are without: that of either. */
static int32_t padding_of_keys(const unpadder *u, const mlrt_node *n) {
    const int32_t k = u->of[part(n, MLRT__ATT_K)->id], v = u->of[part(n, MLRT__ATT_V)->id];
    return k > v ? k : v;
}

static mlrt_node *attend(unpadder *u, const mlrt_node *n) {
    const int32_t fq = u->of[n->id], fk = padding_of_keys(u, n);
    const mlrt_node *q = n->in[0], *k = n->in[1];
    mlrt__attention_attr attr = *(const mlrt__attention_attr *)n->attr;
    mlrt_node *in[MLRT__ATT_PARTS];
    int32_t count = 0;
    for (; count < n->inputs; count++)
        in[count] = is_query(n, count) ? operand(u, n, count, fq)
                    : is_key(n, count) ? operand(u, n, count, fk)
                                       : u->now[n->in[count]->id];
    in[count++] = starts_of(u, q, fq);
    in[count++] = starts_of(u, k, fk);
    attr.parts |= 1u << MLRT__ATT_Q_STARTS | 1u << MLRT__ATT_K_STARTS;
    attr.queries = mlrt_dim(q, 1), attr.keys = mlrt_dim(k, 1);
    mlrt_node *y = mlrt_apply(u->g, n->op, in, count, &attr);
    return fq >= 0 ? y : mlrt_reshape(y, n->shape);
}

static mlrt_node *build_again(unpadder *u, mlrt_node *n) {
    mlrt_node **in = MLRT__NEWS(&u->g->arena, mlrt_node *, n->inputs);
    int32_t f = u->of[n->id];
    if (is_attention(n) && (f >= 0 || padding_of_keys(u, n) >= 0)) return attend(u, n);
    if (n->op == &mlrt__op_cross_entropy) f = u->of[n->in[0]->id];
    bool same = true;
    for (int32_t k = 0; k < n->inputs; k++) {
        in[k] = f >= 0 ? rows_of(u, n, k, f) : u->now[n->in[k]->id];
        same = same && in[k] == n->in[k];
    }
    return same ? n : f >= 0 && is_name(n) ? in[0] : mlrt_apply(u->g, n->op, in, n->inputs, n->attr);
}

/* In the name of the layer that built it. */
static void rebuild(unpadder *u, mlrt_node *n) {
    mlrt_graph *g = u->g;
    const char *path = g->path, *where = g->where;
    g->path = n->path, g->where = n->where;
    mlrt_node *m = u->now[n->id] = build_again(u, n);
    if (!m->name && !mlrt_failed(m)) m->name = n->name;
    g->path = path, g->where = where;
}

/* Keys and values must be without the same padding, if both are without one. */
static bool fits_together(const unpadder *u) {
    for (int32_t i = 0; i < u->nodes; i++) {
        const mlrt_node *n = u->g->node[i];
        if (!u->live[i] || !is_attention(n)) continue;
        const int32_t k = u->of[part(n, MLRT__ATT_K)->id], v = u->of[part(n, MLRT__ATT_V)->id];
        if (k >= 0 && v >= 0 && k != v) return false;
    }
    return true;
}

mlrt_node *mlrt__leave_out_padding(mlrt_node *loss, const mlrt__padding *p, int32_t count) {
    mlrt_graph *g = loss->graph;
    unpadder u = begin(g, loss, p);
    for (int32_t f = 0; f < count; f++) mark_rows(&u, loss, f);
    if (!fits_together(&u)) return loss;
    for (int32_t f = 0; f < count; f++) u.kept[f] = mlrt__rows_kept(p[f].starts, mlrt_dim(p[f].mask, 1));
    for (int32_t i = 0; i < u.nodes && g->error.status == MLRT_OK; i++)
        if (u.live[i]) rebuild(&u, g->node[i]);
    if (g->error.status != MLRT_OK) return g->failed;
    for (int32_t i = 0; i < g->updates; i++) g->update[i].value = u.now[g->update[i].value->id];
    return u.now[loss->id];
}
