/* table.h - texts in aligned columns. */
#ifndef MLRT__STORE_TABLE_H
#define MLRT__STORE_TABLE_H

#include "base/arena.h"
#include <stdio.h>

typedef struct mlrt__table {
    mlrt__arena *arena;
    int32_t columns;
    uint32_t right; /* bit i: column i, below 32, is aligned to the right */
    const char **cell;
    int32_t cells, room;
} mlrt__table;

/* Cells come row by row. Control characters, which could hide or forge a line, become '?'. */
void mlrt__table_add(mlrt__table *t, const char *format, ...) MLRT_PRINTF(2, 3);
/* Each line after `indent` spaces; the table is empty then. */
void mlrt__table_print(mlrt__table *t, int32_t indent, FILE *out);

#endif
