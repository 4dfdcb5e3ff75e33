/* workers.c - processes of our own, each at work on one thing. */
#include "config.h"

#include "base/arena.h"
#include "base/text.h"
#include "base/workers.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- cores ---- */

typedef struct cpu {
    int32_t number, core; /* core: the least number of its hardware threads */
} cpu;

static int32_t core_of(int32_t number) {
    char path[96];
    int core;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%" PRId32 "/topology/thread_siblings_list", number);
    FILE *file = fopen(path, "re");
    if (!file || fscanf(file, "%d", &core) != 1) core = number;
    if (file) fclose(file);
    return core;
}

/* The processors that this process may use: first one of each core, then the second ones ... Returns how many; *cores:
 * how many cores. */
static int32_t list_cpus(cpu list[CPU_SETSIZE], int32_t *cores) {
    cpu_set_t set;
    cpu all[CPU_SETSIZE];
    bool taken[CPU_SETSIZE] = {0};
    int32_t count = 0, used = 0;
    *cores = 1;
    if (sched_getaffinity(0, sizeof set, &set)) return 0;
    for (int32_t i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set)) all[count++] = (cpu){i, core_of(i)};
    for (int32_t round = 0; used < count; round++) {
        bool seen[CPU_SETSIZE] = {0};
        for (int32_t i = 0; i < count; i++) {
            if (taken[i] || seen[all[i].core % CPU_SETSIZE]) continue;
            taken[i] = seen[all[i].core % CPU_SETSIZE] = true;
            list[used++] = all[i];
        }
        if (round == 0) *cores = used;
    }
    return count;
}

/* How many processors' time the control group of this process may have, at least 1, if that is limited: the least of
 * its own limit and those of the groups around it, each "QUOTA PERIOD" or "max PERIOD". */
static int32_t allowance(void) {
    char group[PATH_MAX] = "", path[PATH_MAX + 32];
    int32_t least = INT32_MAX;
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (file && fscanf(file, "0::%4000s", group) != 1) *group = '\0';
    if (file) fclose(file);
    for (char *end = strchr(group, '\0'); end; end = strrchr(group, '/')) {
        double quota, period;
        *end = '\0';
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
        file = fopen(path, "re");
        if (file && fscanf(file, "%lf %lf", &quota, &period) == 2 && ceil(quota / period) < least)
            least = (int32_t)ceil(quota / period);
        if (file) fclose(file);
    }
    return least;
}

int32_t mlrt__cores(void) {
    cpu list[CPU_SETSIZE];
    int32_t cores;
    const int32_t allowed = allowance();
    list_cpus(list, &cores);
    return allowed < cores ? allowed : cores;
}

/* ---- the pool ---- */

/* What workers and parent have in common. */
typedef struct shared {
    _Atomic int32_t owner[CPU_SETSIZE]; /* of the list's processors: a process, or 0 */
    mlrt__report_card card[];
} shared;

struct mlrt__workers {
    int32_t count;
    pid_t *pid; /* 0: free */
    shared *shared;
    size_t bytes;
    cpu cpu[CPU_SETSIZE]; /* what they may have */
    int32_t cpus;
    bool by_core;    /* one processor of each core */
    sigset_t before; /* the signals that were blocked before */
};

static void no_signals_of_children(sigset_t *before) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, before);
}

