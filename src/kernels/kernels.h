/* SPDX-License-Identifier: MIT
 *
 * The kernels' contract: pure functions on pointers that cannot fail, allocate or print.
 *
 * Layout. A value inside a tile is a panel [features...][L]: L examples, the lanes, innermost
 * and contiguous, L a multiple of 16 (normally 32). One example alone is the same with L = 1.
 * Nothing here requires alignment unless it says so; 64-byte aligned data is faster.
 *
 * Arguments are ordered outputs, inputs, sizes. Strides and leading dimensions count elements,
 * sizes of scratch count bytes. Sizes may be 0. "real" below is float or double, by the dtype
 * the function was looked up with. An element-wise output may be the very same array as an
 * input of the same element size; every other overlap of an output with an input is an error.
 * Activations are assigned unless `accumulate` says otherwise; parameter gradients always
 * accumulate.
 *
 * Lookup: const vn__kernels *k = vn__kernels_get();
 *   k->unary[VN__F32][VN__UNARY_exp](y, x, n);
 *   k->real[VN__F64]->gemm(c, ldc, ...);
 * A NULL entry means that the row is not defined for that dtype.
 */
#ifndef VN_KERNELS_KERNELS_H
#define VN_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

/* ---- rows ------------------------------------------------------------------------------- */

/* Element types, numbered as the public enum vn_dtype: VN__F32 = 1, VN__F64 = 2, ... */
enum vn__kdtype {
    VN__NO_DTYPE,
#define VN_DTYPE(NAME, string, type, bytes, kind) VN__##NAME,
#include "kernels/dtype.def"
#undef VN_DTYPE
    VN__DTYPES
};

enum vn__unary {
#define VN_UNARY(name, real, integer, low, high, formula) VN__UNARY_##name,
#include "kernels/unary.def"
#undef VN_UNARY
    VN__UNARIES
};

enum vn__predicate {
#define VN_PREDICATE(name, integer, formula) VN__PREDICATE_##name,
#include "kernels/predicate.def"
#undef VN_PREDICATE
    VN__PREDICATES
};

enum vn__binary {
#define VN_BINARY(name, real, integer, formula) VN__BINARY_##name,
#include "kernels/binary.def"
#undef VN_BINARY
    VN__BINARIES
};

enum vn__compare {
#define VN_COMPARE(name, operator) VN__COMPARE_##name,
#include "kernels/compare.def"
#undef VN_COMPARE
    VN__COMPARES
};

enum vn__ternary {
#define VN_TERNARY(name, types, formula) VN__TERNARY_##name,
#include "kernels/ternary.def"
#undef VN_TERNARY
    VN__TERNARIES
};

enum vn__reduce {
#define VN_REDUCE(name, identity) VN__REDUCE_##name,
#include "kernels/reduce.def"
#undef VN_REDUCE
    VN__REDUCES
};

/* ---- element-wise ----------------------------------------------------------------------- */

/* y[i] = f(x[i]), i < n. Predicates write u8. */
typedef void vn__unary_fn(void *y, const void *x, int64_t n);

/* An operand of a rectangle rows x cols: element (r, c) is data[r * row + c * inner], inner is
 * 1 (a vector along the row) or 0 (one value for the whole row), row is anything, even 0. */
typedef struct vn__in {
    const void *data;
    int64_t row, inner;
} vn__in;

/* z[r * z_row + c] = f(in[0](r, c), in[1](r, c)). Comparisons write u8.
 * [F][L] + [F] is binary(z, L, (vn__in[]){ { x, L, 1 }, { b, 1, 0 } }, F, L). */
typedef void vn__binary_fn(void *z, int64_t z_row, const vn__in in[], int64_t rows,
                           int64_t cols);

/* The same of two contiguous arrays of n elements. */
static inline void vn__binary_row(vn__binary_fn *f, void *z, const void *x, const void *y,
                                  int64_t n)
{
    f(z, n, (const vn__in[]){ { x, n, 1 }, { y, n, 1 } }, 1, n);
}

