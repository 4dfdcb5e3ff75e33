/* evaluate.c - a model over a split: exact metrics, and the value of any node. */
#include "tap.h"
#include "tiny.h"

static const mlrt__measure *find(const mlrt__measure *m, int32_t count, const char *name, mlrt_split split) {
    for (int32_t i = 0; i < count; i++)
        if (strcmp(m[i].name, name) == 0 && m[i].split == split) return &m[i];
    return NULL;
}

static double measured(mlrt__trainer *trainer, const char *name, mlrt_split split) {
    const mlrt__measure *m;
    int32_t count;
    if (mlrt__trainer_evaluate(trainer, &m, &count, NULL) != MLRT_OK) return (double)NAN;
    m = find(m, count, name, split);
    return m ? m->value : (double)NAN;
}

/* Logits of a whole split; the caller frees them. */
static mlrt_tensor logits(mlrt__trainer *trainer, mlrt_split split, int64_t count) {
    mlrt_tensor t;
    mlrt_error err = {0};
    if (!ok(mlrt__trainer_tap(trainer, NULL, &(mlrt__view){NULL, split, 0, count}, &t, &err) == MLRT_OK,
            "the prediction can be read")) {
        diag("%s", tiny_error(&err));
        exit(1);
    }
    return t;
}

/* Loss and accuracy from the logits, with the plain formulas. */
static void expect(const tiny *t, const float *logit, mlrt_split split, int64_t count, double *loss, double *accuracy) {
    const mlrt_task_class *cls = (const mlrt_task_class *)t->task.object.cls;
    *loss = *accuracy = 0;
    for (int64_t i = 0; i < count; i++, logit += TINY_CLASSES) {
        float x[TINY_IN];
        int32_t index, class, best = 0;
        double sum = 0;
        cls->fetch(&t->task, split, &i, 1, (void *[]){x, &index, &class});
        for (int32_t c = 0; c < TINY_CLASSES; c++) {
            sum += exp((double)logit[c]);
            if (logit[c] > logit[best]) best = c;
        }
        *loss += (log(sum) - (double)logit[class]) / (double)count;
        *accuracy += (best == class) / (double)count;
    }
}

/* 50 examples in batches of 1, 16, 50 and 64: the metrics are those of 50 examples. */
static void test_batches(void) {
    static const int64_t sizes[] = {16, 1, 7, 50, 64};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        tiny t;
        double loss, accuracy;
        tiny_open(&t, "adam", "lr = 0.01");
        t.recipe.eval_batch = sizes[i];
        mlrt__trainer *trainer = tiny_trainer(&t);
        mlrt_tensor got = logits(trainer, MLRT_TEST, TINY_TEST);
        const mlrt_shape want = MLRT_SHAPE_OF(TINY_TEST, TINY_CLASSES);
        expect(&t, got.data, MLRT_TEST, TINY_TEST, &loss, &accuracy);
        diag("batches of %d", (int)sizes[i]);
        ok(mlrt_shape_equal(&got.shape, &want), "a prediction for every example");
        is_close(measured(trainer, "accuracy", MLRT_TEST), accuracy, 1e-12, "accuracy is exact");
        is_close(measured(trainer, "index", MLRT_TEST), (TINY_TEST - 1) / 2.0, 1e-12, "every example counts once");
        is_close(measured(trainer, "loss", MLRT_TEST), loss, 1e-5, "the loss is the mean over examples");
        mlrt__free_large(got.data);
        mlrt__trainer_free(trainer);
        tiny_close(&t);
    }
}

