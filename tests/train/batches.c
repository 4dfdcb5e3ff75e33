/* batches.c - the stream of training batches: permutations pass after pass, the same from whichever batch on. */
#include "train/batches.h"
#include "tap.h"
#include "tiny.h"

/* The examples of `count` batches from `first` on, as their indices. */
static int32_t *stream(const mlrt_task *task, int64_t size, uint64_t seed, int64_t first, int64_t count) {
    mlrt__batches *b;
    mlrt_error err = {0};
    int32_t *index = malloc(sizeof *index * (size_t)(size * count));
    bool same = true;
    if (!ok(mlrt__batches_open(task, size, seed, first, &b, &err) == MLRT_OK, "batches of %d from %d on", (int)size,
            (int)first))
        exit(1);
    for (int64_t i = 0; i < count; i++)
        memcpy(index + i * size, mlrt__batches_next(b, &same)[TINY_INDEX], sizeof *index * (size_t)size);
    mlrt__batches_close(b);
    return index;
}

static bool is_permutation(const int32_t *index, int64_t n) {
    bool seen[TINY_TRAIN] = {false};
    for (int64_t i = 0; i < n; i++)
        if (index[i] < 0 || index[i] >= n || seen[index[i]])
            return false;
        else
            seen[index[i]] = true;
    return true;
}

static bool same_order(const int32_t *a, const int32_t *b, int64_t n) {
    return memcmp(a, b, sizeof *a * (size_t)n) == 0;
}

/* 40 batches of 7 are seven passes over 40 examples: batches cross the border between two passes. */
static void test_passes(const mlrt_task *task) {
    enum { SIZE = 7, COUNT = 40, PASSES = SIZE * COUNT / TINY_TRAIN };
    int32_t *index = stream(task, SIZE, 3, 0, COUNT), passes = 0, repeated = 0;
    for (int32_t p = 0; p < PASSES; p++) passes += is_permutation(index + p * TINY_TRAIN, TINY_TRAIN);
    for (int32_t p = 1; p < PASSES; p++)
        repeated += same_order(index + (p - 1) * TINY_TRAIN, index + p * TINY_TRAIN, TINY_TRAIN);
    is_int(passes, PASSES, "each pass meets every example once");
    is_int(repeated, 0, "each in an order of its own");

    int32_t *again = stream(task, SIZE, 3, 0, COUNT), *other = stream(task, SIZE, 4, 0, COUNT);
    ok(same_order(index, again, SIZE * COUNT), "the same seed gives the same stream");
    ok(!same_order(index, other, TINY_TRAIN), "another seed another one");
    for (int64_t first = 1; first < COUNT; first += 6) {
        int32_t *rest = stream(task, SIZE, 3, first, COUNT - first);
        ok(same_order(index + first * SIZE, rest, SIZE * (COUNT - first)), "and goes on as if it had not stopped");
        free(rest);
    }
    int32_t *wide = stream(task, 35, 3, 0, 8);
    ok(same_order(index, wide, SIZE * COUNT), "the size of a batch only cuts the stream");
    free(index), free(again), free(other), free(wide);
}

/* More batches than the ring has slots, slowly read: what is being read is not overwritten. */
static void test_slow_reader(const mlrt_task *task) {
    mlrt__batches *b;
    bool same, whole = true;
    mlrt__batches_open(task, 8, 0, 0, &b, NULL);
    for (int32_t i = 0; i < 60; i++) {
        void *const *data = mlrt__batches_next(b, &same);
        int32_t before[8];
        memcpy(before, data[TINY_INDEX], sizeof before);
        usleep(200);
        whole = whole && !same && memcmp(before, data[TINY_INDEX], sizeof before) == 0;
    }
    ok(whole, "a batch stays as it is until the next is asked for");
    mlrt__batches_close(b);
}

static void test_full_batch(const mlrt_task *task) {
    mlrt__batches *b;
    bool first, second;
    mlrt__batches_open(task, TINY_TRAIN, 3, 9, &b, NULL);
    void *const *data = mlrt__batches_next(b, &first);
    int32_t in_order = 0;
    for (int32_t i = 0; i < TINY_TRAIN; i++) in_order += ((const int32_t *)data[TINY_INDEX])[i] == i;
    is_int(in_order, TINY_TRAIN, "a batch of the whole split is in order");
    ok(!first && mlrt__batches_next(b, &second) == data && second, "and is fetched once");
    mlrt__batches_close(b);
}

/* Larger than the split: a batch then holds parts of several passes. */
static void test_more_than_there_is(const mlrt_task *task) {
    int32_t *index = stream(task, 100, 3, 0, 2), *plain = stream(task, 8, 3, 0, 25);
    ok(same_order(index, plain, 200), "a batch may be larger than the split");
    free(index), free(plain);
}

/* So large that only two are fetched ahead. */
static void test_large(const mlrt_task *task) {
    enum { SIZE = 100000, COUNT = 5 };
    int32_t *index = stream(task, SIZE, 3, 0, COUNT), *plain = stream(task, 100, 3, 0, SIZE / 100 * COUNT);
    ok(same_order(index, plain, SIZE * COUNT), "large batches are the same stream");
    free(index), free(plain);
}

/* Closed at once, while the other thread still fetches. */
static void test_closing(const mlrt_task *task) {
    for (int32_t i = 0; i < 50; i++) {
        mlrt__batches *b;
        bool same;
        mlrt__batches_open(task, 8, 0, i, &b, NULL);
        for (int32_t k = 0; k < i % 20; k++) mlrt__batches_next(b, &same);
        mlrt__batches_close(b);
    }
    mlrt__batches_close(NULL);
    ok(true, "a stream may be closed at any time");
}

int main(void) {
    const mlrt_task task = tiny_task(&tiny_class);
    is_int((int64_t)mlrt__field_bytes(&task.field[TINY_X], 5), 5 * TINY_IN * 4, "bytes of a field");
    test_passes(&task);
    test_slow_reader(&task);
    test_full_batch(&task);
    test_more_than_there_is(&task);
    test_large(&task);
    test_closing(&task);
    return done_testing();
}
