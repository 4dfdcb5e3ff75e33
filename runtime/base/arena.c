/* arena.c - bookkeeping memory for things that die together. */
#include "base/arena.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { BLOCK = 64 * 1024, ALIGN = 16, LARGE_ALIGN = 64, HUGE_PAGE = 2 << 20 };

typedef struct mlrt__block {
    struct mlrt__block *older;
    size_t used, size;
    _Alignas(ALIGN) char data[];
} block;

static void *checked(void *p) {
    if (p) return p;
    fputs("mlrt: out of memory\n", stderr);
    exit(1);
}

void *mlrt__grow(void *old, size_t bytes) { return checked(realloc(old, bytes)); }

void *mlrt__arena_alloc(mlrt__arena *a, size_t bytes) {
    bytes = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    block *b = a->block;
    if (!b || b->size - b->used < bytes) {
        const size_t size = bytes > BLOCK ? bytes : BLOCK;
        b = checked(calloc(1, sizeof *b + size));
        b->size = size;
        b->older = a->block;
        a->block = b;
    }
    void *p = b->data + b->used;
    b->used += bytes;
    return p;
}

void *mlrt__arena_copy(mlrt__arena *a, const void *data, size_t bytes) {
    void *p = mlrt__arena_alloc(a, bytes);
    return bytes ? memcpy(p, data, bytes) : p;
}

char *mlrt__arena_string(mlrt__arena *a, const char *text) {
    return text ? mlrt__arena_copy(a, text, strlen(text) + 1) : NULL;
}

char *mlrt__arena_printf(mlrt__arena *a, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, format, args);
    char *text = mlrt__arena_alloc(a, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

void mlrt__arena_free(mlrt__arena *a) {
    for (block *b = a->block, *older; b; b = older) {
        older = b->older;
        free(b);
    }
    a->block = NULL;
}

/* What fills huge pages gets them where the system gives them for the asking: matrices are read across pages. */
void *mlrt__alloc_large(size_t bytes) {
    const size_t rounded = (bytes + LARGE_ALIGN - 1) / LARGE_ALIGN * LARGE_ALIGN;
    const bool huge = bytes >= HUGE_PAGE;
    if (rounded < bytes) return NULL;
    void *p = NULL;
    if (posix_memalign(&p, huge ? HUGE_PAGE : LARGE_ALIGN, rounded ? rounded : LARGE_ALIGN) != 0) return NULL;
#ifdef MADV_HUGEPAGE
    if (huge) madvise(p, rounded, MADV_HUGEPAGE);
#endif
    return memset(p, 0, rounded);
}

void mlrt__free_large(void *p) { free(p); }
