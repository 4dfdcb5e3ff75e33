/* checkpoint.c - checkpoints: exact there and back, and refused when they are of another run or damaged. */
#include "scratch.h"
#include "tap.h"
#include "tensor/safetensors.h"
#include "tiny.h"
#include <sys/stat.h>

static void train(mlrt__trainer *trainer) {
    mlrt_error err = {0};
    if (mlrt__trainer_run(trainer, NULL, &err) != MLRT_OK) diag("%s", tiny_error(&err));
}

/* Every tensor of two files, bit for bit; and every text but the seconds. */
static bool same_files(const char *a, const char *b) {
    mlrt__safetensors x, y;
    if (mlrt__safetensors_open(&x, a, NULL) != MLRT_OK || mlrt__safetensors_open(&y, b, NULL) != MLRT_OK) return false;
    bool same = x.tensors == y.tensors && x.pairs == y.pairs;
    for (int32_t i = 0; same && i < x.tensors; i++) {
        mlrt_tensor t, u;
        same = mlrt__safetensors_load(&x, x.tensor[i].name, &t, NULL) == MLRT_OK &&
               mlrt__safetensors_load(&y, x.tensor[i].name, &u, NULL) == MLRT_OK &&
               mlrt_shape_equal(&t.shape, &u.shape) && memcmp(t.data, u.data, mlrt_tensor_bytes(&t)) == 0;
    }
    for (int32_t i = 0; same && i < x.pairs; i++)
        same = strcmp(x.metadata[i].key, "seconds") == 0 ||
               strcmp(x.metadata[i].value, mlrt__safetensors_metadata(&y, x.metadata[i].key)) == 0;
    mlrt__safetensors_close(&x);
    mlrt__safetensors_close(&y);
    return same;
}

/* ---- there and back ---- */

static void test_round_trip(const char *path) {
    tiny t;
    tiny_open(&t, "adam", "lr = 0.01");
    t.recipe.steps = 13; /* between two epochs: a running sum is not zero */
    mlrt__trainer *first = tiny_trainer(&t), *second = tiny_trainer(&t);
    train(first);
    ok(mlrt__trainer_save(first, path, NULL) == MLRT_OK, "a checkpoint is written");
    ok(!tiny_equal(first, second), "another trainer begins elsewhere");
    ok(mlrt__trainer_resume(second, path, NULL) == MLRT_OK, "and resumes from it");
    ok(tiny_equal(first, second), "with the same parameters and kept buffers, bit for bit");
    is_int(mlrt__trainer_step(second), 13, "at the same step");
    ok(mlrt__trainer_save(second, scratch("again"), NULL) == MLRT_OK && same_files(path, scratch("again")),
       "written again, slots and sums are the same too");
    mlrt__trainer_free(first);
    mlrt__trainer_free(second);
    tiny_close(&t);
}

static void test_contents(const char *path) {
    static const char *const names[] = {"param/in.weight",  "param/norm.running_mean", "slot0/in.weight",
                                        "slot1/out.weight", "param/out.bias",          "slot0/norm.gain"};
    mlrt__safetensors file;
    if (!ok(mlrt__safetensors_open(&file, path, NULL) == MLRT_OK, "a checkpoint is a safetensors file")) return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ok(mlrt__safetensors_find(&file, names[i]), "with the tensor %s", names[i]);
    ok(!mlrt__safetensors_find(&file, "slot0/norm.running_mean"), "kept buffers have no slots");
    is_str(mlrt__safetensors_metadata(&file, "experiment"), "tiny", "it says of which experiment it is");
    is_str(mlrt__safetensors_metadata(&file, "step"), "13", "and how far it is");
    mlrt__safetensors_close(&file);
}

