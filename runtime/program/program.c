/* program.c - compiling a graph to a list of calls, and running the list. */
#include "base/float_mode.h"
#include "base/text.h"
#include "kernels/vmath.h"
#include "program/calls.h"
#include "program/compile.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory of the items ---- */

/* Sources have their memory already; a wanted result goes straight to where it is wanted when it is computed for that. */
static void bind_given(mlrt__compiler *c, float *params) {
    for (int32_t i = 0; i < c->items; i++) {
        mlrt__item *item = &c->item[i];
        const mlrt_node *n = item->node;
        if (n->op == &mlrt__op_param)
            item->data = params + c->graph->params->param[((const mlrt__param_attr *)n->attr)->index]->offset;
        else if (n->op == &mlrt__op_constant)
            item->data = (void *)((const mlrt__constant_attr *)n->attr)->data;
    }
    for (int32_t i = 0; i < c->wants; i++) {
        mlrt__item *item = &c->item[c->wanted[i]];
        const bool computed = !mlrt__is_source(item->node) && !mlrt__is_view(item->node) && !item->constant;
        if (!computed || item->data || item->at >= 0) continue;
        item->data = c->want[i].into;
        item->at = mlrt__want_at(c, i);
    }
}

/* Memory of the program's own, or that of the one it lives beside behind what has fixed places there. */
static mlrt_status take_memory(mlrt__compiler *c, mlrt__program *p, mlrt_error *err) {
    const mlrt__program *other = c->home ? c->home->beside : NULL;
    p->borrows_memory = other && mlrt__program_room(other) >= p->arena_bytes;
    p->memory = p->borrows_memory ? other->memory + other->fixed_bytes : mlrt__alloc_large(p->arena_bytes);
    p->lasting = mlrt__alloc_large(p->lasting_bytes);
    if (p->memory && p->lasting) return MLRT_OK;
    char text[32];
    return mlrt_fail(err, MLRT_MEMORY, "out of memory: the step needs %s MB of activations",
                     mlrt__grouped((int64_t)(p->arena_bytes >> 20), text, sizeof text));
}

static void *place_of(const mlrt__program *p, const mlrt__item *item, size_t place) {
    if (item->at >= 0) return p->memory + item->at;
    return (mlrt__is_lasting(item) ? p->lasting : p->memory) + place;
}

static mlrt_status bind_arena(mlrt__compiler *c, mlrt__program *p, mlrt_error *err) {
    const mlrt__layout layout = mlrt__plan(c);
    p->arena_bytes = layout.bytes, p->lasting_bytes = layout.lasting, p->fixed_bytes = layout.fixed;
    p->alive_bytes = layout.alive;
    if (take_memory(c, p, err) != MLRT_OK) return err->status;
    for (int32_t i = 0; i < c->items; i++)
        if (c->item[i].root == i && !c->item[i].data) c->item[i].data = place_of(p, &c->item[i], layout.place[i]);
    for (int32_t i = 0; i < c->items; i++) {
        mlrt__item *item = &c->item[i];
        if (item->root != i)
            item->data = (char *)c->item[item->root].data + (size_t)item->offset * mlrt_dtype_size(item->node->dtype);
    }
    return MLRT_OK;
}

static mlrt_tensor tensor_of(const mlrt__item *item) {
    return (mlrt_tensor){item->node->dtype, item->node->shape, item->data};
}

/* Where it happened: the script's line, and the node's name or its layer's path. */
static void add_place(const mlrt_node *n, mlrt_error *err) {
    if (n->name)
        mlrt_at(err, "%s", n->name);
    else if (n->path[0])
        mlrt_at(err, "%s", n->path);
    if (n->where[0]) mlrt_at(err, "%s", n->where);
}

/* ---- calls ---- */

/* A plugin's kernel may open a team, whose threads know nothing of ours: it gets the arithmetic that they have. */
static void run_op(const mlrt_call *c) {
    const mlrt__float_mode mode = mlrt__keep_denormals();
    c->node->op->run(c);
    mlrt__set_float_mode(mode);
}

/* An op that a plugin brought: its own kernel. */
static mlrt__kernel *kernel_of_op(mlrt__arena *arena, const mlrt_op *op) {
    mlrt__kernel *k = MLRT__NEW(arena, mlrt__kernel);
    *k = (mlrt__kernel){.op = op->name, .scratch = op->scratch, .run = run_op, .flops = op->flops};
    return k;
}

static void run_copy(const mlrt_call *c) { memcpy(c->out.data, c->in[0].data, mlrt_tensor_bytes(&c->out)); }
const mlrt__kernel mlrt__copy = {.op = "copy", .run = run_copy};

