/* embedding.c - a learned vector for each token.
 *
 *   y = W[x],   W [entries, dim]
 *
 * `entries` need not be given for a field that has a vocabulary. The vectors start as standard normal, as in PyTorch.
 */
#include "core.h"

typedef struct embedding {
    int32_t entries, dim;
    mlrt_init init;
} embedding;

static const mlrt_prop embedding_props[] = {
    MLRT_PROP_INT(embedding, entries, .init = 0, .range = "[0, inf)",
                  .doc = "number of tokens; 0 for the size of the input's vocabulary"),
    MLRT_PROP_INT(embedding, dim, .required = true, .range = "[1, inf)", .doc = "length of a vector"),
    MLRT_PROP_INIT(embedding, init, .init_value = {.kind = MLRT_INIT_NORMAL, .a = 0, .b = 1}, .doc = "initial vectors"),
    {0}};

static mlrt_node *embedding_build(const mlrt_layer *self, mlrt_node *const in[]) {
    const embedding *p = mlrt_props(self);
    const mlrt_vocabulary *v = mlrt_node_vocabulary(in[0]);
    if (!p->entries && !v)
        return mlrt_graph_fail(self->graph, MLRT_ARGUMENT, "'entries' must be given: the input has no vocabulary");
    if (p->entries && v && p->entries < v->size)
        return mlrt_graph_fail(self->graph, MLRT_RANGE, "'entries' is %d, but the input's vocabulary has %d tokens",
                               p->entries, v->size);
    const int32_t entries = p->entries ? p->entries : v->size;
    return mlrt_gather(mlrt_param(self, "weight", MLRT_SHAPE_OF(entries, p->dim), p->init), in[0]);
}

static const mlrt_port embedding_inputs[] = {{"x", "i32 [...]", "tokens"}};
static const mlrt_port embedding_output = {"y", "[..., dim]", "vectors"};

static const mlrt_case embedding_cases[] = {
    {"dim = 3", "i32[2,5]<7", "F.embedding(x[0], p['weight'])", false},
    {"entries = 9, dim = 4", "i32[6]<7", "F.embedding(x[0], p['weight'])", false},
    {0}};

MLRT_LAYER(embedding, .summary = "a learned vector for each token", .props = embedding_props, .positional = "dim",
           .cases = embedding_cases, .min_inputs = 1, .max_inputs = 1, .inputs = embedding_inputs,
           .output = &embedding_output, .build = embedding_build);
