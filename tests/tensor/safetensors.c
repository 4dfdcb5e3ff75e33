/* safetensors.c - safetensors files: what is written is read, by others too, and what is damaged is refused. */
#include "tensor/safetensors.h"
#include "base/random.h"
#include "scratch.h"
#include "tap.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const char *message(const mlrt_error *err) {
    static char text[2048];
    return mlrt_error_text(err, text, sizeof text);
}

static float weight[] = {1, -2, 0x1p-149f, INFINITY, -0.0f, 6};
static float scalar[] = {42};
static int32_t steps[] = {INT32_MIN, 0, INT32_MAX};
static uint8_t bytes[] = {0, 1, 255};
static uint16_t half[] = {0x3f80, 0xc000};

static const mlrt__named_tensor tensors[] = {
    {"steps", {MLRT_I32, MLRT_SHAPE_OF(3), steps}},
    {"encoder.weight", {MLRT_F32, MLRT_SHAPE_OF(2, 3), weight}},
    {"bytes", {MLRT_U8, MLRT_SHAPE_OF(3, 1), bytes}},
    {"a \"name\"\\ of \xce\xbb", {MLRT_BF16, MLRT_SHAPE_OF(1, 2, 1), half}},
    {"none", {MLRT_F32, MLRT_SHAPE_OF(0, 4), NULL}},
    {"scalar", {MLRT_F32, MLRT_SCALAR, scalar}},
};
enum { TENSORS = sizeof tensors / sizeof *tensors };
static const mlrt__pair metadata[] = {
    {"params", "{\"lr\": 1e-4}\n\t\x01"}, {"empty", ""}, {"\xe2\x88\x9e", "\xf0\x9f\x99\x82"}};

static void round_trip(void) {
    mlrt_error err = {0};
    mlrt__safetensors file;
    const char *path = scratch("round.safetensors");
    is_int(mlrt__safetensors_write(path, tensors, TENSORS, metadata, 3, &err), MLRT_OK, "tensors are written");
    if (!is_int(mlrt__safetensors_open(&file, path, &err), MLRT_OK, "and opened")) diag("%s", message(&err));
    is_int(file.tensors, TENSORS, "all of them");
    is_int((int64_t)(file.data % 64), 0, "their data begins at a multiple of 64 bytes");
    for (int i = 0; i < TENSORS; i++) {
        const mlrt_tensor *t = &tensors[i].tensor;
        mlrt_tensor got = {0};
        mlrt__safetensors_load(&file, tensors[i].name, &got, &err);
        ok(got.dtype == t->dtype && mlrt_shape_equal(&got.shape, &t->shape) &&
               (!t->data || memcmp(got.data, t->data, mlrt_tensor_bytes(t)) == 0),
           "%s is read bit for bit", tensors[i].name);
    }
    for (int i = 0; i < 3; i++)
        is_str(mlrt__safetensors_metadata(&file, metadata[i].key), metadata[i].value, "metadata %d is read", i);
    is_str(mlrt__safetensors_metadata(&file, "other"), NULL, "and other metadata is not there");
    for (int i = 1; i < file.tensors; i++)
        if (strcmp(file.tensor[i - 1].name, file.tensor[i].name) >= 0) ok(false, "names are sorted");

    float into[6] = {0};
    mlrt_tensor want = {MLRT_F32, MLRT_SHAPE_OF(2, 3), into};
    mlrt__safetensors_read(&file, "encoder.weight", &want, &err);
    ok(memcmp(into, weight, sizeof into) == 0, "a tensor is read into memory of the caller");
    want.shape = MLRT_SHAPE_OF(3, 2);
    is_int(mlrt__safetensors_read(&file, "encoder.weight", &want, &err), MLRT_SHAPE, "who says its shape");
    has_str(message(&err), "is f32 [2, 3], expected f32 [3, 2]", "and is told when it is another");
    err = (mlrt_error){0};
    is_int(mlrt__safetensors_read(&file, "encoder.weigth", &want, &err), MLRT_NAME, "or its name");
    has_str(message(&err), "has no tensor 'encoder.weigth' (did you mean 'encoder.weight'?)", "with the nearest");
    mlrt__safetensors_close(&file);

    err = (mlrt_error){0};
    is_int(mlrt__safetensors_write(path, NULL, 0, NULL, 0, &err), MLRT_OK, "a file may be empty");
    is_int(mlrt__safetensors_open(&file, path, &err), MLRT_OK, "and is opened");
    ok(!mlrt__safetensors_find(&file, "x") && !mlrt__safetensors_metadata(&file, "x"), "and has nothing");
    mlrt__safetensors_close(&file);
}

