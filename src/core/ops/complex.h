/* SPDX-License-Identifier: MIT */
/* Functions of complex arrays that are put together from real ones. */
#ifndef VN_CORE_OPS_COMPLEX_H
#define VN_CORE_OPS_COMPLEX_H

#include "vernal/ops.h"

/* |z|, real. */
vn_array *vn__complex_abs(vn_array *z);

/* f(x[0], x[1]) of which at least one is complex, by f of their parts, arrays of one real
 * dtype. promoted: x as arrays of one complex dtype; of shapes that fit. */
typedef vn_array *vn__bilinear(const void *context, vn_array *const x[2]);
vn_array *vn__complex_bilinear(vn__bilinear *f, const void *context, vn_array *const x[2],
                               vn_array *const promoted[2]);

#endif
