/* SPDX-License-Identifier: MIT */
/* What the ops of linear algebra share. They compute in double, one example at a time. */
#ifndef VN_CORE_OPS_LINALG_H
#define VN_CORE_OPS_LINALG_H

#include "core/ops/ops_common.h"

void vn__load_doubles(double *to, const void *from, vn_dtype dtype, int64_t n);
void vn__store_doubles(void *to, const double *from, vn_dtype dtype, int64_t n);

/* in[0] a square matrix [n,n], in[1] a vector [n] or a matrix [n,k], of one real dtype: the
 * shapes of a linear system, whose solution is of the shape of in[1]. */
vn_status vn__system_shape(vn_aval *out, const char *op, const vn_aval in[2]);
int64_t vn__system_columns(vn_shape b); /* k, 1 for a vector */
size_t vn__system_scratch(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                          int64_t lanes); /* both operands as doubles */

/* The matrix a b^T of two vectors or of two matrices [n,k], [m,k]. */
vn_array *vn__product_transposed(vn_array *a, vn_array *b);

/* Promotes the operands of a linear system and applies the op. */
vn_array *vn__system_apply(const vn_op *op, const void *attr, vn_array *a, vn_array *b);

#endif
