/* padding.h - whether a task's examples have so much padding that the training step does better without it. */
#ifndef MLRT__PADDING_H
#define MLRT__PADDING_H

#include "graph/unpad.h"
#include "train/train.h"

/* The loss without the padding that some examples of the training split show to be worth it (graph/unpad.h), or as it
 * is. *share gets the part of rows that are padding, of those that could do without; 0 when none are left out. The recipe's
 * batch is what the graph was built for. Fails when memory is out, and returns NULL. */
mlrt_node *mlrt__without_padding(const mlrt__recipe *recipe, mlrt_node *loss, double *share, mlrt_error *err);

#endif
