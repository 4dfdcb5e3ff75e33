/* work.h - what every step of the bootstrap works with: a prime, memory that is freed together, the first failure.
 *
 * Functions return false when they failed; what happened stands in w->err. Memory is zeroed and belongs to the work:
 * nobody frees single pieces. A function with much of its own takes it from a work of its own.
 */
#ifndef AMPLITUDES_WORK_H
#define AMPLITUDES_WORK_H

#include <mlrt/plugin.h>

typedef struct work {
    uint32_t p; /* a prime below 2^31; everything is computed modulo it */
    mlrt_error *err;
    struct work_block *blocks;
} work;

static inline work work_like(const work *w) { return (work){w->p, w->err, NULL}; }
void *work_take(work *w, size_t count, size_t size);
void work_free(work *w);
/* False, with an error, when the user asked to stop. */
bool work_goes_on(const work *w);

/* The first failure is kept; gives false. */
#define FAIL(w, ...)            (mlrt_fail((w)->err, __VA_ARGS__), false)
#define TAKE(w, pointer, count) ((pointer) = work_take((w), (size_t)(count), sizeof *(pointer)))

#endif
