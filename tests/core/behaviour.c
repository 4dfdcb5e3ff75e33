/* behaviour.c - what single core classes promise beyond their formula: dropout, running statistics, padding, decoding. */
#include "derivative.h"
#include "tap.h"

static const mlrt_class *layer(const char *name) { return fixture_class(MLRT_KIND_LAYER, name); }

static void check_fine(const fixture *f, const char *what) {
    if (!ok(f->err.status == MLRT_OK, "%s runs", what)) diag("%s", fixture_error(f));
}

static void dropout_drops(void) {
    enum { N = 4000 };
    fixture f = {0};
    derivative d;
    float first[N];
    int32_t zeros = 0, changed = 0;
    bool scaled = true, same_mask = true;
    fixture_build(&f, layer("dropout"), "p = 0.25", "f32[4000]", true);
    if (derivative_new(&d, &f, 1)) {
        derivative_value(&d);
        const float *x = d.variable[0].value, *w = d.part[0].value;
        const float *y = derivative_part_value(&d, 0), *dx = derivative_of(&d, 0);
        for (int32_t i = 0; i < N; i++) {
            const float keep = y[i] == 0 ? 0 : 4.0f / 3; /* no x is zero */
            zeros += y[i] == 0;
            scaled = scaled && tap_close((double)y[i], (double)(x[i] * keep), 1e-6);
            same_mask = same_mask && tap_close((double)dx[i], (double)(w[i] * keep), 1e-6);
            first[i] = y[i];
        }
        derivative_value(&d);
        y = derivative_part_value(&d, 0);
        for (int32_t i = 0; i < N; i++) changed += (first[i] == 0) != (y[i] == 0);
    }
    check_fine(&f, "dropout");
    is_close(zeros, 0.25 * N, 0.1, "dropout: a quarter is zeroed, got %d of %d", zeros, N);
    ok(scaled, "dropout: what is kept is scaled by 1 / (1 - p)");
    ok(same_mask, "dropout: the gradient has the mask of the value");
    ok(changed > N / 4, "dropout: the next step draws another mask");
    fixture_free(&f);
}

static void dropout_rests(void) {
    const float x[] = {1, -2, 3};
    fixture f = {0};
    fixture_build(&f, layer("dropout"), "p = 0.5", "f32[3]", false);
    fixture_compile(&f, &(mlrt__want){f.y, NULL}, 1);
    fixture_fill(&f, "x0", x);
    if (fixture_run(&f)) is_close_all(fixture_result(&f, 0), x, 3, 0, "dropout: evaluation changes nothing");
    check_fine(&f, "dropout in evaluation");
    fixture_free(&f);
}

/* Four examples of two features, means 3 and -2, variances with n - 1: 14/3 and 0. */
static const float batch[] = {1, -2, 2, -2, 3, -2, 6, -2};

static void batch_norm_averages(void) {
    fixture f = {0};
    fixture_build(&f, layer("batch_norm"), "momentum = 0.25", "f32[4,2]", true);
    mlrt__want want[] = {{f.y, NULL}, {f.graph->update[0].value, NULL}, {f.graph->update[1].value, NULL}};
    is_int(f.graph->updates, 2, "batch_norm keeps two statistics");
    fixture_compile(&f, want, 3);
    fixture_fill(&f, "x0", batch);
    if (fixture_run(&f)) {
        const float mean[] = {0.75f, -0.5f}, variance[] = {0.75f + 14.0f / 12, 0.75f};
        is_close_all(fixture_result(&f, 1), mean, 2, 1e-6, "batch_norm: the running mean moves by the momentum");
        is_close_all(fixture_result(&f, 2), variance, 2, 1e-6, "batch_norm: the running variance is that of n - 1");
        is_close((double)fixture_result(&f, 0)[1], 0, 1e-6, "batch_norm: a constant feature becomes its bias");
    }
    check_fine(&f, "batch_norm");
    fixture_free(&f);
}

static void batch_norm_evaluates(void) {
    fixture f = {0};
    fixture_build(&f, layer("batch_norm"), "eps = 1", "f32[4,2]", false);
    fixture_compile(&f, &(mlrt__want){f.y, NULL}, 1);
    if (f.program) {
        memcpy(fixture_param(&f, "running_mean"), (float[]){1, 0}, 2 * sizeof(float));
        memcpy(fixture_param(&f, "running_variance"), (float[]){3, 0}, 2 * sizeof(float));
        fixture_fill(&f, "x0", batch);
        const float want[] = {0, -2, 0.5f, -2, 1, -2, 2.5f, -2};
        if (fixture_run(&f))
            is_close_all(fixture_result(&f, 0), want, 8, 1e-6, "batch_norm: evaluation uses the running statistics");
    }
    check_fine(&f, "batch_norm in evaluation");
    fixture_free(&f);
}

static void padding_is_hidden(void) {
    enum { DIM = 8 };
    const int32_t source[] = {3, 4, 0, 0, 5, 6, 7, 0};
    fixture f = {0};
    derivative d;
    fixture_build(&f, layer("seq2seq"), "dim = 8, heads = 2", "i32[2,4]<9(pad), i32[2,3]<5(pad end)", true);
    if (derivative_new(&d, &f, 1)) {
        memcpy(d.field[0].value, source, sizeof source);
        derivative_value(&d);
        for (int32_t i = 0; i < d.variables; i++) {
            if (strcmp(d.variable[i].name, "encoder.embedding.weight") != 0) continue;
            double pad = 0, word = 0;
            for (int32_t k = 0; k < DIM; k++) {
                pad += fabs((double)derivative_of(&d, i)[k]);
                word += fabs((double)derivative_of(&d, i)[3 * DIM + k]);
            }
            ok(pad == 0 && word > 0, "seq2seq: nothing depends on the embedding of padding");
        }
    }
    check_fine(&f, "seq2seq");
    fixture_free(&f);
}

static void padding_follows_the_end(void) {
    const int32_t source[] = {3, 4, 5, 6};
    fixture f = {0};
    fixture_build(&f, layer("seq2seq"), "dim = 8, heads = 2", "i32[1,4]<9(pad), i32[1,4]<6(x begin end pad)", false);
    if (fixture_compile(&f, &(mlrt__want){f.y, NULL}, 1)) {
        fixture_param(&f, "decoder.output.bias")[2] = 100;
        fixture_fill(&f, "x0", source);
        if (fixture_run(&f)) {
            const int32_t want[] = {2, 3, 3, 3};
            ok(memcmp(fixture_result(&f, 0), want, sizeof want) == 0, "seq2seq: after \"end\" every token is \"pad\"");
        }
    }
    check_fine(&f, "seq2seq decoding");
    fixture_free(&f);
}

int main(void) {
    dropout_drops();
    dropout_rests();
    batch_norm_averages();
    batch_norm_evaluates();
    padding_is_hidden();
    padding_follows_the_end();
    return done_testing();
}
