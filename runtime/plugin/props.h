/* props.h - property tables at work: defaults, one value at a time, and what is still missing.
 *
 * Errors say what is wrong with the value ("'beta2' must be in [0, 1), got 1"); the caller adds where it happened and
 * which class it was about. Objects, and every string and list set on them, live in the arena they were made in.
 */
#ifndef MLRT__PROPS_H
#define MLRT__PROPS_H

#include "plugin/value.h"

/* An instance of the kind's struct (mlrt_layer, mlrt_task, ...), zeroed but for its mlrt_object, with every property at
 * its default. name may be NULL. */
mlrt_object *mlrt__object_new(mlrt__arena *arena, const mlrt_class *cls, const char *name, const char *where);
/* Set one property, or the class's positional one when name is NULL. */
mlrt_status mlrt__object_set(mlrt__arena *arena, mlrt_object *object, const char *name, const mlrt__value *value,
                             mlrt_error *err);
/* Set several from their textual form: "out = 3, bias = false, init = xavier_uniform, kernel = {3, 3}". */
mlrt_status mlrt__object_set_text(mlrt__arena *arena, mlrt_object *object, const char *text, mlrt_error *err);
/* Fails for the first required property that was not set. */
mlrt_status mlrt__object_check(const mlrt_object *object, mlrt_error *err);

/* What an object holds now, for a summary or the run store. The value points into the object. */
mlrt__value mlrt__object_get(mlrt__arena *arena, const mlrt_object *object, const mlrt_prop *prop);
/* Was it set, rather than left at its default? */
bool mlrt__object_given(const mlrt_object *object, const mlrt_prop *prop);

const mlrt_prop *mlrt__prop_find(const mlrt_class *cls, const char *name); /* or NULL */
/* The default as a value, or false when there is none to show: a required property, a string or shape that stays empty,
 * an initialiser that the class chooses itself. */
bool mlrt__prop_default(mlrt__arena *arena, const mlrt_prop *prop, mlrt__value *value);
const char *mlrt__prop_type_name(mlrt_prop_type type); /* "integer" */

/* Fill a struct with the defaults of a table; its size is mlrt__props_size. */
void mlrt__props_defaults(mlrt__arena *arena, const mlrt_prop *props, void *fields);
size_t mlrt__props_size(const mlrt_prop *props); /* a multiple of 16, never 0 */

/* Is the table itself right: names, types, offsets, ranges, choices, defaults within their ranges? */
mlrt_status mlrt__props_check(mlrt__arena *arena, const mlrt_prop *props, const char *positional, mlrt_error *err);

#endif
