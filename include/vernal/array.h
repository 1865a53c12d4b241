/* SPDX-License-Identifier: MIT */
/* Arrays: dtype, shape and row-major data, 64-byte aligned. Concrete, or a value on a tape. */
#ifndef VERNAL_ARRAY_H
#define VERNAL_ARRAY_H

#include "vernal/tree.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A copy of vn_shape_size(shape) elements at data. bool: any byte but 0 is true. */
VN_API vn_array *vn_array_from(vn_dtype dtype, vn_shape shape, const void *data);
/* The caller's memory without a copy; free_fn(context) is called when the last reference
 * goes (NULL: the caller keeps it alive). */
VN_API vn_array *vn_array_wrap(vn_dtype dtype, vn_shape shape, void *data,
                               void (*free_fn)(void *context), void *context);
/* A dtype and a shape without numbers, where only those matter: what vn_filter_eval_shape
 * returns, the `like` of a file, the declared result of a callback (Equinox:
 * ShapeDtypeStruct). Reading it is an error. */
VN_API vn_array *vn_shape_struct(vn_dtype dtype, vn_shape shape);
/* Uninitialised memory, to be filled through vn_data_mut before anyone else sees it. */
VN_API vn_array *vn_empty(vn_dtype dtype, vn_shape shape);
VN_API vn_array *vn_zeros(vn_dtype dtype, vn_shape shape);
VN_API vn_array *vn_ones(vn_dtype dtype, vn_shape shape);
VN_API vn_array *vn_full(vn_dtype dtype, vn_shape shape, double value);
VN_API vn_array *vn_scalar(vn_dtype dtype, double value);
VN_API vn_array *vn_arange(vn_dtype dtype, int64_t n); /* 0 .. n-1 */
/* n numbers from start to stop, both included. */
VN_API vn_array *vn_linspace(vn_dtype dtype, double start, double stop, int64_t n);
VN_API vn_array *vn_eye(vn_dtype dtype, int64_t n);
VN_API vn_array *vn_zeros_like(vn_array *x);
VN_API vn_array *vn_ones_like(vn_array *x);
VN_API vn_array *vn_full_like(vn_array *x, double value);

VN_API vn_dtype vn_dtype_of(const vn_array *x);   /* VN_DTYPE_DEFAULT if x is no array */
VN_API vn_shape vn_shape_of(const vn_array *x);   /* of one example, for a mapped value */
VN_API int vn_rank(const vn_array *x);
VN_API int64_t vn_dim(const vn_array *x, int axis); /* negative axes count from the end */
VN_API int64_t vn_size(const vn_array *x);

/* True for a value that is being recorded and has no numbers yet (inside vn_filter_jit or a
 * named vmap): vn_data and vn_item are errors on it. */
VN_API bool vn_is_traced(const vn_array *x);

/* The elements, row-major; NULL and an error for a traced value. Borrowed. */
VN_API const void *vn_data(const vn_array *x);
VN_API void *vn_data_mut(vn_array *x);

/* The value of an array of one element (or of a bool, int or float leaf); NaN and an error
 * otherwise. Works under eager transformations, so C control flow may depend on it. */
VN_API double vn_item(const vn_array *x);
VN_API int64_t vn_item_int(const vn_array *x);
VN_API bool vn_item_bool(const vn_array *x);
/* Also of a complex array, of which vn_item and vn_item_int are errors. */
VN_API vn_c128 vn_item_complex(const vn_array *x);

/* The array with its elements copied to the caller's buffer as doubles; returns the number
 * written (at most n); 0 and an error for a complex array. */
VN_API int64_t vn_copy_f64(double *out, int64_t n, const vn_array *x);
/* The same as complex numbers, of an array of any dtype. */
VN_API int64_t vn_copy_complex(vn_c128 *out, int64_t n, const vn_array *x);

#ifdef __cplusplus
}
#endif
#endif
