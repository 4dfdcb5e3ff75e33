/* npy.c - .npy files: what is written is read, by NumPy too, and what is damaged is refused. */
#include "tensor/npy.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/random.h"
#include "scratch.h"
#include "tap.h"

static const char *message(const mlrt_error *err) {
    static char text[2048];
    return mlrt_error_text(err, text, sizeof text);
}

static float f32[] = {1, -2, 0x1p-149f, INFINITY, -0.0f, 6};
static int32_t i32[] = {INT32_MIN, 0, INT32_MAX};
static uint8_t u8[] = {0, 1, 255};

static const mlrt_tensor tensors[] = {
    {MLRT_F32, MLRT_SHAPE_OF(2, 3), f32}, {MLRT_F32, MLRT_SCALAR, f32},
    {MLRT_I32, MLRT_SHAPE_OF(3), i32},    {MLRT_U8, MLRT_SHAPE_OF(1, 3, 1), u8},
    {MLRT_F32, MLRT_SHAPE_OF(4, 0), f32}, {MLRT_F32, MLRT_SHAPE_OF(1, 1, 1, 2, 1, 1, 1, 3), f32},
};

static void round_trip(void) {
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) {
        const mlrt_tensor *t = &tensors[i];
        mlrt_tensor got = {0};
        char shape[MLRT_SHAPE_TEXT];
        mlrt_error err = {0};
        mlrt__npy_write(scratch("x.npy"), t, &err);
        mlrt__npy_read(scratch("x.npy"), &got, &err);
        ok(!err.status && got.dtype == t->dtype && mlrt_shape_equal(&got.shape, &t->shape) &&
               memcmp(got.data, t->data, mlrt_tensor_bytes(t)) == 0,
           "%s %s is read bit for bit%s", mlrt_dtype_name(t->dtype), mlrt_shape_text(&t->shape, shape, sizeof shape),
           message(&err));
        mlrt__free_large(got.data);
    }
    mlrt_error err = {0};
    const mlrt_tensor bf16 = {MLRT_BF16, MLRT_SHAPE_OF(3), f32};
    is_int(mlrt__npy_write(scratch("b.npy"), &bf16, &err), MLRT_TYPE, "bf16 has no dtype in .npy");
}

/* A file of this version, header and data. */
static size_t make(char *text, int version, const char *header, const void *data, size_t bytes) {
    const uint32_t n = (uint32_t)strlen(header);
    const size_t width = version == 1 ? 2 : 4;
    memcpy(text, "\x93NUMPY", 6);
    text[6] = (char)version, text[7] = 0;
    memcpy(text + 8, &n, width);
    memcpy(text + 8 + width, header, n);
    if (bytes) memcpy(text + 8 + width + n, data, bytes);
    return 8 + width + n + bytes;
}

static mlrt_status read_made(int version, const char *header, const void *data, size_t bytes, mlrt_tensor *got,
                             mlrt_error *err) {
    static char text[4096];
    *got = (mlrt_tensor){0}, *err = (mlrt_error){0};
    mlrt__write_file(scratch("made.npy"), text, make(text, version, header, data, bytes), NULL);
    return mlrt__npy_read(scratch("made.npy"), got, err);
}

#define H(descr, shape) "{'descr': '" descr "', 'fortran_order': False, 'shape': " shape ", }"

static void conversions(void) {
    mlrt_tensor got;
    mlrt_error err;
    const double f64[] = {0.1, NAN, -INFINITY}, wide[] = {1e39};
    is_int(read_made(1, H("<f8", "(3,)"), f64, 24, &got, &err), MLRT_OK, "f8 is read");
    const float *f = got.data;
    ok(got.dtype == MLRT_F32 && f[0] == 0.1f && isnan(f[1]) && f[2] == -INFINITY, "as f32, nearest");
    mlrt__free_large(got.data);
    is_int(read_made(1, H("<f8", "(1,)"), wide, 8, &got, &err), MLRT_RANGE, "but not beyond f32");
    has_str(message(&err), "a number of dtype <f8 does not fit f32", "which is said");

    const int64_t i64[] = {-1, INT32_MAX}, large[] = {1ll << 31};
    is_int(read_made(2, H("<i8", "(2,)"), i64, 16, &got, &err), MLRT_OK, "i8 is read, version 2 too");
    ok(got.dtype == MLRT_I32 && memcmp(got.data, (int32_t[]){-1, INT32_MAX}, 8) == 0, "as i32");
    mlrt__free_large(got.data);
    is_int(read_made(1, H("<i8", "(1,)"), large, 8, &got, &err), MLRT_RANGE, "but not beyond i32");

    is_int(read_made(3, "{\"shape\":(3),\"descr\":\"|b1\",\"fortran_order\":False}", "\0\1\5", 3, &got, &err), MLRT_OK,
           "b1 is read, version 3 too, in any order and quotes");
    ok(got.dtype == MLRT_U8 && memcmp(got.data, "\0\1\1", 3) == 0, "as 0 and 1");
    mlrt__free_large(got.data);
}

