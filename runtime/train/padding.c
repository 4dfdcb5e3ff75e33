/* padding.c - looks at a batch of examples from all over the training split, and leaves out the padding that pays. */
#include "train/padding.h"
#include "train/batches.h"
#include <stdlib.h>

/* Less padding than this is not worth looking rows up. */
static const double LEAST = 0.03125;

/* Fills the fields that the program reads with evenly spread examples. */
static mlrt_status fetch_sample(const mlrt__recipe *r, const mlrt__program *p, mlrt_error *err) {
    const int64_t total = r->task->size[MLRT_TRAIN];
    void *buffer[MLRT_MAX_FIELDS], *spare[MLRT_MAX_FIELDS] = {NULL};
    int64_t *index = malloc(sizeof *index * (size_t)r->batch);
    bool fine = index != NULL;
    for (int32_t f = 0; f < r->task->fields && fine; f++) {
        buffer[f] = mlrt__program_input(p, r->task->field[f].name).data;
        if (!buffer[f]) buffer[f] = spare[f] = mlrt__alloc_large(mlrt__field_bytes(&r->task->field[f], r->batch));
        fine = buffer[f] != NULL;
    }
    for (int64_t i = 0; i < r->batch && fine; i++) index[i] = i * total / r->batch;
    if (fine) ((const mlrt_task_class *)r->task->object.cls)->fetch(r->task, MLRT_TRAIN, index, r->batch, buffer);
    for (int32_t f = 0; f < r->task->fields; f++) mlrt__free_large(spare[f]);
    free(index);
    return fine ? MLRT_OK : mlrt_fail(err, MLRT_MEMORY, "out of memory");
}

/* How many rows of the sample each padding leaves. */
static mlrt_status count_rows(const mlrt__recipe *r, mlrt_graph *g, const mlrt__padding *p, int32_t count,
                              int64_t *rows, mlrt_error *err) {
    mlrt__want want[MLRT__PADDINGS];
    mlrt__program *program;
    for (int32_t i = 0; i < count; i++) want[i] = (mlrt__want){p[i].starts, NULL};
    if (mlrt__program_new(g, want, count, NULL, &program, err) != MLRT_OK) return err->status;
    if (fetch_sample(r, program, err) == MLRT_OK) mlrt__program_run(program, 0, 0, err);
    for (int32_t i = 0; i < count && err->status == MLRT_OK; i++) {
        const mlrt_tensor starts = mlrt__program_result(program, i);
        rows[i] = ((const int32_t *)starts.data)[starts.shape.dim[0] - 1];
    }
    mlrt__program_free(program);
    return err->status;
}

mlrt_node *mlrt__without_padding(const mlrt__recipe *recipe, mlrt_node *loss, double *share, mlrt_error *err) {
    mlrt__padding found[MLRT__PADDINGS], worth[MLRT__PADDINGS];
    int64_t rows[MLRT__PADDINGS] = {0}, all = 0, kept = 0;
    mlrt_graph *g = mlrt_node_graph(loss);
    const int32_t count = mlrt__find_padding(loss, found);
    int32_t n = 0;
    *share = 0;
    if (count == 0) return loss;
    if (count_rows(recipe, g, found, count, rows, err) != MLRT_OK) return NULL;
    for (int32_t i = 0; i < count; i++) {
        const int64_t most = mlrt_count(found[i].mask);
        if ((double)(most - rows[i]) < LEAST * (double)most) continue;
        worth[n++] = found[i];
        all += most, kept += rows[i];
    }
    if (n == 0) return loss;
    mlrt_node *without = mlrt__leave_out_padding(loss, worth, n);
    if (without != loss) *share = (double)(all - kept) / (double)all;
    return without;
}
