/* loop5.c - the symbol of five loops. */
#include "octuples.h"

int main(void) {
    /* printed in Cai et al., arXiv:2405.06107, below Eqs. 7 and 8 */
    static const struct {
        const char *word;
        int64_t coefficient;
    } printed[] = {{"cabcabdccd", 72}, {"caccabdccd", -88}, {"cbacabdccd", -72}, {"ccacabdccd", 56}};
    static const int64_t left[] = {1113, 134, 90, 67, 40, 15, 8, 0};
    symbol all[LAST_BOOTSTRAP + 1] = {0};
    steps noted;
    if (!loops_compute(all, 5, &noted)) return 1;
    loops_steps(&noted, 5, left, sizeof left / sizeof *left);
    loops_size(&all[5], 263880, 860160);
    for (size_t i = 0; i < sizeof printed / sizeof *printed; i++)
        is_int(loops_coefficient(&all[5], printed[i].word), printed[i].coefficient, "%s as printed", printed[i].word);
    loops_same_by_duality(all, 5, 707);
    loops_symmetry(&all[5], 7);
    loops_relations(&all[5], 0, 53);
    loops_quads(&all[5], 20936);
    loops_octuples(&all[5], 997, 918, 9);
    loops_free(all, 5);
    return done_testing();
}