/* z[r * z_row + c] = f(in[0](r, c), in[1](r, c), in[2](r, c)). */
typedef void vn__ternary_fn(void *z, int64_t z_row, const vn__in in[], int64_t rows,
                            int64_t cols);

/* y[i] = (T)x[i], i < n. To bf16 and f16: round to nearest even, NaN stays. Float to integer: C
 * truncation, saturating, NaN gives 0. Integer to integer: wraps. Complex to others: the real
 * part. Anything to bool: x != 0. */
typedef void vn__cast_fn(void *y, const void *x, int64_t n);

/* ---- reductions ------------------------------------------------------------------------- */

/* x is [outer][n][inner] contiguous, out [outer][inner]:
 *   out[o][i] = op over k < n of x[o][k][i]            (accumulate: op with the old out[o][i])
 * Lanes: outer 1, n features, inner L. One example: outer 1, n elements, inner 1. */
typedef void vn__reduce_fn(void *out, const void *x, int64_t outer, int64_t n, int64_t inner,
                           bool accumulate);

/* out[o][i] = the first k of the largest (smallest) x[o][k][i]; a NaN counts as both; n > 0. */
typedef void vn__arg_fn(int32_t *out, const void *x, int64_t outer, int64_t n, int64_t inner);

/* out[f] += sum of x[f * x_row + l] over lanes l < valid, f < rows: the sum over examples. */
typedef void vn__lane_sum_fn(void *out, const void *x, int64_t x_row, int64_t rows,
                             int64_t valid);

/* Softmax family over the middle axis of [outer][n][inner], as vn__reduce_fn. In place is
 * allowed.
 *   softmax      y = e^(x - max) / sum e^(x - max)
 *   log_softmax  y = x - max - ln sum e^(x - max) */
typedef void vn__softmax_fn(void *y, const void *x, int64_t outer, int64_t n, int64_t inner);

/* out[o][i] = max + ln sum e^(x - max): [outer][inner]. All -inf gives -inf. */
typedef void vn__logsumexp_fn(void *out, const void *x, int64_t outer, int64_t n,
                              int64_t inner);

/* The derivative, from the result y and the cotangent g, both [outer][n][inner]; dx may be g.
 *   softmax      dx = y (g - sum g y)
 *   log_softmax  dx = g - e^y sum g */
typedef void vn__softmax_grad_fn(void *dx, const void *y, const void *g, int64_t outer,
                                 int64_t n, int64_t inner);

/* mean[o][i] and variance[o][i] = mean of (x - mean)^2, in two passes; n > 0. */
typedef void vn__moments_fn(void *mean, void *variance, const void *x, int64_t outer, int64_t n,
                            int64_t inner);

/* ---- matrix products -------------------------------------------------------------------- */

/* What happens to a product before it is stored. NULL or zeros: C = product.
 *   v = product + (bias ? bias[i] : 0) + (accumulate ? C[i][j] : 0)
 *   v = unary ? f(v) : v                   f = row `unary - 1` of unary.def, see VN__THEN
 *   C[i][j] = mask ? d(mask[i][j], v) : v   mask is laid out like C, strides and all
 * d = row `gate - 1` of binary.def, an activation's derivative; gate 0: relu's, relu_grad. */
typedef struct vn__epilogue {
    const void *bias;
    bool accumulate;
    int unary, gate;
    const void *mask; /* what the derivative is a function of */
} vn__epilogue;

#define VN__THEN(name)  (VN__UNARY_##name + 1)  /* .unary = VN__THEN(relu) */
#define VN__TIMES(name) (VN__BINARY_##name + 1) /* .gate = VN__TIMES(tanh_grad) */

/* C[m][n] (+)= sum over k of A(i, k) B(k, j), A(i, k) = a[i * a_row + k * a_col], B alike, rows
 * of C contiguous at distance ldc. Any size: packs and blocks as it sees fit.
 * scratch: gemm_scratch(m, n, k) bytes, 64-byte aligned, that do for smaller sizes too. */
typedef void vn__gemm_fn(void *c, int64_t ldc, const void *a, int64_t a_row, int64_t a_col,
                         const void *b, int64_t b_row, int64_t b_col, int64_t m, int64_t n,
                         int64_t k, bool accumulate, void *scratch);
