/* idx.c - the task images.idx: images and their classes from MNIST's four files, or from files like them. */
#include "idx_file.h"
#include <mlrt/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FASHION_MNIST "/usr/share/datasets/fashion-mnist"

typedef struct idx {
    const char *data;
    int32_t train, test, seed;
    bool shuffle;
} idx;

static const mlrt_prop idx_props[] = {
    MLRT_PROP_STRING(idx, data, .init_text = FASHION_MNIST,
                     .doc = "folder of train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
                            "t10k-labels-idx1-ubyte, with or without .gz"),
    MLRT_PROP_INT(idx, train, .range = "[0, inf)", .doc = "how many images to train on; 0 for all of the first files"),
    MLRT_PROP_INT(idx, test, .range = "[0, inf)", .doc = "how many to test on; 0 for all of the others"),
    MLRT_PROP_BOOL(idx, shuffle, .init = true, .doc = "take them at random, else those that come first"),
    MLRT_PROP_INT(idx, seed, .doc = "of the choice"),
    {0}};

/* The images of a split that are in use. */
typedef struct part {
    int64_t count;
    uint8_t *pixel, *label;
} part;

typedef struct state {
    part part[MLRT_SPLITS];
    int64_t rows, columns;
    mlrt_vocabulary classes;
} state;

/* ---- files ---- */

static mlrt_status find(const char *folder, const char *name, char *path, size_t size, mlrt_error *err) {
    char file[1024];
    for (int gzipped = 0; gzipped < 2; gzipped++) {
        snprintf(file, sizeof file, "%s/%s%s", folder, name, gzipped ? ".gz" : "");
        if (mlrt_find_data(file, path, size, NULL) == MLRT_OK) return MLRT_OK;
    }
    mlrt_fail(err, MLRT_FILE, "no data file '%s/%s', nor with .gz", folder, name);
    mlrt_hint(err, strcmp(folder, FASHION_MNIST) == 0
                       ? "Debian: dataset-fashion-mnist; or data = \"a folder of MNIST's files\""
                       : "'data' is a folder of MNIST's files, or lies in one of $MLRT_DATA_PATH");
    return MLRT_FILE;
}

static mlrt_status read_one(const char *folder, const char *name, int32_t rank, idx_file *out, mlrt_error *err) {
    char path[2048];
    return find(folder, name, path, sizeof path, err) == MLRT_OK ? idx_read(path, rank, out, err) : MLRT_FILE;
}

/* ---- which images are in use ---- */

/* Keep `count` of the images, all when it is 0. */
static mlrt_status choose(const idx *p, const char *word, int64_t count, const idx_file *images, const idx_file *labels,
                          part *out, mlrt_error *err) {
    const int64_t all = images->size[0], pixels = images->size[1] * images->size[2];
    if (count == 0) count = all;
    if (count > all)
        return mlrt_fail(err, MLRT_RANGE, "'%s' = %lld, but there are %lld images", word, (long long)count,
                         (long long)all);
    int64_t *order = malloc(sizeof *order * (size_t)all);
    out->pixel = malloc((size_t)(count * pixels));
    out->label = malloc((size_t)count);
    out->count = count;
    if (!order || !out->pixel || !out->label) return free(order), mlrt_fail(err, MLRT_MEMORY, "out of memory");
    for (int64_t i = 0; i < all; i++) order[i] = i;
    if (p->shuffle) mlrt_random_shuffle((uint64_t)p->seed, mlrt_stream(word), order, all);
    for (int64_t i = 0; i < count; i++) {
        memcpy(out->pixel + i * pixels, images->data + order[i] * pixels, (size_t)pixels);
        out->label[i] = labels->data[order[i]];
    }
    free(order);
    return MLRT_OK;
}

static int32_t classes_of(const idx_file *labels) {
    int32_t most = 0;
    for (int64_t i = 0; i < labels->size[0]; i++)
        if (labels->data[i] > most) most = labels->data[i];
    return most + 1;
}

