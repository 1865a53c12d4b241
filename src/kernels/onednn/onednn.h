/* SPDX-License-Identifier: MIT */
/* oneDNN as a provider of f32 convolutions and matrix products: it takes a shape or declines.
 *
 * The library is loaded when a shape first asks for it. Everything here runs on the calling
 * thread alone, so that the bits do not depend on the number of threads; any number of threads
 * may call at the same time.
 */
#ifndef VN_KERNELS_ONEDNN_ONEDNN_H
#define VN_KERNELS_ONEDNN_ONEDNN_H

#include <stdbool.h>
#include <stdint.h>

/* NULL, or a sentence that says why there is no oneDNN. Loads it. */
const char *vn__onednn_absent(void);

/* ---- convolution ------------------------------------------------------------------------ */

#define VN__ONEDNN_AXES 3

typedef enum vn__onednn_kind {
    VN__ONEDNN_FORWARD,    /* y of x and w */
    VN__ONEDNN_INPUT_GRAD, /* x of w and y */
    VN__ONEDNN_WEIGHT_GRAD /* w of x and y, summed over the batch */
} vn__onednn_kind;

/* A zeroed struct is filled: shapes are compared byte by byte. Images x [batch][size..]
 * [x_channels] and y [batch][size..][y_channels]; w in oneDNN's own layout. */
typedef struct vn__onednn_shape {
    vn__onednn_kind kind;
    int axes; /* 1 .. VN__ONEDNN_AXES */
    int64_t batch, groups, x_channels, y_channels; /* channels of all groups */
    int64_t x[VN__ONEDNN_AXES], window[VN__ONEDNN_AXES], y[VN__ONEDNN_AXES];
    int64_t stride[VN__ONEDNN_AXES], dilation[VN__ONEDNN_AXES]; /* 1: side by side */
    int64_t before[VN__ONEDNN_AXES], after[VN__ONEDNN_AXES];    /* padding */
} vn__onednn_shape;

typedef struct vn__onednn_conv vn__onednn_conv;

/* The one convolution of this shape, made at the first call and kept until the program ends;
 * NULL: declined. */
const vn__onednn_conv *vn__onednn_conv_of(const vn__onednn_shape *shape);

/* oneDNN's name of the implementation. */
const char *vn__onednn_conv_name(const vn__onednn_conv *conv);

/* Bytes of the weights in oneDNN's layout, and of the scratch of the calls below. All memory
 * is 64-byte aligned. */
int64_t vn__onednn_weight_bytes(const vn__onednn_conv *conv);
int64_t vn__onednn_scratch_bytes(const vn__onednn_conv *conv);

/* Weights from [y_channels][x_channels / groups][window..] into oneDNN's layout; of a weight
 * gradient the other way round: `to` and `from` change places. False: oneDNN failed. */
bool vn__onednn_weights(const vn__onednn_conv *conv, void *to, const void *from,
                        void *scratch);

/* Computes one of x, w and y (which the kind says) from the others. False: oneDNN failed. */
bool vn__onednn_conv_run(const vn__onednn_conv *conv, void *x, void *w, void *y,
                         void *scratch);

/* ---- matrix product --------------------------------------------------------------------- */

/* C[m][n] = sum over k of A(i, k) B(k, j), with strides as in vn__gemm_fn, f32. False:
 * declined (neither stride of an operand is 1) or failed. */
bool vn__onednn_gemm(float *c, int64_t ldc, const float *a, int64_t a_row, int64_t a_col,
                     const float *b, int64_t b_row, int64_t b_col, int64_t m, int64_t n,
                     int64_t k);

#endif
