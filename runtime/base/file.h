/* file.h - files read in pieces, and files replaced whole.
 *
 * An output is written beside its path, as PATH.tmp, and takes its place only when it is complete and on disk: a reader,
 * a crash or a full disk never meets half a file. One process at a time writes a path, others wait; what a killed one
 * left behind is taken over by the next. All messages name the file and the system's reason.
 */
#ifndef MLRT__FILE_H
#define MLRT__FILE_H

#include <mlrt/base.h>

/* "unable to ACTION 'path': no such file or directory", from errno. Returns MLRT_FILE. */
mlrt_status mlrt__file_fail(mlrt_error *err, const char *action, const char *path);

mlrt_status mlrt__make_folders(const char *path, mlrt_error *err); /* with its parents; there already is fine */

/* ---- reading ---- */

typedef struct mlrt__input {
    int fd; /* -1 when closed */
    uint64_t size;
    char *path;
} mlrt__input;

/* Regular files only. Fails with everything closed and freed. */
mlrt_status mlrt__input_open(mlrt__input *in, const char *path, mlrt_error *err);
/* All the bytes or an error. */
mlrt_status mlrt__input_read(const mlrt__input *in, uint64_t offset, void *data, size_t bytes, mlrt_error *err);
void mlrt__input_close(mlrt__input *in);

/* The whole of a file of at most `limit` bytes, with a zero byte after it; the caller frees *data. */
mlrt_status mlrt__read_file(const char *path, size_t limit, char **data, size_t *size, mlrt_error *err);

/* ---- writing ---- */

typedef struct mlrt__output {
    int fd; /* -1 when closed */
    char *path, *temporary;
} mlrt__output;

mlrt_status mlrt__output_open(mlrt__output *out, const char *path, mlrt_error *err);
mlrt_status mlrt__output_write(mlrt__output *out, const void *data, size_t bytes, mlrt_error *err);
/* Ends an output, also one that failed to open. With MLRT_OK, puts it in place of the old file; with anything else,
 * removes what was written. Returns the first failure. */
mlrt_status mlrt__output_close(mlrt__output *out, mlrt_status status, mlrt_error *err);

mlrt_status mlrt__write_file(const char *path, const void *data, size_t bytes, mlrt_error *err);

#endif
