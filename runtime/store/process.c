/* process.c - which process a run belongs to, and whether it still lives. */
#include "store/process.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void read_line(const char *path, char *text, int size) {
    FILE *file = fopen(path, "re");
    if (!file || !fgets(text, size, file)) text[0] = 0;
    if (file) fclose(file);
    text[strcspn(text, "\n")] = 0;
}

/* Field 22 of /proc/PID/stat; the second field, a name in parentheses, may hold anything. */
static int64_t started(int64_t pid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
    read_line(path, text, sizeof text);
    const char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    int64_t ticks = 0;
    return at && sscanf(at, " %" SCNd64, &ticks) == 1 ? ticks : 0;
}

mlrt__process mlrt__process_self(void) {
    mlrt__process p = {.pid = getpid()};
    gethostname(p.host, sizeof p.host - 1);
    read_line("/proc/sys/kernel/random/boot_id", p.boot, sizeof p.boot);
    p.started = started(p.pid);
    return p;
}

bool mlrt__process_gone(const mlrt__process *p) {
    const mlrt__process self = mlrt__process_self();
    if (strcmp(p->host, self.host)) return false;
    if (strcmp(p->boot, self.boot)) return true;
    if (p->pid <= 0 || (kill((pid_t)p->pid, 0) && errno == ESRCH)) return true;
    return p->started != started(p->pid);
}
