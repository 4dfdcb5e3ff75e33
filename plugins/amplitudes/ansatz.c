/* ansatz.c - the symbols that a front and a back space allow.
 *
 * The dihedral group is that of the permutations of three things. Under it a space falls into pieces of three kinds:
 * elements that stay as they are, elements that change sign under a flip, and triples e, Ce, CCe with e + Ce + CCe = 0
 * and e even under the flip (C is the cycle). Invariant products are made of a piece of the front and one of the back of
 * the same kind: f b, f b, and fb + Cf Cb + CCf CCb. The coefficients of these are the unknowns.
 */
#include "family.h"

enum { EVEN, ODD, TRIPLE, KINDS, COPIES = 3 };

/* The pieces of one kind: their coordinates in the space, a column each; the C and CC of triples as further copies. */
typedef struct pieces {
    int32_t count, copies;
    matrix copy[COPIES];
} pieces;

/* ---- pieces ---- */

/* x M = s x for the row of coordinates x. */
static bool require_action(work *w, echelon *e, const matrix *action, uint32_t s) {
    uint32_t *row;
    if (!TAKE(w, row, action->rows)) return false;
    for (int32_t j = 0; j < action->columns; j++) {
        for (int32_t i = 0; i < action->rows; i++) row[i] = matrix_row(action, i)[j];
        row[j] = mod_add(row[j], mod_negate(s, w->p), w->p);
        if (!echelon_add(w, e, row)) return false;
    }
    return true;
}

/* The columns of x, moved by an action on rows. */
static bool move(work *w, const matrix *x, const matrix *action, matrix *moved) {
    return matrix_transposed_product(w, action, x, moved);
}

static bool find_pieces(work *w, const space *s, int32_t n, pieces kinds[KINDS]) {
    matrix cycle, flip, twice;
    const int32_t dim = s->level[n].dim;
    if (!space_image(w, s, n, CYCLE, &cycle) || !space_image(w, s, n, FLIP, &flip) ||
        !matrix_product(w, &cycle, &cycle, &twice))
        return false;
    /* a triple is what cycle + twice turns into its negative */
    for (int64_t i = 0; i < (int64_t)dim * dim; i++) twice.at[i] = mod_add(twice.at[i], cycle.at[i], w->p);
    for (int32_t kind = 0; kind < KINDS; kind++) {
        pieces *k = &kinds[kind];
        echelon e;
        k->copies = kind == TRIPLE ? COPIES : 1;
        if (!echelon_new(w, &e, dim) || !require_action(w, &e, &flip, kind == ODD ? w->p - 1 : 1) ||
            !require_action(w, &e, kind == TRIPLE ? &twice : &cycle, kind == TRIPLE ? w->p - 1 : 1) ||
            !echelon_solve(w, &e, &k->copy[0]))
            return false;
        k->count = k->copy[0].columns;
        for (int32_t c = 1; c < k->copies; c++)
            if (!move(w, &k->copy[c - 1], &cycle, &k->copy[c])) return false;
    }
    return true;
}

/* ---- the seam: relations with letters on both sides of the cut ---- */

typedef struct ansatz {
    family *f;
    pieces front[KINDS], back[KINDS];
    int32_t first[KINDS + 1]; /* the unknowns of a kind */
} ansatz;

/* A relation's term at the seam: what its letters on either side leave of the pieces, a row for each element of the
 * weights that remain. */
typedef struct seam_term {
    uint32_t factor;
    matrix front[KINDS][COPIES], back[KINDS][COPIES];
} seam_term;

typedef struct seam_relation {
    int32_t terms, front, back; /* elements that remain */
    seam_term term[MOST_TERMS];
} seam_relation;

static bool strip_word(work *w, const space *s, int32_t n, const uint8_t *letter, int32_t count, bool forward,
                       const matrix *in, matrix *out) {
    *out = *in;
    for (int32_t k = 0; k < count; k++) {
        const matrix before = *out;
        if (!space_strip_letter(w, s, n - k, letter[forward ? k : count - 1 - k], &before, out)) return false;
    }
    return true;
}

/* The relation with `left` of its letters on the front side. */
static bool cut(work *w, const ansatz *a, const functional *r, int32_t left, seam_relation *seam) {
    const family *f = a->f;
    const int32_t right = r->length - left;
    *seam = (seam_relation){r->terms, f->front->level[f->m - left].dim, f->back->level[f->k - right].dim, {{0}}};
    for (int32_t i = 0; i < r->terms; i++) {
        seam_term *t = &seam->term[i];
        t->factor = mod_of(r->term[i].factor, w->p);
        for (int32_t kind = 0; kind < KINDS; kind++)
            for (int32_t c = 0; c < a->front[kind].copies; c++)
                if (!strip_word(w, f->front, f->m, r->term[i].letter, left, false, &a->front[kind].copy[c],
                                &t->front[kind][c]) ||
                    !strip_word(w, f->back, f->k, r->term[i].letter + left, right, true, &a->back[kind].copy[c],
                                &t->back[kind][c]))
                    return false;
    }
    return true;
}

