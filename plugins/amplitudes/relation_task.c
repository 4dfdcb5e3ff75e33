/* relation_task.c - the task of words that relations join: Cai et al., arXiv:2405.06107, Sec. 6.
 *
 * Its examples are the words of instances of relations, instance after instance, with their coefficients, to be answered
 * by a model that was trained on amplitudes.coefficient. Which relation an example belongs to, which instance, and by
 * which factor its coefficient is multiplied there, stand in fields of their own.
 */
#include "instance.h"
#include "number.h"
#include "source.h"
#include "split.h"
#include "zeros.h"
#include <stdlib.h>
#include <string.h>

enum { FIGURE, ALL };
enum { WORD, COEFFICIENT, RELATION, GROUP, INSTANCE, FACTOR, FIELDS };
enum { TRIES = 4000 }; /* for an instance */

typedef struct relations_props {
    int32_t loop, which, instances, zeros, base, test, seed;
    bool held_out;
    double train;
    const char *data;
} relations_props;

static const char *const choices[] = {"figure", "all", NULL};

static const mlrt_prop relations_table[] = {
    MLRT_PROP_INT(relations_props, loop, .init = 4, .range = "[1, 8]", .doc = "loop order L: words have 2L letters"),
    MLRT_PROP_ENUM(relations_props, which, .choices = choices,
                   .doc =
                       "the six relations of the paper's Fig. 4, or all that are known, with all dihedral images, and "
                       "the dihedral symmetries cycle and flip"),
    MLRT_PROP_INT(relations_props, instances, .init = 500, .range = "[1, 100000]",
                  .doc = "of each relation, where there are so many"),
    MLRT_PROP_ENUM(relations_props, zeros, .choices = zeros_choices,
                   .doc =
                       "as the model was trained: with none, all words of an instance have a coefficient that is not "
                       "zero, else at least one does"),
    MLRT_PROP_BOOL(relations_props, held_out,
                   .doc = "only instances none of whose words amplitudes.coefficient trains on, given the same loop, "
                          "zeros, test, train and seed"),
    MLRT_PROP_INT(relations_props, base, .init = 1000, .range = "[2, 1000]", .doc = "of the digits: 10, 100 or 1000"),
    MLRT_PROP_INT(relations_props, test, .init = 1000, .range = "[1, inf)", .doc = "see held_out"),
    MLRT_PROP_F64(relations_props, train, .range = "[0, 1)", .doc = "see held_out"),
    MLRT_PROP_INT(relations_props, seed, .doc = "of the instances; see held_out"),
    MLRT_PROP_STRING(relations_props, data, .doc = "a file of coefficients, as for amplitudes.coefficient"),
    {0}};

typedef struct row {
    int64_t word, coefficient;
    int32_t law, group, instance, factor;
} row;

typedef struct state {
    symbol symbol;
    numbers numbers;
    law law[MOST_LAWS];
    char text[MOST_LAWS][LAW_NAME];
    const char *name[MOST_LAWS]; /* of those that have instances */
    mlrt_vocabulary laws;
    int64_t *trained; /* words, in their order; with held_out */
    int64_t trainings;
    row *row;
    int64_t rows, room;
    int32_t instances;
} state;

/* ---- which words are trained on ---- */

