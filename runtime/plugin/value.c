/* value.c - a property's value on its way from a script or a line of text into a class's struct. */
#include "plugin/value.h"
#include "base/text.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- initialisers ---- */

static const struct {
    const char *name, *doc;
} inits[MLRT__INIT_COUNT] = {
#define X(kind, name, doc) {name, doc},
    MLRT_INITS(X)
#undef X
};

const char *mlrt__init_name(mlrt_init_kind kind) { return inits[kind].name; }
const char *mlrt__init_doc(mlrt_init_kind kind) { return inits[kind].doc; }

static const char *nth_init(const void *list, int32_t i) {
    (void)list;
    return i < MLRT__INIT_COUNT ? inits[i].name : NULL;
}

mlrt_status mlrt__init_from_name(const char *name, mlrt_init *init, mlrt_error *err) {
    for (int32_t i = 0; i < MLRT__INIT_COUNT; i++) {
        if (strcmp(name, inits[i].name) != 0) continue;
        *init = (mlrt_init){.kind = (mlrt_init_kind)i, .given = true};
        if (i == MLRT_INIT_UNIFORM || i == MLRT_INIT_NORMAL) init->b = 1;
        return MLRT_OK;
    }
    mlrt_fail(err, MLRT_NAME, "unknown initialiser '%s'", name);
    const char *nearest = mlrt__nearest(name, nth_init, NULL);
    if (nearest) mlrt_hint(err, "did you mean '%s'?", nearest);
    return MLRT_NAME;
}

/* ---- values as text ---- */

const char *mlrt__number_text(double x, char *buffer, size_t size) {
    const bool single = (double)(float)x == x;
    if (x == floor(x) && fabs(x) < 1e15) {
        snprintf(buffer, size, "%.0f", x);
        return buffer;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(buffer, size, "%.*g", digits, x);
        if (single ? strtof(buffer, NULL) == (float)x : strtod(buffer, NULL) == x) break;
    }
    return buffer;
}

static void init_text(const mlrt_init *init, char *buffer, size_t size) {
    char a[32], b[32], scale[32], parameters[72] = "";
    mlrt__number_text(init->a, a, sizeof a);
    mlrt__number_text(init->b, b, sizeof b);
    if (init->kind == MLRT_INIT_UNIFORM || init->kind == MLRT_INIT_NORMAL)
        snprintf(parameters, sizeof parameters, "(%s, %s)", a, b);
    else if (init->kind == MLRT_INIT_CONSTANT || init->a != 0)
        snprintf(parameters, sizeof parameters, "(%s)", a);
    const bool scaled = init->scale != 0 && init->scale != 1;
    snprintf(buffer, size, "%s%s%s%s", mlrt__init_name(init->kind), parameters, scaled ? " * " : "",
             scaled ? mlrt__number_text(init->scale, scale, sizeof scale) : "");
}

static void list_text(const mlrt__value *value, char *buffer, size_t size) {
    size_t used = (size_t)snprintf(buffer, size, "{");
    for (int32_t i = 0; i < value->count && used < size; i++) {
        char item[32];
        mlrt__number_text(value->item[i], item, sizeof item);
        used += (size_t)snprintf(buffer + used, size - used, "%s%s", i ? ", " : "", item);
    }
    if (used < size) snprintf(buffer + used, size - used, "}");
}

const char *mlrt__value_text(const mlrt__value *value, char *buffer, size_t size) {
    switch (value->type) {
    case MLRT__NUMBER: return mlrt__number_text(value->number, buffer, size);
    case MLRT__BOOLEAN: snprintf(buffer, size, "%s", value->boolean ? "true" : "false"); break;
    case MLRT__STRING: snprintf(buffer, size, "\"%s\"", value->string); break;
    case MLRT__LIST: list_text(value, buffer, size); break;
    case MLRT__INIT: init_text(&value->init, buffer, size); break;
    case MLRT__OTHER: snprintf(buffer, size, "%s", value->string); break;
    }
    return buffer;
}

/* ---- text as values ---- */

bool mlrt__is_identifier(const char *name) {
    static const char lua[] =
        " and break do else elseif end false for function goto if in local nil not or repeat return "
        "then true until while ";
    if (!name || !(isalpha((unsigned char)*name) || *name == '_')) return false;
    const char *end = name;
    while (isalnum((unsigned char)*end) || *end == '_') end++;
    for (const char *word = lua; (word = strstr(word + 1, name));)
        if (word[-1] == ' ' && word[end - name] == ' ') return false;
    return *end == 0;
}

static void skip_space(const char **at) {
    while (isspace((unsigned char)**at)) ++*at;
}

static mlrt_status expected(const char *what, const char *at, mlrt_error *err) {
    return *at ? mlrt_fail(err, MLRT_FORMAT, "expected %s, got '%.32s'", what, at)
               : mlrt_fail(err, MLRT_FORMAT, "expected %s at the end", what);
}

bool mlrt__char_parse(const char **at, char c) {
    skip_space(at);
    if (**at != c) return false;
    ++*at;
    return true;
}

static const char *copy(mlrt__arena *arena, const char *from, const char *to) {
    char *text = mlrt__arena_alloc(arena, (size_t)(to - from) + 1);
    return memcpy(text, from, (size_t)(to - from));
}

