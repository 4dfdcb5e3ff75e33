/* recompute.c - norms that are computed again for the backward pass, so that nobody keeps them until then.
 *
 * When most memory is in use, between the two passes, much of it only waits. What a norm makes waits for the products that
 * take the gradients of the weights behind it, and what it was made of waits for the norm's own gradient, at about the same
 * time. A norm costs next to nothing beside such a product, so its result is dropped and made again there: the same
 * numbers, bit by bit. Steps that need little memory anyway keep theirs. Chen et al., arXiv:1604.06174, do so with more.
 */
#include "program/compile.h"

typedef struct candidate {
    int32_t item;     /* the norm */
    int32_t before;   /* the first item of the backward pass that reads it, or 0 */
    mlrt_node *again; /* its copy, which those that come later read instead */
} candidate;

typedef struct span {
    int32_t root; /* the item whose memory it is */
    int32_t last; /* of a root: the last item that reads it, itself or through views */
} span;

static bool is_norm(const mlrt_node *n) { return n->op == &mlrt__op_layer_norm || n->op == &mlrt__op_rms_norm; }

static span *find_spans(const mlrt__compiler *c) {
    span *s = MLRT__NEWS(c->arena, span, c->items);
    for (int32_t i = 0; i < c->items; i++) {
        const mlrt_node *n = c->item[i].node;
        s[i] = (span){mlrt__is_view(n) ? s[n->in[0]->id].root : i, i};
        for (int32_t k = 0; k < n->inputs; k++) s[s[n->in[k]->id].root].last = i;
    }
    for (int32_t i = 0; i < c->wants; i++) s[s[c->wanted[i]].root].last = c->items;
    return s;
}

/* The item at which most memory is in use; *most gets how much. */
static int32_t fullest(const mlrt__compiler *c, const span *s, size_t *most) {
    size_t *gone = MLRT__NEWS(c->arena, size_t, c->items + 2), alive = 0;
    int32_t moment = 0;
    *most = 0;
    for (int32_t i = 0; i < c->items; i++) {
        if (s[i].root == i && !mlrt__is_source(c->item[i].node) && !c->item[i].constant) {
            alive += mlrt__item_bytes(&c->item[i]);
            gone[s[i].last + 1] += mlrt__item_bytes(&c->item[i]);
        }
        alive -= gone[i];
        if (alive > *most) *most = alive, moment = i;
    }
    return moment;
}

/* The first item behind `moment` that reads item `of`; 0 when there is none, or a view from before would still be read. */
static int32_t first_reader(const mlrt__compiler *c, const span *s, int32_t of, int32_t moment) {
    int32_t first = 0;
    for (int32_t i = of + 1; i < c->items; i++)
        for (int32_t k = 0; k < c->item[i].node->inputs; k++) {
            const int32_t in = c->item[i].node->in[k]->id;
            if (i <= moment || s[in].root != of) continue;
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

static int32_t find_candidates(const mlrt__compiler *c, const span *s, int32_t moment, candidate *found) {
    int32_t count = 0;
    for (int32_t i = 0; i < moment; i++) {
        const mlrt_node *n = c->item[i].node;
        if (!is_norm(n) || s[i].last <= moment || s[i].last == c->items) continue;
        const int32_t before = first_reader(c, s, i, moment);
        if (!before || s[s[n->in[0]->id].root].last < before) continue;
        found[count++] = (candidate){i, before, copy_of(c->arena, n)};
    }
    return count;
}

static void add(mlrt__compiler *c, mlrt_node *n, bool constant) {
    c->item[c->items] = (mlrt__item){.node = n, .constant = constant, .root = c->items, .at = -1};
    n->id = c->items++;
}

static void read_again(mlrt_node *n, const mlrt_node *norm, mlrt_node *again) {
    for (int32_t k = 0; k < n->inputs; k++)
        if (n->in[k] == norm) n->in[k] = again;
}

void mlrt__recompute(mlrt__compiler *c) {
    size_t most;
    const span *s = find_spans(c);
    const int32_t moment = fullest(c, s, &most), items = c->items;
    if (most <= c->graph->enough) return;
    const mlrt__item *from = c->item;
    candidate *found = MLRT__NEWS(c->arena, candidate, items);
    int32_t *now = MLRT__NEWS(c->arena, int32_t, items);
    const int32_t count = find_candidates(c, s, moment, found);
    c->item = MLRT__NEWS(c->arena, mlrt__item, items + count);
    c->items = 0;
    for (int32_t i = 0; i < items; i++) {
        for (int32_t f = 0; f < count; f++) {
            if (found[f].before == i) add(c, found[f].again, from[found[f].item].constant);
            if (found[f].before <= i) read_again(from[i].node, from[found[f].item].node, found[f].again);
        }
        now[i] = c->items;
        add(c, from[i].node, from[i].constant);
    }
    for (int32_t i = 0; i < c->wants; i++) c->wanted[i] = now[c->wanted[i]];
}
