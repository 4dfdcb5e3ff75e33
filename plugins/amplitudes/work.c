/* work.c - memory that is freed together. */
#include "work.h"
#include <stdlib.h>

typedef struct work_block {
    struct work_block *next;
    max_align_t data[];
} work_block;

void *work_take(work *w, size_t count, size_t size) {
    work_block *b = count < SIZE_MAX / 2 / size ? calloc(1, sizeof *b + count * size) : NULL;
    if (!b) {
        mlrt_fail(w->err, MLRT_MEMORY, "out of memory");
        return NULL;
    }
    b->next = w->blocks;
    w->blocks = b;
    return b->data;
}

void work_free(work *w) {
    while (w->blocks) {
        work_block *next = w->blocks->next;
        free(w->blocks);
        w->blocks = next;
    }
}

bool work_goes_on(const work *w) { return !mlrt_interrupted() || FAIL(w, MLRT_STOPPED, "interrupted"); }