static void test_splits(void) {
    tiny t;
    tiny_open(&t, "adam", "lr = 0.01");
    t.recipe.eval_size[MLRT_TRAIN] = 9;
    t.recipe.eval_size[MLRT_VALID] = 1000;
    t.recipe.eval_size[MLRT_TEST] = 20;
    mlrt__trainer *trainer = tiny_trainer(&t);
    is_close(measured(trainer, "index", MLRT_TRAIN), 4, 1e-12, "as many training examples as asked for");
    is_close(measured(trainer, "index", MLRT_VALID), (TINY_VALID - 1) / 2.0, 1e-12, "no more than there are");
    is_close(measured(trainer, "index", MLRT_TEST), 9.5, 1e-12, "the first ones");
    const mlrt__measure *m;
    int32_t count;
    mlrt__trainer_evaluate(trainer, &m, &count, NULL);
    is_int(count, 9, "loss and two metrics for each of three splits");
    is_str(m[0].name, "loss", "the loss comes first");
    is_int(m[0].split, MLRT_TRAIN, "of the training split");
    mlrt__trainer_free(trainer);

    const char *const only[] = {"index", NULL};
    t.recipe.metrics = only;
    t.recipe.eval_size[MLRT_TRAIN] = t.recipe.eval_size[MLRT_VALID] = 0;
    trainer = tiny_trainer(&t);
    mlrt__trainer_evaluate(trainer, &m, &count, NULL);
    is_int(count, 2, "only the metrics asked for, and the loss");
    ok(find(m, count, "index", MLRT_TEST) && !find(m, count, "accuracy", MLRT_TEST), "by their names");
    mlrt__trainer_free(trainer);
    tiny_close(&t);
}

static void test_default_metric(void) {
    tiny t;
    double loss, accuracy;
    tiny_open(&t, "adam", "lr = 0.01");
    t.task = tiny_task(&simple_class);
    mlrt__trainer *trainer = tiny_trainer(&t);
    mlrt_tensor got = logits(trainer, MLRT_TEST, TINY_TEST);
    expect(&t, got.data, MLRT_TEST, TINY_TEST, &loss, &accuracy);
    is_close(measured(trainer, "accuracy", MLRT_TEST), accuracy, 1e-12, "a task of classes has an accuracy by itself");
    mlrt__free_large(got.data);
    mlrt__trainer_free(trainer);
    tiny_close(&t);
}

/* ---- taps ---- */

static void test_taps(void) {
    tiny t;
    mlrt_tensor all, some, hidden;
    mlrt_error err = {0};
    tiny_open(&t, "adam", "lr = 0.01");
    mlrt__trainer *trainer = tiny_trainer(&t);
    all = logits(trainer, MLRT_TEST, TINY_TEST);
    mlrt__trainer_tap(trainer, NULL, &(mlrt__view){NULL, MLRT_TEST, 13, 30}, &some, &err);
    is_close_all(some.data, (const float *)all.data + 13 * TINY_CLASSES, 30 * TINY_CLASSES, 1e-6, "examples 13 to 42");
    mlrt__free_large(some.data);

    ok(mlrt__trainer_tap(trainer, "hidden", &(mlrt__view){NULL, MLRT_TEST, 0, TINY_TEST}, &hidden, &err) == MLRT_OK,
       "a named node");
    is_int(mlrt_shape_count(&hidden.shape), TINY_TEST * TINY_HIDDEN, "for every example");
    bool bounded = true;
    for (int32_t i = 0; i < TINY_TEST * TINY_HIDDEN; i++) bounded = bounded && fabsf(((float *)hidden.data)[i]) <= 1;
    ok(bounded, "its values are those of tanh");
    mlrt__free_large(hidden.data);
    ok(mlrt__trainer_tap(trainer, "out", &(mlrt__view){NULL, MLRT_TEST, 0, TINY_TEST}, &hidden, &err) == MLRT_OK,
       "what a layer gives");
    is_close_all(hidden.data, all.data, TINY_TEST * TINY_CLASSES, 0, "the last one gives the prediction");
    mlrt__free_large(hidden.data);
    mlrt__free_large(all.data);

    mlrt__trainer_tap(trainer, "hiden", &(mlrt__view){NULL, MLRT_TEST, 0, 1}, &hidden, &err);
    is_str(tiny_error(&err), "no layer and no named node 'hiden' (did you mean 'hidden'?)", "a name that is not there");
    ok(hidden.data == NULL, "leaves nothing");
    err = (mlrt_error){0};
    mlrt__trainer_tap(trainer, NULL, &(mlrt__view){NULL, MLRT_VALID, 5, 7}, &hidden, &err);
    is_str(tiny_error(&err), "the valid split has 11 examples, asked for 7 from 6 on", "more examples than there are");
    mlrt__trainer_free(trainer);
    tiny_close(&t);
}

int main(void) {
    test_batches();
    test_splits();
    test_default_metric();
    test_taps();
    return done_testing();
}
