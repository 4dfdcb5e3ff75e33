/* props.c - property tables at work: defaults, one value at a time, and what is still missing. */
#include "plugin/props.h"
#include "base/text.h"
#include "plugin/kinds.h"
#include <math.h>
#include <string.h>

static const struct type {
    const char *name, *must_be;
    size_t size, align;
    bool ranged;
} types[MLRT_PROP_TYPES] = {
    [MLRT_PROP_TYPE_INT] = {"integer", "an integer", sizeof(int32_t), _Alignof(int32_t), true},
    [MLRT_PROP_TYPE_F32] = {"number", "a number", sizeof(float), _Alignof(float), true},
    [MLRT_PROP_TYPE_F64] = {"number", "a number", sizeof(double), _Alignof(double), true},
    [MLRT_PROP_TYPE_BOOL] = {"boolean", "true or false", sizeof(bool), _Alignof(bool), false},
    [MLRT_PROP_TYPE_STRING] = {"string", "a string", sizeof(char *), _Alignof(char *), false},
    [MLRT_PROP_TYPE_ENUM] = {"choice", "a string", sizeof(int32_t), _Alignof(int32_t), false},
    [MLRT_PROP_TYPE_SHAPE] = {"integers", "a list of integers", sizeof(mlrt_shape), _Alignof(mlrt_shape), true},
    [MLRT_PROP_TYPE_INIT] = {"initialiser", "an initialiser", sizeof(mlrt_init), _Alignof(mlrt_init), false},
};

enum { OFFSET_MAX = 65536, CHOICES_TEXT = 256 };

const char *mlrt__prop_type_name(mlrt_prop_type type) { return types[type].name; }

/* ---- tables ---- */

#define EACH_PROP(p, table) (const mlrt_prop *p = (table); p && p->type != MLRT_PROP_END; p++)

size_t mlrt__props_size(const mlrt_prop *props) {
    size_t size = 1;
    for
        EACH_PROP(p, props)
    if (p->offset + types[p->type].size > size) size = p->offset + types[p->type].size;
    return (size + 15) & ~(size_t)15;
}

static int32_t props_count(const mlrt_prop *props) {
    int32_t count = 0;
    for
        EACH_PROP(p, props) count++;
    return count;
}

const mlrt_prop *mlrt__prop_find(const mlrt_class *cls, const char *name) {
    for
        EACH_PROP(p, cls->props)
    if (strcmp(p->name, name) == 0) return p;
    return NULL;
}

static const char *nth_name(const void *props, int32_t i) { return ((const mlrt_prop *)props)[i].name; }

static int32_t choices_count(const mlrt_prop *p) {
    int32_t count = 0;
    while (p->choices[count]) count++;
    return count;
}

/* ---- storing a value: one function a type ---- */

typedef struct target {
    mlrt__arena *arena;
    const mlrt_prop *prop;
    void *member;
    mlrt_error *err;
} target;

static mlrt_status wrong_type(const target *t, const mlrt__value *value) {
    char text[MLRT__VALUE_TEXT];
    return mlrt_fail(t->err, MLRT_TYPE, "'%s' must be %s, got %s%s", t->prop->name, types[t->prop->type].must_be,
                     value->type == MLRT__STRING ? "the string " : "", mlrt__value_text(value, text, sizeof text));
}

static mlrt_status check_range(const target *t, double x) {
    mlrt__interval range;
    if (!t->prop->range) return MLRT_OK;
    if (mlrt__interval_parse(t->prop->range, &range) && mlrt__interval_holds(&range, x)) return MLRT_OK;
    char text[32];
    return mlrt_fail(t->err, MLRT_RANGE, "%s'%s' must be in %s, got %s",
                     t->prop->type == MLRT_PROP_TYPE_SHAPE ? "every number of " : "", t->prop->name, t->prop->range,
                     mlrt__number_text(x, text, sizeof text));
}

