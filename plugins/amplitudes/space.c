/* space.c - growing the spaces, and going through them letter by letter. */
#include "space.h"

/* ---- steps ---- */

/* in and out swap sides when stripping. */
static bool step(work *w, const space *s, int32_t n, const uint32_t weight[LETTERS], bool strip, const matrix *in,
                 matrix *out) {
    const space_level *level = &s->level[n];
    const int32_t rows = strip ? s->level[n - 1].dim : level->dim, width = in->columns;
    work scratch = work_like(w);
    int64_t *sum;
    if (!matrix_new(w, out, rows, width) || !TAKE(&scratch, sum, (int64_t)rows * width)) return false;
    for (int32_t letter = 0; letter < LETTERS; letter++)
        for (int32_t k = level->first[letter]; weight[letter] && k < level->first[letter + 1]; k++) {
            const space_term *t = &level->term[k];
            const int32_t from = strip ? t->outer : t->inner, to = strip ? t->inner : t->outer;
            mod_add_multiple(sum + (int64_t)to * width, mod_mul(t->factor, weight[letter], w->p), matrix_row(in, from),
                             width, w->p);
        }
    mod_reduce(out->at, sum, (int64_t)rows * width, w->p);
    work_free(&scratch);
    return true;
}

bool space_step(work *w, const space *s, int32_t n, const uint32_t weight[LETTERS], const matrix *in, matrix *out) {
    return step(w, s, n, weight, false, in, out);
}

bool space_strip(work *w, const space *s, int32_t n, const uint32_t weight[LETTERS], const matrix *in, matrix *out) {
    return step(w, s, n, weight, true, in, out);
}

bool space_step_letter(work *w, const space *s, int32_t n, int32_t letter, const matrix *in, matrix *out) {
    uint32_t weight[LETTERS] = {0};
    weight[letter] = 1;
    return step(w, s, n, weight, false, in, out);
}

bool space_strip_letter(work *w, const space *s, int32_t n, int32_t letter, const matrix *in, matrix *out) {
    uint32_t weight[LETTERS] = {0};
    weight[letter] = 1;
    return step(w, s, n, weight, true, in, out);
}

bool space_spell(work *w, const space *s, int32_t n, const matrix *in, matrix *out) {
    work scratch = work_like(w);
    const int32_t width = in->columns;
    bool done = matrix_new(w, out, s->level[n].dim, LETTERS * width);
    for (int32_t letter = 0; done && letter < LETTERS; letter++) {
        matrix one;
        if (!(done = space_step_letter(&scratch, s, n, letter, in, &one))) break;
        for (int32_t i = 0; i < one.rows; i++)
            for (int32_t j = 0; j < width; j++)
                matrix_row(out, i)[s->end == FRONT ? j * LETTERS + letter : letter * width + j] =
                    matrix_row(&one, i)[j];
    }
    work_free(&scratch);
    return done;
}

bool space_value(work *w, const space *s, const uint8_t *letter, int32_t n, matrix *value) {
    if (!matrix_new(w, value, 1, 1)) return false;
    value->at[0] = 1;
    for (int32_t k = 1; k <= n; k++) {
        const matrix inner = *value;
        if (!space_step_letter(w, s, k, letter[s->end == FRONT ? k - 1 : n - k], &inner, value)) return false;
    }
    return true;
}

/* ---- growing ----
 *
 * The unknowns of weight n are the coefficients of (element j of weight n-1, letter l). A relation of k letters gives an
 * equation for each element of weight n-k: it looks at the last k-1 letters of every element j, and at l.
 */

static int32_t unknown(const space *s, int32_t n, int32_t inner, int32_t letter) {
    return letter * s->level[n - 1].dim + inner;
}

/* Letter k of a relation's term, counted from the closed end of the space outwards. */
static uint8_t outward(const space *s, const functional *f, const relation_term *t, int32_t k) {
    return t->letter[s->end == FRONT ? k : f->length - 1 - k];
}

/* What the letters but the outermost of a term make of the elements of weight n-1, a column for each of weight n-k. */
static bool look(work *w, const space *s, int32_t n, const functional *f, const relation_term *t, matrix *seen) {
    const int32_t from = n - f->length, dim = s->level[from].dim;
    if (!matrix_new(w, seen, dim, dim)) return false;
    for (int32_t i = 0; i < dim; i++) matrix_row(seen, i)[i] = 1;
    for (int32_t k = 0; k + 1 < f->length; k++) {
        const matrix inner = *seen;
        if (!space_step_letter(w, s, from + k + 1, outward(s, f, t, k), &inner, seen)) return false;
    }
    return true;
}