static void doubles(void) {
    const double numbers[] = {0.1, 1e300, NAN, -INFINITY, 0x1p-1074, 6};
    const mlrt_shape shape = MLRT_SHAPE_OF(2, 3);
    mlrt_shape got_shape;
    double *got = NULL;
    mlrt_error err = {0};
    mlrt__npy_write_f64(scratch("d.npy"), &shape, numbers, &err);
    mlrt__npy_read_f64(scratch("d.npy"), &got_shape, &got, &err);
    ok(!err.status && mlrt_shape_equal(&got_shape, &shape) && memcmp(got, numbers, sizeof numbers) == 0,
       "f64 is read bit for bit%s", message(&err));
    mlrt__free_large(got);
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) {
        const mlrt_tensor *t = &tensors[i];
        mlrt__npy_write(scratch("x.npy"), t, &err);
        mlrt__npy_read_f64(scratch("x.npy"), &got_shape, &got, &err);
        bool same = !err.status && mlrt_shape_equal(&got_shape, &t->shape);
        for (int64_t k = 0; same && k < mlrt_shape_count(&got_shape); k++)
            same = got[k] == (t->dtype == MLRT_F32   ? (double)f32[k]
                              : t->dtype == MLRT_I32 ? (double)i32[k]
                                                     : (double)u8[k]);
        ok(same, "%s is read as f64", mlrt_dtype_name(t->dtype));
        mlrt__free_large(got);
    }
    static char text[4096];
    const int64_t large[] = {(INT64_C(1) << 53) + 1};
    mlrt__write_file(scratch("made.npy"), text, make(text, 1, H("<i8", "(1,)"), large, 8), NULL);
    is_int(mlrt__npy_read_f64(scratch("made.npy"), &got_shape, &got, &err), MLRT_RANGE, "i8 only while it is exact");
    has_str(message(&err), "a number of dtype <i8 does not fit f64", "which is said");
}

static const struct {
    const char *what, *header;
    size_t bytes;
    mlrt_status status;
    const char *message;
} headers[] = {
    {"Fortran order", "{'descr': '<f4', 'fortran_order': True, 'shape': (2,)}", 8, MLRT_UNSUPPORTED,
     "ascontiguousarray"},
    {"big-endian", H(">f4", "(2,)"), 8, MLRT_TYPE, "its dtype is '>f4' (mlrt reads"},
    {"text", H("<U4", "(2,)"), 32, MLRT_TYPE, "its dtype is '<U4'"},
    {"objects", H("|O", "(2,)"), 8, MLRT_TYPE, "its dtype is '|O'"},
    {"records", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", 8, MLRT_TYPE, "records"},
    {"a strange dtype", H("\x1b[2J", "(2,)"), 8, MLRT_FORMAT, "expected a dtype"},
    {"too little data", H("<f4", "(3,)"), 8, MLRT_FORMAT, "truncated: its data of <f4 [3] takes 12 bytes, but has 8"},
    {"too much data", H("<f4", "(1,)"), 8, MLRT_FORMAT, "damaged: its data"},
    {"an overflowing shape", H("<f4", "(4294967296, 4294967296)"), 0, MLRT_FORMAT, "too many elements"},
    {"one hidden by a zero", H("<f4", "(4294967296, 4294967296, 0)"), 0, MLRT_FORMAT, "too many elements"},
    {"a huge dimension", H("<f4", "(99999999999999999999,)"), 0, MLRT_FORMAT, "below 2^63"},
    {"a negative dimension", H("<f4", "(-1,)"), 4, MLRT_FORMAT, "expected a whole number"},
    {"nine dimensions", H("<f4", "(1,1,1,1,1,1,1,1,1)"), 4, MLRT_FORMAT, "at most 8 dimensions"},
    {"no shape", "{'descr': '<f4', 'fortran_order': False}", 4, MLRT_FORMAT, "expected descr, fortran_order and shape"},
    {"a key twice", "{'shape': (1,), 'shape': (1,)}", 4, MLRT_FORMAT, "expected descr, fortran_order or shape"},
    {"a strange key", "{'type': '<f4'}", 4, MLRT_FORMAT, "expected descr, fortran_order or shape"},
    {"more after it", H("<f4", "(1,)") "1", 4, MLRT_FORMAT, "expected nothing but spaces"},
    {"an open shape", "{'shape': (1,", 4, MLRT_FORMAT, "expected a whole number at byte 23"},
    {"no header", "", 4, MLRT_FORMAT, "expected '{'"},
};

static void hostile(void) {
    mlrt_tensor got;
    mlrt_error err;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        static const char zeros[64];
        is_int(read_made(1, headers[i].header, zeros, headers[i].bytes, &got, &err), headers[i].status, "refused: %s",
               headers[i].what);
        has_str(message(&err), headers[i].message, "with the reason");
    }
    is_int(read_made(4, H("<f4", "()"), "0000", 4, &got, &err), MLRT_FORMAT, "refused: version 4");
    mlrt__write_file(scratch("made.npy"), "\x93NUMPY\2\0\xff\xff\xff\xff{}", 14, NULL);
    is_int(mlrt__npy_read(scratch("made.npy"), &got, NULL), MLRT_FORMAT, "refused: a header of 4 GB");
}

