/* loop7.c - the symbol of seven loops, in quads. */
#include "loops.h"
#include "plugins/amplitudes/suffix.h"

int main(void) {
    static const int64_t left[] = {7141, 94, 81, 35, 6, 1, 0, 0};
    symbol all[LAST_BOOTSTRAP + 1] = {0};
    mlrt_error err = {0};
    work w = {.p = PRIME, .err = &err};
    suffixes only;
    steps noted;
    if (!loops_compute(all, 6, &noted) || !suffixes_quads(&w, &only)) return 1;
    const bootstrap_observer observer = {steps_note, &noted};
    noted = (steps){0};
    ok(!bootstrap_symbol(&all[7], 7, all, &only, NULL, &observer, &err), "seven loops");
    loops_steps(&noted, 7, left, sizeof left / sizeof *left);
    loops_size(&all[7], 7319649, 5449973760);
    loops_relations(&all[7], QUAD_LETTERS, 9973);
    int64_t others = 0;
    for (int64_t i = 0; i < all[7].terms; i++)
        others += suffix_of(&only, all[7].word[i]) < 0 || (i > 0 && all[7].word[i] <= all[7].word[i - 1]);
    is_int(others, 0, "all words end in quads, and are in order");
    loops_free(all, 7);
    work_free(&w);
    return done_testing();
}
