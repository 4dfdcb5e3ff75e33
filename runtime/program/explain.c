/* explain.c - the compiled schedule for people: what each call does, how much it moves and how long it takes. */
#include "base/float_mode.h"
#include "base/text.h"
#include "kernels/blocks.h"
#include "program/calls.h"
#include <string.h>

static void append(char *text, size_t size, const char *more) {
    const size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", used ? "+" : "", more);
}

const char *mlrt__step_text(const mlrt__step *s) {
    static _Thread_local char text[160];
    const mlrt_node *n = s->call.node;
    text[0] = 0;
    if (s->kernel == &mlrt__copy) return s->kernel->op;
    if (n->op == &mlrt__op_fused) {
        const mlrt__fused_attr *a = n->attr;
        for (int32_t i = 0; i < a->steps; i++) append(text, sizeof text, mlrt__ew_op[a->step[i].code].name);
        return text;
    }
    append(text, sizeof text, s->kernel->op);
    if (n->op == &mlrt__op_matmul) {
        const mlrt__format *f = mlrt__product_format(n);
        if (f && f->pair == 2) append(text, sizeof text, f->name);
        const mlrt__matmul_attr *attr = n->attr;
        if (n->inputs - attr->residual - attr->mask > 2) append(text, sizeof text, "bias");
        if (attr->residual) append(text, sizeof text, "residual");
        if (attr->mask) append(text, sizeof text, "mask");
        if (attr->activation == MLRT__ACT_RELU) append(text, sizeof text, "relu");
    }
    return text;
}

/* Of the rows that the last run had. */
static double flops_of(const mlrt__step *s) {
    const mlrt_node *n = s->call.node;
    const double part = s->rows ? (double)s->rows->now / (double)s->rows->capacity : 1;
    if (s->kernel == &mlrt__copy) return 0;
    if (s->kernel->flops) return part * s->kernel->flops(n);
    return n->op->flops ? part * n->op->flops(n) : 0;
}

static double bytes_of(const mlrt__step *s) {
    double bytes = (double)mlrt_tensor_bytes(&s->call.out);
    for (int32_t k = 0; k < s->call.inputs; k++) bytes += (double)mlrt_tensor_bytes(&s->call.in[k]);
    return bytes;
}

double mlrt__program_flops(const mlrt__program *p) {
    double flops = 0;
    for (int32_t i = p->first; i < p->steps; i++) flops += flops_of(&p->step[i]);
    return flops;
}

static double time_steps(mlrt__program *p, int32_t runs) {
    double total = 0;
    const mlrt__float_mode mode = mlrt__flush_denormals();
    for (int32_t i = p->first; i < p->steps; i++) p->step[i].seconds = 0;
    for (int32_t r = 0; r < runs + 1; r++) /* the first warms up */
        for (int32_t i = p->first; i < p->steps; i++) {
            const double start = mlrt__now();
            mlrt__step_run(&p->step[i]);
            if (r) p->step[i].seconds += (mlrt__now() - start) / runs;
        }
    mlrt__set_float_mode(mode);
    for (int32_t i = p->first; i < p->steps; i++) total += p->step[i].seconds;
    p->error = (mlrt_error){0}; /* a batch that was never filled may not be what a kernel expects */
    return total;
}

static void explain_inputs(const mlrt__step *s, char *text, size_t size) {
    size_t used = 0;
    text[0] = 0;
    for (int32_t k = 0; k < s->call.inputs && used < size; k++) {
        char one[MLRT_SHAPE_TEXT];
        used += (size_t)snprintf(text + used, size - used, "%s%s", k ? " " : "",
                                 mlrt_shape_text(&s->call.in[k].shape, one, sizeof one));
    }
}

int32_t mlrt__program_calls(const mlrt__program *p) { return p->steps - p->first; }

void mlrt__program_time(mlrt__program *p, int32_t runs, mlrt__cost *cost) {
    time_steps(p, runs);
    for (int32_t i = p->first; i < p->steps; i++) {
        const mlrt__step *s = &p->step[i];
        *cost++ = (mlrt__cost){s->call.node, s->kernel->op, flops_of(s), s->seconds};
    }
}

void mlrt__program_explain(mlrt__program *p, int32_t runs, FILE *out) {
    const double total = runs > 0 ? time_steps(p, runs) : 0;
    char shape[MLRT_SHAPE_TEXT], inputs[256], arena[32], alive[32], scratch[32];
    fprintf(out, "%4s  %-28s %-32s %-18s %10s %9s %9s %6s\n", "call", "op", "layer", "result", "KB moved", "MFLOP",
            "us", "%");
    for (int32_t i = p->first; i < p->steps; i++) {
        const mlrt__step *s = &p->step[i];
        const mlrt_node *n = s->call.node;
        explain_inputs(s, inputs, sizeof inputs);
        fprintf(out, "%4d  %-28.28s %-32.32s %-18s %10.1f %9.2f %9.1f %6.1f  %s\n", i - p->first + 1,
                mlrt__step_text(s), n->name ? n->name : n->path,
                mlrt_shape_text(&s->call.out.shape, shape, sizeof shape), bytes_of(s) / 1024, flops_of(s) / 1e6,
                s->seconds * 1e6, total > 0 ? 100 * s->seconds / total : 0, inputs);
    }
    fprintf(out, "\n%d calls, %.2f MFLOP, %s KB of results (at most %s KB are alive at once), %s KB of scratch",
            p->steps - p->first, mlrt__program_flops(p) / 1e6,
            mlrt__grouped((int64_t)(p->arena_bytes / 1024), arena, sizeof arena),
            mlrt__grouped((int64_t)(p->alive_bytes / 1024), alive, sizeof alive),
            mlrt__grouped((int64_t)(p->scratch_bytes / 1024), scratch, sizeof scratch));
    if (total > 0) fprintf(out, ", %.1f us a run, %.1f GFLOP/s", total * 1e6, mlrt__program_flops(p) / total / 1e9);
    fputc('\n', out);
}
