/* task_text.c - examples of a task as people write them, and answers as they read them, for mlrt/predict.lua. */
#include "base/text.h"
#include "dsl/bridge.h"
#include "dsl/core.h"
#include "dsl/node.h"
#include "dsl/object.h"
#include "dsl/state.h"
#include "train/batches.h"
#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 4096, MOST_CLAIMS = 128 };

static const mlrt_task *task_arg(lua_State *L) {
    return (const mlrt_task *)mlrt__handle_arg(L, 1, MLRT_KIND_TASK, "task")->object;
}

static const mlrt_task_class *class_of(const mlrt_task *task) { return (const mlrt_task_class *)task->object.cls; }

/* Scratch that Lua frees, for `count` examples of a field. */
static void *room(lua_State *L, const mlrt_field *field, int64_t count) {
    return lua_newuserdatauv(L, mlrt__field_bytes(field, count) + 1, 0);
}

static double element(const mlrt_field *field, const void *data, int64_t i) {
    return field->dtype == MLRT_I32 ? ((const int32_t *)data)[i] : (double)((const float *)data)[i];
}

static void set_element(const mlrt_field *field, void *data, int64_t i, double value) {
    if (field->dtype == MLRT_I32)
        ((int32_t *)data)[i] = (int32_t)value;
    else
        ((float *)data)[i] = (float)value;
}

/* ---- from text ---- */

/* A word as a number, or as the name of a token. */
static mlrt_status read_word(const mlrt_field *field, const char *word, double *value, mlrt_error *err) {
    const mlrt_vocabulary *v = field->vocabulary;
    char *end;
    if (v && v->token) {
        const int32_t token = mlrt_token(v, word);
        *value = token;
        return token >= 0 ? MLRT_OK : mlrt_fail(err, MLRT_NAME, "'%s' is no token of '%s'", word, field->name);
    }
    *value = strtod(word, &end);
    if (*end || end == word) return mlrt_fail(err, MLRT_FORMAT, "'%s' is no number, for '%s'", word, field->name);
    const bool whole = *value >= 0 && *value < (v ? v->size : 0x1p31) && *value == (double)(int32_t)*value;
    if (field->dtype != MLRT_I32 || whole) return MLRT_OK;
    return mlrt_fail(err, MLRT_RANGE, "'%s' must be a whole number from 0 to %d, got %s", field->name,
                     v ? v->size - 1 : INT32_MAX, word);
}

/* Tokens between blanks, input after input. */
static mlrt_status read_words(const mlrt_task *task, const char *text, void *const buffer[], mlrt_error *err) {
    char copy[TEXT], *next = NULL;
    int64_t wanted = 0, got = 0;
    snprintf(copy, sizeof copy, "%s", text);
    for (int32_t f = 0; f < task->fields; f++)
        if (!task->field[f].target) wanted += mlrt_shape_count(&task->field[f].shape);
    for (const char *c = text + strspn(text, " \t"); *c; got++) {
        c += strcspn(c, " \t");
        c += strspn(c, " \t");
    }
    if (got != wanted)
        return mlrt_fail(err, MLRT_FORMAT, "'%s' has %lld words, expected %lld", text, (long long)got,
                         (long long)wanted);
    const char *word = strtok_r(copy, " \t", &next);
    for (int32_t f = 0; f < task->fields; f++) {
        const mlrt_field *field = &task->field[f];
        const int64_t count = field->target ? 0 : mlrt_shape_count(&field->shape);
        for (int64_t i = 0; i < count && word; i++, word = strtok_r(NULL, " \t", &next)) {
            double value;
            if (read_word(field, word, &value, err) != MLRT_OK) return err->status;
            set_element(field, buffer[f], i, value);
        }
    }
    return MLRT_OK;
}

/* core.read_example(task, text) -> a list of numbers for each field; none for targets */
static int read_example(lua_State *L) {
    const mlrt_task *task = task_arg(L);
    const char *text = luaL_checkstring(L, 2);
    mlrt_error err = {0};
    void *buffer[MLRT_MAX_FIELDS] = {0};
    luaL_checkstack(L, MLRT_MAX_FIELDS + 8, NULL);
    for (int32_t f = 0; f < task->fields; f++) buffer[f] = room(L, &task->field[f], 1);
    if (strlen(text) >= TEXT) return luaL_error(L, "an example has more than %d letters", TEXT - 1);
    const mlrt_status status = class_of(task)->encode ? class_of(task)->encode(task, text, buffer, &err)
                                                      : read_words(task, text, buffer, &err);
    if (status != MLRT_OK) return mlrt__raise(L, &err);
    lua_createtable(L, task->fields, 0);
    for (int32_t f = 0; f < task->fields; f++) {
        const int64_t count = task->field[f].target ? 0 : mlrt_shape_count(&task->field[f].shape);
        lua_createtable(L, (int)count, 0);
        for (int64_t i = 0; i < count; i++) {
            lua_pushnumber(L, element(&task->field[f], buffer[f], i));
            lua_rawseti(L, -2, i + 1);
        }
        lua_rawseti(L, -2, f + 1);
    }
    return 1;
}

