/* wide.h - the measures of a run as a table: a column for each series, a row for each step or epoch. */
#ifndef MLRT__STORE_WIDE_H
#define MLRT__STORE_WIDE_H

#include "store/store.h"

typedef struct mlrt__wide {
    int32_t rows, columns;          /* the columns are run->last */
    const mlrt__run_measure **cell; /* row by row; NULL where there is none */
    const mlrt__run_measure **row;  /* a measure of each row, the last */
} mlrt__wide;

/* `run` was loaded and outlives the table. By epoch, the last measure of an epoch counts. */
mlrt__wide mlrt__wide_table(const mlrt__run *run, bool by_epoch, mlrt__arena *arena);
/* "test accuracy", with what is asked for between the words. */
const char *mlrt__wide_name(const mlrt__run_measure *m, char between, mlrt__arena *arena);

#endif
