/* elementwise.c - chains of elementwise ops, run tile by tile in cache.
 *
 * The output is cut into tiles of at most TILE elements: a range of one axis of the collapsed nest and all the axes
 * inside it. For each tile every input becomes a pointer to f32 values: its own memory when it has nothing to convert or
 * repeat there, else a register it is loaded into; once per thread if all tiles see the same values (a bias, a scalar).
 * Then the steps run, the last one straight into the output when that is f32. Dropout reads one register more, its mask,
 * which is drawn for each tile.
 */
#include "kernels/micro.h"
#include "kernels/nest.h"
#include "kernels/philox.h"
#include "kernels/team.h"
#include <stdlib.h>

enum { TILE = 1024, MASK = MLRT__FUSED_INPUTS + MLRT__FUSED_STEPS, REGISTERS };

typedef enum source {
    DIRECT, /* read in place */
    ONCE,   /* loaded by each thread before its first tile */
    EACH,   /* loaded for each tile */
} source;

typedef struct plan {
    mlrt__nest nest;
    int32_t axis;                /* of which a tile has a range; the axes before it are outer, those after it whole */
    int64_t range, inner, tiles; /* elements of the axis in a tile, elements in one of them, tiles in all */
    int64_t row;                 /* elements in one of the outermost axis */
    source source[MLRT__FUSED_INPUTS];
    int32_t steps;
    struct {
        micro *run;
        int32_t inputs, in[3], out; /* places: registers of the plan; the last step's `out` is not used */
    } step[MLRT__FUSED_STEPS];
} plan;

/* ---- prepare ---- */

static void plan_nest(plan *p, const mlrt_call *c) {
    p->nest = (mlrt__nest){.rank = c->out.shape.rank, .operands = c->inputs};
    memcpy(p->nest.dim, c->out.shape.dim, sizeof p->nest.dim);
    for (int32_t i = 0; i < c->inputs; i++) mlrt__broadcast_strides(&c->in[i].shape, &c->out.shape, p->nest.stride[i]);
    mlrt__nest_collapse(&p->nest);
}

static void count_tiles(plan *p) {
    const int64_t *dim = p->nest.dim;
    p->tiles = (dim[p->axis] + p->range - 1) / p->range;
    for (int32_t axis = 0; axis < p->axis; axis++) p->tiles *= dim[axis];
}

static void plan_tiles(plan *p) {
    const mlrt__nest *t = &p->nest;
    p->axis = t->rank - 1;
    p->inner = p->row = 1;
    while (p->axis > 0 && p->inner * t->dim[p->axis] <= TILE) p->inner *= t->dim[p->axis--];
    p->range = TILE / p->inner < t->dim[p->axis] ? TILE / p->inner : t->dim[p->axis];
    for (int32_t axis = 1; axis < t->rank; axis++) p->row *= t->dim[axis];
    count_tiles(p);
}

/* Rows are the outermost axis that is longer than one. */
static void resize(mlrt_call *c) {
    plan *p = c->state;
    p->nest.dim[0] = mlrt_shape_count(&c->out.shape) / p->row;
    count_tiles(p);
}

/* Whether the elements of a tile lie one after the other. */
static bool contiguous(const plan *p, const int64_t *stride) {
    int64_t step = 1;
    for (int32_t axis = p->nest.rank - 1; axis >= p->axis; step *= p->nest.dim[axis--])
        if (stride[axis] != step && p->nest.dim[axis] > 1) return false;
    return true;
}

static bool same_in_all_tiles(const plan *p, const int64_t *stride) {
    for (int32_t axis = 0; axis < p->axis; axis++)
        if (stride[axis]) return false;
    return stride[p->axis] == 0 || p->range == p->nest.dim[p->axis];
}