static mlrt__step *add_step(mlrt__program *p, const mlrt__kernel *kernel, const mlrt_node *n, mlrt_tensor out,
                            const mlrt_tensor *in, int32_t inputs) {
    mlrt__step *s = &p->step[p->steps++];
    *s = (mlrt__step){.run = kernel->run, .kernel = kernel};
    s->call = (mlrt_call){.node = n, .out = out, .in = in, .inputs = inputs, .attr = n->attr, .stream = n->stream};
    return s;
}

static mlrt_status add_call(mlrt__compiler *c, mlrt__program *p, const mlrt__item *item, mlrt_error *err) {
    const mlrt_node *n = item->node;
    const mlrt__kernel *kernel = n->op->run ? kernel_of_op(&p->arena, n->op) : mlrt__kernel_find(n->op->name);
    if (!kernel) {
        mlrt_fail(err, MLRT_UNSUPPORTED, "op '%s' has no kernel", n->op->name);
        add_place(n, err);
        return err->status;
    }
    mlrt_tensor *in = MLRT__NEWS(&p->arena, mlrt_tensor, n->inputs);
    for (int32_t k = 0; k < n->inputs; k++) in[k] = tensor_of(&c->item[n->in[k]->id]);
    mlrt__step *s = add_step(p, kernel, n, tensor_of(item), in, n->inputs);
    s->rows = mlrt__rows_of(c, &p->arena, item, &s->call.out, in);
    return MLRT_OK;
}

/* Where the k-th want is to be, or NULL when it may be anywhere. */
static void *wanted_at(const mlrt__compiler *c, const mlrt__program *p, int32_t k) {
    const int64_t at = mlrt__want_at(c, k);
    return at >= 0 ? p->memory + at : c->want[k].into;
}

/* A value that is wanted elsewhere than where it had to be computed. */
static void add_copies(const mlrt__compiler *c, mlrt__program *p, int32_t of) {
    const mlrt_tensor from = tensor_of(&c->item[of]);
    for (int32_t i = 0; i < c->wants; i++) {
        mlrt_tensor out = from;
        out.data = wanted_at(c, p, i);
        if (c->wanted[i] == of && out.data && out.data != from.data)
            add_step(p, &mlrt__copy, c->item[of].node, out, mlrt__arena_copy(&p->arena, &from, sizeof from), 1);
    }
}

static mlrt_status add_calls(mlrt__compiler *c, mlrt__program *p, bool constant, mlrt_error *err) {
    for (int32_t i = 0; i < c->items; i++) {
        const mlrt__item *item = &c->item[i];
        const bool computed = !mlrt__is_source(item->node) && !mlrt__is_view(item->node);
        if (item->constant == constant && computed && add_call(c, p, item, err) != MLRT_OK) return err->status;
        if (!constant) add_copies(c, p, i);
    }
    return MLRT_OK;
}

/* ---- scratch and preparation ---- */

static mlrt_status prepare_calls(const mlrt__compiler *c, mlrt__program *p, mlrt_error *err) {
    const int32_t threads = mlrt__threads();
    for (int32_t i = 0; i < p->steps; i++) {
        const mlrt__step *s = &p->step[i];
        const size_t bytes = s->kernel->scratch ? s->kernel->scratch(s->call.node, threads) : 0;
        if (bytes > p->scratch_bytes) p->scratch_bytes = bytes;
    }
    const mlrt__program *other = c->home ? c->home->beside : NULL;
    p->borrows_scratch = other && other->scratch_bytes >= p->scratch_bytes;
    p->scratch = p->borrows_scratch ? other->scratch : mlrt__alloc_large(p->scratch_bytes);
    if (!p->scratch) return mlrt_fail(err, MLRT_MEMORY, "out of memory for the kernels' scratch");
    for (int32_t i = 0; i < p->steps; i++) {
        mlrt_call *call = &p->step[i].call;
        call->scratch = p->scratch;
        call->err = &p->error;
        const mlrt__kernel *k = p->step[i].kernel;
        if (k->prepare && k->prepare(call, err) != MLRT_OK) {
            add_place(call->node, err);
            return err->status;
        }
    }
    return MLRT_OK;
}

/* Notes that a tensor is read, if it lies in a field's memory. */
static void keep_reader(mlrt__program *p, mlrt_tensor *t) {
    for (int32_t i = 0; i < p->inputs; i++) {
        mlrt__bound *b = &p->input[i];
        const char *const data = b->tensor.data, *const at = t->data;
        if (at >= data && at < data + mlrt_tensor_bytes(&b->tensor))
            b->reader[b->readers++] = (mlrt__reader){t, at - data};
    }
}