/* The equation of two remaining elements, one on either side. */
static void seam_row(const work *w, const ansatz *a, const seam_relation *seam, int32_t i, int32_t j, int64_t *sum,
                     uint32_t *row) {
    for (int32_t u = 0; u < a->first[KINDS]; u++) sum[u] = 0;
    for (int32_t n = 0; n < seam->terms; n++)
        for (int32_t kind = 0; kind < KINDS; kind++)
            for (int32_t c = 0; c < a->front[kind].copies; c++) {
                const seam_term *t = &seam->term[n];
                const uint32_t *front = matrix_row(&t->front[kind][c], i), *back = matrix_row(&t->back[kind][c], j);
                const int32_t width = a->back[kind].count;
                for (int32_t x = 0; x < a->front[kind].count; x++)
                    if (front[x])
                        mod_add_multiple(sum + a->first[kind] + x * width, mod_mul(t->factor, front[x], w->p), back,
                                         width, w->p);
            }
    mod_reduce(row, sum, a->first[KINDS], w->p);
}

static bool require_seam(work *w, const ansatz *a, const functional *r, int32_t left, echelon *e) {
    work scratch = work_like(w);
    seam_relation seam;
    int64_t *sum;
    uint32_t *row;
    bool done = cut(&scratch, a, r, left, &seam) && TAKE(&scratch, sum, e->columns) && TAKE(&scratch, row, e->columns);
    for (int32_t i = 0; done && i < seam.front; i++)
        for (int32_t j = 0; done && j < seam.back; j++) {
            seam_row(w, a, &seam, i, j, sum, row);
            done = echelon_add(w, e, row) && work_goes_on(w);
        }
    work_free(&scratch);
    return done;
}

/* ---- the family ---- */

static bool solve_seam(work *w, const ansatz *a, matrix *solutions) {
    echelon e;
    if (!echelon_new(w, &e, a->first[KINDS])) return false;
    for (const relation *r = relations; r->terms; r++) {
        const functional image = relation_image(r, 0); /* the others follow from symmetry */
        for (int32_t left = 1; r->place == ANYWHERE && left < image.length; left++)
            if (left <= a->f->m && image.length - left <= a->f->k && !require_seam(w, a, &image, left, &e))
                return false;
    }
    return echelon_solve(w, &e, solutions);
}

/* x of the unknowns: the sum over kinds and copies of front (unknowns) back^T. */
static bool member_of(work *w, const ansatz *a, const matrix *solutions, int32_t number, uint32_t *x) {
    const int32_t size = a->f->members.columns;
    for (int32_t kind = 0; kind < KINDS; kind++)
        for (int32_t c = 0; c < a->front[kind].copies; c++) {
            matrix y, left, back, part;
            const int32_t rows = a->front[kind].count, columns = a->back[kind].count;
            if (!matrix_new(w, &y, rows, columns)) return false;
            for (int32_t u = 0; u < rows * columns; u++) y.at[u] = matrix_row(solutions, a->first[kind] + u)[number];
            if (!matrix_product(w, &a->front[kind].copy[c], &y, &left) ||
                !matrix_transpose(w, &a->back[kind].copy[c], &back) || !matrix_product(w, &left, &back, &part))
                return false;
            for (int32_t i = 0; i < size; i++) x[i] = mod_add(x[i], part.at[i], w->p);
        }
    return true;
}

bool family_new(work *w, family *f, const space *front, const space *back, int32_t loop, int32_t m) {
    work scratch = work_like(w);
    ansatz a = {.f = f};
    matrix solutions;
    *f = (family){.front = front, .back = back, .loop = loop, .m = m, .k = 2 * loop - m};
    bool done = find_pieces(&scratch, front, f->m, a.front) && find_pieces(&scratch, back, f->k, a.back);
    for (int32_t kind = 0; kind < KINDS; kind++)
        a.first[kind + 1] = a.first[kind] + a.front[kind].count * a.back[kind].count;
    f->unknowns = a.first[KINDS];
    done = done && solve_seam(&scratch, &a, &solutions);
    f->parameters = done ? solutions.columns : 0;
    done = done && matrix_new(w, &f->members, f->parameters + 1, front->level[f->m].dim * back->level[f->k].dim);
    for (int32_t i = 0; done && i < f->parameters; i++) {
        work temporary = work_like(w);
        done = member_of(&temporary, &a, &solutions, i, matrix_row(&f->members, i));
        work_free(&temporary);
    }
    work_free(&scratch);
    return done;
}
