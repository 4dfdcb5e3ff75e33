/* arena.c - bookkeeping memory for things that die together. */
#include "base/arena.h"
#include <pthread.h>
#include <stdint.h>
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

/* ---- large memory ---- */

/* Memory from the system begins at a huge page and is of such pages where the system gives them for the asking, so that a
 * step's operands stay apart in the caches as they are apart in memory. What is small shares it; what is large has its
 * own, and begins at another line of the first page each time: processors take addresses for one another that differ
 * by a multiple of a page, and an optimizer walks along four arrays at once. */
typedef struct region {
    size_t size, used; /* bytes */
    int32_t pieces;    /* that are not free yet */
} region;

#ifdef __SANITIZE_ADDRESS__
enum { SMALL = 0 }; /* so that it sees who goes beyond the end */
#else
enum { SMALL = HUGE_PAGE / 4 };
#endif
enum { COLOURS = 16, COLOUR = 3 * LARGE_ALIGN };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows, and of all regions */
static region *shared;                                   /* the one that small pieces are taken from; may be NULL */
static size_t colour;

static size_t round_up(size_t bytes) { return (bytes + LARGE_ALIGN - 1) / LARGE_ALIGN * LARGE_ALIGN; }

static region *new_region(size_t size) {
    void *p = NULL;
    if (posix_memalign(&p, HUGE_PAGE, size) != 0) return NULL;
#ifdef MADV_HUGEPAGE
    if (size >= HUGE_PAGE) madvise(p, size, MADV_HUGEPAGE);
#endif
    region *r = p;
    *r = (region){.size = size, .used = LARGE_ALIGN};
    return r;
}

static void *take_piece(region *r, size_t bytes) {
    void *p = (char *)r + r->used;
    r->used += bytes;
    r->pieces++;
    return p;
}

static void *take_small(size_t bytes) {
    if (!shared || shared->size - shared->used < bytes) {
        if (shared && shared->pieces == 0) free(shared);
        shared = new_region(HUGE_PAGE);
    }
    return shared ? take_piece(shared, bytes) : NULL;
}

static void *take_large(size_t bytes) {
    const size_t before = ++colour % COLOURS * COLOUR;
    region *r = new_region(LARGE_ALIGN + before + bytes);
    if (!r) return NULL;
    r->used += before;
    return take_piece(r, bytes);
}

void *mlrt__alloc_large(size_t bytes) {
    const size_t rounded = round_up(bytes ? bytes : 1);
    if (rounded < bytes || rounded > SIZE_MAX - HUGE_PAGE) return NULL;
    pthread_mutex_lock(&lock);
    void *p = rounded <= SMALL ? take_small(rounded) : take_large(rounded);
    pthread_mutex_unlock(&lock);
    return p ? memset(p, 0, rounded) : NULL;
}

void mlrt__free_large(void *p) {
    if (!p) return;
    region *r = (region *)((uintptr_t)p / HUGE_PAGE * HUGE_PAGE);
    pthread_mutex_lock(&lock);
    if (--r->pieces == 0) {
        if (r == shared)
            r->used = LARGE_ALIGN;
        else
            free(r);
    }
    pthread_mutex_unlock(&lock);
}
