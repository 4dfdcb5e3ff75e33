/* workers.h - processes of our own, each at work on one thing: forked, kept to a core, watched.
 *
 * A worker is a copy of this process with all that it has loaded: nothing is started or read again. It has memory in
 * common with its parent for what it reports, and dies of nothing that its siblings do. Whoever starts workers has one
 * thread and no open database. Should the parent die, its workers are asked to stop.
 */
#ifndef MLRT__WORKERS_H
#define MLRT__WORKERS_H

#include <mlrt/base.h>
#include <stdatomic.h>

/* In the shared memory: the numbers may be read at any time, the texts once the worker has ended. */
typedef struct mlrt__report_card {
    _Atomic int64_t id, step, steps;
    char outcome[16]; /* a word; "" until the work is over */
    char message[1024];
} mlrt__report_card;

typedef struct mlrt__workers mlrt__workers;

/* The cores that this process may use. */
int32_t mlrt__cores(void);

/* Room for `count` workers at a time. Messages of their ends are kept from the rest of the process (SIGCHLD is blocked). */
mlrt_status mlrt__workers_open(mlrt__workers **out, int32_t count, mlrt_error *err);
/* Kills what still works. */
void mlrt__workers_close(mlrt__workers *w);

int32_t mlrt__workers_busy(const mlrt__workers *w);
int32_t mlrt__workers_free(const mlrt__workers *w); /* a place without a worker, or -1 */
mlrt__report_card *mlrt__workers_card(mlrt__workers *w, int32_t place);

/* Start a worker at a free place: it calls `work`, which fills in the card, and ends. */
mlrt_status mlrt__workers_start(mlrt__workers *w, int32_t place, void (*work)(void *context, mlrt__report_card *card),
                                void *context, mlrt_error *err);
/* The place of a worker that has ended, which is free then, or -1 after so many seconds or a signal. A worker that did
 * not come to its end leaves the outcome "crashed" and how on its card; *signal is what killed it, or 0. */
int32_t mlrt__workers_wait(mlrt__workers *w, double seconds, int *signal);
void mlrt__workers_signal(mlrt__workers *w, int signal);

#endif
