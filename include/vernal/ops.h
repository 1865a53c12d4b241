/* SPDX-License-Identifier: MIT */
/* The operations. Every function takes concrete or traced arrays; NULL (an error) passes
 * through.
 *
 * Element-wise operands broadcast as in NumPy and promote as vn_promote_types says; bool, int
 * and float leaves count as weakly typed scalars, which take the dtype of the other operand
 * (vn_mul(x, vn_float(0.5)) keeps f32). Functions of real numbers turn integers into the
 * default float first. Negative axes count from the end. Shapes are those of one example.
 *
 * Complex arrays (c64, c128) are taken by neg, abs, square, reciprocal, sqrt, exp, log, sin,
 * cos, tanh, sigmoid, real, imag, conj, add, sub, mul, div, pow with a small whole number, eq,
 * ne, where, sum, mean, the products (matmul, dot, outer, einsum, dot_general, conv) and what
 * only moves elements (reshape, transpose, concat, take, pad, ...). A real operand beside a
 * complex one becomes complex. Every other op refuses them with a sentence. */
#ifndef VERNAL_OPS_H
#define VERNAL_OPS_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------- element-wise, one operand */
VN_API vn_array *vn_neg(vn_array *x);
/* |x|; derivative sign(x), 1 at 0; of a complex z sqrt(re^2 + im^2), real; 0 at 0 */
VN_API vn_array *vn_abs(vn_array *x);
VN_API vn_array *vn_sign(vn_array *x);
VN_API vn_array *vn_floor(vn_array *x);
VN_API vn_array *vn_ceil(vn_array *x);
VN_API vn_array *vn_round(vn_array *x);       /* half to even; derivative 0 */
VN_API vn_array *vn_trunc(vn_array *x);
VN_API vn_array *vn_sqrt(vn_array *x);
VN_API vn_array *vn_rsqrt(vn_array *x);       /* 1 / sqrt(x) */
VN_API vn_array *vn_cbrt(vn_array *x);
VN_API vn_array *vn_square(vn_array *x);
VN_API vn_array *vn_reciprocal(vn_array *x);
VN_API vn_array *vn_exp(vn_array *x);
VN_API vn_array *vn_exp2(vn_array *x);
VN_API vn_array *vn_expm1(vn_array *x);
VN_API vn_array *vn_log(vn_array *x);
VN_API vn_array *vn_log2(vn_array *x);
VN_API vn_array *vn_log10(vn_array *x);
VN_API vn_array *vn_log1p(vn_array *x);
VN_API vn_array *vn_sin(vn_array *x);
VN_API vn_array *vn_cos(vn_array *x);
VN_API vn_array *vn_tan(vn_array *x);
VN_API vn_array *vn_asin(vn_array *x);
VN_API vn_array *vn_acos(vn_array *x);
VN_API vn_array *vn_atan(vn_array *x);
VN_API vn_array *vn_sinh(vn_array *x);
VN_API vn_array *vn_cosh(vn_array *x);
VN_API vn_array *vn_tanh(vn_array *x);
VN_API vn_array *vn_asinh(vn_array *x);
VN_API vn_array *vn_acosh(vn_array *x);
VN_API vn_array *vn_atanh(vn_array *x);
VN_API vn_array *vn_erf(vn_array *x);
VN_API vn_array *vn_erfc(vn_array *x);
VN_API vn_array *vn_erf_inv(vn_array *x);     /* Giles 2010 */
VN_API vn_array *vn_lgamma(vn_array *x);
VN_API vn_array *vn_digamma(vn_array *x);
VN_API vn_array *vn_is_finite(vn_array *x);   /* bool */
VN_API vn_array *vn_is_nan(vn_array *x);
VN_API vn_array *vn_is_inf(vn_array *x);
VN_API vn_array *vn_not(vn_array *x);         /* logical for bool, bitwise for integers */

/* ---------------------------------------------------------------- complex numbers
 * Derivatives are JAX's: the gradient of a real function is the plain transpose, without
 * conjugation, so that of real(f(z)) is f'(z) for a holomorphic f, and a step of descent goes
 * along vn_conj of it. */
VN_API vn_array *vn_real(vn_array *x);        /* x itself if it is real */
VN_API vn_array *vn_imag(vn_array *x);        /* zeros if it is real */
VN_API vn_array *vn_conj(vn_array *x);        /* x itself if it is real */
/* re + i im: c64 of f32 (and halves), c128 of f64; vn_complex(vn_float(1), vn_float(2)) is the
 * number 1 + 2i */
VN_API vn_array *vn_complex(vn_array *re, vn_array *im);

