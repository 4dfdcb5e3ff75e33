/* scheme.c - positions inside an attention: schemes that tell queries and keys where they stand instead of adding a vector
 * to each token. Positions count from 0; key j is at distance j - i from query i.
 *
 *   relative        score = q_i . (k_j + a_d),  value v_j + b_d,  d = clip(j - i, -c, c), with learned a and b [2c + 1, head]
 *                   shared by the heads: Shaw et al., arXiv:1803.02155, Eq. 3-5, c being the property `distance`
 *   transformer_xl  score = (q_i + u) . k_j + (q_i + v) . W r_(i-j), with learned u, v and W, and the sinusoids r:
 *                   Dai et al., arXiv:1901.02860, Sec. 3.3
 *   rotary          features 2n and 2n + 1 of a query or key at t turned by the angle t / 10000^(2n / head):
 *                   Su et al., arXiv:2104.09864, Eq. 34
 *   xpos            the same, and queries times z_n^(t / 512), keys times z_n^(-t / 512), z_n = (2n / head + 0.4) / 1.4:
 *                   Sun et al., arXiv:2212.10554, Sec. 3.2, with 0.4 for gamma and 512 tokens for a factor of z
 */
#include "core.h"
#include <math.h>
#include <stdlib.h>

const char *const core_schemes[] = {"none", "relative", "transformer_xl", "rotary", "xpos", NULL};

/* A constant of these numbers, which it frees; NULL means that there was no memory for them. */
static mlrt_node *constant(mlrt_graph *g, mlrt_shape shape, float *values) {
    if (!values) return mlrt_graph_fail(g, MLRT_MEMORY, "out of memory for %lld positions", (long long)shape.dim[0]);
    mlrt_node *n = mlrt_constant(g, &(mlrt_tensor){.dtype = MLRT_F32, .shape = shape, .data = values});
    free(values);
    return n;
}

static double frequency(double feature, double features) { return pow(10000, -feature / features); }

mlrt_node *core_sinusoids(mlrt_graph *g, int64_t first, int64_t step, int64_t count, int64_t dim) {
    float *table = malloc(sizeof *table * (size_t)(count * dim));
    for (int64_t t = 0; table && t < count; t++)
        for (int64_t i = 0; i < dim; i++) {
            const double angle = (double)(first + t * step) * frequency((double)(i - i % 2), (double)dim);
            table[t * dim + i] = (float)(i % 2 ? cos(angle) : sin(angle));
        }
    return constant(g, MLRT_SHAPE_OF(count, dim), table);
}

/* Cosines and sines for the pairs of a head, times z_n^(t power). */
static mlrt_node *angles(mlrt_graph *g, int64_t length, int64_t pairs, double power) {
    float *table = malloc(2 * sizeof *table * (size_t)(length * pairs));
    for (int64_t t = 0; table && t < length; t++)
        for (int64_t n = 0; n < pairs; n++) {
            const double z = ((double)n / (double)pairs + 0.4) / 1.4, factor = pow(z, (double)t * power);
            const double angle = (double)t * frequency((double)n, (double)pairs);
            table[2 * (t * pairs + n)] = (float)(factor * cos(angle));
            table[2 * (t * pairs + n) + 1] = (float)(factor * sin(angle));
        }
    return constant(g, MLRT_SHAPE_OF(length, pairs, 2), table);
}

static void relative(const mlrt_layer *self, const attention *p, int64_t width, mlrt_attention_options *o) {
    const mlrt_shape shape = MLRT_SHAPE_OF(2 * (int64_t)p->distance + 1, width);
    o->far_k = mlrt_param(self, "relative_key", shape, p->init);
    o->far_v = mlrt_param(self, "relative_value", shape, p->init);
}

/* Distance d - c of key and query has the vector of position i - j = c - d. */
static void transformer_xl(const mlrt_layer *self, const attention *p, const mlrt_node *x, mlrt_node **q,
                           mlrt_attention_options *o) {
    const int64_t dim = CORE_LAST(*q), longest = mlrt_dim(x, 1) - 1;
    const linear props = {.out = (int32_t)dim, .init = p->init, .scale = 1};
    mlrt_node *r = core_sinusoids(self->graph, longest, -1, 2 * longest + 1, CORE_LAST(x));
    o->far_k = mlrt_child(self, "position", &linear_class, &props, &r);
    o->far_q = mlrt_add(*q, mlrt_param(self, "position_bias", MLRT_SHAPE_OF(dim), MLRT_ZEROS));
    *q = mlrt_add(*q, mlrt_param(self, "content_bias", MLRT_SHAPE_OF(dim), MLRT_ZEROS));
}

/* A factor of z every `period` tokens; 0 for none. */
static void rotary(const mlrt_layer *self, int64_t width, int64_t period, mlrt_node **q, mlrt_node **k) {
    const double power = period ? 1 / (double)period : 0;
    const int64_t length = mlrt_dim(*q, 1);
    if (width % 2) {
        *q = mlrt_graph_fail(self->graph, MLRT_SHAPE, "positions turn pairs of features, and a head has %lld",
                             (long long)width);
        return;
    }
    *q = mlrt_rotate(*q, angles(self->graph, length, width / 2, power));
    *k = mlrt_rotate(*k, angles(self->graph, length, width / 2, -power));
}

void core_place(const mlrt_layer *self, const mlrt_node *x, mlrt_node **q, mlrt_node **k, mlrt_attention_options *o) {
    const attention *p = mlrt_props(self);
    const int64_t width = CORE_LAST(*q) / p->heads;
    switch (p->position) {
    case CORE_RELATIVE: relative(self, p, width, o); break;
    case CORE_TRANSFORMER_XL: transformer_xl(self, p, x, q, o); break;
    case CORE_ROTARY: rotary(self, width, 0, q, k); break;
    case CORE_XPOS: rotary(self, width, 512, q, k); break;
    default: break;
    }
}
