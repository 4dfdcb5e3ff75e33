/* team.h - shares the items of a loop among the threads of a team, in contiguous parts. */
#ifndef MLRT__TEAM_H
#define MLRT__TEAM_H

#include "kernels/kernel.h"
#include <omp.h>

/* Does the items first .. last - 1. */
typedef void mlrt__part(const mlrt_call *c, int64_t first, int64_t last);

/* `work`: scalar operations in all. */
static inline void mlrt__share(const mlrt_call *c, int64_t items, double work, mlrt__part *part) {
    if (items < 2 || !mlrt__worth_threads(work)) {
        part(c, 0, items);
        return;
    }
    const mlrt__float_mode mode = mlrt__get_float_mode();
#pragma omp parallel num_threads(mlrt__threads())
    {
        mlrt__set_float_mode(mode);
        const int32_t thread = omp_get_thread_num(), threads = omp_get_num_threads();
        part(c, items * thread / threads, items * (thread + 1) / threads);
        mlrt__team_end(thread);
    }
}

#endif