static bool equations_of(work *w, const space *s, int32_t n, const functional *f, matrix *rows) {
    matrix seen;
    if (!matrix_new(w, rows, s->level[n - f->length].dim, LETTERS * s->level[n - 1].dim)) return false;
    for (int32_t i = 0; i < f->terms; i++) {
        const relation_term *t = &f->term[i];
        const uint32_t factor = mod_of(t->factor, w->p);
        if (!look(w, s, n, f, t, &seen)) return false;
        for (int32_t j = 0; j < seen.rows; j++)
            for (int32_t q = 0; q < rows->rows; q++) {
                uint32_t *at = &matrix_row(rows, q)[unknown(s, n, j, outward(s, f, t, f->length - 1))];
                *at = mod_add(*at, mod_mul(factor, matrix_row(&seen, j)[q], w->p), w->p);
            }
    }
    return true;
}

static bool require(work *w, const space *s, int32_t n, const functional *f, echelon *e) {
    work scratch = work_like(w);
    matrix rows;
    bool done = equations_of(&scratch, s, n, f, &rows);
    for (int32_t q = 0; done && q < rows.rows; q++) done = echelon_add(w, e, matrix_row(&rows, q));
    work_free(&scratch);
    return done && work_goes_on(w);
}

static bool is_asked(const space *s, const relation *r, const functional *f, int32_t n, int32_t longest) {
    if (r->place == ANYWHERE) return f->length <= n;
    return r->place == s->end && f->length == n && n <= longest;
}

/* The solutions are the new elements: their values, unknown by unknown, are the terms. */
bool space_take(work *w, space *s, int32_t n, const echelon *e, const matrix *x) {
    space_level *level = &s->level[n];
    const int32_t dim = s->level[n - 1].dim;
    int32_t terms = 0, element = 0;
    level->dim = x->columns;
    for (int64_t i = 0; i < (int64_t)x->rows * x->columns; i++) terms += x->at[i] != 0;
    if (!TAKE(w, level->term, terms) || !TAKE(w, level->inner, level->dim) || !TAKE(w, level->letter, level->dim))
        return false;
    terms = 0;
    for (int32_t letter = 0; letter < LETTERS; letter++) {
        level->first[letter] = terms;
        for (int32_t inner = 0; inner < dim; inner++) {
            const uint32_t *factor = matrix_row(x, unknown(s, n, inner, letter));
            for (int32_t outer = 0; outer < level->dim; outer++)
                if (factor[outer]) level->term[terms++] = (space_term){outer, inner, factor[outer]};
            if (echelon_is_pivot(e, unknown(s, n, inner, letter))) continue;
            level->inner[element] = inner;
            level->letter[element++] = (uint8_t)letter;
        }
    }
    level->first[LETTERS] = terms;
    return true;
}

static bool grow(work *w, work *scratch, space *s, int32_t n, int32_t longest) {
    echelon e;
    matrix x;
    if (!echelon_new(scratch, &e, LETTERS * s->level[n - 1].dim)) return false;
    for (const relation *r = relations; r->terms; r++)
        for (int32_t image = 0; image < IMAGES; image++) {
            const functional f = relation_image(r, image);
            if (is_asked(s, r, &f, n, longest) && !require(scratch, s, n, &f, &e)) return false;
        }
    return echelon_solve(scratch, &e, &x) && space_take(w, s, n, &e, &x);
}

bool space_new(work *w, space *s, place end, int32_t weight, int32_t longest) {
    bool done = true;
    *s = (space){.end = end, .weight = weight, .level[0].dim = 1};
    for (int32_t n = 1; done && n <= weight; n++) {
        work scratch = work_like(w);
        done = grow(w, &scratch, s, n, longest);
        work_free(&scratch);
    }
    return done;
}

/* ---- symmetry and words ---- */

bool space_image(work *w, const space *s, int32_t n, int32_t image, matrix *action) {
    const uint8_t *letter = dihedral[image];
    matrix inner;
    if (!matrix_new(w, action, 1, 1)) return false;
    action->at[0] = 1;
    for (int32_t k = 1; k <= n; k++) {
        const space_level *level = &s->level[k];
        inner = *action;
        if (!matrix_new(w, action, level->dim, level->dim)) return false;
        for (int32_t l = 0; l < LETTERS; l++)
            for (int32_t i = level->first[l]; i < level->first[l + 1]; i++) {
                const space_term *t = &level->term[i];
                for (int32_t j = 0; j < level->dim; j++) {
                    if (level->letter[j] != letter[l]) continue;
                    uint32_t *at = &matrix_row(action, t->outer)[j];
                    *at = mod_add(*at, mod_mul(t->factor, matrix_row(&inner, t->inner)[level->inner[j]], w->p), w->p);
                }
            }
    }
    return true;
}

bool space_words(work *w, const space *s, int32_t n, int64_t **word) {
    int64_t power = 1;
    if (!TAKE(w, *word, 1)) return false;
    for (int32_t k = 1; k <= n; k++, power *= LETTERS) {
        const space_level *level = &s->level[k];
        const int64_t *inner = *word;
        if (!TAKE(w, *word, level->dim)) return false;
        for (int32_t j = 0; j < level->dim; j++)
            (*word)[j] = s->end == FRONT ? inner[level->inner[j]] * LETTERS + level->letter[j]
                                         : level->letter[j] * power + inner[level->inner[j]];
    }
    return true;
}
