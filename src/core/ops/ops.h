/* SPDX-License-Identifier: MIT */
/* Every op of the library: extern const vn_op vn__op_<name>. */
#ifndef VN_CORE_OPS_OPS_H
#define VN_CORE_OPS_OPS_H

#include "vernal/op.h"

#define VN_OP(name) extern const vn_op vn__op_##name;
#include "core/ops/ops.def"
#undef VN_OP

/* For the simplifier: the axes that a reduce_sum sums over (its attributes: sorted, none is
 * negative), false for another op; and a reduce_sum over axes, x itself if there are none. */
bool vn__reduce_sum_axes(vn_axes *axes, const vn_op *op, const void *attr);
vn_array *vn__reduce_sum(vn_array *x, vn_axes axes);
/* False if the op is no transpose. */
bool vn__transpose_axes(vn_axes *axes, const vn_op *op, const void *attr);

/* For the simplifier: true if a pad with these attributes puts lo and hi zeros before and after
 * along this one axis and does nothing else. */
bool vn__pad_along(const void *attr, int rank, int *axis, int64_t *lo, int64_t *hi);

#endif
