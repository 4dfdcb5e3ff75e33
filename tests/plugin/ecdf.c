/* ecdf.c - a plugin with an op of its own: how much the distribution of a score differs between groups.
 *
 * With n_m samples in group m and Theta the step function, the empirical distribution of group m and its mean are
 *
 *   F_m(s) = 1/n_m sum_i Theta(s - s_i) [m_i = m],     F(s) = 1/M sum_m F_m(s)
 *
 * and the loss is sum_m integral (F_m - F)^2 ds: MoDe of order 0 with groups of equal width; Kitouni's thesis, Eqs. 3.5,
 * 3.6 and 3.14. The distributions are constant between neighbouring scores, so the integral is a finite sum and exact.
 * Its gradient, Eqs. 3.15 and 3.16,
 *
 *   d/ds_i = -2/n_{m_i} sum_m (F_m - F)(s_i) ([m = m_i] - 1/M),
 *
 * takes F in the middle of its jump at s_i, which is the same as the integrand before the jump less that behind it.
 * Groups without a sample take no part. Where two scores are equal, the one that comes first is taken as smaller.
 */
#include <mlrt/mlrt.h>
#include <stdlib.h>
#include <string.h>

typedef struct attributes {
    int64_t groups;
} attributes;

/* ---- one walk along the sorted scores serves both kernels ---- */

typedef struct sample {
    float score;
    int32_t group, index;
} sample;

/* What a group has seen of its samples. */
typedef struct group {
    double samples, below;
} group;

