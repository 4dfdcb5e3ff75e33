/* idx_file.c - reading an IDX file through zlib, which also reads what is not gzipped. */
#include "idx_file.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { UNSIGNED_BYTES = 8, MOST_BYTES = 1 << 30, PORTION = 1 << 20 };

/* As many bytes as there are, up to `count`; -1 when the file cannot be read. */
static int64_t read_bytes(gzFile file, uint8_t *to, int64_t count) {
    int64_t got = 0;
    while (got < count) {
        const int64_t left = count - got;
        const int n = gzread(file, to + got, (unsigned)(left < PORTION ? left : PORTION));
        if (n < 0) return -1;
        if (n == 0) break;
        got += n;
    }
    return got;
}

static mlrt_status unreadable(gzFile file, const char *path, mlrt_error *err) {
    int code;
    const char *why = gzerror(file, &code); /* "PATH: why" */
    const size_t length = strlen(path);
    if (strncmp(why, path, length) == 0 && strncmp(why + length, ": ", 2) == 0) why += length + 2;
    return mlrt_fail(err, MLRT_FILE, "unable to read '%s': %s", path, code == Z_ERRNO ? strerror(errno) : why);
}

static mlrt_status read_header(gzFile file, const char *path, int32_t rank, idx_file *out, mlrt_error *err) {
    uint8_t head[4 + 4 * IDX_RANK];
    const int64_t want = 4 + 4 * rank, got = read_bytes(file, head, want);
    if (got < 0) return unreadable(file, path, err);
    if (got < 4 || head[0] || head[1])
        return mlrt_fail(err, MLRT_FORMAT, "'%s' is no IDX file: it does not begin with two zeros", path);
    if (head[2] != UNSIGNED_BYTES)
        return mlrt_fail(err, MLRT_FORMAT, "'%s' holds elements of type 0x%02x, expected 0x08, unsigned bytes", path,
                         head[2]);
    if (head[3] != rank) return mlrt_fail(err, MLRT_FORMAT, "'%s' has %d dimensions, expected %d", path, head[3], rank);
    if (got < want) return mlrt_fail(err, MLRT_FORMAT, "'%s' ends before its sizes", path);
    out->rank = rank;
    for (int32_t d = 0; d < IDX_RANK; d++) {
        const uint8_t *b = head + 4 + 4 * d;
        out->size[d] = d < rank ? (int64_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3] : 1;
        if (out->size[d] == 0) return mlrt_fail(err, MLRT_FORMAT, "'%s' is empty: size %d is 0", path, d + 1);
    }
    return MLRT_OK;
}

static mlrt_status read_data(gzFile file, const char *path, idx_file *out, mlrt_error *err) {
    int64_t count = 1;
    uint8_t more;
    for (int32_t d = 0; d < IDX_RANK; d++)
        if ((count *= out->size[d]) > MOST_BYTES)
            return mlrt_fail(err, MLRT_FORMAT, "'%s' claims more than %d bytes", path, (int)MOST_BYTES);
    if (!(out->data = malloc((size_t)count))) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    const int64_t got = read_bytes(file, out->data, count);
    if (got < 0) return unreadable(file, path, err);
    if (got < count)
        return mlrt_fail(err, MLRT_FORMAT, "'%s' ends after %lld of %lld bytes of data", path, (long long)got,
                         (long long)count);
    /* This also makes zlib compare the checksum at the end. */
    const int64_t rest = read_bytes(file, &more, 1);
    if (rest < 0) return unreadable(file, path, err);
    return rest ? mlrt_fail(err, MLRT_FORMAT, "'%s' goes on after its %lld bytes of data", path, (long long)count)
                : MLRT_OK;
}

mlrt_status idx_read(const char *path, int32_t rank, idx_file *out, mlrt_error *err) {
    *out = (idx_file){0};
    gzFile file = gzopen(path, "rb");
    if (!file) return mlrt_fail(err, MLRT_FILE, "unable to open '%s': %s", path, strerror(errno));
    mlrt_status status = read_header(file, path, rank, out, err);
    if (status == MLRT_OK) status = read_data(file, path, out, err);
    if (gzclose(file) == Z_BUF_ERROR && status == MLRT_OK)
        status = mlrt_fail(err, MLRT_FORMAT, "'%s' ends before its gzip stream does", path);
    if (status == MLRT_OK) return MLRT_OK;
    free(out->data);
    out->data = NULL;
    return status;
}
