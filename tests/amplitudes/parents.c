/* parents.c - what the parents of five and six loops' words can tell: where examples have the same input, one of them can be
 * known; and which examples have opposite inputs. */
#include "opened.h"
#include <stdlib.h>

enum { BATCH = 1000, MOST_TOKENS = 256 };

/* Two inputs of a million have the same hash with a chance of 3e-8. */
static uint64_t hash(const int32_t *token, int64_t count) {
    uint64_t h = 1;
    for (int64_t i = 0; i < count; i++) {
        h = (h ^ (uint64_t)token[i]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 32;
    }
    return h;
}

static int by_size(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Hashes of the inputs of a split. */
static void read_inputs(const open_task *o, mlrt_split split, uint64_t *to) {
    static int32_t source[BATCH * MOST_TOKENS], target[BATCH * 8];
    const int64_t size = o->task->size[split], tokens = o->task->field[0].shape.dim[0];
    for (int64_t first = 0; first < size; first += BATCH) {
        int64_t index[BATCH];
        const int64_t count = size - first < BATCH ? size - first : BATCH;
        for (int64_t i = 0; i < count; i++) index[i] = first + i;
        o->cls->fetch(o->task, split, index, count, (void *[]){source, target});
        for (int64_t i = 0; i < count; i++) to[first + i] = hash(source + i * tokens, tokens);
    }
}

/* A row of Table 4: how many examples it has, and how many different inputs. */
static void row(int32_t loop, const char *properties, int64_t examples, int64_t inputs) {
    open_task o;
    char text[128];
    snprintf(text, sizeof text, "loop = %d%s", loop, properties);
    if (!ok(task_opened(&o, "amplitudes.strike_two", text), "%s", text)) return;
    const int64_t train = o.task->size[MLRT_TRAIN], count = train + o.task->size[MLRT_TEST];
    uint64_t *h = malloc(sizeof *h * (size_t)count);
    int64_t different = 0;
    read_inputs(&o, MLRT_TRAIN, h);
    read_inputs(&o, MLRT_TEST, h + train);
    qsort(h, (size_t)count, sizeof *h, by_size);
    for (int64_t i = 0; i < count; i++) different += i == 0 || h[i] != h[i - 1];
    is_int(count, examples, "examples");
    is_int(different, inputs, "different inputs: %.1f %% can be known", 100 * (double)different / (double)count);
    free(h);
    task_close(&o);
}

/* How many pairs of examples have all signs opposite, and how many other examples have parents opposite to those of one. */
static void opposites(int32_t loop, int64_t pairs, int64_t others) {
    open_task all, one;
    char text[64];
    snprintf(text, sizeof text, "loop = %d, test = 1", loop);
    if (!ok(task_opened(&all, "amplitudes.strike_two", text), "%s", text)) return;
    strcat(text, ", opposites = both");
    if (!ok(task_opened(&one, "amplitudes.strike_two", text), "%s", text)) return;
    const int64_t half = one.task->size[MLRT_TRAIN] / 2;
    uint64_t *h = malloc(sizeof *h * (size_t)(2 * half));
    int64_t met = 0;
    read_inputs(&one, MLRT_TRAIN, h);
    qsort(h, (size_t)half, sizeof *h, by_size);
    for (int64_t i = half; i < 2 * half; i++) met += bsearch(&h[i], h, (size_t)half, sizeof *h, by_size) != NULL;
    is_int(all.task->size[MLRT_TRAIN] - half, pairs, "pairs with all signs opposite");
    is_int(met, others, "others whose parents alone are");
    free(h);
    task_close(&all), task_close(&one);
}

int main(void) {
    opposites(5, 2908, 303);
    opposites(6, 30603, 26);
    row(5, "", 39453, 39135);
    row(5, ", k = 3", 34675, 34130);
    row(5, ", k = 2", 30060, 29084);
    row(5, ", k = 1", 23834, 20222);
    row(6, "", 782500, 782490);
    row(6, ", k = 5", 779060, 779044);
    row(6, ", k = 3", 763352, 763308);
    row(6, ", k = 2", 713869, 713688);
    row(6, ", k = 1", 601510, 596589);
    row(6, ", k = 5, order = sorted", 727534, 727321);
    row(6, ", keep = magnitude", 761675, 663224);
    row(6, ", keep = sign", 758088, 744327);
    row(6, ", keep = sign, order = sorted", 208492, 2109);
    row(6, ", keep = sign, k = 2", 663368, 595030);
    row(6, ", keep = sign, k = 2, order = sorted", 100078, 253);
    return done_testing();
}