static mlrt_status set_int(const target *t, const mlrt__value *value) {
    const double x = value->number;
    if (value->type != MLRT__NUMBER || x != floor(x)) return wrong_type(t, value);
    if (check_range(t, x) != MLRT_OK) return MLRT_RANGE;
    if (fabs(x) > INT32_MAX)
        return mlrt_fail(t->err, MLRT_RANGE, "'%s' must fit in 32 bits, got %.0f", t->prop->name, x);
    *(int32_t *)t->member = (int32_t)x;
    return MLRT_OK;
}

static mlrt_status set_f64(const target *t, const mlrt__value *value) {
    if (value->type != MLRT__NUMBER || isnan(value->number)) return wrong_type(t, value);
    if (check_range(t, value->number) != MLRT_OK) return MLRT_RANGE;
    *(double *)t->member = value->number;
    return MLRT_OK;
}

static mlrt_status set_f32(const target *t, const mlrt__value *value) {
    double x;
    const mlrt_status status = set_f64(&(target){t->arena, t->prop, &x, t->err}, value);
    if (status != MLRT_OK) return status;
    if (isfinite(x) && isinf((float)x))
        return mlrt_fail(t->err, MLRT_RANGE, "'%s' must fit a 32-bit float, got %g", t->prop->name, x);
    *(float *)t->member = (float)x;
    return MLRT_OK;
}

static mlrt_status set_bool(const target *t, const mlrt__value *value) {
    if (value->type != MLRT__BOOLEAN) return wrong_type(t, value);
    *(bool *)t->member = value->boolean;
    return MLRT_OK;
}

static mlrt_status set_string(const target *t, const mlrt__value *value) {
    if (value->type != MLRT__STRING) return wrong_type(t, value);
    *(const char **)t->member = mlrt__arena_string(t->arena, value->string);
    return MLRT_OK;
}

