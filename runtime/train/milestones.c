/* milestones.c - the first step after which a metric was good enough. */
#include "train/milestones.h"
#include <math.h>

static bool waits(const mlrt__recipe *r, const mlrt__progress *progress, int32_t i, mlrt_split split) {
    return r->milestone[i].split == split && !progress->milestone[i];
}

static bool is_reached(const mlrt__milestone *m, const mlrt__evaluator *e) {
    const double value = mlrt__evaluator_value(e, m->metric, m->split);
    return !isnan(value) && !mlrt__better(m->metric, m->at, value);
}

/* Those of a split from the first one that waits on; says how many still do. */
static mlrt_status look(const mlrt__recipe *r, mlrt__evaluator *e, mlrt__progress *progress, mlrt_split split,
                        int32_t *waiting, mlrt_error *err) {
    int32_t i = 0;
    while (i < r->milestones && !waits(r, progress, i, split)) i++;
    if (i == r->milestones) return MLRT_OK;
    if (mlrt__evaluator_split(e, split, err) != MLRT_OK) return err->status;
    for (; i < r->milestones; i++) {
        if (!waits(r, progress, i, split)) continue;
        if (is_reached(&r->milestone[i], e))
            progress->milestone[i] = progress->step;
        else
            ++*waiting;
    }
    return MLRT_OK;
}

mlrt_status mlrt__milestones_look(const mlrt__recipe *r, mlrt__evaluator *e, mlrt__progress *progress,
                                  mlrt_error *err) {
    int32_t waiting = 0;
    for (mlrt_split s = 0; s < MLRT_SPLITS; s++)
        if (look(r, e, progress, s, &waiting, err) != MLRT_OK) return err->status;
    if (r->milestones && r->stop_at_milestones && !waiting) progress->ended = 1;
    return MLRT_OK;
}
