/* symbol_task.c - the symbol itself as a task: its words and their coefficients, as they are. */
#include "condition.h"
#include "source.h"
#include "suffix.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct props {
    int32_t loop, form;
    bool fresh;
    const char *data, *output;
} props;

static const mlrt_prop symbol_props[] = {
    MLRT_PROP_INT(props, loop, .init = 4, .range = "[1, 8]", .doc = "loop order L: words have 2L letters"),
    MLRT_PROP_ENUM(
        props, form, .choices = forms,
        .doc = "all words, or only those that end in one of a few suffixes, from which the others follow: eight "
               "of four letters (from L = 2 on), 94 of eight (from L = 4 on). Seven loops have 93 million words"),
    MLRT_PROP_BOOL(props, fresh, .doc = "compute it, and all below it, even if the cache has it, and say every step"),
    MLRT_PROP_STRING(props, data,
                     .doc =
                         "a file of `word coefficient` lines or of the published form, instead of what mlrt computes"),
    MLRT_PROP_STRING(props, output, .doc = "a file to write, a line `word coefficient` each, in the order of words"),
    {0}};

static const char *const letters[LETTERS] = {"a", "b", "c", "d", "e", "f"};
static const mlrt_vocabulary words = {LETTERS, letters};

typedef struct state {
    symbol symbol;
    bool halves; /* coefficients do not fit 32 bits: how many HALFs, and the rest */
} state;
enum { HALF = 1000000000 };

static mlrt_status take_symbol(const props *p, symbol *s, mlrt_error *err) {
    work w = {.p = PRIME, .err = err};
    suffixes only;
    mlrt_status status = suffixes_of_form(&w, (word_form)p->form, p->loop, &only);
    if (!status)
        status = p->fresh && p->loop <= LAST_BOOTSTRAP ? source_bootstrap(s, p->loop, &only, err)
                                                       : source_symbol(s, p->loop, &only, p->data, err);
    work_free(&w);
    return status;
}

static mlrt_status symbol_open(mlrt_task *self, mlrt_error *err) {
    const props *p = mlrt_props(self);
    state *s = self->state = calloc(1, sizeof *s);
    if (!s) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    mlrt_status status = take_symbol(p, &s->symbol, err);
    if (!status && p->output && *p->output) status = symbol_write(&s->symbol, p->output, err);
    s->halves = s->symbol.largest > INT32_MAX;
    self->size[MLRT_TRAIN] = s->symbol.terms;
    self->field[0] = (mlrt_field){"word", MLRT_I32, MLRT_SHAPE_OF(2 * p->loop), &words, false, "letters a to f"};
    self->field[1] = s->halves
                         ? (mlrt_field){"coefficient", MLRT_I32, MLRT_SHAPE_OF(2),
                                        NULL,          true,     "an integer: thousands of millions, and the rest"}
                         : (mlrt_field){"coefficient", MLRT_I32, MLRT_SCALAR, NULL, true, "an integer"};
    self->fields = 2;
    return status;
}

static void symbol_close(mlrt_task *self) {
    state *s = self->state;
    if (s) symbol_free(&s->symbol);
    free(s);
    self->state = NULL;
}

static void symbol_fetch(const mlrt_task *self, mlrt_split split, const int64_t *index, int64_t count,
                         void *const buffer[]) {
    const state *o = self->state;
    const symbol *s = &o->symbol;
    int32_t *word = buffer[0], *coefficient = buffer[1];
    (void)split;
    for (int64_t i = 0; i < count; i++) {
        uint8_t letter[MOST_LETTERS];
        symbol_spell(s->word[index[i]], s->letters, letter);
        for (int32_t k = 0; k < s->letters; k++) *word++ = letter[k];
        const int64_t whole = s->coefficient[index[i]];
        if (o->halves) *coefficient++ = (int32_t)(whole / HALF);
        *coefficient++ = (int32_t)(o->halves ? whole % HALF : whole);
    }
}

static void symbol_decode(const mlrt_task *self, int32_t field, const void *example, char *text, size_t size) {
    const state *o = self->state;
    const symbol *s = &o->symbol;
    const int32_t *token = example;
    if (field == 1) {
        snprintf(text, size, "%lld", o->halves ? token[0] * (long long)HALF + token[1] : *token);
        return;
    }
    size_t n = 0;
    for (; n < (size_t)s->letters && n + 1 < size; n++) text[n] = *letters[token[n]];
    text[n] = 0;
}

#define RELATION_LINE(place, terms, source)    "\n- " #place " " terms " = 0: " source
#define CONDITION_LINE(name, doc, source, ...) "\n- " name ": " doc ". " source

MLRT_TASK(
    symbol, .summary = "the symbol of the three-gluon form factor, computed from first principles",
    .doc =
        "Up to seven loops it is computed by the amplitude bootstrap at symbol level, from the symbols of one and two loops, "
        "and kept in a cache. Relations between coefficients, anywhere in words, at their FRONT or at their BACK, with all "
        "dihedral images:" RELATIONS(RELATION_LINE) "\nConditions on the remainder R = log E:" CONDITIONS(
            CONDITION_LINE),
    .source = "Dixon, Gurdogan, McLeod, Wilhelm, arXiv:2204.11901; Cai et al., arXiv:2405.06107, Sec. 2",
    .props = symbol_props, .positional = "loop", .open = symbol_open, .close = symbol_close, .fetch = symbol_fetch,
    .decode = symbol_decode);