static mlrt_status wrong_choice(const target *t, const mlrt__value *value) {
    const mlrt_prop *p = t->prop;
    char list[CHOICES_TEXT], text[MLRT__VALUE_TEXT];
    size_t used = 0;
    for (int32_t i = 0; p->choices[i] && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s'%s'", i ? ", " : "", p->choices[i]);
    if (value->type != MLRT__STRING)
        return mlrt_fail(t->err, MLRT_TYPE, "'%s' must be one of %s, got %s", p->name, list,
                         mlrt__value_text(value, text, sizeof text));
    mlrt_fail(t->err, MLRT_NAME, "'%s' must be one of %s, got '%s'", p->name, list, value->string);
    const char *nearest = mlrt__nearest_of(value->string, p->choices, choices_count(p));
    if (nearest) mlrt_hint(t->err, "did you mean '%s'?", nearest);
    return MLRT_NAME;
}

static mlrt_status set_enum(const target *t, const mlrt__value *value) {
    if (value->type == MLRT__STRING)
        for (int32_t i = 0; t->prop->choices[i]; i++) {
            if (strcmp(t->prop->choices[i], value->string) != 0) continue;
            *(int32_t *)t->member = i;
            return MLRT_OK;
        }
    return wrong_choice(t, value);
}

static mlrt_status set_shape(const target *t, const mlrt__value *value) {
    if (value->type != MLRT__LIST) return wrong_type(t, value);
    if (value->count > MLRT_MAX_RANK)
        return mlrt_fail(t->err, MLRT_RANGE, "'%s' must have at most %d numbers, got %d", t->prop->name, MLRT_MAX_RANK,
                         value->count);
    mlrt_shape shape = {.rank = value->count};
    for (int32_t i = 0; i < value->count; i++) {
        const double x = value->item[i];
        if (x != floor(x) || fabs(x) > 0x1p53) return wrong_type(t, value);
        if (check_range(t, x) != MLRT_OK) return MLRT_RANGE;
        shape.dim[i] = (int64_t)x;
    }
    *(mlrt_shape *)t->member = shape;
    return MLRT_OK;
}

static mlrt_status set_init(const target *t, const mlrt__value *value) {
    mlrt_init *init = t->member;
    if (value->type == MLRT__STRING) return mlrt__init_from_name(value->string, init, t->err);
    if (value->type != MLRT__INIT) return wrong_type(t, value);
    *init = value->init;
    init->given = true;
    return MLRT_OK;
}

static mlrt_status (*const setters[MLRT_PROP_TYPES])(const target *t, const mlrt__value *value) = {
    [MLRT_PROP_TYPE_INT] = set_int,       [MLRT_PROP_TYPE_F32] = set_f32,   [MLRT_PROP_TYPE_F64] = set_f64,
    [MLRT_PROP_TYPE_BOOL] = set_bool,     [MLRT_PROP_TYPE_ENUM] = set_enum, [MLRT_PROP_TYPE_SHAPE] = set_shape,
    [MLRT_PROP_TYPE_STRING] = set_string, [MLRT_PROP_TYPE_INIT] = set_init,
};

/* ---- defaults ---- */

bool mlrt__prop_default(mlrt__arena *arena, const mlrt_prop *p, mlrt__value *value) {
    static const mlrt_init none;
    if (p->required) return false;
    switch (p->type) {
    case MLRT_PROP_TYPE_BOOL: *value = (mlrt__value){.type = MLRT__BOOLEAN, .boolean = p->init != 0}; return true;
    case MLRT_PROP_TYPE_ENUM:
        *value = (mlrt__value){.type = MLRT__STRING, .string = p->choices[(int32_t)p->init]};
        return true;
    case MLRT_PROP_TYPE_STRING:
        *value = (mlrt__value){.type = MLRT__STRING, .string = p->init_text};
        return p->init_text;
    case MLRT_PROP_TYPE_SHAPE: {
        const char *text = p->init_text;
        return text && mlrt__value_parse(arena, &text, value, NULL) == MLRT_OK;
    }
    case MLRT_PROP_TYPE_INIT:
        *value = (mlrt__value){.type = MLRT__INIT, .init = p->init_value};
        return memcmp(&p->init_value, &none, sizeof none) != 0;
    default: *value = (mlrt__value){.type = MLRT__NUMBER, .number = p->init}; return true;
    }
}

void mlrt__props_defaults(mlrt__arena *arena, const mlrt_prop *props, void *fields) {
    for
        EACH_PROP(p, props) {
            const target t = {arena, p, (char *)fields + p->offset, NULL};
            mlrt__value value;
            if (mlrt__prop_default(arena, p, &value)) setters[p->type](&t, &value);
            if (p->type == MLRT_PROP_TYPE_INIT) ((mlrt_init *)t.member)->given = false;
        }
}

/* ---- objects. Behind the struct of properties lies one byte for each: whether it was given ---- */

static bool *given_of(const mlrt_object *object) {
    return (bool *)((char *)(uintptr_t)object->props + mlrt__props_size(object->cls->props));
}

mlrt_object *mlrt__object_new(mlrt__arena *arena, const mlrt_class *cls, const char *name, const char *where) {
    mlrt_object *object = mlrt__arena_alloc(arena, mlrt__kinds[cls->kind].object_size);
    void *fields = mlrt__arena_alloc(arena, mlrt__props_size(cls->props) + (size_t)props_count(cls->props));
    mlrt__props_defaults(arena, cls->props, fields);
    *object =
        (mlrt_object){cls, fields, mlrt__arena_string(arena, name), mlrt__arena_string(arena, where ? where : "")};
    return object;
}

static mlrt_status unknown_prop(const mlrt_class *cls, const char *name, mlrt_error *err) {
    mlrt_fail(err, MLRT_NAME, "unknown property '%s'", name);
    const char *nearest = cls->props ? mlrt__nearest(name, nth_name, cls->props) : NULL;
    if (nearest)
        mlrt_hint(err, "did you mean '%s'?", nearest);
    else if (!props_count(cls->props))
        mlrt_hint(err, "'%s' has no properties", cls->name);
    return MLRT_NAME;
}

mlrt_status mlrt__object_set(mlrt__arena *arena, mlrt_object *object, const char *name, const mlrt__value *value,
                             mlrt_error *err) {
    const mlrt_class *cls = object->cls;
    if (!name) name = cls->positional;
    if (!name) {
        char text[MLRT__VALUE_TEXT];
        return mlrt_fail(err, MLRT_ARGUMENT, "'%s' takes its properties by name, got %s without one", cls->name,
                         mlrt__value_text(value, text, sizeof text));
    }
    const mlrt_prop *prop = mlrt__prop_find(cls, name);
    if (!prop) return unknown_prop(cls, name, err);
    const target t = {arena, prop, (char *)(uintptr_t)object->props + prop->offset, err};
    const mlrt_status status = setters[prop->type](&t, value);
    if (status == MLRT_OK) given_of(object)[prop - cls->props] = true;
    return status;
}

static mlrt_status set_one_text(mlrt__arena *arena, mlrt_object *object, const char **at, mlrt_error *err) {
    mlrt__value value;
    const char *name = mlrt__name_parse(arena, at);
    if (!name) return mlrt_fail(err, MLRT_FORMAT, "expected a property's name, got '%.32s'", *at);
    if (!mlrt__char_parse(at, '='))
        return mlrt_fail(err, MLRT_FORMAT, "expected '=' after '%s', got '%.32s'", name, *at);
    const mlrt_status status = mlrt__value_parse(arena, at, &value, err);
    return status == MLRT_OK ? mlrt__object_set(arena, object, name, &value, err) : status;
}

mlrt_status mlrt__object_set_text(mlrt__arena *arena, mlrt_object *object, const char *text, mlrt_error *err) {
    if (!text || mlrt__char_parse(&text, 0)) return MLRT_OK;
    do {
        const mlrt_status status = set_one_text(arena, object, &text, err);
        if (status != MLRT_OK) return status;
    } while (mlrt__char_parse(&text, ','));
    return *text ? mlrt_fail(err, MLRT_FORMAT, "expected ',' between properties, got '%.32s'", text) : MLRT_OK;
}

mlrt_status mlrt__object_check(const mlrt_object *object, mlrt_error *err) {
    for
        EACH_PROP(p, object->cls->props)
    if (p->required && !mlrt__object_given(object, p))
        return mlrt_fail(err, MLRT_ARGUMENT, "'%s' is required%s%s", p->name, p->doc ? ": " : "", p->doc ? p->doc : "");
    return MLRT_OK;
}

bool mlrt__object_given(const mlrt_object *object, const mlrt_prop *prop) {
    return given_of(object)[prop - object->cls->props];
}

static mlrt__value shape_value(mlrt__arena *arena, const mlrt_shape *shape) {
    double *item = MLRT__NEWS(arena, double, shape->rank);
    for (int32_t i = 0; i < shape->rank; i++) item[i] = (double)shape->dim[i];
    mlrt__value value = {.type = MLRT__LIST};
    value.item = item;
    value.count = shape->rank;
    return value;
}

mlrt__value mlrt__object_get(mlrt__arena *arena, const mlrt_object *object, const mlrt_prop *p) {
    const void *member = (const char *)object->props + p->offset;
    switch (p->type) {
    case MLRT_PROP_TYPE_BOOL: return (mlrt__value){.type = MLRT__BOOLEAN, .boolean = *(const bool *)member};
    case MLRT_PROP_TYPE_STRING: {
        const char *text = *(const char *const *)member;
        return text ? (mlrt__value){.type = MLRT__STRING, .string = text}
                    : (mlrt__value){.type = MLRT__OTHER, .string = "nil"};
    }
    case MLRT_PROP_TYPE_ENUM:
        return (mlrt__value){.type = MLRT__STRING, .string = p->choices[*(const int32_t *)member]};
    case MLRT_PROP_TYPE_SHAPE: return shape_value(arena, member);
    case MLRT_PROP_TYPE_INIT: return (mlrt__value){.type = MLRT__INIT, .init = *(const mlrt_init *)member};
    case MLRT_PROP_TYPE_INT: return (mlrt__value){.type = MLRT__NUMBER, .number = *(const int32_t *)member};
    case MLRT_PROP_TYPE_F32: return (mlrt__value){.type = MLRT__NUMBER, .number = (double)*(const float *)member};
    default: return (mlrt__value){.type = MLRT__NUMBER, .number = *(const double *)member};
    }
}

/* ---- is the table itself right? ---- */

static mlrt_status check_default(mlrt__arena *arena, const mlrt_prop *p, mlrt_error *err) {
    mlrt__value value;
    mlrt_shape room; /* the largest member there is */
    if (p->type == MLRT_PROP_TYPE_ENUM && !(p->init >= 0 && p->init < choices_count(p)))
        return mlrt_fail(err, MLRT_ABI, "its default %g is not one of its choices", p->init);
    if (p->type == MLRT_PROP_TYPE_INIT && (uint32_t)p->init_value.kind >= MLRT__INIT_COUNT)
        return mlrt_fail(err, MLRT_ABI, "its default is not an initialiser");
    if (!mlrt__prop_default(arena, p, &value))
        return p->type == MLRT_PROP_TYPE_SHAPE && p->init_text && !p->required
                   ? mlrt_fail(err, MLRT_ABI, "its default '%s' is not a list of integers", p->init_text)
                   : MLRT_OK;
    mlrt_error bad = {0};
    if (setters[p->type](&(target){arena, p, &room, &bad}, &value) == MLRT_OK) return MLRT_OK;
    return mlrt_fail(err, MLRT_ABI, "its default is refused: %s", bad.message);
}

static mlrt_status check_prop(mlrt__arena *arena, const mlrt_prop *props, const mlrt_prop *p, mlrt_error *err) {
    const struct type *type = &types[p->type];
    mlrt__interval range;
    for (const mlrt_prop *q = props; q < p; q++) {
        if (strcmp(q->name, p->name) == 0) return mlrt_fail(err, MLRT_ABI, "the name is taken twice");
        if (q->offset < p->offset + type->size && p->offset < q->offset + types[q->type].size)
            return mlrt_fail(err, MLRT_ABI, "it shares memory with '%s'", q->name);
    }
    if (p->offset >= OFFSET_MAX || p->offset % type->align)
        return mlrt_fail(err, MLRT_ABI, "its offset %u is wrong", p->offset);
    if (p->range && !type->ranged)
        return mlrt_fail(err, MLRT_ABI, "its range '%s' is not wanted by a %s", p->range, type->name);
    if (p->range && !mlrt__interval_parse(p->range, &range))
        return mlrt_fail(err, MLRT_ABI, "its range '%s' is not an interval of numbers", p->range);
    if (p->type != MLRT_PROP_TYPE_ENUM && p->choices) return mlrt_fail(err, MLRT_ABI, "only an enum has choices");
    if (p->type == MLRT_PROP_TYPE_ENUM && !(p->choices && p->choices[0]))
        return mlrt_fail(err, MLRT_ABI, "it has no choices");
    return check_default(arena, p, err);
}

mlrt_status mlrt__props_check(mlrt__arena *arena, const mlrt_prop *props, const char *positional, mlrt_error *err) {
    bool found = !positional;
    for
        EACH_PROP(p, props) {
            if (!mlrt__is_identifier(p->name))
                return mlrt_fail(err, MLRT_ABI, "'%s' cannot be the name of a property", p->name ? p->name : "");
            if ((uint32_t)p->type >= MLRT_PROP_TYPES)
                return mlrt_fail(err, MLRT_ABI, "property '%s': its type %d is unknown", p->name, p->type);
            if (check_prop(arena, props, p, err) != MLRT_OK) return mlrt_at(err, "property '%s'", p->name);
            found = found || strcmp(p->name, positional) == 0;
        }
    return found ? MLRT_OK : mlrt_fail(err, MLRT_ABI, "the positional property '%s' does not exist", positional);
}