static int by_score(const void *a, const void *b) {
    const sample *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

static size_t scratch(const mlrt_node *n, int32_t threads) {
    (void)threads;
    const attributes *a = mlrt_node_attr(n);
    return (size_t)a->groups * sizeof(group) + (size_t)mlrt_count(mlrt_node_input(n, 0)) * sizeof(sample);
}

static group *groups_of(const mlrt_call *c) { return c->scratch; }
static sample *samples_of(const mlrt_call *c) {
    return (sample *)(groups_of(c) + ((const attributes *)c->attr)->groups);
}

/* Sort the samples and count the groups; false when a group is none of them. */
static bool begin(const mlrt_call *c) {
    const float *score = c->in[0].data;
    const int32_t *index = c->in[1].data;
    const int64_t n = mlrt_shape_count(&c->in[0].shape), count = ((const attributes *)c->attr)->groups;
    sample *samples = samples_of(c);
    group *groups = groups_of(c);
    memset(groups, 0, (size_t)count * sizeof *groups);
    for (int64_t i = 0; i < n; i++) {
        if (index[i] < 0 || index[i] >= count) {
            mlrt_fail(c->err, MLRT_RANGE, "group %d of sample %lld is not in 0 .. %lld", index[i], (long long)i,
                      (long long)count - 1);
            return false;
        }
        samples[i] = (sample){score[i], index[i], (int32_t)i};
        groups[index[i]].samples++;
    }
    qsort(samples, (size_t)n, sizeof *samples, by_score);
    return true;
}

/* sum_m (F_m - F)^2, at the place that was reached. */
static double spread(const mlrt_call *c) {
    const int64_t count = ((const attributes *)c->attr)->groups;
    const group *g = groups_of(c);
    double sum = 0, squares = 0, occupied = 0;
    for (int64_t m = 0; m < count; m++) {
        if (g[m].samples == 0) continue;
        const double f = g[m].below / g[m].samples;
        sum += f, squares += f * f, occupied++;
    }
    return occupied > 0 ? squares - sum * sum / occupied : 0;
}

static void run_forward(const mlrt_call *c) {
    const int64_t n = mlrt_shape_count(&c->in[0].shape);
    double integral = 0;
    if (begin(c)) {
        const sample *s = samples_of(c);
        for (int64_t i = 0; i + 1 < n; i++) {
            groups_of(c)[s[i].group].below++;
            integral += spread(c) * ((double)s[i + 1].score - (double)s[i].score);
        }
    }
    *(float *)c->out.data = (float)integral;
}

static void run_backward(const mlrt_call *c) {
    const int64_t n = mlrt_shape_count(&c->in[0].shape);
    const float dy = *(const float *)c->in[2].data;
    float *ds = c->out.data;
    memset(ds, 0, (size_t)n * sizeof *ds);
    if (!begin(c)) return;
    const sample *s = samples_of(c);
    double before = 0;
    for (int64_t i = 0; i < n; i++) {
        groups_of(c)[s[i].group].below++;
        const double behind = spread(c);
        ds[s[i].index] = dy * (float)(before - behind);
        before = behind;
    }
}

/* ---- the ops ---- */

static mlrt_status infer_forward(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    const mlrt_node *score = mlrt_node_input(n, 0), *index = mlrt_node_input(n, 1);
    char a[MLRT_SHAPE_TEXT], b[MLRT_SHAPE_TEXT];
    if (mlrt_node_dtype(score) != MLRT_F32 || mlrt_node_dtype(index) != MLRT_I32)
        return mlrt_fail(err, MLRT_TYPE, "expected scores f32 and groups i32, got %s and %s",
                         mlrt_dtype_name(mlrt_node_dtype(score)), mlrt_dtype_name(mlrt_node_dtype(index)));
    if (!mlrt_shape_equal(mlrt_node_shape(score), mlrt_node_shape(index)))
        return mlrt_fail(err, MLRT_SHAPE, "expected a group for each score, got scores %s and groups %s",
                         mlrt_shape_text(mlrt_node_shape(score), a, sizeof a),
                         mlrt_shape_text(mlrt_node_shape(index), b, sizeof b));
    *dtype = MLRT_F32;
    *shape = MLRT_SCALAR;
    return MLRT_OK;
}

static mlrt_status infer_backward(const mlrt_node *n, mlrt_dtype *dtype, mlrt_shape *shape, mlrt_error *err) {
    (void)err; /* made by vjp only, from inputs that are right */
    *dtype = MLRT_F32;
    *shape = *mlrt_node_shape(mlrt_node_input(n, 0));
    return MLRT_OK;
}

static const mlrt_op backward_op = {
    .name = "ecdf_grad",
    .summary = "the gradient of ecdf",
    .min_inputs = 3,
    .max_inputs = 3,
    .attr_size = sizeof(attributes),
    .infer = infer_backward,
    .vjp = mlrt_no_second_derivative,
    .scratch = scratch,
    .run = run_backward,
};

static void vjp(mlrt_node *y, mlrt_node *dy, mlrt_node **dx) {
    mlrt_node *const in[] = {mlrt_node_input(y, 0), mlrt_node_input(y, 1), dy};
    dx[0] = mlrt_apply(mlrt_node_graph(y), &backward_op, in, 3, mlrt_node_attr(y));
}

static const mlrt_op forward_op = {
    .name = "ecdf",
    .summary = "how much the distributions of groups differ",
    .min_inputs = 2,
    .max_inputs = 2,
    .attr_size = sizeof(attributes),
    .infer = infer_forward,
    .vjp = vjp,
    .scratch = scratch,
    .run = run_forward,
};

/* ---- the loss ---- */

typedef struct props {
    int32_t groups;
} props;

static const mlrt_prop table[] = {
    MLRT_PROP_INT(props, groups, .required = true, .range = "[1, inf)", .doc = "the targets are 0 .. groups - 1"),
    {0},
};

static mlrt_node *build(const mlrt_loss *self, mlrt_node *prediction, mlrt_node *target) {
    const props *p = mlrt_props(self);
    return mlrt_apply(self->graph, &forward_op, (mlrt_node *[]){prediction, target}, 2, &(attributes){p->groups});
}

MLRT_LOSS(ecdf, .summary = "sum_m integral (F_m - F)^2 ds, how much the score depends on the group", .props = table,
          .positional = "groups", .source = "Kitouni's thesis, Eqs. 3.5, 3.6 and 3.14 to 3.16", .build = build);

MLRT_PLUGIN("ecdf", "A loss with an op of its own, on empirical distribution functions", &ecdf_class.base);
