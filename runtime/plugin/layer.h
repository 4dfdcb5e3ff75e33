/* layer.h - building layers and losses into a graph. */
#ifndef MLRT__LAYER_H
#define MLRT__LAYER_H

#include "graph/node.h"

enum { MLRT__MOST_INPUTS = 16 }; /* of a layer */

/* Build a layer at an absolute path ("encoder.1"); `predict` asks for its answer without targets. in[] holds `count`
 * nodes; missing ones up to the class's most are NULL for the layer. */
mlrt_node *mlrt__layer_build(mlrt_graph *g, const mlrt_layer *layer, const char *path, mlrt_node *const *in,
                             int32_t count, bool predict);
mlrt_node *mlrt__loss_build(mlrt_graph *g, const mlrt_loss *loss, mlrt_node *prediction, mlrt_node *target);

#endif