static void keep_readers(mlrt__program *p) {
    int32_t tensors = p->results;
    for (int32_t i = 0; i < p->steps; i++) tensors += p->step[i].call.inputs;
    for (int32_t i = 0; i < p->inputs; i++) p->input[i].reader = MLRT__NEWS(&p->arena, mlrt__reader, tensors);
    for (int32_t i = 0; i < p->steps; i++)
        for (int32_t k = 0; k < p->step[i].call.inputs; k++) keep_reader(p, (mlrt_tensor *)&p->step[i].call.in[k]);
    for (int32_t i = 0; i < p->results; i++) keep_reader(p, &p->result[i]);
}

static void keep_inputs(mlrt__compiler *c, mlrt__program *p) {
    p->input = MLRT__NEWS(&p->arena, mlrt__bound, c->items);
    for (int32_t i = 0; i < c->items; i++)
        if (c->item[i].node->op == &mlrt__op_input)
            p->input[p->inputs++] = (mlrt__bound){.name = c->item[i].node->name, .tensor = tensor_of(&c->item[i])};
    p->result = MLRT__NEWS(&p->arena, mlrt_tensor, c->wants);
    p->results = c->wants;
    for (int32_t i = 0; i < c->wants; i++) {
        p->result[i] = tensor_of(&c->item[c->wanted[i]]);
        if (wanted_at(c, p, i)) p->result[i].data = wanted_at(c, p, i);
    }
    keep_readers(p);
}

static mlrt_status run_steps(mlrt__program *p, int32_t from, int32_t to, mlrt_error *err);

static mlrt_status compile(mlrt__compiler *c, mlrt__program *p, float *params, mlrt_error *err) {
    mlrt__rewrite(c);
    mlrt__recompute(c);
    mlrt__narrow(c);
    bind_given(c, params);
    mlrt__order(c);
    if (mlrt__ragged(c, err) != MLRT_OK) return err->status;
    if (bind_arena(c, p, err) != MLRT_OK) return err->status;
    p->step = MLRT__NEWS(&p->arena, mlrt__step, c->items + c->wants);
    if (add_calls(c, p, true, err) != MLRT_OK) return err->status;
    p->first = p->steps;
    if (add_calls(c, p, false, err) != MLRT_OK) return err->status;
    keep_inputs(c, p);
    if (prepare_calls(c, p, err) != MLRT_OK) return err->status;
    return run_steps(p, 0, p->first, err); /* constants, once */
}

mlrt_status mlrt__program_new(mlrt_graph *g, const mlrt__want *want, int32_t count, float *params, mlrt__program **out,
                              mlrt_error *err) {
    return mlrt__program_new_at(g, want, count, params, NULL, out, err);
}

mlrt_status mlrt__program_new_at(mlrt_graph *g, const mlrt__want *want, int32_t count, float *params,
                                 const mlrt__home *home, mlrt__program **out, mlrt_error *err) {
    *out = NULL;
    for (int32_t i = 0; i < count && g->error.status == MLRT_OK; i++)
        if (!want[i].node || mlrt_failed(want[i].node)) mlrt_graph_fail(g, MLRT_ARGUMENT, "a wanted node is missing");
    if (g->error.status != MLRT_OK) {
        if (err && err->status == MLRT_OK) *err = g->error;
        return g->error.status;
    }
    mlrt_error local = {0};
    if (!err) err = &local;
    mlrt__program *p = calloc(1, sizeof *p);
    if (!p) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    mlrt__compiler c = {.graph = g, .arena = &p->arena, .want = want, .wants = count, .home = home};
    if (compile(&c, p, params, err) != MLRT_OK) {
        mlrt__program_free(p);
        return err->status;
    }
    *out = p;
    return MLRT_OK;
}

void mlrt__program_free(mlrt__program *p) {
    if (!p) return;
    for (int32_t i = 0; i < p->steps; i++)
        if (p->step[i].kernel->release) p->step[i].kernel->release(&p->step[i].call);
    if (!p->borrows_memory) mlrt__free_large(p->memory);
    if (!p->borrows_scratch) mlrt__free_large(p->scratch);
    mlrt__free_large(p->lasting);
    mlrt__arena_free(&p->arena);
    free(p);
}

int32_t mlrt__program_field(const mlrt__program *p, const char *name) {
    int32_t i = p->inputs - 1;
    while (i >= 0 && strcmp(p->input[i].name, name) != 0) i--;
    return i;
}

mlrt_tensor mlrt__program_input(const mlrt__program *p, const char *name) {
    const int32_t field = mlrt__program_field(p, name);
    return field >= 0 ? p->input[field].tensor : (mlrt_tensor){0};
}