static void refused_writing(void) {
    const mlrt__named_tensor twice[] = {tensors[0], tensors[0]}, bad[] = {{"\xff", tensors[0].tensor}},
                             taken[] = {{"__metadata__", tensors[0].tensor}};
    const mlrt__pair same[] = {{"a", "1"}, {"a", "2"}};
    const char *path = scratch("refused");
    is_int(mlrt__safetensors_write(path, twice, 2, NULL, 0, NULL), MLRT_NAME, "a name cannot be written twice");
    is_int(mlrt__safetensors_write(path, taken, 1, NULL, 0, NULL), MLRT_NAME, "nor be the format's own");
    is_int(mlrt__safetensors_write(path, NULL, 0, same, 2, NULL), MLRT_NAME, "nor metadata");
    is_int(mlrt__safetensors_write(path, bad, 1, NULL, 0, NULL), MLRT_ARGUMENT, "nor a name that is not UTF-8");
    ok(!scratch_exists("refused") && !scratch_exists("refused.tmp"), "and nothing is written");
}

/* A file of this header and `data` zero bytes. */
static void make(const char *name, const char *json, size_t data) {
    static char text[1 << 18];
    const uint64_t n = strlen(json);
    memset(text, 0, sizeof text);
    memcpy(text, &n, 8);
    memcpy(text + 8, json, n);
    mlrt__write_file(scratch(name), text, 8 + n + data, NULL);
}

static mlrt_status open_and_close(const char *path, mlrt_error *err) {
    mlrt__safetensors file;
    *err = (mlrt_error){0};
    const mlrt_status status = mlrt__safetensors_open(&file, path, err);
    if (!status) mlrt__safetensors_close(&file);
    return status;
}

