/* SPDX-License-Identifier: MIT */
/* Random numbers: JAX's, bit for bit. A key is an array u32[2]; a function of a key always
 * gives the same numbers, so split a key for each use and use it once.
 *
 * Keys may be concrete or traced, and mapped: vmap over vn_split(key, n) draws for each example
 * by itself. dtype 0 is the default float (i32, in x64 mode i64, where integers are drawn). */
#ifndef VERNAL_RANDOM_H
#define VERNAL_RANDOM_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------ keys */

/* JAX's PRNGKey: the low word of the seed, below a high word that is 0 unless the default dtype
 * is f64 (as in JAX without and with x64). */
VN_API vn_array *vn_key(int64_t seed);

/* n keys: u32[n,2]. vn_subkey(keys, i) is the i-th. */
VN_API vn_array *vn_split(vn_array *key, int64_t n);
VN_API vn_array *vn_split_shape(vn_array *key, vn_shape shape); /* u32[shape..,2] */
VN_API vn_array *vn_subkey(vn_array *keys, int64_t i);

/* A key made of a key and a number: an int leaf or a scalar integer array, taken modulo 2^32.
 * */
VN_API vn_array *vn_fold_in(vn_array *key, vn_tree *data);

/* The layout of threefry's counters: partitionable (the default, JAX >= 0.5) or original (older
 * JAX). For this thread; recorded programs keep the one they were recorded with. */
VN_API void vn_set_threefry_partitionable(bool partitionable);
VN_API bool vn_threefry_partitionable(void);

/* --------------------------------------------------------------------- continuous */

/* dtype: u8, u16, u32 or u64. */
VN_API vn_array *vn_random_bits(vn_array *key, vn_shape shape, vn_dtype dtype);

/* In [lo, hi). */
VN_API vn_array *vn_uniform(vn_array *key, vn_shape shape, vn_dtype dtype, double lo,
                            double hi);
/* The same with arrays as bounds, which broadcast to the shape; differentiable in them. */
VN_API vn_array *vn_uniform_between(vn_array *key, vn_shape shape, vn_dtype dtype, vn_array *lo,
                                    vn_array *hi);

/* also complex: E |z|^2 = 1 */
VN_API vn_array *vn_normal(vn_array *key, vn_shape shape, vn_dtype dtype);
/* The standard normal distribution restricted to the open interval (lo, hi). */
VN_API vn_array *vn_truncated_normal(vn_array *key, vn_shape shape, vn_dtype dtype, double lo,
                                     double hi);
VN_API vn_array *vn_gumbel(vn_array *key, vn_shape shape, vn_dtype dtype);
VN_API vn_array *vn_exponential(vn_array *key, vn_shape shape, vn_dtype dtype);
VN_API vn_array *vn_laplace(vn_array *key, vn_shape shape, vn_dtype dtype);
VN_API vn_array *vn_logistic(vn_array *key, vn_shape shape, vn_dtype dtype);
VN_API vn_array *vn_cauchy(vn_array *key, vn_shape shape, vn_dtype dtype);

/* [leading.., n, m] matrices with orthonormal rows or columns, Haar-distributed; m = 0: m = n.
 * */
VN_API vn_array *vn_orthogonal(vn_array *key, int64_t n, int64_t m, vn_shape leading,
                               vn_dtype dtype);

/* ----------------------------------------------------------------------- discrete */

VN_API vn_array *vn_bernoulli(vn_array *key, double p, vn_shape shape);     /* bool */
VN_API vn_array *vn_rademacher(vn_array *key, vn_shape shape, vn_dtype dtype); /* -1 or 1 */

/* Integers in [lo, hi); lo where hi <= lo. */
VN_API vn_array *vn_randint(vn_array *key, vn_shape shape, int64_t lo, int64_t hi,
                            vn_dtype dtype);

/* 0 .. n-1 in random order, i32. */
VN_API vn_array *vn_permutation(vn_array *key, int64_t n);
/* x with its slices along the axis in random order; independent: each line along the axis gets
 * an order of its own. */
VN_API vn_array *vn_permute(vn_array *key, vn_array *x, int axis, bool independent);

/* Draws from 0 .. n-1 (i32) with probabilities p [n] (NULL: equal), with or without
 * replacement. */
VN_API vn_array *vn_choice(vn_array *key, int64_t n, vn_shape shape, bool replace, vn_array *p);
/* Slices of x drawn that way along the axis: the axis becomes those of the shape. */
VN_API vn_array *vn_choice_of(vn_array *key, vn_array *x, int axis, vn_shape shape,
                              bool replace, vn_array *p);

/* Indices (i32) along the axis of logits, with probabilities softmax(logits). *shape: of the
 * result, it ends with the other axes of logits (NULL: just those). */
VN_API vn_array *vn_categorical(vn_array *key, vn_array *logits, int axis,
                                const vn_shape *shape);

/* ------------------------------------------------------------------- initialisers
 * jax.nn.initializers with their defaults: shape (.., in, out), fan_in = in times the product
 * of the leading dimensions, fan_out likewise, variance = scale / fan. */
typedef vn_array *vn_initializer(vn_array *key, vn_shape shape, vn_dtype dtype);
VN_API vn_array *vn_glorot_uniform(vn_array *key, vn_shape shape, vn_dtype dtype);
VN_API vn_array *vn_glorot_normal(vn_array *key, vn_shape shape, vn_dtype dtype);
VN_API vn_array *vn_he_uniform(vn_array *key, vn_shape shape, vn_dtype dtype);
VN_API vn_array *vn_he_normal(vn_array *key, vn_shape shape, vn_dtype dtype);
VN_API vn_array *vn_lecun_uniform(vn_array *key, vn_shape shape, vn_dtype dtype);
VN_API vn_array *vn_lecun_normal(vn_array *key, vn_shape shape, vn_dtype dtype);
VN_API vn_array *vn_orthogonal_init(vn_array *key, vn_shape shape, vn_dtype dtype);

#ifdef __cplusplus
}
#endif
#endif
