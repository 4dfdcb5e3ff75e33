/* unpad.h - leaving padding out of a training step, where the graph itself says that it does not matter.
 *
 * Sequences of different lengths lie in one batch [B, T, ...] with padding behind each. Attention whose mask hides the padding
 * never looks at it, and a loss ignores it where the target is a token that does not count: everything computed in
 * those rows in between is computed for nothing. What is computed row by row there can be computed of the other rows alone,
 * which lie one after the other in [1, rows, ...]. The numbers of the loss and of all gradients stay the same but for the order
 * of sums and the bits that dropout draws.
 */
#ifndef MLRT__UNPAD_H
#define MLRT__UNPAD_H

#include "graph/ops.h"

/* Where the sequences of a mask begin when their padding is left out, and the rows that are kept of [B, T]: ops.h. */
mlrt_node *mlrt__row_starts(mlrt_node *mask);
mlrt_node *mlrt__rows_kept(mlrt_node *starts, int64_t length);

/* Something that tells padding: a mask [B, T] which is 0 there, and where sequences begin when it is left out. What is 0
 * before the last number that is not stays. */
typedef struct mlrt__padding {
    mlrt_node *mask, *starts; /* starts: "row_starts" of the mask, i32 [B + 1] */
} mlrt__padding;

enum { MLRT__PADDINGS = 8 };

/* The paddings without which a loss can be computed, each of which saves at least one product of matrices; at most
 * MLRT__PADDINGS. */
int32_t mlrt__find_padding(mlrt_node *loss, mlrt__padding *p);
/* The loss, computed without them; kept buffers are updated from the same. Or the failed node. */
mlrt_node *mlrt__leave_out_padding(mlrt_node *loss, const mlrt__padding *p, int32_t count);

#endif