typedef int64_t vn__gemm_scratch_fn(int64_t m, int64_t n, int64_t k);

/* The same with B packed once for many products, in a format of the ISA row's own. Packs the
 * columns from `from`, a multiple of 32, to `to`, a multiple of 32 or n.
 * strips: pack_strips_size(n, k) bytes, 64-byte aligned. */
typedef void vn__pack_strips_fn(void *strips, const void *b, int64_t b_row, int64_t b_col,
                                int64_t n, int64_t k, int64_t from, int64_t to);
typedef int64_t vn__pack_strips_size_fn(int64_t n, int64_t k);
typedef void vn__gemm_strips_fn(void *c, int64_t ldc, const void *a, int64_t a_row,
                                int64_t a_col, const void *strips, int64_t m, int64_t n,
                                int64_t k, bool accumulate, void *scratch);

/* A packed once for many products:
 *   A(i, t * channels + c) = a[i * a_row + t * a_tap + c * a_channel], t < taps, c < channels.
 * A plain matrix has taps = 1 and a_channel = its column stride. packed: pack_size(m, taps *
 * channels) bytes, aligned like an element; the format is the ISA row's own. */
typedef void vn__pack_fn(void *packed, const void *a, int64_t a_row, int64_t a_tap,
                         int64_t a_channel, int64_t m, int64_t taps, int64_t channels);
typedef int64_t vn__pack_size_fn(int64_t m, int64_t k);

/* C[m][n] = epilogue(A B), A packed, rows of B contiguous at distance ldb: a dense layer on a
 * panel is gemm_packed(Y, L, W, X, L, outputs, L, inputs, &(vn__epilogue){ .bias = b }). */
typedef void vn__gemm_packed_fn(void *c, int64_t ldc, const void *packed, const void *b,
                                int64_t ldb, int64_t m, int64_t n, int64_t k,
                                const vn__epilogue *epilogue);

/* The same with A where it lies, its rows contiguous at distance lda: for so few columns that
 * packing would not pay. n: a multiple of 16. */
typedef void vn__gemm_lying_fn(void *c, int64_t ldc, const void *a, int64_t lda, const void *b,
                               int64_t ldb, int64_t m, int64_t n, int64_t k,
                               const vn__epilogue *epilogue);

/* An image of lane vectors seen through the window of a convolution. Its padding is written out
 * as zeros, so every output pixel sees the same columns, in runs that lie side by side:
 *   column(q, r * length + i)[l] = x[base[q] + offset[r] + i * lanes + l]
 * for r < runs, i < length.
 * With the image laid out [pixel][channel][lanes] a run is a row of the window. Any rank,
 * stride, padding and dilation is a matter of base and offset; a group of channels is an image
 * of its own. Results: y[o * y_channel + to[q] * y_pixel + l], to NULL: q. */
typedef struct vn__view {
    const int64_t *base;   /* [pixels], in elements of x */
    const int64_t *to;     /* [pixels], NULL: 0, 1, .. */
    const int64_t *offset; /* [runs], in elements of x */
    const int64_t *target; /* [runs * length]: where a column's weight lies in a row of dW */
    int64_t pixels, runs, length, outputs;
    int64_t lanes; /* a multiple of 16 */
    int64_t y_channel, y_pixel;
    /* NULL, or [pixels][4]: runs and columns of each run, from and to, outside of which the
     * pixel sees zeros only; a convolution may leave those out */
    const int32_t *span;
} vn__view;

/* y[o][to q][l] = epilogue(sum over k of W(o, k) column(q, k)[l]), W packed with m = outputs.
 * epilogue->mask is laid out like y. */
typedef void vn__conv_fn(void *y, const void *packed, const void *x, const vn__view *view,
                         const vn__epilogue *epilogue);

/* dw[o * dw_row + target[k]] += sum over q, l of dy[o][to q][l] column(q, k)[l].
 * Lanes without an example must hold zeros in dy and no NaN in x.
 * scratch: conv_weight_grad_scratch(view) bytes, 64-byte aligned. */
