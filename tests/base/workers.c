/* workers.c - processes at work: what they report, how they end, which core they keep to, and who dies with whom. */
#include "config.h"

#include "base/workers.h"
#include "tap.h"
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE = 60 };

/* ---- works: what to do is in the context ---- */

static void succeed(void *context, mlrt__report_card *card) {
    atomic_store(&card->id, *(const int *)context);
    atomic_store(&card->step, 7);
    snprintf(card->outcome, sizeof card->outcome, "done");
    snprintf(card->message, sizeof card->message, "all of it");
}
static void die_of(void *context, mlrt__report_card *card) {
    snprintf(card->outcome, sizeof card->outcome, "done"); /* too early */
    raise(*(const int *)context);
}
static void leave(void *context, mlrt__report_card *card) {
    (void)card;
    _exit(*(const int *)context);
}
static void wait_for_ever(void *context, mlrt__report_card *card) {
    (void)context;
    atomic_store(&card->step, 1);
    for (;;) pause();
}
/* id: the only processor it may use, or -1. Waits until the parent has seen all. */
static void tell_processor(void *context, mlrt__report_card *card) {
    cpu_set_t set;
    int64_t only = -1;
    (void)context;
    sched_getaffinity(0, sizeof set, &set);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set)) only = CPU_COUNT(&set) == 1 ? i : -1;
    atomic_store(&card->id, only);
    atomic_store(&card->step, 1);
    for (;;) pause();
}

/* ---- tests ---- */

static mlrt__workers *workers_of(int32_t count) {
    mlrt__workers *w;
    mlrt_error err = {0};
    if (mlrt__workers_open(&w, count, &err)) diag("%s", err.message);
    return w;
}

static void start(mlrt__workers *w, int32_t place, void (*work)(void *, mlrt__report_card *), int *context) {
    mlrt_error err = {0};
    if (mlrt__workers_start(w, place, work, context, &err)) diag("%s", err.message);
}

static void until_at_work(mlrt__workers *w, int32_t place) {
    while (atomic_load(&mlrt__workers_card(w, place)->step) == 0) usleep(1000);
}

static void one(void) {
    int number = 42, killed_by = -1;
    mlrt__workers *w = workers_of(1);
    is_int(mlrt__workers_free(w), 0, "a place is free");
    start(w, 0, succeed, &number);
    is_int(mlrt__workers_free(w), -1, "until there is a worker");
    is_int(mlrt__workers_busy(w), 1, "which works");
    is_int(mlrt__workers_wait(w, PATIENCE, &killed_by), 0, "it ends");
    is_int(mlrt__workers_busy(w), 0, "and its place is free again");
    const mlrt__report_card *card = mlrt__workers_card(w, 0);
    is_str(card->outcome, "done", "its outcome is known");
    is_str(card->message, "all of it", "with its message");
    ok(card->id == 42 && card->step == 7 && killed_by == 0, "and its numbers");
    is_int(mlrt__workers_wait(w, 0.01, &killed_by), -1, "no other ends");
    start(w, 0, wait_for_ever, NULL);
    is_str(card->outcome, "", "the next begins with a new card");
    mlrt__workers_close(w);
    is_int(waitpid(-1, NULL, WNOHANG), -1, "and dies when the place is closed");
}

static void crash(void (*work)(void *, mlrt__report_card *), int how, int signal, const char *says) {
    int killed_by = -1, done = 1;
    mlrt__workers *w = workers_of(2);
    start(w, 0, work, &how);
    start(w, 1, succeed, &done);
    int32_t ended = 0;
    while (mlrt__workers_busy(w) && ended < 3) {
        int by;
        ended++;
        if (mlrt__workers_wait(w, PATIENCE, &by) == 0) killed_by = by;
    }
    is_str(mlrt__workers_card(w, 0)->outcome, "crashed", "%s", says);
    is_str(mlrt__workers_card(w, 0)->message, says, "with this message");
    is_int(killed_by, signal, "and this signal");
    is_str(mlrt__workers_card(w, 1)->outcome, "done", "its sibling does not mind");
    mlrt__workers_close(w);
}

static void processors(void) {
    cpu_set_t all;
    sched_getaffinity(0, sizeof all, &all);
    const int32_t cores = mlrt__cores();
    ok(cores >= 1 && cores <= CPU_COUNT(&all), "%d cores for %d processors", (int)cores, CPU_COUNT(&all));
    const int32_t count = cores < 8 ? cores : 8;
    mlrt__workers *w = workers_of(count);
    for (int32_t i = 0; i < count; i++) start(w, i, tell_processor, NULL);
    int32_t alone = 0, different = 0;
    for (int32_t i = 0; i < count; i++) {
        until_at_work(w, i);
        const int64_t mine = mlrt__workers_card(w, i)->id;
        alone += mine >= 0;
        bool seen = false;
        for (int32_t k = 0; k < i; k++) seen = seen || mlrt__workers_card(w, k)->id == mine;
        different += !seen;
    }
    is_int(alone, count, "each worker keeps to one processor");
    is_int(different, count, "of its own");
    mlrt__workers_close(w);
}

static void asked_to_stop(void) {
    int by = 0;
    mlrt__workers *w = workers_of(2);
    for (int32_t i = 0; i < 2; i++) start(w, i, wait_for_ever, NULL), until_at_work(w, i);
    mlrt__workers_signal(w, SIGTERM);
    const int32_t first = mlrt__workers_wait(w, PATIENCE, &by), second = mlrt__workers_wait(w, PATIENCE, &by);
    ok(first >= 0 && second >= 0 && first != second, "a signal goes to all");
    is_int(by, SIGTERM, "and is told");
    mlrt__workers_close(w);
}

/* The worker of a process that is killed writes to a pipe when it is asked to stop. */
static int to_tell;
static void tell_and_end(int signal) { _exit(write(to_tell, &signal, sizeof signal) < 0); }
static void tell_when_asked(void *context, mlrt__report_card *card) {
    signal(SIGTERM, tell_and_end);
    wait_for_ever(context, card);
}

static void orphans(void) {
    int ends[2], told = 0, place = 0;
    if (pipe(ends)) return;
    to_tell = ends[1];
    const pid_t parent = fork();
    if (parent == 0) {
        mlrt__workers *w = workers_of(1);
        start(w, 0, tell_when_asked, NULL);
        until_at_work(w, 0);
        raise(SIGKILL);
    }
    waitpid(parent, &place, 0);
    close(ends[1]);
    const bool read_all = read(ends[0], &told, sizeof told) == sizeof told;
    ok(read_all && told == SIGTERM, "when the parent is killed, its workers are asked to stop");
    close(ends[0]);
}

int main(void) {
    one();
    crash(die_of, SIGKILL, SIGKILL, "killed by signal 9 (killed)");
    crash(die_of, SIGTERM, SIGTERM, "killed by signal 15 (terminated)");
    crash(leave, 3, 0, "ended with status 3 before its work was done");
    processors();
    asked_to_stop();
    orphans();
    return done_testing();
}
