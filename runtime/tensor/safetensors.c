/* safetensors.c - opening safetensors files and reading their tensors. */
#include "tensor/safetensors.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are stored as they lie in memory");

enum { LENGTH = 8, HEADER_MAX = 100 * 1000 * 1000 /* as in the format's own library */ };

/* ---- opening ---- */

static mlrt_status damaged(const mlrt__safetensors *f, const char *what, int64_t got, const char *of, int64_t want,
                           mlrt_error *err) {
    char a[32], b[32];
    return mlrt_fail(err, MLRT_FORMAT, "'%s' is truncated: %s %s %s %s", f->input.path, what,
                     mlrt__grouped(got, a, sizeof a), of, mlrt__grouped(want, b, sizeof b));
}

static mlrt_status read_header(mlrt__safetensors *f, mlrt_error *err) {
    uint64_t length;
    char grouped[32];
    if (f->input.size < LENGTH) return damaged(f, "it has", (int64_t)f->input.size, "bytes, its header", LENGTH, err);
    mlrt_status status = mlrt__input_read(&f->input, 0, &length, LENGTH, err);
    if (status) return status;
    if (length > HEADER_MAX)
        return mlrt_fail(err, MLRT_FORMAT, "'%s' is not a safetensors file: its header would have %s bytes",
                         f->input.path, length >> 62 ? "over 10^18" : mlrt__grouped((int64_t)length, grouped, 32));
    f->data = LENGTH + length;
    if (f->data > f->input.size)
        return damaged(f, "its header ends at byte", (int64_t)f->data, "of", (int64_t)f->input.size, err);
    char *json = malloc((size_t)length + 1);
    if (!json) return mlrt_fail(err, MLRT_MEMORY, "unable to read '%s': out of memory", f->input.path);
    status = mlrt__input_read(&f->input, LENGTH, json, (size_t)length, err);
    if (!status) status = mlrt__safetensors_parse(f, json, (size_t)length, err);
    free(json);
    return status;
}

static int by_place(const void *a, const void *b) {
    const mlrt__stored *s = *(mlrt__stored *const *)a, *t = *(mlrt__stored *const *)b;
    return s->begin != t->begin ? (s->begin < t->begin ? -1 : 1) : (s->end > t->end) - (s->end < t->end);
}

/* Side by side, each tensor must begin where the last one ended and the last must end with the file. */
static mlrt_status check_layout(mlrt__safetensors *f, mlrt_error *err) {
    const int64_t bytes = (int64_t)(f->input.size - f->data);
    const mlrt__stored **place = MLRT__NEWS(&f->arena, const mlrt__stored *, f->tensors);
    for (int32_t i = 0; i < f->tensors; i++) place[i] = &f->tensor[i];
    if (f->tensors) qsort(place, (size_t)f->tensors, sizeof *place, by_place);
    int64_t at = 0;
    for (int32_t i = 0; i < f->tensors; i++) {
        const mlrt__stored *s = place[i];
        if (s->begin < at)
            return mlrt_fail(err, MLRT_FORMAT, "'%s' has a damaged header: tensors '%s' and '%s' overlap",
                             f->input.path, place[i - 1]->name, s->name);
        if (s->begin > at)
            return mlrt_fail(err, MLRT_FORMAT, "'%s' has a damaged header: nothing fills the data before tensor '%s'",
                             f->input.path, s->name);
        if (s->end > bytes) {
            char what[256];
            snprintf(what, sizeof what, "tensor '%.200s' ends at byte", s->name);
            const int64_t most = INT64_MAX - (int64_t)f->data;
            return damaged(f, what, (s->end < most ? s->end : most) + (int64_t)f->data, "of", (int64_t)f->input.size,
                           err);
        }
        at = s->end;
    }
    char more[32];
    return at == bytes ? MLRT_OK
                       : mlrt_fail(err, MLRT_FORMAT, "'%s' is damaged: %s bytes follow its last tensor", f->input.path,
                                   mlrt__grouped(bytes - at, more, sizeof more));
}

mlrt_status mlrt__safetensors_open(mlrt__safetensors *file, const char *path, mlrt_error *err) {
    *file = (mlrt__safetensors){0};
    mlrt_status status = mlrt__input_open(&file->input, path, err);
    if (!status) status = read_header(file, err);
    if (!status) status = check_layout(file, err);
    if (status) mlrt__safetensors_close(file);
    return status;
}

