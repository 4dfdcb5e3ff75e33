/* safetensors_write.c - writing safetensors files.
 *
 * The format allows no gaps, so wider dtypes go first and every tensor is aligned to its elements; spaces after the JSON
 * put the data as a whole on a multiple of 64 bytes.
 */
#include "base/text.h"
#include "tensor/safetensors.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH = 8, ALIGN = 64 };

static const char *const formats[] = {
#define X(id, text, bytes, name, ...) [MLRT_##id] = name,
    MLRT_DTYPES(X)
#undef X
};

typedef struct item {
    const char *name;
    const mlrt_tensor *tensor;
    size_t begin, bytes; /* of the data */
} item;

static int by_name(const void *a, const void *b) { return strcmp(((const item *)a)->name, ((const item *)b)->name); }

static int by_width(const void *a, const void *b) {
    const size_t s = mlrt_dtype_size(((const item *)a)->tensor->dtype),
                 t = mlrt_dtype_size(((const item *)b)->tensor->dtype);
    return s != t ? (s > t ? -1 : 1) : by_name(a, b);
}

static int by_key(const void *a, const void *b) {
    return strcmp(((const mlrt__pair *)a)->key, ((const mlrt__pair *)b)->key);
}

static mlrt_status check_text(const char *path, const char *what, const char *text, mlrt_error *err) {
    for (size_t left = strlen(text), n; left; text += n, left -= n)
        if (!(n = mlrt__utf8(text, left)))
            return mlrt_fail(err, MLRT_ARGUMENT, "unable to write '%s': %s is not UTF-8", path, what);
    return MLRT_OK;
}

/* `item` and `pair` are sorted by name. */
static mlrt_status check_names(const char *path, const item *it, int32_t count, const mlrt__pair *pair, int32_t pairs,
                               mlrt_error *err) {
    mlrt_status status = MLRT_OK;
    for (int32_t i = 0; i < count && !status; i++) {
        status = check_text(path, "the name of a tensor", it[i].name, err);
        const bool taken = strcmp(it[i].name, "__metadata__") == 0 || (i && by_name(&it[i - 1], &it[i]) == 0);
        if (!status && taken)
            status = mlrt_fail(err, MLRT_NAME, "unable to write '%s': the tensor name '%s' is taken", path, it[i].name);
    }
    for (int32_t i = 0; i < pairs && !status; i++) {
        status = check_text(path, "metadata", pair[i].key, err);
        if (!status) status = check_text(path, "metadata", pair[i].value, err);
        if (!status && i && by_key(&pair[i - 1], &pair[i]) == 0)
            status = mlrt_fail(err, MLRT_NAME, "unable to write '%s': metadata '%s' is given twice", path, pair[i].key);
    }
    return status;
}

static void print_item(FILE *out, const item *it) {
    mlrt__json_string(out, it->name);
    char shape[MLRT_SHAPE_TEXT];
    fprintf(out, ":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}", formats[it->tensor->dtype],
            mlrt_shape_text(&it->tensor->shape, shape, sizeof shape), it->begin, it->begin + it->bytes);
}

static void print_header(FILE *out, const item *it, int32_t count, const mlrt__pair *pair, int32_t pairs) {
    const char *comma = "";
    fputs("{", out);
    if (pairs) {
        fputs("\"__metadata__\":{", out);
        for (int32_t i = 0; i < pairs; i++) {
            fputs(i ? "," : "", out);
            mlrt__json_string(out, pair[i].key);
            fputc(':', out);
            mlrt__json_string(out, pair[i].value);
        }
        fputs("}", out);
        comma = ",";
    }
    for (int32_t i = 0; i < count; i++) {
        fputs(comma, out);
        print_item(out, &it[i]);
        comma = ",";
    }
    fputs("}", out);
    while ((LENGTH + (size_t)ftell(out)) % ALIGN) fputc(' ', out);
}

static mlrt_status write_all(mlrt__output *out, const char *header, size_t length, const item *it, int32_t count,
                             mlrt_error *err) {
    const uint64_t n = length;
    mlrt_status status = mlrt__output_write(out, &n, LENGTH, err);
    if (!status) status = mlrt__output_write(out, header, length, err);
    for (int32_t i = 0; i < count && !status; i++)
        status = mlrt__output_write(out, it[i].tensor->data, it[i].bytes, err);
    return status;
}

mlrt_status mlrt__safetensors_write(const char *path, const mlrt__named_tensor *tensors, int32_t count,
                                    const mlrt__pair *metadata, int32_t pairs, mlrt_error *err) {
    mlrt__arena arena = {0};
    item *it = MLRT__NEWS(&arena, item, count);
    for (int32_t i = 0; i < count; i++)
        it[i] = (item){tensors[i].name, &tensors[i].tensor, 0, mlrt_tensor_bytes(&tensors[i].tensor)};
    mlrt__pair *pair = mlrt__arena_copy(&arena, metadata, sizeof *pair * (size_t)pairs);

    qsort(it, (size_t)count, sizeof *it, by_width);
    for (int32_t i = 1; i < count; i++) it[i].begin = it[i - 1].begin + it[i - 1].bytes;
    const item *by_place = mlrt__arena_copy(&arena, it, sizeof *it * (size_t)count);
    qsort(it, (size_t)count, sizeof *it, by_name);
    qsort(pair, (size_t)pairs, sizeof *pair, by_key);

    char *header = NULL;
    size_t length = 0;
    mlrt_status status = check_names(path, it, count, pair, pairs, err);
    if (!status) {
        FILE *text = open_memstream(&header, &length);
        if (text) print_header(text, it, count, pair, pairs);
        if (!text || fclose(text)) status = mlrt_fail(err, MLRT_MEMORY, "unable to write '%s': out of memory", path);
    }
    mlrt__output out = {.fd = -1};
    if (!status) status = mlrt__output_open(&out, path, err);
    if (!status) status = write_all(&out, header, length, by_place, count, err);
    status = mlrt__output_close(&out, status, err);
    free(header);
    mlrt__arena_free(&arena);
    return status;
}
