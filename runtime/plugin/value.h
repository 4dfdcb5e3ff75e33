/* value.h - a property's value on its way from a script or a line of text into a class's struct.
 *
 * A value owns nothing: strings and lists belong to whoever made it, or to the arena it was parsed into.
 */
#ifndef MLRT__VALUE_H
#define MLRT__VALUE_H

#include "base/arena.h"
#include <mlrt/plugin.h>

typedef enum mlrt__value_type {
    MLRT__NUMBER,
    MLRT__BOOLEAN,
    MLRT__STRING,
    MLRT__LIST, /* of numbers */
    MLRT__INIT,
    MLRT__OTHER /* something no property takes; `string` says what: "a function" */
} mlrt__value_type;

typedef struct mlrt__value {
    mlrt__value_type type;
    union {
        double number;
        bool boolean;
        const char *string;
        mlrt_init init;
        struct {
            const double *item;
            int32_t count;
        };
    };
} mlrt__value;

enum { MLRT__VALUE_TEXT = 256 };

/* One value of the textual form at *at, which moves behind it:
 *
 *   3   -1e-3   inf   true   "any text"   'any text'   word   {1, 2}   uniform(-0.5, 0.5)
 *
 * A word is a string. Strings and lists are copied into the arena. */
mlrt_status mlrt__value_parse(mlrt__arena *arena, const char **at, mlrt__value *value, mlrt_error *err);
/* A name [A-Za-z_][A-Za-z0-9_]* at *at, copied into the arena; NULL when there is none. */
const char *mlrt__name_parse(mlrt__arena *arena, const char **at);
/* Is this byte, or nothing but white space before it, next? Then *at moves behind it. */
bool mlrt__char_parse(const char **at, char c);

/* The value in the textual form, truncated to `size`; returns `buffer` (MLRT__VALUE_TEXT bytes are enough for most). */
const char *mlrt__value_text(const mlrt__value *value, char *buffer, size_t size);
/* The shortest decimal that reads back as the same number, as a float if it is one. */
const char *mlrt__number_text(double x, char *buffer, size_t size);

/* ---- initialisers ---- */

/* The initialiser of that name with the parameters one expects: uniform in [0, 1), normal(0, 1). */
mlrt_status mlrt__init_from_name(const char *name, mlrt_init *init, mlrt_error *err);
const char *mlrt__init_name(mlrt_init_kind kind);
const char *mlrt__init_doc(mlrt_init_kind kind);
enum {
#define X(name, ...) +1
    MLRT__INIT_COUNT = MLRT_INITS(X)
#undef X
};

/* ---- ranges ---- */

typedef struct mlrt__interval {
    double low, high;
    bool low_open, high_open; /* the end itself is left out */
} mlrt__interval;

bool mlrt__interval_parse(const char *text, mlrt__interval *interval); /* false: not an interval, or an empty one */
bool mlrt__interval_holds(const mlrt__interval *interval, double x);   /* false for NaN */

/* Letters, digits and underscores, not beginning with a digit, and no word of Lua's own. */
bool mlrt__is_identifier(const char *name);

#endif
