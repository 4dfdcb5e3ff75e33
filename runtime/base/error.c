/* error.c - one readable line about what went wrong. */
#include <mlrt/base.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config.h"

mlrt_status mlrt_fail(mlrt_error *err, mlrt_status status, const char *format, ...) {
    if (!err || err->status != MLRT_OK) return status;
    va_list args;
    va_start(args, format);
    err->status = status;
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return status;
}

mlrt_status mlrt_at(mlrt_error *err, const char *format, ...) {
    if (!err) return MLRT_OK;
    char place[MLRT_WHERE_MAX], old[MLRT_WHERE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(place, sizeof place, format, args);
    va_end(args);
    memcpy(old, err->where, sizeof old);
    const int n = snprintf(err->where, sizeof err->where, old[0] ? "%s: %s" : "%s%s", place, old);
    if (n >= (int)sizeof err->where) memcpy(err->where + sizeof err->where - 4, "...", 4);
    return err->status;
}

mlrt_status mlrt_hint(mlrt_error *err, const char *format, ...) {
    if (!err) return MLRT_OK;
    va_list args;
    va_start(args, format);
    vsnprintf(err->hint, sizeof err->hint, format, args);
    va_end(args);
    return err->status;
}

const char *mlrt_error_text(const mlrt_error *err, char *buffer, size_t size) {
    snprintf(buffer, size, "%s%s%s%s%s%s", err->where, err->where[0] ? ": " : "", err->message,
             err->hint[0] ? " (" : "", err->hint, err->hint[0] ? ")" : "");
    return buffer;
}

const char *mlrt_status_name(mlrt_status status) {
    static const char *const text[] = {
#define X(name, meaning) meaning,
        MLRT_STATUSES(X)
#undef X
    };
    return (size_t)status < sizeof text / sizeof *text ? text[status] : "unknown status";
}

const char *mlrt_version(void) { return PACKAGE_VERSION; }
