/* narrow.c - which results are bf16 in memory: those that feed products of bf16 numbers.
 *
 * What only such products read (and sums, and masks) is written as bf16 by the kernel that computes it, when that can do
 * so. What others read too, or what its kernel writes as f32, gets a twin: a copy in bf16, when more than one product reads
 * it; one that reads it alone rounds it by itself. Parameters stay as they are: the products pack them anyway.
 */
#include "kernels/blocks.h"
#include "program/compile.h"

/* Who reads an item, itself or through views of it. */
typedef struct readers {
    int32_t products; /* as an operand */
    bool attention;   /* as an operand, too */
    bool wide;        /* one that needs f32, or the caller */
} readers;

static const mlrt__matmul_attr *attr_of(const mlrt_node *product) { return product->attr; }

/* A product of bf16 numbers by blocks. */
static bool is_narrow_product(const mlrt_node *n) {
    const mlrt__format *f = n->op == &mlrt__op_matmul ? mlrt__product_format(n) : NULL;
    return f && f->pair == 2;
}

/* Attention, whose matrices are products' results and operands; the vectors of distances stay f32. */
static const mlrt__attention_attr *attention_attr(const mlrt_node *n) {
    const bool is = n->op == &mlrt__op_attention || n->op == &mlrt__op_attention_dropout ||
                    n->op == &mlrt__op_attention_grad || n->op == &mlrt__op_attention_dropout_grad;
    return is ? n->attr : NULL;
}

static bool is_attended(const mlrt_node *n, int32_t k) {
    const mlrt__attention_attr *a = attention_attr(n);
    for (mlrt__attention_part p = MLRT__ATT_Q; a && p <= MLRT__ATT_DY; p++)
        if (mlrt__attention_input(a, p) == k) return true;
    return false;
}

static bool is_operand(const mlrt_node *n, int32_t k) { return k < 2 && is_narrow_product(n); }

/* Whether n may read bf16 numbers as its k-th input. */
static bool reads_narrow(const mlrt_node *n, int32_t k) {
    const bool mask = is_narrow_product(n) && attr_of(n)->mask && k == n->inputs - 1;
    return is_operand(n, k) || is_attended(n, k) || mask || n->op == &mlrt__op_sum;
}

static bool writes_narrow(const mlrt_node *n) {
    if (n->op == &mlrt__op_fused || n->op == &mlrt__op_layer_norm || n->op == &mlrt__op_rms_norm) return true;
    const mlrt__attention_attr *a = attention_attr(n);
    if (a) return !(a->parts >> MLRT__ATT_FAR_Q & 7);
    if (!is_narrow_product(n)) return false;
    const mlrt__product p = mlrt__product_of(n);
    return mlrt__blocks_write_once(&p, mlrt__product_format(n));
}

/* Whether all read it as what products take, or pass it on to those. */
static bool may_be_narrow(const readers *r) { return (r->products || r->attention) && !r->wide; }

/* All readers of an item come after it. */
static void count_readers(const mlrt__compiler *c, readers *r) {
    for (int32_t i = 0; i < c->wants; i++) r[c->wanted[i]].wide = true;
    for (int32_t i = c->items - 1; i >= 0; i--) {
        const mlrt_node *n = c->item[i].node;
        const bool passes = mlrt__is_view(n) && may_be_narrow(&r[i]);
        for (int32_t k = 0; k < n->inputs; k++) {
            readers *in = &r[n->in[k]->id];
            in->products += passes ? r[i].products : is_operand(n, k);
            in->attention |= passes ? r[i].attention : is_attended(n, k);
            in->wide |= !passes && !reads_narrow(n, k);
        }
    }
}

/* A copy in bf16 of what is f32. */
static mlrt_node *twin_of(mlrt__arena *arena, mlrt_node *n) {
    static const mlrt__fused_attr attr = {.steps = 1, .step = {{.code = MLRT__EW_cast}}};
    mlrt_node *m = mlrt__arena_copy(arena, n, sizeof *n);
    m->op = &mlrt__op_fused;
    m->in = mlrt__arena_copy(arena, &n, sizeof n);
    m->inputs = 1;
    m->attr = &attr;
    m->dtype = MLRT_BF16;
    return m;
}

/* Whoever may read the twin of an input does; a view that does so is narrow, too. */
static void read_twins(const mlrt__item *item, const readers *of, mlrt_node *const *twin, const int32_t *old) {
    mlrt_node *n = item->node;
    const bool passes = mlrt__is_view(n) && may_be_narrow(of);
    for (int32_t k = 0; k < n->inputs; k++) {
        mlrt_node *other = twin[old[n->in[k]->id]];
        if (other && (passes || reads_narrow(n, k))) n->in[k] = other;
    }
    if (passes && n->in[0]->dtype == MLRT_BF16) n->dtype = MLRT_BF16;
}

static bool wants_twin(const mlrt_node *n, const readers *r) {
    const bool passes = mlrt__is_view(n) && may_be_narrow(r);
    return n->dtype == MLRT_F32 && n->op != &mlrt__op_param && r->products > 1 && !passes;
}

void mlrt__narrow(mlrt__compiler *c) {
    if (!c->graph->bf16 || !mlrt__format_bf16(mlrt__cpu_level(), 0)) return;
    const int32_t items = c->items;
    const mlrt__item *from = c->item;
    readers *r = MLRT__NEWS(c->arena, readers, items);
    mlrt_node **twin = MLRT__NEWS(c->arena, mlrt_node *, items);
    int32_t *old = MLRT__NEWS(c->arena, int32_t, 2 * items), *now = MLRT__NEWS(c->arena, int32_t, items);
    count_readers(c, r);
    c->item = MLRT__NEWS(c->arena, mlrt__item, 2 * items);
    c->items = 0;
    for (int32_t i = 0; i < items; i++) {
        mlrt_node *n = from[i].node;
        read_twins(&from[i], &r[i], twin, old);
        if (n->dtype == MLRT_F32 && may_be_narrow(&r[i]) && writes_narrow(n)) n->dtype = MLRT_BF16;
        old[c->items] = i, now[i] = c->items;
        mlrt__add_item(c, n, from[i].constant);
        if (!wants_twin(n, &r[i])) continue;
        old[c->items] = i;
        twin[i] = mlrt__add_item(c, twin_of(c->arena, n), from[i].constant);
    }
    for (int32_t i = 0; i < c->wants; i++) c->wanted[i] = now[c->wanted[i]];
}