void mlrt__safetensors_close(mlrt__safetensors *file) {
    for (int32_t i = 0; i < file->tensors; i++) mlrt__free_large(file->tensor[i].tensor.data);
    free(file->tensor);
    free(file->metadata);
    mlrt__arena_free(&file->arena);
    mlrt__input_close(&file->input);
    *file = (mlrt__safetensors){.input.fd = -1};
}

/* ---- reading ---- */

static int name_order(const void *name, const void *stored) {
    return strcmp(name, ((const mlrt__stored *)stored)->name);
}

static int key_order(const void *key, const void *pair) { return strcmp(key, ((const mlrt__pair *)pair)->key); }

mlrt__stored *mlrt__safetensors_find(const mlrt__safetensors *file, const char *name) {
    return file->tensors ? bsearch(name, file->tensor, (size_t)file->tensors, sizeof *file->tensor, name_order) : NULL;
}

const char *mlrt__safetensors_metadata(const mlrt__safetensors *file, const char *key) {
    if (!file->pairs) return NULL;
    const mlrt__pair *pair = bsearch(key, file->metadata, (size_t)file->pairs, sizeof *file->metadata, key_order);
    return pair ? pair->value : NULL;
}

static const char *get_name(const void *file, int32_t i) {
    const mlrt__safetensors *f = file;
    return i < f->tensors ? f->tensor[i].name : NULL;
}

static mlrt_status find_known(const mlrt__safetensors *file, const char *name, mlrt__stored **found, mlrt_error *err) {
    mlrt__stored *s = *found = mlrt__safetensors_find(file, name);
    if (s && s->known) return MLRT_OK;
    if (s) {
        mlrt_fail(err, MLRT_TYPE, "unable to read tensor '%s' of '%s': its dtype is %s", name, file->input.path,
                  s->format);
#define X(id, text, bytes, name, ...) " " name
        mlrt_hint(err, "mlrt reads" MLRT_DTYPES(X));
#undef X
        return MLRT_TYPE;
    }
    mlrt_fail(err, MLRT_NAME, "'%s' has no tensor '%s'", file->input.path, name);
    const char *near = mlrt__nearest(name, get_name, file);
    if (near) mlrt_hint(err, "did you mean '%s'?", near);
    return MLRT_NAME;
}

static mlrt_status read_data(const mlrt__safetensors *file, const mlrt__stored *s, void *data, mlrt_error *err) {
    return mlrt__input_read(&file->input, file->data + (uint64_t)s->begin, data, (size_t)(s->end - s->begin), err);
}

mlrt_status mlrt__safetensors_read(const mlrt__safetensors *file, const char *name, const mlrt_tensor *into,
                                   mlrt_error *err) {
    mlrt__stored *s;
    const mlrt_status status = find_known(file, name, &s, err);
    if (status) return status;
    if (s->tensor.dtype != into->dtype || !mlrt_shape_equal(&s->tensor.shape, &into->shape)) {
        char got[MLRT_SHAPE_TEXT], want[MLRT_SHAPE_TEXT];
        return mlrt_fail(err, MLRT_SHAPE, "tensor '%s' of '%s' is %s %s, expected %s %s", name, file->input.path,
                         mlrt_dtype_name(s->tensor.dtype), mlrt_shape_text(&s->tensor.shape, got, sizeof got),
                         mlrt_dtype_name(into->dtype), mlrt_shape_text(&into->shape, want, sizeof want));
    }
    return read_data(file, s, into->data, err);
}

mlrt_status mlrt__safetensors_load(mlrt__safetensors *file, const char *name, mlrt_tensor *out, mlrt_error *err) {
    mlrt__stored *s;
    mlrt_status status = find_known(file, name, &s, err);
    if (status) return status;
    if (!s->tensor.data) {
        void *data = mlrt__alloc_large((size_t)(s->end - s->begin));
        if (!data)
            return mlrt_fail(err, MLRT_MEMORY, "unable to read tensor '%s' of '%s': out of memory", name,
                             file->input.path);
        status = read_data(file, s, data, err);
        if (status) {
            mlrt__free_large(data);
            return status;
        }
        s->tensor.data = data;
    }
    *out = s->tensor;
    return MLRT_OK;
}
