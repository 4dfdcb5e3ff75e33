/* new.h - the first version of a plugin or an experiment, ready to be changed: `mlrt new KIND NAME [FOLDER]`. */
#ifndef MLRT__NEW_H
#define MLRT__NEW_H

#include <mlrt/base.h>
#include <stdio.h>

/* Write the files of that kind (a kind of class, or "experiment") into the folder, NULL for the current one, and say on
 * `out` what to do with them. Never overwrites a file. */
mlrt_status mlrt__new(const char *kind, const char *name, const char *folder, FILE *out, mlrt_error *err);

#endif
