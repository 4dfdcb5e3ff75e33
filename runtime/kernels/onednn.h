/* onednn.h - matrix products and convolutions by oneDNN, prepared once and then run.
 *
 * onednn.c is the only file that knows oneDNN; it serves the C interfaces of versions 2 and 3. A call is made with
 * everything it will need (primitive, memory objects, scratchpad, reordered copies), so that running it sets pointers
 * and starts it. The maker owns a call until it gives it to mlrt__dnnl_free; one thread at a time may run a call.
 */
#ifndef MLRT__ONEDNN_H
#define MLRT__ONEDNN_H

#include <mlrt/tensor.h>

typedef struct mlrt__dnnl mlrt__dnnl;

/* "2.6.3"; NULL while it is not open, which it is from the first call that is made. */
const char *mlrt__dnnl_version(char *text, size_t size);

enum { MLRT__DNNL_AXES = 4, MLRT__DNNL_OPERANDS = 4 };

/* Where an operand's elements lie: strides in elements, so a transposed matrix is just another view. `any`: the product
 * works on a copy in the layout it likes best. */
typedef struct mlrt__dnnl_view {
    mlrt_dtype dtype;
    int32_t axes;
    int64_t dim[MLRT__DNNL_AXES], stride[MLRT__DNNL_AXES];
    bool any;
} mlrt__dnnl_view;

/* y = a b + bias; operands a, b, bias, y (a, b, y without a bias). Two axes, or three of which the first is the batch. */
mlrt_status mlrt__dnnl_matmul(const mlrt__dnnl_view *a, const mlrt__dnnl_view *b, const mlrt__dnnl_view *bias,
                              const mlrt__dnnl_view *y, int32_t threads, mlrt__dnnl **call, mlrt_error *err);

typedef enum mlrt__dnnl_conv_kind {
    MLRT__CONV_FORWARD, /* operands x, weight, bias, y (x, weight, y without a bias) */
    MLRT__CONV_GRAD_X,  /* weight, dy, dx */
    MLRT__CONV_GRAD_W,  /* x, dy, dweight */
} mlrt__dnnl_conv_kind;

/* x [B, C, H, W], weight [F, C, kh, kw], y [B, F, H', W'], all f32, contiguous and not empty. */
typedef struct mlrt__dnnl_conv_shape {
    mlrt_shape x, weight, y;
    bool bias;
    int32_t stride, padding;
} mlrt__dnnl_conv_shape;

mlrt_status mlrt__dnnl_conv(mlrt__dnnl_conv_kind kind, const mlrt__dnnl_conv_shape *shape, int32_t threads,
                            mlrt__dnnl **call, mlrt_error *err);

/* data: one pointer an operand, in the order above; the last is the result. */
mlrt_status mlrt__dnnl_run(mlrt__dnnl *call, void *const data[], mlrt_error *err);
/* Once more on what the last run brought into place, without bringing it there: for measuring. */
mlrt_status mlrt__dnnl_repeat(mlrt__dnnl *call, mlrt_error *err);
void mlrt__dnnl_free(mlrt__dnnl *call); /* NULL is allowed */

#endif