typedef void vn__conv_weight_grad_fn(void *dw, int64_t dw_row, const void *dy, const void *x,
                                     const vn__view *view, void *scratch);
typedef int64_t vn__conv_weight_grad_scratch_fn(const vn__view *view);

/* The square of the norm of each lane's weight gradient, without the gradient:
 *   norm[l] += sum over o, k of (sum over q of dy[o][to q][l] column(q, k)[l])^2
 * scratch: as for conv_weight_grad. */
typedef void vn__conv_weight_norm_fn(void *norm, const void *dy, const void *x,
                                     const vn__view *view, void *scratch);

/* A window of 3 x 3 that moves by one pixel over an image [channel][row][column][lanes], with
 * zeros around it: y(i, j) sees x(i + u - low[0], j + v - low[1]), u, v < 3. */
typedef struct vn__window3 {
    int64_t channels, outputs, lanes; /* lanes: a multiple of 16 */
    int64_t x[2], y[2], low[2];       /* rows and columns; padding before them */
    int64_t y_channel; /* from output to output: y[0] y[1] lanes, or more for a band of rows */
} vn__window3;

/* Its convolution in less than half the multiplications of the definition (Winograd's
 * F(2 x 2, 3 x 3)), y and epilogue->mask laid out like x:
 *   y[o][i][j][l] = epilogue(sum over c, u, v of W(o, c, u, v) x(c, i + u - .., j + v - ..)[l])
 * with W(o, c, u, v) = w[o * w_row + c * w_channel + t], t = 3 u + v, or 8 - t: back.
 * Sums differ from those of conv in their last bits, and a number that is not finite spreads
 * over the 2 x 2 results around those that see it.
 * packed: winograd_pack_size bytes, aligned like an element; scratch: winograd_scratch bytes,
 * 64-byte aligned. */
typedef int64_t vn__winograd_pack_size_fn(int64_t outputs, int64_t channels);
typedef void vn__winograd_pack_fn(void *packed, const void *w, int64_t w_row, int64_t w_channel,
                                  bool back, int64_t outputs, int64_t channels);
typedef void vn__winograd_fn(void *y, const void *packed, const void *x, const vn__window3 *w,
                             const vn__epilogue *epilogue, void *scratch);
typedef int64_t vn__winograd_scratch_fn(const vn__window3 *w);

/* Its weight gradient, in two steps: sums (+)= those of one image, in the row's own format of
 * winograd_sums_size bytes (fresh: they are written, else added to), and dw[o][c][9] += what
 * they say. Lanes without an example must hold zeros in dy and no NaN in x.
 * scratch: winograd_grad_scratch bytes, 64-byte aligned. */
typedef void vn__winograd_sums_fn(void *sums, const void *dy, const void *x,
                                  const vn__window3 *w, bool fresh, void *scratch);
typedef void vn__winograd_grad_fn(void *dw, const void *sums, int64_t outputs,
                                  int64_t channels);

/* Row i, lane l of panel p lies at data[p * panel + i * row + l * lane]. */
typedef struct vn__lane_rows {
    const void *data;
    int64_t panel, row, lane;
} vn__lane_rows;

/* What a matrix of sums begins with, laid out like it: nothing (NULL), what is there, or
 * another matrix; and how often the sums count, once where nothing is there. */
typedef struct vn__onto {
    const void *begin;
    double scale;
} vn__onto;

/* The weight gradient of a dense layer, a sum over panels p and lanes l:
 *   C[i][j] = onto.begin[i][j] + onto.scale * sum over p, l of y(i, p, l) x(j, p, l)
 * A sum of up to VN__LANE_GEMM_TERMS terms is added to what is there in one piece. With up to
 * VN__LANE_GEMM_FEW C is passed through row by row: large ones are best cut into rows.
 * scratch: lane_gemm_scratch(m, n, lanes, panels) bytes, 64-byte aligned. */
#define VN__LANE_GEMM_TERMS 256
#define VN__LANE_GEMM_FEW   64
typedef void vn__lane_gemm_fn(void *c, int64_t ldc, const vn__lane_rows *y,
                              const vn__lane_rows *x, int64_t m, int64_t n, int64_t lanes,
                              int64_t panels, vn__onto onto, void *scratch);
