/* tensor.h - dtypes, shapes and tensors.
 *
 * A tensor is a view: dtype, shape and a pointer to contiguous row-major data that somebody else owns.
 */
#ifndef MLRT_TENSOR_H
#define MLRT_TENSOR_H

#include <mlrt/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* name, bytes an element, name in safetensors, name in .npy. Values are part of the ABI: add at the end. */
#define MLRT_DTYPES(X)                                                                                                 \
    X(F32, "f32", 4, "F32", "<f4")                                                                                     \
    X(BF16, "bf16", 2, "BF16", NULL)                                                                                   \
    X(I32, "i32", 4, "I32", "<i4")                                                                                     \
    X(U8, "u8", 1, "U8", "|u1")

typedef enum mlrt_dtype {
#define X(name, ...) MLRT_##name,
    MLRT_DTYPES(X)
#undef X
} mlrt_dtype;

enum { MLRT_MAX_RANK = 8, MLRT_SHAPE_TEXT = 192 };

typedef struct mlrt_shape {
    int32_t rank; /* 0 (a scalar) to MLRT_MAX_RANK */
    int64_t dim[MLRT_MAX_RANK];
} mlrt_shape;

/* MLRT_SHAPE_OF(2, 3) is the shape [2, 3]; MLRT_SCALAR is []. */
#define MLRT_SHAPE_OF(...)                                                                                             \
    ((mlrt_shape){.rank = (int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), .dim = {__VA_ARGS__}})
#define MLRT_SCALAR ((mlrt_shape){.rank = 0})

typedef struct mlrt_tensor {
    mlrt_dtype dtype;
    mlrt_shape shape;
    void *data;
} mlrt_tensor;

MLRT_API int64_t mlrt_shape_count(const mlrt_shape *shape); /* elements; 1 for a scalar */
MLRT_API bool mlrt_shape_equal(const mlrt_shape *a, const mlrt_shape *b);
/* "[64, 10, 128]" into `buffer` (MLRT_SHAPE_TEXT bytes are enough); returns `buffer`. */
MLRT_API const char *mlrt_shape_text(const mlrt_shape *shape, char *buffer, size_t size);

MLRT_API size_t mlrt_dtype_size(mlrt_dtype dtype);
MLRT_API const char *mlrt_dtype_name(mlrt_dtype dtype);
MLRT_API size_t mlrt_tensor_bytes(const mlrt_tensor *tensor);

#ifdef __cplusplus
}
#endif
#endif
