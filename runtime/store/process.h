/* process.h - which process a run belongs to, and whether it still lives. */
#ifndef MLRT__STORE_PROCESS_H
#define MLRT__STORE_PROCESS_H

#include <mlrt/base.h>

/* A number alone is given to many processes in turn: its host, the host's start and its own start make it unique. What
 * the system does not tell is "" or 0. */
typedef struct mlrt__process {
    char host[256], boot[64];
    int64_t pid, started; /* clock ticks after the host's start */
} mlrt__process;

mlrt__process mlrt__process_self(void);
bool mlrt__process_gone(const mlrt__process *p); /* false for a process of another host: nobody can tell */

#endif
