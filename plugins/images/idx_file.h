/* idx_file.h - reading an IDX file of unsigned bytes, gzipped or not: the format of MNIST's files.
 *
 *   0 0 8 D, then D sizes of 4 bytes, the most significant first, then the bytes, the last dimension changing fastest
 */
#ifndef IMAGES_IDX_FILE_H
#define IMAGES_IDX_FILE_H

#include <mlrt/base.h>

enum { IDX_RANK = 3 };

typedef struct idx_file {
    int32_t rank;
    int64_t size[IDX_RANK]; /* 1 behind the rank */
    uint8_t *data;          /* from malloc */
} idx_file;

/* Read a file of this many dimensions. Data must be as long as the sizes say. */
mlrt_status idx_read(const char *path, int32_t rank, idx_file *out, mlrt_error *err);

#endif