/* ------------------------------------------------------------ activations (jax.nn) */
VN_API vn_array *vn_sigmoid(vn_array *x);     /* 1 / (1 + e^-x) */
VN_API vn_array *vn_softplus(vn_array *x);    /* log(1 + e^x) */
VN_API vn_array *vn_log_sigmoid(vn_array *x); /* -softplus(-x) */
VN_API vn_array *vn_relu(vn_array *x);        /* max(x, 0); derivative 0 at 0 */
VN_API vn_array *vn_relu6(vn_array *x);       /* min(max(x, 0), 6) */
/* x >= 0 ? x : slope x; jax: 0.01 */
VN_API vn_array *vn_leaky_relu(vn_array *x, double negative_slope);
VN_API vn_array *vn_elu(vn_array *x, double alpha);   /* x > 0 ? x : alpha (e^x - 1) */
/* max(x,0) + min(alpha (e^(x/alpha) - 1), 0) */
VN_API vn_array *vn_celu(vn_array *x, double alpha);
VN_API vn_array *vn_selu(vn_array *x);
/* tanh approximation, the default of jax.nn.gelu */
VN_API vn_array *vn_gelu(vn_array *x);
VN_API vn_array *vn_gelu_exact(vn_array *x);  /* x (1 + erf(x / sqrt 2)) / 2 */
VN_API vn_array *vn_silu(vn_array *x);        /* x sigmoid(x) */
VN_API vn_array *vn_hard_tanh(vn_array *x);
VN_API vn_array *vn_hard_sigmoid(vn_array *x);/* relu6(x + 3) / 6 */
VN_API vn_array *vn_hard_silu(vn_array *x);   /* x hard_sigmoid(x) */
VN_API vn_array *vn_soft_sign(vn_array *x);   /* x / (1 + |x|) */
VN_API vn_array *vn_mish(vn_array *x);        /* x tanh(softplus(x)) */
VN_API vn_array *vn_squareplus(vn_array *x);  /* (x + sqrt(x^2 + 4)) / 2 */
VN_API vn_array *vn_identity(vn_array *x);

/* ------------------------------------------- element-wise, two or three operands */
VN_API vn_array *vn_add(vn_array *a, vn_array *b);
VN_API vn_array *vn_sub(vn_array *a, vn_array *b);
VN_API vn_array *vn_mul(vn_array *a, vn_array *b);
/* true division: integers become floats */
VN_API vn_array *vn_div(vn_array *a, vn_array *b);
VN_API vn_array *vn_pow(vn_array *a, vn_array *b);
/* derivative 1/2 each at equality, as JAX */
VN_API vn_array *vn_maximum(vn_array *a, vn_array *b);
VN_API vn_array *vn_minimum(vn_array *a, vn_array *b);
VN_API vn_array *vn_atan2(vn_array *y, vn_array *x);
VN_API vn_array *vn_hypot(vn_array *a, vn_array *b);
VN_API vn_array *vn_mod(vn_array *a, vn_array *b);     /* sign of b (Python) */
VN_API vn_array *vn_floor_div(vn_array *a, vn_array *b);
VN_API vn_array *vn_nextafter(vn_array *a, vn_array *b);
VN_API vn_array *vn_fma(vn_array *a, vn_array *b, vn_array *c); /* a b + c, rounded once */
VN_API vn_array *vn_eq(vn_array *a, vn_array *b);      /* comparisons give bool */
VN_API vn_array *vn_ne(vn_array *a, vn_array *b);
VN_API vn_array *vn_lt(vn_array *a, vn_array *b);
VN_API vn_array *vn_le(vn_array *a, vn_array *b);
VN_API vn_array *vn_gt(vn_array *a, vn_array *b);
VN_API vn_array *vn_ge(vn_array *a, vn_array *b);
/* logical for bool, bitwise for integers */
VN_API vn_array *vn_and(vn_array *a, vn_array *b);
VN_API vn_array *vn_or(vn_array *a, vn_array *b);
VN_API vn_array *vn_xor(vn_array *a, vn_array *b);
VN_API vn_array *vn_shift_left(vn_array *a, vn_array *b);
/* logical for unsigned, arithmetic for signed */
VN_API vn_array *vn_shift_right(vn_array *a, vn_array *b);
VN_API vn_array *vn_where(vn_array *condition, vn_array *a, vn_array *b);
/* lo, hi: arrays or number leaves */
VN_API vn_array *vn_clip(vn_array *x, vn_array *lo, vn_array *hi);
VN_API vn_array *vn_scale(double factor, vn_array *x); /* factor x */
/* complex to real is an error: take vn_real first */
VN_API vn_array *vn_cast(vn_array *x, vn_dtype dtype);
VN_API vn_array *vn_bitcast(vn_array *x, vn_dtype dtype); /* same element size */
VN_API vn_array *vn_stop_gradient(vn_array *x);        /* x; derivative 0 */

