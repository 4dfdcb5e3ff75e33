/* safetensors_header.c - the JSON header of a safetensors file: a strict reader of the little JSON the format uses.
 *
 * The grammar has no recursion (texts, whole numbers, lists of them, and objects at three fixed levels), so no input can
 * make the reader go deep. A function returns false once something is wrong; the first message wins.
 */
#include "base/text.h"
#include "tensor/safetensors.h"
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    mlrt__safetensors *file;
    const char *start, *at, *end;
    int32_t tensor_room, pair_room;
    bool metadata; /* was seen */
    mlrt_error *err;
} reader;

static bool wrong(reader *r, const char *expected) {
    char at[32];
    mlrt_fail(r->err, MLRT_FORMAT, "'%s' has a damaged header: expected %s at byte %s", r->file->input.path, expected,
              mlrt__grouped(8 + (r->at - r->start), at, sizeof at));
    return false;
}

/* ---- texts and numbers ---- */

static void space(reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) r->at++;
}

static bool take(reader *r, char c) {
    space(r);
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static bool need(reader *r, char c) { return take(r, c) || wrong(r, (char[]){'\'', c, '\'', 0}); }

/* The four hexadecimal digits of \uXXXX. */
static bool hex4(reader *r, uint32_t *value) {
    *value = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        const char c = r->at < r->end ? *r->at : 0;
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) return wrong(r, "a hexadecimal digit");
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

/* After "\u": one character, which may need a second \uXXXX (a surrogate pair), as UTF-8. */
static bool unicode(reader *r, char **out) {
    uint32_t c, low;
    if (!hex4(r, &c)) return false;
    if (c >= 0xd800 && c < 0xdc00) {
        if (r->end - r->at < 6 || r->at[0] != '\\' || r->at[1] != 'u') return wrong(r, "the second half of a pair");
        r->at += 2;
        if (!hex4(r, &low)) return false;
        if (low < 0xdc00 || low > 0xdfff) return wrong(r, "the second half of a pair");
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c == 0 || (c >= 0xdc00 && c < 0xe000)) {
        return wrong(r, "a character");
    }
    const int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    *(*out)++ = (char)(lead[more] | c >> 6 * more);
    for (int i = more - 1; i >= 0; i--) *(*out)++ = (char)(0x80 | (c >> 6 * i & 0x3f));
    return true;
}

static bool escape(reader *r, char **out) {
    static const char letters[] = "\"\\/bfnrt", meaning[] = "\"\\/\b\f\n\r\t";
    const char c = r->at < r->end ? *r->at : 0;
    const char *found = c ? strchr(letters, c) : NULL;
    if (!found && c != 'u') return wrong(r, "an escape");
    r->at++;
    if (!found) return unicode(r, out);
    *(*out)++ = meaning[found - letters];
    return true;
}

/* Into the arena; decoded text is never longer than what it is written as. */
static bool text(reader *r, const char **value) {
    if (!need(r, '"')) return false;
    const char *quote = r->at;
    while (quote < r->end && *quote != '"') quote += *quote == '\\' ? 2 : 1;
    if (quote >= r->end) {
        r->at = r->end;
        return wrong(r, "'\"'");
    }
    char *out = mlrt__arena_alloc(&r->file->arena, (size_t)(quote - r->at) + 1);
    *value = out;
    while (r->at < quote) {
        if (*r->at == '\\') {
            r->at++;
            if (!escape(r, &out)) return false;
            continue;
        }
        const size_t n = (unsigned char)*r->at < 0x20 ? 0 : mlrt__utf8(r->at, (size_t)(quote - r->at));
        if (n == 0) return wrong(r, "a UTF-8 character");
        memcpy(out, r->at, n);
        out += n, r->at += n;
    }
    r->at = quote + 1;
    return true;
}

static bool number(reader *r, int64_t *value) {
    space(r);
    const char *first = r->at;
    *value = 0;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
        if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, *r->at - '0', value))
            return wrong(r, "a number below 2^63");
    const bool zeros = r->at - first > 1 && *first == '0';
    if (zeros) r->at = first;
    return (r->at > first && !zeros) || wrong(r, "a whole number");
}

static bool numbers(reader *r, int64_t *value, int32_t most, int32_t *count) {
    *count = 0;
    if (!need(r, '[')) return false;
    if (take(r, ']')) return true;
    do {
        if (*count == most) return wrong(r, most == 2 ? "2 numbers" : "at most 8 dimensions");
        if (!number(r, &value[(*count)++])) return false;
    } while (take(r, ','));
    return need(r, ']');
}

/* ---- objects: each member goes to a function ---- */

static bool object(reader *r, bool (*member)(reader *r, const char *key, void *into), void *into) {
    if (!need(r, '{')) return false;
    if (take(r, '}')) return true;
    do {
        const char *key;
        if (!text(r, &key) || !need(r, ':') || !member(r, key, into)) return false;
    } while (take(r, ','));
    return need(r, '}');
}

static bool metadata_member(reader *r, const char *key, void *into) {
    (void)into;
    mlrt__safetensors *f = r->file;
    MLRT__ROOM(f->metadata, f->pairs, r->pair_room);
    f->metadata[f->pairs] = (mlrt__pair){.key = key};
    return text(r, &f->metadata[f->pairs++].value);
}

typedef struct entry {
    mlrt__stored *stored;
    int32_t offsets;
    bool shape;
} entry;