/* Registers 0 .. inputs-1 are the inputs'; results take the lowest one that nobody will read again. */
static void plan_steps(plan *p, const mlrt__fused_attr *attr, int32_t inputs) {
    int32_t last_use[MASK] = {0}, place[MASK], reader[MASK];
    for (int32_t r = 0; r < MASK; r++) place[r] = r, reader[r] = r < inputs ? attr->steps : -1;
    for (int32_t s = 0; s < attr->steps; s++)
        for (int32_t i = 0; i < micro_inputs[attr->step[s].code]; i++) last_use[attr->step[s].in[i]] = s;
    p->steps = attr->steps;
    for (int32_t s = 0; s < attr->steps; s++) {
        p->step[s].run = micro_of[attr->step[s].code];
        p->step[s].inputs = micro_inputs[attr->step[s].code];
        for (int32_t i = 0; i < p->step[s].inputs; i++) p->step[s].in[i] = place[attr->step[s].in[i]];
        if (attr->step[s].code == MLRT__EW_dropout) p->step[s].in[p->step[s].inputs++] = MASK;
        int32_t out = 0;
        while (reader[out] > s) out++;
        reader[out] = last_use[inputs + s];
        p->step[s].out = place[inputs + s] = out;
    }
}

static mlrt_status prepare(mlrt_call *c, mlrt_error *err) {
    plan *p = calloc(1, sizeof *p);
    if (!p) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    c->state = p;
    if (mlrt_shape_count(&c->out.shape) == 0) return MLRT_OK;
    plan_nest(p, c);
    plan_tiles(p);
    for (int32_t i = 0; i < c->inputs; i++) {
        const int64_t *stride = p->nest.stride[i];
        p->source[i] = c->in[i].dtype == MLRT_F32 && contiguous(p, stride) ? DIRECT
                       : same_in_all_tiles(p, stride)                      ? ONCE
                                                                           : EACH;
    }
    plan_steps(p, c->attr, c->inputs);
    return MLRT_OK;
}

/* ---- run ---- */

typedef struct tile {
    int64_t index[MLRT_MAX_RANK]; /* of its first element, in the axes up to the tile's own */
    int64_t first, count;         /* in the output */
} tile;

static void count_elements(const plan *p, tile *t) {
    const int64_t left = p->nest.dim[p->axis] - t->index[p->axis];
    t->count = (left < p->range ? left : p->range) * p->inner;
}

static tile tile_at(const plan *p, int64_t number) {
    tile t;
    const int64_t *dim = p->nest.dim, whole = dim[p->axis], parts = (whole + p->range - 1) / p->range;
    int64_t outer = number / parts;
    t.index[p->axis] = number % parts * p->range;
    t.first = (outer * whole + t.index[p->axis]) * p->inner;
    for (int32_t axis = p->axis - 1; axis >= 0; outer /= dim[axis--]) t.index[axis] = outer % dim[axis];
    count_elements(p, &t);
    return t;
}

/* The one behind it; behind the last there is none to be read. */
static void next_tile(const plan *p, tile *t) {
    int32_t axis = p->axis;
    t->first += t->count;
    t->index[axis] += p->range;
    for (; axis > 0 && t->index[axis] >= p->nest.dim[axis]; t->index[--axis]++) t->index[axis] = 0;
    count_elements(p, t);
}

static int64_t offset(const plan *p, const tile *t, const int64_t *stride) {
    int64_t at = 0;
    for (int32_t axis = 0; axis <= p->axis; axis++) at += t->index[axis] * stride[axis];
    return at;
}

/* Plane after plane of the two innermost axes, counting the others like an odometer. */
static void load(float *y, int64_t count, const plan *p, const tile *t, const mlrt_tensor *x, const int64_t *stride) {
    const int32_t last = p->nest.rank - 1;
    const int64_t *dim = p->nest.dim;
    region r = {.first = offset(p, t, stride), .rows = 1, .columns = count, .stride = stride[last]};
    if (last > p->axis) {
        r.columns = dim[last];
        r.rows = last - 1 > p->axis ? dim[last - 1] : count / dim[last];
        r.row_stride = stride[last - 1];
    }
    int64_t index[MLRT_MAX_RANK] = {0};
    for (int64_t done = 0; done < count; done += r.rows * r.columns) {
        load_of[x->dtype](y + done, x->data, &r);
        for (int32_t axis = last - 2; axis >= p->axis; axis--) {
            r.first += stride[axis];
            if (axis == p->axis || ++index[axis] < dim[axis]) break;
            r.first -= stride[axis] * dim[axis];
            index[axis] = 0;
        }
    }
}