/* ------------------------------------------------------------------ reductions
 * vn_sum(x) over everything; vn_sum_over(x, VN_AXES(0, -1), keepdims). */
VN_API vn_array *vn_sum(vn_array *x);
VN_API vn_array *vn_mean(vn_array *x);
VN_API vn_array *vn_prod(vn_array *x);
VN_API vn_array *vn_max(vn_array *x);
VN_API vn_array *vn_min(vn_array *x);
VN_API vn_array *vn_any(vn_array *x);
VN_API vn_array *vn_all(vn_array *x);
VN_API vn_array *vn_sum_over(vn_array *x, vn_axes axes, bool keepdims);
VN_API vn_array *vn_mean_over(vn_array *x, vn_axes axes, bool keepdims);
VN_API vn_array *vn_prod_over(vn_array *x, vn_axes axes, bool keepdims);
VN_API vn_array *vn_max_over(vn_array *x, vn_axes axes, bool keepdims);
VN_API vn_array *vn_min_over(vn_array *x, vn_axes axes, bool keepdims);
VN_API vn_array *vn_any_over(vn_array *x, vn_axes axes, bool keepdims);
VN_API vn_array *vn_all_over(vn_array *x, vn_axes axes, bool keepdims);
VN_API vn_array *vn_var_over(vn_array *x, vn_axes axes, int ddof, bool keepdims);
VN_API vn_array *vn_std_over(vn_array *x, vn_axes axes, int ddof, bool keepdims);
VN_API vn_array *vn_logsumexp(vn_array *x, vn_axes axes, bool keepdims);
VN_API vn_array *vn_norm(vn_array *x);                  /* sqrt(sum x^2) */
VN_API vn_array *vn_argmax(vn_array *x, int axis);      /* i32, the first of equal ones */
VN_API vn_array *vn_argmin(vn_array *x, int axis);
VN_API vn_array *vn_softmax(vn_array *x, int axis);
VN_API vn_array *vn_log_softmax(vn_array *x, int axis);
VN_API vn_array *vn_cumsum(vn_array *x, int axis);
VN_API vn_array *vn_cumprod(vn_array *x, int axis);
VN_API vn_array *vn_sort(vn_array *x, int axis);        /* ascending, stable */
VN_API vn_array *vn_argsort(vn_array *x, int axis);     /* i32 */

/* -------------------------------------------------------------- shape and data movement */
VN_API vn_array *vn_reshape(vn_array *x, vn_shape shape); /* one dimension may be -1 */
VN_API vn_array *vn_ravel(vn_array *x);
/* count 0: all axes reversed */
VN_API vn_array *vn_transpose(vn_array *x, vn_axes permutation);
VN_API vn_array *vn_swapaxes(vn_array *x, int a, int b);
VN_API vn_array *vn_moveaxis(vn_array *x, int from, int to);
VN_API vn_array *vn_expand_dims(vn_array *x, int axis);
VN_API vn_array *vn_squeeze(vn_array *x, int axis);
VN_API vn_array *vn_broadcast_to(vn_array *x, vn_shape shape);
VN_API vn_array *vn_concat_n(int n, vn_array *const x[], int axis);
VN_API vn_array *vn_stack_n(int n, vn_array *const x[], int axis);
#ifndef __cplusplus
#define vn_concat(axis, ...)                                                                   \
    vn_concat_n(VN_TREE_COUNT(__VA_ARGS__), VN_TREES(__VA_ARGS__), (axis))
#define vn_stack(axis, ...)                                                                    \
    vn_stack_n(VN_TREE_COUNT(__VA_ARGS__), VN_TREES(__VA_ARGS__), (axis))
#endif
/* x[start : stop : step] along one axis; stop beyond the end is cut, negatives count from the
 * end. */
VN_API vn_array *vn_slice(vn_array *x, int axis, int64_t start, int64_t stop, int64_t step);
/* x[i] along the axis, which disappears */
VN_API vn_array *vn_index(vn_array *x, int axis, int64_t i);
/* x split in n equal parts along the axis: a tuple. */
VN_API vn_tree *vn_split_equal(vn_array *x, int n, int axis);
typedef struct vn_pads {
    /* added before and after each axis; negative cuts */
    int64_t lo[VN_MAX_RANK], hi[VN_MAX_RANK];
    int64_t interior[VN_MAX_RANK];            /* inserted between elements */
} vn_pads;
VN_API vn_array *vn_pad(vn_array *x, const vn_pads *pads, double value);
typedef enum vn_pad_mode { VN_PAD_REFLECT, VN_PAD_EDGE, VN_PAD_WRAP } vn_pad_mode;
VN_API vn_array *vn_pad_with(vn_array *x, const vn_pads *pads, vn_pad_mode mode);
VN_API vn_array *vn_flip(vn_array *x, int axis);
VN_API vn_array *vn_roll(vn_array *x, int64_t shift, int axis);
VN_API vn_array *vn_tile(vn_array *x, vn_shape repeats);
VN_API vn_array *vn_repeat(vn_array *x, int64_t times, int axis);
VN_API vn_array *vn_tril(vn_array *x, int k);
VN_API vn_array *vn_triu(vn_array *x, int k);
/* Slices whose starts are values: start is an integer array [rank]; starts are clamped so that
 * the slice lies inside. */
