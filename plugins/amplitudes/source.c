/* source.c - symbols from files, from the cache, from the bootstrap. */
#include "source.h"
#include "suffix.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* ---- in the cache: the steps from word to word and the coefficients, seven bits a byte, low ones first ---- */

enum { MOST_BYTES_OF_A_NUMBER = 10, NAME = 48 };

/* The last number is that of this format; before it, how many suffixes of how many letters there are. */
static const char *name_of(int32_t loops, const suffixes *only, char name[NAME]) {
    if (only)
        snprintf(name, NAME, "symbol.%d.%dx%d.1", loops, only->count, only->letters);
    else
        snprintf(name, NAME, "symbol.%d.1", loops);
    return name;
}

static uint8_t *put(uint8_t *to, uint64_t n) {
    for (; n >= 128; n >>= 7) *to++ = (uint8_t)(n | 128);
    *to++ = (uint8_t)n;
    return to;
}

static const uint8_t *get(const uint8_t *from, const uint8_t *end, uint64_t *n) {
    *n = 0;
    for (int32_t shift = 0; from < end && shift < 64; shift += 7) {
        *n |= (uint64_t)(*from & 127) << shift;
        if (*from++ < 128) return from;
    }
    return NULL;
}

static uint64_t unsigned_of(int64_t n) { return n < 0 ? 2 * (uint64_t)-n - 1 : 2 * (uint64_t)n; }
static int64_t signed_of(uint64_t n) { return n & 1 ? -(int64_t)((n + 1) / 2) : (int64_t)(n / 2); }

static void write_cache(const symbol *s, const suffixes *only) {
    char name[NAME];
    uint8_t *data = malloc(2 * MOST_BYTES_OF_A_NUMBER * (size_t)s->terms), *end = data;
    if (!data) return;
    for (int64_t i = 0; i < s->terms; i++) {
        end = put(end, (uint64_t)(s->word[i] - (i ? s->word[i - 1] : 0)));
        end = put(end, unsigned_of(s->coefficient[i]));
    }
    mlrt_cache_write(name_of(s->loops, only, name), data, (size_t)(end - data));
    free(data);
}

static bool read_cache(symbol *s, int32_t loops, const suffixes *only) {
    char name[NAME];
    void *data;
    size_t size;
    uint64_t word = 0, step, coefficient;
    *s = (symbol){.loops = loops, .letters = 2 * loops};
    if (!mlrt_cache_read(name_of(loops, only, name), &data, &size)) return false;
    const uint8_t *at = data, *const end = at + size;
    bool done = true;
    while (done && at < end) {
        done = (at = get(at, end, &step)) && (at = get(at, end, &coefficient));
        done = done && symbol_add(s, (int64_t)(word += step), signed_of(coefficient));
    }
    free(data);
    if (done && s->terms > 0) return true;
    symbol_free(s);
    return false;
}

/* ---- from the bootstrap ---- */

static double seconds_since(const struct timespec *start) {
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)(now.tv_sec - start->tv_sec) + 1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

static void say_step(void *data, const char *step, int64_t left) {
    mlrt_say("  %-28s %6lld free  %7.2f s", step, (long long)left, seconds_since(data));
}

/* Loops up to which they are computed before anybody wonders; from which on steps are always said, and words with some
 * suffixes are kept by themselves. */
enum { QUICK = 4, LARGE = 7 };

static mlrt_status derive(symbol *s, int32_t loops, const symbol lower[], const suffixes *only, bool aloud,
                          mlrt_error *err) {
    struct timespec start;
    const bootstrap_observer observer = {say_step, &start};
    timespec_get(&start, TIME_UTC);
    if (loops < FIRST_BOOTSTRAP) return bootstrap_given(s, loops, err);
    aloud |= loops >= LARGE;
    if (aloud || loops > QUICK) mlrt_say("computing the symbol of %d loops", loops);
    const mlrt_status status = bootstrap_symbol(s, loops, lower, only, NULL, aloud ? &observer : NULL, err);
    if (status) return status;
    if (aloud)
        mlrt_say("  %lld %s, the largest coefficient is %lld; checked modulo another prime in %.2f s",
                 (long long)s->terms, only ? "terms with these suffixes" : "terms", (long long)s->largest,
                 seconds_since(&start));
    write_cache(s, only);
    return MLRT_OK;
}

/* Exactly these words. */
static mlrt_status compute(symbol *s, int32_t loops, const suffixes *only, bool anew, mlrt_error *err) {
    symbol all[LAST_BOOTSTRAP + 1] = {0};
    mlrt_status status = MLRT_OK;
    if (!anew && read_cache(s, loops, only)) return MLRT_OK;
    for (int32_t l = 1; l <= loops && !status; l++) {
        const bool last = l == loops;
        if (anew || last || !read_cache(&all[l], l, NULL))
            status = derive(&all[l], l, all, last ? only : NULL, anew, err);
    }
    if (!status) *s = all[loops], all[loops] = (symbol){0};
    for (int32_t l = 1; l <= loops; l++) symbol_free(&all[l]);
    return status;
}

static mlrt_status source(symbol *s, int32_t loops, const suffixes *only, bool anew, mlrt_error *err) {
    *s = (symbol){0};
    if (only && only->count == 0) only = NULL;
    const mlrt_status status = compute(s, loops, loops < LARGE ? NULL : only, anew, err);
    if (!status && only && loops < LARGE) suffix_reduce(s, only);
    return status;
}

mlrt_status source_bootstrap(symbol *s, int32_t loops, const suffixes *only, mlrt_error *err) {
    return source(s, loops, only, true, err);
}

mlrt_status source_symbol(symbol *s, int32_t loops, const suffixes *only, const char *path, mlrt_error *err) {
    char found[4096], name[NAME];
    *s = (symbol){0};
    if (path && !*path) path = NULL;
    if (!path && loops <= LAST_BOOTSTRAP) return source(s, loops, only, false, err);
    snprintf(name, sizeof name, "symbol/L%d.txt", loops);
    if (mlrt_find_data(path ? path : name, found, sizeof found, err) == MLRT_OK) {
        const mlrt_status status = symbol_read(s, loops, found, err);
        if (!status && only && only->count) suffix_reduce(s, only);
        return status;
    }
    if (!path)
        mlrt_hint(err, "mlrt computes up to %d loops; give others with data = \"FILE\", a line `word coefficient` each",
                  LAST_BOOTSTRAP);
    return err->status;
}
