/* base.h - status codes and errors, shared by every part of mlrt.
 *
 * A function that can fail returns an mlrt_status and leaves one readable line on the mlrt_error it was given. Nothing
 * in the library prints, exits, aborts or jumps. A caller that does not care may pass NULL for the error.
 */
#ifndef MLRT_BASE_H
#define MLRT_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined __GNUC__
#    define MLRT_API            __attribute__((visibility("default")))
#    define MLRT_PRINTF(fmt, a) __attribute__((format(printf, fmt, a)))
#else
#    define MLRT_API
#    define MLRT_PRINTF(fmt, a)
#endif

/* A loop that deserves the widest vectors of the machine it runs on: put it before a static leaf function (no OpenMP
 * parallel region inside). One .so then serves every x86-64 level. */
#if defined __x86_64__ && defined __GNUC__ && !defined __clang__ && !defined __SANITIZE_ADDRESS__ &&                   \
    !defined MLRT_NO_CLONES
#    define MLRT_VECTORISED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#    define MLRT_VECTORISED
#endif

/* name, what it means */
#define MLRT_STATUSES(X)                                                                                               \
    X(OK, "ok")                                                                                                        \
    X(ARGUMENT, "an argument is wrong")                                                                                \
    X(NAME, "a name is unknown or taken")                                                                              \
    X(TYPE, "a value has the wrong type")                                                                              \
    X(RANGE, "a value is out of range")                                                                                \
    X(SHAPE, "shapes do not fit")                                                                                      \
    X(FILE, "a file cannot be read or written")                                                                        \
    X(FORMAT, "a file is damaged or of another kind")                                                                  \
    X(ABI, "a plugin was built for another mlrt")                                                                      \
    X(SCRIPT, "an error inside a Lua script")                                                                          \
    X(NUMERIC, "a value is not finite")                                                                                \
    X(MEMORY, "out of memory")                                                                                         \
    X(STOPPED, "interrupted by the user")                                                                              \
    X(UNSUPPORTED, "this cannot be done")

typedef enum mlrt_status {
#define X(name, text) MLRT_##name,
    MLRT_STATUSES(X)
#undef X
} mlrt_status;

enum { MLRT_WHERE_MAX = 512, MLRT_MESSAGE_MAX = 1024, MLRT_HINT_MAX = 512 };

/* What went wrong, said once: `where: message (hint)`. The caller owns it; no part is allocated. */
typedef struct mlrt_error {
    mlrt_status status;
    char where[MLRT_WHERE_MAX];     /* "experiments/x.lua:14: encoder.2.ffn", or empty */
    char message[MLRT_MESSAGE_MAX]; /* lower case, no full stop, the error first: "unable to open 'x': ..." */
    char hint[MLRT_HINT_MAX];       /* what to do about it, or empty */
} mlrt_error;

/* The first failure wins: on an error that already holds one, this changes nothing. Returns the status given. */
MLRT_API mlrt_status mlrt_fail(mlrt_error *err, mlrt_status status, const char *format, ...) MLRT_PRINTF(3, 4);
/* Add where it happened, outermost last call first: mlrt_at(e, "b"), then mlrt_at(e, "a"), reads "a: b". */
MLRT_API mlrt_status mlrt_at(mlrt_error *err, const char *format, ...) MLRT_PRINTF(2, 3);
/* Add what to do about it. */
MLRT_API mlrt_status mlrt_hint(mlrt_error *err, const char *format, ...) MLRT_PRINTF(2, 3);
/* The whole as one line, truncated to `size`; returns `buffer`. */
MLRT_API const char *mlrt_error_text(const mlrt_error *err, char *buffer, size_t size);
MLRT_API const char *mlrt_status_name(mlrt_status status);

MLRT_API const char *mlrt_version(void); /* "0.1.0" */

#ifdef __cplusplus
}
#endif
#endif
