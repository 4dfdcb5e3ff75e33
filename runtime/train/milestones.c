/* milestones.c - the first step after which a metric was good enough. */
#include "train/milestones.h"
#include <math.h>

bool mlrt__milestones_train(const mlrt__recipe *r) {
    int32_t i = 0;
    while (i < r->milestones && r->milestone[i].split != MLRT_TRAIN) i++;
    return i < r->milestones;
}

static bool waits(const mlrt__recipe *r, const mlrt__progress *progress, int32_t i, mlrt_split split) {
    return r->milestone[i].split == split && !progress->milestone[i];
}

static bool is_reached(const mlrt__milestone *m, const mlrt__evaluator *e) {
    const double value = mlrt__evaluator_value(e, m->metric, m->split);
    return !isnan(value) && !mlrt__better(m->metric, m->at, value);
}

/* Notes those of a split; says how many it still waits for. */
static int32_t note(const mlrt__recipe *r, const mlrt__evaluator *e, mlrt__progress *progress, mlrt_split split) {
    int32_t waiting = 0;
    for (int32_t i = 0; i < r->milestones; i++) {
        if (!waits(r, progress, i, split)) continue;
        if (is_reached(&r->milestone[i], e))
            progress->milestone[i] = progress->step;
        else
            waiting++;
    }
    return waiting;
}

mlrt_status mlrt__milestones_look(const mlrt__recipe *r, const mlrt__evaluator *e, mlrt__progress *progress,
                                  mlrt__looking *at_split, void *context, mlrt_error *err) {
    int32_t waiting = 0;
    for (mlrt_split split = MLRT_SPLITS; split-- > 0;) {
        int32_t i = 0;
        while (i < r->milestones && !waits(r, progress, i, split)) i++;
        if (i == r->milestones) continue;
        if (at_split(context, split, err) != MLRT_OK) return err->status;
        waiting += note(r, e, progress, split);
    }
    if (r->milestones && r->stop_at_milestones && !waiting) progress->ended = 1;
    return MLRT_OK;
}
