/* library.h - a shared library that is opened when something of it is first used, so that nobody else waits for it. */
#ifndef MLRT__LIBRARY_H
#define MLRT__LIBRARY_H

#include <mlrt/base.h>

typedef struct mlrt__symbol {
    const char *name;
    void *function; /* where the pointer to it is to be put */
} mlrt__symbol;

/* Open a library, for good, and find functions of it. As when it is linked, what the process has already comes first. */
mlrt_status mlrt__library_open(const char *file, const mlrt__symbol *symbol, size_t count, mlrt_error *err);

#endif