static int by_number(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The list that amplitudes.coefficient makes, up to where its training words end. */
static mlrt_status list_trained(mlrt_task *self, state *s, mlrt_error *err) {
    const relations_props *p = mlrt_props(self);
    symbol all = {0};
    int64_t *order = NULL;
    mlrt_status status = source_symbol(&all, p->loop, NULL, p->data, err);
    if (!status) status = zeros_add(&all, (zeros)p->zeros, (uint64_t)p->seed, err);
    if (!status) status = split_new(self, &order, all.terms, p->train, p->test, p->seed, err);
    if (!status && !(s->trained = malloc(sizeof *s->trained * (size_t)self->size[MLRT_TRAIN])))
        status = mlrt_fail(err, MLRT_MEMORY, "out of memory");
    if (!status) {
        s->trainings = self->size[MLRT_TRAIN];
        for (int64_t i = 0; i < s->trainings; i++) s->trained[i] = all.word[split_at(self, order, MLRT_TRAIN, i)];
        qsort(s->trained, (size_t)s->trainings, sizeof *s->trained, by_number);
    }
    symbol_free(&all);
    free(order);
    return status;
}

static bool is_trained(const state *s, int64_t word) {
    return s->trained && bsearch(&word, s->trained, (size_t)s->trainings, sizeof word, by_number);
}

/* ---- instances of one relation ---- */

typedef struct search {
    const relations_props *p;
    state *s;
    pattern image[IMAGES];
    uint64_t stream, drawn;
    int64_t first;  /* of its rows */
    uint64_t *seen; /* a number for each instance's words, whatever their order */
    int32_t found;
} search;

static int64_t below(search *h, int64_t n) {
    return (int64_t)mlrt_random_below((uint64_t)h->p->seed, h->stream, h->drawn++, (uint64_t)n);
}

static uint64_t fingerprint(const instance *in) {
    uint64_t sum = 0;
    for (int32_t t = 0; t < in->terms; t++) {
        uint64_t x = (uint64_t)in->word[t] + 0x9e3779b97f4a7c15u;
        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
        x = (x ^ x >> 27) * 0x94d049bb133111ebu;
        sum += x ^ x >> 31;
    }
    return sum;
}

static bool is_new(const search *h, uint64_t number) {
    for (int32_t i = 0; i < h->found; i++)
        if (h->seen[i] == number) return false;
    return true;
}

/* How many words have a coefficient; -1 when the instance is not wanted. */
static int32_t count_nonzero(const search *h, const instance *in) {
    int32_t nonzero = 0;
    for (int32_t t = 0; t < in->terms; t++) {
        const bool zero = symbol_coefficient(&h->s->symbol, in->word[t]) == 0;
        if ((zero && h->p->zeros == ZEROS_NONE) || is_trained(h->s, in->word[t])) return -1;
        nonzero += !zero;
    }
    return in->terms ? nonzero : -1;
}

/* One draw. A word of the symbol, a slot and an image give an instance, or none; an instance with n words of the symbol
 * comes n times as often and is taken once in n times. A relation of one word is put into a word of the symbol. */
static bool draw(search *h, instance *in) {
    const symbol *s = &h->s->symbol;
    const int64_t word = s->word[below(h, s->terms)];
    const pattern *p = &h->image[below(h, IMAGES)];
    const int32_t slot = (int32_t)below(h, pattern_slots(p, s->letters));
    if (p->terms == 1)
        pattern_around(p, word, s->letters, slot, in);
    else if (!pattern_at(p, word, s->letters, slot, in))
        return false;
    const int32_t nonzero = count_nonzero(h, in);
    return nonzero == 0 ? p->terms == 1 : nonzero > 0 && below(h, nonzero) == 0;
}

static bool keep(search *h, const instance *in) {
    state *s = h->s;
    if (s->rows + in->terms > s->room) {
        const int64_t room = 2 * s->room + MOST_TERMS;
        row *rows = realloc(s->row, sizeof *rows * (size_t)room);
        if (!rows) return false;
        s->row = rows, s->room = room;
    }
    for (int32_t t = 0; t < in->terms; t++)
        s->row[s->rows++] = (row){.word = in->word[t],
                                  .coefficient = symbol_coefficient(&s->symbol, in->word[t]),
                                  .law = s->laws.size,
                                  .group = pattern_group(h->image),
                                  .instance = s->instances,
                                  .factor = in->factor[t]};
    s->instances++;
    return true;
}

static mlrt_status find_instances(const relations_props *p, state *s, const law *l, mlrt_error *err) {
    search h = {.p = p, .s = s, .stream = mlrt_stream(l->name)};
    for (int32_t i = 0; i < IMAGES; i++) h.image[i] = law_pattern(l, i);
    if (pattern_slots(h.image, s->symbol.letters) == 0) return MLRT_OK;
    if (!(h.seen = malloc(sizeof *h.seen * (size_t)p->instances))) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    bool room = true;
    for (int64_t i = 0; room && h.found < p->instances && i < (int64_t)p->instances * TRIES; i++) {
        instance in;
        uint64_t number;
        if (!draw(&h, &in) || !is_new(&h, number = fingerprint(&in))) continue;
        h.seen[h.found++] = number;
        room = keep(&h, &in);
    }
    free(h.seen);
    return room ? MLRT_OK : mlrt_fail(err, MLRT_MEMORY, "out of memory");
}

/* ---- the task ---- */

static void describe(mlrt_task *self, state *s, int64_t length) {
    static const char *const letters[LETTERS] = {"a", "b", "c", "d", "e", "f"};
    static const mlrt_vocabulary words = {LETTERS, letters};
    const mlrt_field fields[FIELDS] = {
        [WORD] = {"word", MLRT_I32, MLRT_SHAPE_OF(s->symbol.letters), &words, false, "letters a to f"},
        [COEFFICIENT] = {"coefficient", MLRT_I32, MLRT_SHAPE_OF(length), &s->numbers.vocabulary, true,
                         "sign, digits, end"},
        [RELATION] = {"relation", MLRT_I32, MLRT_SCALAR, &s->laws, true, "which one"},
        [GROUP] = {"group", MLRT_I32, MLRT_SCALAR, NULL, true,
                   "1: two equal coefficients; 2: signs must differ; 3: mixed; 0: a single zero"},
        [INSTANCE] = {"instance", MLRT_I32, MLRT_SCALAR, NULL, true, "of all instances, counted from 0"},
        [FACTOR] = {"factor", MLRT_I32, MLRT_SCALAR, NULL, true, "of the coefficient in the instance's sum"}};
    self->fields = FIELDS;
    memcpy(self->field, fields, sizeof fields);
    self->size[MLRT_TRAIN] = 0, self->size[MLRT_TEST] = s->rows;
}

static mlrt_status relations_open(mlrt_task *self, mlrt_error *err) {
    const relations_props *p = mlrt_props(self);
    int32_t longest[NUMBER_MOST_TOKENS];
    state *s = self->state = calloc(1, sizeof *s);
    if (!s || !numbers_new(&s->numbers, p->base)) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    mlrt_status status = source_symbol(&s->symbol, p->loop, NULL, p->data, err);
    if (!status && p->held_out) status = list_trained(self, s, err);
    if (status) return status;
    s->laws.token = s->name;
    const int32_t laws = p->which == ALL ? laws_all(s->law, s->text) : laws_figure(s->law);
    for (int32_t i = 0; i < laws; i++) {
        const int64_t before = s->rows;
        if (find_instances(p, s, &s->law[i], err) != MLRT_OK) return err->status;
        if (s->rows > before) s->name[s->laws.size++] = s->law[i].name;
    }
    if (s->rows == 0) return mlrt_fail(err, MLRT_RANGE, "%d loops have no instance of these relations", p->loop);
    describe(self, s, numbers_encode(&s->numbers, s->symbol.largest, NUMBER_VALUE, longest) + 1);
    return MLRT_OK;
}

static void relations_close(mlrt_task *self) {
    state *s = self->state;
    if (!s) return;
    symbol_free(&s->symbol);
    numbers_free(&s->numbers);
    free(s->trained);
    free(s->row);
    free(s);
    self->state = NULL;
}

static void relations_fetch(const mlrt_task *self, mlrt_split split, const int64_t *index, int64_t count,
                            void *const buffer[]) {
    const state *s = self->state;
    const int32_t letters = s->symbol.letters, length = (int32_t)self->field[COEFFICIENT].shape.dim[0];
    int32_t *word = buffer[WORD], *target = buffer[COEFFICIENT];
    (void)split;
    for (int64_t i = 0; i < count; i++, word += letters, target += length) {
        const row *r = &s->row[index[i]];
        uint8_t letter[MOST_LETTERS];
        symbol_spell(r->word, letters, letter);
        for (int32_t k = 0; k < letters; k++) word[k] = letter[k];
        numbers_target(&s->numbers, r->coefficient, NUMBER_VALUE, target, length);
        ((int32_t *)buffer[RELATION])[i] = r->law;
        ((int32_t *)buffer[GROUP])[i] = r->group;
        ((int32_t *)buffer[INSTANCE])[i] = r->instance;
        ((int32_t *)buffer[FACTOR])[i] = r->factor;
    }
}

MLRT_TASK(
    relations, .summary = "the words of instances of linear relations between coefficients",
    .doc = "There is nothing to train on: a model of amplitudes.coefficient answers the examples, all in the test "
           "split, and the Lua module `linear_relations` says which relations the answers satisfy. Words that are zero "
           "by the rules of adjacent, first and last letters are left out: their coefficients are known. The "
           "relations and their sources are listed under task.amplitudes.symbol.",
    .source = "Cai et al., arXiv:2405.06107, Sec. 6 and Appendix B", .props = relations_table, .open = relations_open,
    .close = relations_close, .fetch = relations_fetch);
