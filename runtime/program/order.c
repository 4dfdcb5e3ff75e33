/* order.c - when each item runs.
 *
 * Differentiation leaves nodes in the order it met them. What takes no memory of the arena moves up to right behind the
 * last of its inputs: the gradient of a weight is written before its inputs have to wait for anything else, so that
 * activations die as early as they can.
 */
#include "program/compile.h"
#include <stdlib.h>

typedef struct place {
    int32_t after, item; /* the item it follows: of those that follow one item, the first comes first */
} place;

static int by_place(const void *a, const void *b) {
    const place *x = a, *y = b;
    return x->after != y->after ? (x->after < y->after ? -1 : 1) : (x->item > y->item) - (x->item < y->item);
}

static bool takes_arena(const mlrt__item *i) {
    return !i->data && i->at < 0 && !i->constant && !mlrt__is_source(i->node) && !mlrt__is_view(i->node);
}

void mlrt__order(mlrt__compiler *c) {
    place *p = MLRT__NEWS(c->arena, place, c->items);
    for (int32_t i = 0; i < c->items; i++) {
        const mlrt_node *n = c->item[i].node;
        p[i] = (place){takes_arena(&c->item[i]) ? i : 0, i};
        for (int32_t k = 0; k < n->inputs; k++)
            if (p[n->in[k]->id].after > p[i].after) p[i].after = p[n->in[k]->id].after;
    }
    qsort(p, (size_t)c->items, sizeof *p, by_place);

    mlrt__item *old = c->item;
    c->item = MLRT__NEWS(c->arena, mlrt__item, c->items);
    for (int32_t i = 0; i < c->items; i++) {
        c->item[i] = old[p[i].item];
        c->item[i].root = i;
    }
    int32_t *now = MLRT__NEWS(c->arena, int32_t, c->items);
    for (int32_t i = 0; i < c->items; i++) now[p[i].item] = i;
    for (int32_t i = 0; i < c->wants; i++) c->wanted[i] = now[c->wanted[i]];
    for (int32_t i = 0; i < c->items; i++) c->item[i].node->id = i;
}