static void run_steps(const plan *p, const tile *t, float (*reg)[TILE], const float **at, const mlrt_tensor *out) {
    const bool direct = out->dtype == MLRT_F32;
    for (int32_t s = 0; s < p->steps; s++) {
        const float *in[3];
        for (int32_t i = 0; i < p->step[s].inputs; i++) in[i] = at[p->step[s].in[i]];
        float *y = reg[p->step[s].out];
        if (direct && s == p->steps - 1) y = (float *)out->data + t->first;
        p->step[s].run(y, in, t->count);
    }
    if (!direct) store_of[out->dtype](out->data, t->first, reg[p->step[p->steps - 1].out], t->count);
}

/* Of 16 bits for each element; `tile` is where that begins in the output. Blocks of random numbers have 8 of them. */
static void draw_mask(const mlrt_call *c, const mlrt__dropout_attr *dropout, const tile *t, float *mask) {
    enum { BLOCK = 8, BLOCKS = TILE / BLOCK + 1 + MLRT__WIDE };
    _Alignas(64) uint16_t bits[BLOCK * BLOCKS];
    const mlrt__philox_key key = mlrt__philox_begin(c->seed, dropout->stream, c->step);
    const int64_t block = t->first / BLOCK, skip = t->first % BLOCK;
    const int32_t below = (int32_t)(dropout->p * 0x1p16 + 0.5);
    const float scale = 0x1p16f / (0x1p16f - (float)below);
    for (int64_t i = 0; i * BLOCK < skip + t->count; i += MLRT__WIDE)
        mlrt__philox_wide(key, (uint64_t)(block + i), (uint32_t *)(bits + i * BLOCK));
#pragma omp simd
    for (int64_t i = 0; i < t->count; i++) mask[i] = bits[skip + i] < below ? 0.0f : scale;
}

static void run_tiles(const mlrt_call *c, int64_t first, int64_t last) {
    const mlrt__dropout_attr *dropout = &((const mlrt__fused_attr *)c->attr)->dropout;
    const plan *p = c->state;
    _Alignas(64) float reg[REGISTERS][TILE];
    const float *at[REGISTERS];
    for (int32_t r = 0; r < REGISTERS; r++) at[r] = reg[r];
    if (first == last) return;
    tile t = tile_at(p, first);
    for (int64_t number = first; number < last; number++, next_tile(p, &t)) {
        for (int32_t i = 0; i < c->inputs; i++) {
            const int64_t *stride = p->nest.stride[i];
            if (p->source[i] == DIRECT)
                at[i] = (const float *)c->in[i].data + offset(p, &t, stride);
            else if (p->source[i] == EACH)
                load(reg[i], t.count, p, &t, &c->in[i], stride);
            else if (number == first)
                load(reg[i], p->range * p->inner, p, &t, &c->in[i], stride);
        }
        if (dropout->p > 0) draw_mask(c, dropout, &t, reg[MASK]);
        run_steps(p, &t, reg, at, &c->out);
    }
}

static double flops(const mlrt_node *n) {
    return (double)mlrt_shape_count(&n->shape) * ((const mlrt__fused_attr *)n->attr)->steps;
}

static void run(const mlrt_call *c) {
    const plan *p = c->state;
    const int32_t draws = ((const mlrt__fused_attr *)c->attr)->dropout.p > 0 ? 5 : 0; /* what a random number costs */
    mlrt__share(c, p->tiles, (double)mlrt_shape_count(&c->out.shape) * (p->steps + draws), run_tiles);
}

static void release(mlrt_call *c) {
    free(c->state);
    c->state = NULL;
}

const mlrt__kernel MLRT_KERNELS(elementwise)[] = {
    {"fused", .prepare = prepare, .resize = resize, .run = run, .release = release, .flops = flops},
    {0},
};
