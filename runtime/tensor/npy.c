/* npy.c - one array in one file: NumPy's .npy format. */
#include "tensor/npy.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "arrays are stored as they lie in memory");

static const char magic[] = "\x93NUMPY";
enum { MAGIC = 6, PREFIX = MAGIC + 2, ALIGN = 64, HEADER_MAX = 64 * 1024, CHUNK = 8192 /* elements */ };

/* ---- dtypes: how each is kept here ---- */

/* Converts `count` elements; false when one does not fit. NULL: they are the same. */
typedef bool convert(const void *from, void *to, int64_t count);

static bool narrow_f64(const void *from, void *to, int64_t count) {
    const double *x = from;
    float *y = to;
    bool fits = true;
    for (int64_t i = 0; i < count; i++) {
        y[i] = (float)x[i];
        fits &= !isinf(y[i]) || isinf(x[i]);
    }
    return fits;
}

static bool narrow_i64(const void *from, void *to, int64_t count) {
    const int64_t *x = from;
    int32_t *y = to;
    bool fits = true;
    for (int64_t i = 0; i < count; i++) {
        y[i] = (int32_t)x[i];
        fits &= y[i] == x[i];
    }
    return fits;
}

static bool truth(const void *from, void *to, int64_t count) {
    for (int64_t i = 0; i < count; i++) ((uint8_t *)to)[i] = ((const uint8_t *)from)[i] != 0;
    return true;
}

/* As f64, which holds all but the largest i8. */
#define WIDEN(name, type)                                                                                              \
    static bool name(const void *from, void *to, int64_t count) {                                                      \
        const type *x = from;                                                                                          \
        double *y = to;                                                                                                \
        for (int64_t i = 0; i < count; i++) y[i] = (double)x[i];                                                       \
        return true;                                                                                                   \
    }
WIDEN(widen_f32, float)
WIDEN(widen_i32, int32_t)
WIDEN(widen_u8, uint8_t)

static bool widen_truth(const void *from, void *to, int64_t count) {
    for (int64_t i = 0; i < count; i++) ((double *)to)[i] = ((const uint8_t *)from)[i] != 0;
    return true;
}

static bool widen_i64(const void *from, void *to, int64_t count) {
    const int64_t *x = from, exact = INT64_C(1) << 53;
    double *y = to;
    bool fits = true;
    for (int64_t i = 0; i < count; i++) {
        y[i] = (double)x[i];
        fits &= x[i] >= -exact && x[i] <= exact;
    }
    return fits;
}

typedef struct format {
    const char *name;
    size_t bytes;
    mlrt_dtype dtype;
    convert *convert, *widen; /* to dtype, to f64 */
} format;

static const format formats[] = {
    {"<f4", 4, MLRT_F32, NULL, widen_f32}, {"<f8", 8, MLRT_F32, narrow_f64, NULL},
    {"<i4", 4, MLRT_I32, NULL, widen_i32}, {"<i8", 8, MLRT_I32, narrow_i64, widen_i64},
    {"|u1", 1, MLRT_U8, NULL, widen_u8},   {"|b1", 1, MLRT_U8, truth, widen_truth},
};

/* What the elements become. */
typedef struct target {
    const char *name;
    size_t bytes;
    convert *convert;
} target;

/* ---- the header: a Python dictionary, {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } ---- */

typedef struct reader {
    const char *path, *at, *end;
    uint64_t data; /* where the data starts in the file */
    mlrt_error *err;
    const format *format;
    mlrt_shape shape;
    unsigned seen; /* a bit for each member */
} reader;

static mlrt_status wrong(reader *r, const char *expected) {
    const uint64_t at = r->data - (uint64_t)(r->end - r->at);
    return mlrt_fail(r->err, MLRT_FORMAT, "'%s' has a damaged header: expected %s at byte %" PRIu64, r->path, expected,
                     at);
}

static void space(reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t')) r->at++;
}

