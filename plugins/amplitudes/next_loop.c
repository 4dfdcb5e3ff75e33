/* next_loop.c - the task of going on: examples of strike-two (strike_two.c) of one loop order to learn from, those of the
 * next to be asked. Cai et al., arXiv:2405.06107, end of Sec. 8 and Sec. 9.
 *
 * Sources are padded to the longest of both. Examples held out of the first loop order are the validation split, those of the
 * next the test split, so that each has its own metrics.
 */
#include "parents.h"
#include "split.h"
#include <stdlib.h>

enum { FIRST, NEXT, LOOPS };

typedef struct next_loop {
    int32_t loop, k, order, keep, base, test, seed;
    double slice;
} next_loop;

static const mlrt_prop next_loop_props[] = {
    MLRT_PROP_INT(next_loop, loop, .init = 4, .range = "[2, 7]",
                  .doc = "loop order L of the words to learn from; the next has one more"),
    MLRT_PROP_INT(next_loop, k, .init = 2, .range = "[0, inf)",
                  .doc = "strike only pairs of letters that are at most so many places apart; 0: any"),
    MLRT_PROP_ENUM(next_loop, order, .choices = parents_orders, .doc = "of the parents, as in amplitudes.strike_two"),
    MLRT_PROP_ENUM(next_loop, keep, .choices = number_parts, .doc = "what of the parents is told"),
    MLRT_PROP_F64(next_loop, slice, .range = "[0, inf)",
                  .doc = "training examples of the next loop order, as a multiple of those of the first"),
    MLRT_PROP_INT(next_loop, base, .init = 1000, .range = "[100, 1000]", .doc = "of the digits: 100 or 1000"),
    MLRT_PROP_INT(next_loop, test, .init = 1000, .range = "[1, inf)",
                  .doc = "examples held out of each loop order, a fifth of all at most"),
    MLRT_PROP_INT(next_loop, seed, .doc = "of the splits, of the slice, and of shuffled parents"),
    {0}};

typedef struct state {
    telling telling;
    struct {
        generation examples;
        int64_t *order; /* those that are trained on, then those that are held out */
        int64_t train, test;
    } of[LOOPS];
    numbers numbers;
} state;

/* ---- opening ---- */

static mlrt_status read_examples(mlrt_task *self, state *s, int32_t which, mlrt_error *err) {
    const next_loop *p = mlrt_props(self);
    generation *g = &s->of[which].examples;
    mlrt_status status = generation_new(g, p->loop + which, &s->telling, &s->numbers, err);
    if (!status) status = split_new(self, &s->of[which].order, g->words.terms, 0, p->test, p->seed, err);
    s->of[which].train = self->size[MLRT_TRAIN], s->of[which].test = self->size[MLRT_TEST];
    return status;
}

static mlrt_status next_loop_open(mlrt_task *self, mlrt_error *err) {
    const next_loop *p = mlrt_props(self);
    state *s = self->state = calloc(1, sizeof *s);
    if (!s || !numbers_new(&s->numbers, p->base)) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    s->telling = (telling){.k = p->k, .order = p->order, .keep = p->keep, .seed = p->seed, .unique = true};
    for (int32_t which = FIRST; which < LOOPS; which++)
        if (read_examples(self, s, which, err)) return err->status;
    const int64_t most = s->of[NEXT].train, slice = (int64_t)(p->slice * (double)s->of[FIRST].train + 0.5);
    if (slice > most)
        return mlrt_fail(err, MLRT_RANGE, "a slice of %lld examples: %d loops have %lld to train on", (long long)slice,
                         p->loop + 1, (long long)most);
    self->size[MLRT_TRAIN] = s->of[FIRST].train + slice;
    self->size[MLRT_VALID] = s->of[FIRST].test;
    self->size[MLRT_TEST] = s->of[NEXT].test;
    const int32_t first = s->of[FIRST].examples.longest, next = s->of[NEXT].examples.longest;
    generation_fields(self, &s->of[NEXT].examples, &s->numbers, &s->numbers, first > next ? first : next);
    return MLRT_OK;
}

static void next_loop_close(mlrt_task *self) {
    state *s = self->state;
    if (!s) return;
    for (int32_t which = FIRST; which < LOOPS; which++)
        generation_free(&s->of[which].examples), free(s->of[which].order);
    numbers_free(&s->numbers);
    free(s);
    self->state = NULL;
}

/* ---- examples ---- */

/* Which loop order an example is of; *at becomes its place among the words. */
static int32_t find(const state *s, mlrt_split split, int64_t *at) {
    const int64_t first = s->of[FIRST].train;
    const int32_t which = split == MLRT_TRAIN ? (*at < first ? FIRST : NEXT) : split == MLRT_VALID ? FIRST : NEXT;
    const int64_t before = split != MLRT_TRAIN ? -s->of[which].train : which == NEXT ? first : 0;
    *at = s->of[which].order[*at - before];
    return which;
}

static void next_loop_fetch(const mlrt_task *self, mlrt_split split, const int64_t *index, int64_t count,
                            void *const buffer[]) {
    const state *s = self->state;
    const int32_t tokens = (int32_t)self->field[0].shape.dim[0], length = (int32_t)self->field[1].shape.dim[0];
    int32_t *source = buffer[0], *target = buffer[1];
    for (int64_t i = 0; i < count; i++, source += tokens, target += length) {
        int64_t at = index[i];
        const generation *g = &s->of[find(s, split, &at)].examples;
        generation_source(g, &s->telling, &s->numbers, g->words.word[at], source, tokens);
        numbers_target(&s->numbers, g->words.coefficient[at], NUMBER_VALUE, target, length);
    }
}

static void next_loop_decode(const mlrt_task *self, int32_t field, const void *example, char *text, size_t size) {
    const state *s = self->state;
    numbers_decode(&s->numbers, example, (int32_t)self->field[field].shape.dim[0], text, size);
}

MLRT_TASK(next_loop, .summary = "strike-two examples of one loop order to learn from, and of the next to be asked",
          .doc = "The validation split is of the first loop order, the test split of the next.",
          .source = "Cai et al., arXiv:2405.06107, Sec. 8 and 9", .props = next_loop_props, .open = next_loop_open,
          .close = next_loop_close, .fetch = next_loop_fetch, .metrics = number_metrics, .decode = next_loop_decode);