/* core.read_lines(path): the lines of a file; of "-", those of the standard input. */
static int read_lines(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (!in) return luaL_error(L, "unable to open '%s': %s", path, strerror(errno));
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    lua_newtable(L);
    for (lua_Integer n = 1; (length = getline(&line, &size, in)) >= 0; n++) {
        if (length && line[length - 1] == '\n') length--;
        lua_pushlstring(L, line, (size_t)length);
        lua_rawseti(L, -2, n);
    }
    free(line);
    if (in != stdin) fclose(in);
    return 1;
}

/* ---- to text ---- */

static void default_text(const mlrt_field *field, const void *data, char *text, size_t size) {
    size_t used = 0;
    const mlrt_vocabulary *v = field->vocabulary;
    text[0] = 0;
    for (int64_t i = 0; i < mlrt_shape_count(&field->shape) && used < size; i++) {
        const double value = element(field, data, i);
        const char *gap = i ? " " : "";
        if (v && v->token && value >= 0 && value < v->size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", gap, v->token[(int32_t)value]);
        else
            used += (size_t)snprintf(text + used, size - used, "%s%.9g", gap, value);
    }
}

/* The field and its numbers, from the table at `index`, for `count` examples. */
static void *read_table(lua_State *L, int index, const mlrt_field *field, int64_t count) {
    void *data = room(L, field, count);
    for (int64_t i = 0; i < count * mlrt_shape_count(&field->shape); i++) {
        lua_rawgeti(L, index, i + 1);
        set_element(field, data, i, lua_tonumber(L, -1));
        lua_pop(L, 1);
    }
    return data;
}

/* core.field_text(task, field, { numbers of one example }) */
static int field_text(lua_State *L) {
    const mlrt_task *task = task_arg(L);
    const int32_t f = (int32_t)luaL_checkinteger(L, 2) - 1;
    char text[TEXT];
    luaL_argcheck(L, f >= 0 && f < task->fields, 2, "no such field");
    const void *data = read_table(L, 3, &task->field[f], 1);
    void (*say)(const mlrt_task *, int32_t, const void *, char *, size_t) = class_of(task)->decode;
    if (task->field[f].target && class_of(task)->answer) say = class_of(task)->answer;
    if (say)
        say(task, f, data, text, sizeof text);
    else
        default_text(&task->field[f], data, text, sizeof text);
    return lua_pushstring(L, text), 1;
}

/* ---- what is known of the answers ---- */

/* core.verify(task, count, { numbers of each field, of all examples; the target's are the answers }) ->
 * { { name =, seen =, held = }, ... }, or nil when nothing is known */
static int verify(lua_State *L) {
    const mlrt_task *task = task_arg(L);
    const int64_t count = luaL_checkinteger(L, 2);
    mlrt_tensor field[MLRT_MAX_FIELDS];
    mlrt_batch batch = {.split = MLRT_TEST, .count = count, .field = field};
    if (!class_of(task)->verify) return 0;
    luaL_checkstack(L, 2 * MLRT_MAX_FIELDS + 8, NULL);
    for (int32_t f = 0; f < task->fields; f++) {
        const mlrt_field *of = &task->field[f];
        mlrt_shape shape = {.rank = of->shape.rank + 1, .dim = {count}};
        memcpy(shape.dim + 1, of->shape.dim, sizeof(int64_t) * (size_t)of->shape.rank);
        lua_rawgeti(L, 3, f + 1);
        field[f] = (mlrt_tensor){of->dtype, shape, read_table(L, lua_gettop(L), of, count)};
        if (of->target) batch.prediction = field[f];
    }
    mlrt_claim *claim = lua_newuserdatauv(L, sizeof *claim * MOST_CLAIMS, 0);
    const int32_t claims = class_of(task)->verify(task, &batch, claim, MOST_CLAIMS);
    lua_createtable(L, claims, 0);
    for (int32_t i = 0; i < claims; i++) {
        lua_createtable(L, 0, 3);
        lua_pushstring(L, claim[i].name);
        lua_setfield(L, -2, "name");
        lua_pushinteger(L, claim[i].seen);
        lua_setfield(L, -2, "seen");
        lua_pushinteger(L, claim[i].held);
        lua_setfield(L, -2, "held");
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* core.adopt(prediction, target): is the prediction an answer in the target's tokens? Then it may stand for the target. */
static int adopt(lua_State *L) {
    mlrt_node *prediction = mlrt__node_arg(L, 1), *target = mlrt__node_arg(L, 2);
    const bool same = prediction->dtype == MLRT_I32 && mlrt_shape_equal(&prediction->shape, &target->shape);
    if (same) prediction->vocabulary = target->vocabulary;
    return lua_pushboolean(L, same), 1;
}

void mlrt__open_task_texts(lua_State *L) {
    static const luaL_Reg functions[] = {{"read_example", read_example},
                                         {"read_lines", read_lines},
                                         {"field_text", field_text},
                                         {"verify", verify},
                                         {"adopt", adopt},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
