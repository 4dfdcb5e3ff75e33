/* library.c - a shared library that is opened when something of it is first used. */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include "base/library.h"
#include <dlfcn.h>
#include <string.h>

mlrt_status mlrt__library_open(const char *file, const mlrt__symbol *symbol, size_t count, mlrt_error *err) {
    if (!dlopen(file, RTLD_LAZY | RTLD_GLOBAL))
        return mlrt_fail(err, MLRT_FILE, "unable to open the library '%s': %s", file, dlerror());
    for (size_t i = 0; i < count; i++) {
        void *found = dlsym(RTLD_DEFAULT, symbol[i].name);
        if (!found) return mlrt_fail(err, MLRT_FILE, "the library '%s' has no function '%s'", file, symbol[i].name);
        memcpy(symbol[i].function, &found, sizeof found);
    }
    return MLRT_OK;
}