typedef int64_t vn__lane_gemm_scratch_fn(int64_t m, int64_t n, int64_t lanes, int64_t panels);

/* A matrix product in each lane (attention; per-example outer products):
 *   Y(i, j)[l] (+)= sum over k of A(i, k)[l] B(k, j)[l]
 * with A(i, k) the lane vector at a + i * a_row + k * a_col, and so on; strides in elements. */
typedef void vn__lane_matmul_fn(void *y, int64_t y_row, int64_t y_col, const void *a,
                                int64_t a_row, int64_t a_col, const void *b, int64_t b_row,
                                int64_t b_col, int64_t m, int64_t n, int64_t k, int64_t lanes,
                                bool accumulate);

/* One example. W row-major, rows at distance ldw; the epilogue as in gemm_packed (n = 1).
 *   gemv    y[i] = epilogue(sum over j < n of W[i][j] x[j]),  i < m
 *   gemv_t  y[j] = epilogue(sum over i < m of W[i][j] x[i]),  j < n
 *   outer   W[i][j] = x[i] y[j] + (accumulate ? W[i][j] : 0) */
typedef void vn__gemv_fn(void *y, const void *w, int64_t ldw, const void *x, int64_t m,
                         int64_t n, const vn__epilogue *epilogue);
typedef void vn__outer_fn(void *w, int64_t ldw, const void *x, const void *y, int64_t m,
                          int64_t n, bool accumulate);

/* Adam's moments and step of n parameters, in[] = g, m, v [n]; b1, c1, b2, c2, s, r, eps [1]:
 *   out[0] = m' = fma(b1, m, c1 g),  out[1] = v' = fma(b2, v, c2 g^2),
 *   out[2] = (s m') / (sqrt(r v') + eps), rounded after each operation; an out may be an in. */
typedef void vn__adam_fn(void *const out[3], const void *const in[10], int64_t n);

/* dst[j * dst_row + i] = src[i * src_row + j], i < rows, j < cols; the bits as they are. */
typedef void vn__transpose_fn(void *dst, int64_t dst_row, const void *src, int64_t src_row,
                              int64_t rows, int64_t cols);

/* *out = sum over i < n of x[i] y[i], *out real. */
typedef void vn__dot_fn(void *out, const void *x, const void *y, int64_t n);

/* ---- windows and rows ------------------------------------------------------------------- */

/* Pooling with lanes innermost: any rank, stride and padding is a table
 *   tap[q * taps + t] = index of the input pixel under tap t of output pixel q, or -1: padding.
 * Elements: x[c * x_channel + pixel * x_pixel + l], y[c * y_channel + q * y_pixel + l];
 * contiguous panels [channels][pixels][L] have channel strides pixels * L and pixel strides
 * L. */
typedef struct vn__window {
    const int32_t *tap;   /* [pixels][taps] */
    int64_t pixels, taps; /* output pixels, window size */
    int64_t channels, lanes;
    int64_t x_channel, x_pixel, y_channel, y_pixel;
    bool once; /* every pixel of x is under exactly one tap: gradients are written, not added */
} vn__window;

/* Pooling, for every channel: y[c][q][l] = max or sum over taps t of x[c][tap(q, t)][l].
 * Padding is skipped; a window of nothing but padding gives -inf (max) or 0 (sum). max: NaN
 * wins. */
typedef void vn__pool_fn(void *y, const void *x, const vn__window *window);

/* dx[c][tap][l] += g[c][q][l], max: for the first tap t whose x equals the maximum y[c][q][l]
 * (or is NaN where y is NaN); sum: for every tap. dx is laid out like x, y and g like the
 * pooled result. */
typedef void vn__max_pool_grad_fn(void *dx, const void *x, const void *y, const void *g,
                                  const vn__window *window);
typedef void vn__sum_pool_grad_fn(void *dx, const void *g, const vn__window *window);

/* Embedding: out[f][l] = table[index[l] * ld + f], f < features, l < lanes; an index outside
 * [0, rows) takes the nearest row. rows > 0. */