static bool take(reader *r, const char *word) {
    space(r);
    const size_t n = strlen(word);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n)) return false;
    r->at += n;
    return true;
}

static mlrt_status read_descr(reader *r) {
    char name[32], quote = 0;
    size_t n = 0;
    if (take(r, "'"))
        quote = '\'';
    else if (take(r, "\""))
        quote = '"';
    else
        return mlrt_fail(r->err, MLRT_TYPE, "unable to read '%s': its elements are records, not numbers", r->path);
    while (r->at<r->end && * r->at != quote && * r->at> ' ' && *r->at < 0x7f && n + 1 < sizeof name)
        name[n++] = *r->at++;
    name[n] = 0;
    if (!take(r, (char[]){quote, 0})) return wrong(r, "a dtype");
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(name, formats[i].name) == 0) r->format = &formats[i];
    if (r->format) return MLRT_OK;
    mlrt_fail(r->err, MLRT_TYPE, "unable to read '%s': its dtype is '%s'", r->path, name);
    return mlrt_hint(r->err, "mlrt reads <f4, <f8, <i4, <i8, |u1 and |b1"), MLRT_TYPE;
}

static mlrt_status read_order(reader *r) {
    if (take(r, "False")) return MLRT_OK;
    if (!take(r, "True")) return wrong(r, "True or False");
    mlrt_fail(r->err, MLRT_UNSUPPORTED, "unable to read '%s': it is in Fortran order", r->path);
    return mlrt_hint(r->err, "save it with numpy.ascontiguousarray"), MLRT_UNSUPPORTED;
}

