/* interrupt.h - a signal asked this process to stop: set by the command's handlers, obeyed between steps. */
#ifndef MLRT__INTERRUPT_H
#define MLRT__INTERRUPT_H

#include <stdbool.h>

void mlrt__interrupt(void); /* safe inside a signal handler */
bool mlrt__interrupted(void);

#endif
