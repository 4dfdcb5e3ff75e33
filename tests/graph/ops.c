/* ops.c - every row of rows.h against PyTorch, its gradient against finite differences, then the gradient of its gradient.
 *
 * `ops list` prints the rows as JSON for tests/golden/make_ops_golden.py. */
#include "rows.h"
#include "base/text.h"
#include "golden/golden.h"
#include "program/calls.h"
#include "tap.h"

#define BUILD(id, inputs, kind, expression, torch)                                                                     \
    static mlrt_node *build_##id(mlrt_graph *g, mlrt_node *const *x) {                                                 \
        (void)g, (void)x;                                                                                              \
        return expression;                                                                                             \
    }
#define ROW(id, inputs, kind, expression, torch) {#id, inputs, kind, build_##id, torch},
ROWS(BUILD)
static const row rows[] = {ROWS(ROW)};
enum { COUNT = sizeof rows / sizeof *rows };

static const char *const kind_name[] = {
#define X(name, text) #name,
    ROW_KINDS(X)
#undef X
};

static const double golden_tolerance = 1e-4, slope_tolerance = 2e-3;

static bool once(const row *r) { return r->kind == ONCE || r->kind == ONCE_APART; }

/* What a row was when the golden file was made. */
static const char *text_of(const row *r, char *buffer, size_t size) {
    return golden_text(&(mlrt_case){.props = kind_name[r->kind], .inputs = r->inputs, .torch = r->torch}, buffer, size);
}

/* ---- which kernels and elementwise functions the rows have run ---- */

#define DECLARE_AT(family, level) extern const mlrt__kernel mlrt__kernels_##family##_##level[];
#define DECLARE(family)           MLRT__KERNEL_LEVELS(DECLARE_AT, family)
#define DECLARE_SINGLE(family)    extern const mlrt__kernel mlrt__kernels_##family[];
#define TABLE_AT(family, level)   mlrt__kernels_##family##_##level,
#define TABLE(family)             MLRT__KERNEL_LEVELS(TABLE_AT, family)
#define TABLE_SINGLE(family)      mlrt__kernels_##family,
MLRT__KERNEL_FAMILIES(DECLARE)
MLRT__SINGLE_FAMILIES(DECLARE_SINGLE)

enum { MOST_KERNELS = 256 };
static const char *seen[MOST_KERNELS];
static int32_t seen_count;
static bool seen_code[MLRT__EW_COUNT];

static bool was_seen(const char *op) {
    for (int32_t i = 0; i < seen_count; i++)
        if (strcmp(seen[i], op) == 0) return true;
    return false;
}

static void see(const mlrt__program *p) {
    for (int32_t i = 0; i < p->steps; i++) {
        const char *op = p->step[i].kernel->op;
        if (!was_seen(op) && seen_count < MOST_KERNELS) seen[seen_count++] = op;
        const mlrt_node *n = p->step[i].call.node;
        const mlrt__fused_attr *a = n->attr;
        for (int32_t s = 0; n->op == &mlrt__op_fused && s < a->steps; s++) seen_code[a->step[s].code] = true;
    }
}

static void check_seen(void) {
    static const mlrt__kernel *const tables[] = {MLRT__KERNEL_FAMILIES(TABLE) MLRT__SINGLE_FAMILIES(TABLE_SINGLE)};
    int32_t missing = 0;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const mlrt__kernel *k = tables[t]; k->op; k++)
            if (!was_seen(k->op) && strcmp(k->op, "small_matmul") != 0) /* which matmul calls */
                diag("no row runs the kernel %s", k->op), missing++;
    for (int32_t code = 0; code < MLRT__EW_COUNT; code++)
        if (!seen_code[code]) diag("no row runs %s", mlrt__ew_op[code].name), missing++;
    is_int(missing, 0, "every kernel and every elementwise function is run by a row");
}

/* ---- the checks ---- */

/* The row built and differentiated; with PyTorch's numbers where it has them. */
static bool begin(fixture *f, derivative *d, const row *r, int32_t order, mlrt__safetensors *file) {
    *f = (fixture){0};
    if (fixture_begin(f, r->inputs, true)) f->y = r->build(f->graph, f->x);
    if (!derivative_new(d, f, order)) return false;
    see(f->program);
    for (int32_t i = 0; i < d->fields; i++) {
        const mlrt_tensor t = golden_tensor(file, r->name, d->field[i].name);
        if (t.data) memcpy(d->field[i].value, t.data, mlrt_tensor_bytes(&t));
    }
    return true;
}

