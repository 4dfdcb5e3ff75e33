/* checkpoint.c - all that decides how a run goes on, in one safetensors file. */
#include "train/checkpoint.h"
#include "tensor/safetensors.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 64, MOST_PAIRS = 32 };

/* The tensors of a checkpoint: parameter i, and the optimizer's slots beside it. */
typedef struct listing {
    mlrt__arena arena;
    mlrt__named_tensor *tensor;
    int32_t count;
} listing;

static void list(listing *l, const char *prefix, const mlrt__param *p, const float *buffer) {
    mlrt__named_tensor *t = &l->tensor[l->count++];
    t->name = mlrt__arena_printf(&l->arena, "%s/%s", prefix, p->name);
    t->tensor = (mlrt_tensor){MLRT_F32, p->shape, (float *)buffer + p->offset};
}

static void list_tensors(listing *l, const mlrt__recipe *r, const mlrt__params *params, const float *buffer,
                         bool slots) {
    l->tensor = MLRT__NEWS(&l->arena, mlrt__named_tensor, params->count * (1 + MLRT_MAX_SLOTS));
    for (int32_t i = 0; i < params->count; i++) {
        const mlrt__param *p = params->param[i];
        list(l, "param", p, buffer);
        for (int32_t s = 0; slots && p->trained && s < r->optimizer.slots; s++) {
            char prefix[16];
            snprintf(prefix, sizeof prefix, "slot%d", s);
            list(l, prefix, p, r->optimizer.slot[s]);
        }
    }
}

#define MILESTONE(i)                                                                                                   \
    { "milestone" #i, offsetof(mlrt__progress, milestone[i]), false }

/* The numbers of mlrt__progress as texts, both ways: one row each. */
static const struct {
    const char *key;
    size_t offset;
    bool real;
} numbers[] = {
    {"step", offsetof(mlrt__progress, step), false},
    {"loss_sum", offsetof(mlrt__progress, loss_sum), true},
    {"best", offsetof(mlrt__progress, best), true},
    {"stale", offsetof(mlrt__progress, stale), false},
    {"ended", offsetof(mlrt__progress, ended), false},
    {"seconds", offsetof(mlrt__progress, seconds), true},
    MILESTONE(0),
    MILESTONE(1),
    MILESTONE(2),
    MILESTONE(3),
    MILESTONE(4),
    MILESTONE(5),
    MILESTONE(6),
    MILESTONE(7),
};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static const char *optimizer_name(const mlrt__recipe *r) { return r->optimizer.group[0].optimizer->object.cls->name; }

mlrt_status mlrt__checkpoint_write(const char *path, const mlrt__recipe *r, const mlrt__params *params,
                                   const float *buffer, const mlrt__progress *progress, mlrt_error *err) {
    listing l = {0};
    char text[NUMBERS][TEXT], seed[TEXT];
    mlrt__pair pair[MOST_PAIRS];
    int32_t pairs = 0;
    list_tensors(&l, r, params, buffer, true);
    for (int32_t i = 0; i < NUMBERS; i++) {
        const char *value = (const char *)progress + numbers[i].offset;
        if (numbers[i].real)
            snprintf(text[i], TEXT, "%a", *(const double *)value);
        else
            snprintf(text[i], TEXT, "%" PRId64, *(const int64_t *)value);
        pair[pairs++] = (mlrt__pair){numbers[i].key, text[i]};
    }
    snprintf(seed, TEXT, "%" PRIu64, r->seed);
    pair[pairs++] = (mlrt__pair){"seed", seed};
    pair[pairs++] = (mlrt__pair){"experiment", r->experiment};
    pair[pairs++] = (mlrt__pair){"parameters", r->parameters};
    pair[pairs++] = (mlrt__pair){"optimizer", optimizer_name(r)};
    pair[pairs++] = (mlrt__pair){"mlrt", mlrt_version()};
    const mlrt_status status = mlrt__safetensors_write(path, l.tensor, l.count, pair, pairs, err);
    mlrt__arena_free(&l.arena);
    return status;
}

static mlrt_status same_text(const mlrt__safetensors *file, const char *key, const char *wanted, const char *path,
                             mlrt_error *err) {
    const char *found = mlrt__safetensors_metadata(file, key);
    if (found && strcmp(found, wanted) == 0) return MLRT_OK;
    return mlrt_fail(err, MLRT_ARGUMENT, "'%s' is of another run: %s '%s', expected '%s'", path, key,
                     found ? found : "", wanted);
}

static mlrt_status read_progress(const mlrt__safetensors *file, const char *path, const mlrt__recipe *r,
                                 mlrt__progress *progress, mlrt_error *err) {
    char seed[TEXT];
    snprintf(seed, TEXT, "%" PRIu64, r->seed);
    if (same_text(file, "experiment", r->experiment, path, err) != MLRT_OK ||
        same_text(file, "parameters", r->parameters, path, err) != MLRT_OK ||
        same_text(file, "optimizer", optimizer_name(r), path, err) != MLRT_OK ||
        same_text(file, "seed", seed, path, err) != MLRT_OK)
        return err->status;
    for (int32_t i = 0; i < NUMBERS; i++) {
        const char *text = mlrt__safetensors_metadata(file, numbers[i].key);
        char *end = NULL, *value = (char *)progress + numbers[i].offset;
        if (text && numbers[i].real)
            *(double *)value = strtod(text, &end);
        else if (text)
            *(int64_t *)value = strtoll(text, &end, 10);
        if (!text || end == text || *end)
            return mlrt_fail(err, MLRT_FORMAT, "'%s' is not a checkpoint of mlrt: '%s' is missing or damaged", path,
                             numbers[i].key);
    }
    return MLRT_OK;
}

mlrt_status mlrt__checkpoint_read(const char *path, const mlrt__recipe *r, const mlrt__params *params, float *buffer,
                                  mlrt__progress *progress, mlrt_error *err) {
    mlrt__safetensors file;
    listing l = {0};
    if (mlrt__safetensors_open(&file, path, err) != MLRT_OK) return err->status;
    mlrt__progress found = {0};
    mlrt_status status = progress ? read_progress(&file, path, r, &found, err) : MLRT_OK;
    if (status == MLRT_OK) list_tensors(&l, r, params, buffer, progress != NULL);
    for (int32_t i = 0; i < l.count && status == MLRT_OK; i++)
        status = mlrt__safetensors_read(&file, l.tensor[i].name, &l.tensor[i].tensor, err);
    if (status == MLRT_OK && progress) *progress = found;
    mlrt__arena_free(&l.arena);
    mlrt__safetensors_close(&file);
    return status;
}
