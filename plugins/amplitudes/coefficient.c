/* coefficient.c - the task of predicting a coefficient from its word: Cai et al., arXiv:2405.06107, Sec. 4 to 6.
 *
 * The source is the word, one token a letter; in the forms of quads and octuples its last four or eight letters are one
 * token (suffix.h). The target is the coefficient as tokens (number.h).
 */
#include "claims.h"
#include "number.h"
#include "source.h"
#include "split.h"
#include "suffix.h"
#include "zeros.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct coefficient {
    int32_t loop, form, zeros, target, base, test, seed;
    double train;
    const char *data;
} coefficient;

static const mlrt_prop coefficient_props[] = {
    MLRT_PROP_INT(coefficient, loop, .init = 4, .range = "[1, 8]", .doc = "loop order L: words have 2L letters"),
    MLRT_PROP_ENUM(
        coefficient, form, .choices = forms,
        .doc =
            "all words, or only those that end in one of a few suffixes, which is one token: eight of four letters (from "
            "L = 2 on), 94 of eight (from L = 4 on)"),
    MLRT_PROP_ENUM(
        coefficient, zeros, .choices = zeros_choices,
        .doc = "as many words with a coefficient of zero beside the others: none; naive, drawn from all; nontrivial, "
               "of which only 5% break the rules of adjacent, first and last letters"),
    MLRT_PROP_ENUM(
        coefficient, target, .choices = number_parts,
        .doc = "what to predict: the value, its magnitude (all signs +), its sign (all magnitudes 1), or whether it "
               "is zero"),
    MLRT_PROP_INT(coefficient, base, .init = 1000, .range = "[2, 1000]", .doc = "of the digits: 10, 100 or 1000"),
    MLRT_PROP_INT(coefficient, test, .init = 1000, .range = "[1, inf)",
                  .doc = "words held out for testing: a fifth of all at most, or what `train` leaves"),
    MLRT_PROP_F64(coefficient, train, .range = "[0, 1)",
                  .doc = "share of the words to train on; 0 takes all that are not held out"),
    MLRT_PROP_INT(coefficient, seed, .doc = "of the split into training and test words, and of the zeros"),
    MLRT_PROP_STRING(coefficient, data,
                     .doc =
                         "a file of `word coefficient` lines or of the published form, instead of what mlrt computes"),
    {0}};

typedef struct state {
    symbol symbol; /* or what was made of it: a list of words */
    int64_t *order;
    numbers numbers;
    work work; /* owns what follows */
    suffixes suffixes;
    mlrt_vocabulary letters; /* and behind them the suffixes */
} state;

/* ---- opening ---- */

static mlrt_status know_tokens(const coefficient *p, state *s) {
    static const char *const letters[LETTERS] = {"a", "b", "c", "d", "e", "f"};
    const char **token;
    const mlrt_status status = suffixes_of_form(&s->work, (word_form)p->form, p->loop, &s->suffixes);
    if (status) return status;
    const int32_t tokens = LETTERS + s->suffixes.count;
    if (!TAKE(&s->work, token, tokens)) return MLRT_MEMORY;
    for (int32_t i = 0; i < tokens; i++) token[i] = i < LETTERS ? letters[i] : s->suffixes.text[i - LETTERS];
    s->letters = (mlrt_vocabulary){tokens, token};
    return MLRT_OK;
}

static mlrt_status read_keys(const coefficient *p, state *s, mlrt_error *err) {
    if (p->form != FORM_WORD && p->zeros != ZEROS_NONE)
        return mlrt_fail(err, MLRT_ARGUMENT, "form '%s' has no zeros: expected zeros = \"none\", got \"%s\"",
                         forms[p->form], zeros_choices[p->zeros]);
    mlrt_status status = know_tokens(p, s);
    if (!status) status = source_symbol(&s->symbol, p->loop, &s->suffixes, p->data, err);
    return status ? status : zeros_add(&s->symbol, (zeros)p->zeros, (uint64_t)p->seed, err);
}

static int32_t key_tokens(const coefficient *p, const state *s) {
    return p->form == FORM_WORD ? 2 * p->loop : 2 * p->loop - s->suffixes.letters + 1;
}

static mlrt_status coefficient_open(mlrt_task *self, mlrt_error *err) {
    const coefficient *p = mlrt_props(self);
    int32_t longest[NUMBER_MOST_TOKENS];
    state *s = self->state = calloc(1, sizeof *s);
    if (!s || !numbers_new(&s->numbers, p->base)) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    s->work = (work){.p = PRIME, .err = err};
    mlrt_status status = read_keys(p, s, err);
    if (!status) status = split_new(self, &s->order, s->symbol.terms, p->train, p->test, p->seed, err);
    if (status) return status;
    const int32_t length = numbers_encode(&s->numbers, s->symbol.largest, (number_part)p->target, longest) + 1;
    self->field[0] = (mlrt_field){"word",      MLRT_I32, MLRT_SHAPE_OF(key_tokens(p, s)),
                                  &s->letters, false,    "letters a to f; the last token may be a suffix"};
    self->field[1] =
        (mlrt_field){"coefficient", MLRT_I32, MLRT_SHAPE_OF(length), &s->numbers.vocabulary, true, "sign, digits, end"};
    self->fields = 2;
    return MLRT_OK;
}

static void coefficient_close(mlrt_task *self) {
    state *s = self->state;
    if (!s) return;
    symbol_free(&s->symbol);
    numbers_free(&s->numbers);
    work_free(&s->work);
    free(s->order);
    free(s);
    self->state = NULL;
}

/* ---- examples ---- */