const char *mlrt__name_parse(mlrt__arena *arena, const char **at) {
    skip_space(at);
    const char *end = *at;
    if (isdigit((unsigned char)*end)) return NULL;
    while (isalnum((unsigned char)*end) || *end == '_') end++;
    if (end == *at) return NULL;
    const char *name = copy(arena, *at, end);
    *at = end;
    return name;
}

/* Decimal numbers only: strtod alone would also take "0x1p3", "nan" and "infinity and beyond". */
static bool number_parse(const char **at, double *number) {
    skip_space(at);
    const char *digits = *at + (**at == '-' || **at == '+');
    if (strncmp(digits, "inf", 3) == 0 && !isalnum((unsigned char)digits[3]) && digits[3] != '_') {
        *number = **at == '-' ? -INFINITY : INFINITY;
        *at = digits + 3;
        return true;
    }
    if (!isdigit((unsigned char)digits[*digits == '.']) || tolower((unsigned char)digits[1]) == 'x') return false;
    char *end;
    *number = strtod(*at, &end);
    if (isalnum((unsigned char)*end) || *end == '_' || *end == '.') return false;
    *at = end;
    return true;
}

/* The numbers of "1, 2}" up to the closing byte. */
static mlrt_status numbers_parse(mlrt__arena *arena, const char **at, char close, mlrt__value *list, mlrt_error *err) {
    double *item = NULL;
    int32_t count = 0, capacity = 0;
    mlrt_status status = MLRT_OK;
    while (status == MLRT_OK && !mlrt__char_parse(at, close)) {
        MLRT__ROOM(item, count, capacity);
        if (count > 0 && !mlrt__char_parse(at, ','))
            status = expected(close == '}' ? "',' or '}'" : "',' or ')'", *at, err);
        else if (!number_parse(at, &item[count++]))
            status = expected("a number", *at, err);
    }
    *list = (mlrt__value){.type = MLRT__LIST};
    list->item = mlrt__arena_copy(arena, item, sizeof *item * (size_t)count);
    list->count = count;
    free(item);
    return status;
}

static mlrt_status init_parse(mlrt__arena *arena, const char *name, const char **at, mlrt__value *value,
                              mlrt_error *err) {
    mlrt__value list;
    mlrt_init init;
    mlrt_status status = mlrt__init_from_name(name, &init, err);
    if (status == MLRT_OK) status = numbers_parse(arena, at, ')', &list, err);
    if (status != MLRT_OK) return status;
    if (list.count > 2) return mlrt_fail(err, MLRT_FORMAT, "'%s' takes two numbers, got %d", name, list.count);
    if (list.count > 0) init.a = (float)list.item[0];
    if (list.count > 1) init.b = (float)list.item[1];
    *value = (mlrt__value){.type = MLRT__INIT, .init = init};
    return MLRT_OK;
}

static mlrt_status quoted_parse(mlrt__arena *arena, const char **at, mlrt__value *value, mlrt_error *err) {
    const char *end = strchr(*at + 1, **at);
    if (!end) return mlrt_fail(err, MLRT_FORMAT, "unfinished string %.32s", *at);
    *value = (mlrt__value){.type = MLRT__STRING, .string = copy(arena, *at + 1, end)};
    *at = end + 1;
    return MLRT_OK;
}

static mlrt_status word_parse(mlrt__arena *arena, const char **at, mlrt__value *value, mlrt_error *err) {
    const char *word = mlrt__name_parse(arena, at);
    if (!word) return expected("a value", *at, err);
    const bool yes = strcmp(word, "true") == 0;
    if (yes || strcmp(word, "false") == 0)
        *value = (mlrt__value){.type = MLRT__BOOLEAN, .boolean = yes};
    else if (mlrt__char_parse(at, '('))
        return init_parse(arena, word, at, value, err);
    else
        *value = (mlrt__value){.type = MLRT__STRING, .string = word};
    return MLRT_OK;
}

mlrt_status mlrt__value_parse(mlrt__arena *arena, const char **at, mlrt__value *value, mlrt_error *err) {
    double number;
    if (number_parse(at, &number)) {
        *value = (mlrt__value){.type = MLRT__NUMBER, .number = number};
        return MLRT_OK;
    }
    if (mlrt__char_parse(at, '{')) return numbers_parse(arena, at, '}', value, err);
    return **at == '"' || **at == '\'' ? quoted_parse(arena, at, value, err) : word_parse(arena, at, value, err);
}

/* ---- ranges ---- */

bool mlrt__interval_parse(const char *text, mlrt__interval *interval) {
    if (*text != '[' && *text != '(') return false;
    interval->low_open = *text++ == '(';
    if (!number_parse(&text, &interval->low) || !mlrt__char_parse(&text, ',')) return false;
    if (!number_parse(&text, &interval->high)) return false;
    interval->high_open = *text == ')';
    if ((*text != ')' && *text != ']') || text[1] != 0) return false;
    return interval->low < interval->high ||
           (interval->low == interval->high && !interval->low_open && !interval->high_open);
}

bool mlrt__interval_holds(const mlrt__interval *interval, double x) {
    return (interval->low_open ? x > interval->low : x >= interval->low) &&
           (interval->high_open ? x < interval->high : x <= interval->high);
}
