/* host.h - what plugins may ask of the process while they work. */
#ifndef MLRT__HOST_H
#define MLRT__HOST_H

#include <mlrt/plugin.h>

/* Where the lines of mlrt_say go; NULL: nowhere. */
void mlrt__listen(void (*hear)(const char *line));

#endif
