/* host.c - what plugins may ask of the process while they work. */
#include "plugin/host.h"
#include "base/interrupt.h"
#include <stdarg.h>
#include <stdio.h>

enum { LINE = 512 };

static void (*hearer)(const char *line);

bool mlrt_interrupted(void) { return mlrt__interrupted(); }

void mlrt__listen(void (*hear)(const char *line)) { hearer = hear; }

void mlrt_say(const char *format, ...) {
    char line[LINE];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (hearer) hearer(line);
}
