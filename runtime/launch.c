/* launch.c - the program `mlrt`: says how threads wait, then opens the library, which has the command (main.c).
 *
 * A thread of a team that has nothing to do spins for a while before it sleeps, because the next piece of work is near.
 * libgomp spins for milliseconds: on a machine that does other work too, every team then waits for a thread that waits for
 * the processor on which another one spins. Some tens of microseconds bridge the gaps inside a step as well. libgomp reads
 * the environment once, when it is loaded, and it is loaded with the library. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    int (*command)(int argc, char **argv);
    if (!getenv("OMP_WAIT_POLICY")) setenv("GOMP_SPINCOUNT", "500", 0);
    void *library = dlopen(MLRT_LIBRARY, RTLD_LAZY | RTLD_GLOBAL);
    void *symbol = library ? dlsym(library, "mlrt__main") : NULL;
    if (!symbol) {
        fprintf(stderr, "mlrt: unable to open its library: %s\n", dlerror());
        return 1;
    }
    memcpy(&command, &symbol, sizeof command);
    return command(argc, argv);
}
