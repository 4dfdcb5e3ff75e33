/* json.h - runs as strict JSON. */
#ifndef MLRT__STORE_JSON_H
#define MLRT__STORE_JSON_H

#include "store/store.h"

void mlrt__json_runs(const mlrt__run *runs, int32_t count, FILE *out); /* a list, with the last of each series */
void mlrt__json_run(const mlrt__run *run, FILE *out);                  /* all of one run */

#endif
