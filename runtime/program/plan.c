/* plan.c - a place in the arena for every result, decided once.
 *
 * A result's memory lives from the item that writes it to the last item that reads it, through views as well; a copy for
 * the caller is taken at once. Two results that are never alive together may have the same place. A kernel that works
 * element by element may write over its input when nobody reads that afterwards.
 *
 * Wanted results with fixed places lie at the front of the arena, where others may live before them: when most
 * activations are alive, few gradients are. Each of the others gets the lowest place that is free while it lives; which
 * goes first is tried in several ways, until one needs no more than the most that is ever alive at once. What lasts from
 * run to run is kept apart, so that programs that take turns can share an arena.
 */
#include "program/compile.h"
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64 };

static size_t rounded(size_t bytes) { return (bytes + ALIGN - 1) / ALIGN * ALIGN; }

/* The input whose memory item i may overwrite, or -1. */
static int32_t overwritable(const mlrt__compiler *c, int32_t i) {
    const mlrt__item *item = &c->item[i];
    const mlrt_node *n = item->node;
    int32_t first = 0, last = n->op == &mlrt__op_fused ? n->inputs : n->op->flags & MLRT_OP_INPLACE ? 1 : 0;
    if (mlrt__has_residual(n)) first = n->inputs - 1, last = n->inputs;
    if (item->data || item->at >= 0) return -1;
    for (int32_t k = first; k < last; k++) {
        const mlrt__item *in = &c->item[n->in[k]->id], *root = &c->item[in->root];
        bool fits = !root->data && root->at < 0 && !mlrt__is_lasting(root) && root->last == i &&
                    mlrt__item_bytes(root) == mlrt__item_bytes(item) && in->node->dtype == n->dtype &&
                    mlrt_shape_equal(&in->node->shape, &n->shape);
        for (int32_t j = 0; fits && j < n->inputs; j++) /* nobody else in this call may read it in another order */
            fits = j == k || c->item[n->in[j]->id].root != in->root;
        if (fits) return in->root;
    }
    return -1;
}

static void find_roots(mlrt__compiler *c) {
    for (int32_t i = 0; i < c->items; i++) {
        mlrt__item *item = &c->item[i];
        if (!mlrt__is_view(item->node)) continue;
        const mlrt__item *in = &c->item[item->node->in[0]->id];
        item->root = in->root;
        item->offset = in->offset + mlrt__view_offset(item->node);
    }
}

static void find_lifetimes(mlrt__compiler *c) {
    for (int32_t i = 0; i < c->items; i++) {
        const mlrt_node *n = c->item[i].node;
        c->item[i].last = i;
        for (int32_t k = 0; k < n->inputs; k++) c->item[c->item[n->in[k]->id].root].last = i;
    }
    for (int32_t i = 0; i < c->wants; i++) {
        const bool leaves = c->want[i].into || mlrt__want_at(c, i) >= 0;
        const int32_t read = leaves ? c->wanted[i] : c->items;
        mlrt__item *root = &c->item[c->item[c->wanted[i]].root];
        if (root->last < read) root->last = read;
    }
}

void mlrt__lifetimes(mlrt__compiler *c) {
    find_roots(c);
    find_lifetimes(c);
}

static void overwrite_inputs(mlrt__compiler *c) {
    for (int32_t i = 0; i < c->items; i++) {
        mlrt__item *item = &c->item[i];
        if (item->root != i) { /* a view: its memory may itself have moved into an older one */
            item->root = c->item[item->root].root;
            continue;
        }
        const int32_t over = overwritable(c, i);
        if (over < 0) continue;
        item->root = over;
        if (item->last > c->item[over].last) c->item[over].last = item->last;
    }
}

typedef struct block {
    int32_t item, first, last;
    size_t bytes, offset;
} block;

static int by_size(const void *a, const void *b) {
    const block *x = a, *y = b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    return x->item - y->item;
}

static int by_life(const void *a, const void *b) {
    const block *x = a, *y = b;
    const int32_t life = x->last - x->first, other = y->last - y->first;
    return life != other ? (life < other ? 1 : -1) : by_size(a, b);
}

static int by_birth(const void *a, const void *b) {
    const block *x = a, *y = b;
    return x->first != y->first ? x->first - y->first : by_size(a, b);
}

static int by_death(const void *a, const void *b) {
    const block *x = a, *y = b;
    return x->last != y->last ? y->last - x->last : by_size(a, b);
}

/* The lowest gap between the placed blocks that live at the same time; they are sorted by their offsets. */
static size_t lowest_gap(const block *b, block *const *placed, int32_t count) {
    size_t at = 0;
    for (int32_t i = 0; i < count && placed[i]->offset < at + b->bytes; i++) {
        const bool meets = placed[i]->first <= b->last && b->first <= placed[i]->last;
        if (meets && placed[i]->offset + placed[i]->bytes > at) at = placed[i]->offset + placed[i]->bytes;
    }
    return at;
}

static void insert(block *b, block **placed, int32_t count) {
    for (; count > 0 && placed[count - 1]->offset > b->offset; count--) placed[count] = placed[count - 1];
    placed[count] = b;
}