/* Sizes that must agree: of images with their labels, and of images for testing with those before. */
static mlrt_status check(const idx *p, const char *name, state *s, const idx_file *images, const idx_file *labels,
                         mlrt_error *err) {
    if (images->size[0] != labels->size[0])
        return mlrt_fail(err, MLRT_FORMAT, "'%s': %lld images of '%s', but %lld labels", p->data,
                         (long long)images->size[0], name, (long long)labels->size[0]);
    if (s->rows && (images->size[1] != s->rows || images->size[2] != s->columns))
        return mlrt_fail(err, MLRT_FORMAT, "'%s': images of '%s' are %lld x %lld, those before %lld x %lld", p->data,
                         name, (long long)images->size[1], (long long)images->size[2], (long long)s->rows,
                         (long long)s->columns);
    s->rows = images->size[1], s->columns = images->size[2];
    const int32_t classes = classes_of(labels);
    if (classes > s->classes.size) s->classes.size = classes;
    return MLRT_OK;
}

static mlrt_status read_split(state *s, const idx *p, mlrt_split split, mlrt_error *err) {
    const bool testing = split == MLRT_TEST;
    const char *name = testing ? "t10k" : "train";
    char images_name[64], labels_name[64];
    idx_file images = {0}, labels = {0};
    snprintf(images_name, sizeof images_name, "%s-images-idx3-ubyte", name);
    snprintf(labels_name, sizeof labels_name, "%s-labels-idx1-ubyte", name);
    mlrt_status status = read_one(p->data, images_name, 3, &images, err);
    if (status == MLRT_OK) status = read_one(p->data, labels_name, 1, &labels, err);
    if (status == MLRT_OK) status = check(p, name, s, &images, &labels, err);
    if (status == MLRT_OK)
        status =
            choose(p, testing ? "test" : "train", testing ? p->test : p->train, &images, &labels, &s->part[split], err);
    free(images.data);
    free(labels.data);
    return status;
}

/* ---- the task ---- */

static mlrt_status idx_open(mlrt_task *self, mlrt_error *err) {
    const idx *p = mlrt_props(self);
    state *s = self->state = calloc(1, sizeof *s);
    if (!s) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    if (read_split(s, p, MLRT_TRAIN, err) != MLRT_OK || read_split(s, p, MLRT_TEST, err) != MLRT_OK) return err->status;
    self->size[MLRT_TRAIN] = s->part[MLRT_TRAIN].count, self->size[MLRT_TEST] = s->part[MLRT_TEST].count;
    self->fields = 2;
    self->field[0] = (mlrt_field){"image", MLRT_F32, MLRT_SHAPE_OF((int32_t)s->rows, (int32_t)s->columns),
                                  NULL,    false,    "pixels from 0 to 1"};
    self->field[1] = (mlrt_field){"label", MLRT_I32, MLRT_SCALAR, &s->classes, true, "the class"};
    return MLRT_OK;
}

static void idx_close(mlrt_task *self) {
    state *s = self->state;
    if (!s) return;
    for (int32_t i = 0; i < MLRT_SPLITS; i++) {
        free(s->part[i].pixel);
        free(s->part[i].label);
    }
    free(s);
    self->state = NULL;
}

static void idx_fetch(const mlrt_task *self, mlrt_split split, const int64_t *index, int64_t count,
                      void *const buffer[]) {
    const state *s = self->state;
    const part *used = &s->part[split];
    const int64_t pixels = s->rows * s->columns;
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *from = used->pixel + index[i] * pixels;
        float *to = (float *)buffer[0] + i * pixels;
        for (int64_t k = 0; k < pixels; k++) to[k] = (float)from[k] / 255;
        ((int32_t *)buffer[1])[i] = used->label[index[i]];
    }
}

MLRT_TASK(idx, .summary = "telling the class of an image, from files in the format of MNIST",
          .doc = "By default the images are those of Fashion-MNIST, as Debian's package dataset-fashion-mnist installs "
                 "them. A model gets [batch, rows, columns] of grey values from 0 to 1.",
          .source = "LeCun, Cortes, Burges, the MNIST database; Xiao et al., arXiv:1708.07747", .props = idx_props,
          .positional = "data", .open = idx_open, .close = idx_close, .fetch = idx_fetch);
