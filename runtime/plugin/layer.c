/* layer.c - what a layer may ask of the host while it builds: parameters, kept buffers, layers inside it. */
#include "plugin/layer.h"
#include <string.h>

static const mlrt_layer_class *class_of(const mlrt_layer *layer) { return (const mlrt_layer_class *)layer->object.cls; }

static mlrt_node *run_build(const mlrt_layer *self, mlrt_node *const *in, bool predict) {
    const mlrt_layer_class *cls = class_of(self);
    for (int32_t i = 0; i < cls->max_inputs; i++)
        if (in[i] && mlrt_failed(in[i])) return self->graph->failed;
    mlrt_node *out = (predict && cls->predict ? cls->predict : cls->build)(self, in);
    if (!out) return mlrt_graph_fail(self->graph, MLRT_ARGUMENT, "layer '%s' built nothing", cls->name);
    return mlrt__offer(self->graph, out);
}

static mlrt_node *wrong_count(mlrt_graph *g, const mlrt_layer_class *cls, int32_t count) {
    const int32_t least = cls->min_inputs, most = cls->max_inputs;
    if (least == most)
        return mlrt_graph_fail(g, MLRT_ARGUMENT, "layer '%s' takes %d input%s, got %d", cls->name, most,
                               most == 1 ? "" : "s", count);
    return mlrt_graph_fail(g, MLRT_ARGUMENT, "layer '%s' takes %d to %d inputs, got %d", cls->name, least, most, count);
}

mlrt_node *mlrt__layer_build(mlrt_graph *g, const mlrt_layer *layer, const char *path, mlrt_node *const *in,
                             int32_t count, bool predict) {
    const mlrt_layer_class *cls = class_of(layer);
    mlrt_layer self = *layer;
    mlrt_node *inputs[MLRT__MOST_INPUTS] = {0}, *out;
    self.graph = g;
    mlrt__enter(g, path, true, layer->object.where);
    if (count < cls->min_inputs || count > cls->max_inputs || count > MLRT__MOST_INPUTS)
        out = wrong_count(g, cls, count);
    else {
        memcpy(inputs, in, sizeof *in * (size_t)count);
        out = run_build(&self, inputs, predict);
    }
    mlrt__leave(g);
    return out;
}

mlrt_node *mlrt__loss_build(mlrt_graph *g, const mlrt_loss *loss, mlrt_node *prediction, mlrt_node *target) {
    const mlrt_loss_class *cls = (const mlrt_loss_class *)loss->object.cls;
    char shape[MLRT_SHAPE_TEXT];
    mlrt_loss self = *loss;
    self.graph = g;
    if (mlrt_failed(prediction) || mlrt_failed(target)) return g->failed;
    mlrt__enter(g, cls->name, true, loss->object.where);
    mlrt_node *out = cls->build(&self, prediction, target);
    if (!mlrt_failed(out) && mlrt_rank(out) != 0)
        out = mlrt_graph_fail(g, MLRT_SHAPE, "a loss is one number, got %s",
                              mlrt_shape_text(mlrt_node_shape(out), shape, sizeof shape));
    mlrt__leave(g);
    return out;
}

/* ---- for layers ---- */

/* Without a name, the layer's own. */
static const char *full_name(const mlrt_layer *self, const char *name) {
    mlrt_graph *g = self->graph;
    if (!name[0]) return g->path;
    return mlrt__arena_printf(&g->arena, g->path[0] ? "%s.%s" : "%s%s", g->path, name);
}

mlrt_node *mlrt_param(const mlrt_layer *self, const char *name, mlrt_shape shape, mlrt_init init) {
    return mlrt__parameter(self->graph, full_name(self, name), shape, init, true);
}

mlrt_node *mlrt_state(const mlrt_layer *self, const char *name, mlrt_shape shape, mlrt_init init) {
    return mlrt__parameter(self->graph, full_name(self, name), shape, init, false);
}

void mlrt_update(const mlrt_layer *self, const char *name, mlrt_node *value) {
    mlrt_graph *g = self->graph;
    const char *full = full_name(self, name);
    const int32_t param = mlrt__params_find(g->params, full);
    if (mlrt_failed(value)) return;
    if (param < 0 || g->params->param[param]->trained) {
        mlrt_graph_fail(g, MLRT_NAME, "there is no kept buffer '%s' to update", full);
        return;
    }
    if (!mlrt_shape_equal(&value->shape, &g->params->param[param]->shape)) {
        mlrt_graph_fail(g, MLRT_SHAPE, "the update of '%s' has another shape than it", full);
        return;
    }
    MLRT__ROOM(g->update, g->updates, g->update_capacity);
    g->update[g->updates++] = (mlrt__update){param, value};
}

mlrt_node *mlrt_child(const mlrt_layer *self, const char *name, const mlrt_layer_class *cls, const void *props,
                      mlrt_node *const in[]) {
    const mlrt_layer child = {{&cls->base, props, name, self->object.where}, self->graph};
    mlrt__enter(self->graph, name, false, NULL);
    mlrt_node *out = run_build(&child, in, false);
    mlrt__leave(self->graph);
    return out;
}

void mlrt_enter(const mlrt_layer *self, const char *name) { mlrt__enter(self->graph, name, false, NULL); }
void mlrt_leave(const mlrt_layer *self) { mlrt__leave(self->graph); }