typedef void vn__gather_rows_fn(void *out, const void *table, int64_t ld, const int32_t *index,
                                int64_t rows, int64_t features, int64_t lanes);

/* Its gradient: table[index[l] * ld + f] += g[f * lanes + l] for l < valid, in the order of l;
 * indices outside [0, rows) are dropped. */
typedef void vn__scatter_rows_fn(void *table, int64_t ld, const void *g, const int32_t *index,
                                 int64_t rows, int64_t features, int64_t lanes, int64_t valid);

/* ---- layout: any dtype, by its element size 1, 2, 4, 8 or 16 ----------------------------- */

/* Examples into lanes: dst[f][l] = src[min(l, valid - 1) * stride + f], f < features, l <
 * lanes, 1 <= valid <= lanes; stride: elements from one example to the next. */
typedef void vn__load_lanes_fn(void *dst, const void *src, int64_t stride, int64_t features,
                               int64_t lanes, int64_t valid, int64_t size);

/* Lanes out to examples: dst[l * stride + f] = src[f * lanes + l], f < features, l < valid. */
typedef void vn__store_lanes_fn(void *dst, int64_t stride, const void *src, int64_t features,
                                int64_t lanes, int64_t valid, int64_t size);

/* dst[r * dst_row + c * dst_col] = src[r * src_row + c * src_col], r < rows, c < cols; source
 * strides may be 0 or negative. Contiguous rows and transposes are fast. */
typedef void vn__copy_fn(void *dst, int64_t dst_row, int64_t dst_col, const void *src,
                         int64_t src_row, int64_t src_col, int64_t rows, int64_t cols,
                         int64_t size);

/* ---- random bits ------------------------------------------------------------------------ */

/* Threefry-2x32 with 20 rounds: (out0[i], out1[i]) = block with counters (c0[i], c1[i]), all i
 * < n */
typedef void vn__threefry_fn(uint32_t *out0, uint32_t *out1, const uint32_t *c0,
                             const uint32_t *c1, uint32_t key0, uint32_t key1, int64_t n);

/* JAX's partitionable bits: with (w0, w1) the block of the 64-bit counter first + i, high word
 * first, 32 bits are out[i] = w0 ^ w1, 64 bits are out[i] = w0 2^32 + w1, i < n. */
typedef void vn__threefry_bits32_fn(uint32_t *out, uint64_t first, uint32_t key0, uint32_t key1,
                                    int64_t n);
typedef void vn__threefry_bits64_fn(uint64_t *out, uint64_t first, uint32_t key0, uint32_t key1,
                                    int64_t n);

/* ---- the machine ------------------------------------------------------------------------ */

/* Runs `iterations` rounds of independent multiply-adds in registers; returns the flops
 * done. */
typedef double vn__fma_loop_fn(int64_t iterations);

/* ---- the table -------------------------------------------------------------------------- */

/* The functions of one floating type. */
typedef struct vn__real_kernels {
    vn__gemm_fn *gemm;
    vn__gemm_scratch_fn *gemm_scratch;
    vn__pack_strips_fn *pack_strips;
    vn__pack_strips_size_fn *pack_strips_size;
    vn__gemm_strips_fn *gemm_strips;
    vn__pack_fn *pack;
    vn__pack_size_fn *pack_size;
    vn__gemm_packed_fn *gemm_packed;
    vn__gemm_lying_fn *gemm_lying;
    vn__conv_fn *conv;
    vn__conv_weight_grad_fn *conv_weight_grad;
    vn__conv_weight_grad_scratch_fn *conv_weight_grad_scratch;
    vn__conv_weight_norm_fn *conv_weight_norm;
    vn__winograd_pack_size_fn *winograd_pack_size, *winograd_sums_size;
    vn__winograd_pack_fn *winograd_pack;
    vn__winograd_scratch_fn *winograd_scratch, *winograd_grad_scratch;
    vn__winograd_fn *winograd;
    vn__winograd_sums_fn *winograd_sums;
    vn__winograd_grad_fn *winograd_grad;
    vn__lane_gemm_fn *lane_gemm;
    vn__lane_gemm_scratch_fn *lane_gemm_scratch;
    vn__lane_matmul_fn *lane_matmul;
    vn__gemv_fn *gemv, *gemv_t;
    vn__outer_fn *outer;
    vn__dot_fn *dot;
    vn__transpose_fn *transpose;
    vn__lane_sum_fn *lane_sum;
    vn__softmax_fn *softmax, *log_softmax;
    vn__logsumexp_fn *logsumexp;
    vn__softmax_grad_fn *softmax_grad, *log_softmax_grad;
    vn__moments_fn *moments;
    vn__adam_fn *adam;
    vn__pool_fn *max_pool, *sum_pool;
    vn__max_pool_grad_fn *max_pool_grad;
    vn__sum_pool_grad_fn *sum_pool_grad;
    vn__gather_rows_fn *gather_rows;
    vn__scatter_rows_fn *scatter_rows;
    vn__fma_loop_fn *fma_loop;
} vn__real_kernels;

