/* recompute.c - what is computed again for the backward pass, so that nobody keeps it until then.
 *
 * When most memory is in use, between the two passes, much of it only waits. What a norm makes waits for the products that
 * take the gradients of the weights behind it, and what it was made of waits for the norm's own gradient, at about the same
 * time. A norm costs next to nothing beside such a product, so its result is dropped and made again there: the same
 * numbers, bit by bit. So are embeddings, which are made of fields and parameters alone, even where a fourth of that memory
 * is in use. Where much more is still in use attention is made again, too, whose queries, keys and values wait for its
 * gradient. Steps that need little memory keep all. Chen et al., arXiv:1604.06174, do so with more.
 */
#include "program/compile.h"

typedef struct candidate {
    int32_t item;
    int32_t before;   /* the first item of the backward pass that reads it, or for which what reads it is made again */
    mlrt_node *again; /* its copy, which those that come later read instead */
} candidate;

/* What may be made again, beside embeddings: what costs next to nothing, and then what costs more. */
typedef bool kind(const mlrt_node *n);

static bool is_norm(const mlrt_node *n) { return n->op == &mlrt__op_layer_norm || n->op == &mlrt__op_rms_norm; }

/* Of a few queries to many keys it would cost as much, and save little. */
static bool is_attention(const mlrt_node *n) {
    return n->op == &mlrt__op_attention && mlrt_shape_count(&n->shape) >= mlrt_shape_count(&n->in[1]->shape);
}

static int32_t last_reader(const mlrt__compiler *c, int32_t item) { return c->item[c->item[item].root].last; }

/* The item at which most memory is in use; *most gets how much. */
static int32_t fullest(const mlrt__compiler *c, size_t *most) {
    size_t *gone = MLRT__NEWS(c->arena, size_t, c->items + 2), alive = 0;
    int32_t moment = 0;
    *most = 0;
    for (int32_t i = 0; i < c->items; i++) {
        const mlrt__item *item = &c->item[i];
        if (item->root == i && !mlrt__is_source(item->node) && !item->constant) {
            alive += mlrt__item_bytes(item);
            gone[item->last + 1] += mlrt__item_bytes(item);
        }
        alive -= gone[i];
        if (alive > *most) *most = alive, moment = i;
    }
    return moment;
}

/* The first item behind `moment` that reads item `of`; 0 when there is none, or a view from before would still be read. */
static int32_t first_reader(const mlrt__compiler *c, int32_t of, int32_t moment) {
    int32_t first = 0;
    for (int32_t i = of + 1; i < c->items; i++)
        for (int32_t k = 0; k < c->item[i].node->inputs; k++) {
            const int32_t in = c->item[i].node->in[k]->id;
            if (i <= moment || c->item[in].root != of) continue;
            if (in != of && in <= moment) return 0;
            if (in == of && !first) first = i;
        }
    return first;
}

/* Stages that follow change what a node reads. */
static mlrt_node *copy_of(mlrt__arena *arena, const mlrt_node *n) {
    mlrt_node *m = mlrt__arena_copy(arena, n, sizeof *n);
    m->in = mlrt__arena_copy(arena, n->in, sizeof *n->in * (size_t)n->inputs);
    return m;
}

/* Which items are looked up in tables of parameters, or added to what is. */
static bool *find_embeddings(const mlrt__compiler *c) {
    bool *is = MLRT__NEWS(c->arena, bool, c->items);
    for (int32_t i = 0; i < c->items; i++) {
        const mlrt_node *n = c->item[i].node;
        is[i] = n->op == &mlrt__op_gather || n->op == &mlrt__op_fused;
        for (int32_t k = 0; k < n->inputs; k++) is[i] = is[i] && (mlrt__is_source(n->in[k]) || is[n->in[k]->id]);
    }
    return is;
}

static int32_t earlier(int32_t a, int32_t b) { return !a || (b && b < a) ? b : a; }

/* Whether what n is made of is there until item `before`, or is made again, too. */
static bool can_be_made(const mlrt__compiler *c, const mlrt_node *n, int32_t before, const bool *embedding) {
    for (int32_t k = 0; k < n->inputs; k++) {
        const int32_t in = n->in[k]->id;
        if (!mlrt__is_source(n->in[k]) && !embedding[in] && last_reader(c, in) < before) return false;
    }
    return true;
}

/* From the last to the first, so that what makes a candidate may become one, too. */
static int32_t find_candidates(const mlrt__compiler *c, kind *is_kind, int32_t moment, candidate *found) {
    const bool *embedding = find_embeddings(c);
    int32_t *needed = MLRT__NEWS(c->arena, int32_t, c->items), count = 0; /* the first that is made again of it */
    for (int32_t i = moment - 1; i >= 0; i--) {
        const mlrt_node *n = c->item[i].node;
        const bool waits = c->item[i].last > moment;
        const int32_t first = waits ? first_reader(c, i, moment) : 0, before = earlier(first, needed[i]);
        if (!before || (waits && !first) || c->item[i].last == c->items) continue;
        if (!embedding[i] && !(is_kind && is_kind(n) && can_be_made(c, n, before, embedding))) continue;
        for (int32_t k = 0; k < n->inputs; k++) needed[n->in[k]->id] = earlier(needed[n->in[k]->id], before);
        found[count++] = (candidate){i, before, copy_of(c->arena, n)};
    }
    return count;
}

/* Item i of the backward pass reads copies, where there are any by then. */
static void read_again(mlrt_node *n, int32_t i, const candidate *found, int32_t count, const mlrt__item *from) {
    for (int32_t k = 0; k < n->inputs; k++)
        for (int32_t f = 0; f < count; f++)
            if (found[f].before <= i && n->in[k] == from[found[f].item].node) n->in[k] = found[f].again;
}

/* Embeddings, and what is of that kind, where more than enough memory is in use; whether that is so. */
static bool make_again(mlrt__compiler *c, kind *is_kind, size_t enough) {
    size_t most;
    mlrt__lifetimes(c);
    const int32_t moment = fullest(c, &most), items = c->items;
    if (most <= enough) return false;
    const mlrt__item *from = c->item;
    candidate *found = MLRT__NEWS(c->arena, candidate, items);
    int32_t *now = MLRT__NEWS(c->arena, int32_t, items);
    const int32_t count = find_candidates(c, is_kind, moment, found);
    c->item = MLRT__NEWS(c->arena, mlrt__item, items + count);
    c->items = 0;
    for (int32_t i = 0; i < items; i++) {
        for (int32_t f = count - 1; f >= 0; f--) {
            if (found[f].before != i) continue;
            read_again(found[f].again, i, found, count, from);
            mlrt__add_item(c, found[f].again, from[found[f].item].constant);
        }
        read_again(from[i].node, i, found, count, from);
        now[i] = c->items;
        mlrt__add_item(c, from[i].node, from[i].constant);
    }
    for (int32_t i = 0; i < c->wants; i++) c->wanted[i] = now[c->wanted[i]];
    return true;
}

void mlrt__recompute(mlrt__compiler *c) {
    const size_t enough = c->graph->enough;
    size_t much = enough / 2 * 3;
    if (c->graph->bf16) much *= 2; /* most will take half of it, and attention more of the time */
    if (!make_again(c, is_norm, enough)) make_again(c, NULL, enough / 4);
    make_again(c, is_attention, much);
}
