/* arena.h - bookkeeping memory for things that die together.
 *
 * Memory from an arena is zeroed, 16-byte aligned and freed all at once. Only small, bounded things live here (nodes,
 * names, tables): when the machine cannot give even that, the process says so and exits, as git and GLib do. Everything
 * large (parameters, activations, data) is allocated with mlrt__alloc_large, which can fail and is always checked.
 */
#ifndef MLRT__ARENA_H
#define MLRT__ARENA_H

#include <mlrt/base.h>
#include <stdarg.h>

typedef struct mlrt__arena {
    struct mlrt__block *block; /* the newest */
} mlrt__arena;                 /* all zeros is an empty arena */

void *mlrt__arena_alloc(mlrt__arena *a, size_t bytes);
void *mlrt__arena_copy(mlrt__arena *a, const void *data, size_t bytes);
char *mlrt__arena_string(mlrt__arena *a, const char *text);
char *mlrt__arena_printf(mlrt__arena *a, const char *format, ...) MLRT_PRINTF(2, 3);
void mlrt__arena_free(mlrt__arena *a);

#define MLRT__NEW(arena, type)         ((type *)mlrt__arena_alloc((arena), sizeof(type)))
#define MLRT__NEWS(arena, type, count) ((type *)mlrt__arena_alloc((arena), sizeof(type) * (size_t)(count)))

/* realloc that does not fail: for growing lists of bookkeeping. */
void *mlrt__grow(void *old, size_t bytes);
/* Append-friendly capacity: make room for one more in a malloc'ed list of `count` items. */
#define MLRT__ROOM(list, count, capacity)                                                                              \
    ((count) < (capacity)                                                                                              \
         ? (void)0                                                                                                     \
         : (void)((list) =                                                                                             \
                      mlrt__grow((list), sizeof *(list) * (size_t)((capacity) = (capacity) ? 2 * (capacity) : 16))))

/* 64-byte aligned, zeroed; NULL when memory is out. For any thread; any may free it; freeing NULL does nothing. */
void *mlrt__alloc_large(size_t bytes);
void mlrt__free_large(void *p);

#endif