#define T(dtype, shape, offsets) "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const struct {
    const char *what, *json;
    size_t data;
    const char *message; /* part of it; NULL: the file is fine */
} headers[] = {
    {"no tensors", "{}", 0, NULL},
    {"spaces", " {\t\"a\" :\r\n" T("F32", "[ 2 ]", "[0 , 8]") " } \n ", 8, NULL},
    {"escapes", "{\"\\u0061\\ud83d\\ude42\\/\":" T("U8", "[]", "[0,1]") "}", 1, NULL},
    {"an unknown dtype", "{\"a\":" T("F4_NEW", "[3]", "[0,2]") "}", 2, NULL},
    {"nothing", "", 0, "expected '{' at byte 8"},
    {"not an object", "[]", 0, "expected '{'"},
    {"more after it", "{}{}", 0, "expected nothing but spaces"},
    {"a comma too many", "{\"a\":" T("U8", "[]", "[0,1]") ",}", 1, "expected '\"'"},
    {"an open object", "{\"a\":" T("U8", "[]", "[0,1]"), 1, "expected '}'"},
    {"an open string", "{\"a", 0, "expected '\"' at byte 11"},
    {"a string ended by a backslash", "{\"a\\", 0, "expected '\"'"},
    {"a dtype that is a number", "{\"a\":{\"dtype\":4}}", 0, "expected '\"'"},
    {"a missing dtype", "{\"a\":{\"shape\":[],\"data_offsets\":[0,1]}}", 1, "expected dtype, shape and data_offsets"},
    {"an unknown member", "{\"a\":{\"type\":\"U8\"}}", 1, "expected dtype, shape and data_offsets"},
    {"a member twice", "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", 0, "expected dtype"},
    {"an offset too many", "{\"a\":" T("U8", "[]", "[0,1,2]") "}", 1, "expected 2 numbers"},
    {"an offset too few", "{\"a\":" T("U8", "[]", "[0]") "}", 1, "expected 2 numbers"},
    {"a negative offset", "{\"a\":" T("U8", "[]", "[-1,0]") "}", 1, "expected a whole number"},
    {"a negative dimension", "{\"a\":" T("U8", "[-1]", "[0,1]") "}", 1, "expected a whole number"},
    {"a fraction", "{\"a\":" T("U8", "[1.0]", "[0,1]") "}", 1, "expected ']'"},
    {"leading zeros", "{\"a\":" T("U8", "[01]", "[0,1]") "}", 1, "expected a whole number"},
    {"a huge dimension", "{\"a\":" T("U8", "[9223372036854775808]", "[0,1]") "}", 1, "expected a number below 2^63"},
    {"an overflowing shape", "{\"a\":" T("F32", "[4294967296,4294967296]", "[0,0]") "}", 0, "too many elements"},
    {"one that overflows to zero bytes", "{\"a\":" T("F32", "[4611686018427387904]", "[0,0]") "}", 0, "too many"},
    {"one hidden by a zero", "{\"a\":" T("F32", "[4294967296,4294967296,0]", "[0,0]") "}", 0, "too many elements"},
    {"nine dimensions", "{\"a\":" T("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") "}", 1, "expected at most 8 dimensions"},
    {"offsets that fall", "{\"a\":" T("U8", "[]", "[1,0]") "}", 1, "data_offsets that rise"},
    {"too few bytes", "{\"a\":" T("F32", "[2]", "[0,4]") "}", 4, "tensor 'a' of F32 [2] takes 8 bytes, but has 4"},
    {"too few bytes of a dtype mlrt has not", "{\"a\":" T("F64", "[2]", "[0,8]") "}", 8, "takes 16 bytes, but has 8"},
    {"data that is not there", "{\"a\":" T("U8", "[4]", "[0,4]") "}", 3, "truncated: tensor 'a' ends at byte 65 of 64"},
    {"data beyond all files", "{\"a\":" T("X", "[]", "[0,9223372036854775807]") "}", 1, "truncated: tensor 'a'"},
    {"data nobody has", "{\"a\":" T("U8", "[4]", "[0,4]") "}", 5, "is damaged: 1 bytes follow"},
    {"a gap", "{\"a\":" T("U8", "[4]", "[1,5]") "}", 5, "nothing fills the data before tensor 'a'"},
    {"an overlap", "{\"a\":" T("U8", "[4]", "[0,4]") ",\"b\":" T("U8", "[4]", "[2,6]") "}", 6, "'a' and 'b' overlap"},
    {"the same bytes twice", "{\"a\":" T("U8", "[4]", "[0,4]") ",\"b\":" T("U8", "[4]", "[0,4]") "}", 4, "overlap"},
    {"a name twice", "{\"a\":" T("U8", "[]", "[0,1]") ",\"a\":" T("U8", "[]", "[1,2]") "}", 2, "'a' is there twice"},
    {"a name twice in other words", "{\"a\":" T("U8", "[]", "[0,1]") ",\"\\u0061\":" T("U8", "[]", "[1,2]") "}", 2,
     "'a' is there twice"},
    {"metadata twice", "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "expected __metadata__ once"},
    {"a key of metadata twice", "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, "metadata 'a' is there twice"},
    {"metadata that is no text", "{\"__metadata__\":{\"a\":1}}", 0, "expected '\"'"},
    {"a bad byte", "{\"\xff\":" T("U8", "[]", "[0,1]") "}", 1, "expected a UTF-8 character at byte 10"},
    {"an overlong character", "{\"\xc0\xaf\":" T("U8", "[]", "[0,1]") "}", 1, "expected a UTF-8 character"},
    {"a surrogate", "{\"\xed\xa0\x80\":" T("U8", "[]", "[0,1]") "}", 1, "expected a UTF-8 character"},
    {"half a character", "{\"\xe2\x88\":" T("U8", "[]", "[0,1]") "}", 1, "expected a UTF-8 character"},
    {"a character beyond the last", "{\"\xf4\x90\x80\x80\":1}", 0, "expected a UTF-8 character"},
    {"an escaped surrogate", "{\"\\ud800\":1}", 0, "expected the second half of a pair"},
    {"a pair of a wrong half", "{\"\\ud800\\u0061\":1}", 0, "expected the second half of a pair"},
    {"a zero in a name", "{\"a\\u0000\":1}", 0, "expected a character"},
    {"a newline in a name", "{\"a\\n\":1}", 0, "expected a printable name"},
    {"a bare newline", "{\"__metadata__\":{\"a\":\"\n\"}}", 0, "expected a UTF-8 character"},
    {"an unknown escape", "{\"\\x41\":1}", 0, "expected an escape"},
    {"letters in an escape", "{\"\\u00g0\":1}", 0, "expected a hexadecimal digit"},
};

static void hostile_headers(void) {
    mlrt_error err;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        make("hostile", headers[i].json, headers[i].data);
        const mlrt_status status = open_and_close(scratch("hostile"), &err);
        if (headers[i].message && status == MLRT_FORMAT)
            has_str(message(&err), headers[i].message, "refused: %s", headers[i].what);
        else
            is_int(status, headers[i].message ? MLRT_FORMAT : MLRT_OK, "%s: %s", headers[i].what, message(&err));
    }
    char deep[100001];
    for (int at = 0; at < 3; at++) {
        static const char *const before[] = {"", "{\"a\":", "{\"a\":{\"shape\":"};
        const size_t n = strlen(before[at]);
        memcpy(deep, before[at], n);
        memset(deep + n, at == 1 ? '{' : '[', sizeof deep - n);
        deep[sizeof deep - 1] = 0;
        make("hostile", deep, 0);
        is_int(open_and_close(scratch("hostile"), &err), MLRT_FORMAT, "refused: nesting of 100,000 at level %d", at);
    }
}

static void hostile_lengths(void) {
    static const uint64_t lengths[] = {3,          63,         1000,       99999999,      100000001,
                                       1ull << 40, 1ull << 63, UINT64_MAX, UINT64_MAX - 7};
    mlrt_error err;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char text[10] = "........{}";
        memcpy(text, &lengths[i], 8);
        mlrt__write_file(scratch("length"), text, sizeof text, NULL);
        is_int(open_and_close(scratch("length"), &err), MLRT_FORMAT, "refused: a header of %llu bytes in a file of 10",
               (unsigned long long)lengths[i]);
    }
    has_str(message(&err), "header would have over 10^18 bytes", "with the reason");
}

