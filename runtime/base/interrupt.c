/* interrupt.c - a signal asked this process to stop. */
#include "base/interrupt.h"
#include <stdatomic.h>

static atomic_int interrupted;

void mlrt__interrupt(void) { atomic_store(&interrupted, 1); }
bool mlrt__interrupted(void) { return atomic_load(&interrupted) != 0; }
