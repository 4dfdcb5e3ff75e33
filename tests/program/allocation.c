/* allocation.c - a training step allocates nothing: 100 steps of a transformer and of an MLP are counted, after some that
 * warm up (the OpenMP team starts, libraries make what they make once).
 *
 * This program has the C library's allocation functions pass through a counter. The whole loop of the trainer is counted,
 * from batch to optimizer; the optimizer, which sees every step's number, switches the counter on and off. */
#include "fixture.h"
#include "plugin/layer.h"
#include "tap.h"
#include "train/train.h"
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>

enum { WARM_UP = 20, COUNTED = 100, VOCABULARY = 8, SOURCE = 12, TARGET = 9, FEATURES = 24 };

/* ---- counting ---- */

static atomic_bool counting;
static atomic_bool in_onednn;
static atomic_long ours, onednn;

#if defined __GLIBC__ && !defined __SANITIZE_ADDRESS__
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static void count(void) {
    if (atomic_load(&counting)) atomic_fetch_add(atomic_load(&in_onednn) ? &onednn : &ours, 1);
}

void *malloc(size_t size) { return count(), __libc_malloc(size); }
void *calloc(size_t items, size_t size) { return count(), __libc_calloc(items, size); }
void *realloc(void *old, size_t size) { return count(), __libc_realloc(old, size); }
void *memalign(size_t alignment, size_t size) { return count(), __libc_memalign(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { return count(), __libc_memalign(alignment, size); }

int posix_memalign(void **p, size_t alignment, size_t size) {
    count();
    return (*p = __libc_memalign(alignment, size)) ? 0 : ENOMEM;
}

/* Most of it is a piece of what the C library gave long before. */
void *mlrt__alloc_large(size_t bytes) {
    static void *(*alloc)(size_t bytes);
    if (!alloc) alloc = (void *(*)(size_t))dlsym(RTLD_NEXT, __func__);
    return count(), alloc(bytes);
}

/* What oneDNN allocates for itself is counted apart: a table of the arguments of each primitive it executes and, on some
 * processors, room for packed matrices. */
extern int dnnl_primitive_execute(const void *primitive, void *stream, int args, const void *arg);

int dnnl_primitive_execute(const void *primitive, void *stream, int args, const void *arg) {
    static int (*execute)(const void *, void *, int, const void *);
    if (!execute) execute = (int (*)(const void *, void *, int, const void *))dlsym(RTLD_NEXT, __func__);
    atomic_store(&in_onednn, true);
    const int status = execute(primitive, stream, args, arg);
    atomic_store(&in_onednn, false);
    return status;
}
#endif

/* ---- the optimizer that counts: core's Adam, watched ---- */

static const mlrt_optimizer_class *adam;
static mlrt_optimizer_class watched;

static void watched_step(const mlrt_optimizer *self, const mlrt_range *range) {
    atomic_store(&counting, range->t >= WARM_UP && range->t < WARM_UP + COUNTED);
    adam->step(self, range);
}

static const mlrt_optimizer *counting_adam(fixture *f) {
    adam = (const mlrt_optimizer_class *)fixture_class(MLRT_KIND_OPTIMIZER, "adam");
    watched = *adam;
    watched.step = watched_step;
    mlrt_object *object = fixture_object(f, &adam->base, "");
    object->cls = &watched.base;
    return (const mlrt_optimizer *)object;
}

/* ---- a task of random numbers ---- */

static void fetch(const mlrt_task *self, mlrt_split split, const int64_t *index, int64_t count, void *const buffer[]) {
    for (int32_t f = 0; f < self->fields; f++) {
        const int64_t each = mlrt_shape_count(&self->field[f].shape);
        for (int64_t i = 0; i < count * each; i++) {
            const uint64_t at = (uint64_t)(index[i / each] * each + i % each);
            if (self->field[f].dtype == MLRT_I32)
                ((int32_t *)buffer[f])[i] = (int32_t)mlrt_random_below(split, (uint64_t)f, at, VOCABULARY);
            else
                ((float *)buffer[f])[i] = (float)mlrt_random_gauss(split, (uint64_t)f, at);
        }
    }
}

static const mlrt_task_class task_class = {
    .kind = MLRT_KIND_TASK, .size = sizeof task_class, .name = "noise", .fetch = fetch};

static const char *const token[VOCABULARY] = {"pad", "end", "+", "-", "0", "1", "2", "3"};
static const mlrt_vocabulary vocabulary = {VOCABULARY, token};

static mlrt_task tokens_task(void) {
    mlrt_task t = {.object.cls = &task_class.base, .size = {400, 0, 40}, .fields = 2};
    t.field[0] = (mlrt_field){"source", MLRT_I32, MLRT_SHAPE_OF(SOURCE), &vocabulary, false, ""};
    t.field[1] = (mlrt_field){"target", MLRT_I32, MLRT_SHAPE_OF(TARGET), &vocabulary, true, ""};
    return t;
}

static mlrt_task numbers_task(void) {
    mlrt_task t = {.object.cls = &task_class.base, .size = {400, 0, 40}, .fields = 2};
    t.field[0] = (mlrt_field){"x", MLRT_F32, MLRT_SHAPE_OF(FEATURES), NULL, false, ""};
    t.field[1] = (mlrt_field){"y", MLRT_F32, MLRT_SHAPE_OF(1), NULL, true, ""};
    return t;
}

/* ---- models ---- */

static mlrt_node *layer(fixture *f, mlrt_graph *g, const char *cls, const char *props, const char *path, mlrt_node *x) {
    mlrt_object *object = fixture_object(f, fixture_class(MLRT_KIND_LAYER, cls), props);
    return mlrt__layer_build(g, (mlrt_layer *)object, path, &x, 1, false);
}

static mlrt_node *mlp(void *context, mlrt_graph *g, mlrt_node *const *field) {
    fixture *f = context;
    mlrt_node *h = layer(f, g, "linear", "out = 300", "first", field[0]);
    h = layer(f, g, "batch_norm", "", "norm", layer(f, g, "relu", "", "act", h));
    h = layer(f, g, "dropout", "p = 0.1", "drop", layer(f, g, "linear", "out = 200", "second", h));
    return layer(f, g, "linear", "out = 1", "last", layer(f, g, "tanh", "", "act2", h));
}

static mlrt_node *mlp_loss(void *context, mlrt_graph *g, mlrt_node *const *field) {
    return mlrt_mean(mlrt_square(mlrt_sub(mlp(context, g, field), field[1])), MLRT_ALL_AXES, false);
}

static mlrt_node *seq2seq(void *context, mlrt_graph *g, mlrt_node *const *field) {
    fixture *f = context;
    const mlrt_class *cls = fixture_class(MLRT_KIND_LAYER, "seq2seq");
    mlrt_object *object = fixture_object(f, cls, "dim = 64, heads = 4, ffn = 256, dropout = 0.1");
    return mlrt__layer_build(g, (mlrt_layer *)object, "", field, 2, false);
}

static mlrt_node *seq2seq_loss(void *context, mlrt_graph *g, mlrt_node *const *field) {
    return mlrt_cross_entropy(seq2seq(context, g, field), field[1], 0, 0.1);
}

/* ---- counted training ---- */

static int32_t reports;
static void progress(void *context, const mlrt__report *r) { (void)context, (void)r, reports++; }

static void check(const char *what, mlrt_task task, mlrt__model build, int64_t batch) {
    static const char *const no_metrics[] = {NULL};
    const mlrt__observer observer = {.progress = progress};
    char text[2048];
    fixture f = {0};
    mlrt_error err = {0};
    build.context = &f;
    mlrt__group group = {.optimizer = counting_adam(&f)};
    const mlrt__recipe recipe = {.experiment = what,
                                 .parameters = "{}",
                                 .task = &task,
                                 .model = build,
                                 .optimizer = {.group = &group, .groups = 1, .clip = 1},
                                 .seed = 1,
                                 .batch = batch,
                                 .steps = WARM_UP + COUNTED + 5,
                                 .epoch_steps = 30,
                                 .evaluate = WARM_UP + COUNTED + 5,
                                 .eval_batch = 20,
                                 .metrics = no_metrics,
                                 .stop_at = NAN,
                                 .checkpoint_seconds = INFINITY};
    mlrt__trainer *t;
    atomic_store(&counting, true);
    mlrt__trainer_new(&recipe, &t, &err);
    atomic_store(&counting, false);
    ok(atomic_exchange(&ours, 0) > 0, "%s: compiling allocates, and that is counted", what);
    atomic_store(&onednn, 0);
    if (t) mlrt__trainer_run(t, &observer, &err);
    if (!ok(err.status == MLRT_OK, "%s: it trains", what)) diag("%s", mlrt_error_text(&err, text, sizeof text));
    is_int(atomic_exchange(&ours, 0), 0, "%s: allocations in %d steps", what, COUNTED);
    diag("besides %ld a step that oneDNN makes for itself", atomic_exchange(&onednn, 0) / COUNTED);
    mlrt__trainer_free(t);
    fixture_free(&f);
}

/* Whether the library's allocations come here: not where a sanitizer or valgrind has functions of its own. */
static bool counts(void) {
    atomic_store(&counting, true);
    free(mlrt__grow(NULL, 1));
    atomic_store(&counting, false);
    return atomic_exchange(&ours, 0) == 1;
}

int main(void) {
    if (!counts()) return skip_all("allocations cannot be counted here");
    check("a transformer", tokens_task(), (mlrt__model){.loss = seq2seq_loss, .predict = seq2seq}, 32);
    check("an MLP", numbers_task(), (mlrt__model){.loss = mlp_loss, .predict = mlp}, 64);
    check("an MLP on the full batch", numbers_task(), (mlrt__model){.loss = mlp_loss, .predict = mlp}, 400);
    ok(reports > 0, "progress was reported on the way");
    return done_testing();
}