static bool tensor_member(reader *r, const char *key, void *into) {
    entry *e = into;
    mlrt__stored *s = e->stored;
    if (strcmp(key, "dtype") == 0 && !s->format) return text(r, &s->format);
    if (strcmp(key, "shape") == 0 && !e->shape) {
        e->shape = true;
        return numbers(r, s->tensor.shape.dim, MLRT_MAX_RANK, &s->tensor.shape.rank);
    }
    if (strcmp(key, "data_offsets") == 0 && !e->offsets) {
        int64_t offset[2];
        if (!numbers(r, offset, 2, &e->offsets)) return false;
        if (e->offsets != 2) return wrong(r, "2 numbers");
        s->begin = offset[0], s->end = offset[1];
        return true;
    }
    return wrong(r, "dtype, shape and data_offsets once each before this");
}

/* name in the file, bytes an element */
static const struct {
    const char *name;
    int64_t bytes;
    int known; /* mlrt's own dtype, or -1 */
} formats[] = {
#define X(id, text_name, bytes, name, ...) {name, bytes, MLRT_##id},
    MLRT_DTYPES(X)
#undef X
        {"BOOL", 1, -1},
    {"I8", 1, -1},
    {"F8_E5M2", 1, -1},
    {"F8_E4M3", 1, -1},
    {"I16", 2, -1},
    {"U16", 2, -1},
    {"F16", 2, -1},
    {"U32", 4, -1},
    {"I64", 8, -1},
    {"U64", 8, -1},
    {"F64", 8, -1},
};

/* Elements of a shape, or -1 when there are too many to count, whatever a zero among the dimensions hides. */
static int64_t elements(const mlrt_shape *shape) {
    int64_t product = 1;
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] && __builtin_mul_overflow(product, shape->dim[i], &product)) return -1;
    return mlrt_shape_count(shape) ? product : 0;
}

/* A dtype that is not in the table is left alone: newer versions of the format may have it. */
static bool check_size(reader *r, mlrt__stored *s) {
    char shape[MLRT_SHAPE_TEXT], got[32], want[32];
    mlrt_shape_text(&s->tensor.shape, shape, sizeof shape);
    const int64_t count = elements(&s->tensor.shape);
    int64_t bytes = s->end - s->begin;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(s->format, formats[i].name)) continue;
        s->known = formats[i].known >= 0;
        if (s->known) s->tensor.dtype = (mlrt_dtype)formats[i].known;
        if (__builtin_mul_overflow(count, formats[i].bytes, &bytes)) bytes = -1;
    }
    if (count < 0 || bytes < 0)
        mlrt_fail(r->err, MLRT_FORMAT, "'%s' has a damaged header: tensor '%s' of shape %s has too many elements",
                  r->file->input.path, s->name, shape);
    else if (s->end - s->begin != bytes)
        mlrt_fail(r->err, MLRT_FORMAT, "'%s' has a damaged header: tensor '%s' of %s %s takes %s bytes, but has %s",
                  r->file->input.path, s->name, s->format, shape, mlrt__grouped(bytes, want, sizeof want),
                  mlrt__grouped(s->end - s->begin, got, sizeof got));
    return count >= 0 && s->end - s->begin == bytes;
}

static bool header_member(reader *r, const char *key, void *into) {
    (void)into;
    mlrt__safetensors *f = r->file;
    if (strcmp(key, "__metadata__") == 0) {
        if (r->metadata) return wrong(r, "__metadata__ once, before this");
        r->metadata = true;
        return object(r, metadata_member, NULL);
    }
    for (const char *c = key; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) return wrong(r, "a printable name before this");
    MLRT__ROOM(f->tensor, f->tensors, r->tensor_room);
    mlrt__stored *s = &f->tensor[f->tensors++];
    *s = (mlrt__stored){.name = key};
    entry e = {.stored = s};
    if (!object(r, tensor_member, &e)) return false;
    if (!s->format || !e.shape || !e.offsets) return wrong(r, "dtype, shape and data_offsets before this");
    if (s->begin > s->end) return wrong(r, "data_offsets that rise before this");
    return check_size(r, s);
}

/* ---- the whole ---- */

static int by_name(const void *a, const void *b) {
    return strcmp(((const mlrt__stored *)a)->name, ((const mlrt__stored *)b)->name);
}

static int by_key(const void *a, const void *b) {
    return strcmp(((const mlrt__pair *)a)->key, ((const mlrt__pair *)b)->key);
}

static bool twice(reader *r, const char *what, const char *name) {
    mlrt_fail(r->err, MLRT_FORMAT, "'%s' has a damaged header: %s '%s' is there twice", r->file->input.path, what,
              name);
    return false;
}

static bool sort_names(reader *r) {
    mlrt__safetensors *f = r->file;
    if (f->tensors) qsort(f->tensor, (size_t)f->tensors, sizeof *f->tensor, by_name);
    if (f->pairs) qsort(f->metadata, (size_t)f->pairs, sizeof *f->metadata, by_key);
    for (int32_t i = 1; i < f->tensors; i++)
        if (by_name(&f->tensor[i - 1], &f->tensor[i]) == 0) return twice(r, "tensor", f->tensor[i].name);
    for (int32_t i = 1; i < f->pairs; i++)
        if (by_key(&f->metadata[i - 1], &f->metadata[i]) == 0) return twice(r, "metadata", f->metadata[i].key);
    return true;
}

mlrt_status mlrt__safetensors_parse(mlrt__safetensors *file, const char *json, size_t size, mlrt_error *err) {
    reader r = {.file = file, .start = json, .at = json, .end = json + size, .err = err};
    bool fine = object(&r, header_member, NULL);
    if (fine) space(&r);
    if (fine && r.at < r.end) fine = wrong(&r, "nothing but spaces");
    return fine && sort_names(&r) ? MLRT_OK : MLRT_FORMAT;
}