/* Of all moments, 0 to `moments`. */
static size_t most_alive(mlrt__arena *arena, const block *blocks, int32_t count, int32_t moments) {
    size_t *born = MLRT__NEWS(arena, size_t, moments + 2), *gone = MLRT__NEWS(arena, size_t, moments + 2);
    for (int32_t i = 0; i < count; i++) {
        born[blocks[i].first] += blocks[i].bytes;
        gone[blocks[i].last + 1] += blocks[i].bytes;
    }
    size_t alive = 0, most = 0;
    for (int32_t i = 0; i <= moments; i++) {
        alive = alive + born[i] - gone[i];
        if (alive > most) most = alive;
    }
    return most;
}

/* Places for the blocks from `fixed` on, one after the other as they are sorted; they are kept if that takes less memory
 * than all before. */
static void pack(block *blocks, int32_t fixed, int32_t count, block **placed, mlrt__layout *layout) {
    size_t bytes = 0;
    for (int32_t i = 0; i < count; i++) {
        if (i >= fixed) blocks[i].offset = lowest_gap(&blocks[i], placed, i);
        insert(&blocks[i], placed, i);
        if (blocks[i].offset + blocks[i].bytes > bytes) bytes = blocks[i].offset + blocks[i].bytes;
    }
    if (bytes >= layout->bytes) return;
    layout->bytes = bytes;
    for (int32_t i = fixed; i < count; i++) layout->place[blocks[i].item] = blocks[i].offset;
}

/* The block that ends last gets its place before all others. */
static void raise_highest(block *blocks, int32_t fixed, int32_t count) {
    int32_t highest = fixed;
    for (int32_t i = fixed; i < count; i++)
        if (blocks[i].offset + blocks[i].bytes > blocks[highest].offset + blocks[highest].bytes) highest = i;
    const block raised = blocks[highest];
    memmove(blocks + fixed + 1, blocks + fixed, sizeof *blocks * (size_t)(highest - fixed));
    blocks[fixed] = raised;
}

/* From each of several orders on, until hardly anything could be saved. */
static void pack_best(mlrt__arena *arena, block *blocks, int32_t fixed, int32_t count, mlrt__layout *layout) {
    enum { TURNS = 32 };
    static int (*const order[])(const void *, const void *) = {by_size, by_life, by_birth, by_death};
    block **placed = MLRT__NEWS(arena, block *, count);
    layout->bytes = SIZE_MAX;
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        qsort(blocks + fixed, (size_t)(count - fixed), sizeof *blocks, order[k]);
        for (int turn = 0; turn < TURNS; turn++) {
            pack(blocks, fixed, count, placed, layout);
            if (layout->bytes - layout->alive <= layout->alive / 128) return;
            raise_highest(blocks, fixed, count);
        }
    }
}

static int by_place(const void *a, const void *b) {
    const block *x = a, *y = b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* What is wanted at fixed places, from the moment it is written on; and, at all times, what is left free there. */
static int32_t fixed_blocks(const mlrt__compiler *c, block *blocks, mlrt__layout *layout) {
    int32_t wants = 0;
    for (int32_t k = 0; k < c->wants; k++) {
        const int32_t item = c->wanted[k];
        const int64_t at = mlrt__want_at(c, k);
        if (at >= 0) blocks[wants++] = (block){item, item, c->items, mlrt__item_bytes(&c->item[item]), (size_t)at};
    }
    qsort(blocks, (size_t)wants, sizeof *blocks, by_place);
    int32_t count = wants;
    size_t full = 0; /* a line that is not full is nobody else's */
    for (int32_t k = 0; k <= wants; k++) {
        const size_t next = k < wants ? blocks[k].offset : layout->fixed;
        if (next > full) blocks[count++] = (block){-1, 0, c->items, next - full, full};
        if (k == wants) break;
        full = (next + blocks[k].bytes) / ALIGN * ALIGN;
        layout->fixed = rounded(next + blocks[k].bytes);
        blocks[k].bytes = full - next;
    }
    return count;
}

mlrt__layout mlrt__plan(mlrt__compiler *c) {
    mlrt__lifetimes(c);
    overwrite_inputs(c);
    block *blocks = MLRT__NEWS(c->arena, block, c->items + 2 * c->wants);
    mlrt__layout layout = {.place = MLRT__NEWS(c->arena, size_t, c->items)};
    const int32_t fixed = fixed_blocks(c, blocks, &layout);
    int32_t count = fixed;
    for (int32_t i = 0; i < c->items; i++) {
        const mlrt__item *item = &c->item[i];
        const size_t bytes = rounded(mlrt__item_bytes(item));
        if (item->root != i || item->data || item->at >= 0) continue;
        if (mlrt__is_lasting(item)) {
            layout.place[i] = layout.lasting;
            layout.lasting += bytes;
        } else
            blocks[count++] = (block){i, i, item->last, bytes, 0};
    }
    layout.alive = most_alive(c->arena, blocks, count, c->items);
    pack_best(c->arena, blocks, fixed, count, &layout);
    return layout;
}