static void unknown_dtype(void) {
    mlrt_error err = {0};
    mlrt__safetensors file;
    mlrt_tensor t;
    make("foreign", "{\"a\":" T("F64", "[1]", "[0,8]") ",\"b\":" T("F32", "[1]", "[8,12]") "}", 12);
    is_int(mlrt__safetensors_open(&file, scratch("foreign"), &err), MLRT_OK, "other dtypes do not hinder the rest");
    is_str(file.tensor[0].format, "F64", "they are listed");
    is_int(mlrt__safetensors_load(&file, "b", &t, &err), MLRT_OK, "the rest can be read");
    is_int(mlrt__safetensors_load(&file, "a", &t, &err), MLRT_TYPE, "they cannot");
    has_str(message(&err), "its dtype is F64 (mlrt reads F32 BF16 I32 U8)", "with the reason");
    mlrt__safetensors_close(&file);
}

/* Cut everywhere, a small file is refused and the message says so. */
static void truncated(void) {
    char *text;
    size_t size;
    mlrt_error err;
    int refused = 0, said = 0;
    mlrt__safetensors_write(scratch("small"), tensors, 2, metadata, 1, NULL);
    mlrt__read_file(scratch("small"), 1 << 20, &text, &size, NULL);
    for (size_t n = 0; n < size; n++) {
        mlrt__write_file(scratch("cut"), text, n, NULL);
        refused += open_and_close(scratch("cut"), &err) == MLRT_FORMAT;
        said += strstr(message(&err), "is truncated") != NULL;
    }
    is_int(refused, (int64_t)size, "cut at any of its %zu bytes, a file is refused", size);
    is_int(said, (int64_t)size, "as truncated");
    free(text);
}

/* Whatever single bytes are changed to, opening and reading come back. Run under a sanitizer this says more. */
static void mutated(void) {
    enum { ROUNDS = 20000 };
    static const char digits[] = "0123456789{}[]\",:\\-u";
    char *text;
    size_t size;
    int opened = 0;
    mlrt__safetensors_write(scratch("small"), tensors, TENSORS, metadata, 3, NULL);
    mlrt__read_file(scratch("small"), 1 << 20, &text, &size, NULL);
    char *copy = malloc(size);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t r[4];
        mlrt__safetensors file = {.input = {.fd = -1, .path = "mutated"}};
        mlrt__philox(mlrt__philox_begin(1, 0, 0), round, r);
        memcpy(copy, text, size);
        for (uint32_t i = 0; i <= r[0] % 3; i++) {
            const uint32_t at = r[1 + i] % (uint32_t)(size - 8), to = r[1 + i] >> 20;
            copy[8 + at] = to & 1 ? digits[to % (sizeof digits - 1)] : (char)to;
        }
        opened += mlrt__safetensors_parse(&file, copy + 8, size - 8 - r[0] % 2 * (r[0] >> 8) % (size - 8), NULL) == 0;
        file.input.path = NULL;
        mlrt__safetensors_close(&file);
    }
    ok(opened < ROUNDS, "%d of %d damaged headers are still headers, the others are refused", opened, ROUNDS);
    free(copy);
    free(text);
}

/* A file that shrinks after it was opened. */
static void shrunk(void) {
    mlrt__safetensors file;
    mlrt_error err = {0};
    mlrt_tensor t;
    make("shrunk", "{\"a\":" T("U8", "[9000]", "[0,9000]") "}", 9000);
    mlrt__safetensors_open(&file, scratch("shrunk"), &err);
    if (truncate(scratch("shrunk"), 100)) diag("cannot truncate");
    is_int(mlrt__safetensors_load(&file, "a", &t, &err), MLRT_FORMAT,
           "a file that shrinks while it is open is an error");
    has_str(message(&err), "is truncated: it ends at byte 100 of", "which says what is missing");
    mlrt__safetensors_close(&file);
}

