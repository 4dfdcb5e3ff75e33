/* cache.c - the cache of what plugins compute: a file a name, compressed, with a checksum, replaced whole. */
#include "base/arena.h"
#include "base/file.h"
#include <mlrt/plugin.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { FAST = 1, MOST_BYTES = 1 << 30 };

typedef struct header {
    char magic[8];
    uint64_t size, checksum; /* of what is compressed after it */
} header;

static const char magic[8] = "mlrtcach";

static char *folder(mlrt__arena *arena) {
    const char *own = getenv("MLRT_CACHE"), *all = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (own && *own) return mlrt__arena_string(arena, own);
    if (all && *all == '/') return mlrt__arena_printf(arena, "%s/mlrt", all);
    return home && *home ? mlrt__arena_printf(arena, "%s/.cache/mlrt", home) : NULL;
}

static bool unpack(const char *packed, size_t bytes, void **data, size_t *size) {
    header h;
    if (bytes < sizeof h) return false;
    memcpy(&h, packed, sizeof h);
    if (memcmp(h.magic, magic, sizeof magic) != 0 || h.size > MOST_BYTES) return false;
    uLongf got = (uLongf)h.size;
    Bytef *out = malloc((size_t)h.size + 1);
    if (out && uncompress(out, &got, (const Bytef *)packed + sizeof h, (uLong)(bytes - sizeof h)) == Z_OK &&
        got == h.size && crc32_z(0, out, (size_t)got) == h.checksum) {
        *data = out;
        *size = (size_t)got;
        return true;
    }
    free(out);
    return false;
}

bool mlrt_cache_read(const char *name, void **data, size_t *size) {
    mlrt__arena arena = {0};
    const char *in = folder(&arena);
    char *packed;
    size_t bytes;
    bool found = in && mlrt__read_file(mlrt__arena_printf(&arena, "%s/%s", in, name), MOST_BYTES, &packed, &bytes,
                                       NULL) == MLRT_OK;
    mlrt__arena_free(&arena);
    if (!found) return false;
    found = unpack(packed, bytes, data, size);
    free(packed);
    return found;
}

bool mlrt_cache_write(const char *name, const void *data, size_t size) {
    mlrt__arena arena = {0};
    const char *in = folder(&arena);
    uLongf bytes = compressBound((uLong)size);
    char *packed = in && size <= MOST_BYTES ? malloc(sizeof(header) + bytes) : NULL;
    header h = {.size = size, .checksum = crc32_z(0, data, size)};
    bool written = packed && compress2((Bytef *)packed + sizeof h, &bytes, data, (uLong)size, FAST) == Z_OK;
    if (written) {
        memcpy(h.magic, magic, sizeof magic);
        memcpy(packed, &h, sizeof h);
        written =
            mlrt__make_folders(in, NULL) == MLRT_OK &&
            mlrt__write_file(mlrt__arena_printf(&arena, "%s/%s", in, name), packed, sizeof h + bytes, NULL) == MLRT_OK;
    }
    free(packed);
    mlrt__arena_free(&arena);
    return written;
}
