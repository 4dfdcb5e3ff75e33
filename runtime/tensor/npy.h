/* npy.h - one array in one file: NumPy's .npy format
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
 *
 * Reads versions 1 to 3, C order, little-endian: f4 and f8 as f32, i4 and i8 as i32, u1 and b1 as u8. A number that the
 * narrower dtype cannot hold is an error. A file from anywhere is safe to read. Writes f32, i32 and u8, atomically.
 */
#ifndef MLRT__NPY_H
#define MLRT__NPY_H

#include <mlrt/tensor.h>

/* The caller frees out->data with mlrt__free_large. */
mlrt_status mlrt__npy_read(const char *path, mlrt_tensor *out, mlrt_error *err);
mlrt_status mlrt__npy_write(const char *path, const mlrt_tensor *tensor, mlrt_error *err);

/* The same as doubles, which arrays for analysis hold: every dtype that is read becomes f64, and f8 is written. */
mlrt_status mlrt__npy_read_f64(const char *path, mlrt_shape *shape, double **data, mlrt_error *err);
mlrt_status mlrt__npy_write_f64(const char *path, const mlrt_shape *shape, const double *data, mlrt_error *err);

#endif
