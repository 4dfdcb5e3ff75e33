/* golden.c - reading what make_golden.py wrote: PyTorch's values for each case. */
#include "golden/golden.h"
#include "tap.h"

const mlrt_case golden_transformer = {.props = "dim = 32, heads = 2, ffn = 64",
                                      .inputs = "i32[8,6]<20(pad end), i32[8,5]<20(pad end)",
                                      .torch = "transformer"};

void golden_open(mlrt__safetensors *file, const char *kind) {
    const char *tests = getenv("MLRT_TESTS");
    char path[4096], text[MLRT_MESSAGE_MAX];
    mlrt_error err = {0};
    snprintf(path, sizeof path, "%s/golden/%s.safetensors", tests ? tests : "tests", kind);
    if (mlrt__safetensors_open(file, path, &err) == MLRT_OK) return;
    printf("Bail out! %s\n", mlrt_error_text(&err, text, sizeof text));
    exit(1);
}

const char *golden_text(const mlrt_case *c, char *buffer, size_t size) {
    snprintf(buffer, size, "%s | %s | %s", c->props, c->inputs ? c->inputs : "", c->torch);
    return buffer;
}

mlrt_tensor golden_tensor(mlrt__safetensors *file, const char *name, const char *key) {
    char full[256];
    mlrt_tensor t = {0};
    mlrt_error err = {0};
    snprintf(full, sizeof full, "%s/%s", name, key);
    if (mlrt__safetensors_find(file, full)) mlrt__safetensors_load(file, full, &t, &err);
    return t;
}

double golden_largest(const float *x, int64_t count) {
    double largest = 0;
    for (int64_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)x[i]));
    return largest;
}

double golden_error(const float *got, const float *want, int64_t count, double least) {
    double worst = 0;
    for (int64_t i = 0; i < count; i++) {
        if (!isfinite(got[i]) || !isfinite(want[i])) return INFINITY;
        worst = fmax(worst, fabs((double)got[i] - (double)want[i]));
    }
    return worst / fmax(golden_largest(want, count), least);
}