/* Cut anywhere it is refused; whatever bytes change, reading comes back. */
static void damaged(void) {
    enum { ROUNDS = 2000 };
    char *text, *copy;
    size_t size;
    int refused = 0;
    mlrt_tensor got = {0};
    mlrt__npy_write(scratch("y.npy"), &tensors[0], NULL);
    mlrt__read_file(scratch("y.npy"), 1 << 20, &text, &size, NULL);
    for (size_t n = 0; n < size; n++) {
        mlrt__write_file(scratch("cut.npy"), text, n, NULL);
        refused += mlrt__npy_read(scratch("cut.npy"), &got, NULL) == MLRT_FORMAT;
    }
    is_int(refused, (int64_t)size, "cut at any of its %zu bytes, a file is refused", size);
    copy = malloc(size);
    refused = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t r[4];
        mlrt__philox(mlrt__philox_begin(2, 0, 0), round, r);
        memcpy(copy, text, size);
        for (uint32_t i = 0; i <= r[0] % 3; i++) copy[r[1 + i] % 80] = (char)(r[1 + i] >> 24);
        mlrt__write_file(scratch("bad.npy"), copy, size, NULL);
        if (mlrt__npy_read(scratch("bad.npy"), &got, NULL))
            refused++;
        else
            mlrt__free_large(got.data);
    }
    ok(refused > 0, "%d of %d damaged files are refused", refused, ROUNDS);
    free(copy);
    free(text);
}

static void numpy(void) {
    char command[4096];
    if (system("python3 -c 'import numpy' 2>/dev/null")) {
        skip("no NumPy");
        return;
    }
    mlrt__npy_write(scratch("x.npy"), &tensors[0], NULL);
    snprintf(command, sizeof command,
             "python3 -c \"import numpy as n, sys; x = n.load(sys.argv[1]); assert x.dtype == n.float32 and x.shape == "
             "(2, 3) and x[0, 1] == -2; n.save(sys.argv[2], n.arange(12, dtype=n.int64).reshape(3, 4))\" '%s' '%s'",
             scratch("x.npy"), scratch("z.npy"));
    is_int(system(command), 0, "NumPy reads ours");
    mlrt_tensor got = {0};
    is_int(mlrt__npy_read(scratch("z.npy"), &got, NULL), MLRT_OK, "and we NumPy's");
    ok(got.shape.rank == 2 && got.shape.dim[1] == 4 && ((int32_t *)got.data)[11] == 11, "with the same numbers");
    mlrt__free_large(got.data);
}

int main(void) {
    scratch("");
    round_trip();
    conversions();
    doubles();
    hostile();
    damaged();
    numpy();
    return done_testing();
}