void mlrt__program_feed(mlrt__program *p, int32_t field, const void *data) {
    const mlrt__bound *b = &p->input[field];
    const char *const from = data ? data : b->tensor.data;
    for (int32_t i = 0; i < b->readers; i++) b->reader[i].tensor->data = (char *)from + b->reader[i].offset;
}

mlrt_tensor mlrt__program_result(const mlrt__program *p, int32_t i) {
    return i >= 0 && i < p->results ? p->result[i] : (mlrt_tensor){0};
}

void *mlrt__program_memory(const mlrt__program *p) { return p->memory; }
size_t mlrt__program_room(const mlrt__program *p) { return p->arena_bytes - p->fixed_bytes; }

size_t mlrt__program_bytes(const mlrt__program *p) {
    const size_t memory = p->borrows_memory ? 0 : p->arena_bytes, scratch = p->borrows_scratch ? 0 : p->scratch_bytes;
    return memory + p->lasting_bytes + scratch;
}

size_t mlrt__program_planned(const mlrt__program *p) { return p->arena_bytes; }
size_t mlrt__program_alive(const mlrt__program *p) { return p->alive_bytes; }

/* ---- running ---- */

static mlrt_status failed_in(mlrt__program *p, const mlrt__step *s, mlrt_error *err) {
    mlrt_error own = p->error;
    p->error = (mlrt_error){0};
    add_place(s->call.node, &own);
    if (err && err->status == MLRT_OK) *err = own;
    return own.status;
}

static mlrt_status run_steps(mlrt__program *p, int32_t from, int32_t to, mlrt_error *err) {
    const mlrt__float_mode mode = mlrt__flush_denormals();
    mlrt__step *s = p->step + from, *end = p->step + to;
    for (; s < end && p->error.status == MLRT_OK; s++) mlrt__step_run(s);
    mlrt__set_float_mode(mode);
    return p->error.status == MLRT_OK ? MLRT_OK : failed_in(p, s - 1, err);
}

static void set_step(mlrt__program *p, uint64_t seed, uint64_t step) {
    for (int32_t i = p->first; i < p->steps; i++) p->step[i].call.seed = seed, p->step[i].call.step = step;
}

mlrt_status mlrt__program_run(mlrt__program *p, uint64_t seed, uint64_t step, mlrt_error *err) {
    set_step(p, seed, step);
    return run_steps(p, p->first, p->steps, err);
}

static const char *nonfinite(const mlrt_tensor *t) {
    const bool narrow = t->dtype == MLRT_BF16;
    const int64_t count = narrow || t->dtype == MLRT_F32 ? mlrt_shape_count(&t->shape) : 0;
    for (int64_t i = 0; i < count; i++) {
        const float x = narrow ? mlrt__from_bf16(((const uint16_t *)t->data)[i]) : ((const float *)t->data)[i];
        if (!isfinite(x)) return isnan(x) ? "NaN" : x > 0 ? "inf" : "-inf";
    }
    return NULL;
}

/* What the k-th input of a step is when nothing computed it: a parameter or a field; else NULL. */
static const mlrt_node *given(const mlrt__step *s, int32_t k) {
    const mlrt_node *in = s->kernel == &mlrt__copy ? s->call.node : s->call.node->in[k];
    return in->op == &mlrt__op_param || in->op == &mlrt__op_input ? in : NULL;
}

static mlrt_status check_finite(const mlrt__step *s, mlrt_error *err) {
    for (int32_t k = 0; k < s->call.inputs; k++) {
        const mlrt_node *in = given(s, k);
        const char *bad = in ? nonfinite(&s->call.in[k]) : NULL;
        if (bad) return mlrt_fail(err, MLRT_NUMERIC, "%s in '%s'", bad, in->name);
    }
    const char *bad = nonfinite(&s->call.out);
    return bad ? mlrt_fail(err, MLRT_NUMERIC, "%s first appears in the result of %s", bad, mlrt__step_text(s))
               : MLRT_OK;
}

mlrt_status mlrt__program_find_nonfinite(mlrt__program *p, uint64_t seed, uint64_t step, mlrt_error *err) {
    set_step(p, seed, step);
    memset(p->memory, 0, p->arena_bytes); /* rows that are not there may hold what came of it in the run before */
    for (int32_t i = p->first; i < p->steps; i++) {
        mlrt_status status = run_steps(p, i, i + 1, err);
        if (status != MLRT_OK) return status;
        if ((status = check_finite(&p->step[i], err)) == MLRT_OK) continue;
        add_place(p->step[i].call.node, err);
        return status;
    }
    return MLRT_OK;
}