static double compare_golden(derivative *d, const row *r, mlrt__safetensors *file) {
    const mlrt_tensor y = golden_tensor(file, r->name, "y"), w = golden_tensor(file, r->name, "w");
    if (!y.data || !w.data || mlrt_shape_count(&y.shape) != d->part[0].count) return INFINITY;
    memcpy(d->part[0].value, w.data, mlrt_tensor_bytes(&w));
    if (!isfinite(derivative_value(d))) return INFINITY;
    double worst = golden_error(derivative_part_value(d, 0), y.data, d->part[0].count, 1e-2);
    for (int32_t i = 0; i < d->variables; i++) {
        char key[32];
        snprintf(key, sizeof key, "d%s", d->variable[i].name);
        const mlrt_tensor want = golden_tensor(file, r->name, key);
        if (!want.data || mlrt_shape_count(&want.shape) != d->variable[i].count) return INFINITY;
        const double error = golden_error(derivative_of(d, i), want.data, d->variable[i].count, 1e-2);
        if (error > golden_tolerance) diag("%s: %s is off by %g", r->name, key, error);
        worst = fmax(worst, error);
    }
    return worst;
}

static void check_golden(fixture *f, derivative *d, const row *r, mlrt__safetensors *file, double *worst) {
    char text[1024];
    if (!*r->torch) return;
    if (!is_str(mlrt__safetensors_metadata(file, r->name), text_of(r, text, sizeof text),
                "%s: the golden file knows this row", r->name)) {
        diag("run tests/golden/make_ops_golden.py");
        return;
    }
    const double error = compare_golden(d, r, file);
    if (!ok(error <= golden_tolerance, "%s and its gradients are PyTorch's", r->name))
        diag("off by %g %s", error, fixture_error(f));
    *worst = fmax(*worst, error);
}

static void check_slope(fixture *f, derivative *d, const row *r, const char *what, double *worst) {
    const double error = derivative_check(d);
    if (!ok(error <= slope_tolerance, "%s: %s are slopes", r->name, what))
        diag("off by %g %s", error, fixture_error(f));
    *worst = fmax(*worst, error);
}

/* Second derivatives, or the line that refuses them. */
static void check_second(const row *r, mlrt__safetensors *file, double *worst) {
    fixture f;
    derivative d;
    const bool there = begin(&f, &d, r, 2, file);
    if (once(r))
        has_str(
            fixture_error(&f),
            "_grad' has no second derivative: its gradient is a hand-written kernel (build the same from elementary "
            "ops)",
            "%s: a second derivative is refused", r->name);
    else if (there)
        check_slope(&f, &d, r, "second derivatives", worst);
    else
        ok(false, "%s can be differentiated twice: %s", r->name, fixture_error(&f));
    fixture_free(&f);
}

static void list(void) {
    const char *comma = "";
    printf("[");
    for (const row *r = rows; r < rows + COUNT; r++) {
        char text[1024];
        fixture f = {0};
        if (!*r->torch) continue;
        fixture_begin(&f, r->inputs, true);
        printf("%s\n{\"name\": \"%s\", \"numbers\": \"%s\", \"torch\": ", comma, r->name, kind_name[r->kind]);
        mlrt__json_string(stdout, r->torch);
        printf(", \"text\": ");
        mlrt__json_string(stdout, text_of(r, text, sizeof text));
        printf(", \"inputs\": [");
        for (int32_t i = 0; i < f.inputs; i++) {
            printf("%s{\"dtype\": \"%s\", \"below\": %d, \"shape\": %s}", i ? ", " : "",
                   mlrt_dtype_name(f.spec[i].dtype), f.spec[i].vocabulary.size,
                   mlrt_shape_text(&f.spec[i].shape, text, sizeof text));
        }
        printf("]}");
        comma = ",";
        fixture_free(&f);
    }
    puts("\n]");
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "list") == 0) return list(), 0;
    mlrt__safetensors file;
    double golden = 0, first = 0, second = 0;
    golden_open(&file, "ops");
    for (const row *r = rows; r < rows + COUNT; r++) {
        fixture f;
        derivative d;
        if (ok(begin(&f, &d, r, 1, &file), "%s of %s", r->name, r->inputs)) {
            check_golden(&f, &d, r, &file, &golden);
            if (r->kind != TIES) check_slope(&f, &d, r, "gradients", &first);
        } else
            diag("%s", fixture_error(&f));
        fixture_free(&f);
        if (r->kind != TIES) check_second(r, &file, &second);
    }
    check_seen();
    mlrt__safetensors_close(&file);
    diag("largest relative error to PyTorch %.2g; to finite differences %.2g, of second derivatives %.2g", golden,
         first, second);
    return done_testing();
}
