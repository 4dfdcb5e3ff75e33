/* metrics.c - the metrics of tasks that bring none: of classes their accuracy, of numbers how far off they are. */
#include "graph/node.h"
#include "train/evaluate.h"
#include <math.h>
#include <string.h>

static int32_t target_of(const mlrt_task *task) {
    for (int32_t f = 0; f < task->fields; f++)
        if (task->field[f].target) return f;
    return -1;
}

/* ---- classes ---- */

static int32_t best_class(const float *logits, int64_t classes) {
    int32_t best = 0;
    for (int64_t c = 1; c < classes; c++)
        if (logits[c] > logits[best]) best = (int32_t)c;
    return best;
}

/* What a prediction with `each` numbers a position answers there: a class, the sign of one logit, the largest of many. */
static int32_t answer(const mlrt_tensor *p, int64_t position, int64_t each) {
    if (p->dtype == MLRT_I32) return ((const int32_t *)p->data)[position];
    const float *logit = (const float *)p->data + position * each;
    return each == 1 ? *logit > 0 : best_class(logit, each);
}

/* Right where every position of the target is. */
static void score_accuracy(const mlrt_task *task, const mlrt_batch *b, double *sum, double *weight) {
    const mlrt_tensor *target = &b->field[target_of(task)];
    const int64_t all = mlrt_shape_count(&target->shape), positions = b->count ? all / b->count : 0;
    const int64_t each = all ? mlrt_shape_count(&b->prediction.shape) / all : 0;
    for (int64_t i = 0; i < b->count; i++) {
        bool right = true;
        for (int64_t k = i * positions; k < (i + 1) * positions && right; k++)
            right = answer(&b->prediction, k, each) == ((const int32_t *)target->data)[k];
        *sum += right;
    }
    *weight += (double)b->count;
}

/* ---- numbers ---- */

static double summed(const mlrt_task *task, const mlrt_batch *b, double (*f)(double), int64_t *count) {
    const mlrt_tensor *target = &b->field[target_of(task)];
    const float *y = target->data, *p = b->prediction.data;
    double total = 0;
    *count = mlrt_shape_count(&target->shape);
    for (int64_t i = 0; i < *count; i++) total += f((double)p[i] - (double)y[i]);
    return total;
}

static double square(double x) { return x * x; }

static void score_absolute(const mlrt_task *task, const mlrt_batch *b, double *sum, double *weight) {
    int64_t count;
    *sum += summed(task, b, fabs, &count);
    *weight += (double)count;
}

/* sum / weight is the root mean square so far, so the sum of squares so far is sum^2 / weight. */
static void score_rms(const mlrt_task *task, const mlrt_batch *b, double *sum, double *weight) {
    int64_t count;
    const double before = *weight > 0 ? *sum * *sum / *weight : 0, squares = before + summed(task, b, square, &count);
    *weight += (double)count;
    *sum = sqrt(squares * *weight);
}

/* ---- which ---- */

static const mlrt_metric of_classes[] = {{"accuracy", "share of examples answered right", score_accuracy}, {0}};
static const mlrt_metric of_numbers[] = {{"rms_error", "root of the mean squared error", score_rms},
                                         {"absolute_error", "mean absolute error", score_absolute},
                                         {0}};

const mlrt_metric *mlrt__metrics_of(const mlrt_task *task) {
    static const mlrt_metric none[] = {{0}};
    const mlrt_task_class *cls = (const mlrt_task_class *)task->object.cls;
    const int32_t target = target_of(task);
    if (cls->metrics) return cls->metrics;
    if (target < 0) return none;
    return task->field[target].vocabulary ? of_classes : task->field[target].dtype == MLRT_F32 ? of_numbers : none;
}

bool mlrt__metric_wanted(const mlrt__recipe *r, const char *name) {
    for (const char *const *m = r->metrics; m && *m; m++)
        if (strcmp(*m, name) == 0) return true;
    return !r->metrics;
}

/* Without a last dimension of 1, which losses do not mind either. */
static mlrt_shape squeezed(mlrt_shape s) {
    if (s.rank > 1 && s.dim[s.rank - 1] == 1) s.dim[--s.rank] = 0;
    return s;
}

/* Numbers for numbers; for classes a class, logits (a token that is never an answer may have one too), or, for two
 * classes, one logit. */
static bool fits(const mlrt_node *prediction, const mlrt_shape *target, mlrt_dtype dtype, int32_t classes) {
    const mlrt_shape p = squeezed(prediction->shape), t = squeezed(*target);
    if (mlrt_shape_equal(&p, &t)) return prediction->dtype == dtype || classes == 2;
    mlrt_shape positions = prediction->shape;
    if (!classes || prediction->dtype != MLRT_F32 || positions.rank < 2) return false;
    const int64_t logits = positions.dim[--positions.rank];
    positions.dim[positions.rank] = 0;
    return logits > 1 && mlrt_shape_equal(&positions, target);
}

mlrt_status mlrt__metrics_fit(const mlrt__recipe *r, const mlrt_node *prediction, mlrt_error *err) {
    const mlrt_metric *m = mlrt__metrics_of(r->task);
    const mlrt_shape *shape = &prediction->shape;
    char text[MLRT_SHAPE_TEXT], wanted[MLRT_SHAPE_TEXT];
    if (m != of_classes && m != of_numbers) return MLRT_OK;
    while (m->name && !mlrt__metric_wanted(r, m->name)) m++;
    if (!m->name) return MLRT_OK;
    const mlrt_field *field = &r->task->field[target_of(r->task)];
    const int32_t classes = field->vocabulary ? field->vocabulary->size : 0;
    mlrt_shape target = {.rank = 1 + field->shape.rank, .dim = {shape->rank ? shape->dim[0] : 0}};
    memcpy(target.dim + 1, field->shape.dim, sizeof(int64_t) * (size_t)field->shape.rank);
    if (fits(prediction, &target, field->dtype, classes)) return MLRT_OK;
    if (classes) target.dim[target.rank++] = classes;
    mlrt_fail(err, MLRT_SHAPE, "metric '%s' of '%s' takes a prediction %s, got %s", m->name, field->name,
              mlrt_shape_text(&target, wanted, sizeof wanted), mlrt_shape_text(shape, text, sizeof text));
    return mlrt_hint(err, "metrics = {} computes none");
}

/* ---- which way ---- */

static bool lower_is_better(const char *metric) {
    return strstr(metric, "loss") || strstr(metric, "error") || strstr(metric, "rms");
}

bool mlrt__better(const char *metric, double a, double b) {
    if (isnan(a)) return false;
    return isnan(b) || (lower_is_better(metric) ? a < b : a > b);
}
