/* data.c - finding data files. */
#include "base/arena.h"
#include <errno.h>
#include <mlrt/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Tries one place; adds it to the list of those tried in vain. */
static bool is_there(const char *folder, size_t length, const char *name, char *path, size_t size, mlrt_error *tried) {
    const int n = snprintf(path, size, "%.*s%s%s", (int)length, folder, length ? "/" : "", name);
    if (n >= 0 && (size_t)n < size && access(path, R_OK) == 0) return true;
    const size_t used = strlen(tried->message);
    snprintf(tried->message + used, sizeof tried->message - used, "%s'%s'", used ? ", " : "", path);
    return false;
}

mlrt_status mlrt_find_data(const char *name, char *path, size_t size, mlrt_error *err) {
    mlrt_error tried = {0};
    if (is_there("", 0, name, path, size, &tried)) return MLRT_OK;
    if (name[0] != '/') {
        for (const char *list = getenv("MLRT_DATA_PATH"); list && *list;) {
            const size_t length = strcspn(list, ":");
            if (length && is_there(list, length, name, path, size, &tried)) return MLRT_OK;
            list += length + (list[length] == ':');
        }
        if (is_there(MLRT_DATA_DIR, strlen(MLRT_DATA_DIR), name, path, size, &tried)) return MLRT_OK;
    }
    mlrt_fail(err, MLRT_FILE, "no data file '%s': tried %s", name, tried.message);
    if (size > 0) path[0] = 0;
    return MLRT_FILE;
}
