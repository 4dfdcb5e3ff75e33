/* loop6.c - the symbol of six loops. */
#include "octuples.h"

int main(void) {
    static const int64_t left[] = {3180, 242, 169, 126, 81, 27, 15, 0};
    symbol all[LAST_BOOTSTRAP + 1] = {0};
    steps noted;
    if (!loops_compute(all, 6, &noted)) return 1;
    loops_steps(&noted, 6, left, sizeof left / sizeof *left);
    loops_size(&all[6], 4916466, 61931520);
    loops_same_by_duality(all, 6, 2316);
    loops_symmetry(&all[6], 101);
    loops_relations(&all[6], 0, 997);
    loops_quads(&all[6], 391570);
    loops_octuples(&all[6], 9973, 17054, 48);
    loops_free(all, 6);
    return done_testing();
}