mlrt_status mlrt__workers_open(mlrt__workers **out, int32_t count, mlrt_error *err) {
    int32_t cores;
    mlrt__workers *w = mlrt__grow(NULL, sizeof *w);
    *w = (mlrt__workers){.count = count, .pid = calloc((size_t)count, sizeof *w->pid)};
    w->bytes = sizeof *w->shared + sizeof *w->shared->card * (size_t)count;
    w->shared = mmap(NULL, w->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *out = NULL;
    if (!w->pid || w->shared == MAP_FAILED) {
        free(w->pid);
        free(w);
        return mlrt_fail(err, MLRT_MEMORY, "out of memory for %" PRId32 " workers", count);
    }
    w->cpus = list_cpus(w->cpu, &cores);
    w->by_core = count <= cores;
    if (w->by_core && w->cpus > cores) w->cpus = cores;
    no_signals_of_children(&w->before);
    *out = w;
    return MLRT_OK;
}

void mlrt__workers_close(mlrt__workers *w) {
    if (!w) return;
    mlrt__workers_signal(w, SIGKILL);
    for (int32_t i = 0; i < w->count; i++)
        while (w->pid[i] && waitpid(w->pid[i], NULL, 0) < 0 && errno == EINTR) {}
    sigprocmask(SIG_SETMASK, &w->before, NULL);
    munmap(w->shared, w->bytes);
    free(w->pid);
    free(w);
}

int32_t mlrt__workers_busy(const mlrt__workers *w) {
    int32_t busy = 0;
    for (int32_t i = 0; i < w->count; i++) busy += w->pid[i] != 0;
    return busy;
}

int32_t mlrt__workers_free(const mlrt__workers *w) {
    for (int32_t i = 0; i < w->count; i++)
        if (!w->pid[i]) return i;
    return -1;
}

mlrt__report_card *mlrt__workers_card(mlrt__workers *w, int32_t place) { return &w->shared->card[place]; }

void mlrt__workers_signal(mlrt__workers *w, int signal) {
    for (int32_t i = 0; i < w->count; i++)
        if (w->pid[i]) kill(w->pid[i], signal);
}

/* ---- a worker ---- */

static bool take(mlrt__workers *w, int32_t i) {
    int32_t nobody = 0;
    return atomic_compare_exchange_strong(&w->shared->owner[i], &nobody, (int32_t)getpid());
}

/* Keep to one processor that no other worker has. The kernel has just put this process where little goes on, which it
 * knows and we do not: that core first. With more workers than processors the last ones are left to the kernel. */
static void keep_to_a_core(mlrt__workers *w) {
    const int32_t here = sched_getcpu(), core = core_of(here);
    int32_t mine = -1;
    for (int32_t i = 0; i < w->cpus && mine < 0; i++)
        if ((w->by_core ? w->cpu[i].core == core : w->cpu[i].number == here) && take(w, i)) mine = i;
    for (int32_t i = 0; i < w->cpus && mine < 0; i++)
        if (take(w, i)) mine = i;
    if (mine < 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(w->cpu[mine].number, &set);
    sched_setaffinity(0, sizeof set, &set); /* what cannot be had is only a little slower */
}

static void give_back(mlrt__workers *w, pid_t pid) {
    for (int32_t i = 0; i < w->cpus; i++) {
        int32_t owner = (int32_t)pid;
        atomic_compare_exchange_strong(&w->shared->owner[i], &owner, 0);
    }
}

mlrt_status mlrt__workers_start(mlrt__workers *w, int32_t place, void (*work)(void *context, mlrt__report_card *card),
                                void *context, mlrt_error *err) {
    mlrt__report_card *card = &w->shared->card[place];
    const pid_t parent = getpid();
    memset(card, 0, sizeof *card);
    fflush(NULL); /* or two processes would print it */
    const pid_t pid = fork();
    if (pid < 0) return mlrt_fail(err, MLRT_MEMORY, "unable to start a worker: %s", strerror(errno));
    if (pid > 0) {
        w->pid[place] = pid;
        return MLRT_OK;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
    memset(w->pid, 0, sizeof *w->pid * (size_t)w->count); /* they are not its children */
    sigprocmask(SIG_SETMASK, &w->before, NULL);
    keep_to_a_core(w);
    work(context, card);
    fflush(NULL);
    _exit(0);
}

/* ---- its end ---- */

/* What the system says of a worker that ended; the signal that killed it, or 0. */
static int judge(mlrt__report_card *card, int status) {
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (!signal && card->outcome[0]) return 0;
    snprintf(card->outcome, sizeof card->outcome, "crashed");
    if (signal) {
        const char *name = strsignal(signal);
        snprintf(card->message, sizeof card->message, "killed by signal %d (%c%s)", signal,
                 tolower((unsigned char)name[0]), name + 1);
    } else {
        snprintf(card->message, sizeof card->message, "ended with status %d before its work was done",
                 WEXITSTATUS(status));
    }
    return signal;
}

static int32_t ended(mlrt__workers *w, int *signal) {
    for (int32_t i = 0; i < w->count; i++) {
        int status;
        if (!w->pid[i] || waitpid(w->pid[i], &status, WNOHANG) != w->pid[i]) continue;
        give_back(w, w->pid[i]);
        w->pid[i] = 0;
        *signal = judge(&w->shared->card[i], status);
        return i;
    }
    return -1;
}

int32_t mlrt__workers_wait(mlrt__workers *w, double seconds, int *signal) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (const double deadline = mlrt__now() + seconds;;) {
        const int32_t place = ended(w, signal);
        const double left = deadline - mlrt__now();
        if (place >= 0 || left <= 0) return place;
        const struct timespec most = {(time_t)left, (long)(1e9 * (left - (double)(time_t)left))};
        if (sigtimedwait(&child, NULL, &most) < 0) return ended(w, signal);
    }
}