VN_API vn_array *vn_dynamic_slice(vn_array *x, vn_array *start, vn_shape size);
VN_API vn_array *vn_dynamic_update_slice(vn_array *x, vn_array *update, vn_array *start);
VN_API vn_array *vn_dynamic_index(vn_array *x, vn_array *i, int axis); /* i: a scalar integer */
/* out[.., index.., ..] along the axis; negative indices wrap once, others are clamped. */
VN_API vn_array *vn_take(vn_array *x, vn_array *index, int axis);
VN_API vn_array *vn_take_along_axis(vn_array *x, vn_array *index, int axis);
/* x with update added (set) at x[index] along axis 0: update [index.., x.shape[1:]]; indices
 * out of range are dropped. */
VN_API vn_array *vn_scatter_add(vn_array *x, vn_array *index, vn_array *update);
VN_API vn_array *vn_scatter_set(vn_array *x, vn_array *index, vn_array *update);
VN_API vn_array *vn_one_hot(vn_array *index, int64_t classes, vn_dtype dtype);

/* ------------------------------------------------------------------ linear algebra */
/* NumPy's matmul: [m,k]@[k,n], [k]@[k,n], [m,k]@[k], [k]@[k], leading axes broadcast. */
VN_API vn_array *vn_matmul(vn_array *a, vn_array *b);
VN_API vn_array *vn_dot(vn_array *a, vn_array *b);      /* sum of products of equal shapes */
VN_API vn_array *vn_outer(vn_array *a, vn_array *b);    /* of vectors */
typedef struct vn_dot_dims {
    vn_axes contract_a, contract_b; /* summed over, pairwise */
    vn_axes batch_a, batch_b;       /* kept, pairwise, first in the result */
} vn_dot_dims;
/* JAX's dot_general: result axes are batch, the rest of a, the rest of b. */
VN_API vn_array *vn_dot_general(vn_array *a, vn_array *b, const vn_dot_dims *dims);
/* two operands, no ellipsis */
VN_API vn_array *vn_einsum(const char *subscripts, vn_array *a, vn_array *b);
VN_API vn_array *vn_cholesky(vn_array *a);              /* lower factor of a symmetric matrix */
VN_API vn_array *vn_solve(vn_array *a, vn_array *b);    /* a^-1 b */
VN_API vn_array *vn_solve_triangular(vn_array *a, vn_array *b, bool lower, bool transpose);
VN_API vn_tree *vn_qr(vn_array *a);                     /* (q, r), reduced */

/* ------------------------------------------------------------- convolution and pooling
 * One example: x [in, spatial..], w [out, in / groups, kernel..], result [out, spatial'..];
 * cross-correlation, as in jax.lax.conv_general_dilated. Zero in an options field means the
 * default. */
typedef struct vn_conv_options {
    int64_t stride[VN_MAX_RANK];      /* (default 1) */
    int64_t pad_lo[VN_MAX_RANK];      /* zeros before (default 0); negative cuts */
    int64_t pad_hi[VN_MAX_RANK];      /* zeros after (default 0) */
    int64_t dilation[VN_MAX_RANK];    /* of the kernel (default 1) */
    int64_t lhs_dilation[VN_MAX_RANK];/* of x: zeros between its elements (default 1) */
    int64_t groups;                   /* (default 1) */
} vn_conv_options;
VN_API vn_array *vn_conv(vn_array *x, vn_array *w, const vn_conv_options *options);

/* Windows over the last n axes of x. */
typedef struct vn_window {
    int32_t n;
    int64_t size[VN_MAX_RANK], stride[VN_MAX_RANK]; /* stride (default 1) */
    int64_t pad_lo[VN_MAX_RANK], pad_hi[VN_MAX_RANK];
} vn_window;
VN_API vn_array *vn_pool_max(vn_array *x, const vn_window *window); /* pads count as -inf */
VN_API vn_array *vn_pool_sum(vn_array *x, const vn_window *window); /* pads count as 0 */

#ifdef __cplusplus
}
#endif
#endif