/* A full disk and a sudden end: the checkpoint on disk is a whole one. */
enum { WIDE = 30000 };

static mlrt_status write_version(const char *path, int32_t version, mlrt_error *err) {
    static int32_t data[WIDE];
    char text[16];
    for (int i = 0; i < WIDE; i++) data[i] = version;
    snprintf(text, sizeof text, "%d", version);
    const mlrt__named_tensor t = {"data", {MLRT_I32, MLRT_SHAPE_OF(WIDE), data}};
    return mlrt__safetensors_write(path, &t, 1, &(mlrt__pair){"version", text}, 1, err);
}

static bool is_version(const char *path) {
    mlrt__safetensors file;
    mlrt_tensor t;
    if (mlrt__safetensors_open(&file, path, NULL)) return false;
    bool whole = mlrt__safetensors_load(&file, "data", &t, NULL) == MLRT_OK;
    const int32_t *data = whole ? t.data : NULL, version = atoi(mlrt__safetensors_metadata(&file, "version"));
    for (int i = 0; whole && i < WIDE; i++) whole = data[i] == version;
    mlrt__safetensors_close(&file);
    return whole;
}

static void full_disk(void) {
    int status = 0;
    write_version(scratch("full"), 1, NULL);
    const pid_t child = fork();
    if (child == 0) {
        mlrt_error err = {0};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){50000, 50000});
        _exit(write_version(scratch("full"), 2, &err) == MLRT_FILE && strstr(err.message, "file too large") ? 0 : 1);
    }
    waitpid(child, &status, 0);
    is_int(status, 0, "a full disk is an error that says so");
    ok(is_version(scratch("full")) && !scratch_exists("full.tmp"), "and the old checkpoint is there, alone");
}

static void killed(void) {
    enum { TIMES = 30 };
    int whole = 0;
    for (int i = 0; i < TIMES; i++) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(60);
            for (int32_t version = 0;; version++) write_version(scratch("killed"), version, NULL);
        }
        while (!scratch_exists("killed")) usleep(200);
        usleep(300 + i * 2311 % 9000);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        whole += is_version(scratch("killed"));
    }
    is_int(whole, TIMES, "killed at any moment, a run leaves a whole checkpoint");
}

/* An independent reader of the format, in twelve lines of Python. */
static const char reader[] =
    "import json, struct, sys\n"
    "raw = open(sys.argv[1], 'rb').read()\n"
    "n = struct.unpack('<Q', raw[:8])[0]\n"
    "head = json.loads(raw[8:8 + n])\n"
    "meta = head.pop('__metadata__')\n"
    "assert list(head) == sorted(head) and list(meta) == sorted(meta) and (8 + n) % 64 == 0\n"
    "end = 0\n"
    "for name, t in sorted(head.items(), key=lambda i: i[1]['data_offsets']):\n"
    "    assert t['data_offsets'][0] == end, name\n"
    "    end = t['data_offsets'][1]\n"
    "assert 8 + n + end == len(raw)\n"
    "t = head['encoder.weight']\n"
    "assert t['dtype'] == 'F32' and t['shape'] == [2, 3]\n"
    "b, e = t['data_offsets']\n"
    "x = struct.unpack('<6f', raw[8 + n + b:8 + n + e])\n"
    "assert x == (1, -2, 2.0 ** -149, float('inf'), 0, 6), x\n"
    "assert head['a \"name\"\\\\ of \\u03bb']['dtype'] == 'BF16' and meta['\\u221e'] == '\\U0001f642'\n"
    "assert meta['params'] == '{\"lr\": 1e-4}\\n\\t\\x01'\n";

static void others(void) {
    char command[4096];
    if (system("python3 -c '' 2>/dev/null")) {
        skip("no python3");
        return;
    }
    mlrt__safetensors_write(scratch("ours"), tensors, TENSORS, metadata, 3, NULL);
    mlrt__write_file(scratch("reader.py"), reader, strlen(reader), NULL);
    snprintf(command, sizeof command, "python3 '%s' '%s'", scratch("reader.py"), scratch("ours"));
    is_int(system(command), 0, "an independent reader finds the same");
}

int main(void) {
    scratch("");
    round_trip();
    refused_writing();
    hostile_headers();
    hostile_lengths();
    unknown_dtype();
    truncated();
    mutated();
    shrunk();
    full_disk();
    killed();
    others();
    return done_testing();
}