static void coefficient_fetch(const mlrt_task *self, mlrt_split split, const int64_t *index, int64_t count,
                              void *const buffer[]) {
    const coefficient *p = mlrt_props(self);
    const state *s = self->state;
    const int32_t n = key_tokens(p, s);
    const int32_t length = (int32_t)self->field[1].shape.dim[0];
    int32_t *word = buffer[0], *target = buffer[1];
    for (int64_t i = 0; i < count; i++, word += n, target += length) {
        const int64_t at = split_at(self, s->order, split, index[i]);
        uint8_t letter[MOST_LETTERS];
        symbol_spell(s->symbol.word[at], s->symbol.letters, letter);
        for (int32_t k = 0; k < n; k++) word[k] = letter[k];
        if (p->form != FORM_WORD) word[n - 1] = LETTERS + suffix_of(&s->suffixes, s->symbol.word[at]);
        numbers_target(&s->numbers, s->symbol.coefficient[at], (number_part)p->target, target, length);
    }
}

static void coefficient_decode(const mlrt_task *self, int32_t field, const void *example, char *text, size_t size) {
    const state *s = self->state;
    const int32_t *token = example, n = (int32_t)self->field[field].shape.dim[0];
    size_t used = 0;
    if (field == 1) {
        numbers_decode(&s->numbers, token, n, text, size);
        return;
    }
    text[0] = 0;
    for (int32_t k = 0; k < n && used < size; k++)
        used += (size_t)snprintf(text + used, size - used, "%s", s->letters.token[token[k]]);
}

/* ---- asking a model ---- */

static mlrt_status coefficient_encode(const mlrt_task *self, const char *text, void *const buffer[], mlrt_error *err) {
    const coefficient *p = mlrt_props(self);
    const state *s = self->state;
    const int32_t letters_wanted = 2 * p->loop, n = key_tokens(p, s);
    uint8_t letter[MOST_LETTERS];
    int32_t *token = buffer[0], k = 0;
    for (; text[k] >= 'a' && text[k] <= 'f' && k < letters_wanted; k++) letter[k] = (uint8_t)(text[k] - 'a');
    if (text[k] && (text[k] < 'a' || text[k] > 'f'))
        return mlrt_fail(err, MLRT_FORMAT, "the word '%s' has a '%c': letters are a to f", text, text[k]);
    if (k < letters_wanted || text[k])
        return mlrt_fail(err, MLRT_FORMAT, "the word '%s' has %zu letters, words of %d loops have %d", text,
                         strlen(text), p->loop, letters_wanted);
    for (k = 0; k < n; k++) token[k] = letter[k];
    if (p->form == FORM_WORD) return MLRT_OK;
    const int32_t suffix = suffix_of(&s->suffixes, symbol_number(letter, letters_wanted));
    if (suffix < 0)
        return mlrt_fail(err, MLRT_FORMAT, "the word '%s' ends in none of the %d suffixes of form '%s'", text,
                         s->suffixes.count, forms[p->form]);
    token[n - 1] = LETTERS + suffix;
    return MLRT_OK;
}

static void coefficient_answer(const mlrt_task *self, int32_t field, const void *example, char *text, size_t size) {
    const state *s = self->state;
    numbers_text(&s->numbers, example, (int32_t)self->field[field].shape.dim[0], text, size);
}

typedef struct pair {
    int64_t word, coefficient;
} pair;

static int by_word(const void *a, const void *b) {
    const int64_t x = ((const pair *)a)->word, y = ((const pair *)b)->word;
    return (x > y) - (x < y);
}

/* Relations join values of whole words. */
static int32_t coefficient_verify(const mlrt_task *self, const mlrt_batch *batch, mlrt_claim *claim, int32_t most) {
    const coefficient *p = mlrt_props(self);
    const state *s = self->state;
    if (p->form != FORM_WORD || p->target != NUMBER_VALUE) return 0;
    const int32_t *word = batch->field[0].data, *answer = batch->prediction.data;
    const int32_t letters_of = 2 * p->loop, length = (int32_t)self->field[1].shape.dim[0];
    pair *pairs = malloc(sizeof *pairs * (size_t)batch->count);
    symbol said = {.loops = p->loop, .letters = letters_of, .room = batch->count};
    said.word = malloc(sizeof *said.word * (size_t)batch->count);
    said.coefficient = malloc(sizeof *said.coefficient * (size_t)batch->count);
    const bool room = pairs && said.word && said.coefficient;
    for (int64_t i = 0; room && i < batch->count; i++, word += letters_of, answer += length) {
        uint8_t letter[MOST_LETTERS];
        for (int32_t k = 0; k < letters_of; k++) letter[k] = (uint8_t)word[k];
        pairs[i].word = symbol_number(letter, letters_of);
        if (!numbers_value(&s->numbers, answer, length, &pairs[i].coefficient)) pairs[i].coefficient = INT64_MIN;
    }
    if (room) qsort(pairs, (size_t)batch->count, sizeof *pairs, by_word);
    for (int64_t i = 0; room && i < batch->count; i++) {
        if (i && pairs[i].word == pairs[i - 1].word) continue; /* asked twice */
        said.word[said.terms] = pairs[i].word;
        said.coefficient[said.terms++] = pairs[i].coefficient;
    }
    const int32_t claims = room ? claims_check(&said, claim, most) : 0;
    symbol_free(&said);
    free(pairs);
    return claims;
}

MLRT_TASK(coefficient, .summary = "the coefficient of a word in the symbol of the three-gluon form factor",
          .doc = "Up to seven loops the symbol is computed and kept in a cache.",
          .source = "Cai et al., arXiv:2405.06107, Sec. 4 to 6", .props = coefficient_props, .open = coefficient_open,
          .close = coefficient_close, .fetch = coefficient_fetch, .metrics = number_metrics,
          .decode = coefficient_decode, .encode = coefficient_encode, .answer = coefficient_answer,
          .verify = coefficient_verify);
