/* condition.c - the table of conditions. */
#include "condition.h"

const condition conditions[] = {
#define ROW(...) {__VA_ARGS__},
    CONDITIONS(ROW)
#undef ROW
        {0}};
