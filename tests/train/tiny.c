/* tiny.c - a task, a model and a recipe that train in milliseconds. */
#include "tiny.h"
#include "plugin/layer.h"
#include "tap.h"

/* ---- the task ---- */

static const char *const names[TINY_CLASSES] = {"red", "green", "blue"};
static const mlrt_vocabulary classes = {TINY_CLASSES, names};

static int32_t class_of(mlrt_split split, int64_t i) {
    return (int32_t)mlrt_random_below(1, (uint64_t)split, (uint64_t)i, TINY_CLASSES);
}

static void tiny_fetch(const mlrt_task *self, mlrt_split split, const int64_t *index, int64_t count,
                       void *const buffer[]) {
    (void)self;
    float *x = buffer[TINY_X];
    for (int64_t i = 0; i < count; i++) {
        const uint64_t at = (uint64_t)index[i] * TINY_IN;
        for (int32_t k = 0; k < TINY_IN; k++)
            x[i * TINY_IN + k] = (float)(0.3 * mlrt_random_gauss(2, (uint64_t)split, at + (uint64_t)k)) +
                                 (float)(k == class_of(split, index[i]));
        ((int32_t *)buffer[TINY_INDEX])[i] = (int32_t)index[i];
        ((int32_t *)buffer[TINY_CLASS])[i] = class_of(split, index[i]);
    }
}

static void score_accuracy(const mlrt_task *self, const mlrt_batch *b, double *sum, double *weight) {
    (void)self;
    const float *logit = b->prediction.data;
    for (int64_t i = 0; i < b->count; i++, logit += TINY_CLASSES) {
        int32_t best = 0;
        for (int32_t c = 1; c < TINY_CLASSES; c++)
            if (logit[c] > logit[best]) best = c;
        *sum += best == ((const int32_t *)b->field[TINY_CLASS].data)[i];
    }
    *weight += (double)b->count;
}

static void score_index(const mlrt_task *self, const mlrt_batch *b, double *sum, double *weight) {
    (void)self;
    for (int64_t i = 0; i < b->count; i++) *sum += ((const int32_t *)b->field[TINY_INDEX].data)[i];
    *weight += (double)b->count;
}

static const mlrt_metric metrics[] = {{"accuracy", NULL, score_accuracy}, {"index", NULL, score_index}, {0}};

MLRT_TASK(tiny, .fetch = tiny_fetch, .metrics = metrics);
MLRT_TASK(simple, .fetch = tiny_fetch);

mlrt_task tiny_task(const mlrt_task_class *cls) {
    return (mlrt_task){.object = {.cls = &cls->base, .where = ""},
                       .size = {TINY_TRAIN, TINY_VALID, TINY_TEST},
                       .fields = 3,
                       .field = {{"x", MLRT_F32, MLRT_SHAPE_OF(TINY_IN), NULL, false, NULL},
                                 {"index", MLRT_I32, MLRT_SCALAR, NULL, false, NULL},
                                 {"class", MLRT_I32, MLRT_SCALAR, &classes, true, NULL}}};
}

/* ---- the model ---- */

static mlrt_node *call(const tiny *t, mlrt_graph *g, const mlrt_layer *layer, const char *path, mlrt_node *x) {
    (void)t;
    return mlrt__layer_build(g, layer, path, &x, 1, !g->training);
}

static mlrt_node *predict(void *context, mlrt_graph *g, mlrt_node *const *field) {
    const tiny *t = context;
    mlrt_node *h = call(t, g, t->in, "in", field[TINY_X]);
    h = mlrt_name(mlrt_tanh(call(t, g, t->norm, "norm", h)), "hidden");
    return call(t, g, t->out, "out", call(t, g, t->drop, "drop", h));
}

static mlrt_node *loss(void *context, mlrt_graph *g, mlrt_node *const *field) {
    const tiny *t = context;
    mlrt_node *logits = predict(context, g, field);
    mlrt_node *mean = mlrt_mean(mlrt_cross_entropy(logits, field[TINY_CLASS], -1, 0), MLRT_ALL_AXES, false);
    return t->spoiled ? mlrt_log(mlrt_neg(mean)) : mean;
}

/* ---- the recipe ---- */

mlrt_object *tiny_object(tiny *t, mlrt_kind kind, const char *name, const char *properties) {
    return fixture_object(&t->f, fixture_class(kind, name), properties);
}

void tiny_open(tiny *t, const char *optimizer, const char *properties) {
    *t = (tiny){.task = tiny_task(&tiny_class)};
    t->in = (mlrt_layer *)tiny_object(t, MLRT_KIND_LAYER, "linear", "out = 8");
    t->norm = (mlrt_layer *)tiny_object(t, MLRT_KIND_LAYER, "batch_norm", "");
    t->drop = (mlrt_layer *)tiny_object(t, MLRT_KIND_LAYER, "dropout", "p = 0.1");
    t->out = (mlrt_layer *)tiny_object(t, MLRT_KIND_LAYER, "linear", "out = 3");
    t->group[0].optimizer = (mlrt_optimizer *)tiny_object(t, MLRT_KIND_OPTIMIZER, optimizer, properties);
    t->recipe = (mlrt__recipe){.experiment = "tiny",
                               .parameters = "{\"lr\": 0.01}",
                               .task = &t->task,
                               .model = {t, loss, predict},
                               .optimizer = {.group = t->group, .groups = 1, .total = 60},
                               .seed = 5,
                               .batch = 7,
                               .steps = 60,
                               .epoch_steps = 10,
                               .evaluate = 10,
                               .eval_batch = 16,
                               .eval_size = {[MLRT_TEST] = TINY_TEST},
                               .monitor = "accuracy",
                               .stop_at = (double)NAN,
                               .checkpoint_seconds = 1e9};
    if (t->f.err.status != MLRT_OK) {
        printf("Bail out! %s\n", tiny_error(&t->f.err));
        exit(1);
    }
}

mlrt__trainer *tiny_trainer(tiny *t) {
    mlrt__trainer *trainer;
    mlrt_error err = {0};
    if (mlrt__trainer_new(&t->recipe, &trainer, &err) == MLRT_OK) return trainer;
    printf("Bail out! %s\n", tiny_error(&err));
    exit(1);
}

void tiny_close(tiny *t) { fixture_free(&t->f); }

/* What lies between parameters is no concern of theirs: valgrind's arithmetic leaves other zeros there than a CPU. */
bool tiny_equal(const mlrt__trainer *a, const mlrt__trainer *b) {
    const mlrt__params *p = mlrt__trainer_params(a);
    bool equal = p->count == mlrt__trainer_params(b)->count;
    for (int32_t i = 0; i < p->count && equal; i++) {
        const size_t size = sizeof(float) * (size_t)mlrt_shape_count(&p->param[i]->shape);
        const int64_t at = p->param[i]->offset;
        equal = memcmp(mlrt__trainer_buffer(a) + at, mlrt__trainer_buffer(b) + at, size) == 0;
    }
    return equal;
}

const char *tiny_error(const mlrt_error *err) {
    static char text[MLRT_WHERE_MAX + MLRT_MESSAGE_MAX + MLRT_HINT_MAX];
    return mlrt_error_text(err, text, sizeof text);
}
