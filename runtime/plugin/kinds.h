/* kinds.h - the kinds of class, a row each. */
#ifndef MLRT__KINDS_H
#define MLRT__KINDS_H

#include <mlrt/plugin.h>

enum { MLRT__NEEDED = 2 };

typedef struct mlrt__kind {
    const char *name, *plural;
    size_t class_size;  /* of its class struct */
    size_t object_size; /* of its instances */
    struct {
        const char *name; /* a function that every class of the kind has, or NULL */
        size_t offset;
    } needed[MLRT__NEEDED];
} mlrt__kind;

extern const mlrt__kind mlrt__kinds[MLRT_KIND_COUNT];

#endif
