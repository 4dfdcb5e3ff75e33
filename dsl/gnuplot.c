/* gnuplot.c - runs gnuplot on a script file: no shell, no start-up file, not for ever. */
#include "config.h"

#include "base/text.h"
#include "dsl/plot.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Start it with its complaints going to `complaints`; returns an errno. */
static int start(const char *folder, const char *script, int complaints, pid_t *pid) {
    char *const argv[] = {"gnuplot", "--default-settings", (char *)script, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int failed = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    if (!failed) failed = posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    if (!failed) failed = posix_spawn_file_actions_adddup2(&files, complaints, 2);
    if (!failed) failed = posix_spawn_file_actions_addchdir_np(&files, folder);
    if (!failed) failed = posix_spawnp(pid, argv[0], &files, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}

/* Read until the other side closes: the beginning into text, the rest nowhere. False when time is up. */
static bool read_until(int fd, double deadline, char *text, size_t size) {
    size_t used = 0;
    char chunk[512];
    for (;;) {
        const double left = deadline - mlrt__now();
        if (left <= 0) return false;
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        const int n = poll(&ready, 1, (int)(1000 * left) + 1);
        if (n <= 0) continue;
        const ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return true;
        const size_t take = (size_t)got < size - 1 - used ? (size_t)got : size - 1 - used;
        memcpy(text + used, chunk, take);
        used += take;
        text[used] = 0;
    }
}

/* gnuplot shows the line, a caret and then the reason: the last line that says something. */
static const char *reason(char *text) {
    char *last = text, *rest;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (line[strspn(line, " ^")]) last = line;
    return last;
}

mlrt_status mlrt__gnuplot(const char *folder, const char *name, double seconds, mlrt_error *err) {
    char script[1024], text[2048] = "";
    int ends[2], status = 0;
    pid_t pid;
    if (snprintf(script, sizeof script, "./%s.gp", name) >= (int)sizeof script)
        return mlrt_fail(err, MLRT_FILE, "the name of a plot is too long");
    if (pipe2(ends, O_CLOEXEC)) return mlrt_fail(err, MLRT_FILE, "unable to run 'gnuplot': %s", strerror(errno));
    const int failed = start(folder, script, ends[1], &pid);
    close(ends[1]);
    if (failed) {
        close(ends[0]);
        return mlrt_fail(err, MLRT_FILE, "unable to run 'gnuplot': %s", strerror(failed));
    }
    const bool ended = read_until(ends[0], mlrt__now() + seconds, text, sizeof text);
    close(ends[0]);
    if (!ended) kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    if (!ended) return mlrt_fail(err, MLRT_FILE, "'gnuplot' took more than %g seconds and was stopped", seconds);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return mlrt_fail(err, MLRT_FILE, "unable to run 'gnuplot': it cannot be started");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return mlrt_fail(err, MLRT_FILE, "'gnuplot' failed: %s", *text ? reason(text) : "no reason given");
    return MLRT_OK;
}
