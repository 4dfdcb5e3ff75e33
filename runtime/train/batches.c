/* batches.c - the stream of training batches, fetched ahead by a thread.
 *
 * One thread writes into a ring of slots and one reads: two semaphores count what is full and what is free. Half of the
 * slots are given back at once, so that small steps do not pay for waking the other thread each time. Of large batches
 * there are fewer: a step takes long enough to fetch the next one, which is still in cache when its turn comes.
 */
#include "train/batches.h"
#include "base/arena.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { FEWEST = 2, MOST = 16, RING_BYTES = 8 << 20 };

struct mlrt__batches {
    const mlrt_task *task;
    int64_t size, total; /* of a batch, of the split */
    uint64_t seed;
    int64_t next; /* batch to fetch: of the thread once it runs */
    int64_t pass; /* whose order is in `order` */
    int64_t *order, *index;
    void *buffer[MOST][MLRT_MAX_FIELDS];
    int32_t slots;
    int32_t reading; /* slot of the reader, -1 before the first */
    int32_t owed;    /* slots read but not yet given back */
    bool constant;
    sem_t full, free;
    pthread_t thread;
    bool running;
    atomic_bool stop;
};

size_t mlrt__field_bytes(const mlrt_field *field, int64_t count) {
    return (size_t)(mlrt_shape_count(&field->shape) * count) * mlrt_dtype_size(field->dtype);
}

static void shuffle_pass(mlrt__batches *b, int64_t pass) {
    b->pass = pass;
    for (int64_t i = 0; i < b->total; i++) b->order[i] = i;
    if (!b->constant) mlrt_random_shuffle(b->seed, mlrt_stream("batches") + (uint64_t)pass, b->order, b->total);
}

static void fetch(mlrt__batches *b, int32_t slot) {
    const int64_t start = b->next++ * b->size;
    for (int64_t i = 0; i < b->size; i++) {
        const int64_t pass = (start + i) / b->total;
        if (pass != b->pass) shuffle_pass(b, pass);
        b->index[i] = b->order[(start + i) % b->total];
    }
    const mlrt_task_class *cls = (const mlrt_task_class *)b->task->object.cls;
    cls->fetch(b->task, MLRT_TRAIN, b->index, b->size, b->buffer[slot]);
}

static void *fetch_ahead(void *batches) {
    mlrt__batches *b = batches;
    for (int32_t slot = 0;; slot = (slot + 1) % b->slots) {
        while (sem_wait(&b->free) != 0) {}
        if (atomic_load(&b->stop)) return NULL;
        fetch(b, slot);
        sem_post(&b->full);
    }
}

/* An even number of slots, of at most RING_BYTES together where more than two are asked for. */
static int32_t slots_for(const mlrt_task *task, int64_t size) {
    size_t bytes = 1;
    for (int32_t f = 0; f < task->fields; f++) bytes += mlrt__field_bytes(&task->field[f], size);
    const size_t fit = RING_BYTES / bytes / 2 * 2;
    return (int32_t)(fit < FEWEST ? FEWEST : fit > MOST ? MOST : fit);
}

static bool allocate(mlrt__batches *b) {
    b->order = malloc(sizeof *b->order * (size_t)b->total);
    b->index = malloc(sizeof *b->index * (size_t)b->size);
    bool fine = b->order && b->index;
    for (int32_t s = 0; s < b->slots; s++)
        for (int32_t f = 0; f < b->task->fields; f++)
            fine = (b->buffer[s][f] = mlrt__alloc_large(mlrt__field_bytes(&b->task->field[f], b->size))) && fine;
    return fine;
}

mlrt_status mlrt__batches_open(const mlrt_task *task, int64_t size, uint64_t seed, int64_t first, mlrt__batches **out,
                               mlrt_error *err) {
    mlrt__batches *b = calloc(1, sizeof *b);
    *out = NULL;
    if (!b) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    *b = (mlrt__batches){.task = task,
                         .size = size,
                         .total = task->size[MLRT_TRAIN],
                         .seed = seed,
                         .next = first,
                         .pass = -1,
                         .reading = -1,
                         .constant = size == task->size[MLRT_TRAIN]};
    b->slots = b->constant ? 1 : slots_for(task, size);
    sem_init(&b->full, 0, 0);
    sem_init(&b->free, 0, (unsigned)b->slots);
    if (!allocate(b)) {
        mlrt__batches_close(b);
        return mlrt_fail(err, MLRT_MEMORY, "out of memory for %d batches of %lld examples", b->slots, (long long)size);
    }
    if (b->constant)
        fetch(b, 0);
    else if (pthread_create(&b->thread, NULL, fetch_ahead, b) == 0)
        b->running = true;
    else {
        mlrt__batches_close(b);
        return mlrt_fail(err, MLRT_MEMORY, "unable to start the thread that fetches batches");
    }
    *out = b;
    return MLRT_OK;
}

void *const *mlrt__batches_next(mlrt__batches *b, bool *same) {
    *same = b->constant && b->reading == 0;
    if (b->constant) return b->buffer[b->reading = 0];
    if (b->reading >= 0 && ++b->owed == b->slots / 2)
        for (; b->owed; b->owed--) sem_post(&b->free);
    while (sem_wait(&b->full) != 0) {}
    b->reading = (b->reading + 1) % b->slots;
    return b->buffer[b->reading];
}

void mlrt__batches_close(mlrt__batches *b) {
    if (!b) return;
    if (b->running) {
        atomic_store(&b->stop, true);
        sem_post(&b->free);
        pthread_join(b->thread, NULL);
    }
    for (int32_t s = 0; s < b->slots; s++)
        for (int32_t f = 0; f < b->task->fields; f++) mlrt__free_large(b->buffer[s][f]);
    sem_destroy(&b->full);
    sem_destroy(&b->free);
    free(b->order);
    free(b->index);
    free(b);
}
