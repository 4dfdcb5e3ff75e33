/* safetensors.h - named tensors and text in one file: the safetensors format.
 *
 * A file is a little-endian u64 N; N bytes of JSON, {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
 * ..., "__metadata__": {"key": "text"}}; and the data, which the tensors cover without gap or overlap
 * (https://huggingface.co/docs/safetensors).
 *
 * A file from anywhere is safe to open: the whole header is checked first, and what is found later to be missing is an
 * error. A file is written whole or not at all (base/file.h), straight from the tensors' own memory.
 */
#ifndef MLRT__SAFETENSORS_H
#define MLRT__SAFETENSORS_H

#include "base/arena.h"
#include "base/file.h"
#include <mlrt/tensor.h>

typedef struct mlrt__pair {
    const char *key, *value;
} mlrt__pair;

typedef struct mlrt__named_tensor {
    const char *name;
    mlrt_tensor tensor;
} mlrt__named_tensor;

/* Write the tensors and the texts. Names must be distinct, and all text UTF-8. */
mlrt_status mlrt__safetensors_write(const char *path, const mlrt__named_tensor *tensors, int32_t count,
                                    const mlrt__pair *metadata, int32_t pairs, mlrt_error *err);

/* One tensor of a file, as the header describes it. */
typedef struct mlrt__stored {
    const char *name;
    const char *format; /* its dtype in the file's words: "F32", "F64" */
    bool known;         /* mlrt has that dtype; tensors of other dtypes are listed but cannot be read */
    mlrt_tensor tensor; /* dtype (when known) and shape; data once it is loaded */
    int64_t begin, end; /* its bytes, from the start of the data */
} mlrt__stored;

typedef struct mlrt__safetensors {
    mlrt__stored *tensor; /* by name */
    int32_t tensors;
    mlrt__pair *metadata; /* by key */
    int32_t pairs;
    mlrt__input input;
    uint64_t data; /* where the data starts */
    mlrt__arena arena;
} mlrt__safetensors;

/* Fails with everything closed and freed. */
mlrt_status mlrt__safetensors_open(mlrt__safetensors *file, const char *path, mlrt_error *err);
void mlrt__safetensors_close(mlrt__safetensors *file); /* and everything loaded from it */

mlrt__stored *mlrt__safetensors_find(const mlrt__safetensors *file, const char *name);  /* NULL: there is none */
const char *mlrt__safetensors_metadata(const mlrt__safetensors *file, const char *key); /* NULL: there is none */

/* Read a tensor into memory of the caller, which says the dtype and shape it expects. */
mlrt_status mlrt__safetensors_read(const mlrt__safetensors *file, const char *name, const mlrt_tensor *into,
                                   mlrt_error *err);
/* Read a tensor into memory of the file; *out is valid until the file is closed. */
mlrt_status mlrt__safetensors_load(mlrt__safetensors *file, const char *name, mlrt_tensor *out, mlrt_error *err);

/* The header alone, `size` bytes of JSON: fills tensor, tensors, metadata and pairs of `file`, with names sorted and
 * distinct and each tensor's bytes those of its shape. */
mlrt_status mlrt__safetensors_parse(mlrt__safetensors *file, const char *json, size_t size, mlrt_error *err);

#endif
