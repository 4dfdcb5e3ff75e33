/* array_text.c - an array for people: columns aligned, the middle of long axes left out. */
#include "dsl/array.h"
#include <stdio.h>
#include <string.h>

/* Arrays with more elements than WHOLE show this many from each end of an axis. */
enum { WHOLE = 400, EDGE = 3, NUMBER_MAX = 32 };

typedef struct printer {
    luaL_Buffer out;
    const mlrt__array *a;
    int64_t edge;
    int width;
} printer;

/* The next position to show after i: jumps over the middle. */
static int64_t next(const printer *p, int32_t axis, int64_t i) {
    const int64_t n = p->a->shape.dim[axis];
    return i + 1 == p->edge && n > 2 * p->edge ? n - p->edge : i + 1;
}

static void widest(printer *p, int32_t axis, const double *data, int64_t stride) {
    char text[NUMBER_MAX];
    const int64_t n = p->a->shape.dim[axis], below = n ? stride / n : 0;
    for (int64_t i = 0; i < n; i = next(p, axis, i)) {
        if (axis + 1 < p->a->shape.rank) {
            widest(p, axis + 1, data + i * below, below);
            continue;
        }
        const int length = snprintf(text, sizeof text, "%.6g", data[i]);
        if (length > p->width) p->width = length;
    }
}

static void indent(printer *p, int32_t axis, int32_t lines) {
    for (int32_t i = 0; i < lines; i++) luaL_addchar(&p->out, '\n');
    for (int32_t i = 0; i < axis; i++) luaL_addchar(&p->out, ' ');
}

static void show(printer *p, int32_t axis, const double *data, int64_t stride) {
    char text[NUMBER_MAX];
    const int32_t rank = p->a->shape.rank;
    const int64_t n = p->a->shape.dim[axis], below = n ? stride / n : 0;
    luaL_addchar(&p->out, '[');
    for (int64_t i = 0, before = -1; i < n; before = i, i = next(p, axis, i)) {
        if (i > 0) luaL_addchar(&p->out, ',');
        if (i > 0 && axis + 1 == rank) luaL_addchar(&p->out, ' ');
        if (i > 0 && axis + 1 < rank) indent(p, axis + 1, rank - axis - 1);
        if (i > before + 1) {
            luaL_addstring(&p->out, "...,");
            if (axis + 1 == rank) luaL_addchar(&p->out, ' ');
            if (axis + 1 < rank) indent(p, axis + 1, rank - axis - 1);
        }
        if (axis + 1 < rank) {
            show(p, axis + 1, data + i * below, below);
        } else {
            snprintf(text, sizeof text, "%*.6g", rank > 1 ? p->width : 0, data[i]);
            luaL_addstring(&p->out, text);
        }
    }
    luaL_addchar(&p->out, ']');
}

void mlrt__array_text(lua_State *L, const mlrt__array *a) {
    printer p = {.a = a, .edge = a->count > WHOLE ? EDGE : INT64_MAX / 4};
    widest(&p, 0, a->data, a->count);
    luaL_buffinit(L, &p.out);
    show(&p, 0, a->data, a->count);
    luaL_pushresult(&p.out);
}
