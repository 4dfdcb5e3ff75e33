/* family.c - narrowing the symbols that are still possible. */
#include "family.h"

bool family_narrow(work *w, family *f, const matrix *values, const uint32_t *target, const char *condition) {
    work scratch = work_like(w);
    const int32_t last = f->parameters;
    echelon e;
    uint32_t *row;
    matrix solutions, members;
    bool done = echelon_new(&scratch, &e, last + 1) && TAKE(&scratch, row, last + 1);
    for (int32_t c = 0; done && c < values->columns; c++) {
        for (int32_t i = 0; i <= last; i++) row[i] = matrix_row(values, i)[c];
        row[last] = mod_add(row[last], mod_negate(target[c], w->p), w->p);
        done = echelon_add(&scratch, &e, row);
    }
    if (done && echelon_is_pivot(&e, last))
        done = FAIL(w, MLRT_NUMERIC, "no symbol of %d loops satisfies the condition '%s'", f->loop, condition);
    if (done && e.rank > 0) {
        done =
            echelon_solve(&scratch, &e, &solutions) && matrix_transposed_product(w, &solutions, &f->members, &members);
        if (done) f->members = members, f->parameters = members.rows - 1;
    }
    work_free(&scratch);
    return done && work_goes_on(w);
}

bool family_coordinates(work *w, const space *front, const space *back, const symbol *s, int32_t m, matrix *x) {
    int64_t *first, *last, power = 1;
    for (int32_t k = m; k < s->letters; k++) power *= LETTERS;
    if (!matrix_new(w, x, front->level[m].dim, back->level[s->letters - m].dim) || !space_words(w, front, m, &first) ||
        !space_words(w, back, s->letters - m, &last))
        return false;
    for (int32_t i = 0; i < x->rows; i++)
        for (int32_t j = 0; j < x->columns; j++)
            matrix_row(x, i)[j] = mod_of(symbol_coefficient(s, first[i] * power + last[j]), w->p);
    return true;
}

family family_known(const space *front, const space *back, int32_t loop, int32_t m, const matrix *x) {
    return (family){.front = front,
                    .back = back,
                    .loop = loop,
                    .m = m,
                    .k = 2 * loop - m,
                    .members = {1, x->rows * x->columns, x->at}};
}
