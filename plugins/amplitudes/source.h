/* source.h - where symbols come from. */
#ifndef AMPLITUDES_SOURCE_H
#define AMPLITUDES_SOURCE_H

#include "bootstrap.h"

/* The symbol of `loops` loops: from a file when one is named, else from the cache, else from the bootstrap, which says
 * what it is doing. All words, or those that end in one of `only` if it is not NULL and has any. In any case *s is to be
 * freed. */
mlrt_status source_symbol(symbol *s, int32_t loops, const struct suffixes *only, const char *path, mlrt_error *err);
/* From the bootstrap, whatever the cache holds, and then into the cache; every step is said. */
mlrt_status source_bootstrap(symbol *s, int32_t loops, const struct suffixes *only, mlrt_error *err);

#endif
