/* tap.h - test programs that speak TAP, the Test Anything Protocol (https://testanything.org).
 *
 *     int main(void) {
 *         ok(1 + 1 == 2, "one and one make two");
 *         is_str(greeting(), "hello", "it greets");
 *         is_close(mean(x, 3), 2.0, 1e-6, "the mean of %d numbers", 3);
 *         return done_testing();
 *     }
 *
 * Every check prints one line, returns whether it held, and on failure says what it got and what it wanted. A program
 * that leaves before done_testing() has failed.
 */
#ifndef MLRT_TESTS_TAP_H
#define MLRT_TESTS_TAP_H

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAP_PRINTF(fmt, a) __attribute__((format(printf, fmt, a), unused))

static struct {
    int planned, run, failed;
    bool done;
    pid_t owner; /* a forked child that exits is not the program leaving early */
} tap;

static void tap__at_exit(void) {
    if (tap.done || getpid() != tap.owner) return;
    printf("Bail out! left after %d checks, before done_testing()\n", tap.run);
    fflush(stdout);
    _exit(1);
}

static void tap__begin(void) {
    if (tap.owner) return;
    tap.owner = getpid();
    atexit(tap__at_exit);
}

/* The one place that prints a result. Lines are flushed, so that a crash shows where it happened. */
static bool tap__result(bool held, const char *format, va_list args) {
    tap__begin();
    tap.run++;
    if (!held) tap.failed++;
    printf("%s %d - ", held ? "ok" : "not ok", tap.run);
    vprintf(format, args);
    putchar('\n');
    fflush(stdout);
    return held;
}

#define TAP__RESULT(held)                                                                                              \
    va_list args;                                                                                                      \
    va_start(args, format);                                                                                            \
    const bool tap__held = tap__result((held), format, args);                                                          \
    va_end(args)

/* A remark for whoever reads the log. */
TAP_PRINTF(1, 2) static void diag(const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("# ");
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    fflush(stdout);
}

TAP_PRINTF(2, 3) static bool ok(bool condition, const char *format, ...) {
    TAP__RESULT(condition);
    return tap__held;
}

TAP_PRINTF(3, 4) static bool is_int(int64_t got, int64_t want, const char *format, ...) {
    TAP__RESULT(got == want);
    if (!tap__held) diag("got %lld, want %lld", (long long)got, (long long)want);
    return tap__held;
}

/* NULL equals only NULL. */
TAP_PRINTF(3, 4) static bool is_str(const char *got, const char *want, const char *format, ...) {
    TAP__RESULT(got && want ? strcmp(got, want) == 0 : got == want);
    if (!tap__held) diag(" got: %s", got ? got : "(null)"), diag("want: %s", want ? want : "(null)");
    return tap__held;
}

/* For messages: `part` occurs in `got`. */
TAP_PRINTF(3, 4) static bool has_str(const char *got, const char *part, const char *format, ...) {
    TAP__RESULT(got && strstr(got, part));
    if (!tap__held) diag("    got: %s", got ? got : "(null)"), diag("want in: %s", part);
    return tap__held;
}

/* Within tolerance * max(1, |want|): absolute for small values, relative for large ones. NaN is close to NaN. */
static inline bool tap_close(double got, double want, double tolerance) {
    if (isnan(want)) return isnan(got);
    if (isinf(want)) return got == want;
    return fabs(got - want) <= tolerance * fmax(1.0, fabs(want));
}

TAP_PRINTF(4, 5) static bool is_close(double got, double want, double tolerance, const char *format, ...) {
    TAP__RESULT(tap_close(got, want, tolerance));
    if (!tap__held) diag("got %.9g, want %.9g within %g", got, want, tolerance);
    return tap__held;
}

/* Two f32 arrays; the first element that differs is shown. */
TAP_PRINTF(5, 6)
static bool is_close_all(const float *got, const float *want, size_t count, double tolerance, const char *format, ...) {
    size_t i = 0;
    while (i < count && tap_close((double)got[i], (double)want[i], tolerance)) i++;
    TAP__RESULT(i == count);
    if (!tap__held)
        diag("at %zu of %zu: got %.9g, want %.9g within %g", i, count, (double)got[i], (double)want[i], tolerance);
    return tap__held;
}

/* One check that cannot be made here. */
TAP_PRINTF(1, 2) static void skip(const char *reason, ...) {
    va_list args;
    va_start(args, reason);
    tap__begin();
    printf("ok %d # SKIP ", ++tap.run);
    vprintf(reason, args);
    putchar('\n');
    va_end(args);
    fflush(stdout);
}

/* Declare the number of checks beforehand, when it is known. */
static inline void plan(int checks) {
    tap__begin();
    tap.planned = checks;
    printf("1..%d\n", checks);
}

/* The end of a program that made its checks; main returns it. */
static inline int done_testing(void) {
    tap__begin();
    tap.done = true;
    if (!tap.planned) printf("1..%d\n", tap.run);
    if (tap.planned && tap.planned != tap.run) diag("planned %d checks but ran %d", tap.planned, tap.run);
    if (tap.failed) diag("%d of %d checks failed", tap.failed, tap.run);
    fflush(stdout);
    return tap.failed || tap.run == 0 || (tap.planned && tap.planned != tap.run);
}

/* A program that can make no check here: main returns it. */
static inline int skip_all(const char *reason) {
    tap__begin();
    tap.done = true;
    printf("1..0 # SKIP %s\n", reason);
    return 0;
}

#endif