static void test_parameters_alone(const char *path) {
    tiny t;
    tiny_open(&t, "sgd", "lr = 1");
    t.recipe.experiment = "other";
    t.recipe.seed = 99;
    mlrt__trainer *from = tiny_trainer(&t), *to = tiny_trainer(&t);
    ok(mlrt__trainer_load(to, path, NULL) == MLRT_OK, "parameters can be loaded into any experiment with these names");
    ok(!tiny_equal(from, to), "and are not those of its beginning");
    is_int(mlrt__trainer_step(to), 0, "which begins with step 0");
    mlrt__trainer_free(from);
    mlrt__trainer_free(to);
    tiny_close(&t);
}

/* ---- evaluations in quick succession ---- */

typedef struct goal {
    int32_t evaluations, fail_at;
} goal;

static mlrt_status fail_at(void *context, const mlrt__report *r, mlrt_error *err) {
    goal *g = context;
    (void)r;
    return ++g->evaluations == g->fail_at ? mlrt_fail(err, MLRT_FILE, "no more") : MLRT_OK;
}

/* Train with a checkpoint at every step, or with those that must be; the best is not the last. */
static void train_into(const char *folder, double seconds, int32_t fail) {
    tiny t;
    goal g = {.fail_at = fail};
    const mlrt__observer observer = {.context = &g, .evaluated = fail_at};
    tiny_open(&t, "adam", "lr = 0.3");
    mkdir(scratch(folder), 0777);
    t.recipe.folder = scratch(folder);
    t.recipe.checkpoint_seconds = seconds;
    t.recipe.evaluate = 1;
    t.recipe.monitor = "loss";
    mlrt__trainer *trainer = tiny_trainer(&t);
    mlrt__trainer_run(trainer, &observer, NULL);
    mlrt__trainer_free(trainer);
    tiny_close(&t);
}

static bool same_in_both(const char *a, const char *b, const char *name) {
    char x[64], y[64];
    snprintf(x, sizeof x, "%s/%s.safetensors", a, name);
    snprintf(y, sizeof y, "%s/%s.safetensors", b, name);
    return same_files(scratch(x), scratch(y));
}

static void test_best(void) {
    train_into("each", 0, 0);
    train_into("few", 1e9, 0);
    ok(same_in_both("each", "few", "best"), "the best parameters are the same, however seldom files are written");
    ok(same_in_both("each", "few", "last"), "and the last");
    train_into("failed", 1e9, 55);
    ok(same_in_both("each", "failed", "best"), "a run that fails leaves its best parameters too");
}

/* ---- refusals ---- */

/* Resuming from a file fails with the line `says`, in which PATH stands for the file's path. */
static void refused(tiny *t, const char *path, const char *says, const char *name) {
    char want[2048];
    mlrt_error err = {0};
    const char *at = strstr(says, "PATH");
    mlrt__trainer *trainer = tiny_trainer(t);
    snprintf(want, sizeof want, "%.*s%s%s", at ? (int)(at - says) : 0, says, at ? path : "", at ? at + 4 : says);
    mlrt__trainer_resume(trainer, path, &err);
    is_str(tiny_error(&err), want, "%s", name);
    is_int(mlrt__trainer_step(trainer), 0, "and nothing is taken up");
    mlrt__trainer_free(trainer);
}

static void test_other_runs(const char *path) {
    tiny t;
    tiny_open(&t, "adam", "lr = 0.01");
    t.recipe.experiment = "large";
    refused(&t, path, "'PATH' is of another run: experiment 'tiny', expected 'large'", "another experiment");
    t.recipe.experiment = "tiny";
    t.recipe.parameters = "{\"lr\": 0.02}";
    refused(&t, path, "'PATH' is of another run: parameters '{\"lr\": 0.01}', expected '{\"lr\": 0.02}'",
            "other parameters");
    t.recipe.parameters = "{\"lr\": 0.01}";
    t.recipe.seed = 6;
    refused(&t, path, "'PATH' is of another run: seed '5', expected '6'", "another seed");
    t.recipe.seed = 5;
    t.group[0].optimizer = (mlrt_optimizer *)tiny_object(&t, MLRT_KIND_OPTIMIZER, "sgd", "lr = 1");
    refused(&t, path, "'PATH' is of another run: optimizer 'adam', expected 'sgd'", "another optimizer");
    tiny_close(&t);
}

