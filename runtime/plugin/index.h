/* index.h - what a folder of plugins held the last time, so that a file is opened only when a word of it is used.
 *
 * An index is a file in the cache, one for each folder. It is a hint: it speaks of files that have been the same since, to
 * the nanosecond, and were opened by this very libmlrt; one that is missing, damaged or of another mlrt is empty; and
 * what it says of a file is compared with the file when that is opened. It knows nothing of what is refused, so a file
 * that is not right is opened, and refused, each time. Where none can be written, starting takes longer.
 */
#ifndef MLRT__INDEX_H
#define MLRT__INDEX_H

#include "plugin/registry.h"

enum { MLRT__STAMP = 128 };

typedef struct mlrt__indexed {
    const char *file, *stamp; /* its name in the folder, and what changes when it does */
    mlrt__outline outline;
} mlrt__indexed;

typedef struct mlrt__index {
    mlrt__indexed *file; /* sorted by name */
    int32_t files, capacity;
} mlrt__index; /* all zeros is an empty index */

/* Device, inode, size and times of a file; false when it is not there. `settled`, which may be NULL: the file is older than
 * the ticks of a file system's clock, which can be two seconds, so that a change would show. */
bool mlrt__file_stamp(const char *path, char stamp[MLRT__STAMP], bool *settled);

/* All strings live in the arena. */
void mlrt__index_read(mlrt__index *index, mlrt__arena *arena, const char *folder);
const mlrt__indexed *mlrt__index_find(const mlrt__index *index, const char *file, const char *stamp); /* or NULL */
void mlrt__index_add(mlrt__index *index, mlrt__indexed file);
void mlrt__index_write(const mlrt__index *index, const char *folder); /* when it says anything new */
void mlrt__index_free(mlrt__index *index);

#endif