/* The functions of a complex type that have no place in the tables of rows: their operands or
 * results are of the type of its parts. The real part is the cast to that type. */
typedef struct vn__complex_kernels {
    vn__binary_fn *make; /* z = re + i im */
    vn__unary_fn *imag;
    vn__unary_fn *conj; /* complex to complex */
} vn__complex_kernels;

/* One ISA row. Every [dtype] pointer is there for every dtype; entries behind it may be
 * NULL. */
typedef struct vn__kernels {
    const char *name;
    int64_t vector_bytes;                       /* 0: portable */
    vn__unary_fn *const *unary[VN__DTYPES];     /* [dtype][VN__UNARY_...] */
    vn__unary_fn *const *predicate[VN__DTYPES]; /* [dtype][VN__PREDICATE_...] */
    vn__binary_fn *const *binary[VN__DTYPES];   /* [dtype][VN__BINARY_...] */
    vn__binary_fn *const *compare[VN__DTYPES];  /* [dtype][VN__COMPARE_...] */
    vn__ternary_fn *const *ternary[VN__DTYPES]; /* [dtype][VN__TERNARY_...] */
    vn__reduce_fn *const *reduce[VN__DTYPES];   /* [dtype][VN__REDUCE_...] */
    vn__cast_fn *const *cast[VN__DTYPES];       /* [to][from] */
    vn__arg_fn *argmax[VN__DTYPES], *argmin[VN__DTYPES];
    const vn__real_kernels *real[VN__DTYPES];       /* VN__F32 and VN__F64, else NULL */
    const vn__complex_kernels *parts[VN__DTYPES];   /* VN__C64 and VN__C128, else NULL */
    vn__load_lanes_fn *load_lanes;
    vn__store_lanes_fn *store_lanes;
    vn__copy_fn *copy;
    vn__threefry_fn *threefry;
    vn__threefry_bits32_fn *threefry_bits32;
    vn__threefry_bits64_fn *threefry_bits64;
} vn__kernels;

/* The row for this machine, or the one that VN_ISA names if this machine has it. Never NULL;
 * chosen at the first call, from any thread. */
const vn__kernels *vn__kernels_get(void);

/* All rows that were compiled, worst first: for tests and for asking why. Out of range:
 * NULL. */
int vn__kernels_count(void);
const vn__kernels *vn__kernels_row(int i);
bool vn__kernels_supported(int i); /* this machine can run row i */

/* Names and formulas as in the .def files; NULL outside the enum. */
const char *vn__kdtype_name(int dtype);
int64_t vn__kdtype_size(int dtype); /* bytes, 0 outside the enum */
const char *vn__unary_name(int op);
const char *vn__predicate_name(int op);
const char *vn__binary_name(int op);
const char *vn__compare_name(int op);
const char *vn__ternary_name(int op);
const char *vn__reduce_name(int op);

/* Floating-point operations a second (a multiply-add counts two) of one core in registers: the
 * best of repeated runs of fma_loop during about `seconds`. dtype VN__F32 or VN__F64. */
double vn__fma_ceiling(const vn__kernels *kernels, int dtype, double seconds);

#endif
