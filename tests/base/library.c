/* library.c - libraries that are opened when they are used: their functions, and what is said when something is missing. */
#include "base/library.h"
#include "tap.h"

static double mine(double x) { return x; }

int main(void) {
    double (*cosine)(double) = mine, (*none)(double) = mine;
    mlrt_error err = {0};
    ok(mlrt__library_open("libm.so.6", &(mlrt__symbol){"cos", &cosine}, 1, &err) == MLRT_OK, "a library is opened");
    is_close(cosine(0), 1, 0, "and its function found");
    ok(mlrt__library_open("libm.so.6", &(mlrt__symbol){"no_such_function", &none}, 1, &err) == MLRT_FILE,
       "a function that it does not have");
    is_str(err.message, "the library 'libm.so.6' has no function 'no_such_function'", "is named");
    err = (mlrt_error){0};
    ok(mlrt__library_open("libnowhere.so.9", &(mlrt__symbol){"cos", &none}, 1, &err) == MLRT_FILE,
       "and so is a library that is not there");
    has_str(err.message, "unable to open the library 'libnowhere.so.9': ", "with the reason");
    ok(none == mine, "nothing is found then");
    return done_testing();
}
