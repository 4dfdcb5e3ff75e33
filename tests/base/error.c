/* error.c - tests of error values and of their one line. */
#include <mlrt/base.h>
#include "tap.h"

static const char *text(const mlrt_error *err) {
    static char buffer[4096];
    return mlrt_error_text(err, buffer, sizeof buffer);
}

static void test_parts(void) {
    mlrt_error err = {0};
    is_str(text(&err), "", "no error is an empty line");
    is_int(mlrt_fail(&err, MLRT_NAME, "unknown property '%s'", "ouy"), MLRT_NAME, "the status given comes back");
    is_str(text(&err), "unknown property 'ouy'", "a message");
    mlrt_hint(&err, "did you mean '%s'?", "out");
    is_str(text(&err), "unknown property 'ouy' (did you mean 'out'?)", "a hint follows in brackets");
    mlrt_at(&err, "encoder.%d.linear", 2);
    is_int(mlrt_at(&err, "experiments/x.lua:%d", 14), MLRT_NAME, "adding a place keeps the status");
    is_str(text(&err), "experiments/x.lua:14: encoder.2.linear: unknown property 'ouy' (did you mean 'out'?)",
           "the place named last stands first");
}

static void test_first_wins(void) {
    mlrt_error err = {0};
    mlrt_fail(&err, MLRT_SHAPE, "first");
    is_int(mlrt_fail(&err, MLRT_FILE, "second"), MLRT_FILE, "a second failure returns its own status");
    is_int(err.status, MLRT_SHAPE, "but the first one stays");
    is_str(err.message, "first", "with its message");
    is_int(mlrt_fail(NULL, MLRT_RANGE, "nobody listens"), MLRT_RANGE, "an error that nobody wants may be NULL");
    is_int(mlrt_at(NULL, "x") + mlrt_hint(NULL, "x"), 0, "and so may its place and hint");
}

static void test_truncation(void) {
    char longer[3000], small[8];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    mlrt_error err = {0};
    mlrt_fail(&err, MLRT_FILE, "%s", longer);
    mlrt_hint(&err, "%s", longer);
    mlrt_at(&err, "%s", longer);
    mlrt_at(&err, "here");
    is_int((int64_t)strlen(err.message), MLRT_MESSAGE_MAX - 1, "a message that is too long is cut");
    is_int((int64_t)strlen(err.hint), MLRT_HINT_MAX - 1, "and a hint");
    ok(strlen(err.where) == MLRT_WHERE_MAX - 1 && strncmp(err.where, "here: x", 7) == 0,
       "and a place, at its inner end");
    is_str(err.where + MLRT_WHERE_MAX - 4, "...", "which shows");
    is_str(mlrt_error_text(&err, small, sizeof small), "here: x", "the line is cut to the buffer");
}

int main(void) {
    test_parts();
    test_first_wins();
    test_truncation();
    is_str(mlrt_status_name(MLRT_SHAPE), "shapes do not fit", "a status has a meaning");
    is_str(mlrt_status_name((mlrt_status)1000), "unknown status", "a number that is none says so");
    return done_testing();
}
