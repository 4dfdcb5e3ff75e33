/* main.c - the mlrt command: hands its arguments to the verbs. */
#include <mlrt/base.h>
#include <stdio.h>

int main(void) {
    puts(mlrt_version());
    return 0;
}
