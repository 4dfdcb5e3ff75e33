/* schedule.c - every schedule against PyTorch, step by step; and what each promises of the run's ends. */
#include "fixture.h"
#include "golden/golden.h"
#include "tap.h"

static const double tolerance = 1e-6;

static void run_case(const mlrt_schedule_class *cls, const mlrt_case *c, const char *name, mlrt__safetensors *file) {
    fixture f = {0};
    const mlrt_schedule *s = (const mlrt_schedule *)fixture_object(&f, &cls->base, c->props);
    const mlrt_tensor y = golden_tensor(file, name, "y");
    float got[GOLDEN_TOTAL];
    bool sane = true;
    for (int64_t t = 1; t <= GOLDEN_TOTAL; t++) got[t - 1] = (float)cls->factor(s, t, GOLDEN_TOTAL);
    if (ok(y.data && mlrt_shape_count(&y.shape) == GOLDEN_TOTAL, "%s: golden values", name))
        is_close_all(got, y.data, GOLDEN_TOTAL, tolerance, "%s { %s } follows PyTorch", cls->name, c->props);
    for (int64_t total = 1; total <= 3; total++)
        for (int64_t t = 1; t <= total; t++) {
            const double factor = cls->factor(s, t, total);
            sane = sane && factor >= 0 && factor <= 1;
        }
    ok(sane, "%s { %s }: factors of a run of one, two or three steps lie in 0 .. 1", cls->name, c->props);
    fixture_free(&f);
}

int main(void) {
    const mlrt__registry *r = fixture_registry();
    mlrt__safetensors file;
    char name[128], text[1024];
    golden_open(&file, "schedule");
    for (int32_t i = 0; i < r->entries; i++) {
        const mlrt_class *cls = r->entry[i].cls;
        if (cls->kind != MLRT_KIND_SCHEDULE || strcmp(r->entry[i].from->plugin->name, "core") != 0) continue;
        if (!ok(cls->cases && cls->cases[0].torch, "%s has a case", cls->name)) continue;
        for (int32_t k = 0; cls->cases[k].torch; k++) {
            snprintf(name, sizeof name, "%s.%d", cls->name, k);
            is_str(mlrt__safetensors_metadata(&file, name), golden_text(&cls->cases[k], text, sizeof text),
                   "%s: the golden file knows this case", name);
            run_case((const mlrt_schedule_class *)cls, &cls->cases[k], name, &file);
        }
    }
    mlrt__safetensors_close(&file);
    return done_testing();
}