static mlrt_status read_shape(reader *r) {
    if (!take(r, "(")) return wrong(r, "'('");
    while (!take(r, ")")) {
        if (r->shape.rank == MLRT_MAX_RANK) return wrong(r, "at most 8 dimensions");
        int64_t *dim = &r->shape.dim[r->shape.rank++];
        space(r);
        const char *first = r->at;
        for (*dim = 0; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
            if (__builtin_mul_overflow(*dim, 10, dim) || __builtin_add_overflow(*dim, *r->at - '0', dim))
                return wrong(r, "a number below 2^63");
        if (r->at == first) return wrong(r, "a whole number");
        if (!take(r, ",") && (r->at == r->end || *r->at != ')')) return wrong(r, "',' or ')'");
    }
    return MLRT_OK;
}

static const struct {
    const char *key;
    mlrt_status (*read)(reader *r);
} members[] = {{"descr", read_descr}, {"fortran_order", read_order}, {"shape", read_shape}};

enum { ALL_MEMBERS = (1 << sizeof members / sizeof *members) - 1 };

static mlrt_status read_member(reader *r) {
    for (unsigned i = 0; i < sizeof members / sizeof *members; i++) {
        char single[20], twice[20];
        snprintf(single, sizeof single, "'%s'", members[i].key);
        snprintf(twice, sizeof twice, "\"%s\"", members[i].key);
        if (r->seen & 1u << i || !(take(r, single) || take(r, twice))) continue;
        r->seen |= 1u << i;
        return take(r, ":") ? members[i].read(r) : wrong(r, "':'");
    }
    return wrong(r, "descr, fortran_order or shape");
}

static mlrt_status read_members(reader *r) {
    mlrt_status status = take(r, "{") ? MLRT_OK : wrong(r, "'{'");
    while (!status && !take(r, "}")) {
        status = read_member(r);
        if (!status && !take(r, ",") && (r->at == r->end || *r->at != '}')) status = wrong(r, "',' or '}'");
    }
    if (!status && r->seen != ALL_MEMBERS) status = wrong(r, "descr, fortran_order and shape");
    space(r);
    return status || r->at == r->end ? status : wrong(r, "nothing but spaces");
}

/* The magic, a version, the header's length in two or (from version 2) four bytes, the header. */
static mlrt_status read_header(reader *r, const mlrt__input *in, char text[HEADER_MAX]) {
    uint8_t prefix[PREFIX + 4] = {0};
    const size_t some = in->size < sizeof prefix ? (size_t)in->size : sizeof prefix;
    mlrt_status status = mlrt__input_read(in, 0, prefix, some, r->err);
    if (status) return status;
    if (memcmp(prefix, magic, MAGIC) || prefix[MAGIC] < 1 || prefix[MAGIC] > 3)
        return mlrt_fail(r->err, MLRT_FORMAT, "'%s' is not a .npy file of version 1 to 3", r->path);
    const bool wide = prefix[MAGIC] > 1;
    uint32_t length;
    memcpy(&length, prefix + PREFIX, sizeof length);
    if (!wide) length &= 0xffff;
    if (length > HEADER_MAX)
        return mlrt_fail(r->err, MLRT_FORMAT, "'%s' has a damaged header: it would have %" PRIu32 " bytes", r->path,
                         length);
    r->data = PREFIX + (wide ? 4 : 2) + length;
    status = mlrt__input_read(in, r->data - length, text, length, r->err);
    r->at = text, r->end = text + length;
    return status ? status : read_members(r);
}

/* ---- reading ---- */

/* Elements of the shape, when the file has exactly that many. */
static mlrt_status check_size(reader *r, uint64_t size, mlrt_error *err) {
    char shape[MLRT_SHAPE_TEXT], got[32], want[32];
    int64_t bytes = (int64_t)r->format->bytes;
    bool many = false, none = false;
    for (int32_t i = 0; i < r->shape.rank; i++) {
        none |= r->shape.dim[i] == 0;
        if (r->shape.dim[i]) many |= __builtin_mul_overflow(bytes, r->shape.dim[i], &bytes);
    }
    mlrt_shape_text(&r->shape, shape, sizeof shape);
    if (many)
        return mlrt_fail(err, MLRT_FORMAT, "'%s' has a damaged header: shape %s has too many elements", r->path, shape);
    if (none) bytes = 0;
    if ((uint64_t)bytes == size - r->data) return MLRT_OK;
    return mlrt_fail(err, MLRT_FORMAT, "'%s' is %s: its data of %s %s takes %s bytes, but has %s", r->path,
                     (uint64_t)bytes > size - r->data ? "truncated" : "damaged", r->format->name, shape,
                     mlrt__grouped(bytes, want, sizeof want),
                     mlrt__grouped((int64_t)(size - r->data), got, sizeof got));
}

static mlrt_status read_converted(const reader *r, const mlrt__input *in, const target *to, void *data,
                                  mlrt_error *err) {
    const int64_t count = mlrt_shape_count(&r->shape);
    const size_t from = r->format->bytes;
    _Alignas(8) char chunk[CHUNK * 8];
    for (int64_t i = 0; i < count; i += CHUNK) {
        const int64_t n = count - i < CHUNK ? count - i : CHUNK;
        const mlrt_status status = mlrt__input_read(in, r->data + (uint64_t)i * from, chunk, (size_t)n * from, err);
        if (status) return status;
        if (!to->convert(chunk, (char *)data + (size_t)i * to->bytes, n))
            return mlrt_fail(err, MLRT_RANGE, "unable to read '%s': a number of dtype %s does not fit %s", r->path,
                             r->format->name, to->name);
    }
    return MLRT_OK;
}

static mlrt_status read_data(reader *r, const mlrt__input *in, const target *to, void **data, mlrt_error *err) {
    mlrt_status status = check_size(r, in->size, err);
    if (status) return status;
    const size_t bytes = (size_t)mlrt_shape_count(&r->shape) * to->bytes;
    *data = mlrt__alloc_large(bytes);
    if (!*data) return mlrt_fail(err, MLRT_MEMORY, "unable to read '%s': out of memory", r->path);
    status = to->convert ? read_converted(r, in, to, *data, err) : mlrt__input_read(in, r->data, *data, bytes, err);
    if (status) mlrt__free_large(*data);
    return status;
}

/* Reads into r->format and r->shape, and *data. */
static mlrt_status read_file(reader *r, bool as_f64, void **data) {
    mlrt__input in;
    mlrt_status status = mlrt__input_open(&in, r->path, r->err);
    if (status) return status;
    char *text = mlrt__grow(NULL, HEADER_MAX);
    status = read_header(r, &in, text);
    if (!status) {
        const mlrt_dtype dtype = r->format->dtype;
        const target to = as_f64 ? (target){"f64", sizeof(double), r->format->widen}
                                 : (target){mlrt_dtype_name(dtype), mlrt_dtype_size(dtype), r->format->convert};
        status = read_data(r, &in, &to, data, r->err);
    }
    free(text);
    mlrt__input_close(&in);
    return status;
}

mlrt_status mlrt__npy_read(const char *path, mlrt_tensor *out, mlrt_error *err) {
    reader r = {.path = path, .err = err};
    void *data;
    const mlrt_status status = read_file(&r, false, &data);
    if (!status) *out = (mlrt_tensor){.dtype = r.format->dtype, .shape = r.shape, .data = data};
    return status;
}

mlrt_status mlrt__npy_read_f64(const char *path, mlrt_shape *shape, double **out, mlrt_error *err) {
    reader r = {.path = path, .err = err};
    void *data;
    const mlrt_status status = read_file(&r, true, &data);
    if (!status) *shape = r.shape, *out = data;
    return status;
}

/* ---- writing: version 1.0, the data on a multiple of 64 bytes ---- */

static size_t print_shape(char *text, size_t size, const mlrt_shape *shape) {
    size_t used = (size_t)snprintf(text, size, "(");
    for (int32_t i = 0; i < shape->rank; i++)
        used += (size_t)snprintf(text + used, size - used, i ? " %" PRId64 "," : "%" PRId64 ",", shape->dim[i]);
    if (shape->rank > 1) used--; /* only a tuple of one keeps its comma */
    return used + (size_t)snprintf(text + used, size - used, ")");
}

static mlrt_status write_file(const char *path, const char *name, const mlrt_shape *dims, const void *data,
                              size_t bytes, mlrt_error *err) {
    char shape[MLRT_SHAPE_TEXT + 16], header[MLRT_SHAPE_TEXT + 256];
    print_shape(shape, sizeof shape, dims);
    memcpy(header, magic, MAGIC);
    header[MAGIC] = 1, header[MAGIC + 1] = 0;
    size_t used = PREFIX + 2;
    used += (size_t)snprintf(header + used, sizeof header - used,
                             "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", name, shape);
    while ((used + 1) % ALIGN) header[used++] = ' ';
    header[used++] = '\n';
    const uint16_t length = (uint16_t)(used - PREFIX - 2);
    memcpy(header + PREFIX, &length, sizeof length);

    mlrt__output out;
    mlrt_status status = mlrt__output_open(&out, path, err);
    if (!status) status = mlrt__output_write(&out, header, used, err);
    if (!status) status = mlrt__output_write(&out, data, bytes, err);
    return mlrt__output_close(&out, status, err);
}

mlrt_status mlrt__npy_write(const char *path, const mlrt_tensor *tensor, mlrt_error *err) {
    static const char *const names[] = {
#define X(id, text, bytes, stored, npy) [MLRT_##id] = npy,
        MLRT_DTYPES(X)
#undef X
    };
    const char *name = names[tensor->dtype];
    if (!name)
        return mlrt_fail(err, MLRT_TYPE, "unable to write '%s': .npy has no dtype %s", path,
                         mlrt_dtype_name(tensor->dtype));
    return write_file(path, name, &tensor->shape, tensor->data, mlrt_tensor_bytes(tensor), err);
}

mlrt_status mlrt__npy_write_f64(const char *path, const mlrt_shape *shape, const double *data, mlrt_error *err) {
    return write_file(path, "<f8", shape, data, (size_t)mlrt_shape_count(shape) * sizeof *data, err);
}