static void test_other_shapes(const char *path) {
    tiny t;
    tiny_open(&t, "adam", "lr = 0.01");
    t.in = (mlrt_layer *)tiny_object(&t, MLRT_KIND_LAYER, "linear", "out = 9");
    refused(&t, path, "tensor 'param/in.weight' of 'PATH' is f32 [8, 4], expected f32 [9, 4]", "another model");
    tiny_close(&t);
}

/* A copy without one tensor or one text, or with another text in its place. */
static const char *without(const char *path, const char *name, const char *text) {
    mlrt__safetensors file;
    const char *copy = scratch("changed");
    mlrt__named_tensor tensor[64];
    mlrt__pair pair[32];
    int32_t tensors = 0, pairs = 0;
    mlrt__safetensors_open(&file, path, NULL);
    for (int32_t i = 0; i < file.tensors; i++) {
        tensor[tensors].name = file.tensor[i].name;
        mlrt__safetensors_load(&file, file.tensor[i].name, &tensor[tensors].tensor, NULL);
        if (strcmp(file.tensor[i].name, name) != 0) tensors++;
    }
    for (int32_t i = 0; i < file.pairs; i++) {
        const bool hit = strcmp(file.metadata[i].key, name) == 0;
        if (!hit || text) pair[pairs++] = (mlrt__pair){file.metadata[i].key, hit ? text : file.metadata[i].value};
    }
    mlrt__safetensors_write(copy, tensor, tensors, pair, pairs, NULL);
    mlrt__safetensors_close(&file);
    return copy;
}

static void test_gaps(const char *path) {
    tiny t;
    tiny_open(&t, "adam", "lr = 0.01");
    refused(&t, without(path, "param/out.bias", NULL),
            "'PATH' has no tensor 'param/out.bias' (did you mean 'param/in.bias'?)", "a missing parameter");
    refused(&t, without(path, "slot1/norm.gain", NULL),
            "'PATH' has no tensor 'slot1/norm.gain' (did you mean 'slot0/norm.gain'?)", "a missing slot");
    refused(&t, without(path, "loss_sum", NULL), "'PATH' is not a checkpoint of mlrt: 'loss_sum' is missing or damaged",
            "a missing sum");
    refused(&t, without(path, "step", "1x"), "'PATH' is not a checkpoint of mlrt: 'step' is missing or damaged",
            "a damaged number");
    refused(&t, without(path, "experiment", NULL), "'PATH' is of another run: experiment '', expected 'tiny'",
            "a missing name");
    refused(&t, scratch("nowhere"), "unable to open 'PATH': no such file or directory", "no file");
    tiny_close(&t);
}

static void test_truncation(const char *path) {
    tiny t;
    tiny_open(&t, "adam", "lr = 0.01");
    mlrt__trainer *trainer = tiny_trainer(&t);
    char *data;
    size_t size;
    int32_t tried = 0, failed = 0, named = 0;
    mlrt__read_file(path, 1 << 24, &data, &size, NULL);
    for (size_t keep = 0; keep < size; keep += size / 37 + 1) {
        const char *copy = scratch("short");
        mlrt_error err = {0};
        mlrt__write_file(copy, data, keep, NULL);
        tried++;
        failed += mlrt__trainer_resume(trainer, copy, &err) != MLRT_OK;
        named += strstr(tiny_error(&err), copy) != NULL;
    }
    is_int(failed, tried, "a file that was cut anywhere is refused");
    is_int(named, tried, "by its name");
    free(data);
    mlrt__trainer_free(trainer);
    tiny_close(&t);
}

int main(void) {
    char path[2 * SCRATCH_PATH];
    snprintf(path, sizeof path, "%s", scratch("last.safetensors"));
    test_round_trip(path);
    test_contents(path);
    test_parameters_alone(path);
    test_other_runs(path);
    test_other_shapes(path);
    test_gaps(path);
    test_truncation(path);
    test_best();
    return done_testing();
}
