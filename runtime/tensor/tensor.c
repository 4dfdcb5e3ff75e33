/* tensor.c - dtypes, shapes and sizes. */
#include <inttypes.h>
#include <mlrt/tensor.h>
#include <stdio.h>

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
#define X(id, text, bytes, ...) [MLRT_##id] = {text, bytes},
    MLRT_DTYPES(X)
#undef X
};

size_t mlrt_dtype_size(mlrt_dtype dtype) { return dtypes[dtype].size; }
const char *mlrt_dtype_name(mlrt_dtype dtype) { return dtypes[dtype].name; }

int64_t mlrt_shape_count(const mlrt_shape *shape) {
    int64_t count = 1;
    for (int32_t i = 0; i < shape->rank; i++) count *= shape->dim[i];
    return count;
}

bool mlrt_shape_equal(const mlrt_shape *a, const mlrt_shape *b) {
    if (a->rank != b->rank) return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i]) return false;
    return true;
}

const char *mlrt_shape_text(const mlrt_shape *shape, char *buffer, size_t size) {
    size_t used = (size_t)snprintf(buffer, size, "[");
    for (int32_t i = 0; i < shape->rank && used < size; i++)
        used += (size_t)snprintf(buffer + used, size - used, i ? ", %" PRId64 : "%" PRId64, shape->dim[i]);
    if (used < size) snprintf(buffer + used, size - used, "]");
    return buffer;
}

size_t mlrt_tensor_bytes(const mlrt_tensor *t) {
    return (size_t)mlrt_shape_count(&t->shape) * mlrt_dtype_size(t->dtype);
}
