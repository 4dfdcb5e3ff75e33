/* file.c - files read in pieces, and files replaced whole. */
#include "base/file.h"
#include "base/arena.h"
#include "base/text.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

mlrt_status mlrt__file_fail(mlrt_error *err, const char *action, const char *path) {
    const char *reason = strerror(errno);
    return mlrt_fail(err, MLRT_FILE, "unable to %s '%s': %c%s", action, path, tolower((unsigned char)reason[0]),
                     reason + 1);
}

static char *join(const char *a, const char *b) {
    const size_t n = strlen(a), m = strlen(b);
    char *text = mlrt__grow(NULL, n + m + 1);
    memcpy(text, a, n);
    memcpy(text + n, b, m + 1);
    return text;
}

/* ---- folders ---- */

static mlrt_status make_folder(const char *path, mlrt_error *err) {
    struct stat s;
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && stat(path, &s) == 0 && S_ISDIR(s.st_mode))) return MLRT_OK;
    return mlrt__file_fail(err, "make folder", path);
}

mlrt_status mlrt__make_folders(const char *path, mlrt_error *err) {
    char *part = join(path, "");
    mlrt_status status = MLRT_OK;
    for (char *slash = part; !status && *slash && (slash = strchr(slash + 1, '/'));) {
        *slash = 0;
        status = make_folder(part, err);
        *slash = '/';
    }
    if (!status) status = make_folder(part, err);
    free(part);
    return status;
}

/* A rename is on disk once its folder is. A folder that cannot be opened or synced (EINVAL) is left to its file system. */
static mlrt_status sync_folder_of(const char *path, mlrt_error *err) {
    char *folder = join(path, "");
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = 0;
    const char *name = slash ? folder : ".";
    const int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool failed = fd >= 0 && fsync(fd) && errno != EINVAL;
    const mlrt_status status = failed ? mlrt__file_fail(err, "sync folder", name) : MLRT_OK;
    if (fd >= 0) close(fd);
    free(folder);
    return status;
}

/* ---- reading ---- */

mlrt_status mlrt__input_open(mlrt__input *in, const char *path, mlrt_error *err) {
    struct stat s;
    *in = (mlrt__input){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), .path = join(path, "")};
    mlrt_status status = MLRT_OK;
    if (in->fd < 0 || fstat(in->fd, &s))
        status = mlrt__file_fail(err, "open", path);
    else if (!S_ISREG(s.st_mode))
        status = mlrt_fail(err, MLRT_FILE, "unable to read '%s': not a regular file", path);
    else
        in->size = (uint64_t)s.st_size;
    if (status) mlrt__input_close(in);
    return status;
}

mlrt_status mlrt__input_read(const mlrt__input *in, uint64_t offset, void *data, size_t bytes, mlrt_error *err) {
    for (size_t done = 0; done < bytes;) {
        const ssize_t n = pread(in->fd, (char *)data + done, bytes - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return mlrt__file_fail(err, "read", in->path);
        if (n == 0) {
            char end[32], want[32];
            return mlrt_fail(err, MLRT_FORMAT, "'%s' is truncated: it ends at byte %s of %s", in->path,
                             mlrt__grouped((int64_t)(offset + done), end, sizeof end),
                             mlrt__grouped((int64_t)(offset + bytes), want, sizeof want));
        }
        done += (size_t)n;
    }
    return MLRT_OK;
}

void mlrt__input_close(mlrt__input *in) {
    if (in->fd >= 0) close(in->fd);
    free(in->path);
    *in = (mlrt__input){.fd = -1};
}

mlrt_status mlrt__read_file(const char *path, size_t limit, char **data, size_t *size, mlrt_error *err) {
    mlrt__input in;
    mlrt_status status = mlrt__input_open(&in, path, err);
    if (status) return status;
    char *text = in.size <= limit ? malloc((size_t)in.size + 1) : NULL;
    if (in.size > limit) {
        char got[32], most[32];
        status = mlrt_fail(err, MLRT_FILE, "'%s' has %s bytes, at most %s are expected", path,
                           mlrt__grouped((int64_t)in.size, got, sizeof got),
                           mlrt__grouped((int64_t)limit, most, sizeof most));
    } else if (!text) {
        status = mlrt_fail(err, MLRT_MEMORY, "unable to read '%s': out of memory", path);
    } else {
        status = mlrt__input_read(&in, 0, text, (size_t)in.size, err);
    }
    if (!status) {
        text[in.size] = 0;
        *data = text;
        if (size) *size = (size_t)in.size;
    } else {
        free(text);
    }
    mlrt__input_close(&in);
    return status;
}

/* ---- writing ---- */

static bool lock(int fd) {
    int failed;
    do failed = flock(fd, LOCK_EX);
    while (failed && errno == EINTR);
    return !failed;
}

static bool is_at(int fd, const char *path) {
    struct stat ours, there;
    return fstat(fd, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
           ours.st_dev == there.st_dev;
}

/* Open the temporary file and hold its lock. Who had the lock before may have renamed the file away meanwhile: then what
 * we hold is the finished file, which must not be touched, and we try again. */
static int open_locked(const char *path) {
    for (;;) {
        const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0) return -1;
        const bool locked = lock(fd), ours = locked && is_at(fd, path);
        if (ours && ftruncate(fd, 0) == 0) return fd;
        const int why = errno;
        close(fd);
        errno = why;
        if (!locked || ours) return -1;
    }
}

mlrt_status mlrt__output_open(mlrt__output *out, const char *path, mlrt_error *err) {
    *out = (mlrt__output){.path = join(path, ""), .temporary = join(path, ".tmp")};
    out->fd = open_locked(out->temporary);
    return out->fd >= 0 ? MLRT_OK : mlrt__file_fail(err, "write", path);
}

mlrt_status mlrt__output_write(mlrt__output *out, const void *data, size_t bytes, mlrt_error *err) {
    for (size_t done = 0; done < bytes;) {
        const ssize_t n = write(out->fd, (const char *)data + done, bytes - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return mlrt__file_fail(err, "write", out->path);
        done += (size_t)n;
    }
    return MLRT_OK;
}

mlrt_status mlrt__output_close(mlrt__output *out, mlrt_status status, mlrt_error *err) {
    bool placed = false;
    if (!status && fsync(out->fd)) status = mlrt__file_fail(err, "write", out->path);
    if (!status) {
        placed = rename(out->temporary, out->path) == 0;
        status = placed ? sync_folder_of(out->path, err) : mlrt__file_fail(err, "replace", out->path);
    }
    /* Only the holder of the lock may remove the file, so before it is closed. */
    if (out->fd >= 0) {
        if (!placed) unlink(out->temporary);
        close(out->fd);
    }
    free(out->path);
    free(out->temporary);
    *out = (mlrt__output){.fd = -1};
    return status;
}

mlrt_status mlrt__write_file(const char *path, const void *data, size_t bytes, mlrt_error *err) {
    mlrt__output out;
    mlrt_status status = mlrt__output_open(&out, path, err);
    if (!status) status = mlrt__output_write(&out, data, bytes, err);
    return mlrt__output_close(&out, status, err);
}
